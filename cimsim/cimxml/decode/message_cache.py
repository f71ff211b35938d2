"""A cache of decoded messages: a client that polls sends the same bytes again and again, but for the ID of the message."""

import re
from typing import Final

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.message import Message

_MAX_MESSAGES: Final = 512
_MAX_LENGTH: Final = 4096
_MAX_MET: Final = 4096
_ID: Final = re.compile(rb"""(?:<\?xml[^<>?]*+\?>)?+\s*+<CIM [^<>]*+>\s*+<MESSAGE ID="([ !#-%'-;=?-~]*+)\"""")
"""Where the ID of a message stands, if nothing else can be before it, and it means its own characters: printable ASCII."""

_Key = tuple[bytes, bytes, CimHeaders]


class MessageCache:
    """Decodes as its decoder does, but a small message only twice while it is in the cache.

    A message depends on body and headers alone, and is immutable; its ID stands in it as it does in the body. It is kept when
    it is met for the second time, since most are met once. What is kept is bounded: twice ``_MAX_MESSAGES`` messages with
    bodies of at most ``_MAX_LENGTH`` bytes; those go first that have not been asked for lately.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._met: set[int] = set()
        # Two generations: when the younger one is full, it takes the place of the older one.
        self._young: dict[_Key, Message] = {}
        self._old: dict[_Key, Message] = {}

    def decode(self, body: bytes, headers: CimHeaders) -> Message:
        """Return the message of a body; raises as ``Decoder.decode`` does."""
        if len(body) > _MAX_LENGTH:
            return self._decoder.decode(body, headers)
        found = _ID.match(body)
        if found is None:
            return self._decoder.decode(body, headers)
        start, end = found.span(1)
        key = (body[:start], body[end:], headers)
        mark = hash(key)
        if mark not in self._met:
            # Most are met once: they are not looked for.
            message = self._decoder.decode(body, headers)
            if len(self._met) >= _MAX_MET:
                self._met.clear()
            self._met.add(mark)
            return message
        known = self._young.get(key)
        if known is None:
            known = self._old.get(key) or self._decoder.decode(body, headers)
            self._keep(key, known)
        return Message(found[1].decode("ascii"), known.request, known.further)

    def _keep(self, key: _Key, message: Message) -> None:
        if len(self._young) >= _MAX_MESSAGES:
            self._old, self._young = self._young, {}
        self._young[key] = message
