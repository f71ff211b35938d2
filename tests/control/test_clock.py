"""The control plane over HTTP: the clock of a CIMOM, and requests that it refuses."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from twisted.internet.task import Clock as TwistedClock

from cimsim.control.routes import CALLS
from tests.control.plane import JSON, NOON_SECONDS, Plane

NOON = "2025-03-10T12:00:00.000000Z"


@pytest.fixture
def plane() -> Plane:
    return Plane()


def test_it_listens_on_the_loopback_interface(plane: Plane) -> None:
    assert (plane.url, plane.reactor.opened) == ("http://127.0.0.1:4711", [(0, "127.0.0.1")])


def test_the_clock_tells_its_time_and_what_waits(plane: Plane) -> None:
    due = "2025-03-10T12:00:05.000000Z"
    assert plane.get("/clock") == {"now": NOON, "running": False, "due": due, "waiting": 2}


def test_it_is_advanced_by_seconds_and_everything_happens_at_its_time(plane: Plane) -> None:
    assert plane.post("/clock/advance", {"seconds": 5})["waiting"] == 1
    assert plane.happened == [5]
    state = plane.post("/clock/advance", {"seconds": 60.5})
    assert plane.happened == [5, 9]
    assert state == {"now": "2025-03-10T12:01:05.500000Z", "running": False, "due": None, "waiting": 0}


def test_it_is_advanced_to_a_time_and_to_what_is_due_next(plane: Plane) -> None:
    assert plane.post("/clock/advance", {"to": "2025-03-10T13:00:03+01:00"})["now"] == "2025-03-10T12:00:03.000000Z"
    assert plane.happened == []
    plane.post("/clock/advance", {"to": "next"})
    assert plane.happened == [5]
    plane.post("/clock/advance", {"to": "next"})
    assert plane.refused({"to": "next"}) == (409, "nothing is due: nothing waits for a time")


def test_a_running_clock_is_stopped_and_resumed() -> None:
    timer: Any = TwistedClock()
    plane = Plane(timer)
    timer.advance(1)
    assert plane.post("/clock/stop", {}) == {**plane.get("/clock"), "running": False}
    timer.advance(100)
    assert plane.happened == []
    assert plane.post("/clock/resume", {})["running"] is True
    timer.advance(4)
    assert plane.happened == [5]


NOT_TAKEN = "the body is not what this takes: "
BAD: list[tuple[Any, str]] = [
    ({}, "give either"),
    ({"seconds": 1, "to": "next"}, "give either"),
    ({"seconds": -1}, "only goes forward"),
    ({"to": "2025-03-10T11:00:00Z"}, "only goes forward"),
    ({"to": "soon"}, "'soon' is not an ISO 8601 time"),
    ({"seconds": "5"}, NOT_TAKEN),
    ({"second": 5}, NOT_TAKEN),
    (b"{", NOT_TAKEN),
    (b'{"to": "\xff"}', NOT_TAKEN),
    (b'{"seconds": 1e400}', NOT_TAKEN),
    (b'{"seconds": 1' + b"0" * 400 + b"}", NOT_TAKEN),
    (b'{"seconds": 1' + b"0" * 10_000 + b"}", NOT_TAKEN),
    (b"null", NOT_TAKEN),
]


@pytest.mark.parametrize(("body", "text"), BAD, ids=[str(body) for body, _ in BAD])
def test_what_is_wrong_is_named_and_nothing_happens(plane: Plane, body: Any, text: str) -> None:
    status, error = plane.refused(body)
    assert status == HTTPStatus.BAD_REQUEST
    assert text in error
    assert (plane.happened, plane.get("/clock")["now"]) == ([], NOON)


FAR: list[dict[str, Any]] = [{"seconds": 1e300}, {"to": "9999-12-31T23:59:59-02:00"}, {"to": "9999-12-31T23:59:59.5Z"}]


@pytest.mark.parametrize("body", FAR, ids=str)
def test_a_clock_does_not_leave_the_calendar(plane: Plane, body: dict[str, Any]) -> None:
    assert plane.refused(body) == (400, "no clock goes beyond 9999-12-31T23:59:59.000000Z")
    assert plane.post("/clock/advance", {"to": "9999-12-31T23:59:59Z"})["now"] == "9999-12-31T23:59:59.000000Z"


def test_something_due_beyond_the_calendar_can_be_told(plane: Plane) -> None:
    plane.post("/clock/advance", {"seconds": 60})
    plane.cimom.run(lambda transaction: transaction.after(1e15, plane.note))
    assert plane.get("/clock")["due"] == "9999-12-31T23:59:59.000000Z"


def test_an_advance_that_would_take_for_ever_says_how_far_it_has_come(plane: Plane, monkeypatch: Any) -> None:
    monkeypatch.setattr("cimsim.control.clock_api.MAX_STEPS", 1)
    text = "the clock has come to 2025-03-10T12:00:05.000000Z, by 1 steps: advance it again to go on"
    assert plane.refused({"seconds": 60}) == (503, text)
    assert plane.happened == [5]
    assert plane.post("/clock/advance", {"seconds": 60})["now"] == "2025-03-10T12:01:05.000000Z"


def test_whatever_waits_on_the_clock_is_due(plane: Plane) -> None:
    plane.cimom.clock.call_at(NOON_SECONDS + 3, lambda: plane.happened.append(3))
    plane.post("/clock/advance", {"to": "next"})
    assert plane.happened == [3]


def test_other_paths_and_methods_are_refused_with_what_there_is(plane: Plane) -> None:
    status, _, content = plane.raw("GET", "/time", {})
    assert status == HTTPStatus.NOT_FOUND
    assert b"/clock/advance" in content
    status, headers, _ = plane.raw("DELETE", "/clock", {})
    assert (status, headers["allow"]) == (HTTPStatus.METHOD_NOT_ALLOWED, "GET")


def test_the_root_lists_everything(plane: Plane) -> None:
    assert sorted(plane.get("/")) == sorted(f"{method} {path}" for path, calls in CALLS.items() for method in calls)


PAGES: list[tuple[str, Callable[[dict[str, str]], dict[str, str]], int]] = [
    ("a form of a page in a browser", lambda given: {**given, "Content-Type": "text/plain"}, 415),
    ("another name of this computer", lambda given: {**given, "Host": "evil.example:4711"}, 403),
    ("no name", lambda given: {**given, "Host": ""}, 403),
]


@pytest.mark.parametrize(("change", "status"), [page[1:] for page in PAGES], ids=[page[0] for page in PAGES])
def test_pages_of_other_origins_change_nothing(
    plane: Plane, change: Callable[[dict[str, str]], dict[str, str]], status: int
) -> None:
    answered, _, _ = plane.raw("POST", "/clock/advance", change(JSON), b'{"seconds": 60}')
    assert (answered, plane.happened) == (status, [])


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1", "[::1]:4711"])
def test_every_name_of_the_loopback_interface_will_do(plane: Plane, host: str) -> None:
    assert plane.raw("GET", "/clock", {"Host": host})[0] == HTTPStatus.OK


def test_a_body_that_is_too_long_is_refused(plane: Plane) -> None:
    assert plane.refused(b" " * (1024 * 1024 + 1)) == (413, "a body has at most 1048576 bytes")
