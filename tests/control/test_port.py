"""The port of the control plane: what is imported late, and how much one connection may ask."""

import subprocess
import sys
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from cimsim.control.port import MODULES
from cimsim.control.site import MAX_BODY
from cimsim.server.limits import HttpLimits
from cimsim.simulation.control_options import ControlOptions
from tests.control.plane import Plane

LIMITS = HttpLimits(
    max_connections=2, request_timeout=5, idle_timeout=20, linger_timeout=1, max_header_bytes=2_000, max_headers=10
)
GET = b"GET /v1/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Connection:
    """A connection of a client."""

    def __init__(self, plane: Plane) -> None:
        make: Any = StringTransport
        self.transport = make()
        self.transport.abortConnection = self.transport.loseConnection
        protocol = plane.port.buildProtocol(None)
        self.refused = protocol is None
        if protocol is not None:
            self.transport.protocol = protocol
            protocol.makeConnection(self.transport)

    def send(self, data: bytes) -> bytes:
        """Send, unless nothing is read; return all that was answered."""
        assert self.transport.producerState == "producing"
        self.transport.protocol.dataReceived(data)
        answered: bytes = self.transport.value()
        return answered

    def lose(self) -> None:
        self.transport.protocol.connectionLost(Failure(ConnectionDone()))  # type: ignore[no-untyped-call]

    @property
    def closing(self) -> bool:
        return bool(self.transport.disconnecting)


@pytest.fixture
def plane() -> Plane:
    return Plane(options=ControlOptions(limits=LIMITS))


# Imports


def test_what_answers_is_imported_at_the_first_connection_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    late = ("tests.control.late_one", "tests.control.late_two")
    imported: list[str] = []
    monkeypatch.setattr("cimsim.control.port.import_module", imported.append)
    plane = Plane(missing=late)
    first, second = Connection(plane), Connection(plane)
    assert (imported, first.transport.producerState) == ([], "paused")
    second.lose()
    plane.reactor.clock.advance(0)
    assert (imported, plane.reactor.rests) == (list(late), len(late) + 1), "one in each turn"
    assert first.send(GET).startswith(b"HTTP/1.1 200 OK\r\n")
    assert second.transport.producerState == "paused", "it is gone, and nobody speaks to it"
    assert Connection(plane).send(GET).startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(imported) == len(late)


@pytest.mark.longer
def test_a_start_imports_nothing_of_what_answers() -> None:
    code = (
        "import sys, cimsim.simulation.simulation, cimsim.control.port as port; "
        "assert not {*port.MODULES, 'twisted.web', 'prometheus_client'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert set(MODULES) <= sys.modules.keys(), "they are what answers here"


# Limits


def test_too_many_connections_are_told_so_and_far_too_many_are_not() -> None:
    plane = Plane(options=ControlOptions(limits=LIMITS))
    first, _ = Connection(plane), Connection(plane)
    third, _ = Connection(plane), Connection(plane)
    head, _, body = third.transport.value().partition(b"\r\n\r\n")
    assert (head.split()[1], third.closing) == (b"503", True)
    assert int(head.partition(b"Content-Length: ")[2].split()[0]) == len(body)
    assert Connection(plane).refused
    for each in (first, third):
        each.lose()
    # Two are open still, one of them only to be told.
    assert Connection(plane).transport.value().split()[1] == b"503"


def test_a_connection_that_ends_makes_room(plane: Plane) -> None:
    for _ in range(9):
        each = Connection(plane)
        assert each.send(GET)
        each.lose()


@pytest.mark.parametrize("trickle", [b"", b"X"])
def test_a_request_that_does_not_arrive_in_time_is_refused(plane: Plane, trickle: bytes) -> None:
    slow = Connection(plane)
    slow.send(b"POST /v1/clock/advance HTTP/1.1\r\nHost: localhost\r\nX: ")
    for _ in range(4):
        plane.reactor.clock.advance(1)
        slow.send(trickle)
        assert not slow.closing
    plane.reactor.clock.advance(1)
    assert slow.transport.value().startswith(b"HTTP/1.1 408 ")
    assert slow.closing


def test_the_time_of_a_request_ends_with_it(plane: Plane) -> None:
    patient = Connection(plane)
    for _ in range(3):
        patient.send(GET)
        plane.reactor.clock.advance(6)
    assert not patient.closing
    assert patient.transport.value().count(b"HTTP/1.1 200") == 3


def test_an_idle_connection_is_closed(plane: Plane) -> None:
    silent, heard = Connection(plane), Connection(plane)
    heard.send(GET)
    plane.reactor.clock.advance(21)
    assert (silent.closing, heard.closing) == (True, True)


LONG = [
    b"X: " + b"x" * 3_000,
    b"\r\n".join(b"X%d: 1" % number for number in range(11)),
    b"\r\n".join([b"X: " + b"x" * 900] * 3),
]


@pytest.mark.parametrize("fields", LONG, ids=["one long field", "many fields", "long together"])
def test_a_head_that_is_too_long_is_refused(plane: Plane, fields: bytes) -> None:
    long = Connection(plane)
    answered = long.send(GET[:-2] + fields + b"\r\n\r\n")
    assert (answered.split()[1], long.closing) == (b"400", True)


HEAD = b"POST /v1/clock/advance HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def test_a_body_that_is_announced_too_long_is_refused_before_it_comes(plane: Plane) -> None:
    long = Connection(plane)
    answered = long.send(HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1))
    assert answered.startswith(b"HTTP/1.1 413 ")
    assert answered.endswith(b'{"error":"a body has at most 1048576 bytes"}\n')
    # What the client had sent already does not harm.
    assert long.send(b"x" * 10) == answered


def test_a_body_in_chunks_is_refused_as_soon_as_it_is_too_long(plane: Plane) -> None:
    long = Connection(plane)
    assert long.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n") == b""
    half = MAX_BODY // 2 + 1
    assert long.send(b"%x\r\n%b\r\n" % (half, b" " * half)) == b""
    assert long.send(b"%x\r\n%b\r\n" % (half, b" " * half)).startswith(b"HTTP/1.1 413 ")
    assert plane.happened == []


def test_bodies_take_no_more_memory_than_they_may_together() -> None:
    plane = Plane(options=ControlOptions(limits=HttpLimits(max_bodies=100)))
    first, second, third = (Connection(plane) for _ in range(3))
    for each in (first, second):
        assert each.send(HEAD + b"Content-Length: 70\r\n\r\n") == b""
    assert first.send(b" " * 60) == b""
    assert second.send(b" " * 60).startswith(b"HTTP/1.1 503 ")
    assert b"give either seconds or to" in first.send(b" " * 8 + b"{}"), "it is answered"
    assert first.send(HEAD + b"Content-Length: 70\r\n\r\n" + b" " * 70)
    assert third.send(HEAD + b"Content-Length: 70\r\n\r\n" + b" " * 60) == b""
    third.lose()
    assert Connection(plane).send(HEAD + b"Content-Length: 90\r\n\r\n" + b" " * 90)


def test_a_stop_closes_what_is_open(plane: Plane) -> None:
    each = Connection(plane)
    each.send(GET)
    plane.port.stop()
    assert each.closing
    assert Connection(plane).refused


# Addresses


@pytest.mark.parametrize(("address", "url"), [("0.0.0.0", "http://127.0.0.1:4711"), ("::", "http://[::1]:4711")])
def test_the_url_of_all_addresses_is_one_that_can_be_called(address: str, url: str) -> None:
    plane = Plane(options=ControlOptions(address=address, token="0123456789"))
    assert plane.reactor.opened == [(0, address)]
    assert plane.url == url
