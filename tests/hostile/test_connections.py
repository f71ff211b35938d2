"""Bodies, framing and connections that waste what a server has (rules SEC4, SEC8, H10, H11)."""

import socket
import struct
from contextlib import ExitStack
from typing import Any

import pytest

MAX_BODY = 8 * 2**20
MAX_CONNECTIONS = 50


def test_h11_huge_bodies_are_refused_before_they_are_sent(victim: Any) -> None:
    for length in (MAX_BODY + 1, 10**12, 10**18):
        with victim.connect() as client:
            client.sendall(victim.head(length))
            assert victim.answer(client)[0] == 413


def test_h11_an_endless_chunked_body_is_cut_off(victim: Any) -> None:
    chunk = b"10000\r\n%b\r\n" % (b"x" * 0x10000)
    with victim.connect() as client:
        client.sendall(victim.head(None, "GetInstance", "Transfer-Encoding: chunked"))
        try:
            for _ in range(4 * MAX_BODY // len(chunk)):
                client.sendall(chunk)
        except OSError:
            return
        assert victim.answer(client)[0] == 413


def test_sec3_many_bodies_of_the_largest_size_at_once(victim: Any) -> None:
    body = b" " * (MAX_BODY - 1)
    with ExitStack() as stack:
        clients = [stack.enter_context(victim.connect()) for _ in range(4)]
        for client in clients:
            client.sendall(victim.head(len(body)) + body)
        assert {victim.answer(client)[:2] for client in clients} == {(400, "request-not-well-formed")}


@pytest.mark.parametrize("sent", [1, 100, 300, 500])
def test_sec4_truncated_requests(victim: Any, sent: int) -> None:
    data = victim.head(len(victim.body())) + victim.body()
    with victim.connect() as client:
        client.sendall(data[:sent])
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1000) == b""


def test_sec4_half_open_connections_are_ended(victim: Any) -> None:
    """A head or a body that does not come is 408, no request at all is no request."""
    starts: list[tuple[bytes, int | None]] = [
        (b"POST", 408),
        (b"M-POST / HTTP/1.1\r\nHost: ", 408),
        (victim.head(10_000) + b"<CIM", 408),
    ]
    starts += [(b"", None), (b"\r\n", None), (b"M-P", None)]
    with ExitStack() as stack:
        clients = [(stack.enter_context(victim.connect()), start, status) for start, status in starts]
        for client, start, _ in clients:
            client.sendall(start)
        for client, _, status in clients:
            assert (client.recv(1000) if status is None else victim.answer(client)[0]) == (status or b"")


def test_sec4_a_client_that_does_not_read_is_cut_off(victim: Any) -> None:
    """It asks for much and takes nothing; what waits for it must not pile up."""
    parameters = '<IPARAMVALUE NAME="DeepInheritance"><VALUE>TRUE</VALUE></IPARAMVALUE>'
    body = victim.body(parameters, "EnumerateClasses")
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(5)
        client.connect(("127.0.0.1", victim.port))
        try:
            for _ in range(10_000):
                client.sendall(victim.head(len(body), "EnumerateClasses") + body)
        except OSError:
            pass
        else:
            raise AssertionError("the server reads without end")


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding : chunked",),
        ("Content-Length: 5\r\n 6",),
        ("Content-Length: 5\nX: y",),
        ("Content-Length: +5",),
        ("X: \0",),
    ],
)
def test_sec8_ambiguous_framing_ends_the_connection(victim: Any, lines: tuple[str, ...]) -> None:
    smuggled = victim.head(len(victim.body())) + victim.body()
    with victim.connect() as client:
        client.sendall(victim.head(None, "GetInstance", *lines) + b"0\r\n\r\n" + smuggled)
        assert victim.answer(client)[0] in (400, 411, 501)
        assert client.recv(1000) == b""


def test_sec4_h33_a_flood_of_connections_is_turned_away_and_passes(victim: Any) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(victim.connect()) for _ in range(MAX_CONNECTIONS)]
        for client in clients:
            client.sendall(victim.head(len(victim.body())) + victim.body())
        assert {victim.answer(client)[0] for client in clients} == {200}
        late = [stack.enter_context(victim.connect()) for _ in range(MAX_CONNECTIONS)]
        assert {victim.answer(client)[0] for client in late[:10]} == {503}
        # Far too many are closed without a word.
        for _ in range(2 * MAX_CONNECTIONS):
            stack.enter_context(victim.connect())


def test_sec4_sec11_connections_that_come_and_go(victim: Any) -> None:
    gone = struct.pack("ii", 1, 0)
    for number in range(200):
        with victim.connect() as client:
            if number % 2:
                client.sendall(victim.head(1000))
            if number % 5 == 0:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, gone)
