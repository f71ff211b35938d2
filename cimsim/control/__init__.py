"""The control plane: what is done to a running simulation beside CIM, as JSON over HTTP on a port of its own."""
