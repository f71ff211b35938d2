"""From the body of a WS-Management message to the body of its reply: decode, perform, encode."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from pywbem import CIMError

from cimsim.cimom.exchanges import Called
from cimsim.operations.pending import Pending
from cimsim.operations.request import Request
from cimsim.operations.results import MethodResult, Result
from cimsim.server.wrong_answers import Effects
from cimsim.simulation.body_lengths import Measures, measured
from cimsim.simulation.fault_effects import Faults
from cimsim.wsman.message_decoder import NotSoapError
from cimsim.wsman.reply_encoder import Reply, WsmanEncoder, is_long
from cimsim.wsman.soap_faults import ACTION_NOT_SUPPORTED, WsmanError
from cimsim.wsman.wsman_message import MessageKind, WsmanMessage

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

PROTOCOL: Final = "ws-man"
"""How fault rules name it."""
_T = TypeVar("_T")
_OK: Final = 200
_NO_SOAP: Final = 400
_NEEDS_LOGIN: Final = 401


class Performs(Protocol):
    """What the service needs of a CIMOM."""

    def locate(self, request: Request, user: str | None = None) -> Request | Pending[Request]:
        """Return a request with a path in place of every selection, or what is left to do for that."""
        ...

    def start(self, request: Request, user: str | None = None, protocol: str = "") -> Result | Pending[Result]:
        """Return the result of a request, or what is left to do for it; or raise CIMError."""
        ...


class Decodes(Protocol):
    """What the service needs of ``message_decoder.WsmanDecoder``."""

    def decode(self, body: bytes) -> WsmanMessage:
        """Return the message of an envelope."""
        ...


class Events(Protocol):
    """What answers the messages of WS-Eventing: ``wsman_events.WsmanEvents``."""

    def perform(self, message: WsmanMessage, user: str | None, calls: list[Called] | None) -> Reply | Deferred[Reply]:
        """Return the reply to a message, a Deferred where its client waits for events."""
        ...


class NotIdentifyError(Exception):
    """A client that did not log in asks for more than Identify."""


class WsmanReply:
    """A reply in the making.

    Attributes:
        status: of HTTP (rule WM-H-3); it is not final before the batches have been taken.
        batches: the body in batches of fragments; empty ones while the request takes long.
        effects: what a fault rule does to the answer; None: nothing. Not final while the reply is ``forming``.
        forming: requests of the message are still to be carried out.
        waiting: fires when the reply is there; None: it is.
    """

    __slots__ = ("batches", "effects", "forming", "status", "waiting")

    def __init__(self) -> None:
        self.status = _OK
        self.batches: Iterator[list[bytes]] = iter(())
        self.effects: Effects | None = None
        self.forming = False
        self.waiting: Deferred[None] | None = None


class WsmanService:
    """Answers WS-Management messages. Knows nothing of HTTP but the status of a reply.

    Args:
        decoder: reads the messages.
        encoder: writes the replies.
        cimom: carries the requests out.
        decode_later: decodes a message while the server does other things; None: nothing does.
        faults: what fault rules do to answers; None: nothing.
        statistics: gets the lengths of the body of each message and of its reply, for the first operation of the message;
            None: nobody counts.
        events: answers the messages of WS-Eventing; None: they are refused.
    """

    def __init__(
        self,
        decoder: Decodes,
        encoder: WsmanEncoder,
        cimom: Performs,
        decode_later: Callable[[bytes], Deferred[WsmanMessage]] | None = None,
        faults: Faults | None = None,
        statistics: Measures | None = None,
        events: Events | None = None,
    ) -> None:
        self._decoder = decoder
        self._encoder = encoder
        self._cimom = cimom
        self._decode_later = decode_later
        self._faults = faults
        self._statistics = statistics
        self._events = events

    def respond(
        self, body: bytes, user: str | None, calls: list[Called] | None = None, *, identify_only: bool = False
    ) -> WsmanReply:
        """Perform what a message asks for, and return the reply: a result, or a fault (rule WM-H-3).

        Args:
            body: the envelope.
            user: who asks, or None without authentication.
            calls: gets a record of each request; None: nobody wants any.
            identify_only: the client has not logged in as it would have to for anything else.

        Raises:
            NotSoapError: the body is not a SOAP envelope.
            NotIdentifyError: the client has to log in.
        """
        try:
            message = self._decoder.decode(body)
        except WsmanError as error:
            return self._refused(error, identify_only)
        return self._perform(message, len(body), user, calls, identify_only)

    def respond_later(
        self, body: bytes, user: str | None, calls: list[Called] | None = None, *, identify_only: bool = False
    ) -> Deferred[WsmanReply] | None:
        """Do the same once the message is decoded, which others need not wait for; None: ``respond`` must do it."""
        if self._decode_later is None:
            return None

        def refused(failure: object) -> WsmanReply:
            error = getattr(failure, "value", None)
            if isinstance(error, WsmanError):
                return self._refused(error, identify_only)
            raise error if isinstance(error, Exception) else TypeError(failure)

        length = len(body)
        decoding = self._decode_later(body)
        return decoding.addCallbacks(lambda message: self._perform(message, length, user, calls, identify_only), refused)

    def status_of(self, error: Exception) -> tuple[int, str] | None:
        """Return the HTTP status that an exception of this service stands for, and why; None for any other."""
        if isinstance(error, NotSoapError):
            return _NO_SOAP, str(error)
        if isinstance(error, NotIdentifyError):
            return _NEEDS_LOGIN, "without credentials only Identify is answered"
        return None

    def _refused(self, error: WsmanError, identify_only: bool) -> WsmanReply:
        if identify_only:
            raise NotIdentifyError
        reply = WsmanReply()
        reply.status, reply.batches = self._encoder.fault(error, error.message_id)
        return reply

    def _perform(
        self, message: WsmanMessage, length: int, user: str | None, calls: list[Called] | None, identify_only: bool
    ) -> WsmanReply:
        if identify_only and message.kind is not MessageKind.IDENTIFY:
            raise NotIdentifyError
        reply = self._replied(message, user, calls)
        statistics = self._statistics
        if statistics is not None and statistics.counts.wanted and message.requests:
            reply.batches = measured(message.requests[0], length, reply.batches, statistics)
        return reply

    def _replied(self, message: WsmanMessage, user: str | None, calls: list[Called] | None) -> WsmanReply:
        reply = WsmanReply()
        if message.kind is MessageKind.EVENTING:
            self._perform_eventing(message, user, calls, reply)
            return reply
        located: Request | Pending[Request] | None = None
        started: Result | Pending[Result] | CIMError | None = None
        if len(message.requests) == 1:
            (request,) = message.requests
            located = self._located(request, user)
            if not isinstance(located, Pending):
                started = self._started(request, located, user, calls)
                if not isinstance(started, Pending) and not is_long(started):
                    reply.status, reply.batches = self._encoder.encode(message, started)
                    reply.effects = self._effects()
                    return reply
        reply.forming = True
        batches = self._batches(message, user, calls, reply, located, started)
        # What need not wait is carried out now.
        reply.batches = chain([next(batches)], batches)
        return reply

    def _perform_eventing(self, message: WsmanMessage, user: str | None, calls: list[Called] | None, reply: WsmanReply) -> None:
        """Have a message of WS-Eventing answered, now or when there are events."""

        def answered(made: Reply) -> None:
            reply.status, reply.batches = made

        if self._events is None:
            answered(self._encoder.fault(WsmanError(ACTION_NOT_SUPPORTED, "events are not served"), message.id))
            return
        performed = self._events.perform(message, user, calls)
        if self._faults is not None:
            reply.effects = self._faults.effects()
        if isinstance(performed, Reply):
            answered(performed)
        else:
            reply.waiting = performed.addCallback(answered)

    def _batches(
        self,
        message: WsmanMessage,
        user: str | None,
        calls: list[Called] | None,
        reply: WsmanReply,
        located: Request | Pending[Request] | None = None,
        started: Result | Pending[Result] | CIMError | None = None,
    ) -> Iterator[list[bytes]]:
        """Carry out the requests of a message until one fails, and encode the result of the last.

        ``located`` and ``started`` are how far the first one is.
        """
        result: Result | CIMError | None = None
        for request in message.requests:
            located = located or self._located(request, user)
            if isinstance(located, Pending):
                located = yield from _awaited(located)
            if started is None:
                started = self._started(request, located, user, calls)
            if reply.effects is None:
                reply.effects = self._effects()
            if isinstance(started, Pending):
                result = yield from _awaited(started)
                if calls:
                    calls[-1] = calls[-1].ended(result)
            else:
                result = started
            if isinstance(result, CIMError):
                break
            located = started = None
        for made in self._encoder.encoding(message, result):
            if made is None:
                yield []
            else:
                reply.status, batches = made
                reply.forming = False
                yield from batches

    def _located(self, request: Request, user: str | None) -> Request | Pending[Request]:
        return self._cimom.locate(request, user) if request.selects else request

    def _started(
        self, request: Request, located: Request | CIMError, user: str | None, calls: list[Called] | None
    ) -> Result | Pending[Result] | CIMError:
        """Carry out a request; ``located``: as it was located, or why that ended."""
        try:
            if isinstance(located, CIMError):
                raise located
            result = self._cimom.start(located, user, PROTOCOL)
        except CIMError as error:
            if calls is not None:
                calls.append(Called.of(request, error, rule=self._rule))
            return error
        if calls is not None:
            returned = result.return_value.value if isinstance(result, MethodResult) else None
            calls.append(Called.of(request, returned=returned, rule=self._rule))
        return result

    def _effects(self) -> Effects | None:
        return None if self._faults is None else self._faults.effects()

    @property
    def _rule(self) -> int | None:
        return None if self._faults is None else self._faults.number


def _awaited(pending: Pending[_T]) -> Generator[list[bytes], None, _T | CIMError]:
    """Yield empty batches while there is work to do; return what it came to."""
    for outcome in pending.outcomes():
        if outcome is not None:
            return outcome
        yield []
    raise TypeError("what is pending comes to something")
