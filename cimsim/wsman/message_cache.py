"""A cache of decoded messages: a client that polls sends the same envelope again and again, but for its MessageID."""

import re
from typing import Final

from cimsim.wsman.message_decoder import WsmanDecoder
from cimsim.wsman.wsman_message import MessageKind, WsmanMessage

_MAX_MESSAGES: Final = 512
_MAX_LENGTH: Final = 4096
_MESSAGE_ID: Final = re.compile(rb"<(?:\w+:)?MessageID(?:\s[^<>]*)?>([\w:.{}-]{1,128})</")
_HIDING: Final = re.compile(rb"<[!?]")
"""What may hold text that looks like an element: comments, CDATA sections, processing instructions."""
_TIMED: Final = frozenset({MessageKind.ENUMERATE, MessageKind.EVENTING})
"""Their times of expiry may depend on when they come."""
_TAGS: Final = 2
_DECLARATION: Final = b"<?xml "


class MessageCache:
    """Decodes as its decoder does, but messages that differ in their MessageID only once while they are in the cache.

    The text of the one element MessageID in a document of elements and text is what the decoder takes for the identifier, and
    nothing else depends on it. What is kept is bounded: ``_MAX_MESSAGES`` messages with bodies of at most ``_MAX_LENGTH``
    bytes; the oldest goes first.
    """

    def __init__(self, decoder: WsmanDecoder) -> None:
        self._decoder = decoder
        self._known: dict[tuple[bytes, bytes], WsmanMessage] = {}

    def decode(self, body: bytes) -> WsmanMessage:
        """Return the message of an envelope; raises as ``WsmanDecoder.decode`` does."""
        found = _MESSAGE_ID.search(body) if len(body) <= _MAX_LENGTH else None
        if found is None:
            return self._decoder.decode(body)
        identifier = found[1].decode("ascii", "replace")
        key = (body[: found.start(1)], body[found.end(1) :])
        known = self._known.get(key)
        if known is not None:
            return known.with_id(identifier)
        message = self._decoder.decode(body)
        if message.id == identifier and message.kind not in _TIMED and _is_plain(body):
            if len(self._known) >= _MAX_MESSAGES:
                del self._known[next(iter(self._known))]
            self._known[key] = message
        return message


def _is_plain(body: bytes) -> bool:
    """Whether an envelope in UTF-8 has nothing but elements and text, and the name of one element alone is MessageID."""
    content = body.partition(b"?>")[2] if body.startswith(_DECLARATION) else body
    return _HIDING.search(content) is None and content.count(b"MessageID") == _TAGS
