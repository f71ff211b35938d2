"""What waits for delivery: a queue for each listener, tries that are repeated, and numbers that show losses.

A listener gets its indications in order, one at a time. The strategy:

* A delivery that fails is tried again on the clock of the CIMOM (rule I22), with the same sequence number (I23); what comes
  behind it waits. After the last try it is given up, and the ``lost`` of the queues is called.
* A full queue loses its oldest indication: the latest state of things is worth most, and the listener sees the gap in the
  sequence numbers (I24).
* A listener without active subscriptions is forgotten, with all that waits for it (I11).
"""

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import msgspec
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
"""Called when a try has ended: with None if it went well, else with why it failed."""

_MAX_NUMBER: Final = 2**63 - 1


class Payload:
    """An indication as all its listeners get it, seen through the columns of a query; ``columns`` None shows all of it.

    ``memo`` belongs to codecs, which keep there what they rendered.
    """

    __slots__ = ("columns", "indication", "memo")

    def __init__(self, indication: Instance, columns: Projection | None = None) -> None:
        self.indication = indication
        self.columns = columns
        self.memo: Any = None


class Outgoing(msgspec.Struct, frozen=True):
    """An indication on its way. ``own``: the properties that are NULL in the payload and that each listener has its own of."""

    payload: Payload
    own: Mapping[str, Any] = NO_PROPERTIES

    def complete(self) -> Instance:
        """Return the indication as this listener gets it."""
        return filled(self.payload.indication, self.own)


Send = Callable[[str, Outgoing, Done], None]
"""Begins to send an indication to a URL. ``Done`` is called once, and never within the call."""


class Retries(msgspec.Struct, frozen=True):
    """How often, and after how many seconds, a failed delivery is tried again."""

    attempts: int
    interval: float


class DeliveryCount(msgspec.Struct):
    """What became of the indications of a subscription: ``failed`` counts tries, ``last_error`` is why the last one failed."""

    sent: int = 0
    failed: int = 0
    last_error: str = ""


class Lost(msgspec.Struct, frozen=True):
    """A delivery that was given up: of which subscription, and for how many seconds deliveries have failed since the first."""

    subscription: Identity
    destination: Destination
    seconds: float


class _Delivery(msgspec.Struct, frozen=True):
    subscription: Identity
    outgoing: Outgoing


class _Queue(msgspec.Struct):
    """What waits for a listener. ``context`` and ``number`` are those of the next indication."""

    destination: Destination
    context: str
    number: int = 0
    waiting: deque[_Delivery] = msgspec.field(default_factory=deque)
    current: _Delivery | None = None
    failures: int = 0
    failing_since: float | None = None
    alarm: Alarm | None = None
    full: bool = False
    closed: bool = False


class DeliveryQueues:
    """The queues of all listeners.

    Args:
        clock: the clock of the CIMOM.
        send: sends an indication.
        retries: returns how often to try again now.
        lost: called for each delivery that was given up.
        most: indications that may wait for one listener, besides the one that is being sent.
        name: begins the names of sequences; unique to this run.

    Attributes:
        total: what became of the indications of all subscriptions there were.
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
        self._queues: dict[Identity, _Queue] = {}
        self._counts: dict[Identity, DeliveryCount] = {}
        self.total = DeliveryCount()

    def post(self, subscription: Identity, destination: Destination, payload: Payload, name: str | None = None) -> None:
        """Put an indication into the queue of a listener; its place in the sequence is filled in (rule I23).

        ``name`` is that of the filter.
        """
        queue = self._queues.get(destination.identity)
        if queue is None:
            self._contexts += 1
            queue = self._queues[destination.identity] = _Queue(destination, f"{self._name}:{self._contexts}")
        own = {"IndicationFilterName": name, "SequenceContext": queue.context, "SequenceNumber": queue.number}
        queue.number = 0 if queue.number == _MAX_NUMBER else queue.number + 1
        if len(queue.waiting) >= self._most:
            queue.waiting.popleft()
            if not queue.full:
                queue.full = True
                text = "{url}: more than {most} indications wait; the oldest are dropped"
                self.log.warn(text, url=destination.url, most=self._most)  # noqa: G010 - Twisted's name
        queue.waiting.append(_Delivery(subscription, Outgoing(payload, own)))
        if queue.current is None:
            self._next(queue)

    def begin(self, subscription: Identity, destination: Destination) -> None:
        """Deliver for a subscription from now on, or to its destination as this is now."""
        before = self._active.get(subscription)
        if before is not None and before.identity != destination.identity:
            self.end(subscription)
        self._active[subscription] = destination
        self._users.setdefault(destination.identity, set()).add(subscription)
        queue = self._queues.get(destination.identity)
        if queue is not None:
            queue.destination = destination

    def end(self, subscription: Identity) -> None:
        """Forget what waits for a subscription, and its listener if it was the last one (rule I11)."""
        destination = self._active.pop(subscription, None)
        if destination is None:
            return
        self._counts.pop(subscription, None)
        users = self._users[destination.identity]
        users.discard(subscription)
        queue = self._queues.get(destination.identity)
        if not users:
            del self._users[destination.identity]
            if queue is not None:
                self._close(self._queues.pop(destination.identity))
        elif queue is not None:
            queue.waiting = deque(each for each in queue.waiting if each.subscription != subscription)
            if queue.alarm is not None and queue.current is not None and queue.current.subscription == subscription:
                queue.alarm.cancel()
                self._next(queue)

    def close(self) -> None:
        """Forget everything."""
        for subscription in list(self._active):
            self.end(subscription)
        for queue in self._queues.values():
            self._close(queue)
        self._queues.clear()

    def waiting(self, destination: Identity) -> int:
        """Return how many indications are not delivered yet."""
        queue = self._queues.get(destination)
        return 0 if queue is None else len(queue.waiting) + (queue.current is not None)

    def count(self, subscription: Identity) -> DeliveryCount:
        """Return what became of the indications of an active subscription."""
        return self._counts.get(subscription) or DeliveryCount()

    def queued(self, subscription: Identity) -> int:
        """Return how many indications of an active subscription are not delivered yet."""
        destination = self._active.get(subscription)
        queue = None if destination is None else self._queues.get(destination.identity)
        if queue is None:
            return 0
        waiting = sum(each.subscription == subscription for each in queue.waiting)
        return waiting + (queue.current is not None and queue.current.subscription == subscription)

    def lengths(self) -> dict[str, int]:
        """Return how many indications wait, by the URL of the listener."""
        lengths: dict[str, int] = {}
        for identity, queue in self._queues.items():
            lengths[queue.destination.url] = lengths.get(queue.destination.url, 0) + self.waiting(identity)
        return lengths

    def _close(self, queue: _Queue) -> None:
        queue.closed = True
        if queue.alarm is not None:
            queue.alarm.cancel()

    def _next(self, queue: _Queue) -> None:
        queue.failures, queue.alarm = 0, None
        queue.current = queue.waiting.popleft() if queue.waiting else None
        queue.full = queue.full and bool(queue.waiting)
        if queue.current is not None:
            self._try(queue)

    def _try(self, queue: _Queue) -> None:
        queue.alarm = None
        if queue.current is not None:
            self._send(queue.destination.url, queue.current.outgoing, partial(self._done, queue))

    def _done(self, queue: _Queue, reason: str | None) -> None:
        delivery = queue.current
        if queue.closed or delivery is None:
            return
        if delivery.subscription not in self._active:
            queue.failing_since = None if reason is None else queue.failing_since
            self._next(queue)
            return
        count = self._counts.setdefault(delivery.subscription, DeliveryCount())
        if reason is None:
            count.sent += 1
            self.total.sent += 1
            queue.failing_since = None
            self._next(queue)
            return
        count.failed += 1
        self.total.failed += 1
        count.last_error = self.total.last_error = reason
        queue.failures += 1
        retries = self._retries()
        if queue.failures <= retries.attempts:
            self.log.debug("{url}: {reason}", url=queue.destination.url, reason=reason)
            queue.alarm = self._clock.call_after(retries.interval, partial(self._try, queue))
            return
        now = self._clock.now()
        if queue.failing_since is None:
            queue.failing_since = now
            text = "{url}: an indication was not delivered: {reason}"
            self.log.warn(text, url=queue.destination.url, reason=reason)  # noqa: G010 - Twisted's name
        lost = Lost(delivery.subscription, queue.destination, now - queue.failing_since)
        self._lost(lost)
        # What is done about it may have ended the subscription, and so closed the queue.
        if not queue.closed and queue.current is delivery and queue.alarm is None:
            self._next(queue)


def filled(indication: Instance, properties: Mapping[str, object]) -> Instance:
    """Return an indication with values for those of the properties that its class has."""
    index = indication.cls.index
    return indication.with_values({index[fold(name)]: each for name, each in properties.items() if fold(name) in index})
