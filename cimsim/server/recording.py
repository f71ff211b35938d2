"""Records of exchanges, made only where somebody wants them."""

from collections.abc import Iterator
from typing import Any, Final, Protocol

import msgspec

_MAX_BODY: Final = 64 * 1024
"""How many bytes of a body are kept."""


class HttpExchange(msgspec.Struct, frozen=True):
    """One message of a client and its answer, however early it was refused.

    Attributes:
        time: when the message was there whole, or was refused, in seconds since 1970-01-01 UTC.
        protocol: what the mount speaks.
        address: of the client, empty if unknown.
        user: who asked; None: not authenticated.
        calls: what the mount recorded; empty when the message was refused before that was known.
        status: the HTTP status; None: the client left before the answer was complete.
        detail: why it was refused, empty if it was not.
        seconds: from ``time`` until the answer was handed over whole.
        request_bytes: of the body, as far as it was taken; 0 when the message was refused by its head.
        response_bytes: of the body of the answer, as far as it was handed over.
    """

    time: float
    protocol: str
    address: str
    user: str | None
    calls: tuple[Any, ...]
    status: int | None
    detail: str
    seconds: float
    request_bytes: int
    response_bytes: int


class Recorder(Protocol):
    """Wants the record of each exchange; ``bodies``: and the beginnings of both bodies."""

    bodies: bool

    def record(self, exchange: HttpExchange, request: bytes, response: bytes) -> None:
        """Take the record of an exchange, and its bodies as far as they were kept."""
        ...


class Recording:
    """An exchange that is under way.

    Args:
        recorder: gets the record in the end.
        protocol: what the mount speaks.
        address: of the client.
        user: who asks, None without authentication.
        now: the time in seconds since 1970-01-01 UTC.
        body: of the request.

    Attributes:
        calls: whoever carries the requests out adds each of them.
    """

    __slots__ = ("_address", "_began", "_body", "_kept", "_protocol", "_recorder", "_sent", "_size", "_user", "calls")

    def __init__(
        self, recorder: Recorder, protocol: str, address: str, user: str | None, now: float, body: bytes = b""
    ) -> None:
        self.calls: list[Any] = []
        self._protocol = protocol
        self._recorder = recorder
        self._address = address
        self._user = user
        self._began = now
        self._size = len(body)
        self._body = body[:_MAX_BODY] if recorder.bodies else b""
        self._sent = 0
        # References to pieces that exist anyway.
        self._kept: list[bytes] = []

    def sent(self, body: bytes) -> bytes:
        """Count a part of the answer's body, and return it."""
        if self._recorder.bodies and self._sent < _MAX_BODY:
            self._kept.append(body[: _MAX_BODY - self._sent])
        self._sent += len(body)
        return body

    def counted(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces of the answer's body, counting each."""
        return map(self.sent, pieces)

    def end(self, now: float, status: int | None, detail: str = "") -> None:
        """Hand the record over; ``status`` and ``detail`` as ``HttpExchange`` has them."""
        exchange = HttpExchange(
            self._began,
            self._protocol,
            self._address,
            self._user,
            tuple(self.calls),
            status,
            detail,
            max(0.0, now - self._began),
            self._size,
            self._sent,
        )
        self._recorder.record(exchange, self._body, b"".join(self._kept))
