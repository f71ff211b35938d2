"""Sizes, numbers, times, and the end of the server."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cimsim.cimxml.message import MessageError
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


def test_sec4_a_request_has_one_time_to_arrive_however_fast_it_comes(server: Any, post: Post) -> None:
    trickle, steady = server.connect(), server.connect()
    data = post(b"x" * 4_000_000)
    trickle.send(data[:1000])
    steady.send(data[:1000])
    for second in range(29):
        trickle.send(b"x" * 100)
        steady.send(data[1000 + 100_000 * second : 101_000 + 100_000 * second])
        server.pass_time(1)
    assert trickle.open
    assert steady.open
    server.pass_time(3)
    for peer in (trickle, steady):
        assert [answer.status for answer in peer.answers()] == [408]
        assert not peer.open


def test_sec4_every_request_of_a_connection_has_its_own_time(server: Any, post: Post) -> None:
    peer = server.connect()
    data = post(b"x" * 100_000)
    for _ in range(3):
        peer.send(data[:50_000])
        server.pass_time(25)
        assert peer.ask(data[50_000:]).status == 200


def test_t9_bodies_over_the_limit_of_all_are_503(server: Any, post: Post) -> None:
    server.remake(max_bodies=300_000)
    first, second, third, small = (server.connect() for _ in range(4))
    data = post(b"x" * 200_000)
    first.send(data[:-1])
    assert server.factory.bodies.held == 199_999
    answer = second.ask(data[:-200_000])
    assert (answer.status, answer["Retry-After"], answer["Connection"]) == (503, "1", "close")
    assert not second.open
    # Announced or not, what arrives counts.
    chunked = post(chunks=[b"x" * 90_000, b"x" * 90_000])
    third.send(chunked[:-50_000])
    assert third.ask(chunked[-50_000:]).status == 503
    assert small.ask(post(b"x" * 60_000)).status == 200, "those who send little are served"
    assert first.ask(data[-1:]).status == 200
    assert server.factory.bodies.held == 0
    assert server.connect().ask(data).status == 200


def test_t9_bodies_count_until_they_are_answered_or_gone(server: Any, post: Post) -> None:
    server.remake(max_bodies=500_000)
    server.service.reply = lambda _: iter([[b"x" * 1_000_000]])
    data = post(b"x" * 200_000)
    reader, gone = server.connect(window=65_536), server.connect()
    reader.send(data)
    gone.send(data[:-1])
    assert server.factory.bodies.held == 399_999
    gone.transport.hang_up()
    assert server.factory.bodies.held == 200_000
    while server.factory.bodies.held:
        reader.transport.take()
    assert reader.answers()[0].status == 200
    refused = server.connect()
    refused.send(post(b"x" * 200_000, {"Host": None}))
    assert refused.answers()[0].status == 400
    assert server.factory.bodies.held == 0


@pytest.mark.parametrize("segment", [1, 7, 100_000])
@pytest.mark.parametrize("size", [b"ffffffffffffffff", b"FFFFFFFF", b"0000100000000", b"7000000;a=b"])
def test_h11_a_chunk_over_the_limit_is_413_at_once(server: Any, post: Post, segment: int, size: bytes) -> None:
    data = post(chunks=[b"x" * 10])[: -len(b"0\r\n\r\n")] + size + b"\r\n"
    peer = server.connect()
    peer.send(*[data[i : i + segment] for i in range(0, len(data), segment)])
    assert [answer.status for answer in peer.answers()] == [413]
    assert not peer.open
    peer = server.connect()
    peer.send(data + b"x" * 100)
    assert [answer.status for answer in peer.answers()] == [413]


@pytest.mark.parametrize(
    "line",
    [b"0" * 2_000_000 + b"5\r\n", b"5;" + b"x" * 2_000_000 + b"\r\n", b"5;a=" + b'"' + b"y" * 300_000 + b'"\r\n'],
    ids=["zeros", "extension", "quoted extension"],
)
@pytest.mark.parametrize("before", [0, 100_000], ids=["first chunk", "later chunk"])
def test_h11_a_long_chunk_line_is_refused(server: Any, post: Post, line: bytes, before: int) -> None:
    data = post(chunks=[b"x" * before] if before else [])[: -len(b"0\r\n\r\n")] + line
    peer = server.connect()
    sent = 0
    while peer.open and sent < len(data):
        peer.send(data[sent : sent + 50_000])
        sent += 50_000
    assert [answer.status for answer in peer.answers()] == [400]
    assert sent <= before + 250_000, "it is refused long before its end"


def test_h11_many_long_chunk_lines_are_refused(server: Any, post: Post) -> None:
    peer = server.connect()
    peer.send(post(chunks=[])[: -len(b"0\r\n\r\n")])
    for _ in range(1000):
        peer.send(b"1;" + b"x" * 3000 + b"\r\nx\r\n")
    assert [answer.status for answer in peer.answers()] == [400]


@pytest.mark.parametrize("segment", [1, 2, 3, 5, 64, 100_000])
def test_h10_honest_chunks_are_taken_however_they_are_cut(server: Any, post: Post, segment: int) -> None:
    chunks = [b"\n", b"ffffffff\r\n", b"x", b"\r\nffffffffffffffff\r\n" * 30, b"\r", b"\n\r\nffffffff\r\n", b"y" * 300]
    data = post(chunks=chunks) * 2
    peer = server.connect()
    peer.send(*[data[i : i + segment] for i in range(0, len(data), segment)])
    assert [answer.status for answer in peer.answers()] == [200, 200]
    assert server.service.bodies == [b"".join(chunks)] * 2
    peer.send(post(chunks=[b"x"] * 50_000))
    assert [answer.status for answer in peer.answers()] == [200]


@pytest.mark.parametrize("segment", [1, 4, 100_000])
@pytest.mark.parametrize("version", ["RTSP/1.0", "RTSP/1.1"])
def test_h4_another_protocol_is_505(server: Any, post: Post, version: str, segment: int) -> None:
    data = post() + post(version=version)
    peer = server.connect()
    peer.send(*[data[i : i + segment] for i in range(0, len(data), segment)])
    assert [answer.status for answer in peer.answers()] == [200, 505]
    assert not peer.open


def test_h4_what_only_mentions_another_protocol_is_served(server: Any, post: Post) -> None:
    body = b"GET rtsp://camera RTSP/1.0\r\n"
    assert server.connect().ask(post(body, {"X": "a RTSP/1.0"}, target="/RTSP/1.0")).status == 200


def test_a_long_body_is_decoded_while_others_are_answered(server: Any, post: Post) -> None:
    first, second = Deferred[None](), Deferred[None]()
    server.service.later = [first, second]
    long, other, gone = server.connect(), server.connect(), server.connect()
    long.send(post(b"x" * 40_000) + post(b"next"))
    gone.send(post(b"x" * 40_000))
    server.pass_time(40)
    assert (long.answers(), long.open, long.paused) == ([], True, True), "it is ours to answer"
    assert other.ask(post(b"short")).status == 200
    gone.transport.hang_up()
    second_was_cancelled = second.called
    first.callback(None)
    assert [answer.body for answer in long.answers()] == [b"<echo>%b</echo>" % (b"x" * 40_000), b"<echo>next</echo>"]
    assert second_was_cancelled


def test_wm_ev_11_an_answer_that_waits_lets_others_be_answered(server: Any, post: Post) -> None:
    first, second = Deferred[Any](), Deferred[Any]()
    waiting = [first, second]
    server.service.reply = lambda body: waiting.pop(0) if body == b"wait" else iter([[b"done"]])
    one, other, gone = server.connect(), server.connect(), server.connect()
    one.send(post(b"wait") + post(b"next"))
    gone.send(post(b"wait"))
    server.pass_time(40)
    assert (one.answers(), one.open) == ([], True), "it is ours to answer"
    assert other.ask(post(b"short")).body == b"done"
    gone.transport.hang_up()
    assert second.called
    first.callback(iter([[b"at last"]]))
    assert [answer.body for answer in one.answers()] == [b"at last", b"done"]


@pytest.mark.parametrize(("error", "status"), [(MessageError("request-not-valid", "why"), 400), (ZeroDivisionError(), 500)])
def test_a_long_body_that_is_refused(server: Any, post: Post, error: Exception, status: int) -> None:
    waiting = Deferred[None]()
    server.service.later = [waiting]
    peer = server.connect()
    peer.send(post(b"x" * 100_000))
    waiting.errback(error)
    assert [answer.status for answer in peer.answers()] == [status]
    assert server.factory.bodies.held == 0


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
