"""The quirks of other servers, so that clients can be tested against them without having such a server.

``profiles`` holds what is known of each server as a profile of switches. Who acts on them:

* ``options``: what a profile sets in the decoder, in the HTTP server and in the packs;
* ``quirky_cimom``: stands before the CIMOM and changes requests, results and errors; it uses ``namespace_renaming`` and
  ``malformed_values``;
* ``quirky_encoder``: stands behind the encoder and changes the bytes of responses.

Without a profile none of them is on the way of a request, which costs nothing then.
"""
