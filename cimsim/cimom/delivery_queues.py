"""What waits for delivery: a queue for each listener, tries that are repeated, and numbers that tell of losses.

A listener gets its indications in order, one at a time. The strategy:

* A delivery that fails is tried again on the clock of the CIMOM (rule I22), with the same sequence number (I23); what comes
  behind it waits. After the last try it is given up, and whoever made the outbox is told.
* A full queue loses its oldest indication: the latest state of things is worth most, and the listener sees the gap in the
  sequence numbers (I24).
* A listener without active subscriptions is forgotten, with all that waits for it (I11).
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from twisted.logger import Logger

from cimsim.cimom.active_subscriptions import Destination
from cimsim.cimom.clock import Alarm, Clock
from cimsim.operations.results import Projection
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import Identity

NO_PROPERTIES: Final[Mapping[str, Any]] = MappingProxyType({})
OWN: Final = ("IndicationFilterName", "SequenceContext", "SequenceNumber")
"""The properties that each listener has its own of (rule I23)."""

Done = Callable[[str | None], None]
"""Told how a try ended: None for well, or why it failed."""

_MOST: Final = 2**63 - 1


class Payload:
    """An indication as all its listeners get it, seen through the columns of a query; ``columns`` None shows all of it.

    ``memo`` belongs to codecs, which keep there what they rendered.
    """

    __slots__ = ("columns", "indication", "memo")

    def __init__(self, indication: Instance, columns: Projection | None = None) -> None:
        self.indication = indication
        self.columns = columns
        self.memo: Any = None


class Outgoing(NamedTuple):
    """An indication on its way. ``own``: the properties that are NULL in the payload and that each listener has its own of."""

    payload: Payload
    own: Mapping[str, Any] = NO_PROPERTIES

    def whole(self) -> Instance:
        """Return the indication as this listener gets it."""
        return filled(self.payload.indication, self.own)


Send = Callable[[str, Outgoing, Done], None]
"""Begins to send an indication to a URL. ``Done`` is called once, and never within the call."""


class Retries(NamedTuple):
    """How often, and after how many seconds, a failed delivery is tried again."""

    attempts: int
    interval: float


class Lost(NamedTuple):
    """A delivery that was given up: of which subscription, and for how many seconds deliveries have failed since the first."""

    subscription: Identity
    destination: Destination
    seconds: float


class _Parcel(NamedTuple):
    subscription: Identity
    outgoing: Outgoing


@dataclass
class _Mailbox:
    """What waits for a listener. ``context`` and ``number`` are those of the next indication."""

    destination: Destination
    context: str
    number: int = 0
    waiting: deque[_Parcel] = field(default_factory=deque)
    current: _Parcel | None = None
    failures: int = 0
    failing_since: float | None = None
    alarm: Alarm | None = None
    full: bool = False
    closed: bool = False


class Outbox:
    """The queues of all listeners.

    Args:
        clock: the clock of the CIMOM.
        send: sends an indication.
        retries: tells how often to try again now.
        lost: is told of each delivery that was given up.
        most: indications that may wait for one listener, besides the one that is being sent.
        name: begins the names of sequences; unique to this run.
    """

    log = Logger()

    def __init__(
        self, clock: Clock, send: Send, retries: Callable[[], Retries], lost: Callable[[Lost], None], *, most: int, name: str
    ) -> None:
        self._clock = clock
        self._send = send
        self._retries = retries
        self._lost = lost
        self._most = most
        self._name = name
        self._contexts = 0
        self._active: dict[Identity, Destination] = {}
        # The active subscriptions of each destination.
        self._users: dict[Identity, set[Identity]] = {}
        self._boxes: dict[Identity, _Mailbox] = {}

    def post(self, subscription: Identity, destination: Destination, payload: Payload, name: str | None = None) -> None:
        """Put an indication into the queue of a listener; its place in the sequence is filled in (rule I23).

        ``name`` is that of the filter.
        """
        box = self._boxes.get(destination.identity)
        if box is None:
            self._contexts += 1
            box = self._boxes[destination.identity] = _Mailbox(destination, f"{self._name}:{self._contexts}")
        own = {"IndicationFilterName": name, "SequenceContext": box.context, "SequenceNumber": box.number}
        box.number = 0 if box.number == _MOST else box.number + 1
        if len(box.waiting) >= self._most:
            box.waiting.popleft()
            if not box.full:
                box.full = True
                text = "{url}: more than {most} indications wait; the oldest are dropped"
                self.log.warn(text, url=destination.url, most=self._most)  # noqa: G010 - Twisted's name
        box.waiting.append(_Parcel(subscription, Outgoing(payload, own)))
        if box.current is None:
            self._next(box)

    def begin(self, subscription: Identity, destination: Destination) -> None:
        """Deliver for a subscription from now on, or to its destination as this is now."""
        before = self._active.get(subscription)
        if before is not None and before.identity != destination.identity:
            self.end(subscription)
        self._active[subscription] = destination
        self._users.setdefault(destination.identity, set()).add(subscription)
        box = self._boxes.get(destination.identity)
        if box is not None:
            box.destination = destination

    def end(self, subscription: Identity) -> None:
        """Forget what waits for a subscription, and its listener if it was the last one (rule I11)."""
        destination = self._active.pop(subscription, None)
        if destination is None:
            return
        users = self._users[destination.identity]
        users.discard(subscription)
        box = self._boxes.get(destination.identity)
        if not users:
            del self._users[destination.identity]
            if box is not None:
                self._close(self._boxes.pop(destination.identity))
        elif box is not None:
            box.waiting = deque(each for each in box.waiting if each.subscription != subscription)
            if box.alarm is not None and box.current is not None and box.current.subscription == subscription:
                box.alarm.cancel()
                self._next(box)

    def close(self) -> None:
        """Forget everything."""
        for subscription in list(self._active):
            self.end(subscription)
        for box in self._boxes.values():
            self._close(box)
        self._boxes.clear()

    def waiting(self, destination: Identity) -> int:
        """Return how many indications are not delivered yet."""
        box = self._boxes.get(destination)
        return 0 if box is None else len(box.waiting) + (box.current is not None)

    def _close(self, box: _Mailbox) -> None:
        box.closed = True
        if box.alarm is not None:
            box.alarm.cancel()

    def _next(self, box: _Mailbox) -> None:
        box.failures, box.alarm = 0, None
        box.current = box.waiting.popleft() if box.waiting else None
        box.full = box.full and bool(box.waiting)
        if box.current is not None:
            self._try(box)

    def _try(self, box: _Mailbox) -> None:
        box.alarm = None
        if box.current is not None:
            self._send(box.destination.url, box.current.outgoing, partial(self._done, box))

    def _done(self, box: _Mailbox, reason: str | None) -> None:
        parcel = box.current
        if box.closed or parcel is None:
            return
        if reason is None:
            box.failing_since = None
            self._next(box)
            return
        if parcel.subscription not in self._active:
            self._next(box)
            return
        box.failures += 1
        retries = self._retries()
        if box.failures <= retries.attempts:
            self.log.debug("{url}: {reason}", url=box.destination.url, reason=reason)
            box.alarm = self._clock.call_after(retries.interval, partial(self._try, box))
            return
        now = self._clock.now()
        if box.failing_since is None:
            box.failing_since = now
            text = "{url}: an indication was not delivered: {reason}"
            self.log.warn(text, url=box.destination.url, reason=reason)  # noqa: G010 - Twisted's name
        lost = Lost(parcel.subscription, box.destination, now - box.failing_since)
        self._lost(lost)
        # What is done about it may have ended the subscription, and so closed the mailbox.
        if not box.closed and box.current is parcel and box.alarm is None:
            self._next(box)


def filled(indication: Instance, properties: Mapping[str, object]) -> Instance:
    """Return an indication with values for those of the properties that its class has."""
    index = indication.cls.index
    return indication.with_values({index[fold(name)]: each for name, each in properties.items() if fold(name) in index})
