"""The options about time, and `cimsim clock` where there is nothing to talk to."""

from collections.abc import Callable
from typing import Any

import pytest

Cimsim = Callable[..., Any]


@pytest.mark.parametrize("time", ["soon", "10000-01-01", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", ""])
def test_a_start_time_outside_the_calendar_is_refused(cimsim: Cimsim, time: str) -> None:
    done = cimsim("serve", "--start-time", time)
    assert done.status == 2
    assert f"{time!r} is not an ISO 8601 time" in done.err


WRONG: list[tuple[list[str], str]] = [
    (["--control", "http://127.0.0.1:1", "show"], "no control plane at http://127.0.0.1:1"),
    (["--control", "file:///etc/passwd", "show"], "write http://127.0.0.1:PORT"),
    (["--control", "http://127.0.0.1:1", "advance", "soon"], "soon: write a number of seconds, or next"),
    (["--control", "http://127.0.0.1:1", "advance", "inf"], "inf: write a number of seconds, or next"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG, ids=[text for _, text in WRONG])
def test_what_is_wrong_is_said_in_a_line(cimsim: Cimsim, arguments: list[str], text: str) -> None:
    done = cimsim("clock", *arguments)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert text in done.err
