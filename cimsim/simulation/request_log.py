"""Who wants the records of exchanges: the log of requests, the journal, or both."""

from collections.abc import Sequence

from msgspec.structs import astuple
from twisted.logger import Logger

from cimsim.cimom.exchanges import Exchange
from cimsim.cimom.journal import Journal
from cimsim.server.recording import HttpExchange, Recorder


def as_exchange(exchange: HttpExchange) -> Exchange:
    """Return the record of an exchange as the CIMOM knows it."""
    # Both have the same fields, in the same order.
    return Exchange(*astuple(exchange))


class JournalRecorder:
    """Keeps each exchange in a journal, with its bodies as far as 64 KiB if the journal keeps them (a ``Recorder``)."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.bodies = journal.bodies

    def record(self, exchange: HttpExchange, request: bytes, response: bytes) -> None:
        """Keep it."""
        bodies = (request, response) if self.bodies else (b"", b"")
        self._journal.record(as_exchange(exchange), *bodies)


class SeveralRecorders:
    """Hands each exchange to several recorders, with its bodies if one of them wants them (a ``Recorder``)."""

    def __init__(self, recorders: Sequence[Recorder]) -> None:
        self._recorders = tuple(recorders)
        self.bodies = any(each.bodies for each in self._recorders)

    def record(self, exchange: HttpExchange, request: bytes, response: bytes) -> None:
        """Hand it on."""
        for each in self._recorders:
            each.record(exchange, request, response)


def recorder_of(recorders: Sequence[Recorder]) -> Recorder | None:
    """Return one recorder for several, None for none."""
    return SeveralRecorders(recorders) if len(recorders) > 1 else next(iter(recorders), None)


class RequestLog:
    """Writes a line to the log for each exchange at level info, and the bodies at debug (a ``Recorder``).

    Args:
        bodies: whether to write the bodies, each as far as 64 KiB.
    """

    log = Logger()

    def __init__(self, *, bodies: bool) -> None:
        self.bodies = bodies

    def record(self, exchange: HttpExchange, request: bytes, response: bytes) -> None:
        """Write the line, and the bodies."""
        record = as_exchange(exchange)
        self.log.info("{line}", line=record.line(), exchange=record.fields())
        if self.bodies:
            self._body("request", request, exchange.request_bytes)
            self._body("response", response, exchange.response_bytes)

    def _body(self, kind: str, body: bytes, size: int) -> None:
        rest = f" ... and {size - len(body)} bytes more" if size > len(body) else ""
        if size:
            self.log.debug("{kind}: {body}{rest}", kind=kind, body=body.decode("utf-8", "replace"), rest=rest)
