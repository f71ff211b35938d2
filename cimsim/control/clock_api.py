"""The clock as JSON: what time it is, whether it runs, when something is due next; and what may be done to it."""

import math
from datetime import UTC, datetime
from typing import Any, Final

from cimsim.cimom.clock import TooManyCallsError
from cimsim.control.api_errors import ControlError
from cimsim.control.messages import Advance, ClockState
from cimsim.simulation.controlled_cimom import ControlledCimom

NEXT: Final = "next"
MAX_STEPS: Final = 250_000
"""How many steps one request carries out: nobody else is answered meanwhile."""
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
"""The last time that a datetime can express, to the second."""


def state(controlled: ControlledCimom) -> ClockState:
    """Return the state of a CIMOM's clock."""
    cimom = controlled.cimom
    due = cimom.clock.due
    return ClockState(
        now=iso(cimom.clock.now()),
        running=cimom.clock.running,
        due=None if due is None else iso(due),
        waiting=len(cimom.world.agenda.waits),
    )


def advance(controlled: ControlledCimom, wanted: Advance) -> ClockState:
    """Let the clock go on; what falls due meanwhile happens, each step at its time.

    Raises:
        ControlError: 400 unless exactly one of ``seconds`` and ``to`` is given, for what is not a time, has passed or is
            beyond what a datetime can express; 409 when nothing is due; 503 when so much is due that not all has happened yet.
    """
    clock = controlled.cimom.clock
    if (wanted.seconds is None) == (wanted.to is None):
        raise ControlError(400, "give either seconds or to")
    if wanted.seconds is not None:
        seconds = wanted.seconds
    elif wanted.to == NEXT:
        due = clock.due
        if due is None:
            raise ControlError(409, "nothing is due: nothing waits for a time")
        seconds = max(0.0, due - clock.now())
    else:
        seconds = parse_time(wanted.to or "") - clock.now()
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ControlError(400, "a clock only goes forward")
    if clock.now() + seconds > _LAST:
        raise ControlError(400, f"no clock goes beyond {iso(_LAST)}")
    try:
        clock.advance(seconds, MAX_STEPS)
    except TooManyCallsError:
        text = f"the clock has come to {iso(clock.now())}, by {MAX_STEPS} steps: advance it again to go on"
        raise ControlError(503, text) from None
    return state(controlled)


def stop(controlled: ControlledCimom, _: Any = None) -> ClockState:
    """Stop the clock: the time stands until it is advanced or resumed."""
    controlled.cimom.clock.stop()
    return state(controlled)


def resume(controlled: ControlledCimom, _: Any = None) -> ClockState:
    """Let the clock go on by itself from the time that it shows."""
    controlled.cimom.clock.resume()
    return state(controlled)


def iso(seconds: float) -> str:
    """Return a time in seconds since 1970-01-01 UTC as ISO 8601 in UTC, with microseconds; the last stands for later ones."""
    return datetime.fromtimestamp(min(seconds, _LAST), UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(text: str) -> float:
    """Return the seconds since 1970-01-01 UTC of an ISO 8601 time; one without an offset is UTC.

    Raises:
        ControlError: 400, it is not a time.
    """
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ControlError(400, f"{text!r} is not an ISO 8601 time, such as 2025-03-10T12:00:00Z") from None
