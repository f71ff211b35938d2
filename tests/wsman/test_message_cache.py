"""The cache of decoded messages answers what its decoder would: only the MessageID may differ."""

import pytest

from cimsim.wsman.message_cache import MessageCache
from cimsim.wsman.message_decoder import WsmanDecoder
from cimsim.wsman.soap_faults import WsmanError
from cimsim.wsman.wsman_message import WsmanMessage

TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"


class Counted(WsmanDecoder):
    """Counts what it decodes."""

    def __init__(self) -> None:
        super().__init__(now=lambda: 0.0)
        self.bodies: list[bytes] = []

    def decode(self, body: bytes) -> WsmanMessage:
        self.bodies.append(body)
        return super().decode(body)


def envelope(identifier: str = "uuid:1", action: str = f"{TRANSFER}/Get", name: str = "One", body: str = "") -> bytes:
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header>'
        f"<a:Action>{action}</a:Action><a:MessageID>{identifier}</a:MessageID>"
        "<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/T_Thing</w:ResourceURI>"
        f'<w:SelectorSet><w:Selector Name="Name">{name}</w:Selector></w:SelectorSet></s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def decoded(*bodies: bytes) -> tuple[list[WsmanMessage], int]:
    """Decode messages with one cache, which must answer as a decoder of its own; return them, and how many were decoded."""
    decoder = Counted()
    cache = MessageCache(decoder)
    messages = [cache.decode(each) for each in bodies]
    assert messages == [WsmanDecoder().decode(each) for each in bodies]
    return messages, len(decoder.bodies)


def test_messages_that_differ_in_their_identifier_alone_are_decoded_once() -> None:
    messages, count = decoded(envelope("uuid:1"), envelope("uuid:2"), envelope("{3}"), envelope("uuid:1"))
    assert [each.id for each in messages] == ["uuid:1", "uuid:2", "{3}", "uuid:1"]
    assert count == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (envelope(name="One"), envelope(name="Two")),
        (envelope("uuid:1"), envelope(" uuid:2 ")),
        (envelope("uuid:1"), envelope("")),
        (envelope("uuid:1"), envelope("a&amp;b")),
        # An identifier that only looks like one, and one that a comment hides.
        (
            envelope("1", body="<!-- <a:MessageID>7</a:MessageID> -->"),
            envelope("1", body="<!-- <a:MessageID>8</a:MessageID> -->"),
        ),
        (envelope("<!--<a:MessageID>7</a:MessageID>-->1"), envelope("<!--<a:MessageID>8</a:MessageID>-->1")),
        (envelope("<![CDATA[<a:MessageID>7</a:MessageID>]]>"), envelope("<![CDATA[<a:MessageID>8</a:MessageID>]]>")),
        (envelope("1", name="<a:MessageID>7</a:MessageID>"), envelope("1", name="<a:MessageID>8</a:MessageID>")),
    ],
)
def test_others_are_decoded_each(first: bytes, second: bytes) -> None:
    assert decoded(first, second)[1] == 2
    assert decoded(second, first)[1] == 2


def test_enumerations_which_depend_on_the_time_are_not_kept() -> None:
    begun = f'<n:Enumerate xmlns:n="{ENUMERATION}"/>'
    again = [envelope(f"uuid:{number}", f"{ENUMERATION}/Enumerate", body=begun) for number in range(2)]
    decoder = Counted()
    cache = MessageCache(decoder)
    assert [cache.decode(each).id for each in again] == ["uuid:0", "uuid:1"]
    assert len(decoder.bodies) == 2


def test_what_is_refused_is_refused_again() -> None:
    cache = MessageCache(Counted())
    for number in range(2):
        with pytest.raises(WsmanError) as refused:
            cache.decode(envelope(f"uuid:{number}", "http://schemas.xmlsoap.org/ws/2004/09/transfer/Got"))
        assert refused.value.message_id == f"uuid:{number}"


def test_what_is_kept_is_bounded() -> None:
    decoder = Counted()
    cache = MessageCache(decoder)
    for number in range(600):
        cache.decode(envelope(name=str(number)))
    cache.decode(envelope(name="599"))
    cache.decode(envelope(name="0"))
    assert len(decoder.bodies) == 601
    long = envelope(name="x" * 5000)
    cache.decode(long)
    cache.decode(long)
    assert len(decoder.bodies) == 603
