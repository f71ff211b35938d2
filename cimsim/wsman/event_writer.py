"""Events on the wire: replies to messages of WS-Eventing, deliveries, and the acknowledgements of these (rules WM-EV)."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final, NamedTuple

from cimsim.operations.results import Projection
from cimsim.world.instances import Instance
from cimsim.world.values import DateTime
from cimsim.wsman.datetimes import to_xml
from cimsim.wsman.element_writer import instance_element
from cimsim.wsman.event_messages import DeliveryMode, Expiry, Receiver, Subscribe, event_context
from cimsim.wsman.resource_uris import Resource
from cimsim.wsman.soap_xml import SoapElement, XmlError, parse
from cimsim.wsman.uris import (
    ACK,
    ADDRESSING,
    ANONYMOUS,
    DROPPED_EVENTS,
    EVENT,
    EVENTING,
    EVENTS,
    HEARTBEAT,
    PREFIXES,
    SOAP,
    SUBSCRIPTION_END,
    XSI,
)

DELIVERY_OVERHEAD: Final = 2_048
"""Bytes of a delivery beside its events and the reference parameters."""
_DECLARATIONS: Final = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items()) + f' xmlns:xsi="{XSI}"'
_MAX_SHOWN: Final = 200
_END_OF_TIME: Final = 253_402_300_799
"""The last second of the year 9999."""
_MAX_ELEMENTS: Final = 1_000


class Item(NamedTuple):
    """An event or what stands for one: its Action, and the content of a Body."""

    action: str
    body: bytes


BEAT: Final = Item(HEARTBEAT, b"")


class NotAcknowledgedError(Exception):
    """A receiver did not acknowledge a delivery; the text says what it answered."""


def written_event(event: Instance, resource: Resource, columns: Projection | None) -> Item:
    """Return an event as its subscription gets it: the instance of its class, objects embedded (rule WM-EV-7)."""
    return Item(EVENT, instance_element(event, resource, columns))


def lost_events(count: int) -> Item:
    """Return what says that so many events were lost (rule WM-EV-12)."""
    return Item(DROPPED_EVENTS, f"<w:DroppedEvents>{count}</w:DroppedEvents>".encode())


# Replies


def subscribed(wanted: Subscribe, identifier: str, expires: Expiry, now: float) -> Iterator[bytes]:
    """Yield the reply to a Subscribe (rule WM-EV-2)."""
    context = ""
    if wanted.mode is DeliveryMode.PULL:
        context = f"<n:EnumerationContext>{event_context(identifier)}</n:EnumerationContext>"
    yield (
        f'<e:SubscribeResponse xmlns:e="{EVENTING}">{_manager(wanted, identifier)}{_expires(expires, now)}{context}'
        "</e:SubscribeResponse>"
    ).encode()


def renewed(expires: Expiry, now: float) -> Iterator[bytes]:
    """Yield the reply to a Renew."""
    return _ending("RenewResponse", expires, now)


def status(expires: Expiry, now: float) -> Iterator[bytes]:
    """Yield the reply to a GetStatus."""
    return _ending("GetStatusResponse", expires, now)


def _ending(name: str, expires: Expiry, now: float) -> Iterator[bytes]:
    yield f'<e:{name} xmlns:e="{EVENTING}">{_expires(expires, now)}</e:{name}>'.encode()


def pulled(identifier: str, events: Iterable[Item]) -> Iterator[bytes]:
    """Yield the reply to a Pull; what only stands for an event is wrapped into one (rule WM-EV-11)."""
    yield f"<n:PullResponse><n:EnumerationContext>{event_context(identifier)}</n:EnumerationContext><n:Items>".encode()
    for each in events:
        yield each.body if each.action == EVENT else _wrapped(each)
    yield b"</n:Items></n:PullResponse>"


def _manager(wanted: Subscribe, identifier: str) -> str:
    return (
        f"<e:SubscriptionManager><a:Address>{escape(wanted.to)}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{escape(wanted.resource.uri)}</w:ResourceURI><e:Identifier>{identifier}</e:Identifier>"
        "</a:ReferenceParameters></e:SubscriptionManager>"
    )


def _expires(expires: Expiry, now: float) -> str:
    """Return when a subscription ends, in the form in which its client said so (rule WM-EV-5)."""
    if expires.time is None:
        return ""
    text = f"PT{max(0.0, expires.time - now):.6f}S"
    if expires.absolute:
        text = to_xml(DateTime.at(min(expires.time, _END_OF_TIME)))[1]
    return f"<e:Expires>{text}</e:Expires>"


def _wrapped(event: Item) -> bytes:
    return b'<w:Event Action="%b">%b</w:Event>' % (event.action.encode(), event.body)


# Deliveries


def delivery(wanted: Subscribe, to: Receiver, identifier: str, events: list[Item]) -> bytes:
    """Return the message that brings events to a receiver (rules WM-EV-8 to WM-EV-10).

    Args:
        wanted: the subscription.
        to: the receiver.
        identifier: becomes the MessageID, which an acknowledgement refers to.
        events: one, or several in mode Events.
    """
    if wanted.mode is DeliveryMode.EVENTS:
        action, body = EVENTS, b"<w:Events>%b</w:Events>" % b"".join(map(_wrapped, events))
    else:
        ((action, body),) = events
    asks = f"<a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo><w:AckRequested/>" if wanted.mode.acknowledged else ""
    further = f"<w:ResourceURI>{escape(wanted.resource.uri)}</w:ResourceURI>{asks}"
    return _message(action, to, identifier, further, body)


def subscription_ended(wanted: Subscribe, to: Receiver, subscription: str, identifier: str, status: str, reason: str) -> bytes:
    """Return the message that reports the end of a subscription (rule WM-EV-14)."""
    body = (
        f'<e:SubscriptionEnd xmlns:e="{EVENTING}">{_manager(wanted, subscription)}<e:Status>{EVENTING}/{status}</e:Status>'
        f'<e:Reason xml:lang="en-US">{escape(reason, quote=False)}</e:Reason></e:SubscriptionEnd>'
    )
    return _message(SUBSCRIPTION_END, to, identifier, "", body.encode("utf-8", "replace"))


def _message(action: str, to: Receiver, identifier: str, further: str, body: bytes) -> bytes:
    head = (
        f"<s:Envelope {_DECLARATIONS}><s:Header><a:To>{escape(to.address)}</a:To><a:Action>{action}</a:Action>"
        f"<a:MessageID>{identifier}</a:MessageID>{further}{to.headers}</s:Header><s:Body>"
    )
    return b"%b%b</s:Body></s:Envelope>" % (head.encode("utf-8", "replace"), body)


def check_acknowledgement(body: bytes, identifier: str) -> None:
    """Check that a receiver has acknowledged the message of an identifier (rule WM-EV-9).

    Raises:
        NotAcknowledgedError: it has not.
    """
    try:
        root = parse(body, max_elements=_MAX_ELEMENTS)
    except XmlError as error:
        raise NotAcknowledgedError(f"the event was not acknowledged: {error}") from None
    header = root.find(SOAP, "Header")
    action, relates = _text(header, "Action"), _text(header, "RelatesTo")
    if action != ACK:
        fault = root.find(SOAP, "Body") or root
        said = "a fault" if fault.find(SOAP, "Fault") is not None else repr(action[:_MAX_SHOWN])
        raise NotAcknowledgedError(f"the event was not acknowledged: the answer is {said}, not {ACK}")
    if relates != identifier:
        raise NotAcknowledgedError(f"the acknowledgement relates to {relates[:_MAX_SHOWN]!r}, not to {identifier!r}")


def _text(header: SoapElement | None, name: str) -> str:
    found = header.find(ADDRESSING, name) if header is not None else None
    return "" if found is None else found.stripped
