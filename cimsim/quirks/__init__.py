"""The quirks of other servers: each a profile of switches, and what makes a CIMOM and its answers follow one."""
