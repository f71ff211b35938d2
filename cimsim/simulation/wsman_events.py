"""Eventing of WS-Management: joins its codec, the event subscriptions of the CIMOM, and deliveries over HTTP (rules WM-EV)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Final, Protocol, Required, TypedDict, Unpack

from pywbem import (
    CIM_ERR_INVALID_QUERY,
    CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED,
    CIMError,
)
from twisted.internet.defer import Deferred

from cimsim.cimom.delivery_queues import Done, Retries
from cimsim.cimom.event_line import Later
from cimsim.cimom.event_sources import NoEventSourceError
from cimsim.cimom.event_streams import HEARTBEAT, Notice, Oversize, StreamOptions, WrittenEvent
from cimsim.cimom.event_subscription import Ending, EventSubscription, UnknownSubscriptionError, WantedEvents
from cimsim.cimom.event_subscriptions import EventSubscriptions
from cimsim.cimom.exchanges import SUCCESS, Called
from cimsim.cimom.object_manager import Cimom
from cimsim.delivery.sender import NotAcceptedError
from cimsim.operations.request import Argument, IntrinsicRequest
from cimsim.operations.results import Projection
from cimsim.simulation.wsman_service import PROTOCOL
from cimsim.world.instances import Instance
from cimsim.wsman.event_messages import (
    DeliveryMode,
    Expiry,
    GetStatus,
    PullEvents,
    Receiver,
    Renew,
    Retry,
    Subscribe,
    Unsubscribe,
)
from cimsim.wsman.event_writer import (
    BEAT,
    DELIVERY_OVERHEAD,
    Item,
    NotAcknowledgedError,
    check_acknowledgement,
    delivery,
    lost_events,
    pulled,
    renewed,
    status,
    subscribed,
    subscription_ended,
    written_event,
)
from cimsim.wsman.items import OVERHEAD
from cimsim.wsman.reply_encoder import Reply, WsmanEncoder
from cimsim.wsman.soap_faults import (
    CANNOT_PROCESS_EVENT_FILTER,
    CONCURRENCY,
    ENVELOPE_TOO_SMALL,
    INVALID_CONTEXT,
    INVALID_EVENTING_MESSAGE,
    SOURCE_UNABLE,
    TIMED_OUT,
    UNABLE_TO_RENEW,
    UNUSABLE_DESTINATION,
    WsmanError,
    fault_of,
)
from cimsim.wsman.wsman_message import WsmanMessage

_WRAPPING: Final = 100
"""Bytes that stand around an event among others."""
_BATCH: Final = 20
"""Most events in a delivery of mode Events to a client that does not say."""
_QUERY_FEATURE_NOT_SUPPORTED: Final = 29
_OF_QUERIES: Final = frozenset({CIM_ERR_INVALID_QUERY, CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, _QUERY_FEATURE_NOT_SUPPORTED})


class EventOptions(TypedDict, total=False):
    """See ``EventSubscriptions``."""

    later: Required[Later]
    random: Required[Callable[[int], bytes]]
    host: str
    most: int
    most_subscriptions: int
    most_of_user: int


class Sends(Protocol):
    """What sends messages: ``delivery.sender.HttpSender``."""

    def check_destination(self, url: str) -> None:
        """Raise ValueError if nothing may be sent to a URL (rule SEC14)."""
        ...

    def prepare(self) -> None:
        """Get ready to send."""
        ...

    def post(self, url: str, message: Callable[[], bytes], check: Callable[[bytes], None], done: Done) -> None:
        """Begin to send what ``message`` returns; ``check`` judges the answer. See ``delivery_queues.Send``."""
        ...


class WsmanEvents:
    """Answers the messages of WS-Eventing, and delivers events (a ``Deliver``).

    Args:
        cimom: whose events are reported.
        encoder: writes the replies.
        identifier: returns a new UUID in upper case, for MessageID.
        sender: sends events to those who want them pushed.

    Attributes:
        subscriptions: those of the CIMOM; to be set before the first message.
    """

    subscriptions: EventSubscriptions

    def __init__(self, cimom: Cimom, encoder: WsmanEncoder, identifier: Callable[[], str], sender: Sends) -> None:
        self._cimom = cimom
        self._encoder = encoder
        self._identifier = identifier
        self._now = cimom.clock.now
        self._sender = sender
        # The event that was written last, and its forms: many may want the same.
        self._event: Instance | None = None
        self._written: dict[tuple[str, Projection | None], WrittenEvent] = {}

    # Messages

    def perform(self, message: WsmanMessage, user: str | None, calls: list[Called] | None) -> Reply | Deferred[Reply]:
        """Return the reply to a message, a Deferred where its client waits for events."""
        namespace = self._namespace(message, user)
        # What fault rules see: no operation of DSP0200, but a name, a namespace, and parameters.
        request = IntrinsicRequest(_name(message), namespace, tuple(Argument(*each) for each in _parameters(message)))
        try:
            self._cimom.interfere(request, user, PROTOCOL)
            reply = self._performed(message, user)
        except CIMError as error:
            reply = self._encoder.fault(_fault_of(error), message.id, error.status_code)
            self._record(calls, message, namespace, error.status_code, str(error.status_description))
        except WsmanError as error:
            reply = self._encoder.fault(error, message.id)
            self._record(calls, message, namespace, None, error.reason)
        else:
            self._record(calls, message, namespace, SUCCESS, "")
        return reply

    def _performed(self, message: WsmanMessage, user: str | None) -> Reply | Deferred[Reply]:
        match message.eventing:
            case Subscribe():
                return self._subscribe(message, message.eventing, user)
            case Renew(identifier, expires):
                try:
                    self.subscriptions.renew(identifier, user, expires.time)
                except UnknownSubscriptionError as error:
                    raise WsmanError(UNABLE_TO_RENEW, str(error)) from None
                return self._encoder.reply(message, renewed(expires, self._now()))
            case GetStatus(identifier):
                try:
                    subscription = self.subscriptions.find(identifier, user)
                except UnknownSubscriptionError as error:
                    raise WsmanError(INVALID_EVENTING_MESSAGE, str(error)) from None
                # In the form in which its client said so when it subscribed.
                context: Subscribe = subscription.wanted.context
                expiry = Expiry(subscription.expires, context.expires.absolute)
                return self._encoder.reply(message, status(expiry, self._now()))
            case Unsubscribe(identifier):
                try:
                    self.subscriptions.unsubscribe(identifier, user)
                except UnknownSubscriptionError as error:
                    raise WsmanError(INVALID_EVENTING_MESSAGE, str(error)) from None
                return self._encoder.reply(message, iter(()))
            case PullEvents():
                return self._pull(message, message.eventing, user)
        raise TypeError(f"a message of kind {message.kind.value} asks for something")

    def _subscribe(self, message: WsmanMessage, wanted: Subscribe, user: str | None) -> Reply:
        for receiver in (wanted.notify_to, wanted.end_to):
            if receiver is not None:
                try:
                    self._sender.check_destination(receiver.address)
                except ValueError as error:
                    raise WsmanError(UNUSABLE_DESTINATION, str(error)) from None
        stream = _stream_options(wanted)
        asked = WantedEvents(wanted.namespace, wanted.language, wanted.query, stream, wanted.expires.time, wanted)
        try:
            subscription = self.subscriptions.subscribe(asked, user)
        except NoEventSourceError as error:
            raise WsmanError(SOURCE_UNABLE, str(error)) from None
        if not stream.pulled or wanted.end_to is not None:
            self._sender.prepare()
        return self._encoder.reply(message, subscribed(wanted, subscription.identifier, wanted.expires, self._now()))

    def _namespace(self, message: WsmanMessage, user: str | None) -> str:
        """Return the namespace whose events a message is about; empty for those of an unknown subscription."""
        wanted = message.eventing
        if isinstance(wanted, Subscribe):
            return wanted.namespace
        try:
            return self.subscriptions.find(wanted.identifier, user).wanted.namespace if wanted is not None else ""
        except UnknownSubscriptionError:
            return ""

    def _record(
        self, calls: list[Called] | None, message: WsmanMessage, namespace: str, status: int | None, description: str
    ) -> None:
        if calls is None:
            return
        classname = message.eventing.resource.classname if isinstance(message.eventing, Subscribe) else ""
        acted = self._cimom.acted
        calls.append(
            Called(
                _name(message),
                namespace,
                status,
                description,
                namespace,
                classname,
                parameters=_parameters(message),
                rule=None if acted is None else acted.number,
            )
        )

    # Pulling

    def _pull(self, message: WsmanMessage, wanted: PullEvents, user: str | None) -> Reply | Deferred[Reply]:
        subscription = self._found(wanted.identifier, user)
        stream = subscription.stream
        if not subscription.wanted.stream.pulled:
            raise WsmanError(INVALID_CONTEXT, "the events of this subscription are pushed")
        if stream.awaited:
            raise WsmanError(CONCURRENCY, "another Pull waits for the events of this subscription")
        reply = self._taken(message, wanted, subscription)
        if reply is not None:
            return reply
        # It ends with the connection of its client.
        waiting: Deferred[Reply] = Deferred(lambda _: forget())

        def ready(heartbeat: bool) -> None:
            waiting.callback(self._awaited(message, wanted, subscription, heartbeat))

        forget = stream.wait(wanted.seconds, ready)
        return waiting

    def _awaited(self, message: WsmanMessage, wanted: PullEvents, subscription: EventSubscription, heartbeat: bool) -> Reply:
        """Return the reply to a Pull that has waited: with events or a heartbeat, or a fault."""
        try:
            if subscription.ended:
                raise WsmanError(INVALID_CONTEXT, "the subscription has ended")
            reply = self._taken(message, wanted, subscription)
        except WsmanError as error:
            return self._encoder.fault(error, message.id)
        if reply is not None:
            return reply
        if heartbeat:
            return self._encoder.reply(message, pulled(wanted.identifier, [BEAT]))
        text = f"no event within {wanted.seconds:g} seconds; the subscription goes on"
        return self._encoder.fault(WsmanError(TIMED_OUT, text), message.id)

    def _taken(self, message: WsmanMessage, wanted: PullEvents, subscription: EventSubscription) -> Reply | None:
        """Return the reply to a Pull; None: nothing waits."""
        taken = subscription.stream.take(wanted.max_elements, wanted.max_envelope - OVERHEAD)
        if taken is None:
            return None
        if not taken:
            text = f"the next event does not fit MaxEnvelopeSize, {wanted.max_envelope} bytes"
            raise WsmanError(ENVELOPE_TOO_SMALL, text, "MaxEnvelopeSize")
        events = [_item(each) for each in taken]
        return self._encoder.reply(message, pulled(wanted.identifier, events))

    def _found(self, identifier: str, user: str | None) -> EventSubscription:
        try:
            return self.subscriptions.find(identifier, user)
        except UnknownSubscriptionError as error:
            raise WsmanError(INVALID_CONTEXT, str(error)) from None

    # Deliveries

    def write(self, subscription: EventSubscription, event: Instance, columns: Projection | None) -> WrittenEvent:
        """See ``Deliver``."""
        wanted: Subscribe = subscription.wanted.context
        form = (wanted.resource.uri, columns)
        if event is not self._event:
            self._event, self._written = event, {}
        written = self._written.get(form)
        if written is None:
            item = written_event(event, wanted.resource, columns)
            written = self._written[form] = WrittenEvent(item, len(item.body) + _WRAPPING)
        return written

    def send(self, subscription: EventSubscription, notices: Sequence[Notice], done: Done) -> None:
        """See ``Deliver``."""
        wanted: Subscribe = subscription.wanted.context
        if wanted.notify_to is None:
            raise TypeError("events that are pulled are not sent")
        identifier = f"uuid:{self._identifier()}"
        events = [_item(each) for each in notices]
        receiver = wanted.notify_to

        def check(answer: bytes) -> None:
            if wanted.mode.acknowledged:
                try:
                    check_acknowledgement(answer, identifier)
                except NotAcknowledgedError as error:
                    raise NotAcceptedError(str(error)) from None

        self._sender.post(receiver.address, lambda: delivery(wanted, receiver, identifier, events), check, done)

    def ended(self, subscription: EventSubscription, ending: Ending, reason: str) -> None:
        """See ``Deliver``."""
        wanted: Subscribe = subscription.wanted.context
        receiver = wanted.end_to
        if receiver is None:
            return
        identifier = f"uuid:{self._identifier()}"
        message = subscription_ended(wanted, receiver, subscription.identifier, identifier, ending.value, reason)
        self._sender.post(receiver.address, lambda: message, lambda _: None, lambda _: None)


def wsman_events(
    cimom: Cimom, encoder: WsmanEncoder, identifier: Callable[[], str], sender: Sends, **options: Unpack[EventOptions]
) -> WsmanEvents:
    """Return the eventing of a CIMOM.

    Args:
        cimom: whose events are reported.
        encoder: writes the replies.
        identifier: see ``WsmanEvents``.
        sender: likewise.
        **options: see ``EventSubscriptions``.
    """
    events = WsmanEvents(cimom, encoder, identifier, sender)
    events.subscriptions = EventSubscriptions(cimom, events, **options)
    return events


def _item(notice: Notice) -> Item:
    """Return a notice as it goes out."""
    if notice.event is not None:
        written: Item = notice.event.written
        return written
    return BEAT if notice == HEARTBEAT else lost_events(notice.dropped)


def _stream_options(wanted: Subscribe) -> StreamOptions:
    batched = wanted.mode is DeliveryMode.EVENTS
    room = inf
    if wanted.max_envelope is not None:
        receiver = wanted.notify_to or Receiver("")
        room = wanted.max_envelope - DELIVERY_OVERHEAD - len(receiver.headers.encode())
    return StreamOptions(
        wanted.mode is DeliveryMode.PULL,
        (wanted.max_elements or _BATCH) if batched else 1,
        (wanted.max_time or 0.0) if batched else 0.0,
        wanted.heartbeat,
        _retries(wanted.retry),
        room,
        Oversize(wanted.oversize),
    )


def _retries(retry: Retry | None) -> Retries | None:
    return None if retry is None else Retries(retry.attempts, retry.seconds)


def _fault_of(error: CIMError) -> WsmanError:
    """Return the fault for what a Subscribe is refused with: a query has one of its own here."""
    if error.status_code in _OF_QUERIES:
        return WsmanError(CANNOT_PROCESS_EVENT_FILTER, error.status_description)
    return fault_of(error)


def _name(message: WsmanMessage) -> str:
    """Return the name of what a message asks for (``exchanges.EVENTING``)."""
    return type(message.eventing).__name__


def _parameters(message: WsmanMessage) -> tuple[tuple[str, str], ...]:
    match message.eventing:
        case None:
            return ()
        case Subscribe():
            return ("Mode", message.eventing.mode.name), ("Filter", message.eventing.query)
        case _:
            return (("Identifier", message.eventing.identifier),)
