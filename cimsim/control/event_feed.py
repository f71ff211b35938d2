"""What happens in a CIMOM, for those who listen: exchanges, changes of instances, clock, fault rules and snapshots.

A feed follows the journal and the CIMOM only while somebody listens, and for a minute afterwards, so that a listener that comes
back can go on where it was. What happens is noted at once and written later, a little at a time: a client of CIM waits for
neither. Where more happens than can be written, the oldest is dropped, and the listeners learn that something is lost.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from cimsim.cimom.journal import Entry
from cimsim.control.calls_api import record_of
from cimsim.control.clock_api import state
from cimsim.control.event_messages import ChangeEvent, CountEvent, LostEvent
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.events import Change, Event
from cimsim.world.world import World

HEARTBEAT_SECONDS: Final = 15.0
LINGER_SECONDS: Final = 60.0
MAX_LISTENERS: Final = 50
MAX_WAITING: Final = 5_000
"""How many events may wait to be written."""
MAX_KEPT: Final = 1_000
MAX_KEPT_BYTES: Final = 4 * 1024 * 1024
"""How many events, of how many bytes, are kept for listeners that come back."""
_POLL_SECONDS: Final = 0.25
_WRITTEN_AT_ONCE: Final = 100
_MAX_CALLS: Final = 100
"""How many calls of a batch an event shows."""
_MEMO: Final = "event_feed"
HEARTBEAT: Final = b": heartbeat\n\n"


class Listens(Protocol):
    """Wants the events of a feed."""

    def send(self, data: bytes) -> None:
        """Take an event, or a heartbeat, as it is written."""
        ...

    def end(self) -> None:
        """Take no more: the feed has ended."""
        ...


class _Kept(NamedTuple):
    number: int
    data: bytes


class EventFeed:
    """The events of one CIMOM.

    Args:
        controlled: the CIMOM.
        reactor: makes calls later.
    """

    def __init__(self, controlled: ControlledCimom, reactor: Any) -> None:
        self._controlled = controlled
        self._reactor = reactor
        self._listeners: list[Listens] = []
        self._waiting: deque[Entry | Change] = deque()
        self._lost = False
        self._flush: Any = None
        self._kept: deque[_Kept] = deque()
        self._kept_bytes = 0
        self._last = 0
        self._epoch = ""
        self._unfollow: Callable[[], None] | None = None
        self._timer: Any = None
        self._beat = 0.0
        self._idle = 0.0
        self._states: dict[str, Any] = {}

    @classmethod
    def of(cls, controlled: ControlledCimom, reactor: Any) -> "EventFeed":
        """Return the feed of a CIMOM, which is made when it is first asked for."""
        feed: EventFeed | None = controlled.memo.get(_MEMO)
        if feed is None:
            feed = controlled.memo[_MEMO] = cls(controlled, reactor)
        return feed

    @property
    def is_full(self) -> bool:
        """Whether no more listeners are taken."""
        return len(self._listeners) >= MAX_LISTENERS

    def join(self, listener: Listens, since: str | None) -> None:
        """Send events to a listener from now on, first those that are kept after the one of the identifier ``since``."""
        self._start()
        listener.send(b": connected\n\n")
        if since:
            for each in self._missed(since):
                listener.send(each)
        self._listeners.append(listener)

    def leave(self, listener: Listens) -> None:
        """Send no more events to a listener; does nothing if none are sent."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def _missed(self, since: str) -> list[bytes]:
        epoch, _, number = since.rpartition(".")
        seen = int(number) if number.isdecimal() and len(number) < 19 else -1
        oldest = self._kept[0].number if self._kept else self._last + 1
        if epoch != self._epoch or not oldest - 1 <= seen <= self._last:
            return [self._written("lost", LostEvent("events since then are not kept"), self._last)]
        return [each.data for each in self._kept if each.number > seen]

    # Following

    def _start(self) -> None:
        self._idle = 0.0
        if self._timer is not None:
            return
        self._epoch = f"{int(self._controlled.wall() * 1000):x}"
        self._last = 0
        self._states = self._looked_at()
        self._unfollow = self._controlled.journal.follow(self._note)
        self._controlled.cimom.listeners.append(self._observe)
        self._timer = self._reactor.callLater(_POLL_SECONDS, self._poll)

    def _stop(self) -> None:
        if self._unfollow is not None:
            self._unfollow()
        self._controlled.cimom.listeners.remove(self._observe)
        self._timer = None
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        self._waiting.clear()
        self._kept.clear()
        self._kept_bytes = 0

    def _observe(self, _: World, events: Sequence[Event]) -> None:
        if not events:
            # Another world was put in the place of the one there was.
            self._lose()
        for event in events:
            if isinstance(event, Change):
                self._note(event)
                if self._lost:
                    return

    def _note(self, it: Entry | Change) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._lose()
            return
        self._waiting.append(it)
        if self._flush is None:
            self._flush = self._reactor.callLater(0, self._write)

    def _lose(self) -> None:
        self._lost = True
        self._waiting.clear()
        if self._flush is None:
            self._flush = self._reactor.callLater(0, self._write)

    def _write(self) -> None:
        self._flush = None
        if self._lost:
            self._lost = False
            self._send("lost", LostEvent("some events are left out: what was shown may be old"))
        for _ in range(min(_WRITTEN_AT_ONCE, len(self._waiting))):
            it = self._waiting.popleft()
            if isinstance(it, Entry):
                self._send("exchange", record_of(it, list(it.exchange.calls[:_MAX_CALLS])))
            else:
                instance = it.after or it.before
                if instance is not None:
                    self._send("change", ChangeEvent(it.kind.value, str(instance.path), instance.cls.name))
        if self._waiting:
            self._flush = self._reactor.callLater(0, self._write)

    def _poll(self) -> None:
        """Look at what reports no changes of its own; send heartbeats; stop when nobody has listened for long."""
        self._timer = self._reactor.callLater(_POLL_SECONDS, self._poll)
        found = self._looked_at()
        for name, value in found.items():
            if value != self._states[name]:
                self._send(name, self._message(name))
        self._states = found
        self._beat += _POLL_SECONDS
        if self._beat >= HEARTBEAT_SECONDS:
            self._beat = 0.0
            for each in tuple(self._listeners):
                each.send(HEARTBEAT)
        self._idle = 0.0 if self._listeners else self._idle + _POLL_SECONDS
        if self._idle >= LINGER_SECONDS:
            self._timer.cancel()
            self._stop()

    def _looked_at(self) -> dict[str, Any]:
        controlled = self._controlled
        clock, cimom = controlled.cimom.clock, controlled.cimom
        now = None if clock.running else clock.now()
        return {
            "clock": (clock.running, now, clock.due, len(cimom.world.agenda.waits)),
            "faults": [(each.number, each.matched, each.hits) for each in cimom.faults],
            "snapshots": [(each.name, each.time) for each in controlled.snapshots],
        }

    def _message(self, name: str) -> Any:
        if name == "clock":
            return state(self._controlled)
        return CountEvent(len(self._controlled.cimom.faults if name == "faults" else self._controlled.snapshots))

    # Sending

    def _send(self, kind: str, message: Any) -> None:
        self._last += 1
        data = self._written(kind, message, self._last)
        self._kept.append(_Kept(self._last, data))
        self._kept_bytes += len(data)
        while len(self._kept) > MAX_KEPT or self._kept_bytes > MAX_KEPT_BYTES:
            self._kept_bytes -= len(self._kept.popleft().data)
        for each in tuple(self._listeners):
            each.send(data)

    def _written(self, kind: str, message: Any, number: int) -> bytes:
        written = msgspec.json.encode(message, enc_hook=str)
        return b"id: %b.%d\nevent: %b\ndata: %b\n\n" % (self._epoch.encode(), number, kind.encode(), written)
