"""The quirks of other servers as HTTP has them (rules Q1, Q2)."""

from collections.abc import Callable
from typing import Any

import pytest

from cimsim.cimxml.http_features import Features
from cimsim.quirks.options import features_with
from cimsim.quirks.profiles import PROFILES, Quirks

Post = Callable[..., bytes]
TRAILERS = {"TE": "deflate;q=0.5, trailers"}


def quirky(server: Any, profile: str) -> Any:
    server.remake(features=features_with(Features(), PROFILES[profile]))
    return server.connect()


def test_without_quirks_the_features_stay() -> None:
    assert features_with(Features(), Quirks()) == Features()


@pytest.mark.parametrize("profile", ["openpegasus", "sfcb"])
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "PUT", "CONNECT", "M-SEARCH"])
def test_q1_q2_methods_other_than_post_are_501(server: Any, post: Post, profile: str, method: str) -> None:
    answer = quirky(server, profile).ask(post(b"", method=method, target="a:1" if method == "CONNECT" else "/cimom"))
    assert (answer.status, answer["Opt"], answer["Allow"]) == (501, None, None)


def test_q1_the_connection_survives_options(server: Any, post: Post) -> None:
    peer = quirky(server, "openpegasus")
    peer.send(post(method="OPTIONS") + post())
    assert [answer.status for answer in peer.answers()] == [501, 200]


@pytest.mark.parametrize(("profile", "status"), [("sfcb", 417), ("openpegasus", 100)])
def test_q2_expect_is_refused(server: Any, post: Post, profile: str, status: int) -> None:
    assert quirky(server, profile).ask(post(headers={"Expect": "100-continue"})[:-6]).status == status


@pytest.mark.parametrize("changes", [{"CIMMethod": None}, {"CIMObject": ""}, {"CIMObject": ["a", "b"]}, {"CIMBatch": ""}])
def test_q2_only_cimoperation_matters(server: Any, post: Post, changes: dict[str, Any]) -> None:
    peer = quirky(server, "sfcb")
    assert peer.ask(post(headers=changes)).status == 200
    headers, _, _ = server.service.calls[-1]
    assert (headers.method, headers.object, headers.batch, headers.matched) == (None, None, None, False)
    assert peer.ask(post(headers={"CIMOperation": "Other", **changes})).status == 400


def chunked(written: bytes) -> tuple[str, bytes, list[bytes]]:
    """Return head, body and trailers of one response in chunks."""
    head, _, rest = written.partition(b"\r\n\r\n")
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if int(size, 16) == 0:
            assert rest.endswith(b"\r\n\r\n")
            return head.decode(), body, rest.split(b"\r\n")[:-2]
        body += rest[: int(size, 16)]
        assert rest[int(size, 16) :].startswith(b"\r\n")
        rest = rest[int(size, 16) + 2 :]


def answered(server: Any, data: bytes, *fragments: bytes) -> tuple[str, bytes, list[bytes]]:
    server.service.reply = lambda _: iter([[each] for each in fragments])
    peer = quirky(server, "sfcb")
    peer.send(data)
    return chunked(peer.transport.written)


def test_q2_h30_the_status_code_is_in_a_trailer(server: Any, post: Post) -> None:
    head, body, trailers = answered(server, post(headers=TRAILERS), b"<CIM>", b"</CIM>")
    assert "Trailer: CIMStatusCode, CIMStatusCodeDescription\r\nTransfer-Encoding: chunked" in head
    assert "Content-Length" not in head
    assert (body, trailers) == (b"<CIM></CIM>", [b"CIMStatusCode: 0"])


def test_q2_h31_an_error_tells_its_code_and_description(server: Any, post: Post) -> None:
    error = b'<ERROR CODE="6" DESCRIPTION="no &quot;\xc3\xa4&quot;&#10;Forged: 1"/>'
    _, body, trailers = answered(server, post(headers=TRAILERS), error)
    assert body == error
    assert trailers == [b"CIMStatusCode: 6", b"CIMStatusCodeDescription: no %22%C3%A4%22%0AForged: 1"]


def test_q2_a_long_response_comes_in_several_chunks(server: Any, post: Post) -> None:
    _, body, trailers = answered(server, post(headers=TRAILERS), *[b"x" * 100_000] * 4, b'<ERROR CODE="6"/>')
    assert len(body) == 400_000 + len(b'<ERROR CODE="6"/>')
    assert trailers == [b"CIMStatusCode: 0"]


def test_q2_trailers_of_m_post_have_its_prefix(server: Any, post: Post) -> None:
    fields = {"CIMOperation": None, "CIMMethod": None, "CIMObject": None, "47-CIMOperation": "MethodCall"}
    man = {"Man": "http://www.dmtf.org/cim/mapping/http/v1.0 ; ns=47"}
    _, _, trailers = answered(server, post(headers={**fields, **man, **TRAILERS}, method="M-POST"), b"<CIM/>")
    assert trailers == [b"47-CIMStatusCode: 0"]


@pytest.mark.parametrize(("te", "version"), [("trailers", "HTTP/1.0"), ("gzip", "HTTP/1.1"), ("trailers;q=0", "HTTP/1.1")])
def test_q2_h30_who_takes_no_trailers_gets_a_length(server: Any, post: Post, te: str, version: str) -> None:
    answer = quirky(server, "sfcb").ask(post(headers={"TE": te}, version=version))
    assert (answer.status, answer["Transfer-Encoding"], answer["Trailer"]) == (200, None, None)


def test_h31_without_the_quirk_there_are_no_trailers(server: Any, post: Post) -> None:
    answer = server.connect().ask(post(headers=TRAILERS))
    assert (answer["Transfer-Encoding"], answer["Trailer"]) == (None, None)
