"""How requests are framed, and how they are refused before their body is read."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from cimsim.cimxml.message import MessageError

Post = Callable[..., bytes]


def authorization(credentials: str) -> str:
    return "Basic " + b64encode(credentials.encode()).decode()


def test_h13_h20_a_request_as_pywbem_sends_it_is_answered(server: Any, post: Post) -> None:
    peer = server.connect()
    answer = peer.ask(post(b"<CIM/>"))
    assert answer.status == 200
    assert answer.body == b"<echo><CIM/></echo>"
    assert answer["Content-Type"] == "application/xml; charset=utf-8"
    assert answer["CIMOperation"] == "MethodResponse"
    assert answer["Cache-Control"] == "no-cache"
    assert answer["WBEMServerResponseTime"] == "0"
    assert answer["Date"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert answer["Connection"] is None
    assert peer.open
    ((headers, body, user),) = server.service.calls
    assert (headers.operation, headers.method, headers.object) == ("MethodCall", "GetInstance", "root/cimv2")
    assert (body, user) == (b"<CIM/>", None)


def test_h29_the_response_time_is_in_microseconds(server: Any, post: Post) -> None:
    def slow(body: bytes) -> Any:
        server.clock.advance(0.0045)
        return iter([[body]])

    server.service.reply = slow
    assert server.connect().ask(post())["WBEMServerResponseTime"] == "4500"


@pytest.mark.parametrize("chunks", [None, [b"<CIM", b"/", b">"]])
def test_h10_a_request_may_be_cut_at_every_byte(server: Any, post: Post, chunks: list[bytes] | None) -> None:
    data = post(b"<CIM/>", chunks=chunks)
    for cut in range(1, len(data)):
        assert server.connect().ask(data[:cut], data[cut:]).status == 200
    assert server.connect().ask(*[data[i : i + 1] for i in range(len(data))]).status == 200
    assert set(server.service.bodies) == {b"<CIM/>"}


@pytest.mark.parametrize("target", ["/", "/cimom", "/wsman?x=1", "http://cimom.example:5988/cimom", "*"])
def test_h1_h2_any_target_is_accepted(server: Any, post: Post, target: str) -> None:
    assert server.connect().ask(post(target=target)).status == 200


def test_h14_header_names_in_any_case_and_blanks_around_values(server: Any, post: Post) -> None:
    data = post(headers={"CIMOperation": None, "cimOPERATION": " \t MethodCall \t ", "Connection": "Keep-Alive, TE"})
    peer = server.connect()
    assert peer.ask(data).status == 200
    assert peer.open


def test_h3_host_is_needed_by_http11_only(server: Any, post: Post) -> None:
    answer = server.connect().ask(post(headers={"Host": None}))
    assert (answer.status, answer["CIMError"]) == (400, None)
    assert server.connect().ask(post(headers={"Host": ["a", "b"]})).status == 400
    assert server.connect().ask(post(headers={"Host": None}, version="HTTP/1.0")).status == 200


def test_h4_http10_closes_unless_keep_alive_is_asked_for(server: Any, post: Post) -> None:
    peer = server.connect()
    answer = peer.ask(post(version="HTTP/1.0", headers={"Connection": None}))
    assert (answer.status, answer["Connection"], peer.open) == (200, "close", False)
    peer = server.connect()
    answer = peer.ask(post(version="HTTP/1.0", headers={"Connection": "Keep-Alive"}))
    assert (answer.status, answer["Connection"], peer.open) == (200, "keep-alive", True)


@pytest.mark.parametrize("version", ["HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3.0"])
def test_h4_other_versions_are_505(server: Any, post: Post, version: str) -> None:
    peer = server.connect()
    assert peer.ask(post(version=version)).status == 505
    assert not peer.open


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "TRACE", "PATCH", "CONNECT"])
def test_h9_known_methods_are_405_with_allow(server: Any, post: Post, method: str) -> None:
    target = "host:1" if method == "CONNECT" else "/"
    answer = server.connect().ask(post(b"", method=method, target=target))
    assert (answer.status, answer["Allow"], answer["CIMError"]) == (405, "POST, M-POST, OPTIONS", None)


def test_h9_the_connection_survives_a_405(server: Any, post: Post) -> None:
    peer = server.connect()
    peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + post() + post(method="PUT") + post())
    assert [answer.status for answer in peer.answers()] == [405, 200, 405, 200]
    assert peer.open


def test_h9_the_answer_to_head_has_no_body(server: Any, post: Post, parse: Callable[..., list[Any]]) -> None:
    peer = server.connect()
    peer.send(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    (answer,) = peer.answers(bodiless=True)
    assert answer.status == 405
    assert not peer.open


@pytest.mark.parametrize("method", ["M-PUT", "FOO", "post", "m-post", "M-POSTS", "M-SEARCH", "PROPFIND"])
def test_h8_h9_unknown_methods_are_501_without_cim_headers(server: Any, post: Post, method: str) -> None:
    peer = server.connect()
    answer = peer.ask(post(method=method))
    assert (answer.status, answer["CIMError"], answer["CIMProtocolVersion"]) == (501, None, None)
    assert not peer.open


def test_sec8_what_is_no_http_at_all_is_400(server: Any) -> None:
    assert server.connect().ask(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").status == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": None}, 411),
        ({"Content-Length": "-1"}, 400),
        ({"Content-Length": "+6"}, 400),
        ({"Content-Length": "6_0"}, 400),
        ({"Content-Length": "0x6"}, 400),
        ({"Content-Length": ""}, 400),
        ({"Content-Length": "6, 6"}, 400),
        ({"Content-Length": ["6", "7"]}, 400),
        ({"Content-Length": "9" * 40}, 400),
        ({"Transfer-Encoding": "chunked"}, 400),
        ({"Content-Length": None, "Transfer-Encoding": ["chunked", "chunked"]}, 400),
        ({"Content-Length": None, "Transfer-Encoding": "gzip"}, 501),
        ({"Content-Length": None, "Transfer-Encoding": "gzip, chunked"}, 501),
        ({"Content-Length": None, "Transfer-Encoding": "identity"}, 501),
        ({"X": "a\r\n folded"}, 400),
        ({"X": "a\nY: b"}, 400),
        ({"X": "a\rY: b"}, 400),
        ({"X": "a\0b"}, 400),
        ({"X ": "a"}, 400),
        ({"": "a"}, 400),
        ({"Expect": "101-whatever"}, 417),
    ],
)
def test_h10_h12_sec8_doubtful_framing_ends_the_connection(
    server: Any, post: Post, headers: dict[str, str | list[str] | None], status: int
) -> None:
    peer = server.connect()
    answer = peer.ask(post(headers=headers) + post())
    assert (answer.status, answer["Connection"], answer["CIMError"]) == (status, "close", None)
    assert not peer.open
    assert server.service.calls == []
    assert server.connect().ask(post()).status == 200


@pytest.mark.parametrize("tail", [b"zz\r\n", b"-1\r\n", b"1\nx\r\n", b"1\r\nxy\r\n", b"ffffffffffffffffff\r\n", b"1 \r\nx\r\n"])
def test_sec8_malformed_chunks_end_the_connection(server: Any, post: Post, tail: bytes) -> None:
    head = post(chunks=[])[: -len(b"0\r\n\r\n")]
    peer = server.connect()
    assert peer.ask(head + tail).status == 400
    assert not peer.open


def test_h10_a_transfer_coding_under_http10_is_400(server: Any, post: Post) -> None:
    assert server.connect().ask(post(chunks=[b"<CIM/>"], version="HTTP/1.0")).status == 400


def test_chunk_extensions_and_trailers_are_dropped(server: Any, post: Post) -> None:
    head = post(chunks=[])[: -len(b"0\r\n\r\n")]
    peer = server.connect()
    body = b'6;name="value"\r\n<CIM/>\r\n0\r\nCIMMethod: Other\r\n\r\n'
    peer.send(head + body + post())
    assert [answer.status for answer in peer.answers()] == [200, 200]
    assert [headers.method for headers, _, _ in server.service.calls] == ["GetInstance", "GetInstance"]


def test_h12_100_continue_comes_after_the_cheap_checks(server: Any, post: Post) -> None:
    data = post(headers={"Expect": "100-Continue"})
    peer = server.connect()
    assert peer.ask(data[: -len(b"<CIM/>")]).status == 100
    assert peer.ask(b"<CIM/>").status == 200


def test_h12_a_refusal_takes_the_place_of_100_continue(server: Any, post: Post) -> None:
    data = post(headers={"Expect": "100-continue", "CIMMethod": None})
    peer = server.connect()
    answer = peer.ask(data[: -len(b"<CIM/>")])
    assert (answer.status, answer["CIMError"], answer["Connection"]) == (400, "header-mismatch", "close")
    assert not peer.open


def test_h12_http10_knows_no_100_continue(server: Any, post: Post) -> None:
    assert server.connect().ask(post(headers={"Expect": "100-continue"}, version="HTTP/1.0")).status == 200


def test_h12_100_continue_keeps_the_order_of_pipelined_answers(server: Any, post: Post) -> None:
    peer = server.connect()
    peer.send(post() + post(headers={"Expect": "100-continue"}))
    assert [answer.status for answer in peer.answers()] == [200, 100, 200]


@pytest.mark.parametrize("chunks", [None, [b"<CIM/>"]])
def test_an_upgrade_is_ignored(server: Any, post: Post, chunks: list[bytes] | None) -> None:
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}
    data = post(b"<CIM/>", headers, chunks=chunks)
    for cut in range(1, len(data)):
        peer = server.connect()
        peer.send(data[:cut], data[cut:] + post(b"<NEXT/>"))
        assert [answer.body for answer in peer.answers()] == [b"<echo><CIM/></echo>", b"<echo><NEXT/></echo>"]
        assert peer.open


def test_an_upgrade_that_closes_or_is_refused(server: Any, post: Post) -> None:
    peer = server.connect()
    peer.send(post(headers={"Connection": "Upgrade, close", "Upgrade": "h2c"}) + post())
    assert [answer.status for answer in peer.answers()] == [200]
    assert not peer.open
    peer = server.connect()
    peer.send(post(headers={"Connection": "Upgrade", "Upgrade": "h2c", "CIMObject": None}) + post())
    assert [answer.status for answer in peer.answers()] == [400, 200]


def test_ha1_ha7_credentials_are_checked_before_the_rest(server: Any, post: Post) -> None:
    server.remake({"operator": "secret"})
    peer = server.connect()
    answer = peer.ask(post(headers={"Host": None, "CIMOperation": None}))
    assert (answer.status, answer["WWW-Authenticate"]) == (401, 'Basic realm="cimsim"')
    assert peer.open, "HA2: clients answer the challenge on the same connection"
    assert peer.ask(post(headers={"Authorization": authorization("operator:wrong")})).status == 401
    assert peer.ask(post(headers={"Authorization": "Basic %%%"})).status == 401
    twice = [authorization("operator:secret")] * 2
    assert peer.ask(post(headers={"Authorization": twice})).status == 401
    assert server.service.calls == []
    assert peer.ask(post(headers={"Authorization": authorization("operator:secret")})).status == 200
    assert server.service.calls[0][2] == "operator"


def test_ha7_unknown_user_and_wrong_password_get_the_same_answer(server: Any, post: Post) -> None:
    server.remake({"operator": "secret"})
    peer = server.connect()
    wrong, unknown = (peer.ask(post(headers={"Authorization": authorization(c)})) for c in ("operator:x", "nobody:secret"))
    assert wrong == unknown


def test_ha4_without_users_authorization_is_ignored(server: Any, post: Post) -> None:
    assert server.connect().ask(post(headers={"Authorization": "Basic !"})).status == 200


@pytest.mark.parametrize(
    ("headers", "status", "cim_error"),
    [
        ({"CIMOperation": None}, 400, None),  # HC6
        ({"CIMOperation": "MethodRequest"}, 400, "unsupported-operation"),  # HC5
        ({"CIMOperation": ["MethodCall", "MethodCall"]}, 400, "unsupported-operation"),
        ({"CIMBatch": ""}, 400, "header-mismatch"),  # HC13: beside CIMMethod and CIMObject
        ({"CIMOperation": None, "CIMExport": "MethodRequest"}, 400, "unsupported-operation"),  # HC14
        ({"CIMMethod": None}, 400, "header-mismatch"),  # HC7
        ({"CIMObject": None, "Content-Type": None}, 400, "header-mismatch"),  # HC8, and before Content-Type (HE17)
        ({"CIMOperation": "Other", "Host": None}, 400, None),  # HE17: Host first
        ({"Content-Type": "text/plain"}, 415, None),  # H21
        ({"Content-Encoding": "gzip"}, 415, None),  # H24
        ({"Accept": "text/html"}, 406, None),  # H22
        ({"Accept-Charset": "iso-8859-1"}, 406, None),  # H23
        ({"Accept-Ranges": "none"}, 406, None),
        ({"Range": "bytes=0-"}, 406, None),
    ],
)
def test_he17_a_refused_request_harms_nothing_that_follows(
    server: Any, post: Post, headers: dict[str, str | list[str] | None], status: int, cim_error: str | None
) -> None:
    peer = server.connect()
    data = post(b"<BAD/>", headers)
    answer = peer.ask(data)
    assert (answer.status, answer["CIMError"]) == (status, cim_error)
    assert answer["CIMOperation"] is None
    assert peer.open
    assert peer.ask(post()).status == 200
    assert server.service.bodies == [b"<CIM/>"]


def test_h13_a_refusal_comes_before_the_body_which_is_dropped(server: Any, post: Post) -> None:
    peer = server.connect()
    head, _, body = post(b"x" * 60_000, {"CIMMethod": None}).partition(b"\r\n\r\n")
    assert peer.ask(head + b"\r\n\r\n").status == 400
    peer.send(body[:30_000], body[30_000:])
    assert peer.answers() == []
    assert peer.ask(post()).status == 200


@pytest.mark.parametrize("chunks", [None, [b"x" * 70_000]])
def test_h13_a_long_body_is_not_waited_for(server: Any, post: Post, chunks: list[bytes] | None) -> None:
    peer = server.connect()
    head, _, _ = post(b"x" * 70_000, {"CIMMethod": None}, chunks=chunks).partition(b"\r\n\r\n")
    answer = peer.ask(head + b"\r\n\r\n")
    assert (answer.status, answer["Connection"]) == (400, "close")
    assert not peer.open


def test_he14_a_message_error_keeps_the_connection(server: Any, post: Post) -> None:
    def refuse(body: bytes) -> Any:
        if body == b"<BAD/>":
            raise MessageError("request-not-valid", "no MESSAGE\r\nSet-Cookie: x")
        return iter([[body]])

    server.service.reply = refuse
    peer = server.connect()
    peer.send(post(b"<BAD/>") + post())
    refused, answered = peer.answers()
    assert (refused.status, refused["CIMError"]) == (400, "request-not-valid")
    assert refused["CIMErrorDescription"] == "no MESSAGE%0D%0ASet-Cookie: x"
    assert refused["Set-Cookie"] is None
    assert answered.status == 200


def test_a_message_error_with_connection_close(server: Any, post: Post) -> None:
    def refuse(_: bytes) -> Any:
        raise MessageError(None, "no")

    server.service.reply = refuse
    peer = server.connect()
    answer = peer.ask(post(headers={"Connection": "close"}))
    assert (answer.status, answer["Connection"], peer.open) == (400, "close", False)


def test_ha3_ha5_ha6_basic_is_the_only_scheme_and_roles_are_ignored(server: Any, post: Post) -> None:
    server.remake({"operator": "secret"})
    peer = server.connect()
    for scheme in ('Digest username="operator"', "PegasusAuthorization Local", "OWLocal", "Negotiate AAAA"):
        answer = peer.ask(post(headers={"Authorization": scheme}))
        assert (answer.status, answer["WWW-Authenticate"]) == (401, 'Basic realm="cimsim"')
        assert answer["CIMRoleAuthenticate"] is None
    role = {"Authorization": authorization("operator:secret"), "CIMRoleAuthorization": authorization("role:x")}
    assert peer.ask(post(headers=role)).status == 200
