"""One event subscription: what its client wants, and what belongs to it (rules WM-EV-1 to WM-EV-5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import msgspec

from cimsim.cimom.clock import Alarm
from cimsim.cimom.delivery_queues import Done
from cimsim.cimom.event_sources import EventQuery
from cimsim.cimom.event_streams import Notice, StreamOptions, WrittenEvent
from cimsim.operations.results import Projection
from cimsim.world.events import Change
from cimsim.world.instances import Instance


class Ending(Enum):
    """Why a subscription ends that nobody cancelled."""

    DELIVERY_FAILURE = "DeliveryFailure"
    SOURCE_CANCELLING = "SourceCancelling"


class UnknownSubscriptionError(LookupError):
    """There is no such subscription, or none of that user."""


class WantedEvents(msgspec.Struct, frozen=True):
    """What a client subscribes to.

    Attributes:
        namespace: whose events it wants.
        language: of the query.
        query: its text.
        stream: how events are handed out.
        expires: when the subscription ends, in seconds since 1970-01-01 UTC; None: never by itself.
        context: what the codec needs to deliver its events.
    """

    namespace: str
    language: str
    query: str
    stream: StreamOptions
    expires: float | None
    context: Any


class Changes:
    """A change of an instance, and the one after it."""

    __slots__ = ("change", "next")

    def __init__(self, change: Change | None) -> None:
        self.change = change
        self.next: Changes | None = None


@dataclass(slots=True, eq=False)
class EventSubscription:
    """A subscription.

    Attributes:
        identifier: that its client names it by.
        owner: the user who made it.
        wanted: what it is to.
        query: what selects its events.
        begun: when it was made, in seconds since 1970-01-01 UTC.
        expires: when it ends, as it was renewed last.
        stream: hands its events out.
        queue: holds them.
        alarm: ends it.
        poll: compares the instances that changed.
        changes: the first change that the next comparison looks at.
        changes_before: how many there were before it.
        ended: it has.
    """

    identifier: str
    owner: str | None
    wanted: WantedEvents
    query: EventQuery
    begun: float
    expires: float | None = None
    stream: Any = None
    queue: Any = None
    alarm: Alarm | None = None
    poll: Alarm | None = None
    changes: Changes | None = None
    changes_before: int = 0
    ended: bool = False


class Deliver(Protocol):
    """What brings events to clients."""

    def write(self, subscription: EventSubscription, event: Instance, columns: Projection | None) -> WrittenEvent:
        """Write an event for a subscription; ``columns`` None shows all of it."""
        ...

    def send(self, subscription: EventSubscription, notices: Sequence[Notice], done: Done) -> None:
        """Begin a delivery. ``done`` is called once, never within the call: with None if it went well, else with a reason."""
        ...

    def ended(self, subscription: EventSubscription, ending: Ending, reason: str) -> None:
        """Report to whom it concerns that a subscription has ended."""
        ...
