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
from typing import Final, NamedTuple

from twisted.logger import Logger

from cimsim.cimom.clock import Alarm, Clock
from cimsim.cimom.subscriptions import Destination
from cimsim.operations.results import Projection
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import Identity

Done = Callable[[str | None], None]
"""Told how a try ended: None for well, or why it failed."""

_MOST: Final = 2**63 - 1


class Outgoing(NamedTuple):
    """An indication on its way, seen through the columns of a query; ``columns`` None shows all of it."""

    indication: Instance
    columns: Projection | None


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
        self._active: Mapping[Identity, Destination] = {}
        self._boxes: dict[Identity, _Mailbox] = {}

    def post(
        self, subscription: Identity, destination: Destination, indication: Instance, columns: Projection | None = None
    ) -> None:
        """Put an indication into the queue of a listener; its place in the sequence is filled in (rule I23)."""
        box = self._boxes.get(destination.identity)
        if box is None:
            self._contexts += 1
            box = self._boxes[destination.identity] = _Mailbox(destination, f"{self._name}:{self._contexts}")
        numbered = filled(indication, {"SequenceContext": box.context, "SequenceNumber": box.number})
        box.number = 0 if box.number == _MOST else box.number + 1
        if len(box.waiting) >= self._most:
            box.waiting.popleft()
            if not box.full:
                box.full = True
                text = "{url}: more than {most} indications wait; the oldest are dropped"
                self.log.warn(text, url=destination.url, most=self._most)  # noqa: G010 - Twisted's name
        box.waiting.append(_Parcel(subscription, Outgoing(numbered, columns)))
        if box.current is None:
            self._next(box)

    def keep(self, active: Mapping[Identity, Destination]) -> None:
        """Forget what waits for others than these subscriptions, and listeners without any of them."""
        self._active = active
        known = {each.identity: each for each in active.values()}
        for identity, box in list(self._boxes.items()):
            if identity not in known:
                self._close(self._boxes.pop(identity))
                continue
            box.destination = known[identity]
            box.waiting = deque(each for each in box.waiting if each.subscription in active)
            if box.alarm is not None and box.current is not None and box.current.subscription not in active:
                box.alarm.cancel()
                self._next(box)

    def close(self) -> None:
        """Forget everything."""
        self.keep({})

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
