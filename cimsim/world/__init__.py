"""The simulated CIM world as one immutable value: no I/O, no time, no protocol."""
