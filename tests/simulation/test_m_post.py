"""M-POST: CIM headers with a prefix that the header Man declares (rules H5 to H8)."""

from collections.abc import Callable
from typing import Any

import pytest

from cimsim.cimxml.http_features import Features
from cimsim.cimxml.m_post_prefix import CIM_EXTENSION, prefix_of
from cimsim.cimxml.message import MessageError

Post = Callable[..., bytes]
Headers = dict[str, str | list[str] | None]

MAN = f"{CIM_EXTENSION} ; ns=47"


@pytest.fixture(scope="session")
def m_post(post: Post) -> Post:
    """Makes a request of M-POST as the Java client sends it."""

    def make(body: bytes = b"<CIM/>", headers: Headers | None = None, **more: Any) -> bytes:
        fields: Headers = {"CIMOperation": None, "CIMMethod": None, "CIMObject": None, "Man": MAN}
        fields |= {"47-CIMOperation": "MethodCall", "47-CIMMethod": "GetInstance", "47-CIMObject": "root/cimv2"}
        return post(body, fields | (headers or {}), method="M-POST", **more)

    return make


def test_h5_h7_the_answer_declares_the_prefix_of_its_cim_headers(server: Any, m_post: Post) -> None:
    peer = server.connect()
    answer = peer.ask(m_post())
    assert (answer.status, answer.body) == (200, b"<echo><CIM/></echo>")
    assert (answer["Ext"], answer["Cache-Control"], answer["Man"]) == ("", "no-cache", MAN)
    assert (answer["47-CIMOperation"], answer["CIMOperation"]) == ("MethodResponse", None)
    assert (answer["47-WBEMServerResponseTime"], answer["WBEMServerResponseTime"]) == ("0", None)
    assert answer["Content-Type"] == "application/xml; charset=utf-8"
    ((headers, _, _),) = server.service.calls
    assert (headers.operation, headers.method, headers.object) == ("MethodCall", "GetInstance", "root/cimv2")
    assert peer.open


def test_h7_the_answer_to_post_has_no_prefix(server: Any, post: Post, m_post: Post) -> None:
    peer = server.connect()
    peer.send(m_post() + post(headers={"Man": MAN}))
    _, answer = peer.answers()
    assert (answer["CIMOperation"], answer["Man"], answer["Ext"]) == ("MethodResponse", None, None)


@pytest.mark.parametrize(
    ("man", "prefix"),
    [
        (MAN, b"47-"),
        (f"{CIM_EXTENSION};ns=01", b"01-"),
        (f"{CIM_EXTENSION} ;NS = 10 ", b"10-"),
        (f'"{CIM_EXTENSION}"; ns=10', b"10-"),
        (f"{CIM_EXTENSION}/ ; ns=10; x=y", b"10-"),
        (f"{CIM_EXTENSION} ; x=y ; ns=10", b"10-"),
        (f"{CIM_EXTENSION}", None),
        (f"{CIM_EXTENSION} ; ns=1", None),
        (f"{CIM_EXTENSION} ; ns=100", None),
        (f"{CIM_EXTENSION} ; ns=4x", None),
        ("http://www.example.com/other ; ns=47", None),
        (f"{MAN}, http://www.example.com/other ; ns=48", None),
        (f"http://www.example.com/other, {MAN}", None),
        (f" , {MAN},, ", b"47-"),
        ("", None),
        (";" * 60_000, None),
        (f"{CIM_EXTENSION}{' ' * 60_000}", None),
    ],
)
def test_h5_h6_the_header_man(man: str, prefix: bytes | None) -> None:
    assert prefix_of(man.encode()) == prefix


def test_h5_header_names_in_any_case(server: Any, m_post: Post) -> None:
    data = m_post(headers={"47-CIMMethod": None, "47-cimMETHOD": "GetClass", "Man": None, "MAN": f"{CIM_EXTENSION};ns=47"})
    assert server.connect().ask(data).status == 200
    assert server.service.calls[0][0].method == "GetClass"


def test_h5_headers_of_another_prefix_or_none_do_not_count(server: Any, m_post: Post) -> None:
    peer = server.connect()
    for name in ("48-CIMMethod", "CIMMethod"):
        answer = peer.ask(m_post(headers={"47-CIMMethod": None, name: "GetInstance"}))
        assert (answer.status, answer["47-CIMError"], answer["CIMError"]) == (400, "header-mismatch", None)
        assert (answer["Man"], answer["Ext"]) == (MAN, "")


def test_h6_under_http10_it_is_400(server: Any, m_post: Post) -> None:
    answer = server.connect().ask(m_post(version="HTTP/1.0"))
    assert (answer.status, answer["CIMError"]) == (400, None)


@pytest.mark.parametrize("man", [None, "http://www.example.com/other ; ns=47", [MAN, "http://www.example.com/other"]])
def test_h6_an_unknown_extension_is_510(server: Any, m_post: Post, man: Any) -> None:
    peer = server.connect()
    answer = peer.ask(m_post(headers={"Man": man}))
    assert (answer.status, answer["CIMError"], answer["Man"]) == (510, None, None)
    assert peer.ask(m_post()).status == 200


def test_ha7_credentials_come_before_the_extension(server: Any, m_post: Post) -> None:
    server.remake({"operator": "secret"})
    assert server.connect().ask(m_post(headers={"Man": None})).status == 401


def test_h8_switched_off_it_is_501_and_the_client_may_go_on_with_post(server: Any, post: Post, m_post: Post) -> None:
    server.remake(features=Features(m_post=False))
    peer = server.connect()
    answer = peer.ask(m_post())
    assert (answer.status, answer["CIMError"], answer["CIMProtocolVersion"]) == (501, None, None)
    assert peer.ask(post()).status == 200
    assert peer.ask(post(method="PUT"))["Allow"] == "POST, OPTIONS"


def test_he14_errors_of_the_message_have_the_prefix(server: Any, m_post: Post) -> None:
    def refuse(_: bytes) -> Any:
        raise MessageError("request-not-valid", "no MESSAGE")

    server.service.reply = refuse
    answer = server.connect().ask(m_post())
    assert (answer.status, answer["47-CIMError"], answer["47-CIMErrorDescription"]) == (400, "request-not-valid", "no MESSAGE")
    assert (answer["CIMError"], answer["47-CIMOperation"]) == (None, None)


@pytest.mark.longer
@pytest.mark.parametrize("chunks", [None, [b"<C", b"\r\n\r\n", b"IM/>"], [b"M-POST / HTTP/1.1\r\n\r\n"]])
def test_it_may_be_cut_and_follow_at_every_byte(server: Any, post: Post, m_post: Post, chunks: list[bytes] | None) -> None:
    body = b"".join(chunks or [b"M-POST / HTTP/1.1\r\n\r\nM-"])
    data = m_post(body, chunks=chunks) + post(body, chunks=chunks) + b"\r\n" + m_post(body, chunks=chunks)
    for cut in range(1, len(data)):
        peer = server.connect()
        peer.send(data[:cut], data[cut:])
        assert [answer.body for answer in peer.answers()] == [b"<echo>%b</echo>" % body] * 3
        assert peer.open
        peer.transport.hang_up()
    peer = server.connect()
    peer.send(*[data[place : place + 1] for place in range(len(data))])
    assert [answer["Man"] for answer in peer.answers()] == [MAN, None, MAN]


def test_a_body_that_ends_like_the_method_is_complete(server: Any, post: Post) -> None:
    for end in (b"M", b"M-", b"M-POST", b"M-POST "):
        assert server.connect().ask(post(b"<CIM/>" + end)).body == b"<echo><CIM/>%b</echo>" % end


@pytest.mark.parametrize("start", [b"M-PUT / HTTP/1.1\r\n\r\n", b"M-POSTS / HTTP/1.1\r\n\r\n", b"M-P\x00", b"M-POST\r\n\r\n"])
def test_h9_what_begins_alike_is_refused(server: Any, post: Post, start: bytes) -> None:
    for cut in range(len(start)):
        peer = server.connect()
        peer.send(post() + start[:cut], start[cut:])
        ok, answer = peer.answers()
        assert (ok.status, answer.status) == (200, answer.status)
        assert answer.status in (400, 501)
        assert not peer.open


def test_an_upgrade_is_ignored(server: Any, post: Post, m_post: Post) -> None:
    data = m_post(headers={"Connection": "Upgrade", "Upgrade": "h2c"})
    for cut in range(1, len(data)):
        peer = server.connect()
        peer.send(data[:cut], data[cut:] + data + post())
        assert [answer.status for answer in peer.answers()] == [200, 200, 200]
        peer.transport.hang_up()


def test_h11_limits_hold(server: Any, m_post: Post) -> None:
    server.remake(max_body=100, max_header_bytes=2000, max_request_line=100)
    assert server.connect().ask(m_post(b"x" * 101)).status == 413
    assert server.connect().ask(m_post(chunks=[b"\r\n" * 51])).status == 413
    assert server.connect().ask(m_post(target="/" + "x" * 100)).status == 414
    assert server.connect().ask(m_post(headers={"X": "x" * 2000})).status == 431
    peer = server.connect()
    peer.send(b"M-POST / HTTP/1.1\r\nX: ", *[b"x" * 100] * 22)
    assert [answer.status for answer in peer.answers()] == [431]


def test_h12_it_may_expect_100_continue(server: Any, m_post: Post) -> None:
    data = m_post(headers={"Expect": "100-continue"})
    peer = server.connect()
    assert peer.ask(data[: -len(b"<CIM/>")]).status == 100
    assert peer.ask(b"<CIM/>").status == 200


def test_h25_a_client_that_asks_for_a_language_is_told_ours(server: Any, post: Post, m_post: Post) -> None:
    for make in (post, m_post):
        for wish in ("de-DE, en;q=0.5", "en", "*", "tlh;q=x,,;"):
            answer = server.connect().ask(make(headers={"Accept-Language": wish, "Content-Language": "tlh"}))
            assert (answer.status, answer["Content-Language"]) == (200, "en")
    answer = server.connect().ask(post(headers={"Accept-Language": "en", "CIMMethod": None}))
    assert (answer.status, answer["Content-Language"]) == (400, "en")
    assert server.connect().ask(post())["Content-Language"] is None
