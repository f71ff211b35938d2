"""Who may use the control plane: tokens, cookies, names and origins."""

from typing import Any

import pytest
from twisted.logger import LogEvent, LogLevel, globalLogPublisher

from cimsim.server.limits import HttpLimits
from cimsim.simulation.control_options import ControlOptions
from tests.control.plane import HERE, JSON, Plane

TOKEN = "the-token-of-the-test"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
OWN = {"Origin": "http://127.0.0.1:4711"}


@pytest.fixture
def plane() -> Plane:
    """Return a control plane that demands a token; an address may send three wrong ones in a minute."""
    return Plane(options=ControlOptions(token=TOKEN, run="run1", limits=HttpLimits(max_failed_logins=3)))


def status(plane: Plane, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> int:
    return plane.raw(method, path, headers, body)[0]


def logged_in(plane: Plane, token: str = TOKEN) -> tuple[int, str]:
    """Log in as a browser does; return the status and the header Set-Cookie."""
    answered, headers, _ = plane.raw("POST", "/v1/login", JSON, b'{"token": "%b"}' % token.encode())
    return answered, headers.get("set-cookie", "")


def cookie(plane: Plane) -> dict[str, str]:
    return {"Cookie": logged_in(plane)[1].partition(";")[0]}


# The token of a program


def test_every_resource_needs_the_token_and_says_how_to_give_it(plane: Plane) -> None:
    answered, headers, content = plane.raw("GET", "/v1/status", {})
    assert (answered, headers["www-authenticate"]) == (401, 'Bearer realm="cimsim"')
    for way in (b"Authorization: Bearer", b"--control-token", b"CIMSIM_CONTROL_TOKEN", b"/v1/login"):
        assert way in content
    assert TOKEN.encode() not in content
    assert status(plane, "GET", "/v1/status", RIGHT) == 200
    assert status(plane, "GET", "/v1/status", {"Authorization": f"bearer  {TOKEN}"}) == 200


@pytest.mark.parametrize("path", ["/health/live", "/v1/health/live", "/health/ready", "/v1/health/ready"])
def test_whether_it_is_healthy_is_for_everybody(plane: Plane, path: str) -> None:
    plane.controlled.ready = True
    assert status(plane, "GET", path, {}) == 200


@pytest.mark.parametrize(
    "path", ["/v1/cimoms", "/v1/openapi.json", "/v1/metrics", "/v1/calls", "/clock", "/v1/cimoms/cimsim/status"]
)
def test_nothing_else_is(plane: Plane, path: str) -> None:
    assert status(plane, "GET", path, {}) == 401
    assert status(plane, "GET", path, RIGHT) == 200


def test_a_change_without_the_token_changes_nothing(plane: Plane) -> None:
    assert status(plane, "POST", "/v1/clock/advance", JSON, b'{"seconds": 60}') == 401
    assert plane.happened == []
    assert status(plane, "POST", "/v1/clock/advance", {**JSON, **RIGHT}, b'{"seconds": 60}') == 200
    assert plane.happened == [5, 9]


@pytest.mark.parametrize(
    "header", [f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer", "Bearer \u00fcber", ""]
)
def test_what_is_not_the_token_is_refused(plane: Plane, header: str) -> None:
    assert status(plane, "GET", "/v1/status", {"Authorization": header}) == 401


def test_a_url_does_not_carry_the_token(plane: Plane) -> None:
    for query in (f"token={TOKEN}", f"access_token={TOKEN}"):
        assert status(plane, "GET", f"/v1/status?{query}", {}) == 401


def test_wrong_tokens_are_logged_with_the_address_and_counted(plane: Plane) -> None:
    events: list[LogEvent] = []
    take: Any = events.append
    globalLogPublisher.addObserver(take)
    try:
        for _ in range(3):
            assert status(plane, "GET", "/v1/status", {"Authorization": "Bearer guess-1"}) == 401
        answered, headers, _ = plane.raw("GET", "/v1/status", RIGHT)
    finally:
        globalLogPublisher.removeObserver(take)
    assert (answered, int(headers["retry-after"]) > 0) == (429, True)
    assert [each["log_level"] for each in events] == [LogLevel.warn] * 4
    assert all(each["address"] for each in events)
    assert "guess-1" not in str(events)
    assert TOKEN not in str(events)
    plane.reactor.clock.advance(61)
    assert status(plane, "GET", "/v1/status", RIGHT) == 200


def test_requests_without_a_token_are_not_guesses(plane: Plane) -> None:
    for _ in range(9):
        assert status(plane, "GET", "/v1/status", {}) == 401
    assert status(plane, "GET", "/v1/status", RIGHT) == 200


def test_without_a_token_nothing_is_asked() -> None:
    plane = Plane()
    assert status(plane, "GET", "/v1/status", {"Authorization": "Bearer whatever"}) == 200
    assert logged_in(plane) == (200, "")


# The cookie of a browser


def test_a_browser_gets_a_cookie_that_is_not_the_token(plane: Plane) -> None:
    answered, given = logged_in(plane)
    value, *attributes = given.split("; ")
    assert (answered, sorted(attributes)) == (200, ["HttpOnly", "Path=/", "SameSite=Strict"])
    assert value.startswith("cimsim-4711=run1.")
    assert TOKEN not in value
    assert status(plane, "GET", "/v1/status", {"Cookie": f"other=1; {value}"}) == 200


def test_a_wrong_token_gets_no_cookie_and_counts_as_a_guess(plane: Plane) -> None:
    for _ in range(3):
        assert logged_in(plane, "a-wrong-token") == (401, "")
    assert logged_in(plane)[0] == 429


def test_logging_out_forgets_the_cookie(plane: Plane) -> None:
    answered, headers, _ = plane.raw("DELETE", "/v1/login", JSON)
    assert answered == 200
    assert "Max-Age=0" in headers["set-cookie"]


def test_a_cookie_of_another_run_is_none_and_no_guess(plane: Plane) -> None:
    earlier = Plane(options=ControlOptions(token=TOKEN, run="run0"))
    for _ in range(9):
        assert status(plane, "GET", "/v1/status", cookie(earlier)) == 401
    assert status(plane, "GET", "/v1/status", cookie(plane)) == 200


def test_a_cookie_that_was_made_up_is_a_guess(plane: Plane) -> None:
    for _ in range(3):
        assert status(plane, "GET", "/v1/status", {"Cookie": "cimsim-4711=run1.0123"}) == 401
    assert status(plane, "GET", "/v1/status", RIGHT) == 429


ADVANCE = ("POST", "/v1/clock/advance", b'{"seconds": 60}')
CHANGES: list[tuple[dict[str, str], int]] = [
    ({**JSON, **OWN}, 200),
    (JSON, 403),
    ({**JSON, "Origin": "http://127.0.0.1:3000"}, 403),
    ({**JSON, "Origin": "http://localhost:4711"}, 403),
    ({**JSON, "Origin": "https://127.0.0.1:4711"}, 403),
    ({**JSON, "Origin": "null"}, 403),
    (OWN, 415),
    ({**OWN, "Content-Type": "text/plain"}, 415),
    ({**OWN, "Content-Type": "application/x-www-form-urlencoded"}, 415),
]


@pytest.mark.parametrize(("headers", "expected"), CHANGES, ids=str)
def test_with_a_cookie_only_our_own_page_changes_something(plane: Plane, headers: dict[str, str], expected: int) -> None:
    method, path, body = ADVANCE
    assert status(plane, method, path, {**headers, **cookie(plane)}, body) == expected
    assert (plane.happened != []) == (expected == 200)


@pytest.mark.parametrize(("headers", "expected"), CHANGES, ids=str)
def test_what_has_no_body_is_guarded_likewise(plane: Plane, headers: dict[str, str], expected: int) -> None:
    plane.asked("POST", "/v1/faults")
    assert status(plane, "DELETE", "/v1/faults", {**headers, **cookie(plane)}) == expected


def test_a_page_of_another_port_cannot_read_with_a_foreign_origin(plane: Plane) -> None:
    assert status(plane, "GET", "/v1/status", {**cookie(plane), "Origin": "http://evil.example"}) == 403


# Names


def names(address: str, *hosts: str) -> Plane:
    return Plane(options=ControlOptions(address=address, hosts=hosts, token=TOKEN))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.7:4711", 200),
        ("cimsim.example", 200),
        ("CIMSIM.example:80", 200),
        ("localhost:4711", 200),
        ("192.0.2.8", 403),
        ("evil.example", 403),
        ("cimsim.example.evil.example", 403),
    ],
)
def test_elsewhere_it_is_called_by_its_address_and_the_names_that_it_was_given(host: str, expected: int) -> None:
    assert status(names("192.0.2.7", "cimsim.example"), "GET", "/v1/status", {**RIGHT, "Host": host}) == expected


def test_on_all_addresses_it_is_called_by_the_one_that_a_connection_came_to() -> None:
    plane = names("0.0.0.0")
    assert status(plane, "GET", "/v1/status", {**RIGHT, "Host": f"{HERE}:4711"}) == 200
    assert status(plane, "GET", "/v1/status", {**RIGHT, "Host": "192.0.2.7:4711"}) == 403


def test_the_token_does_not_help_a_page_of_another_name(plane: Plane) -> None:
    stranger: dict[str, Any] = {**RIGHT, "Host": "evil.example:4711"}
    assert status(plane, "GET", "/v1/status", stranger) == 403
    assert status(plane, "GET", "/v1/health/live", {"Host": "evil.example"}) == 403
