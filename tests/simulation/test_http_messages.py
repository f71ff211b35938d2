"""HTTP and the codec together: which answer a wrong message gets, and which comes first (rules on CIM headers and CIMError)."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree
from pywbem import CIMClass, CIMError, CIMInstance, CIMInstanceName, CIMProperty, CIMQualifier, CIMQualifierDeclaration, Uint8

from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.encode.encoder import Encoder
from cimsim.cimxml.http_features import Features
from cimsim.operations.request import Request
from cimsim.operations.results import MethodResult, Output, Result, Void
from cimsim.simulation.cimxml_service import CimXmlService

Post = Callable[..., bytes]
Headers = dict[str, str | list[str] | None]

NAMESPACE = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="cimv2"/></LOCALNAMESPACEPATH>'
CALL = f'<IMETHODCALL NAME="GetInstance">{NAMESPACE}</IMETHODCALL>'
SINGLE = f"<SIMPLEREQ>{CALL}</SIMPLEREQ>"
GOOD = f'<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0">{SINGLE}</MESSAGE></CIM>'


class Cimom:
    """Carries out everything, without effect."""

    def start(self, request: Request, user: str | None = None) -> Result:
        if hasattr(request, "target"):
            return MethodResult(Output("", "uint32", False, 0), ())
        return Void()


@pytest.fixture
def ask(server: Any, post: Post) -> Iterator[Callable[..., tuple[int, str | None]]]:
    """Send a document with headers; return status and CIMError, and check what every answer must be."""
    server.service = CimXmlService(Decoder(), Encoder("host"), Cimom())
    server.remake()

    def send(body: str | bytes = GOOD, headers: Headers | None = None, **more: Any) -> tuple[int, str | None]:
        peer = server.connect()
        data = body.encode() if isinstance(body, str) else body
        answer = peer.ask(post(data, headers, **more))
        assert (answer["CIMOperation"] is not None) == (answer.status == 200), "no CIMOperation beside an error"
        assert not {name.lower() for name, _ in answer.fields} & {"cimmethod", "cimobject", "cimbatch", "cimexport"}, "HC15"
        if answer.status == 200:
            assert etree.fromstring(answer.body).tag == "CIM"
        if answer["CIMError"] is not None:
            assert answer["CIMErrorDescription"] == answer["PGErrorDetail"], "HE14"
        peer.transport.hang_up()
        return answer.status, answer["CIMError"]

    yield send


def test_hc16_the_mandatory_headers_suffice(ask: Any) -> None:
    assert ask() == (200, None)


def replaced(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (replaced('PROTOCOLVERSION="1.0"', 'PROTOCOLVERSION="2.0"'), {}, (501, "unsupported-protocol-version")),  # HE1
        (replaced('CIMVERSION="2.0"', 'CIMVERSION="3.0"'), {}, (501, "unsupported-cim-version")),  # HE3
        (replaced('DTDVERSION="2.0"', 'DTDVERSION="1.0"'), {}, (501, "unsupported-dtd-version")),  # HE4
        (replaced("SIMPLEREQ", "SIMPLEREQUEST"), {}, (400, "request-not-valid")),  # HE5
        (replaced("</CIM>", ""), {}, (400, "request-not-well-formed")),  # HE6
        (GOOD, {"CIMMethod": "GetClass"}, (400, "header-mismatch")),  # HE8
        (GOOD, {"CIMOperation": "MethodResponse"}, (400, "unsupported-operation")),  # HE9
        (b"\xef\xbb\xbf" + GOOD.encode(), {}, (200, None)),  # H35
        (GOOD.encode("utf-16"), {}, (400, "request-not-well-formed")),  # H35, Z14
        (GOOD.replace("root", "ro\ufffdt").encode().replace(b"\xef\xbf\xbd", b"\xff"), {}, (400, "request-not-well-formed")),
        (GOOD.replace("GetInstance", "&#1;"), {}, (400, "request-not-well-formed")),
    ],
)
def test_he1_to_he10_the_cim_error_values(ask: Any, body: str | bytes, headers: Headers, expected: tuple[int, str]) -> None:
    assert ask(body, headers) == expected


def test_he2_batches_that_are_not_supported(server: Any, ask: Any) -> None:
    server.remake(features=Features(batches=False))
    headers: Headers = {"CIMBatch": "", "CIMMethod": None, "CIMObject": None}
    assert ask("", headers) == (501, "multiple-requests-unsupported")
    assert ask(replaced(SINGLE, f"<MULTIREQ>{SINGLE}{SINGLE}</MULTIREQ>")) == (400, "header-mismatch")


def test_he17_the_first_fault_gives_the_answer(server: Any, ask: Any) -> None:
    """Each fault hides those after it: take away one after the other."""
    server.remake({"operator": "secret"}, features=Features(batches=False))
    right = "Basic b3BlcmF0b3I6c2VjcmV0"
    in_head: list[tuple[str, str | None, str | None, tuple[int, str | None]]] = [
        ("Authorization", "Basic AAAA", right, (401, None)),
        ("Host", None, "host", (400, None)),
        ("CIMOperation", "x", "MethodCall", (400, "unsupported-operation")),
        ("CIMBatch", "", None, (501, "multiple-requests-unsupported")),
        ("CIMMethod", "", "GetInstance", (400, "header-mismatch")),
        ("CIMObject", "", "root/cimv2", (400, "header-mismatch")),
        ("Content-Type", "text/plain", "text/xml", (415, None)),
    ]
    in_body = [
        ("\xff", "", (400, "request-not-well-formed")),
        ("</CIM>", "</MIC>", (400, "request-not-well-formed")),
        ("CIMVERSION", 'CIMVERSION="3.0"', (501, "unsupported-cim-version")),
        ("DTDVERSION", 'DTDVERSION="3.0"', (501, "unsupported-dtd-version")),
        ("<MESSAGE", "<MESSAGE FOO=''", (400, "request-not-valid")),
        ("PROTOCOLVERSION", 'PROTOCOLVERSION="2.0"', (400, "header-mismatch")),
        ("<SIMPLEREQ>", "<SIMPLEREQ A=''>", (400, "request-not-valid")),
        ("GetInstance", "GetClass", (400, "header-mismatch")),
        ("cimv2", "cimv3", (400, "header-mismatch")),
    ]

    def document() -> bytes:
        body = GOOD
        for old, new, _ in in_body:
            if old in ("CIMVERSION", "DTDVERSION"):
                body = body.replace(f'{old}="2.0"', new)
            elif old == "PROTOCOLVERSION":
                body = body.replace(f'{old}="1.0"', new)
            else:
                body = body.replace(old, new)
        return b"\xff" + body.encode() if in_body and in_body[0][0] == "\xff" else body.encode()

    headers: Headers = {"CIMProtocolVersion": "1.0"}
    headers.update((name, wrong) for name, wrong, _, _ in in_head)
    assert ask(document(), headers, method="GET", version="HTTP/1.1") == (405, None)
    while in_head:
        name, _, correct, expected = in_head.pop(0)
        assert ask(document(), headers) == expected, name
        headers[name] = correct
    while in_body:
        expected = in_body[0][2]
        assert ask(document(), headers) == expected, in_body[0]
        in_body.pop(0)
    assert ask(document(), headers) == (200, None)


# Every element and attribute missing, twice, or strange


def samples() -> dict[str, str]:
    """Return the parameters of calls in which every element of a request occurs."""
    path = CIMInstanceName("C", {"K": "v", "R": CIMInstanceName("D", {"N": Uint8(1)}, namespace="root/cimv2", host="h")})
    instance = CIMInstance("C", [CIMProperty("P", "x"), CIMProperty("A", ["x", None], type="string")], path=path)
    cls = CIMClass(
        "C",
        properties=[CIMProperty("P", None, "string", qualifiers=[CIMQualifier("Key", True)])],
        qualifiers=[CIMQualifier("Values", ["a", "b"])],
    )
    declaration = CIMQualifierDeclaration("Q", "string", "a", scopes={"CLASS": True})
    named = f"<VALUE.NAMEDINSTANCE>{path.tocimxml(ignore_host=True, ignore_namespace=True).toxml()}"
    values = {
        "instance": instance.tocimxml(ignore_path=True).toxml(),
        "name": path.tocimxml(ignore_host=True, ignore_namespace=True).toxml(),
        "named": f"{named}{instance.tocimxml(ignore_path=True).toxml()}</VALUE.NAMEDINSTANCE>",
        "class": cls.tocimxml().toxml(),
        "declaration": declaration.tocimxml().toxml(),
        "reference": f"<VALUE.REFERENCE>{path.tocimxml(ignore_host=True, ignore_namespace=True).toxml()}</VALUE.REFERENCE>",
        "array": "<VALUE.ARRAY><VALUE>a</VALUE><VALUE.NULL/></VALUE.ARRAY>",
    }
    return {name: f'<IPARAMVALUE NAME="P">{value}</IPARAMVALUE>' for name, value in values.items()}


@pytest.mark.parametrize("parameters", samples().values(), ids=samples().keys())
def test_he12_sec15_every_element_and_attribute_missing_twice_or_unknown(ask: Any, parameters: str) -> None:
    """The answer is a CIM message (the parameter may do without) or the refusal that the DTD demands, nothing else."""
    text = GOOD.replace("</LOCALNAMESPACEPATH>", f"</LOCALNAMESPACEPATH>{parameters}")
    assert ask(text) == (200, None)
    allowed = {(200, None), (400, "request-not-valid"), (400, "header-mismatch")}
    count = sum(1 for _ in etree.fromstring(text).iter())
    for number in range(1, count):
        for change in (_without, _twice, _renamed, _with_text):
            root = etree.fromstring(text)
            element = list(root.iter())[number]
            must_fail = change(element)
            answer = ask(etree.tostring(root))
            assert answer in allowed, (change.__name__, element.tag)
            assert not must_fail or answer == (400, "request-not-valid"), (change.__name__, element.tag)
        for name in list(etree.fromstring(text).iter())[number].keys():  # noqa: SIM118 - an element iterates over its children
            root = etree.fromstring(text)
            element = list(root.iter())[number]
            del element.attrib[name]
            expected = {(400, "request-not-valid")} if name in REQUIRED else allowed
            assert ask(etree.tostring(root)) in expected, (element.tag, name)
        root = etree.fromstring(text)
        list(root.iter())[number].set("FOO", "")
        assert ask(etree.tostring(root)) == (400, "request-not-valid"), f"M18: {list(root.iter())[number].tag}"


REQUIRED = {"NAME", "ID", "PROTOCOLVERSION", "CIMVERSION", "DTDVERSION", "CLASSNAME"}
ENVELOPE = {"MESSAGE", "SIMPLEREQ", "IMETHODCALL", "LOCALNAMESPACEPATH"}
TEXTS = {"VALUE", "KEYVALUE", "HOST"}


def _without(element: Any) -> bool:
    element.getparent().remove(element)
    return element.tag in ENVELOPE


def _twice(element: Any) -> bool:
    element.addnext(etree.fromstring(etree.tostring(element)))
    return element.tag in ENVELOPE


def _renamed(element: Any) -> bool:
    element.tag = "FOO"
    return True


def _with_text(element: Any) -> bool:
    if element.tag in TEXTS:
        return False
    element.text = "text"
    return True


# Header and body, as clients spell them


def escaped_by_wbemcli(text: str) -> str:
    return quote(text.encode("latin-1", "replace"), safe="=,\"'\\.")


def escaped_by_java(text: str) -> str:
    return quote(text.encode(), safe="")


def raw_by_pywbem(text: str) -> str:
    return text


def raw_utf8(text: str) -> str:
    return text.encode().decode("latin-1")


SPELLINGS = [raw_by_pywbem, raw_utf8, escaped_by_wbemcli, escaped_by_java]
NAMES = [
    "plain",
    'quo"te',
    "back\\slash",
    "a b",
    "com,ma=1",
    "per%41cent",
    "per%zz",
    "é",
    "%C3%A9",
    "a/b:c.d",
    "",
    "TRUE",
    "007",
]


def method_call(name: str, number: str) -> str:
    value = etree.Element("KEYVALUE")
    value.text = name
    values = {"Name": etree.tostring(value).decode(), "N": f"<KEYVALUE>{number}</KEYVALUE>"}
    keys = "".join(f'<KEYBINDING NAME="{key}">{element}</KEYBINDING>' for key, element in values.items())
    target = f'<LOCALINSTANCEPATH>{NAMESPACE}<INSTANCENAME CLASSNAME="CIM_X">{keys}</INSTANCENAME></LOCALINSTANCEPATH>'
    return GOOD.replace(CALL, f'<METHODCALL NAME="Start">{target}</METHODCALL>')


def model_path(name: str, number: str) -> str:
    value = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'root/cimv2:CIM_X.Name="{value}",N={number}'


@pytest.mark.parametrize("spell", SPELLINGS)
@pytest.mark.parametrize("name", NAMES)
def test_hc1_hc2_hc9_hc10_header_and_body_match_in_every_spelling(ask: Any, spell: Callable[[str], str], name: str) -> None:
    headers = {"CIMMethod": spell("Start"), "CIMObject": spell(model_path(name, "3"))}
    assert ask(method_call(name, "3"), headers) == (200, None)


@pytest.mark.parametrize("spell", SPELLINGS)
@pytest.mark.parametrize("name", NAMES)
def test_hc7_hc9_hc10_header_and_body_do_not_match(ask: Any, spell: Callable[[str], str], name: str) -> None:
    body = method_call(name, "3")
    good: Headers = {"CIMMethod": spell("Start"), "CIMObject": spell(model_path(name, "3"))}
    for change in (
        {"CIMMethod": spell("Stop")},
        {"CIMObject": spell(model_path(name + "x", "3"))},
        {"CIMObject": spell(model_path(name, "4"))},
        {"CIMObject": spell(model_path(name, "3").replace("cimv2", "cimv3"))},
        {"CIMObject": spell(model_path(name, "3").replace("CIM_X", "CIM_Y"))},
        {"CIMObject": spell("root/cimv2:CIM_X")},
        {"CIMObject": spell("root/cimv2")},
        {"CIMObject": spell(model_path(name, "3")) + "%0D%0A"},
        {"CIMProtocolVersion": "1.1"},
    ):
        assert ask(body, good | change) == (400, "header-mismatch"), change


@pytest.mark.parametrize("spell", SPELLINGS)
def test_hc8_intrinsic_operations_name_the_namespace(ask: Any, spell: Callable[[str], str]) -> None:
    for text in ("root/cimv2", "ROOT/CIMV2", "/root/cimv2"):
        assert ask(GOOD, {"CIMObject": spell(text)}) == (200, None)
    for text in ("root/cimv3", "root", "root/cimv2/x", "root/cimv2:CIM_X"):
        assert ask(GOOD, {"CIMObject": spell(text)}) == (400, "header-mismatch")


def test_m5_hc13_batches_over_http(server: Any, post: Post, ask: Any) -> None:
    headers: Headers = {"CIMBatch": "", "CIMMethod": None, "CIMObject": None}
    batch = replaced(SINGLE, f"<MULTIREQ>{SINGLE}{SINGLE}{SINGLE}</MULTIREQ>")
    assert ask(batch, headers) == (200, None)
    answer = server.connect().ask(post(batch.encode(), headers))
    assert [each.tag for each in etree.fromstring(answer.body)[0][0]] == ["SIMPLERSP"] * 3
    assert ask(batch) == (400, "header-mismatch")
    assert ask(GOOD, headers) == (400, "header-mismatch")
    assert ask(batch, headers | {"CIMObject": "root/cimv2"}) == (400, "header-mismatch")
    assert ask(batch, {"CIMBatch": ["", ""], "CIMMethod": None, "CIMObject": None}) == (400, "header-mismatch")


def test_h34_he18_a_cim_error_is_a_response_like_another(server: Any, post: Post, ask: Any) -> None:
    class Refusing:
        def start(self, request: Request, user: str | None = None) -> Result:
            raise CIMError(6, "no such thing")

    server.service = CimXmlService(Decoder(), Encoder("host"), Refusing())
    server.remake()
    answer = server.connect().ask(post(GOOD.encode()))
    assert (answer.status, answer["CIMOperation"], answer["CIMError"]) == (200, "MethodResponse", None)
    assert etree.fromstring(answer.body).xpath("//ERROR/@CODE") == ["6"]


def test_he7_he13_the_server_is_validating_and_says_nothing_else(server: Any, ask: Any) -> None:
    assert b"CIMValidation: validating\r\n" in Features().lines()
    for old in ("MESSAGE", "SIMPLEREQ", "IMETHODCALL", "LOCALNAMESPACEPATH", "NAMESPACE"):
        assert ask(replaced(f"<{old}", "<FOO").replace(f"</{old}", "</FOO")) == (400, "request-not-valid")


def test_sec12_a_name_cannot_break_lines_of_the_log(ask: Any) -> None:
    for name in ("Get&#10;Instance", "Get&#13;Instance", "&#9;", "&#127;", "Get Instance"):
        assert ask(replaced("GetInstance", name)) == (400, "request-not-valid")
