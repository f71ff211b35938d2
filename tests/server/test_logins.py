"""How often an address may guess passwords (rule SEC9)."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

Post = Callable[..., bytes]
USERS = {"eve": "secret"}


def login(post: Post, password: str) -> bytes:
    return post(headers={"Authorization": f"Basic {b64encode(f'eve:{password}'.encode()).decode()}"})


def statuses(server: Any, *requests: bytes) -> list[int]:
    peer = server.connect()
    peer.send(b"".join(requests))
    return [answer.status for answer in peer.answers()]


@pytest.fixture
def guarded(server: Any) -> Any:
    server.remake(USERS, max_failed_logins=3, login_window=10.0, idle_timeout=1000.0)
    return server


def test_sec9_too_many_failures_are_refused_until_the_window_ends(guarded: Any, post: Post) -> None:
    wrong, right = login(post, "guess"), login(post, "secret")
    assert statuses(guarded, wrong, wrong, wrong) == [401, 401, 401]
    assert statuses(guarded, wrong, right) == [429, 429], "on any connection; the right password is not told from a wrong one"
    guarded.pass_time(10)
    assert statuses(guarded, right) == [200]


def test_sec9_the_refusal_says_when_to_try_again(guarded: Any, post: Post) -> None:
    peer = guarded.connect()
    peer.send(login(post, "guess") * 4)
    refused = peer.answers()[-1]
    assert (refused.status, refused["Retry-After"]) == (429, "11")


def test_a_right_password_clears_the_count(guarded: Any, post: Post) -> None:
    wrong, right = login(post, "guess"), login(post, "secret")
    assert statuses(guarded, *[wrong, wrong, right] * 3) == [401, 401, 200] * 3


def test_requests_without_a_password_are_no_failures(guarded: Any, post: Post) -> None:  # HA2: Java and curl ask first
    assert statuses(guarded, *[post()] * 5, login(post, "secret")) == [401] * 5 + [200]


def test_failures_are_forgotten_when_addresses_become_too_many() -> None:
    from cimsim.server.logins import Failures

    failures = Failures(lambda: 0.0, 1, 60.0)
    for number in range(10_001):
        failures.add(str(number))
    assert failures.wait("0") == 0
    assert failures.wait("1") == 60


def test_addresses_are_counted_apart() -> None:
    from cimsim.server.logins import Failures

    failures = Failures(lambda: 5.0, 1, 60.0)
    failures.add("a")
    assert failures.wait("a") == 60
    assert failures.wait("b") == 0
