"""From the bytes of a message to a request.

``message_cache`` answers for messages that were decoded before. Of others ``common_shapes`` reads those that use no more than
the usual shapes. For all that remain:

1. ``xml_parser`` makes a tree of elements of the bytes, within the ``message_limits``; ``known_names`` says which documents
   need a thread of their own.
2. ``decoder`` reads the envelope and the call, and compares them with the CIM headers (``header_matching``).
3. ``path_reader``, ``instance_reader`` and ``class_reader`` read what the parameters hold; ``own_host`` says which paths lead
   to this server.

All of them use ``element_checks`` for what every element has. ``tolerances`` are malformed requests that can be accepted.
"""
