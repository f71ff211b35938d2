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


def test_the_same_bytes_are_decoded_twice(decoder: CountingDecoder, decode: Callable[[bytes, CimHeaders], Message]) -> None:
    found = [decode(body("1"), HEADERS) for _ in range(4)]
    assert decoder.calls == 2
    assert all(each == Decoder().decode(body("1"), HEADERS) for each in found)


def test_what_differs_in_its_id_alone_is_known(
    decoder: CountingDecoder, decode: Callable[[bytes, CimHeaders], Message]
) -> None:
    # Rule M2: the answer carries the ID of its own request.
    identifiers = ["1", "2", "", "a b;'>", "1"]
    assert [decode(body(each), HEADERS) for each in identifiers] == [
        Decoder().decode(body(each), HEADERS) for each in identifiers
    ]
    assert decoder.calls == 2 + identifiers.count("a b;'>")


@pytest.mark.parametrize("identifier", ["&lt;", "&#65;", "\u00e9", "a\tb"])
def test_an_id_that_does_not_mean_its_own_characters_is_decoded(
    identifier: str, decode: Callable[[bytes, CimHeaders], Message]
) -> None:
    for _ in range(3):
        assert decode(body(identifier), HEADERS) == Decoder().decode(body(identifier), HEADERS)


@pytest.mark.parametrize("before", ['<!-- <MESSAGE ID="9" -->', '<?pi <MESSAGE ID="9" ?>'])
def test_what_only_looks_like_an_id_is_none(before: str, decode: Callable[[bytes, CimHeaders], Message]) -> None:
    for number in range(4):
        document = body("1").replace(b"<MESSAGE", before.replace("9", str(number)).encode() + b"<MESSAGE", 1)
        assert decode(document, HEADERS).id == "1"


def test_headers_are_compared_with_a_known_body_too(decode: Callable[[bytes, CimHeaders], Message]) -> None:
    # Rule HC7: the same body under another CIMMethod is refused, whatever was accepted before.
    decode(body("1"), HEADERS)
    decode(body("1"), HEADERS)
    with pytest.raises(MessageError, match="CIMMethod"):
        decode(body("1"), CimHeaders("MethodCall", "GetInstance", "root/x"))


def test_what_is_kept_is_bounded(decoder: CountingDecoder, decode: Callable[[bytes, CimHeaders], Message]) -> None:
    for number in range(1200):
        decode(body("1", " " * number), HEADERS)
        decode(body("1", " " * number), HEADERS)
    assert decoder.calls == 2400
    decode(body("1", " " * 1199), HEADERS)
    assert decoder.calls == 2400
    decode(body("1"), HEADERS)
    assert decoder.calls == 2401


def test_what_is_asked_for_again_stays(decoder: CountingDecoder, decode: Callable[[bytes, CimHeaders], Message]) -> None:
    decode(body("1"), HEADERS)
    for number in range(3000):
        decode(body("1"), HEADERS)
        decode(body("1", " " * (number % 1500 + 1)), HEADERS)
    calls = decoder.calls
    decode(body("1"), HEADERS)
    assert decoder.calls == calls


def test_a_large_message_is_not_kept(decoder: CountingDecoder, decode: Callable[[bytes, CimHeaders], Message]) -> None:
    large = body("1", " " * 5000)
    for _ in range(3):
        decode(large, HEADERS)
    assert decoder.calls == 3
