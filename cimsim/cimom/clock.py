"""The clock of a CIMOM: real time, or one that stands still until it is advanced.

Everything that waits in a CIMOM waits on its clock: steps of transitions and jobs, enumeration sessions, retries of deliveries,
the ends of subscriptions. Only the timeouts of connections are the reactor's.
"""

import heapq
import math
from collections.abc import Callable
from typing import Any, Final, Protocol

from cimsim.world.agenda import to_microseconds

_LEAST_TIDIED: Final = 64


class Timer(Protocol):
    """What a running clock needs of a reactor."""

    def seconds(self) -> float:
        """Return the time in seconds."""
        ...

    def callLater(self, delay: float, function: Callable[[], object]) -> Any:
        """Have a function called after so many seconds; the result has a method ``cancel``."""
        ...


class TooManyCallsError(Exception):
    """More calls fell due than the clock was to make; it stands at the time of the last one that it made."""


class Alarm:
    """A call that a clock will make at a time; ``active`` until then, or until it is cancelled."""

    __slots__ = ("active", "function", "when")

    def __init__(self, when: float, function: Callable[[], object]) -> None:
        self.when = when
        self.function = function
        self.active = True

    def cancel(self) -> None:
        """Do not make the call; nothing happens if it was made already."""
        self.active = False


class Clock:
    """Has the time in seconds since 1970-01-01 UTC, and makes calls at given times.

    It never goes back: while the time of its timer does, as when the clock of the computer is set, it stands still and then
    goes on from there. A time that it stands at is one of whole microseconds, so that ten tenths of a second make one second.

    Args:
        start: the time that it begins with; None: that of the timer.
        timer: what makes the time go on; None: nothing, it stands still until it is advanced.
        running: whether it goes on by itself from the start.

    Calls due at once are made in the order in which they were asked for. Callers see to their own errors: what a call raises
    ends the ``advance`` that makes it; on a running clock the calls after it are made all the same.
    """

    def __init__(self, start: float | None = None, timer: Timer | None = None, *, running: bool = True) -> None:
        self._timer = timer
        # The timer's time when ``_base`` was the time, and when it was asked last.
        self._since = self._seen = timer.seconds() if timer is not None else 0.0
        self._base = to_microseconds(start if start is not None else self._since)
        self._running = running and timer is not None
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._numbers = 0
        self._tidied_at = _LEAST_TIDIED
        self._wake: Any = None
        self._wake_at = math.inf

    @property
    def running(self) -> bool:
        """Whether the time goes on by itself."""
        return self._running

    def now(self) -> float:
        """Return the time."""
        if not self._running or self._timer is None:
            return self._base
        seconds = self._timer.seconds()
        if seconds < self._seen:
            # The computer's clock was set back: go on from the time it gave last.
            self._base += self._seen - self._since
            self._since = seconds
        self._seen = seconds
        return self._base + (seconds - self._since)

    @property
    def due(self) -> float | None:
        """When the next call is due, None if none is asked for."""
        self._drop_cancelled()
        return self._alarms[0][0] if self._alarms else None

    def call_at(self, when: float, function: Callable[[], object]) -> Alarm:
        """Have a function called at a time; one in the past: as soon as possible, but never within this call."""
        alarm = Alarm(when, function)
        self._numbers += 1
        heapq.heappush(self._alarms, (when, self._numbers, alarm))
        if len(self._alarms) > self._tidied_at:
            self._tidy()
        self._arm()
        return alarm

    def call_after(self, seconds: float, function: Callable[[], object]) -> Alarm:
        """Have a function called after so many seconds."""
        return self.call_at(to_microseconds(self.now() + seconds), function)

    def stop(self) -> None:
        """Stand still from now on, until it is advanced or resumed."""
        self._base = to_microseconds(self.now())
        self._running = False
        self._disarm()

    def resume(self) -> None:
        """Go on by itself from the time that it shows.

        Raises:
            ValueError: it has no timer.
        """
        if self._timer is None:
            raise ValueError("this clock can only be advanced")
        if not self._running:
            self._run()

    def advance(self, seconds: float, most: float = math.inf) -> None:
        """Let the time go on by so many seconds at once, making the calls due meanwhile, each at its time.

        Calls that these ask for are made too if they fall due within that time.

        Args:
            seconds: how long.
            most: how many calls it makes at most.

        Raises:
            ValueError: ``seconds`` is negative or no finite number.
            TooManyCallsError: more than ``most`` calls are due by then.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"a clock cannot be advanced by {seconds} seconds")
        running = self._running
        self.stop()
        try:
            self._make_calls(to_microseconds(self._base + seconds), most)
        finally:
            if running:
                self._run()

    def _make_calls(self, end: float, most: float) -> None:
        """Make the calls due by ``end``, with the time standing at the one each is due at, and last at ``end``."""
        made = 0
        while (due := self.due) is not None and due <= end:
            if made >= most:
                raise TooManyCallsError
            made += 1
            alarm = heapq.heappop(self._alarms)[2]
            alarm.active = False
            self._base = max(self._base, due)
            alarm.function()
        self._base = max(self._base, end)

    def _drop_cancelled(self) -> None:
        while self._alarms and not self._alarms[0][2].active:
            heapq.heappop(self._alarms)

    def _tidy(self) -> None:
        """Drop all calls that were cancelled: behind one that is far away they would gather."""
        self._alarms = [each for each in self._alarms if each[2].active]
        heapq.heapify(self._alarms)
        self._tidied_at = max(_LEAST_TIDIED, 2 * len(self._alarms))

    # The timer of a running clock

    def _run(self) -> None:
        if self._timer is not None:
            self._since = self._seen = self._timer.seconds()
            self._running = True
            self._arm()

    def _arm(self) -> None:
        self._drop_cancelled()
        if not self._running or self._timer is None or not self._alarms:
            return
        when = self._alarms[0][0]
        if self._wake is None or when < self._wake_at:
            self._disarm()
            self._wake_at = when
            self._wake = self._timer.callLater(max(0.0, when - self.now()), self._awake)

    def _disarm(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake, self._wake_at = None, math.inf

    def _awake(self) -> None:
        self._wake, self._wake_at = None, math.inf
        # Calls that these ask for wait for the next turn of the reactor, which may have other things to do as well.
        now, last = self.now(), self._numbers
        while self._alarms and self._alarms[0][0] <= now and self._alarms[0][1] <= last:
            alarm = heapq.heappop(self._alarms)[2]
            if alarm.active:
                alarm.active = False
                try:
                    alarm.function()
                finally:
                    self._arm()
        self._arm()
