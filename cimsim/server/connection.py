"""One connection of a client.

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

from cimsim.server.admission import Admission
from cimsim.server.bodies import MAX_SMALL_BODY, Bodies, Share
from cimsim.server.framing import Arrival, HttpRequest, OptionsRequest, Refused, RequestReader
from cimsim.server.head import Head
from cimsim.server.interfaces import DelayedCall, ReactorTime, Wire
from cimsim.server.limits import HttpLimits
from cimsim.server.mount import Batches, Client, Mount, Routes
from cimsim.server.output import Writer, output_to
from cimsim.server.pages import Page
from cimsim.server.recording import Recorder, Recording
from cimsim.server.replies import (
    CHUNKED_HEAD,
    CLOSE,
    ENDS,
    RESPONSE_HEAD,
    STATUS_LINES,
    Connection,
    HttpError,
    in_chunks,
    refusal,
)
from cimsim.server.response import Response
from cimsim.server.wrong_answers import Affected, Effects, WrongAnswer

_MICRO: Final = 1_000_000
_LONG_BODY: Final = 32 * 1024
"""A longer one may take longer to decode than others should wait."""


class Waiting(Protocol):
    """What a connection waits for: a request that is being decoded, an answer, or a wrong answer that takes its time."""

    def cancel(self) -> object:
        """Do no more."""
        ...


class Owner(Protocol):
    """What a connection needs of the factory that made it."""

    routes: Routes
    clock: ReactorTime
    limits: HttpLimits
    bodies: Bodies
    recorder: Recorder | None

    def joined(self, connection: "HttpConnection") -> None:
        """A connection is open."""
        ...

    def left(self, connection: "HttpConnection") -> None:
        """A connection is gone."""
        ...

    def date(self, now: float) -> bytes:
        """Return the Date header line for a time in seconds since 1970."""
        ...


@implementer(IHalfCloseableProtocol)
class HttpConnection(TwistedProtocol):
    """One connection of a client; made by ``factory.HttpFactory``. It is a push producer for its transport."""

    _log = Logger()
    _wire: Wire
    _output: Writer

    def __init__(self, owner: Owner, client: Client) -> None:
        self._owner = owner
        self._limits = owner.limits
        self._clock = owner.clock
        self._arrivals: deque[Arrival] = deque()
        self._client = client
        self._share = Share(owner.bodies)
        self._routes = owner.routes.connected(client)
        self._reader = RequestReader(owner.limits, Admission(self._routes, client.login), self._arrivals, self._share)
        self._request: HttpRequest | None = None
        self._response: Response | None = None
        self._pieces: Iterator[bytes] | None = None
        self._waiting: Waiting | None = None
        self._outcome: Any = None
        self._started = 0.0
        self._status = int(HTTPStatus.OK)
        self._blocked = False
        self._reading_paused = False
        self._closing = False
        self._lingering = False
        self._half_closed = False
        self._last = False
        self._later: DelayedCall | None = None
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
        self._client.transport = self.transport
        if self._client.login is not None:
            self._client.login.connected(self.transport)
        # It reports when the client does not take what is sent; that goes for small responses too.
        self._output = output_to(self._wire, self)
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
        if self._waiting is not None:
            self._waiting.cancel()
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
        """Finish the request that is being answered, then close; close at once if there is none, or it is late on purpose."""
        self._last = True
        if self._lingering or (isinstance(self._waiting, WrongAnswer) and self._waiting.takes_time):
            self.abort()
        elif self._request is None:
            self._close()
            if ISSLTransport.providedBy(self.transport):
                # TLS has said farewell; a client that keeps the connection for later does not read it, let alone answer.
                cast(Any, self.transport).transport.loseConnection()
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
        clock, arrivals = self._clock, self._arrivals
        now = clock.seconds()
        until = now + self._limits.time_slice
        while not (self._blocked or self._closing or self._waiting is not None):
            if self._request is not None:
                self._advance(self._request)
            elif arrivals:
                self._begin(arrivals.popleft(), now)
            if self._request is None and not arrivals:
                break
            now = clock.seconds()
            if now >= until:
                self._later = clock.callLater(0, self._pump)
                break
        if self._half_closed and self._request is None and not self._arrivals and not self._closing:
            self._close()
        self._regulate()

    def _begin(self, arrival: Arrival, now: float) -> None:
        if isinstance(arrival, HttpRequest):
            self._request = arrival
            self._started = now
            if self._owner.recorder is not None:
                self._recording = self._record(arrival.head, arrival.user, now, arrival.body)
            if len(arrival.body) <= _LONG_BODY or not self._respond_later(arrival):
                self._advance(arrival)
        elif isinstance(arrival, Refused):
            self._refuse(arrival.refusal, arrival.connection, arrival.head)
        elif isinstance(arrival, OptionsRequest):
            self._answer_options(arrival)
        else:
            self._output.write(arrival)

    def _respond_later(self, request: HttpRequest) -> bool:
        """Begin to decode a request while others are answered; False if its mount does not."""
        calls = None if self._recording is None else self._recording.calls
        decoding = request.mount.respond_later(request.admitted, request.body, request.user, calls)
        if decoding is None:
            return False
        self._wait_for(decoding)
        return True

    def _wait_for(self, response: Deferred[Batches]) -> None:
        self._waiting = response
        response.addBoth(self._decoded)

    def _decoded(self, outcome: "Batches | Failure") -> None:
        self._waiting = None
        if not self._closing:
            self._outcome = outcome
            if self._later is None:
                self._pump()

    def _take_outcome(self) -> Batches:
        outcome, self._outcome = self._outcome, None
        if isinstance(outcome, Failure):
            outcome.raiseException()
        return cast(Batches, outcome)

    def _advance(self, request: HttpRequest) -> None:
        if self._pieces is not None:
            piece = next(self._pieces, None)
            if piece is None:
                self._done(request)
            else:
                self._output.write(piece)
            return
        try:
            if self._response is None:
                if self._outcome is None:
                    # Without a record there is nothing to pass on, nor to pay for.
                    calls = () if self._recording is None else (self._recording.calls,)
                    batches = request.mount.respond(request.admitted, request.body, request.user, *calls)
                    # An iterator is asked for its abstract base classes otherwise.
                    if type(batches) is Deferred:
                        self._wait_for(batches)
                        return
                    self._response = Response(cast(Batches, batches))
                else:
                    self._response = Response(self._take_outcome())
                # Most have one batch.
                self._response.collect()
            response = self._response
            if not response.collect():
                source = response.source
                effects = source.effects if type(source) is Affected else None
                if effects is not None:
                    self._send_wrong(request, response, effects)
                else:
                    self._send(request, response)
        except Exception as error:  # noqa: BLE001 - a mount has exceptions of its own, and a fault must not stop the server
            refused = request.mount.refusal_of(error)
            if refused is None:
                refused = self._fault()
            self._forget(request)
            self._refuse(refused, request.connection if self._keeps(request) and not refused.fatal else ENDS, request.head)

    def _send(self, request: HttpRequest, response: Response) -> None:
        now = self._clock.seconds()
        micros = max(0, int((now - self._started) * _MICRO))
        line = request.connection.line if self._keeps(request) else CLOSE
        status, lines = request.mount.response_head(request.head, request.admitted, response.source, micros)
        self._status = status
        trailers, recording = request.head.trailers, self._recording
        if trailers is None:
            length = response.length
            head = RESPONSE_HEAD % (STATUS_LINES[status], self._owner.date(now), lines, line, length)
            if length <= self._limits.piece:
                body = response.join()
                self._output.write(head + (body if recording is None else recording.sent(body)))
                self._done(request)
                return
        else:
            head = CHUNKED_HEAD % (STATUS_LINES[status], self._owner.date(now), lines, line)
        pieces = response.pieces(self._limits.piece)
        if recording is not None:
            pieces = recording.counted(pieces)
        self._pieces = pieces if trailers is None else in_chunks(pieces, trailers)
        self._output.write(head)

    def _send_wrong(self, request: HttpRequest, response: Response, effects: Effects) -> None:
        date, line = self._owner.date(self._clock.seconds()), request.connection.line if self._keeps(request) else CLOSE
        micros = max(0, int((self._clock.seconds() - self._started) * _MICRO))
        body = response.join()
        self._status, lines = request.mount.response_head(request.head, request.admitted, response.source, micros)
        if effects.http is None:
            status = STATUS_LINES[self._status]
        else:
            refused = HttpError(effects.http.status, "a fault rule has it", code=effects.http.code)
            self._status, status = refused.status, STATUS_LINES[refused.status]
            lines = b"" if refused.code is None else request.mount.refusal_lines(refused, request.head)
            body = b""

        def head(length: int) -> bytes:
            return RESPONSE_HEAD % (status, date, lines, line, length)

        wrong = WrongAnswer(effects, self._clock, self._output, head, body, lambda ending: self._sent_wrong(request, ending))
        if self._recording is not None:
            self._recording.sent(body)
        self._waiting = wrong
        wrong.start()

    def _sent_wrong(self, request: HttpRequest, ending: str | None) -> None:
        self._waiting = None
        if ending is None:
            self._done(request)
            if self._later is None:
                self._pump()
            return
        self._recorded(self._status)
        self._forget(request)
        if ending == "reset":
            self.abort()
        else:
            self._close()

    def _done(self, request: HttpRequest) -> None:
        self._forget(request)
        self._progress += 1
        if self._recording is not None:
            self._recorded(self._status)
        if not self._keeps(request):
            self._close()

    def _forget(self, request: HttpRequest) -> None:
        self._request = self._response = self._pieces = None
        if len(request.body) > MAX_SMALL_BODY:
            self._share.give_back(len(request.body))

    def _keeps(self, request: HttpRequest) -> bool:
        return request.connection.keep and not self._last

    def _answer_options(self, request: OptionsRequest) -> None:
        self._progress += 1
        date = self._owner.date(self._clock.seconds())
        lines = request.mount.options_lines(request.head)
        answer = RESPONSE_HEAD % (STATUS_LINES[HTTPStatus.OK], date, lines, request.connection.line, 0)
        self._output.write(answer)
        self._record_unread(answer, HTTPStatus.OK, "OPTIONS", request.head)
        if not request.connection.keep:
            self._close()

    def _refuse(self, refused: HttpError, connection: Connection, head: Head | None) -> None:
        self._progress += 1
        if isinstance(refused, Page):
            status, date = STATUS_LINES[refused.status], self._owner.date(self._clock.seconds())
            lines = b"Content-Type: text/html; charset=utf-8\r\n" + refused.lines
            self._output.write(RESPONSE_HEAD % (status, date, lines, connection.line, len(refused.content)) + refused.content)
            if not connection.keep:
                self._linger()
            return
        mount = self._mount_of(head)
        lines = b"" if mount is None else mount.refusal_lines(refused, head)
        body = head is None or head.method != b"HEAD"
        answer = refusal(refused, self._owner.date(self._clock.seconds()), lines, connection.line, body=body)
        self._output.write(answer)
        self._record_unread(answer, refused.status, refused.detail, head)
        if not connection.keep:
            self._linger()

    def _fault(self) -> HttpError:
        self._log.failure("A request failed inside the server")
        return HttpError(500, "the server failed; its log says why", fatal=True)

    # Records

    def _record(self, head: Head | None, user: str | None, now: float, body: bytes = b"") -> Recording | None:
        if self._owner.recorder is None:
            return None
        mount = self._mount_of(head)
        protocol = "HTTP" if mount is None else mount.protocol
        return Recording(self._owner.recorder, protocol, self._client.address, user, now, body)

    def _record_unread(self, answer: bytes, status: int, detail: str, head: Head | None) -> None:
        """Record an answer that is not the mount's: the request may not even have been read."""
        if self._recording is None:
            self._recording = self._record(head, None, self._clock.seconds())
        if self._recording is None:
            return
        self._recording.sent(answer.partition(b"\r\n\r\n")[2])
        self._recorded(status, detail)

    def _recorded(self, status: int | None, detail: str = "") -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.end(self._clock.seconds(), status, detail)

    def _mount_of(self, head: Head | None) -> Mount | None:
        """Return the mount that a head is for; the default one, if any, where that is not known."""
        return head.mount if head is not None and head.mount is not None else self._routes.default

    # The end

    def _close(self) -> None:
        if not self._closing:
            self._end()
            self._wire.loseConnection()

    def _linger(self) -> None:
        """Close for writing only: closed with input unread, TCP would tell the client before the answer is read."""
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
        if waiting != self._reading_paused and (not self._closing or self._lingering):
            self._reading_paused = waiting
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
