from collections.abc import Callable

import pytest

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.message import Message, MessageError
from cimsim.operations.request import IntrinsicRequest

HEADERS = CimHeaders("MethodCall", "Op", "root/x")
CALL = '<IMETHODCALL NAME="Op"><LOCALNAMESPACEPATH><NAMESPACE NAME="root/x"/></LOCALNAMESPACEPATH></IMETHODCALL>'
MESSAGE = f'<MESSAGE ID="7" PROTOCOLVERSION="1.0"><SIMPLEREQ>{CALL}</SIMPLEREQ></MESSAGE>'
GOOD = f'<CIM CIMVERSION="2.0" DTDVERSION="2.0">{MESSAGE}</CIM>'


def refused(body: str, headers: CimHeaders = HEADERS) -> tuple[int, str | None]:
    with pytest.raises(MessageError) as caught:
        Decoder().decode(body.encode(), headers)
    assert caught.value.detail
    return caught.value.status, caught.value.cim_error


def test_a_message() -> None:
    assert Decoder().decode(GOOD.encode(), HEADERS) == Message("7", IntrinsicRequest("Op", "root/x"))


def test_m17_whitespace_quotes_order_and_lang() -> None:
    body = GOOD.replace("><", ">\r\n\t<").replace(
        'ID="7" PROTOCOLVERSION="1.0"', "PROTOCOLVERSION='1.4' xml:lang='en' ID='&lt;'"
    )
    assert Decoder().decode(body.encode(), HEADERS).id == "<"


@pytest.mark.parametrize("version", ["2.0", "2.8", "2.3.1", "2.10.12"])
def test_he11_versions(version: str) -> None:
    expected = Decoder().decode(GOOD.encode(), HEADERS)
    for name in ("CIMVERSION", "DTDVERSION"):
        assert Decoder().decode(GOOD.replace(f'{name}="2.0"', f'{name}="{version}"').encode(), HEADERS) == expected


@pytest.mark.parametrize("version", ["2.", "3.0", "2.1x", "2", "", "12.0"])
def test_he3_he4_other_versions(version: str) -> None:
    assert refused(GOOD.replace('CIMVERSION="2.0"', f'CIMVERSION="{version}"')) == (501, "unsupported-cim-version")
    assert refused(GOOD.replace('DTDVERSION="2.0"', f'DTDVERSION="{version}"')) == (501, "unsupported-dtd-version")


@pytest.mark.parametrize("version", ["1.", "1.2:3", "2.0", "0.9", "1.2.3", ""])
def test_hc12_protocol_versions(version: str) -> None:
    body = GOOD.replace('PROTOCOLVERSION="1.0"', f'PROTOCOLVERSION="{version}"')
    assert refused(body) == (501, "unsupported-protocol-version")


def test_hc11_protocol_version_of_the_header() -> None:
    Decoder().decode(GOOD.encode(), CimHeaders("MethodCall", "Op", "root/x", "1.0"))
    assert refused(GOOD, CimHeaders("MethodCall", "Op", "root/x", "1.1")) == (400, "header-mismatch")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (' CIMVERSION="2.0"', ""),
        (' DTDVERSION="2.0"', ""),
        (' ID="7"', ""),
        (' PROTOCOLVERSION="1.0"', ""),
        (' NAME="Op"', ""),
        ('NAME="Op"', 'NAME=""'),
        ('NAME="root/x"', 'NAME=""'),
        ("<NAMESPACE", "text<NAMESPACE"),
        ('<NAMESPACE NAME="root/x"/>', ""),
        ('<NAMESPACE NAME="root/x"/>', '<NAMESPACE NAME="root/x">text</NAMESPACE>'),
        ('<NAMESPACE NAME="root/x"/>', '<HOST NAME="root/x"/>'),
        ('<LOCALNAMESPACEPATH><NAMESPACE NAME="root/x"/></LOCALNAMESPACEPATH>', ""),
        (CALL, ""),
        (CALL, CALL + CALL),
        (CALL, '<EXPMETHODCALL NAME="Op"/>'),
        (CALL, f"{CALL}text"),
        ("<SIMPLEREQ>", "<SIMPLEREQ A='b'>"),
        ("SIMPLEREQ", "SIMPLERSP"),
        ("SIMPLEREQ", "SIMPLEEXPREQ"),
        ("<MESSAGE", "<DECLARATION/><MESSAGE"),
        ("MESSAGE", "DECLARATION"),
        ("<MESSAGE ", "<MESSAGE FOO='' "),
        ("</LOCALNAMESPACEPATH>", "</LOCALNAMESPACEPATH><FOO/>"),
        ("</LOCALNAMESPACEPATH>", '</LOCALNAMESPACEPATH><PARAMVALUE NAME="A"/>'),
        ("<CIM ", '<CIM xmlns="urn:x" '),  # T18
        ("CIM ", "CIMX "),
    ],
)
def test_he12_m1_m18_not_valid(old: str, new: str) -> None:
    assert old in GOOD
    body = GOOD.replace(old, new).replace(f"</{old.strip()}>", f"</{new.strip()}>")
    assert refused(body) == (400, "request-not-valid")


def test_t18_an_unused_namespace_prefix_is_no_attribute() -> None:
    document = GOOD.replace("<CIM ", '<CIM xmlns:x="urn:x" ')
    assert Decoder().decode(document.encode(), HEADERS) == Decoder().decode(GOOD.encode(), HEADERS)


def test_m14_correlators_are_ignored() -> None:
    correlator = '<CORRELATOR NAME="a" TYPE="string"><VALUE>1</VALUE></CORRELATOR>'
    document = GOOD.replace("<SIMPLEREQ>", f"<SIMPLEREQ>{correlator}")
    assert Decoder().decode(document.encode(), HEADERS) == Decoder().decode(GOOD.encode(), HEADERS)


def test_hc7_hc8_header_mismatch() -> None:
    assert refused(GOOD, CimHeaders("MethodCall", "Op2", "root/x")) == (400, "header-mismatch")
    assert refused(GOOD, CimHeaders("MethodCall", "Op", "root/y")) == (400, "header-mismatch")


def test_m15_namespace_components(message: Callable[[str], bytes], local_namespace: str) -> None:
    body = message(f'<IMETHODCALL NAME="Op">{local_namespace}</IMETHODCALL>')
    assert Decoder().decode(body, HEADERS).request.namespace == "root/x"


def test_he17_order() -> None:
    """Each fault hides those after it."""
    faults = [
        ("</CIM>", "", (400, "request-not-well-formed")),
        ('CIMVERSION="2.0"', 'CIMVERSION="3.0"', (501, "unsupported-cim-version")),
        ('DTDVERSION="2.0"', 'DTDVERSION="3.0"', (501, "unsupported-dtd-version")),
        ('PROTOCOLVERSION="1.0"', 'PROTOCOLVERSION="2.0"', (400, "header-mismatch")),
        ("<SIMPLEREQ>", "<SIMPLEREQ A=''>", (400, "request-not-valid")),
        ('NAME="Op"', 'NAME="Oq"', (400, "header-mismatch")),
        ('NAME="root/x"', 'NAME="root/y"', (400, "header-mismatch")),
        ("</LOCALNAMESPACEPATH>", "</LOCALNAMESPACEPATH><FOO/>", (400, "request-not-valid")),
    ]
    headers = CimHeaders("MethodCall", "Op", "root/x", "1.0")
    while faults:
        body = GOOD
        for old, new, _ in faults:
            body = body.replace(old, new)
        assert refused(body, headers) == faults.pop(0)[2]


def test_x1_targets(extrinsic: Callable[..., object], message: Callable[[str], bytes], local_namespace: str) -> None:
    for target in (
        "",
        local_namespace,
        '<CLASSNAME NAME="C"/>',
        f'<CLASSPATH><NAMESPACEPATH><HOST>h</HOST>{local_namespace}</NAMESPACEPATH><CLASSNAME NAME="C"/></CLASSPATH>',
        f'<LOCALCLASSPATH>{local_namespace}<INSTANCENAME CLASSNAME="C"/></LOCALCLASSPATH>',
        f"<LOCALCLASSPATH>{local_namespace}</LOCALCLASSPATH>",
    ):
        body = message(f'<METHODCALL NAME="M">{target}</METHODCALL>')
        assert refused(body.decode(), CimHeaders("MethodCall", "M", "root/x:C")) == (400, "request-not-valid")
    with pytest.raises(MessageError):
        extrinsic('<IPARAMVALUE NAME="A"/>')
