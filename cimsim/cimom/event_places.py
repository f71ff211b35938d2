"""Who wants to know of what happens to the instances of a class, and what did since they were last told (rule WM-EV-6).

Many may want the same with WITHIN, each at times of its own. So a change is noted once, in a chain that only gets longer; who
compares looks along it from where it was when it began to wait. What nobody waits for any more is dropped.
"""

from typing import Final

from cimsim.cimom.event_subscription import Changes, EventSubscription
from cimsim.world.events import Change

MAX_CHANGES: Final = 10_000
"""Changes for which somebody waits; beyond it, comparisons come at once."""


class Place:
    """The subscriptions to events of one class of instances in a namespace, or of all.

    Attributes:
        at_once: those that are reported to at once.
    """

    def __init__(self) -> None:
        self.at_once: tuple[EventSubscription, ...] = ()
        # With WITHIN: those for which nothing has happened since their last comparison, and those that wait for the next one.
        self._idle: dict[EventSubscription, None] = {}
        self._waiting: dict[EventSubscription, None] = {}
        self._newest = Changes(None)
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self.at_once or self._idle or self._waiting)

    @property
    def all(self) -> tuple[EventSubscription, ...]:
        """All subscriptions."""
        return (*self.at_once, *self._idle, *self._waiting)

    def add(self, subscription: EventSubscription) -> None:
        """Add a subscription."""
        if subscription.query.within is None:
            self.at_once = (*self.at_once, subscription)
        else:
            self._idle[subscription] = None

    def remove(self, subscription: EventSubscription) -> None:
        """Remove a subscription."""
        self.at_once = tuple([each for each in self.at_once if each is not subscription])
        self._idle.pop(subscription, None)
        self._waiting.pop(subscription, None)

    def note(self, change: Change) -> list[EventSubscription]:
        """Note a change for those that compare; return the ones that begin to wait with it."""
        if not (self._idle or self._waiting):
            return []
        self._count += 1
        self._newest.next = self._newest = Changes(change)
        begun = list(self._idle)
        for each in begun:
            each.changes, each.changes_before = self._newest, self._count
        self._waiting |= self._idle
        self._idle.clear()
        return begun

    def overdue(self) -> list[EventSubscription]:
        """Return those that have waited for too many changes."""
        found = []
        for each in self._waiting:
            if self._count - each.changes_before < MAX_CHANGES:
                break
            found.append(each)
        return found

    def taken(self, subscription: EventSubscription) -> tuple[Changes | None, Changes]:
        """Return the first and the last change that a subscription compares, which then waits no longer."""
        self._waiting.pop(subscription, None)
        self._idle[subscription] = None
        first, subscription.changes = subscription.changes, None
        return first, self._newest
