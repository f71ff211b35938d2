"""The check of every answer: what is right passes, and a reply with any one mistake does not."""

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest
from lxml import etree

from tests.replies.check import check_element, check_reply
from tests.replies.lexical import check_literal
from tests.replies.operations import check_exchange

Mistake = tuple[str, str]

SPACE: Final = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="x"/></LOCALNAMESPACEPATH>'
KEY: Final = '<KEYBINDING NAME="Id"><KEYVALUE VALUETYPE="string" TYPE="string">a</KEYVALUE></KEYBINDING>'
NAME: Final = f'<INSTANCENAME CLASSNAME="C">{KEY}</INSTANCENAME>'
PATH: Final = f"<INSTANCEPATH><NAMESPACEPATH><HOST>h:5988</HOST>{SPACE}</NAMESPACEPATH>{NAME}</INSTANCEPATH>"
INNER: Final = "&lt;INSTANCE CLASSNAME=&quot;E&quot;&gt;&lt;/INSTANCE&gt;"
INSTANCE: Final = (
    '<INSTANCE CLASSNAME="C"><PROPERTY NAME="Id" TYPE="string"><VALUE> a </VALUE></PROPERTY>'
    '<PROPERTY NAME="N" TYPE="uint8"><VALUE>5</VALUE></PROPERTY>'
    f'<PROPERTY NAME="E" TYPE="string" EmbeddedObject="instance"><VALUE>{INNER}</VALUE></PROPERTY>'
    '<PROPERTY.ARRAY NAME="A" TYPE="boolean"><VALUE.ARRAY><VALUE>TRUE</VALUE><VALUE.NULL/></VALUE.ARRAY></PROPERTY.ARRAY>'
    f'<PROPERTY.REFERENCE NAME="R"><VALUE.REFERENCE>{NAME}</VALUE.REFERENCE></PROPERTY.REFERENCE></INSTANCE>'
)
CLASS: Final = (
    '<CLASS NAME="C"><QUALIFIER NAME="Abstract" TYPE="boolean" TOSUBCLASS="false"><VALUE>TRUE</VALUE></QUALIFIER>'
    '<PROPERTY NAME="Id" TYPE="string"></PROPERTY><METHOD NAME="M" TYPE="uint32">'
    '<PARAMETER NAME="P" TYPE="string"></PARAMETER></METHOD></CLASS>'
)
SESSION: Final = (
    '<PARAMVALUE NAME="EnumerationContext" PARAMTYPE="string"><VALUE>c</VALUE></PARAMVALUE>'
    '<PARAMVALUE NAME="EndOfSequence" PARAMTYPE="boolean"><VALUE>FALSE</VALUE></PARAMVALUE>'
)


def message(response: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        f'<MESSAGE ID="1" PROTOCOLVERSION="1.0">{response}</MESSAGE></CIM>'
    ).encode()


def simple(response: str) -> bytes:
    return message(f"<SIMPLERSP>{response}</SIMPLERSP>")


def intrinsic(name: str, returned: str | None = None, outputs: str = "") -> str:
    value = "" if returned is None else f"<IRETURNVALUE>{returned}</IRETURNVALUE>"
    return f'<IMETHODRESPONSE NAME="{name}">{value}{outputs}</IMETHODRESPONSE>'


def error(name: str, code: str) -> str:
    return f'<IMETHODRESPONSE NAME="{name}"><ERROR CODE="{code}" DESCRIPTION="why"/></IMETHODRESPONSE>'


ENUMERATED: Final = intrinsic("EnumerateInstances", f"<VALUE.NAMEDINSTANCE>{NAME}{INSTANCE}</VALUE.NAMEDINSTANCE>")
PULLED: Final = intrinsic(
    "PullInstancesWithPath", f"<VALUE.INSTANCEWITHPATH>{PATH}{INSTANCE}</VALUE.INSTANCEWITHPATH>", SESSION
)
INVOKED: Final = (
    '<METHODRESPONSE NAME="M"><RETURNVALUE PARAMTYPE="uint32"><VALUE>0</VALUE></RETURNVALUE>'
    '<PARAMVALUE NAME="P" PARAMTYPE="string"><VALUE></VALUE></PARAMVALUE></METHODRESPONSE>'
)
RIGHT: Final = [
    ENUMERATED,
    PULLED,
    INVOKED,
    intrinsic("GetClass", CLASS),
    intrinsic("References", f"<VALUE.OBJECTWITHPATH>{PATH}{INSTANCE}</VALUE.OBJECTWITHPATH>"),
    intrinsic("AssociatorNames", f"<OBJECTPATH>{PATH}</OBJECTPATH>"),
    intrinsic("ExecQuery", f"<VALUE.OBJECT>{INSTANCE}</VALUE.OBJECT>"),
    intrinsic("EnumerateInstances", ""),
    intrinsic("DeleteInstance"),
    error("GetClass", "6"),
]


@pytest.mark.parametrize("response", RIGHT)
def test_what_is_right_passes(response: str) -> None:
    check_reply(simple(response))
    check_reply(message(f"<MULTIRSP><SIMPLERSP>{response}</SIMPLERSP><SIMPLERSP>{INVOKED}</SIMPLERSP></MULTIRSP>"))


def refused(check: Callable[[], object], rule: str) -> None:
    with pytest.raises(AssertionError) as found:
        check()
    assert rule in str(found.value)


def changed(response: str, mistake: Mistake) -> bytes:
    old, new = mistake
    whole = simple(response).decode()
    assert old in whole
    return whole.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("rule", "mistake"),
    [
        ("M3", ('CIMVERSION="2.0"', 'CIMVERSION="3.0"')),
        ("M3", ('PROTOCOLVERSION="1.0"', 'PROTOCOLVERSION="2.0"')),
        ("M11", (" ?>\n<CIM", ' standalone="yes" ?>\n<CIM')),
        ("M11", ('<?xml version="1.0" encoding="utf-8" ?>\n', "")),
        ("M12", ("<CIM ", "<!-- comment --><CIM ")),
        ("M12", ("<CIM ", "<!DOCTYPE CIM><CIM ")),
        ("M12", ("<CIM ", "<?target?><CIM ")),
        ("M12", ("<CIM ", '<CIM xmlns="urn:x" ')),
        ("D,", ("</KEYBINDING>", "text</KEYBINDING>")),  # M12
        ("M13", ('<VALUE>5</VALUE></PROPERTY><PROPERTY NAME="E"', '<VALUE/></PROPERTY><PROPERTY NAME="E"')),
        ("M13", ('<PROPERTY NAME="N" TYPE="uint8"><VALUE>5</VALUE></PROPERTY>', '<PROPERTY NAME="N" TYPE="uint8"/>')),
        ("M15", ('<NAMESPACE NAME="root"/>', '<NAMESPACE NAME="root/a"/>')),
        ("M16", ("<HOST>h:5988</HOST>", "<HOST></HOST>")),
        ("M16", ("<HOST>h:5988</HOST>", "<HOST> h</HOST>")),
        ("D,", (SPACE, "<LOCALNAMESPACEPATH></LOCALNAMESPACEPATH>")),
    ],
)
def test_m3_m11_to_m13_m15_m16_the_frame(rule: str, mistake: Mistake) -> None:
    refused(partial(check_reply, changed(PULLED, mistake)), rule)


@pytest.mark.parametrize(
    "mistake",
    [
        ("<INSTANCE CLASSNAME", '<INSTANCE xml:lang="en" CLASSNAME'),
        ('<INSTANCE CLASSNAME="C">', '<INSTANCE CLASSNAME="C" FOO="x">'),
        (' CLASSNAME="C"><PROPERTY', "><PROPERTY"),
        ('<PROPERTY NAME="Id" TYPE="string">', '<PROPERTY NAME="Id">'),
        ('TYPE="uint8"', 'TYPE="uint7"'),
        ('TYPE="uint8"', 'TYPE="uint8" PROPAGATED="TRUE"'),
        ('EmbeddedObject="instance"', 'EmbeddedObject="instance" EMBEDDEDOBJECT="instance"'),
        (NAME, f"{NAME}{NAME}"),
        (f"{NAME}<INSTANCE ", "<INSTANCE "),
        (f"<VALUE.REFERENCE>{NAME}", "<VALUE.REFERENCE>"),
        ("</IRETURNVALUE>", "<CLASSNAME NAME='x'/></IRETURNVALUE>"),
        (' VALUETYPE="string"', ""),
        ("<VALUE>5</VALUE>", "<VALUE>5</VALUE><VALUE>6</VALUE>"),
        ("<PROPERTY.REFERENCE", '<PROPERTY.REFERENCE TYPE="reference"'),
        ("<IRETURNVALUE>", "<UNKNOWN></UNKNOWN><IRETURNVALUE>"),
        (' ID="1"', ""),
    ],
)
def test_cp1_cw1_cw2_cw5_cj1_d5_d15_d17_d28_elements_and_attributes(mistake: Mistake) -> None:
    refused(partial(check_reply, changed(ENUMERATED, mistake)), "D, CP1")


@pytest.mark.parametrize(
    ("rule", "response"),
    [
        ("D, CP1", '<METHODRESPONSE NAME="M"><RETURNVALUE><VALUE>0</VALUE></RETURNVALUE></METHODRESPONSE>'),  # X11
        ("D, CP1", INVOKED.replace("</RETURNVALUE>", "<VALUE>1</VALUE></RETURNVALUE>")),
        ("M6", '<METHODRESPONSE NAME="M"><PARAMVALUE NAME="P" PARAMTYPE="string"></PARAMVALUE></METHODRESPONSE>'),  # CW3
        ("X12", INVOKED.replace(' PARAMTYPE="string"', "")),
        ("D, CP1", INVOKED.replace("<VALUE>0</VALUE>", "<VALUE.ARRAY></VALUE.ARRAY>")),  # X13
        ("X9", INVOKED.replace('PARAMTYPE="string"', 'PARAMTYPE="reference"')),
        ("D, CP1", f'<METHODRESPONSE NAME="M">{"<RETURNVALUE></RETURNVALUE>"}</METHODRESPONSE>'),
        ("D31", INVOKED.replace("</METHODRESPONSE>", '<PARAMVALUE NAME="p" PARAMTYPE="string"></PARAMVALUE></METHODRESPONSE>')),
    ],
)
def test_m6_x9_x11_to_x13_d31_answers_of_methods(rule: str, response: str) -> None:
    refused(partial(check_reply, simple(response)), rule)


@pytest.mark.parametrize(
    ("rule", "response"),
    [
        (
            "M7",
            '<IMETHODRESPONSE NAME="GetClass"><ERROR CODE="6" DESCRIPTION="x"/><IRETURNVALUE></IRETURNVALUE></IMETHODRESPONSE>',
        ),
        ("M8", intrinsic("DeleteInstance", "")),
        ("M8", intrinsic("createclass", "")),
        ("M9", intrinsic("EnumerateInstances")),
        ("M9", intrinsic("GetInstance", "")),
        ("M10", intrinsic("EnumerateClassNames", '<CLASSNAME NAME="C"/>' + CLASS)),
        ("CW4", intrinsic("GetInstance", INSTANCE, SESSION)),
        ("CP4", intrinsic("GetInstance", NAME)),
        ("CP4", intrinsic("EnumerateInstances", INSTANCE)),  # CP5
        ("CP4", intrinsic("OpenEnumerateInstances", f"<VALUE.NAMEDINSTANCE>{NAME}{INSTANCE}</VALUE.NAMEDINSTANCE>", SESSION)),
        ("CP4", intrinsic("ReferenceNames", PATH)),  # OP-AS-11
        ("CP4", intrinsic("Associators", INSTANCE)),  # CP6
        ("CP4", intrinsic("ExecQuery", INSTANCE)),  # OP-EQ-3
        ("OP-EI-2", ENUMERATED.replace('<INSTANCE CLASSNAME="C">', '<INSTANCE CLASSNAME="D">')),
        ("D31", ENUMERATED.replace('NAME="N"', 'NAME="ID"')),
        ("D31", intrinsic("GetClass", CLASS.replace("</CLASS>", '<METHOD NAME="m" TYPE="uint32"></METHOD></CLASS>'))),
        ("D, CP1", intrinsic("GetClass", CLASS.replace('<METHOD NAME="M" TYPE="uint32">', '<METHOD NAME="M">'))),  # OP-GC-3
        ("D30", ENUMERATED.replace('NAME="N"', 'NAME="5"')),
    ],
)
def test_m7_to_m10_cp4_to_cp6_cw4_d30_what_operations_return(rule: str, response: str) -> None:
    refused(partial(check_reply, simple(response)), "D, CP1" if rule in {"M7", "M10"} else rule)


def test_op_as_2_paths_of_one_kind() -> None:
    class_path = f'<CLASSPATH><NAMESPACEPATH><HOST>h</HOST>{SPACE}</NAMESPACEPATH><CLASSNAME NAME="C"/></CLASSPATH>'
    both = f"<OBJECTPATH>{PATH}</OBJECTPATH><OBJECTPATH>{class_path}</OBJECTPATH>"
    refused(partial(check_reply, simple(intrinsic("AssociatorNames", both))), "OP-AS-2")


@pytest.mark.parametrize(
    ("rule", "mistake"),
    [
        ("PL-22", ("EnumerationContext", "enumerationcontext")),
        ("PL-22", (' PARAMTYPE="boolean"', ' PARAMTYPE="string"')),
        ("PL-22", ("FALSE", "TRUE")),
        ("PL-23", ("<VALUE>c</VALUE>", "<VALUE></VALUE>")),
        ("PL-23", ("<VALUE>c</VALUE>", "")),
        ("PL-24", ("</IMETHODRESPONSE>", '<PARAMVALUE NAME="X" PARAMTYPE="string"></PARAMVALUE></IMETHODRESPONSE>')),
        ("PL-22", (SESSION, "")),
        ("PL-25", (PULLED[PULLED.index("<IRETURNVALUE>") : PULLED.index("</IRETURNVALUE>") + 15], "")),
        ("D, CP1", (f"<NAMESPACEPATH><HOST>h:5988</HOST>{SPACE}</NAMESPACEPATH>", "")),
    ],
)
def test_pl_22_to_pl_25_outputs_of_sessions(rule: str, mistake: Mistake) -> None:
    rule = "PL-23" if mistake == ("FALSE", "TRUE") else rule
    refused(partial(check_reply, changed(PULLED, mistake)), rule)


@pytest.mark.parametrize(
    ("rule", "name", "code"),
    [
        ("E2", "GetClass", "six"),
        ("G1", "GetClass", "5"),  # OP-GC-2
        ("G1", "EnumerateClasses", "6"),
        ("G1", "GetInstance", "18"),
        ("G1", "OpenEnumerateInstances", "6"),  # PL-20
        ("G1", "PullInstances", "5"),  # PL-21
        ("G1", "Unknown", "4"),  # G2
    ],
)
def test_g1_e2_codes_that_an_operation_has(rule: str, name: str, code: str) -> None:
    refused(partial(check_reply, simple(error(name, code))), rule)


def test_e1_e3_cw4_errors() -> None:
    refused(partial(check_reply, simple(error("GetClass", "6").replace("why", " "))), "E1")
    nested = error("GetClass", "6").replace("/>", f">{INSTANCE}</ERROR>")
    refused(partial(check_reply, simple(nested)), "E4")


@pytest.mark.parametrize(
    "text", ["&lt;CLASS NAME=&quot;E&quot;&gt;&lt;/CLASS&gt;", "&lt;?xml version=&quot;1.0&quot;?&gt;" + INNER]
)
def test_d24_cj3_embedded_objects(text: str) -> None:
    refused(partial(check_reply, simple(ENUMERATED.replace(INNER, text))), "D24")


def test_d22_cp10_reference_keys() -> None:
    reference = '<VALUE.REFERENCE><CLASSNAME NAME="C"/></VALUE.REFERENCE>'
    name = etree.fromstring(f'<INSTANCENAME CLASSNAME="C"><KEYBINDING NAME="R">{reference}</KEYBINDING></INSTANCENAME>')
    refused(partial(check_element, name), "CP10")


@pytest.mark.parametrize("value", ["a\tb", "a\nb"])
def test_d27_blanks_in_attributes(value: str) -> None:
    refused(partial(check_reply, changed(error("GetClass", "6"), ("why", value))), "D27")


@pytest.mark.parametrize(
    ("cim_type", "right", "wrong"),
    [
        ("char16", ["a", " ", "\N{SNOWMAN}"], ["", "ab", "\N{GRINNING FACE}"]),  # D3
        ("boolean", ["TRUE", "FALSE"], ["", "true", "1"]),  # D4, CP8
        ("uint8", ["0", "255"], ["", "256", "-1", "+1", "01", "0x1", " 1"]),  # D6 to D8
        ("sint8", ["-128", "127"], ["-129", "128", "-0"]),
        ("uint64", ["18446744073709551615"], ["18446744073709551616"]),
        ("real32", ["1.0", "-1.5E+30", "INF", "-INF", "NaN"], ["", "1", "inf", "nan", "1.", "1e5"]),  # D9, D10
        ("real64", ["0.1", "1.0E-7"], ["1.0E999"]),
        ("datetime", ["20240229120000.000000+000", "00000001000000.000000:000", "0000********00.******+060"], []),  # D11
        ("datetime", [], ["", "20230229120000.000000+000", "20240101250000.000000+000", "00000001250000.000000:000"]),
    ],
)
def test_d3_d4_d6_to_d11_cp8_literals(cim_type: str, right: list[str], wrong: list[str]) -> None:
    for text in right:
        check_literal(text, cim_type)
    for text in wrong:
        with pytest.raises((AssertionError, ValueError)):
            check_literal(text, cim_type)


# Requests with their answers


def call(name: str, parameters: str = "", identifier: str = "1") -> bytes:
    return (
        f'<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="{identifier}" PROTOCOLVERSION="1.0"><SIMPLEREQ>'
        f'<IMETHODCALL NAME="{name}">{SPACE}{parameters}</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>'
    ).encode()


def parameter(name: str, value: str) -> str:
    return f'<IPARAMVALUE NAME="{name}"><VALUE>{value}</VALUE></IPARAMVALUE>'


ORIGIN: Final = ENUMERATED.replace('NAME="N"', 'NAME="N" CLASSORIGIN="C"')


@pytest.mark.parametrize(
    ("rule", "request_body", "response"),
    [
        ("M2", call("GetClass", identifier="2"), intrinsic("GetClass", CLASS)),
        ("M4", call("getclass"), intrinsic("GetClass", CLASS)),
        ("FL3", call("GetClass", parameter("IncludeQualifiers", "FALSE")), intrinsic("GetClass", CLASS)),
        ("FL5", call("EnumerateInstances"), ORIGIN),
        ("PL-26", call("PullInstancesWithPath", parameter("MaxObjectCount", "0")), PULLED),
    ],
)
def test_m2_m4_fl3_fl5_pl_26_answers_fit_requests(rule: str, request_body: bytes, response: str) -> None:
    refused(partial(check_exchange, request_body, etree.fromstring(simple(response))), rule)


def test_m5_the_answers_of_a_batch() -> None:
    twice = f"<SIMPLERSP>{INVOKED}</SIMPLERSP>" * 2
    refused(partial(check_exchange, call("M"), etree.fromstring(message(f"<MULTIRSP>{twice}</MULTIRSP>"))), "M5")
