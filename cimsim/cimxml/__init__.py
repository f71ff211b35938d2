"""The CIM-XML codec (DSP0200, DSP0201): bytes to requests, results to bytes. No sockets, no state, no dispatch.

The way of a message:

1. ``cim_headers`` reads the CIM headers of the HTTP request, and checks what can be checked before the body is there.
2. ``decode`` makes a ``message.Message`` of the body, which holds one or several ``operations.request.Request``; or it raises a
   ``message.MessageError``, which becomes an HTTP answer.
3. Somebody else performs the requests.
4. ``encode`` makes a response of the message and each result, or CIM error, in batches of byte fragments.

``indication_export`` goes the other way: it writes the message that brings an indication to a listener, and reads the answer.
"""
