from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import pytest
from pywbem import CIMClass

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.cimxml.message import MessageError
from cimsim.operations.request import Argument, ClassName, NamedInstance, Request
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.paths import InstancePath
from cimsim.world.values import Malformed, Untyped

EMPTY = '<INSTANCE CLASSNAME="E"/>'


def instance(*properties: str) -> str:
    return f'<INSTANCE CLASSNAME="C">{"".join(properties)}</INSTANCE>'


def test_g4_d12_null(argument: Callable[[str], Any]) -> None:
    assert argument("") is None
    assert argument(" \n") is None


@pytest.mark.parametrize("text", ["", " a\tb\n", "<&>", "é\U0001f600"])
def test_d1_text_is_kept_verbatim(argument: Callable[[str], Any], text: str) -> None:
    value = argument(f"<VALUE>{escape(text)}</VALUE>")
    assert value == text
    assert isinstance(value, Untyped)


def test_d26_cdata_and_t19_carriage_returns(argument: Callable[[str], Any]) -> None:
    assert argument("<VALUE>a<![CDATA[<b>]]>&#13;&#x41;</VALUE>") == "a<b>\rA"


def test_d13_arrays(argument: Callable[[str], Any]) -> None:
    assert argument("<VALUE.ARRAY/>") == []
    value = argument("<VALUE.ARRAY>\n<VALUE>a</VALUE><VALUE.NULL/><VALUE></VALUE></VALUE.ARRAY>")
    assert value == ["a", None, ""]
    assert isinstance(value[2], Untyped)


@pytest.mark.parametrize(
    "content",
    [
        "text",
        "<VALUE>a</VALUE><VALUE>b</VALUE>",
        "<VALUE>a<B/></VALUE>",
        "<VALUE A='b'>a</VALUE>",
        "<VALUE.ARRAY><VALUE.ARRAY/></VALUE.ARRAY>",
        "<VALUE.ARRAY>text</VALUE.ARRAY>",
        "<VALUE.NULL/>",
        "<PROPERTY NAME='A' TYPE='string'/>",
        "<VALUE.REFARRAY/>",
        "<FOO/>",
        "<INSTANCE/>",
        instance("<FOO/>"),
        instance("text"),
        instance('<PROPERTY NAME="A"/>'),
        instance('<PROPERTY TYPE="string"/>'),
        instance('<PROPERTY NAME="A" TYPE="text"/>'),
        instance('<PROPERTY NAME="A" TYPE="reference"/>'),
        instance('<PROPERTY NAME="A" TYPE="string" FOO=""/>'),
        instance('<PROPERTY NAME="A" TYPE="string" EmbeddedObject="foo"/>'),
        instance('<PROPERTY NAME="A" TYPE="string"><VALUE>a</VALUE><VALUE>b</VALUE></PROPERTY>'),
        instance('<PROPERTY NAME="A" TYPE="string"><VALUE.ARRAY/></PROPERTY>'),
        instance('<PROPERTY.ARRAY NAME="A" TYPE="string"><VALUE>a</VALUE></PROPERTY.ARRAY>'),
        instance('<PROPERTY.REFERENCE NAME="A" TYPE="reference"/>'),
        f"<VALUE.NAMEDINSTANCE>{EMPTY}</VALUE.NAMEDINSTANCE>",
        f"<VALUE.NAMEDINSTANCE>{EMPTY}{EMPTY}</VALUE.NAMEDINSTANCE>",
    ],
)
def test_he12_m18_not_valid(argument: Callable[[str], Any], content: str) -> None:
    with pytest.raises(MessageError) as caught:
        argument(content)
    assert caught.value.cim_error == "request-not-valid"


def test_properties(argument: Callable[[str], Any]) -> None:
    value = argument(
        instance(
            '<QUALIFIER NAME="Q" TYPE="string"><VALUE>ignored</VALUE></QUALIFIER>',  # OP-CI-6
            '<PROPERTY NAME="S" TYPE="string" CLASSORIGIN="C" PROPAGATED="true" xml:lang="en"><VALUE>a</VALUE></PROPERTY>',
            '<PROPERTY NAME="N" TYPE="uint8"><QUALIFIER NAME="Q" TYPE="string"/></PROPERTY>',
            '<PROPERTY NAME="I" TYPE="uint8"><VALUE>nonsense</VALUE></PROPERTY>',  # HE15: kept
            '<PROPERTY.ARRAY NAME="A" TYPE="uint8" ARRAYSIZE="3"><VALUE.ARRAY><VALUE>1</VALUE></VALUE.ARRAY></PROPERTY.ARRAY>',
            '<PROPERTY.ARRAY NAME="B" TYPE="uint8"/>',
            '<PROPERTY.REFERENCE NAME="R" REFERENCECLASS="C"><VALUE.REFERENCE><CLASSNAME NAME="C"/></VALUE.REFERENCE>'
            "</PROPERTY.REFERENCE>",
            '<PROPERTY.REFERENCE NAME="T"/>',
            '<PROPERTY NAME="s" TYPE="string"/>',  # D31: for the operation to refuse
        )
    )
    assert value == InstanceData(
        "C",
        (
            PropertyData("S", "string", False, "a"),
            PropertyData("N", "uint8", False, None),
            PropertyData("I", "uint8", False, "nonsense"),
            PropertyData("A", "uint8", True, ["1"]),
            PropertyData("B", "uint8", True, None),
            PropertyData("R", "reference", False, ClassName("C")),
            PropertyData("T", "reference", False, None),
            PropertyData("s", "string", False, None),
        ),
    )


def test_named_instance(argument: Callable[[str], Any]) -> None:
    value = argument(f'<VALUE.NAMEDINSTANCE><INSTANCENAME CLASSNAME="E"/>{EMPTY}</VALUE.NAMEDINSTANCE>')
    assert value == NamedInstance(InstancePath("E", ()), InstanceData("E", ()))


def embedded(text: str, attribute: str = 'EmbeddedObject="instance"') -> str:
    return instance(f'<PROPERTY NAME="O" TYPE="string" {attribute}><VALUE>{text}</VALUE></PROPERTY>')


@pytest.mark.parametrize("attribute", ['EmbeddedObject="instance"', 'EMBEDDEDOBJECT="object"'])  # X10
@pytest.mark.parametrize("text", [escape(EMPTY), f"<![CDATA[{EMPTY}]]>", f"\n {escape(EMPTY)}\n"])
def test_d24_embedded_instance(argument: Callable[[str], Any], attribute: str, text: str) -> None:
    [only] = argument(embedded(text, attribute)).properties
    assert only.value == InstanceData("E", ())
    assert only.embedded == attribute.split('"')[1]


def test_d24_embedded_class_and_arrays(argument: Callable[[str], Any]) -> None:
    items = "".join(f"<VALUE>{escape(each)}</VALUE>" for each in (EMPTY, '<CLASS NAME="E"/>', "nonsense"))
    prop = f'<PROPERTY.ARRAY NAME="O" TYPE="string" EmbeddedObject="object"><VALUE.ARRAY>{items}<VALUE.NULL/></VALUE.ARRAY>'
    [only] = argument(instance(f"{prop}</PROPERTY.ARRAY>")).properties
    assert only.value[:2] == [InstanceData("E", ()), CIMClass("E")]
    assert isinstance(only.value[2], Malformed)
    assert only.value[3] is None


@pytest.mark.parametrize(
    "text",
    ["", "text", "<INSTANCE", "<VALUE>a</VALUE>", "<INSTANCE/>", EMPTY + EMPTY, "<!DOCTYPE A [<!ENTITY e 'x'>]>" + EMPTY],
)
def test_d24_not_an_embedded_object(argument: Callable[[str], Any], text: str) -> None:
    [only] = argument(embedded(escape(text))).properties
    assert isinstance(only.value, Malformed)
    assert only.value.reason


def test_sec2_embedding_depth(message: Callable[[str], bytes], local_namespace: str) -> None:
    text = EMPTY
    for _ in range(4):
        text = embedded(escape(text))
    body = message(f'<IMETHODCALL NAME="Op">{local_namespace}<IPARAMVALUE NAME="P">{text}</IPARAMVALUE></IMETHODCALL>')

    def depth(limits: MessageLimits) -> tuple[int, object]:
        request = Decoder(limits).decode(body, CimHeaders("MethodCall", "Op", "root/x")).request
        value, levels = request.arguments[0].value, 0
        while isinstance(value, InstanceData) and value.properties:
            value, levels = value.properties[0].value, levels + 1
        return levels, value

    assert depth(MessageLimits()) == (4, InstanceData("E", ()))
    levels, innermost = depth(MessageLimits(embedding_depth=3))
    assert levels == 4
    assert isinstance(innermost, Malformed)
    assert "3" in innermost.reason


def test_sec3_array_items(message: Callable[[str], bytes], local_namespace: str) -> None:
    body = message(
        f'<IMETHODCALL NAME="Op">{local_namespace}<IPARAMVALUE NAME="P"><VALUE.ARRAY><VALUE/><VALUE/></VALUE.ARRAY>'
        "</IPARAMVALUE></IMETHODCALL>"
    )
    with pytest.raises(MessageError):
        Decoder(MessageLimits(array_items=1)).decode(body, CimHeaders("MethodCall", "Op", "root/x"))


def test_g3_arguments_are_kept_as_they_came(intrinsic: Callable[..., Request]) -> None:
    request = intrinsic(
        '<IPARAMVALUE NAME="b"/><IPARAMVALUE NAME="A"><VALUE>1</VALUE></IPARAMVALUE><IPARAMVALUE NAME="B"/>', "oP"
    )
    assert request.name == "oP"
    assert request.arguments == (Argument("b", None), Argument("A", "1"), Argument("B", None))


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ('<PARAMVALUE NAME="P"/>', Argument("P", None)),
        ('<PARAMVALUE NAME="P"><VALUE>5</VALUE></PARAMVALUE>', Argument("P", "5")),
        ('<PARAMVALUE NAME="P" PARAMTYPE="uint8"><VALUE>5</VALUE></PARAMVALUE>', Argument("P", "5", "uint8")),
        ('<PARAMVALUE NAME="P"><VALUE.ARRAY/></PARAMVALUE>', Argument("P", [])),
        (
            '<PARAMVALUE NAME="P"><VALUE.ARRAY><VALUE>a</VALUE><VALUE.NULL/></VALUE.ARRAY></PARAMVALUE>',
            Argument("P", ["a", None]),
        ),
        (
            '<PARAMVALUE NAME="P" PARAMTYPE="reference"><VALUE.REFERENCE><CLASSNAME NAME="E"/></VALUE.REFERENCE></PARAMVALUE>',
            Argument("P", ClassName("E"), "reference"),
        ),
        (
            '<PARAMVALUE NAME="P" PARAMTYPE="reference"><VALUE.REFARRAY><VALUE.REFERENCE><INSTANCENAME CLASSNAME="E"/>'
            "</VALUE.REFERENCE><VALUE.NULL/></VALUE.REFARRAY></PARAMVALUE>",
            Argument("P", [InstancePath("E", ()), None], "reference"),
        ),
        ('<PARAMVALUE NAME="P"><CLASSNAME NAME="E"/></PARAMVALUE>', Argument("P", ClassName("E"))),
        ('<PARAMVALUE NAME="P"><INSTANCENAME CLASSNAME="E"/></PARAMVALUE>', Argument("P", InstancePath("E", ()))),
        (f'<PARAMVALUE NAME="P">{EMPTY}</PARAMVALUE>', Argument("P", InstanceData("E", ()))),
        ('<PARAMVALUE NAME="P"><CLASS NAME="E"/></PARAMVALUE>', Argument("P", CIMClass("E"))),
        (
            f'<PARAMVALUE NAME="P"><VALUE.NAMEDINSTANCE><INSTANCENAME CLASSNAME="E"/>{EMPTY}</VALUE.NAMEDINSTANCE>'
            "</PARAMVALUE>",
            Argument("P", InstanceData("E", ())),
        ),
    ],
)
def test_x8_x9_x10_method_arguments(extrinsic: Callable[..., Request], xml: str, expected: Argument) -> None:
    assert extrinsic(xml).arguments == (expected,)


@pytest.mark.parametrize(
    ("attributes", "cim_type"),
    [
        ('PARAMTYPE="string" EmbeddedObject="instance"', "string"),
        ('EMBEDDEDOBJECT="object"', None),
        ('PARAMTYPE="instance"', "instance"),
        ('PARAMTYPE="object"', "object"),
    ],
)
def test_x10_embedded_arguments(extrinsic: Callable[..., Request], attributes: str, cim_type: str | None) -> None:
    text = escape(EMPTY)
    [one] = extrinsic(f'<PARAMVALUE NAME="P" {attributes}><VALUE>{text}</VALUE></PARAMVALUE>').arguments
    assert one.value == InstanceData("E", ())
    assert one.type == cim_type
    array = f"<VALUE.ARRAY><VALUE>{text}</VALUE><VALUE.NULL/></VALUE.ARRAY>"
    [many] = extrinsic(f'<PARAMVALUE NAME="P" {attributes}>{array}</PARAMVALUE>').arguments
    assert many.value == [InstanceData("E", ()), None]


@pytest.mark.parametrize(
    "xml",
    [
        "<PARAMVALUE/>",
        '<PARAMVALUE NAME="P" PARAMTYPE="int"/>',
        '<PARAMVALUE NAME="P" EmbeddedObject="x"/>',
        '<PARAMVALUE NAME="P"><VALUE/><VALUE/></PARAMVALUE>',
        '<PARAMVALUE NAME="P"><QUALIFIER.DECLARATION NAME="Q" TYPE="string"/></PARAMVALUE>',
        '<PARAMVALUE NAME="P">text</PARAMVALUE>',
    ],
)
def test_method_arguments_that_are_not_valid(extrinsic: Callable[..., Request], xml: str) -> None:
    with pytest.raises(MessageError) as caught:
        extrinsic(xml)
    assert caught.value.cim_error == "request-not-valid"
