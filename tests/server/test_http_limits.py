"""Sizes, numbers, times, and the end of the server."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cimsim.server.limits import HttpLimits

Post = Callable[..., bytes]


def test_limits_must_be_positive() -> None:
    with pytest.raises(ValueError, match="max_body"):
        HttpLimits(max_body=0)
    assert HttpLimits().max_body == 64 * 1024 * 1024


def test_h11_a_body_over_the_limit_is_413_before_it_is_sent(server: Any, post: Post) -> None:
    server.remake(max_body=100)
    peer = server.connect()
    assert peer.ask(post(b"x" * 100)).status == 200
    answer = peer.ask(post(headers={"Content-Length": "101"})[: -len(b"<CIM/>")])
    assert (answer.status, answer["Connection"], answer["CIMError"]) == (413, "close", None)
    assert not peer.open


def test_h11_a_chunked_body_is_counted(server: Any, post: Post) -> None:
    server.remake(max_body=100)
    assert server.connect().ask(post(chunks=[b"x" * 60, b"x" * 40])).status == 200
    peer = server.connect()
    assert peer.ask(post(chunks=[b"x" * 60, b"x" * 41])).status == 413
    assert not peer.open


def test_h12_an_expected_body_over_the_limit_is_413(server: Any, post: Post) -> None:
    server.remake(max_body=100)
    assert server.connect().ask(post(b"x" * 101, {"Expect": "100-continue"})[:-101]).status == 413


def test_h11_a_request_line_over_the_limit_is_414(server: Any, post: Post) -> None:
    server.remake(max_request_line=1000)
    assert server.connect().ask(post(target="/" + "x" * 999)).status == 200
    for segment in (1, 100, 10_000):
        data = post(target="/" + "x" * 1000)
        peer = server.connect()
        peer.send(*[data[i : i + segment] for i in range(0, len(data), segment)])
        assert [answer.status for answer in peer.answers()] == [414]
        assert not peer.open


@pytest.mark.parametrize("segment", [1, 100, 100_000])
def test_h11_t9_a_header_block_over_the_limit_is_431(server: Any, post: Post, segment: int) -> None:
    server.remake(max_header_bytes=2000, max_request_line=100)
    assert server.connect().ask(post(headers={"X": "x" * 1500})).status == 200
    for headers in ({"X": "x" * 2000}, {"X" * 2000: "x"}, {f"X{i}": "x" * 100 for i in range(20)}):
        data = post(headers=headers)
        peer = server.connect()
        peer.send(*[data[i : i + segment] for i in range(0, len(data), segment)])
        assert [answer.status for answer in peer.answers()] == [431]
        assert not peer.open


def test_h11_one_header_without_end_is_431(server: Any, post: Post) -> None:
    server.remake(max_header_bytes=2000, max_request_line=100)
    peer = server.connect()
    peer.send(b"POST / HTTP/1.1\r\nX: ", *[b"x" * 100] * 22)
    assert [answer.status for answer in peer.answers()] == [431]


def test_h11_too_many_headers_are_431(server: Any, post: Post) -> None:
    server.remake(max_headers=20)
    assert server.connect().ask(post(headers={f"X{i}": "x" for i in range(10)})).status == 200
    assert server.connect().ask(post(headers={f"X{i}": "x" for i in range(11)})).status == 431


def test_h11_trailers_count(server: Any, post: Post) -> None:
    server.remake(max_headers=20)
    head = post(chunks=[b"x"])[: -len(b"\r\n")]
    assert server.connect().ask(head + b"T: x\r\n" * 11 + b"\r\n").status == 431


def test_t9_a_large_header_block_behind_a_pipelined_body_is_no_431(server: Any, post: Post) -> None:
    server.remake(max_header_bytes=2000, max_request_line=100)
    first, second = post(b"x" * 10_000), post(headers={"X": "x" * 1500})
    peer = server.connect()
    peer.send(first + second[:800], second[800:])
    assert [answer.status for answer in peer.answers()] == [200, 200]


def test_sec4_an_idle_connection_is_closed(server: Any, post: Post) -> None:
    peer = server.connect()
    server.pass_time(50)
    assert peer.ask(post()).status == 200
    server.pass_time(50)
    peer.send(b"\r\n" * 10)
    server.pass_time(9)
    assert peer.open
    server.pass_time(3)
    assert not peer.open
    assert peer.answers() == [], "blank lines are no requests"


def test_sec4_a_head_that_trickles_in_is_408(server: Any, post: Post) -> None:
    peer = server.connect()
    data = post()
    for at in range(29):
        peer.send(data[at : at + 1])
        server.pass_time(1)
    assert peer.open
    server.pass_time(3)
    (answer,) = peer.answers()
    assert (answer.status, answer["Connection"]) == (408, "close")
    assert not peer.open


def test_sec4_a_body_that_trickles_in_is_408_but_a_slow_one_is_not(server: Any, post: Post) -> None:
    trickle, slow = server.connect(), server.connect()
    data = post(b"x" * 200_000)
    trickle.send(data[:1000])
    slow.send(data[:1000])
    for second in range(40):
        trickle.send(b"x" * 100)
        slow.send(data[1000 + 2000 * second : 3000 + 2000 * second])
        server.pass_time(1)
    assert [answer.status for answer in trickle.answers()] == [408]
    assert not trickle.open
    assert slow.open
    slow.send(data[81_000:])
    assert slow.answers()[0].status == 200


def test_sec4_a_client_that_does_not_read_is_cut_off(server: Any, post: Post) -> None:
    server.service.reply = lambda _: iter([[b"x" * 1_000_000]])
    reader, sleeper = server.connect(window=65_536), server.connect(window=65_536)
    reader.send(post())
    sleeper.send(post())
    for _ in range(4):
        server.pass_time(10)
        reader.transport.take()
    assert not sleeper.open
    assert sleeper.transport.aborted
    assert reader.open
    server.pass_time(0)


def test_a_request_that_takes_long_to_answer_is_not_cut_off(server: Any, post: Post) -> None:
    def slow(body: bytes) -> Iterator[list[bytes]]:
        for _ in range(2):
            server.clock.rightNow += 100
            yield [body]

    server.service.reply = slow
    peer = server.connect()
    peer.send(post())
    server.pass_time(1)
    assert [answer.status for answer in peer.answers()] == [200]
    assert peer.open


def test_h33_connections_over_the_limit_get_503(server: Any, post: Post) -> None:
    server.remake(max_connections=2)
    first, _ = server.connect(), server.connect()
    third = server.connect()
    (answer,) = third.answers()
    assert (answer.status, answer["Connection"], answer["Retry-After"]) == (503, "close", "1")
    assert not third.open
    first.transport.hang_up()
    assert server.connect().ask(post()).status == 200


def test_a_flood_of_connections_is_not_even_answered(server: Any, post: Post) -> None:
    server.remake(max_connections=2)
    peers = [server.connect(tcp=True) for _ in range(4)]
    assert [len(peer.answers()) for peer in peers] == [0, 0, 1, 1]
    assert server.factory.buildProtocol(None) is None
    server.pass_time(5)
    assert [peer.open for peer in peers] == [True, True, False, False]
    assert server.connect(tcp=True).answers()[0].status == 503


def test_stop_without_connections_is_done_at_once(server: Any) -> None:
    assert server.factory.stop().called
    assert server.factory.buildProtocol(None) is None


def test_stop_closes_idle_and_unfinished_connections_at_once(server: Any, post: Post) -> None:
    used, fresh, half = server.connect(), server.connect(), server.connect()
    used.ask(post())
    half.send(post()[:-1])
    done = server.factory.stop()
    assert done.called
    assert [used.open, fresh.open, half.open] == [False, False, False]
    assert server.factory.stop().called


def test_stop_lets_a_request_under_way_finish(server: Any, post: Post) -> None:
    def slow(body: bytes) -> Iterator[list[bytes]]:
        for _ in range(4):
            server.clock.rightNow += 0.02
            yield [body]

    server.service.reply = slow
    peer = server.connect()
    peer.send(post(b"a") + post(b"b"))
    done, again = server.factory.stop(), server.factory.stop()
    assert not done.called
    peer.send(post(b"c"))
    for _ in range(5):
        server.clock.advance(0)
    (answer,) = peer.answers()
    assert (answer.body, answer["Connection"]) == (b"aaaa", "close")
    assert not peer.open
    assert done.called
    assert again.called
    assert len(server.service.calls) == 1


def test_stop_closes_after_a_response_whose_head_promised_more(server: Any, post: Post) -> None:
    server.service.reply = lambda _: iter([[b"x" * 1_000_000]])
    peer = server.connect(window=65_536)
    peer.send(post())
    done = server.factory.stop()
    for _ in range(10):
        peer.transport.take()
    assert len(peer.answers()[0].body) == 1_000_000
    assert not peer.open
    assert done.called


def test_stop_is_bounded(server: Any, post: Post) -> None:
    server.service.reply = lambda _: iter([[b"x" * 1_000_000]])
    peer = server.connect(window=65_536)
    peer.send(post())
    done = server.factory.stop()
    server.pass_time(4)
    assert not done.called
    server.pass_time(2)
    assert done.called
    assert peer.transport.aborted


def test_stop_does_not_wait_for_refused_clients(server: Any, post: Post) -> None:
    peer = server.connect(tcp=True)
    assert peer.ask(b"\x00").status == 400
    assert peer.open
    assert server.factory.stop().called
