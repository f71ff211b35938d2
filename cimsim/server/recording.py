"""Records of exchanges while they are under way, and the log of them."""

from collections.abc import Iterator
from typing import Final, Protocol

from twisted.logger import Logger

from cimsim.cimom.exchanges import CIM_XML, Called, Exchange

_MAX_BODY: Final = 64 * 1024
"""How many bytes of a body are kept for the log."""


class Recorder(Protocol):
    """Wants the record of each exchange; ``bodies``: and the beginnings of both bodies."""

    bodies: bool

    def record(self, exchange: Exchange, request: bytes, response: bytes) -> None:
        """Take the record of an exchange, and its bodies as far as they were kept."""
        ...


class Recording:
    """An exchange that is under way.

    Args:
        recorder: gets the record in the end.
        address: of the client.
        user: who asks, None without authentication.
        now: the time in seconds since 1970-01-01 UTC.
        body: of the request.

    Attributes:
        calls: whoever carries the requests out adds each of them.
    """

    __slots__ = ("_address", "_began", "_body", "_kept", "_recorder", "_sent", "_size", "_user", "calls")

    def __init__(self, recorder: Recorder, address: str, user: str | None, now: float, body: bytes = b"") -> None:
        self.calls: list[Called] = []
        self._recorder = recorder
        self._address = address
        self._user = user
        self._began = now
        self._size = len(body)
        self._body = body[:_MAX_BODY] if recorder.bodies else b""
        self._sent = 0
        self._kept = bytearray()

    def sent(self, body: bytes) -> bytes:
        """Take notice of a part of the answer's body, and return it."""
        self._sent += len(body)
        if self._recorder.bodies and len(self._kept) < _MAX_BODY:
            self._kept += body[: _MAX_BODY - len(self._kept)]
        return body

    def watched(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces of the answer's body, taking notice of each."""
        return map(self.sent, pieces)

    def end(self, now: float, status: int | None, detail: str = "") -> None:
        """Hand the record over; ``status`` and ``detail`` as ``Exchange`` has them."""
        exchange = Exchange(
            self._began,
            CIM_XML,
            self._address,
            self._user,
            tuple(self.calls),
            status,
            detail,
            max(0.0, now - self._began),
            self._size,
            self._sent,
        )
        self._recorder.record(exchange, self._body, bytes(self._kept))


class RequestLog:
    """Writes a line to the log for each exchange at level info, and the bodies at debug (a ``Recorder``).

    Args:
        bodies: whether to write the bodies, each as far as 64 KiB.
    """

    log = Logger()

    def __init__(self, *, bodies: bool) -> None:
        self.bodies = bodies

    def record(self, exchange: Exchange, request: bytes, response: bytes) -> None:
        """Write the line, and the bodies."""
        self.log.info("{line}", line=exchange.line(), exchange=exchange.fields())
        if self.bodies:
            self._body("request", request, exchange.request_bytes)
            self._body("response", response, exchange.response_bytes)

    def _body(self, kind: str, body: bytes, size: int) -> None:
        rest = f" ... and {size - len(body)} bytes more" if size > len(body) else ""
        if size:
            self.log.debug("{kind}: {body}{rest}", kind=kind, body=body.decode("utf-8", "replace"), rest=rest)
