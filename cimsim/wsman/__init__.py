"""The WS-Management codec: SOAP envelopes to requests, results to envelopes. No sockets, no state, no dispatch."""
