"""Definitions of classes over WS-Management, as Get-CimClass asks for them (rules WM-R-6, WM-R-8, WM-S-7)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from cimsim.cimom.authorization import Authorization, parse_grant
from cimsim.cimxml.encode.resolved_class_writer import resolved_class
from cimsim.operations.results import ClassView
from cimsim.packs.load import Loaded, load
from tests.wsman.conftest import ENUMERATION, EVENTING, MANAGEMENT, NOON, NS, TRANSFER, WQL, Answer, Client, envelope

SCHEMA: Final = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/"
ALL: Final = "<w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>"
POWERSHELL: Final = ("IncludeInheritanceHierarchy", "IncludeInheritedElements", "IncludeQualifiers")
"""The options that Get-CimClass sends as true, among others that say nothing about classes."""


@pytest.fixture(scope="module")
def loaded(cache_dir: Path) -> Loaded:
    return load(["hyperv", "windows"], None, cache_dir=cache_dir, now=NOON)


@pytest.fixture
def client(loaded: Loaded) -> Client:
    return Client(loaded)


def options(**given: object) -> str:
    written = "".join(f'<w:Option Name="{name}" Type="xs:boolean">{value}</w:Option>' for name, value in given.items())
    return f"<w:OptionSet>{written}</w:OptionSet>"


def got(client: Client, classname: str | None, headers: str = "", uri: str = f"{SCHEMA}*", **selectors: str) -> Answer:
    named = {} if classname is None else {"ClassName": classname}
    return client.send(envelope(f"{TRANSFER}Get", uri, selectors={**named, **selectors}, headers=headers))


def shown(answer: Answer) -> Any:
    """Return the CLASS in a Body, which is in no namespace."""
    return answer.find("CLASS")


def names(answer: Answer, kind: str = "Enumerate", prefix: str = "w") -> list[str]:
    return [each.get("NAME") for each in answer.find(f"n:{kind}Response/{prefix}:Items")]


def enumerated(client: Client, body: str = ALL, headers: str = "", **selectors: str) -> Answer:
    return client.enumerate(f"{SCHEMA}*", body, selectors=selectors, headers=headers)


@pytest.mark.parametrize(
    ("classname", "uri"),
    [
        ("Win32_Service", f"{SCHEMA}*"),
        ("win32_SERVICE", f"{SCHEMA}*"),
        (None, f"{SCHEMA}Win32_Service"),
        ("", f"{SCHEMA}win32_service"),
    ],
)
def test_wm_r_6_one_is_got(client: Client, classname: str | None, uri: str) -> None:
    answer = got(client, classname, uri=uri, __cimnamespace="root/cimv2")
    cls = client.cimom.world.namespace("root/cimv2").cls("Win32_Service")
    assert resolved_class(cls, ClassView()).decode() in answer.text
    assert shown(answer).get("SUPERCLASS") == "Win32_BaseService"


def test_wm_r_6_what_powershell_asks_for(client: Client) -> None:
    asked = dict.fromkeys(POWERSHELL, "true") | {"__MI_CallbackRegistration": "11", "msftwinrm:UsePreciseArrays": "true"}
    cls = shown(got(client, "Win32_Service", options(**asked)))
    assert cls.get("DERIVATION") == "Win32_BaseService,CIM_Service,CIM_LogicalElement,CIM_ManagedSystemElement"
    properties = {each.get("NAME"): each for each in cls if each.tag.startswith("PROPERTY")}
    assert properties["Name"].get("PROPAGATED") == "true"
    assert [each.get("NAME") for each in properties["Name"] if each.get("NAME") == "Key"]
    assert properties["ProcessId"].get("PROPAGATED") is None
    assert not any("CLASSORIGIN" in each.attrib for each in cls.iter())
    assert {each.get("NAME") for each in cls.findall("METHOD")} >= {"StartService", "StopService", "Create", "ChangeStartMode"}


@pytest.mark.parametrize(
    ("given", "qualifiers", "inherited", "origin", "derivation"),
    [
        ({}, True, True, False, False),
        ({"IncludeQualifiers": "false"}, False, True, False, False),
        ({"IncludeInheritedElements": "0"}, True, False, False, False),
        ({"IncludeClassOrigin": "TRUE", "IncludeInheritanceHierarchy": "1"}, True, True, True, True),
        ({"wmi:IncludeQualifiers": "FALSE", "includeinheritedelements": "false"}, False, False, False, False),
    ],
)
def test_wm_r_6_options(
    client: Client, given: Mapping[str, str], qualifiers: bool, inherited: bool, origin: bool, derivation: bool
) -> None:
    for cls in (
        shown(got(client, "Win32_Service", options(**given))),
        enumerated(client, headers=options(**given), ClassName="Win32_BaseService").find("n:EnumerateResponse/w:Items")[0],
    ):
        assert cls.get("NAME") == "Win32_Service"
        assert (cls.find(".//QUALIFIER") is not None) is qualifiers
        assert (cls.find("PROPERTY[@NAME='Caption']") is not None) is inherited
        assert any("CLASSORIGIN" in each.attrib for each in cls.iter()) is origin
        assert ("DERIVATION" in cls.attrib) is derivation


def test_wm_r_6_all_are_enumerated_piece_by_piece(client: Client) -> None:
    headers = options(IncludeQualifiers="false")
    answer = enumerated(client, headers=headers, __cimnamespace="root/virtualization/v2")
    found = names(answer)
    context = answer.value("n:EnumerateResponse/n:EnumerationContext")
    while context:
        answer = client.pull(context, "<n:MaxElements>32000</n:MaxElements>")
        assert answer.root.find(".//QUALIFIER") is None
        found += names(answer, "Pull", "n")
        context = "".join(each.text or "" for each in answer.all("n:PullResponse/n:EnumerationContext"))
    system = ["__SystemClass", "__NAMESPACE"]
    assert found == [*client.cimom.world.namespace("root/virtualization/v2").schema.names(), *system]


def test_wm_r_6_the_subclasses_of_one(client: Client) -> None:
    assert names(enumerated(client, ClassName="cim_service")) == ["Win32_BaseService", "Win32_Service", "Win32_SystemDriver"]
    assert names(enumerated(client, ClassName="Win32_Service")) == []


def test_wm_r_6_a_query_chooses(client: Client) -> None:
    def chosen(text: str) -> Answer:
        return enumerated(client, f'<w:Filter Dialect="{WQL}">{text}</w:Filter>{ALL}')

    assert names(chosen("SELECT * FROM meta_class WHERE __CLASS LIKE 'Win32_%Service'")) == [
        "Win32_BaseService",
        "Win32_Service",
        "Win32_DependentService",
    ]
    assert "Win32_ComputerSystem" in names(chosen("ASSOCIATORS OF {Win32_Service='vmms'} WHERE ClassDefsOnly"))
    for text, place in (
        ("SELECT * FROM Win32_Service", "line 1, column 15"),
        ("ASSOCIATORS OF {Win32_Service='vmms'}", "line 1, column 16"),
        ("SELECT * FROM", "line 1, column 14"),
    ):
        fault = chosen(text).fault
        assert fault[0] == "n:CannotProcessFilter"
        assert place in fault[2]


def test_wm_r_6_system_classes(client: Client) -> None:
    assert shown(got(client, "__NAMESPACE", __cimnamespace="root")).get("SUPERCLASS") == "__SystemClass"
    assert names(enumerated(client, __cimnamespace="root/virtualization")) == ["__SystemClass", "__NAMESPACE"]


def test_wm_r_6_a_client_can_build_the_class(things: Client) -> None:
    cls = shown(got(things, "T_Special", __cimnamespace="root/test"))
    assert [(each.get("NAME"), each.tag, each.get("TYPE")) for each in cls if each.tag.startswith("PROPERTY")] == [
        ("Name", "PROPERTY", "string"),
        ("Number", "PROPERTY", "sint32"),
        ("Flag", "PROPERTY", "boolean"),
        ("Texts", "PROPERTY.ARRAY", "string"),
        ("Moment", "PROPERTY", "datetime"),
        ("Real", "PROPERTY", "real64"),
        ("Octets", "PROPERTY.ARRAY", "uint8"),
        ("Bytes", "PROPERTY.ARRAY", "uint8"),
        ("Fixed", "PROPERTY", "string"),
        ("Link", "PROPERTY.REFERENCE", None),
        ("Part", "PROPERTY", "string"),
        ("More", "PROPERTY", "string"),
    ]


@pytest.mark.parametrize(
    ("message", "subcode", "detail", "text"),
    [
        ({"classname": "Win32_Srvice"}, "a:DestinationUnreachable", "InvalidResourceURI", "did you mean Win32_Service?"),
        ({"classname": None}, "a:DestinationUnreachable", "InvalidResourceURI", "ClassName"),
        ({"classname": ""}, "a:DestinationUnreachable", "InvalidResourceURI", "ClassName"),
        (
            {"classname": "Win32_Service", "__cimnamespace": "root/cimv3"},
            "a:DestinationUnreachable",
            "InvalidResourceURI",
            "did you mean root/cimv2?",
        ),
        ({"classname": None, "ClassNam": "x"}, "w:InvalidSelectors", "UnexpectedSelectors", "did you mean ClassName?"),
        (
            {"classname": "Win32_Service", "uri": f"{SCHEMA}Win32_Process"},
            "w:InvalidSelectors",
            "UnexpectedSelectors",
            "names Win32_Service",
        ),
        (
            {"classname": "Win32_Service", "headers": options(IncludeQualifiers="perhaps")},
            "w:SchemaValidationError",
            "",
            "option IncludeQualifiers is 'perhaps'",
        ),
    ],
)
def test_wm_r_6_what_is_refused(client: Client, message: dict[str, Any], subcode: str, detail: str, text: str) -> None:
    answer = got(client, **message)
    assert answer.fault[:2] == (subcode, detail)
    assert text in answer.fault[2]


def test_wm_r_6_enumerations_that_are_refused(client: Client) -> None:
    assert "did you mean CIM_Service?" in enumerated(client, ClassName="CIM_Servce").fault[2]
    assert enumerated(client, ClassName="x' OR __CLASS LIKE '%").fault[:2] == ("a:DestinationUnreachable", "InvalidResourceURI")
    wql = f'<w:Filter Dialect="{WQL}">SELECT * FROM meta_class</w:Filter>'
    assert enumerated(client, wql, ClassName="CIM_Service").fault[:2] == ("w:InvalidSelectors", "UnexpectedSelectors")
    cql = '<w:Filter Dialect="http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf">SELECT * FROM x</w:Filter>'
    assert enumerated(client, cql).fault[0] == "n:FilterDialectRequestedUnavailable"
    mode = "<w:EnumerationMode>EnumerateEPR</w:EnumerationMode>"
    assert enumerated(client, f"{ALL}{mode}").fault[3] == 2150858886


@pytest.mark.parametrize("action", ["Put", "Create", "Delete"])
def test_wm_r_6_definitions_are_not_changed(client: Client, action: str) -> None:
    answer = client.send(envelope(f"{TRANSFER}{action}", f"{SCHEMA}*", "<CLASS/>", {"ClassName": "Win32_Service"}))
    assert answer.fault[0] == "a:ActionNotSupported"
    assert action in answer.fault[2]


def test_wm_r_6_there_are_no_events_of_definitions(client: Client) -> None:
    wanted = f'<e:Subscribe><e:Delivery Mode="{MANAGEMENT}Pull"/></e:Subscribe>'
    fault = client.send(envelope(f"{EVENTING}Subscribe", f"{SCHEMA}*", wanted)).fault
    assert fault[0] == "a:ActionNotSupported"
    assert "Subscribe" in fault[2]


def test_wm_s_7_definitions_fit_the_envelope(client: Client) -> None:
    small = '<w:MaxEnvelopeSize s:mustUnderstand="true">16000</w:MaxEnvelopeSize>'
    answer = enumerated(client, headers=small)
    assert len(answer.text) <= 16000
    assert 0 < len(names(answer)) < 25
    tiny = '<w:MaxEnvelopeSize s:mustUnderstand="true">8192</w:MaxEnvelopeSize>'
    assert got(client, "Win32_OperatingSystem", tiny).fault[3] == 2150858823


def test_sec13_definitions_of_what_may_be_read(loaded: Loaded) -> None:
    client = Client(loaded, authorization=Authorization([parse_grant("ann=read@root/cimv2")]))

    def ask(namespace: str, action: str, body: str) -> Answer:
        selectors = {"__cimnamespace": namespace, "ClassName": "CIM_Service"}
        return client.send(envelope(action, f"{SCHEMA}*", body, selectors), "ann")

    for action, body in ((f"{TRANSFER}Get", ""), (f"{ENUMERATION}Enumerate", f"<n:Enumerate>{ALL}</n:Enumerate>")):
        assert ask("root/cimv2", action, body).status == 200
        assert ask("root/virtualization/v2", action, body).fault[0] == "w:AccessDenied"


def test_wm_e_10_a_context_of_definitions_is_checked(client: Client) -> None:
    context = enumerated(client, "").value("n:EnumerateResponse/n:EnumerationContext") or ""
    assert client.pull(context).root.find("s:Body/n:PullResponse/n:Items/CLASS", NS) is not None
    assert client.pull(context[:-8]).fault[0] == "n:InvalidEnumerationContext"
