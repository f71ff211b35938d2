from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.message import MessageError
from cimsim.server.head import Head
from cimsim.server.replies import CLOSE, RESPONSE_HEAD, STATUS_LINES, HttpError
from cimsim.server.replies import refusal as whole_refusal
from cimsim.simulation.cimxml_mount import CimXmlMount
from tests.http_peer import FakeService

DATE = b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
MOUNT = CimXmlMount(FakeService())


def refusal(error: HttpError | MessageError, *, body: bool = True) -> bytes:
    refused = MOUNT.refusal_of(error) if isinstance(error, MessageError) else error
    assert refused is not None
    return whole_refusal(refused, DATE, MOUNT.refusal_lines(refused, None), b"", body=body)


def test_h26_to_h29_a_success_head_is_exactly_this() -> None:
    status, lines = MOUNT.response_head(Head(b"POST", "1.1", b"/cimom", []), CimHeaders(), iter(()), 1234)
    assert RESPONSE_HEAD % (STATUS_LINES[status], DATE, lines, CLOSE, 42) == (
        b"HTTP/1.1 200 OK\r\n"
        b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
        b"Content-Type: application/xml; charset=utf-8\r\n"
        b"CIMOperation: MethodResponse\r\n"
        b"Cache-Control: no-cache\r\n"
        b"WBEMServerResponseTime: 1234\r\n"
        b"Connection: close\r\n"
        b"Content-Length: 42\r\n"
        b"\r\n"
    )


def test_he14_a_message_error_reaches_every_client(parse: Callable[..., list[Any]]) -> None:
    error = MessageError("header-mismatch", 'CIMMethod is "Ünknown"')
    (answer,) = parse(refusal(error))
    assert answer.status == 400
    assert answer["CIMError"] == "header-mismatch"
    assert answer["CIMErrorDescription"] == "CIMMethod is %22%C3%9Cnknown%22"
    assert answer["PGErrorDetail"] == answer["CIMErrorDescription"]
    assert answer["CIMOperation"] is None
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.body.decode() == '400 Bad Request (header-mismatch)\nCIMMethod is "Ünknown"\n'


def test_he14_pgerrordetail_comes_only_with_a_cimerror(parse: Callable[..., list[Any]]) -> None:
    (answer,) = parse(refusal(HttpError(401, "who?")))
    assert answer["PGErrorDetail"] is None
    assert answer["CIMError"] is None
    assert answer["CIMErrorDescription"] == "who?"


def test_the_answer_to_head_has_a_length_but_no_body(parse: Callable[..., list[Any]]) -> None:
    (answer,) = parse(refusal(HttpError(405, "no"), body=False), bodiless=True)
    assert int(answer["Content-Length"]) > 0


@given(st.text(max_size=50))
def test_sec5_no_detail_can_add_or_break_a_header(parse: Callable[..., list[Any]], detail: str) -> None:
    (answer,) = parse(refusal(MessageError("request-not-valid", detail)))
    assert [name for name, _ in answer.fields] == [
        "Date",
        "CIMError",
        "PGErrorDetail",
        "CIMErrorDescription",
        "Content-Type",
        "Content-Length",
    ]
    assert unquote(answer["CIMErrorDescription"]) == detail.encode("utf-8", "replace").decode()


def test_sec5_a_long_detail_is_cut(parse: Callable[..., list[Any]]) -> None:
    (answer,) = parse(refusal(HttpError(400, "x" * 1_000_000)))
    assert len(answer["CIMErrorDescription"]) == 1000
