"""From a result to the bytes of a response."""
