"""A cache of decoded messages: a client that polls sends the same bytes again and again."""

from typing import Final

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.message import Message

_MAX_MESSAGES: Final = 512
_MAX_LENGTH: Final = 4096


class MessageCache:
    """Decodes as its decoder does, but a small message only once while it is in the cache.

    A message depends on body and headers alone, and is immutable. What is kept is bounded: ``_MAX_MESSAGES`` messages with
    bodies of at most ``_MAX_LENGTH`` bytes; the oldest goes first.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._known: dict[tuple[bytes, CimHeaders], Message] = {}

    def decode(self, body: bytes, headers: CimHeaders) -> Message:
        """Return the message of a body; raises as ``Decoder.decode`` does."""
        if len(body) > _MAX_LENGTH:
            return self._decoder.decode(body, headers)
        key = (body, headers)
        message = self._known.get(key)
        if message is None:
            message = self._decoder.decode(body, headers)
            if len(self._known) >= _MAX_MESSAGES:
                del self._known[next(iter(self._known))]
            self._known[key] = message
        return message
