"""The operations of DSP0200, each a function from a world and its parameters to an outcome: no I/O, no protocol."""
