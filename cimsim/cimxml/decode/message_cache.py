"""Remembers the messages decoded last: a client that polls sends the same bytes again and again."""

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.message import Message

_MOST = 512
_LARGEST = 4096


class MessageCache:
    """Decodes as its decoder does, but each small message only once while it is among the recent ones.

    A message depends on body and headers alone, and nobody changes one. What is kept is bounded: ``_MOST`` messages with bodies
    of at most ``_LARGEST`` bytes; the oldest goes first.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._known: dict[tuple[bytes, CimHeaders], Message] = {}

    def decode(self, body: bytes, headers: CimHeaders) -> Message:
        """Return the message of a body; raises as ``Decoder.decode`` does."""
        if len(body) > _LARGEST:
            return self._decoder.decode(body, headers)
        key = (body, headers)
        message = self._known.get(key)
        if message is None:
            message = self._decoder.decode(body, headers)
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[key] = message
        return message
