"""Events: what happens in a CIMOM, as it is sent to those who listen, and to nobody else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from cimsim.cimom.exchanges import Called, Exchange
from cimsim.control import event_connection, event_feed
from cimsim.control.client import ControlClient
from cimsim.control.event_feed import HEARTBEAT_SECONDS, LINGER_SECONDS, EventFeed
from cimsim.control.event_messages import ChangeEvent, ControlEvent, CountEvent
from cimsim.control.messages import ClockState, ExchangeRecord
from cimsim.testing.simulator import Simulator
from tests.control.conftest import NAMESPACE
from tests.control.plane import Plane

POLL = 0.25


class Stream:
    """A connection on which events come."""

    def __init__(self, plane: Plane, headers: str = "", query: str = "", method: str = "GET") -> None:
        make: Any = StringTransport
        self.transport = make()
        self.transport.abortConnection = lambda: self.lose("aborted")
        self.plane = plane
        self.lost: list[str] = []
        self.protocol = plane.reactor.factory.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        self.protocol.dataReceived(f"{method} /v1/events{query} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())

    def lose(self, why: str) -> None:
        self.lost.append(why)

    def leave(self) -> None:
        self.protocol.connectionLost(Failure(ConnectionDone()))  # type: ignore[no-untyped-call]

    def text(self, seconds: float = 0.0) -> str:
        """Return what came since, after so many seconds."""
        self.plane.reactor.clock.advance(0)
        if seconds:
            self.plane.reactor.clock.pump([POLL] * round(seconds / POLL))
        found = self.transport.value().decode()
        self.transport.clear()
        return str(found)

    def events(self, seconds: float = 0.0) -> list[tuple[str, Any]]:
        found = []
        for block in self.text(seconds).split("\n\n"):
            lines = [line for line in block.splitlines() if line.startswith(("event: ", "data: "))]
            if len(lines) == 2:
                found.append((lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))))
        return found


@pytest.fixture
def plane(cim: Any) -> Plane:
    transaction = cim.transaction(cim.cls("T_Thing", cim.prop("Id", "string", "Key"), cim.prop("Size", "uint32")))
    transaction.create("T_Thing", {"Id": "a", "Size": 1})
    return Plane(world=transaction.world)


def record(plane: Plane, operation: str = "GetClass") -> None:
    exchange = Exchange(0.0, "CIM-XML", "", None, (Called(operation, "root/test", 0),), 200, "", 0.1, 1, 2)
    plane.controlled.journal.record(exchange, b"x", b"y")


def create(plane: Plane, *names: str) -> None:
    plane.cimom.change(lambda it: [it.create("T_Thing", {"Id": each}) for each in names], "root/test")


def test_exchanges_and_changes_come_in_their_order(plane: Plane) -> None:
    stream = Stream(plane)
    assert "text/event-stream" in stream.text()
    create(plane, "b")
    record(plane)
    plane.cimom.change(lambda it: it.delete(next(it.select("T_Thing", Id="b"))), "root/test")
    kinds = stream.events()
    assert [kind for kind, _ in kinds] == ["change", "exchange", "change"]
    assert kinds[0][1] == {"kind": "created", "path": 'root/test:T_Thing.Id="b"', "classname": "T_Thing"}
    assert (kinds[1][1]["number"], kinds[1][1]["has_bodies"]) == (1, True)
    assert kinds[2][1]["kind"] == "deleted"


def test_clock_faults_and_snapshots_are_reported_when_they_change(plane: Plane) -> None:
    stream = Stream(plane)
    assert stream.events(1) == []
    plane.post("/v1/clock/advance", {"seconds": 5})
    plane.asked("POST", "/v1/faults", {"http": 500})
    plane.asked("PUT", "/v1/snapshots/one")
    found = dict(stream.events(1))
    assert found["clock"]["waiting"] == 1
    assert (found["faults"], found["snapshots"]) == ({"count": 1}, {"count": 1})
    assert stream.events(1) == []


def test_another_world_is_reported_as_a_loss(plane: Plane) -> None:
    stream = Stream(plane)
    plane.asked("POST", "/v1/reset")
    assert [kind for kind, _ in stream.events()] == ["lost"]


def test_a_heartbeat_comes_where_nothing_happens(plane: Plane) -> None:
    stream = Stream(plane)
    stream.text()
    assert stream.text(HEARTBEAT_SECONDS - 1) == ""
    assert ": heartbeat" in stream.text(1)


def test_who_comes_back_gets_what_was_missed(plane: Plane) -> None:
    first = Stream(plane)
    record(plane, "One")
    identifier = next(line for line in first.text().splitlines() if line.startswith("id: ")).removeprefix("id: ")
    first.leave()
    record(plane, "Two")
    for stream in (Stream(plane, headers=f"Last-Event-ID: {identifier}\r\n"), Stream(plane, query=f"?since={identifier}")):
        assert [each["calls"][0]["operation"] for kind, each in stream.events() if kind == "exchange"] == ["Two"]


@pytest.mark.parametrize("identifier", ["x.1", "1", "", "x", "1." + "9" * 50])
def test_who_was_away_for_too_long_is_told_so(plane: Plane, identifier: str) -> None:
    kinds = [kind for kind, _ in Stream(plane, query=f"?since={identifier}").events()]
    assert kinds == (["lost"] if identifier else [])


def test_nothing_is_followed_where_nobody_listens(plane: Plane) -> None:
    listeners = len(plane.cimom.listeners)
    stream = Stream(plane)
    assert len(plane.cimom.listeners) == listeners + 1
    stream.leave()
    stream.text(LINGER_SECONDS - 1)
    assert len(plane.cimom.listeners) == listeners + 1
    stream.text(2)
    assert len(plane.cimom.listeners) == listeners
    assert not plane.controlled.journal._followers
    assert not [each for each in plane.reactor.clock.getDelayedCalls() if each.active()]


def test_a_client_that_does_not_read_is_cut_off_and_others_are_not(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_connection, "MAX_QUEUED_BYTES", 2_000)
    slow, quick = Stream(plane), Stream(plane)
    slow.text()
    slow.transport.producer.pauseProducing()
    for _ in range(3):
        record(plane)
    assert len(quick.events()) == 3
    assert (slow.text(), slow.lost) == ("", [])
    slow.transport.producer.resumeProducing()
    assert len(slow.events()) == 3
    slow.transport.producer.pauseProducing()
    for _ in range(20):
        record(plane)
    assert len(quick.events()) == 20
    assert slow.lost == ["aborted"]


def test_more_than_can_be_written_is_a_loss(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_feed, "MAX_WAITING", 10)
    stream = Stream(plane)
    create(plane, *map(str, range(30)))
    record(plane)
    assert [kind for kind, _ in stream.events()] == ["lost", "exchange"]


def test_no_more_than_so_many_listen(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_feed, "MAX_LISTENERS", 1)
    Stream(plane)
    assert "503" in Stream(plane).text().splitlines()[0]


def test_what_is_kept_is_bounded(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_feed, "MAX_KEPT_BYTES", 1_000)
    stream = Stream(plane)
    for _ in range(20):
        record(plane)
    stream.text()
    feed = EventFeed.of(plane.controlled, plane.reactor)
    assert sum(len(each.data) for each in feed._kept) == feed._kept_bytes <= 1_000


def test_head_gets_no_events(plane: Plane) -> None:
    assert "text/event-stream" in Stream(plane, method="HEAD").text()
    assert not EventFeed.of(plane.controlled, plane.reactor)._listeners


def test_a_query_with_another_field_is_refused(plane: Plane) -> None:
    assert plane.asked("GET", "/v1/events?sinc=1") == (
        400,
        {
            "error": "the query is not what this takes: there is no field sinc; did you mean since?",
            "field": "sinc",
            "nearest": "since",
        },
    )


def until(events: Iterator[ControlEvent], kind: str) -> Any:
    return next(each.message for each in events if each.kind == kind)


def test_the_client_hands_events_on_with_their_types(client: ControlClient, sim: Simulator) -> None:
    path = client.instances(NAMESPACE, "Msvm_GuestFileService", where="Started = TRUE").instances[0].path
    events = client.events()
    client.invoke(path, "StopService")
    sim.advance(1)
    change = until(events, "change")
    assert isinstance(change, ChangeEvent)
    assert (change.kind, change.path) == ("modified", path)
    assert isinstance(until(events, "exchange"), ExchangeRecord)
    assert isinstance(until(events, "clock"), ClockState)
    client.snapshot("one")
    assert until(events, "snapshots") == CountEvent(1)
    client.remove_snapshot("one")
    events.close()  # type: ignore[attr-defined]
