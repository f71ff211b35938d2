"""One connection of a CIM client.

It does one thing at a time: it reads, answers what has arrived in order, and stops reading while something waits. ``_pump`` is
the heart. It takes steps (begin a request, collect a batch of its response, send a piece) until there is nothing to do, the
client does not take what was sent, or the time slice is used up; then the reactor gets its turn. No timer is set for a request:
its owner looks at all connections now and then, and what has made no progress for too long is ended (rule SEC4).

A client may close its side once its requests are sent: they are answered, then the connection is closed. Over TLS it may not,
for there the end of what is sent is the end of the connection.
"""

from collections import deque
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final, Protocol, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHalfCloseableProtocol, ISSLTransport, ITCPTransport
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cimsim.cimxml.message import MessageError
from cimsim.server.admission import Admission
from cimsim.server.bodies import MAX_SMALL_BODY, Bodies, Share
from cimsim.server.framing import Arrival, Discovery, HttpRequest, Refused, RequestReader
from cimsim.server.interfaces import DelayedCall, ReactorTime, Service, Wire
from cimsim.server.limits import HttpLimits
from cimsim.server.logins import Visitor
from cimsim.server.recording import Recorder, Recording
from cimsim.server.replies import CLOSE, CONTENT_TYPE, ENDS, PLAIN, Connection, HttpError, Style, discovery, refusal, success
from cimsim.server.response import Response
from cimsim.server.trailers import in_chunks

_MICRO: Final = 1_000_000
_LONG_BODY: Final = 32 * 1024
"""A longer one may take longer to decode than others should wait."""


class Owner(Protocol):
    """What a connection needs of the factory that made it."""

    service: Service
    clock: ReactorTime
    limits: HttpLimits
    bodies: Bodies
    admission: Admission
    capabilities: bytes
    content_type: bytes | None
    recorder: Recorder | None

    def joined(self, connection: "CimHttpConnection") -> None:
        """A connection is open."""
        ...

    def left(self, connection: "CimHttpConnection") -> None:
        """A connection is gone."""
        ...

    def date(self, now: float) -> bytes:
        """Return the Date header line for a time in seconds since 1970."""
        ...


@implementer(IHalfCloseableProtocol)
class CimHttpConnection(TwistedProtocol):
    """One connection of a client; made by ``http.CimHttpFactory``. It is a push producer for its transport."""

    _log = Logger()
    _wire: Wire

    def __init__(self, owner: Owner, visitor: Visitor | None = None, address: str = "") -> None:
        self._owner = owner
        self._limits = owner.limits
        self._clock = owner.clock
        self._respond = owner.service.respond
        self._arrivals: deque[Arrival] = deque()
        self._visitor = visitor
        self._share = Share(owner.bodies)
        self._reader = RequestReader(owner.limits, owner.admission.of(visitor), self._arrivals, self._share)
        self._request: HttpRequest | None = None
        self._response: Response | None = None
        self._pieces: Iterator[bytes] | None = None
        self._decoding: Deferred[Any] | None = None
        self._outcome: Any = None
        self._started = 0.0
        self._blocked = False
        self._deaf = False
        self._closing = False
        self._lingering = False
        self._half_closed = False
        self._last = False
        self._later: DelayedCall | None = None
        self._address = address
        self._recording: Recording | None = None
        self._progress = 0
        self._progress_seen = -1
        self._progress_time = 0.0

    # What the transport calls

    def connectionMade(self) -> None:
        """Join the factory, or answer 503 when there are too many connections (rule H33)."""
        self._wire = cast(Wire, self.transport)
        if ITCPTransport.providedBy(self.transport):
            cast(Any, self.transport).setTcpNoDelay(True)
        if self._visitor is not None:
            self._visitor.connected(self.transport)
        # The transport tells when the client does not take what is sent; that goes for small responses too.
        self._wire.registerProducer(self, True)
        self._owner.joined(self)

    def dataReceived(self, data: bytes) -> None:
        """Read a segment and answer what it completes."""
        if self._closing:
            return
        try:
            self._reader.feed(data)
        except Exception:  # noqa: BLE001 - a fault of ours must not stop the server
            self._reader.refuse(self._fault())
        if self._arrivals and self._later is None:
            self._pump()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Leave nothing behind (rule SEC11)."""
        self._closing = True
        self._recorded(None)
        self._response = self._pieces = self._request = None
        self._arrivals.clear()
        self._reader.close()
        self._share.give_all_back()
        if self._decoding is not None:
            self._decoding.cancel()
        if self._later is not None:
            self._later.cancel()
            self._later = None
        self._owner.left(self)

    def readConnectionLost(self) -> None:
        """The client sends no more: answer what has arrived, then close."""
        self._half_closed = True
        if self._lingering:
            self._wire.abortConnection()
        elif self._later is None:
            self._pump()

    def writeConnectionLost(self) -> None:
        """The client takes no more, or this side has been closed."""

    def pauseProducing(self) -> None:
        """The client does not take what was sent: answer nothing more for now."""
        self._blocked = True

    def resumeProducing(self) -> None:
        """The client has taken what was sent."""
        self._blocked = False
        self._progress += 1
        if self._later is None:
            self._pump()

    def stopProducing(self) -> None:
        """The connection is gone; ``connectionLost`` follows."""
        self._blocked = True

    # What the factory calls

    def turn_away(self) -> None:
        """Answer 503 and close."""
        self._reader.refuse(HttpError(503, "too many connections; try again later", fields=b"Retry-After: 1\r\n", fatal=True))
        self._pump()

    def finish(self) -> None:
        """Finish the request that is being answered, then close; close at once if there is none."""
        self._last = True
        if self._lingering:
            self.abort()
        elif self._request is None:
            self._close()
        else:
            self._arrivals.clear()
            self._reader.close()
            self._regulate()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._wire.abortConnection()

    def sweep(self, now: float) -> None:
        """End the connection if it has made no progress for too long (rule SEC4)."""
        progress = self._progress + self._reader.progress
        ours = self._request is not None and not self._blocked
        if ours or progress != self._progress_seen:
            self._progress_seen = progress
            self._progress_time = now
        elif now - self._progress_time >= self._patience():
            self._expire()

    # The work

    def _pump(self) -> None:
        self._later = None
        clock = self._clock
        until = clock.seconds() + self._limits.time_slice
        while not (self._blocked or self._closing or self._decoding is not None):
            if self._request is not None:
                self._advance(self._request)
            elif self._arrivals:
                self._begin(self._arrivals.popleft())
            else:
                break
            if clock.seconds() >= until and (self._request is not None or self._arrivals):
                self._later = clock.callLater(0, self._pump)
                break
        if self._half_closed and self._request is None and not self._arrivals and not self._closing:
            self._close()
        self._regulate()

    def _begin(self, arrival: Arrival) -> None:
        if isinstance(arrival, HttpRequest):
            self._request = arrival
            self._started = self._clock.seconds()
            if self._owner.recorder is not None:
                self._recording = Recording(self._owner.recorder, self._address, arrival.user, self._started, arrival.body)
            if len(arrival.body) <= _LONG_BODY or not self._decode_apart(arrival):
                self._advance(arrival)
        elif isinstance(arrival, Refused):
            self._refuse(arrival.refusal, arrival.connection, arrival.style, body=arrival.body)
        elif isinstance(arrival, Discovery):
            self._tell(arrival.connection)
        else:
            self._wire.write(arrival)

    def _decode_apart(self, request: HttpRequest) -> bool:
        """Begin to decode a request while others are answered; False if nothing does so."""
        calls = None if self._recording is None else self._recording.calls
        decoding = self._owner.service.respond_later(request.headers, request.body, request.user, calls)
        if decoding is None:
            return False
        self._decoding = decoding
        decoding.addBoth(self._decoded)
        return True

    def _decoded(self, outcome: "Iterator[list[bytes]] | Failure") -> None:
        self._decoding = None
        if not self._closing:
            self._outcome = outcome
            if self._later is None:
                self._pump()

    def _take_outcome(self) -> Iterator[list[bytes]]:
        outcome, self._outcome = self._outcome, None
        if isinstance(outcome, Failure):
            outcome.raiseException()
        return cast(Iterator[list[bytes]], outcome)

    def _advance(self, request: HttpRequest) -> None:
        if self._pieces is not None:
            piece = next(self._pieces, None)
            if piece is None:
                self._done(request)
            else:
                self._wire.write(piece)
            return
        try:
            if self._response is None:
                if self._outcome is None:
                    # Without a record there is nothing to pass on, nor to pay for.
                    calls = () if self._recording is None else (self._recording.calls,)
                    self._response = Response(self._respond(request.headers, request.body, request.user, *calls))
                else:
                    self._response = Response(self._take_outcome())
            if not self._response.collect():
                self._send(request, self._response)
        except MessageError as error:
            self._forget(request)
            self._refuse(HttpError.of(error), request.connection if self._keeps(request) else ENDS, request.style)
        except Exception:  # noqa: BLE001 - a fault of ours must not stop the server
            self._forget(request)
            self._refuse(self._fault(), ENDS, request.style)

    def _send(self, request: HttpRequest, response: Response) -> None:
        now = self._clock.seconds()
        micros = max(0, int((now - self._started) * _MICRO))
        line = request.connection.line if self._keeps(request) else CLOSE
        head = success(self._owner.date(now), micros, line, response.length, request.style)
        if self._owner.content_type is not None:
            head = head.replace(CONTENT_TYPE, self._owner.content_type, 1)
        recording = self._recording
        if response.length <= self._limits.piece and not request.style.trailers:
            body = response.whole()
            self._wire.write(head + (body if recording is None else recording.sent(body)))
            self._done(request)
            return
        pieces = response.pieces(self._limits.piece)
        if recording is not None:
            pieces = recording.watched(pieces)
        self._pieces = in_chunks(pieces, request.style.prefix) if request.style.trailers else pieces
        self._wire.write(head)

    def _done(self, request: HttpRequest) -> None:
        self._forget(request)
        self._progress += 1
        if self._recording is not None:
            self._recorded(HTTPStatus.OK)
        if not self._keeps(request):
            self._close()

    def _forget(self, request: HttpRequest) -> None:
        self._request = self._response = self._pieces = None
        if len(request.body) > MAX_SMALL_BODY:
            self._share.give_back(len(request.body))

    def _keeps(self, request: HttpRequest) -> bool:
        return request.connection.keep and not self._last

    def _tell(self, connection: Connection) -> None:
        self._progress += 1
        answer = discovery(self._owner.capabilities, self._owner.date(self._clock.seconds()), connection.line)
        self._wire.write(answer)
        self._record_unread(answer, HTTPStatus.OK, "OPTIONS")
        if not connection.keep:
            self._close()

    def _refuse(self, refused: HttpError, connection: Connection, style: Style = PLAIN, *, body: bool = True) -> None:
        self._progress += 1
        answer = refusal(refused, self._owner.date(self._clock.seconds()), connection.line, style, body=body)
        self._wire.write(answer)
        self._record_unread(answer, refused.status, refused.detail)
        if not connection.keep:
            self._linger()

    def _fault(self) -> HttpError:
        self._log.failure("A request failed inside the server")
        return HttpError(500, "the server failed; its log says why", fatal=True)

    # Records

    def _record_unread(self, answer: bytes, status: int, detail: str) -> None:
        """Record an answer that carries no CIM message: the request may not even have been read."""
        if self._owner.recorder is None:
            return
        if self._recording is None:
            self._recording = Recording(self._owner.recorder, self._address, None, self._clock.seconds())
        self._recording.sent(answer.partition(b"\r\n\r\n")[2])
        self._recorded(status, detail)

    def _recorded(self, status: int | None, detail: str = "") -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.end(self._clock.seconds(), status, detail)

    # The end

    def _close(self) -> None:
        if not self._closing:
            self._end()
            self._wire.loseConnection()

    def _linger(self) -> None:
        """Close for writing only: closed with input unread, TCP would tell the client before it has read the answer."""
        if not self._closing:
            self._end()
            transport: Any = self.transport
            if ITCPTransport.providedBy(transport) and not ISSLTransport.providedBy(transport):
                self._lingering = True
                self._regulate()
                transport.loseWriteConnection()
            else:
                self._wire.loseConnection()

    def _end(self) -> None:
        self._closing = True
        self._progress += 1
        self._arrivals.clear()
        self._wire.unregisterProducer()

    def _regulate(self) -> None:
        """Stop reading while requests wait, so that a client cannot queue more than one segment of them."""
        # Whoever reads on after the end of what is sent gets that end again and again.
        waiting = bool(self._arrivals)
        if self._half_closed:
            return
        if waiting != self._deaf and (not self._closing or self._lingering):
            self._deaf = waiting
            if waiting:
                self._wire.pauseProducing()
            else:
                self._wire.resumeProducing()

    def _patience(self) -> float:
        if self._lingering:
            return self._limits.linger_timeout
        busy = self._closing or self._blocked or self._reader.reading
        return self._limits.request_timeout if busy else self._limits.idle_timeout

    def _expire(self) -> None:
        if self._closing or self._blocked:
            self.abort()
        elif self._reader.reading:
            self._reader.refuse(HttpError(408, "the request did not arrive in time", fatal=True))
            self._pump()
        else:
            self._close()
