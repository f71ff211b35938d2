"""The CIM-XML codec: bytes to requests, results to bytes. No sockets, no state, no dispatch."""
