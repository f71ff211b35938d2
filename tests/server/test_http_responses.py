"""How responses are sent: in order, in slices and pieces, and with back-pressure; and how connections end."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.logger import globalLogPublisher

from cimsim.cimxml.message import MessageError

Post = Callable[..., bytes]


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    events: list[Any] = []
    publisher: Any = globalLogPublisher
    publisher.addObserver(events.append)
    yield events
    publisher.removeObserver(events.append)


def big(batches: int, size: int = 50_000) -> Callable[[bytes], Iterator[list[bytes]]]:
    return lambda _: iter([[b"%04d" % number, b"x" * (size - 4)] for number in range(batches)])


def test_h13_pipelined_requests_are_answered_in_order(server: Any, post: Post) -> None:
    peer = server.connect()
    peer.send(b"".join(post(b"<R%d/>" % number) for number in range(50)))
    assert [answer.body for answer in peer.answers()] == [b"<echo><R%d/></echo>" % number for number in range(50)]
    assert peer.open
    assert not peer.paused


def test_h13_connection_close_ends_it_and_what_follows_is_ignored(server: Any, post: Post) -> None:
    peer = server.connect()
    peer.send(post(headers={"Connection": "close"}) + post(b"<LATE/>"))
    (answer,) = peer.answers()
    assert (answer.status, answer["Connection"]) == (200, "close")
    assert not peer.open
    assert server.service.bodies == [b"<CIM/>"]


def test_h13_connection_close_with_garbage_behind_it(server: Any, post: Post) -> None:
    peer = server.connect()
    assert peer.ask(post(headers={"Connection": "close"}) + b"\r\n\x00\xff").status == 200


def test_malformed_bytes_after_good_requests_do_not_harm_these(server: Any, post: Post) -> None:
    peer = server.connect()
    peer.send(post() + post() + b"\x00\x01\x02\r\n\r\n" + post())
    assert [answer.status for answer in peer.answers()][:2] == [200, 200]
    assert len(server.service.calls) == 2
    assert not peer.open


def test_h27_an_empty_response_has_a_length(server: Any, post: Post) -> None:
    server.service.reply = lambda _: iter([])
    answer = server.connect().ask(post())
    assert (answer.status, answer["Content-Length"]) == (200, "0")


def test_a_small_response_is_one_write(server: Any, post: Post) -> None:
    server.service.reply = lambda _: iter([[b"a", b"b"], [b"c"]])
    peer = server.connect()
    peer.send(post())
    assert peer.transport.largest == len(peer.transport.written)
    assert peer.answers()[0].body == b"abc"


def test_a_long_response_waits_for_the_client(server: Any, post: Post) -> None:
    server.service.reply = big(20)
    server.remake(piece=100_000)
    peer = server.connect(window=65_536)
    peer.send(post())
    seen = 0
    for _ in range(20):
        sent = len(peer.transport.written) - seen
        assert sent < 250_000, "more than the window and a piece"
        seen += sent
        peer.transport.take()
    (answer,) = peer.answers()
    assert answer.body == b"".join(b"%04d" % number + b"x" * 49_996 for number in range(20))
    assert peer.transport.largest < 200_000
    assert peer.open


def test_requests_behind_a_long_response_wait_unread(server: Any, post: Post) -> None:
    server.service.reply = lambda body: big(10)(body) if body == b"<BIG/>" else iter([[body]])
    server.remake(piece=100_000)
    peer = server.connect(window=65_536)
    peer.send(post(b"<BIG/>"))
    assert not peer.paused, "a client that hangs up must be noticed"
    peer.send(post(b"<NEXT/>"))
    assert peer.paused
    assert server.service.bodies == [b"<BIG/>"]
    for _ in range(10):
        peer.transport.take()
    assert [answer.body[-7:] for answer in peer.answers()] == [b"xxxxxxx", b"<NEXT/>"]
    assert not peer.paused


def test_small_responses_wait_for_the_client_too(server: Any, post: Post) -> None:
    server.service.reply = big(1, 30_000)
    peer = server.connect(window=65_536)
    peer.send(post() * 20)
    assert len(server.service.calls) == 3, "as many as fill the window"
    assert peer.paused
    for _ in range(10):
        peer.transport.take()
    assert len(peer.answers()) == 20


def test_work_is_done_in_time_slices(server: Any, post: Post) -> None:
    def slow(body: bytes) -> Iterator[list[bytes]]:
        for _ in range(6):
            server.clock.rightNow += 0.004
            yield [body]

    server.service.reply = slow
    first, second = server.connect(), server.connect()
    first.send(post(b"a"))
    assert first.answers() == [], "the slice is used up"
    second.send(post(b"b"))
    server.clock.advance(0)
    (answer,) = first.answers()
    assert answer.body == b"aaaaaa"
    assert answer["Content-Length"] == "6"
    server.clock.advance(0)
    assert second.answers()[0].body == b"bbbbbb"
    assert first.open
    assert second.open


def test_pipelined_requests_share_the_reactor(server: Any, post: Post) -> None:
    def slow(body: bytes) -> Iterator[list[bytes]]:
        server.clock.rightNow += 0.003
        return iter([[body]])

    server.service.reply = slow
    peer = server.connect()
    peer.send(post(b"<MANY/>") * 6)
    assert len(server.service.calls) == 2, "two fill the slice"
    assert peer.paused
    server.connect().send(post(b"<ONE/>"))
    server.clock.advance(0)
    assert server.service.bodies == [b"<MANY/>"] * 2 + [b"<ONE/>"] + [b"<MANY/>"] * 4
    assert len(peer.answers()) == 6
    assert not peer.paused


@pytest.mark.parametrize("late", [False, True])
def test_a_fault_is_logged_and_answered_500_without_details(server: Any, post: Post, logged: list[Any], late: bool) -> None:
    def fail(body: bytes) -> Iterator[list[bytes]]:
        if late:
            yield [b"begun"]
        raise ZeroDivisionError("the secret of the house")

    server.service.reply = fail
    peer = server.connect()
    answer = peer.ask(post() + post())
    assert (answer.status, answer["CIMError"], answer["Connection"]) == (500, None, "close")
    assert b"secret" not in answer.body
    assert not peer.open
    (event,) = [event for event in logged if "log_failure" in event]
    assert event["log_failure"].check(ZeroDivisionError)
    assert "Authorization" not in str(event)
    server.service.reply = lambda body: iter([[body]])
    assert server.connect().ask(post()).status == 200


def test_a_fault_in_the_admission_is_answered_in_order(
    server: Any, post: Post, logged: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = server.factory.routes.default.admit

    def fail(head: Any) -> Any:
        if b"x-fail" in head.values:
            raise KeyError("x")
        return original(head)

    monkeypatch.setattr(server.factory.routes.default, "admit", fail)
    peer = server.connect()
    peer.send(post() + post(headers={"X-Fail": "1"}) + post())
    assert [answer.status for answer in peer.answers()] == [200, 500]
    assert not peer.open
    assert any("log_failure" in event for event in logged)


def test_sec11_a_client_that_hangs_up_leaves_nothing_behind(server: Any, post: Post) -> None:
    closed = []

    def batches(_: bytes) -> Iterator[list[bytes]]:
        try:
            while True:
                server.clock.rightNow += 0.02
                yield [b"x"]
        finally:
            closed.append(True)

    server.service.reply = batches
    peer = server.connect()
    peer.send(post() + post())
    assert len(server.service.calls) == 1
    peer.transport.hang_up()
    assert closed == [True]
    assert not server.factory.connections
    assert not server.clock.getDelayedCalls()
    assert peer.transport.written == b""


@pytest.mark.parametrize("cut", [1, 30, 200, -1])
def test_sec11_a_client_that_hangs_up_within_its_request(server: Any, post: Post, cut: int) -> None:
    peer = server.connect()
    peer.send(post()[:cut])
    peer.transport.hang_up()
    assert server.service.calls == []
    assert not server.factory.connections


def test_sec11_a_client_that_hangs_up_while_it_is_sent_to(server: Any, post: Post) -> None:
    server.service.reply = big(10)
    peer = server.connect(window=65_536)
    peer.send(post())
    peer.transport.hang_up()
    assert not server.factory.connections


def test_a_refusal_that_closes_leaves_the_client_time_to_read_it(server: Any, post: Post) -> None:
    peer = server.connect(tcp=True)
    head, _, body = post(b"x" * 100_000, {"Content-Length": "999999999999"}).partition(b"\r\n\r\n")
    assert peer.ask(head + b"\r\n\r\n").status == 413
    assert peer.transport.half_closed
    assert peer.open
    peer.send(body)
    assert peer.answers() == []
    assert not peer.paused
    server.pass_time(5)
    assert not peer.open
    assert peer.transport.aborted, "an abort, since the client would not close"


def test_tcp_connections_send_small_packets_at_once(server: Any, post: Post) -> None:
    assert server.connect(tcp=True).transport.nodelay


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_h26_h27_h28_h30_h32_h36_a_response_has_a_length_and_is_neither_chunked_nor_compressed(
    server: Any, post: Callable[..., bytes], version: str
) -> None:
    server.service.reply = lambda body: iter([[b"<CIM>"], [b"x" * 500_000], [b"</CIM>"]])
    headers = {"TE": "trailers, chunked", "Accept-Encoding": "gzip, deflate", "Connection": "TE, close"}
    answer = server.connect().ask(post(headers=headers, version=version))
    assert (answer.status, len(answer.body)) == (200, 500_011)
    assert (answer["Content-Type"] or "").startswith("application/xml")
    assert (answer["CIMOperation"], answer["Cache-Control"]) == ("MethodResponse", "no-cache")
    assert (answer["Transfer-Encoding"], answer["Trailer"], answer["Content-Encoding"]) == (None, None, None)


def test_h31_nothing_is_sent_before_the_whole_response_is_there(server: Any, post: Callable[..., bytes]) -> None:
    def fail(_: bytes) -> Any:
        yield [b"<CIM>" * 100_000]
        raise MessageError("request-not-valid", "late")

    server.service.reply = fail
    answer = server.connect().ask(post(headers={"TE": "trailers"}))
    assert (answer.status, answer["CIMError"]) == (400, "request-not-valid")


def test_sec6_a_request_that_is_pending_gives_way_and_ends_with_its_connection(server: Any, post: Post) -> None:
    steps: list[str] = []

    def pending(_: bytes) -> Iterator[list[bytes]]:
        try:
            for number in range(100):
                steps.append(f"{number}")
                server.clock.rightNow += 0.002
                yield []
            yield [b"<late/>"]
        finally:
            steps.append("over")

    server.service.reply = pending
    peer, other = server.connect(), server.connect()
    peer.send(post())
    done = len(steps)
    assert 0 < done < 10, "a time slice"
    server.service.reply = lambda _: iter([[b"<quick/>"]])
    assert other.ask(post()).body == b"<quick/>"
    peer.transport.hang_up()
    assert steps[done:] == ["over"]
    server.clock.advance(1)
    assert steps[done:] == ["over"]
    assert peer.answers() == []


def test_sec6_a_request_that_is_pending_is_answered_in_the_end(server: Any, post: Post) -> None:
    server.service.reply = lambda _: iter([[], [], [b"<late/>"]])
    assert server.connect().ask(post()).body == b"<late/>"
