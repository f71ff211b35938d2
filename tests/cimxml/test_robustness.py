"""Property-based (SEC15): whatever the bytes, the decoder returns a message or refuses it with a MessageError."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pywbem import CIMClass, CIMInstance, CIMMethod, CIMParameter, CIMProperty, CIMQualifier, CIMQualifierDeclaration, Uint8

from cimsim.cimxml.cim_headers import CimHeaders, check_headers
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.decode.header_matching import check_method, check_object
from cimsim.cimxml.message import MessageError
from cimsim.operations.request import ClassName
from cimsim.world.paths import InstancePath
from cimsim.world.values import Untyped
from tests.examples import examples

ERRORS: dict[int, set[str | None]] = {
    400: {"request-not-valid", "request-not-well-formed", "header-mismatch", "unsupported-operation", None},
    501: {
        "unsupported-protocol-version",
        "multiple-requests-unsupported",
        "unsupported-cim-version",
        "unsupported-dtd-version",
    },
}  # HE10


def samples() -> list[bytes]:
    embedded = CIMInstance("E", properties=[CIMProperty("A", [Uint8(1), None], type="uint8")])
    instance = CIMInstance("C", properties=[CIMProperty("O", embedded, embedded_object="instance"), CIMProperty("S", "a&<")])
    cls = CIMClass(
        "C",
        superclass="B",
        qualifiers=[CIMQualifier("Q", ["a"])],
        properties=[CIMProperty("P", Uint8(1), type="uint8"), CIMProperty("R", None, type="reference", reference_class="B")],
        methods=[CIMMethod("M", "uint8", parameters=[CIMParameter("P", "reference", is_array=True)])],
    )
    declaration = CIMQualifierDeclaration("Q", "string", "a", scopes={"CLASS": True}, overridable=True)
    namespace = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="x"/></LOCALNAMESPACEPATH>'
    reference = (
        f'<VALUE.REFERENCE><LOCALINSTANCEPATH>{namespace}<INSTANCENAME CLASSNAME="C"/></LOCALINSTANCEPATH></VALUE.REFERENCE>'
    )
    parameters = [instance.tocimxmlstr(), cls.tocimxmlstr(), declaration.tocimxmlstr(), reference, '<CLASSNAME NAME="C"/>']
    calls = [
        f'<IMETHODCALL NAME="Op">{namespace}<IPARAMVALUE NAME="P">{each}</IPARAMVALUE></IMETHODCALL>' for each in parameters
    ]
    path = f'<LOCALINSTANCEPATH>{namespace}<INSTANCENAME CLASSNAME="C"><KEYBINDING NAME="K"><KEYVALUE>v</KEYVALUE></KEYBINDING>'
    calls.append(
        f'<METHODCALL NAME="Op">{path}</INSTANCENAME></LOCALINSTANCEPATH>'
        f'<PARAMVALUE NAME="P" PARAMTYPE="uint8"><VALUE>1</VALUE></PARAMVALUE></METHODCALL>'
    )
    return [
        '<?xml version="1.0"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0">'
        f"<SIMPLEREQ>{call}</SIMPLEREQ></MESSAGE></CIM>".encode()
        for call in calls
    ]


SAMPLES = samples()
HEADERS = CimHeaders("MethodCall", "Op", "root/x")
PIECES = st.sampled_from(
    [
        b"",
        b"<",
        b">",
        b"/",
        b'"',
        b"=",
        b"&",
        b"\x00",
        b"\xff",
        b"&#0;",
        b"<A/>",
        b"<!--",
        b"<![CDATA[",
        b"<!DOCTYPE a [",
        b"VALUE",
    ]
)


def survives(body: bytes, headers: CimHeaders = HEADERS) -> None:
    try:
        Decoder().decode(body, headers)
    except MessageError as error:
        assert error.cim_error in ERRORS[error.status]
        assert error.detail


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_samples_are_good(sample: bytes) -> None:
    text = 'root/x:C.K="v"' if b"<METHODCALL" in sample else "root/x"
    assert Decoder().decode(sample, CimHeaders("MethodCall", "Op", text)).request.namespace == "root/x"


@settings(max_examples=examples(60))
@given(st.data())
def test_mutated_requests(data: st.DataObject) -> None:
    body = data.draw(st.sampled_from(SAMPLES))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(body)))
        end = min(len(body), start + data.draw(st.integers(0, 30)))
        body = body[:start] + data.draw(st.one_of(PIECES, st.binary(max_size=4))) + body[end:]
    survives(body)
    survives(body, CimHeaders("MethodCall", "Op", 'root/x:C.K="v"'))


@settings(max_examples=examples(60))
@given(st.data())
def test_requests_with_elements_removed_doubled_or_renamed(data: st.DataObject) -> None:
    """Every element of the DTD missing, twice, or in the wrong place, in a well-formed document."""
    from lxml import etree

    root = etree.fromstring(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(1, 2))):
        element = data.draw(st.sampled_from(list(root.iter())))
        parent = element.getparent()
        match data.draw(st.integers(0, 4)):
            case 0 if parent is not None:
                parent.remove(element)
            case 1 if parent is not None:
                parent.append(etree.fromstring(etree.tostring(element)))
            case 2:
                element.tag = data.draw(st.sampled_from([each.tag for each in root.iter()]))
            case 3:
                for name in element.keys():  # noqa: SIM118 - an lxml element iterates over its children
                    element.set(name, data.draw(st.sampled_from(["", "x", "1", "true", "uint8", "reference", "<"])))
            case _:
                element.text = "text"
    survives(etree.tostring(root))


@settings(max_examples=examples(40))
@given(st.binary(max_size=200))
def test_random_bytes(body: bytes) -> None:
    survives(body)


@settings(max_examples=examples(40))
@given(st.text(max_size=30), st.text('root/x:C.K="v",\\%41 ', max_size=40))
def test_random_headers(method: str, target: str) -> None:
    headers = CimHeaders.of(
        [(b"CIMOperation", b"MethodCall"), (b"CIMMethod", method.encode()), (b"CIMObject", target.encode())]
    )
    for wanted in (ClassName("C"), InstancePath("C", (("K", Untyped("v")),))):
        try:
            check_headers(headers)
            check_method(headers, "M")
            check_object(headers, "root/x", wanted)
        except MessageError as error:
            assert error.cim_error == "header-mismatch"
