"""The clock of a CIMOM, standing and running."""

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.task import Clock as TwistedClock

from cimsim.cimom.clock import Clock, TooManyCallsError


def reactor(now: float = 5000.0) -> Any:
    clock: Any = TwistedClock()
    clock.advance(now)
    return clock


def noting(clock: Clock, told: list[tuple[str, float]], name: str) -> Callable[[], None]:
    return lambda: told.append((name, clock.now()))


def test_a_standing_clock_makes_calls_in_order_each_at_its_time() -> None:
    clock, told = Clock(1000.0), list[tuple[str, float]]()
    clock.call_after(5, noting(clock, told, "five"))
    clock.call_after(2, noting(clock, told, "two"))
    clock.call_at(1002.0, noting(clock, told, "two again"))
    clock.call_after(9, noting(clock, told, "nine"))
    clock.advance(5)
    assert told == [("two", 1002.0), ("two again", 1002.0), ("five", 1005.0)]
    assert (clock.now(), clock.running) == (1005.0, False)


def test_calls_that_a_call_asks_for_are_made_in_the_same_advance() -> None:
    clock, told = Clock(0.0), list[tuple[str, float]]()

    def again() -> None:
        told.append(("tick", clock.now()))
        clock.call_after(2, again)

    clock.call_after(2, again)
    clock.advance(7)
    assert told == [("tick", 2.0), ("tick", 4.0), ("tick", 6.0)]
    assert clock.now() == 7.0


def test_a_cancelled_call_is_not_made() -> None:
    clock, told = Clock(0.0), list[tuple[str, float]]()
    alarm = clock.call_after(1, noting(clock, told, "never"))
    alarm.cancel()
    clock.advance(2)
    assert told == []
    assert not alarm.active


def test_a_running_clock_follows_its_timer_from_a_start_of_its_own() -> None:
    timer, told = reactor(), list[tuple[str, float]]()
    clock = Clock(100.0, timer)
    clock.call_at(103.0, noting(clock, told, "late"))
    clock.call_at(101.0, noting(clock, told, "early"))
    timer.advance(1)
    assert told == [("early", 101.0)]
    timer.advance(2)
    assert told == [("early", 101.0), ("late", 103.0)]
    assert timer.getDelayedCalls() == []


def test_stop_holds_everything_and_resume_goes_on_from_there() -> None:
    timer, told = reactor(), list[tuple[str, float]]()
    clock = Clock(100.0, timer)
    clock.call_at(103.0, noting(clock, told, "call"))
    timer.advance(1)
    clock.stop()
    timer.advance(60)
    assert (clock.now(), told, timer.getDelayedCalls()) == (101.0, [], [])
    clock.resume()
    timer.advance(1)
    assert told == []
    timer.advance(1)
    assert told == [("call", 103.0)]


def test_a_running_clock_can_be_advanced_and_runs_on() -> None:
    timer, told = reactor(), list[tuple[str, float]]()
    clock = Clock(None, timer)
    clock.call_at(5010.0, noting(clock, told, "ten"))
    clock.call_at(5021.0, noting(clock, told, "rest"))
    clock.advance(20)
    assert (clock.now(), told, clock.running) == (5020.0, [("ten", 5010.0)], True)
    timer.advance(1)
    assert told == [("ten", 5010.0), ("rest", 5021.0)]


def test_a_call_in_the_past_is_made_soon_but_not_at_once() -> None:
    clock, told = Clock(10.0), list[tuple[str, float]]()
    clock.call_at(3.0, noting(clock, told, "past"))
    assert told == []
    clock.advance(0)
    assert told == [("past", 10.0)]


def test_a_call_that_raises_does_not_stop_a_running_clock() -> None:
    timer, told = reactor(), list[tuple[str, float]]()
    clock = Clock(0.0, timer)

    def broken() -> None:
        raise KeyError("broken")

    clock.call_at(1.0, broken)
    clock.call_at(2.0, noting(clock, told, "after"))
    with pytest.raises(KeyError):
        timer.advance(1)
    timer.advance(1)
    assert told == [("after", 2.0)]


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_clock_goes_forward_only(seconds: float) -> None:
    with pytest.raises(ValueError, match="cannot be advanced"):
        Clock(0.0).advance(seconds)


def test_a_clock_without_a_timer_cannot_run() -> None:
    with pytest.raises(ValueError, match="only be advanced"):
        Clock(0.0).resume()


def test_many_small_steps_come_to_the_same_time_as_a_large_one() -> None:
    clock, told = Clock(1_741_608_000.0), list[tuple[str, float]]()
    clock.call_after(5, noting(clock, told, "five"))
    for _ in range(50):
        clock.advance(0.1)
    assert told == [("five", 1_741_608_005.0)]
    assert clock.now() == 1_741_608_005.0


def test_time_stands_still_while_that_of_the_computer_goes_back() -> None:
    timer, told = reactor(), list[tuple[str, float]]()
    clock = Clock(100.0, timer)
    clock.call_at(103.0, noting(clock, told, "call"))
    timer.advance(2)
    assert clock.now() == 102.0
    timer.rightNow -= 3600
    assert clock.now() == 102.0
    timer.rightNow += 0.5
    assert clock.now() == 102.5


def test_a_call_may_advance_the_clock() -> None:
    clock, told = Clock(0.0), list[tuple[str, float]]()
    clock.call_at(1.0, lambda: clock.advance(3))
    clock.call_at(2.0, noting(clock, told, "two"))
    clock.call_at(6.0, noting(clock, told, "six"))
    clock.advance(5)
    assert (told, clock.now()) == ([("two", 2.0)], 5.0)
    clock.advance(1)
    assert told[1:] == [("six", 6.0)]


def test_an_advance_makes_only_so_many_calls_and_the_next_one_goes_on() -> None:
    clock, told = Clock(0.0), list[tuple[str, float]]()

    def again() -> None:
        told.append(("tick", clock.now()))
        clock.call_after(1, again)

    clock.call_after(1, again)
    with pytest.raises(TooManyCallsError):
        clock.advance(100, most=3)
    assert (clock.now(), clock.due) == (3.0, 4.0)
    clock.advance(2, most=3)
    assert (clock.now(), len(told)) == (5.0, 5)


def test_a_call_for_the_same_moment_waits_for_the_next_turn_of_the_reactor() -> None:
    timer, told = reactor(), list[tuple[str, float]]()
    clock = Clock(0.0, timer)

    def again() -> None:
        told.append(("tick", clock.now()))
        clock.call_at(clock.now(), again)

    clock.call_at(1.0, again)
    timer.rightNow += 1
    wake = timer.getDelayedCalls()[0].func
    timer.calls.clear()
    wake()
    assert told == [("tick", 1.0)]
    assert len(timer.getDelayedCalls()) == 1


def test_cancelled_calls_do_not_gather_behind_one_far_away() -> None:
    clock = Clock(0.0)
    clock.call_at(1.0, lambda: None)
    for _ in range(1000):
        clock.call_at(2.0, lambda: None).cancel()
    assert len(clock._alarms) < 100
    assert clock.due == 1.0
