"""What one event subscription has yet to hand out: pushed to where its client wants it, or kept until the client pulls it.

Each subscription is a stream of its own: in order, nothing twice unless a delivery failed, and what was lost is signalled where
it would have come (rules WM-EV-8 to WM-EV-13). All waiting is done on the clock of the CIMOM.
"""

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from math import inf
from typing import Any, Final, NamedTuple

import msgspec
from twisted.logger import Logger

from cimsim.cimom.clock import Alarm, Clock
from cimsim.cimom.delivery_queues import Done, Retries


class WrittenEvent(NamedTuple):
    """An event as a codec wrote it for its subscription, and how many bytes that takes."""

    written: Any
    size: int


class Notice(NamedTuple):
    """Something to hand out: an event, or how many were lost; a heartbeat if it is neither."""

    event: WrittenEvent | None = None
    dropped: int = 0


HEARTBEAT: Final = Notice()


class Oversize(Enum):
    """What becomes of an event that is longer than the client takes."""

    CANCEL = "CancelSubscription"
    SKIP = "Skip"
    NOTIFY = "Notify"


class StreamOptions(msgspec.Struct, frozen=True):
    """How events are handed out.

    Attributes:
        pulled: the client pulls them; else they are pushed.
        batch: most events in one delivery.
        wait: seconds for which a delivery waits until its batch is full; 0: it does not.
        heartbeat: seconds without a delivery after which there is one without events; None: never.
        retries: how often a delivery that failed is tried again; None: as the CIMOM's indication service has it.
        room: bytes of events in one delivery.
        oversize: what becomes of an event that is longer than this.
    """

    pulled: bool
    batch: int = 1
    wait: float = 0.0
    heartbeat: float | None = None
    retries: Retries | None = None
    room: float = inf
    oversize: Oversize = Oversize.CANCEL


class Memory:
    """The bytes that the queues of all subscriptions hold, and may hold together."""

    __slots__ = ("left",)

    def __init__(self, most: int) -> None:
        self.left = most


class EventQueue:
    """Events that wait, the oldest first.

    Args:
        most: that may wait; beyond it the oldest is lost.
        memory: shared with other queues; where it is used up, the oldest of this one is lost, too.
    """

    def __init__(self, most: int, memory: Memory) -> None:
        self._most = most
        self._memory = memory
        self._waiting: deque[WrittenEvent] = deque()
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + bool(self._dropped)

    def put(self, event: WrittenEvent) -> None:
        """Add an event."""
        while self._waiting and (len(self._waiting) >= self._most or self._memory.left < event.size):
            self._next()
            self._dropped += 1
        if self._memory.left < event.size:
            self._dropped += 1
            return
        self._memory.left -= event.size
        self._waiting.append(event)

    def lose(self) -> None:
        """Count an event that is not added."""
        self._dropped += 1

    def clear(self) -> None:
        """Forget all."""
        while self._waiting:
            self._next()
        self._dropped = 0

    def take(self, count: int, room: float) -> list[Notice]:
        """Return what comes next, at most ``count`` and as much as fits ``room`` bytes: none if the first does not."""
        taken: list[Notice] = []
        if self._dropped:
            taken.append(Notice(dropped=self._dropped))
            self._dropped = 0
        while self._waiting and len(taken) < count:
            room -= self._waiting[0].size
            if room < 0:
                break
            taken.append(Notice(self._next()))
        return taken

    def _next(self) -> WrittenEvent:
        event = self._waiting.popleft()
        self._memory.left += event.size
        return event


class PullStream:
    """Keeps events until they are pulled.

    Args:
        clock: that of the CIMOM.
        queue: where they wait.
        heartbeat: see ``StreamOptions``.
    """

    def __init__(self, clock: Clock, queue: EventQueue, heartbeat: float | None) -> None:
        self._clock = clock
        self._queue = queue
        self._heartbeat = heartbeat
        self._waiter: Callable[[], None] | None = None
        self._alarm: Alarm | None = None

    @property
    def awaited(self) -> bool:
        """Whether somebody waits."""
        return self._waiter is not None

    def post(self, event: WrittenEvent) -> None:
        """Add an event."""
        self._queue.put(event)
        self.advance()

    def advance(self) -> None:
        """Call who waits: there is something to take."""
        if self._waiter is not None:
            self._waiter()

    def take(self, count: int, room: float) -> list[Notice] | None:
        """Return what comes next, as ``EventQueue.take`` does; None: nothing waits."""
        return self._queue.take(count, room) if self._queue else None

    def wait(self, seconds: float, ready: Callable[[bool], None]) -> Callable[[], None]:
        """Have ``ready`` called when there is something to take, or the time is up: then with whether a heartbeat is due.

        Nobody else may wait. Returns what ends the waiting without that call.
        """
        due = self._heartbeat is not None and self._heartbeat <= seconds
        if due and self._heartbeat is not None:
            seconds = self._heartbeat

        def called(heartbeat: bool) -> None:
            self._forget()
            ready(heartbeat)

        self._waiter = partial(called, False)
        self._alarm = self._clock.call_after(seconds, partial(called, due))
        return self._forget

    def close(self) -> None:
        """Forget all, and call who waits."""
        self._queue.clear()
        self.advance()

    def _forget(self) -> None:
        self._waiter = None
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


class PushStream:
    """Pushes events, one delivery at a time.

    Args:
        clock: that of the CIMOM.
        queue: where they wait.
        options: how they are delivered.
        send: begins a delivery; its second argument is called once it has ended, never within the call.
        retries: how often to try again now, where the options do not say.
        failed: called when a delivery was given up, with the reason; the stream is closed then.
    """

    log = Logger()

    def __init__(
        self,
        clock: Clock,
        queue: EventQueue,
        options: StreamOptions,
        send: Callable[[Sequence[Notice], Done], None],
        retries: Callable[[], Retries],
        failed: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._queue = queue
        self._options = options
        self._send = send
        self._retries = retries
        self._failed = failed
        self._current: list[Notice] = []
        self._failures = 0
        self._closed = False
        # For the batch that is not full yet, for the next try, and for the next heartbeat.
        self._batch: Alarm | None = None
        self._retry: Alarm | None = None
        self._beat: Alarm | None = None
        self._rest()

    def post(self, event: WrittenEvent) -> None:
        """Add an event."""
        self._queue.put(event)
        self.advance()

    def advance(self) -> None:
        """Begin a delivery if one is due and none is under way."""
        if self._current or self._closed or not self._queue:
            return
        if self._options.wait and len(self._queue) < self._options.batch:
            if self._batch is None or not self._batch.active:
                self._batch = self._clock.call_after(self._options.wait, self._deliver)
            return
        self._deliver()

    def close(self) -> None:
        """Forget all."""
        self._closed = True
        self._queue.clear()
        for alarm in (self._batch, self._retry, self._beat):
            if alarm is not None:
                alarm.cancel()

    def _deliver(self) -> None:
        if self._batch is not None:
            self._batch.cancel()
        if not self._current:
            self._begin(self._queue.take(self._options.batch, self._options.room))

    def _begin(self, notices: list[Notice]) -> None:
        if notices:
            self._current, self._failures = notices, 0
            self._try()

    def _try(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
        self._send(self._current, self._done)

    def _done(self, reason: str | None) -> None:
        if self._closed:
            return
        if reason is None:
            self._current = []
            self._rest()
            self.advance()
            return
        self._failures += 1
        retries = self._options.retries or self._retries()
        if self._failures <= retries.attempts:
            self.log.debug("an event was not delivered: {reason}", reason=reason)
            self._retry = self._clock.call_after(retries.interval, self._try)
            return
        self.close()
        self._failed(reason)

    def _rest(self) -> None:
        """Wait for the next heartbeat."""
        if self._options.heartbeat is not None:
            self._beat = self._clock.call_after(self._options.heartbeat, self._pulse)

    def _pulse(self) -> None:
        if not self._current and not self._closed:
            self._begin([HEARTBEAT])
