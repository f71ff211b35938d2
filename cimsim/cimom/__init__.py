"""The running object manager: it owns the current world and carries out requests on it."""
