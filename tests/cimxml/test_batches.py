"""Several requests in one message (rules M5, HC13)."""

from typing import Any

import pytest
from lxml import etree
from msgspec.structs import replace
from pywbem import CIMError

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.cimxml.encode.encoder import Encoder
from cimsim.cimxml.message import Message, MessageError
from cimsim.operations.request import ClassName, ExtrinsicRequest, IntrinsicRequest
from cimsim.operations.results import ClassNames, MethodResult, Output, Void
from tests.replies.check import check_message

BATCH = CimHeaders("MethodCall", batch="")
NAMESPACE = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root/x"/></LOCALNAMESPACEPATH>'
FIRST = f'<SIMPLEREQ><IMETHODCALL NAME="One">{NAMESPACE}</IMETHODCALL></SIMPLEREQ>'
TARGET = f'<LOCALCLASSPATH>{NAMESPACE}<CLASSNAME NAME="C"/></LOCALCLASSPATH>'
SECOND = f'<SIMPLEREQ><METHODCALL NAME="Two">{TARGET}</METHODCALL></SIMPLEREQ>'
ONE = IntrinsicRequest("One", "root/x")
TWO = ExtrinsicRequest("Two", "root/x", ClassName("C"))


def message(content: str) -> bytes:
    return f'<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="7" PROTOCOLVERSION="1.0">{content}</MESSAGE></CIM>'.encode()


def refused(content: str, headers: CimHeaders = BATCH, limits: MessageLimits | None = None) -> str | None:
    with pytest.raises(MessageError) as caught:
        Decoder(limits).decode(message(content), headers)
    assert caught.value.status == 400
    return caught.value.cim_error


def test_m5_the_requests_are_kept_in_order_and_may_be_of_both_kinds() -> None:
    decoded = Decoder().decode(message(f"<MULTIREQ>{FIRST}{SECOND}{FIRST}</MULTIREQ>"), BATCH)
    two, one = decoded.further
    assert isinstance(two, ExtrinsicRequest)
    assert decoded == Message("7", ONE, (two, ONE))
    assert (replace(two, embedded=None), one) == (TWO, ONE)


def test_hc13_the_header_stands_with_a_batch_and_only_with_it() -> None:
    assert refused(f"<MULTIREQ>{FIRST}{FIRST}</MULTIREQ>", CimHeaders("MethodCall", "One", "root/x")) == "header-mismatch"
    assert refused(FIRST) == "header-mismatch"
    assert refused("<FOO/>") == "request-not-valid"


@pytest.mark.parametrize(
    "content",
    [
        "<MULTIREQ></MULTIREQ>",
        f"<MULTIREQ>{FIRST}</MULTIREQ>",
        f"<MULTIREQ>{FIRST}text{FIRST}</MULTIREQ>",
        f"<MULTIREQ A=''>{FIRST}{FIRST}</MULTIREQ>",
        f"<MULTIREQ>{FIRST}<MULTIREQ>{FIRST}{FIRST}</MULTIREQ></MULTIREQ>",
        f"<MULTIREQ>{FIRST}<SIMPLEREQ/></MULTIREQ>",
        f"<MULTIREQ>{FIRST}{FIRST}</MULTIREQ>{FIRST}",
        f"<MULTIREQ>{FIRST}{FIRST}</MULTIREQ><MULTIREQ>{FIRST}{FIRST}</MULTIREQ>",
        f"<MULTIREQ>{FIRST}{FIRST.replace('REQ', 'EXPREQ')}</MULTIREQ>",
    ],
)
def test_m5_he12_other_batches_are_not_valid(content: str) -> None:
    assert refused(content) == "request-not-valid"


def test_sec3_the_number_of_requests_is_limited() -> None:
    limits = MessageLimits(batch=3)
    assert len(Decoder(limits).decode(message(f"<MULTIREQ>{FIRST * 3}</MULTIREQ>"), BATCH).further) == 2
    assert refused(f"<MULTIREQ>{FIRST * 4}</MULTIREQ>", limits=limits) == "request-not-valid"


def test_m5_each_request_has_its_response_or_its_error(pywbem_reads: Any) -> None:
    sent = Message("a&b", ONE, (ONE, TWO, ONE))
    results = [Void(), CIMError(6, "no <such> thing"), MethodResult(Output("", "uint32", False, 0), ()), ClassNames([])]
    text = b"".join(piece for batch in Encoder("host").encode_batch(sent, results) for piece in batch)
    check_message(text)
    assert text.startswith(b'<?xml version="1.0" encoding="utf-8" ?>')
    root = etree.fromstring(text)
    assert root[0].get("ID") == "a&b"
    assert [each.tag for each in root[0]] == ["MULTIRSP"]
    answers = root[0][0]
    assert [each.tag for each in answers] == ["SIMPLERSP"] * 4
    assert [(each[0].tag, each[0].get("NAME")) for each in answers] == [
        ("IMETHODRESPONSE", "One"),
        ("IMETHODRESPONSE", "One"),
        ("METHODRESPONSE", "Two"),
        ("IMETHODRESPONSE", "One"),
    ]
    assert [[child.tag for child in each[0]] for each in answers] == [[], ["ERROR"], ["RETURNVALUE"], ["IRETURNVALUE"]]
    for answer in answers:
        single = message(etree.tostring(answer).decode()).decode()
        pywbem_reads(single)


def test_m5_a_result_is_taken_when_those_before_it_are_rendered() -> None:
    taken = []

    def results() -> Any:
        for number in range(3):
            taken.append(number)
            yield Void()

    batches = Encoder("host").encode_batch(Message("7", ONE, (ONE, ONE)), results())
    seen = []
    for _ in batches:
        seen.append(len(taken))
    assert seen == [0, 1, 2, 3, 3]
