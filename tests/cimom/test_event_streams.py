"""What waits for the clients of event subscriptions, and how it is pushed (rules WM-EV-8 to WM-EV-13)."""

from collections.abc import Sequence
from math import inf

import pytest

from cimsim.cimom.clock import Clock
from cimsim.cimom.delivery_queues import Done, Retries
from cimsim.cimom.event_streams import (
    HEARTBEAT,
    EventQueue,
    Memory,
    Notice,
    PullStream,
    PushStream,
    StreamOptions,
    WrittenEvent,
)


def event(name: str, size: int = 10) -> WrittenEvent:
    return WrittenEvent(name, size)


def names(notices: Sequence[Notice]) -> list[object]:
    return [notice.dropped if notice.event is None else notice.event.written for notice in notices]


@pytest.fixture
def memory() -> Memory:
    return Memory(100)


def test_wm_ev_12_lost_events_are_counted_where_they_would_have_come(memory: Memory) -> None:
    queue = EventQueue(2, memory)
    for name in "abcd":
        queue.put(event(name))
    assert len(queue) == 3
    assert names(queue.take(2, inf)) == [2, "c"]
    queue.put(event("e"))
    queue.lose()
    assert names(queue.take(9, inf)) == [1, "d", "e"]
    assert (len(queue), memory.left) == (0, 100)


def test_wm_ev_12_all_queues_together_hold_so_much(memory: Memory) -> None:
    first, second = EventQueue(100, memory), EventQueue(100, memory)
    for name in "abcdefgh":
        first.put(event(name))
    second.put(event("x", 20))
    second.put(event("y", 20))
    second.put(event("z", 30))
    assert names(second.take(9, inf)) == [3], "it loses its own, and what does not fit even then"
    first.put(event("i", 25))
    assert names(first.take(9, inf)) == [1, "b", "c", "d", "e", "f", "g", "h", "i"]
    assert memory.left == 100


def test_wm_ev_11_as_much_is_taken_as_there_is_room_for(memory: Memory) -> None:
    queue = EventQueue(9, memory)
    for name in "abc":
        queue.put(event(name))
    assert names(queue.take(9, 25)) == ["a", "b"]
    assert queue.take(9, 5) == []
    queue.clear()
    assert (len(queue), memory.left) == (0, 100)


def test_wm_ev_11_who_waits_is_called_once(memory: Memory) -> None:
    clock = Clock(0.0)
    stream = PullStream(clock, EventQueue(9, memory), None)
    calls: list[bool] = []
    assert stream.take(1, inf) is None
    stream.wait(5, calls.append)
    assert stream.awaited
    stream.post(event("a"))
    stream.post(event("b"))
    clock.advance(10)
    assert (calls, stream.awaited) == ([False], False)


class Pushed:
    """A stream that pushes, and its deliveries; each is to be ended."""

    def __init__(self, memory: Memory, options: StreamOptions) -> None:
        self.clock = Clock(0.0)
        self.sent: list[list[object]] = []
        self.failed: list[str] = []
        self._done: list[Done] = []
        self.stream = PushStream(
            self.clock, EventQueue(9, memory), options, self._send, lambda: Retries(1, 30), self.failed.append
        )

    def _send(self, notices: Sequence[Notice], done: Done) -> None:
        self.sent.append(["beat"] if list(notices) == [HEARTBEAT] else names(notices))
        self._done.append(done)

    def post(self, text: str) -> None:
        for name in text:
            self.stream.post(event(name))

    def end(self, reason: str | None = None) -> None:
        self._done.pop(0)(reason)


def test_wm_ev_9_a_delivery_that_fails_is_tried_again_and_then_given_up(memory: Memory) -> None:
    pushed = Pushed(memory, StreamOptions(pulled=False))
    pushed.post("ab")
    pushed.end("away")
    pushed.clock.advance(29)
    assert pushed.sent == [["a"]]
    pushed.clock.advance(1)
    pushed.end()
    assert pushed.sent == [["a"], ["a"], ["b"]]
    pushed.end("away")
    pushed.clock.advance(30)
    pushed.end("still away")
    assert pushed.failed == ["still away"]
    pushed.post("c")
    pushed.clock.advance(100)
    assert len(pushed.sent) == 4, "closed"
    assert memory.left >= 90


def test_wm_ev_9_what_ends_late_changes_nothing(memory: Memory) -> None:
    pushed = Pushed(memory, StreamOptions(pulled=False))
    pushed.post("ab")
    pushed.stream.close()
    pushed.end("away")
    pushed.clock.advance(100)
    assert (pushed.sent, pushed.failed, memory.left) == ([["a"]], [], 100)


def test_wm_ev_10_a_batch_goes_when_it_is_full_or_its_time_is_up(memory: Memory) -> None:
    pushed = Pushed(memory, StreamOptions(pulled=False, batch=3, wait=10))
    pushed.post("a")
    pushed.clock.advance(9)
    pushed.post("b")
    assert pushed.sent == []
    pushed.clock.advance(1)
    assert pushed.sent == [["a", "b"]]
    pushed.post("cdef")
    pushed.clock.advance(50)
    assert len(pushed.sent) == 1, "the first one is not acknowledged"
    pushed.end()
    assert pushed.sent[1] == ["c", "d", "e"]
    pushed.end()
    pushed.clock.advance(10)
    assert pushed.sent[2] == ["f"]


def test_wm_ev_10_a_batch_holds_no_more_than_fits(memory: Memory) -> None:
    pushed = Pushed(memory, StreamOptions(pulled=False, batch=9, room=25))
    pushed.post("abcd")
    pushed.end()
    assert pushed.sent == [["a"], ["b", "c"]]


def test_wm_ev_13_a_heartbeat_follows_so_many_seconds_after_the_last_delivery(memory: Memory) -> None:
    pushed = Pushed(memory, StreamOptions(pulled=False, heartbeat=60))
    pushed.clock.advance(40)
    pushed.post("a")
    pushed.clock.advance(40)
    pushed.end()
    pushed.clock.advance(59)
    assert pushed.sent == [["a"]]
    pushed.clock.advance(1)
    pushed.post("b")
    pushed.end()
    pushed.end()
    assert pushed.sent == [["a"], ["beat"], ["b"]]
    pushed.stream.close()
    pushed.clock.advance(600)
    assert len(pushed.sent) == 3
