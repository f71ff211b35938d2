"""What the messages of WS-Eventing ask for (rules WM-EV), as the layers above see it."""

from enum import Enum
from typing import Final, NamedTuple

import msgspec

from cimsim.wsman.resource_uris import Resource
from cimsim.wsman.uris import EVENTS_MODE, PULL_MODE, PUSH_MODE, PUSH_WITH_ACK_MODE

_CONTEXT: Final = "subscription:"
"""In front of the identifier of a subscription in a context; those of enumerations are base64, which has no colon."""


class DeliveryMode(Enum):
    """How events come to the client (rule WM-EV-3)."""

    PUSH = PUSH_MODE
    PUSH_WITH_ACK = PUSH_WITH_ACK_MODE
    EVENTS = EVENTS_MODE
    PULL = PULL_MODE

    @property
    def acknowledged(self) -> bool:
        """Whether the client acknowledges each delivery."""
        return self in (DeliveryMode.PUSH_WITH_ACK, DeliveryMode.EVENTS)


class Receiver(msgspec.Struct, frozen=True):
    """Where messages are sent: a URL, and the headers that are written into each, which are its reference parameters."""

    address: str
    headers: str = ""


class Expiry(NamedTuple):
    """When a subscription ends: seconds since 1970-01-01 UTC, None for never; and whether the client gave a point in time."""

    time: float | None
    absolute: bool = False


class Retry(NamedTuple):
    """How often a delivery is tried again, and after how many seconds."""

    attempts: int
    seconds: float


class Subscribe(msgspec.Struct, frozen=True):
    """A subscription that a client wants.

    Attributes:
        resource: whose form the URIs in events take.
        namespace: whose events are wanted.
        language: of the query.
        query: its text.
        mode: how the events come.
        notify_to: where to, where they are pushed.
        end_to: where it is reported that the subscription has ended; None: nowhere.
        expires: when it ends.
        heartbeat: seconds without an event after which there is a heartbeat; None: none is wanted.
        retry: of failed deliveries; None: the client does not say.
        max_elements: most events in a batch; None: the client does not say.
        max_time: seconds for which an event waits for others; None: it does not.
        max_envelope: most bytes of a delivery; None: any.
        oversize: what becomes of an event that is too long: ``CancelSubscription``, ``Skip`` or ``Notify``.
        to: the address by which the client calls this server.
    """

    resource: Resource
    namespace: str
    language: str
    query: str
    mode: DeliveryMode
    notify_to: Receiver | None
    end_to: Receiver | None
    expires: Expiry
    heartbeat: float | None
    retry: Retry | None
    max_elements: int | None
    max_time: float | None
    max_envelope: int | None
    oversize: str
    to: str


class Renew(msgspec.Struct, frozen=True):
    """A subscription is to end at another time."""

    identifier: str
    expires: Expiry


class GetStatus(msgspec.Struct, frozen=True):
    """A client asks when a subscription is to end."""

    identifier: str


class Unsubscribe(msgspec.Struct, frozen=True):
    """A subscription is to end."""

    identifier: str


class PullEvents(msgspec.Struct, frozen=True):
    """Events are wanted: at most so many, in an envelope of so many bytes, within so many seconds."""

    identifier: str
    max_elements: int
    max_envelope: int
    seconds: float


EventingRequest = Subscribe | Renew | GetStatus | Unsubscribe | PullEvents


def event_context(identifier: str) -> str:
    """Return the context by which the events of a subscription are pulled."""
    return f"{_CONTEXT}{identifier}"


def subscription_of(context: str) -> str | None:
    """Return the identifier of the subscription that a context is for; None: it is that of an enumeration."""
    return context.removeprefix(_CONTEXT) if context.startswith(_CONTEXT) else None
