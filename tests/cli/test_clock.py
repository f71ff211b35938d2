"""The options about time, and `cimsim clock` where there is nothing to talk to."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner

from cimsim.cimxml.http_headers import PLAIN, refusal_lines
from cimsim.cli.main import main
from cimsim.server.replies import CLOSE, HttpError, refusal

Cimsim = Callable[..., Any]


@pytest.mark.parametrize("time", ["soon", "10000-01-01", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", ""])
def test_a_start_time_outside_the_calendar_is_refused(cimsim: Cimsim, time: str) -> None:
    done = cimsim("serve", "--start-time", time)
    assert done.status == 2
    assert f"{time!r} is not an ISO 8601 time" in done.err


WRONG: list[tuple[list[str], str]] = [
    (["--control", "http://127.0.0.1:1", "show"], "no control plane at http://127.0.0.1:1"),
    (["--control", "file:///etc/passwd", "show"], "write http://127.0.0.1:PORT"),
    (["--control", "http://127.0.0.1:x", "show"], "no control plane at http://127.0.0.1:x"),
    (["--control", "http://127.0.0.1:1", "advance", "soon"], "advance soon: write a number of seconds, 0 or more, or next"),
    (["--control", "http://127.0.0.1:1", "advance", "inf"], "advance inf: write a number of seconds, 0 or more, or next"),
    (["--control", "http://127.0.0.1:1", "advance", "-5"], "advance -5: write a number of seconds, 0 or more, or next"),
    (["--control", "http://127.0.0.1:1", "advance", "--next"], "advance --next: write a number of seconds, 0 or more, or next"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_what_is_wrong_is_said_in_a_line(arguments: list[str], text: str) -> None:
    done = CliRunner().invoke(main, ["clock", *arguments])
    assert (done.exit_code, done.output.count("\n")) == (2, 1)
    assert text in done.output


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], str]]:
    """Return what opens a port that answers one request with the given bytes, and returns its URL."""
    with ExitStack() as stack:

        def opened(answer: bytes) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def serve() -> None:
                client, _ = listener.accept()
                with client:
                    client.recv(65536)
                    client.sendall(answer)

            thread = Thread(target=serve, daemon=True)
            thread.start()
            stack.callback(thread.join, 10)
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield opened


@pytest.mark.parametrize(
    "refused",
    [
        HttpError(405, "operations are sent with POST"),
        HttpError(400, "no CIMOperation header", code="request-not-valid"),
        HttpError(401, "credentials are missing or wrong", fields=b'WWW-Authenticate: Basic realm="cimsim"\r\n'),
    ],
    ids=lambda refused: str(refused.status),
)
def test_the_port_of_cim_clients_is_not_the_control_plane(answering: Callable[[bytes], str], refused: HttpError) -> None:
    lines = refusal_lines(PLAIN, refused.detail, refused.code)
    url = answering(refusal(refused, b"", lines, CLOSE))
    done = CliRunner().invoke(main, ["clock", "--control", url, "advance", "5"])
    assert done.exit_code == 2
    assert done.output.startswith(f"cimsim: {url} is the port of CIM clients, not the control plane")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwhat",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
        b"\x15\x03\x03\x00\x02\x02\x16",
        b"",
    ],
)
def test_something_else_is_not_the_control_plane(answering: Callable[[bytes], str], answer: bytes) -> None:
    url = answering(answer)
    done = CliRunner().invoke(main, ["clock", "--control", url, "show"])
    assert (done.exit_code, done.output.count("\n")) == (2, 1)
    assert done.output.startswith(f"cimsim: no control plane at {url}")
