"""cimsim: a WBEM server whose managed systems are simulated."""

__version__ = "0.1.0"
