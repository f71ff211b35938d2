from collections.abc import Callable

import pytest

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.decode.message_cache import MessageCache
from cimsim.cimxml.message import Message, MessageError

HEADERS = CimHeaders("MethodCall", "EnumerateInstanceNames", "root/x")


def body(identifier: str, padding: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="{identifier}" PROTOCOLVERSION="1.0">'
        "<SIMPLEREQ>"
        '<IMETHODCALL NAME="EnumerateInstanceNames"><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="x"/>'
        f'</LOCALNAMESPACEPATH><IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="A"/></IPARAMVALUE>{padding}</IMETHODCALL>'
        "</SIMPLEREQ></MESSAGE></CIM>"
    ).encode()


class CountingDecoder(Decoder):
    calls = 0

    def decode(self, body: bytes, headers: CimHeaders) -> Message:
        self.calls += 1
        return super().decode(body, headers)


@pytest.fixture
def decoder() -> CountingDecoder:
    return CountingDecoder()


@pytest.fixture
def decode(decoder: CountingDecoder) -> Callable[[bytes, CimHeaders], Message]:
    return MessageCache(decoder).decode


def test_the_same_bytes_are_decoded_once(decoder: CountingDecoder, decode: Callable[[bytes, CimHeaders], Message]) -> None:
    first = decode(body("1"), HEADERS)
    assert decode(body("1"), HEADERS) is first
    assert decoder.calls == 1
    assert first == Decoder().decode(body("1"), HEADERS)


def test_another_id_is_another_message(decode: Callable[[bytes, CimHeaders], Message]) -> None:
    # Rule M2: the answer carries the ID of its own request.
    assert [decode(body(each), HEADERS).id for each in ("1", "2", "1")] == ["1", "2", "1"]


def test_headers_are_compared_with_a_known_body_too(decode: Callable[[bytes, CimHeaders], Message]) -> None:
    # Rule HC7: the same body under another CIMMethod is refused, whatever was accepted before.
    decode(body("1"), HEADERS)
    with pytest.raises(MessageError, match="CIMMethod"):
        decode(body("1"), CimHeaders("MethodCall", "GetInstance", "root/x"))


def test_what_is_kept_is_bounded(decoder: CountingDecoder, decode: Callable[[bytes, CimHeaders], Message]) -> None:
    for number in range(600):
        decode(body(str(number)), HEADERS)
    decode(body("599"), HEADERS)
    assert decoder.calls == 600
    decode(body("0"), HEADERS)
    assert decoder.calls == 601


def test_a_large_message_is_not_kept(decoder: CountingDecoder, decode: Callable[[bytes, CimHeaders], Message]) -> None:
    large = body("1", " " * 5000)
    decode(large, HEADERS)
    decode(large, HEADERS)
    assert decoder.calls == 2
