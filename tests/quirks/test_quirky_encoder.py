"""Responses with the quirks of other servers, byte by byte (rules Q1 to Q7)."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from msgspec.structs import fields, replace
from pywbem import CIMError

from cimsim.cimxml.decode.tolerances import NO_TOLERANCES, Tolerances
from cimsim.cimxml.message import Message
from cimsim.operations.request import IntrinsicRequest
from cimsim.operations.results import Result, Void
from cimsim.quirks.options import tolerances_of
from cimsim.quirks.profiles import PROFILES, KeyType, Quirks
from cimsim.quirks.quirky_encoder import QuirkyEncoder

MESSAGE = Message("1", IntrinsicRequest("GetInstance", "root/test"))
KEY = b'<KEYVALUE VALUETYPE="numeric" TYPE="uint32">1</KEYVALUE>'
EMBEDDED = (
    b'<PROPERTY NAME="P" TYPE="string" EmbeddedObject="instance"><VALUE>&lt;INSTANCE EmbeddedObject="x"</VALUE></PROPERTY>'
)
PULL = b'<PARAMVALUE NAME="EndOfSequence" PARAMTYPE="boolean"><VALUE>TRUE</VALUE></PARAMVALUE>'
OUTPUT = (
    b'<RETURNVALUE PARAMTYPE="uint32"></RETURNVALUE><PARAMVALUE NAME="Out" PARAMTYPE="uint32"><VALUE>1</VALUE></PARAMVALUE>'
)
NAMESPACE = (
    b'<INSTANCENAME CLASSNAME="CIM_Namespace"><KEYBINDING NAME="Name"><KEYVALUE VALUETYPE="string">a/b</KEYVALUE></KEYBINDING>'
)
REFERENCE = (
    b'<KEYBINDING NAME="R"><VALUE.REFERENCE><LOCALINSTANCEPATH><LOCALNAMESPACEPATH><NAMESPACE NAME="a"/></LOCALNAMESPACEPATH>'
    b'<INSTANCENAME CLASSNAME="C"><KEYBINDING NAME="K"><KEYVALUE VALUETYPE="string">x</KEYVALUE></KEYBINDING></INSTANCENAME>'
    b"</LOCALINSTANCEPATH></VALUE.REFERENCE></KEYBINDING>"
)
CLASS_REFERENCE = (
    b'<KEYBINDING NAME="R"><VALUE.REFERENCE><LOCALCLASSPATH><LOCALNAMESPACEPATH><NAMESPACE NAME="a"/></LOCALNAMESPACEPATH>'
    b'<CLASSNAME NAME="C"/></LOCALCLASSPATH></VALUE.REFERENCE></KEYBINDING>'
)
OBJECT_PATH = (
    b"<OBJECTPATH><INSTANCEPATH><NAMESPACEPATH><HOST>here:5988</HOST><LOCALNAMESPACEPATH>"
    b'<NAMESPACE NAME="root"/><NAMESPACE NAME="Interop"/></LOCALNAMESPACEPATH></NAMESPACEPATH>'
)
PULLED = OBJECT_PATH.removeprefix(b"<OBJECTPATH>")
INTEROP_NAME = NAMESPACE.replace(b"a/b", b"root/interop")
INTEROP_INSTANCE = (
    b'<INSTANCE CLASSNAME="PG_Namespace"><PROPERTY NAME="Name" TYPE="string"><VALUE>root/Interop</VALUE></PROPERTY>'
    b'<PROPERTY NAME="Caption" TYPE="string"><VALUE>root/interop</VALUE></PROPERTY></INSTANCE>'
)
FALSE = b'<PROPERTY NAME="B" TYPE="boolean"><VALUE>FALSE</VALUE></PROPERTY>'


class Fixed:
    """An encoder whose response is given."""

    def __init__(self, *fragments: bytes) -> None:
        self.fragments = fragments

    def encode(self, message: Message, result: Result | CIMError) -> Iterator[list[bytes]]:
        return iter([list(self.fragments), [b"<next>"]])

    def encode_batch(self, message: Message, results: Iterable[Result | CIMError]) -> Iterator[list[bytes]]:
        return iter([list(self.fragments)])


def changed(quirks: Quirks, *fragments: bytes) -> bytes:
    encoder = QuirkyEncoder(Fixed(*fragments), quirks)
    whole = b"".join(b"".join(batch) for batch in encoder.encode_batch(MESSAGE, []))
    single = b"".join(b"".join(batch) for batch in encoder.encode(MESSAGE, Void()))
    assert single == whole + b"<next>"
    return whole


@pytest.mark.parametrize(
    ("switches", "plain", "quirky"),
    [
        ({"key_type": KeyType.ABSENT}, KEY, b'<KEYVALUE VALUETYPE="numeric">1</KEYVALUE>'),  # Q1, Q2
        ({"key_type": KeyType.EMPTY}, KEY, b'<KEYVALUE VALUETYPE="numeric" TYPE="">1</KEYVALUE>'),  # Q4
        (
            {"both_embedded": True},  # Q1
            EMBEDDED,
            EMBEDDED.replace(b'"instance"', b'"instance" EMBEDDEDOBJECT="instance"'),
        ),
        ({"untyped_pull": True}, PULL, PULL.replace(b' PARAMTYPE="boolean"', b"")),  # Q1
        ({"output_type": True}, OUTPUT, OUTPUT.replace(b'"Out" PARAMTYPE', b'"Out" TYPE')),  # Q3
        (
            {"versions": ("2.8", "2.4", "1.4")},  # Q4
            b'<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0">',
            b'<CIM CIMVERSION="2.8" DTDVERSION="2.4"><MESSAGE ID="1" PROTOCOLVERSION="1.4">',
        ),
        ({"empty_hosts": True}, OBJECT_PATH + PULLED, OBJECT_PATH.replace(b"here:5988", b"") + PULLED),  # Q1
        (
            {"interop": "root/PG_InterOp"},  # Q1
            OBJECT_PATH + INTEROP_NAME + INTEROP_INSTANCE + NAMESPACE,
            OBJECT_PATH.replace(b"Interop", b"PG_InterOp")
            + INTEROP_NAME.replace(b"root/interop", b"root/PG_InterOp")
            + INTEROP_INSTANCE.replace(b"root/Interop", b"root/PG_InterOp")
            + NAMESPACE,
        ),
        ({"interop": "x/y"}, INTEROP_NAME.replace(b"interop", b"interop2"), INTEROP_NAME.replace(b"interop", b"interop2")),
        ({"leading_slash": True}, NAMESPACE, NAMESPACE.replace(b">a/b", b">/a/b")),  # Q5
        ({"class_paths_as_keys": True}, REFERENCE, CLASS_REFERENCE),  # Q6
        ({"untyped_methods": True}, b'<METHOD NAME="M" TYPE="uint32">', b'<METHOD NAME="M">'),  # Q7
        ({"bare_pull": True}, b"<IRETURNVALUE></IRETURNVALUE>" + PULL, PULL),  # Q7
        ({"bare_pull": True}, b"<IRETURNVALUE></IRETURNVALUE>", b"<IRETURNVALUE></IRETURNVALUE>"),  # Q7
        ({"empty_booleans": True}, FALSE, FALSE.replace(b"FALSE", b"")),  # Q7
        (
            {"undeclared_property": "X"},  # Q7
            b"<INSTANCE></INSTANCE>",
            b'<INSTANCE><PROPERTY NAME="X" TYPE="string"><VALUE>not in the class</VALUE></PROPERTY></INSTANCE>',
        ),
        (
            {"illegal_description": True},  # Q3
            b'<ERROR CODE="17" DESCRIPTION="no"/><ERROR CODE="1" DESCRIPTION="no"/>',
            b'<ERROR CODE="17" DESCRIPTION="\x0cno"/><ERROR CODE="1" DESCRIPTION="no"/>',
        ),
        (
            {"error_instance": True},  # Q4
            b'<ERROR CODE="6" DESCRIPTION="a/b"/>',
            b'<ERROR CODE="6" DESCRIPTION="a/b"><INSTANCE>'
            b'<PROPERTY NAME="CIMStatusCode" TYPE="uint32"><VALUE>6</VALUE></PROPERTY></INSTANCE></ERROR>',
        ),
    ],
)
def test_each_switch_does_what_it_says_and_nothing_else(switches: dict[str, Any], plain: bytes, quirky: bytes) -> None:
    assert changed(replace(Quirks(), **switches), plain) == quirky
    rest = b"".join(
        each for each in (KEY, EMBEDDED, PULL, OUTPUT, NAMESPACE, REFERENCE, FALSE) if changed(Quirks(**switches), each) == each
    )
    assert changed(replace(Quirks(), **switches), rest) == rest


def test_without_quirks_nothing_changes() -> None:
    text = (KEY, EMBEDDED, PULL, OUTPUT, NAMESPACE, REFERENCE, FALSE)
    assert changed(Quirks(), *text) == b"".join(text)


def test_text_that_looks_like_a_tag_is_left_alone() -> None:
    text = b'<VALUE>KEYVALUE VALUETYPE="string" TYPE="string" EmbeddedObject="instance" PARAMTYPE="x"</VALUE>'
    for quirks in PROFILES.values():
        assert changed(quirks, text) == text


def test_every_profile_has_some_quirk_and_every_quirk_a_profile() -> None:
    plain = Quirks()
    names = {each.name for each in fields(Quirks)}
    used = {name for name in names for quirks in PROFILES.values() if getattr(quirks, name) != getattr(plain, name)}
    assert plain not in PROFILES.values()
    assert used == names


def test_the_command_line_offers_every_profile() -> None:
    from cimsim.cli.serve import serve

    (option,) = [each for each in serve.params if each.name == "quirks"]
    assert list(option.type.choices) == list(PROFILES)  # type: ignore[attr-defined] # a Choice


def test_only_sfcb_is_known_to_accept_malformed_messages() -> None:
    accepting = {name for name, quirks in PROFILES.items() if tolerances_of(quirks) != NO_TOLERANCES}
    assert accepting == {"sfcb"}
    assert tolerances_of(PROFILES["sfcb"]) == Tolerances(leading_blanks=True, nameless_class=True, cim_value_types=True)
