"""What only WMI has: ``root``, the namespaces that lead to others, and ``__NAMESPACE`` in each (rules WM-R-10, WM-R-11)."""

from pathlib import Path
from typing import Any, Final

import pytest
from lxml import etree

from cimsim.cimom.authorization import Authorization, parse_grant
from cimsim.operations.request import Argument, ClassName, IntrinsicRequest
from cimsim.packs.load import Loaded, load
from tests.wsman.conftest import ENUMERATION, EVENTING, MANAGEMENT, NOON, NS, TEST, TRANSFER, WMI, WQL, Answer, Client, envelope

ALL: Final = "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements>"
DMTF: Final = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"


@pytest.fixture(scope="module")
def loaded(cache_dir: Path) -> Loaded:
    """The packs that ship, as ``cimsim serve`` loads them."""
    return load(["interop", "hyperv", "iscsitarget", "windows"], None, cache_dir=cache_dir, now=NOON)


@pytest.fixture
def client(loaded: Loaded) -> Client:
    return Client(loaded)


def named(answer: Answer) -> list[str]:
    """Return the names of the namespaces that an optimized Enumerate found."""
    items: Any = answer.find("n:EnumerateResponse/w:Items")
    return [child.text for item in items for child in item if etree.QName(child).localname == "Name"]


CHILDREN: Final = [
    ("root", ["cimv2", "interop", "virtualization"]),
    ("ROOT", ["cimv2", "interop", "virtualization"]),
    ("root/virtualization", ["v2"]),
    ("Root/Virtualization/", ["v2"]),
    ("root/virtualization/v2", []),
    ("root/cimv2", ["storage"]),
    ("root/cimv2/storage", ["iscsitarget"]),
    ("root/interop", []),
]


@pytest.mark.parametrize(("namespace", "children"), CHILDREN)
def test_wm_r_11_namespaces_are_enumerated(client: Client, namespace: str, children: list[str]) -> None:
    answer = client.enumerate(f"{WMI}{namespace.rstrip('/')}/__NAMESPACE", ALL)
    assert named(answer) == children
    for item in answer.find("n:EnumerateResponse/w:Items"):
        assert item.tag.rpartition("}")[2] == "__NAMESPACE"
        assert item.tag.lower().startswith(f"{{{WMI}{namespace.rstrip('/')}/__NAMESPACE}}".lower())


@pytest.mark.parametrize(("namespace", "children"), CHILDREN)
def test_wm_r_11_namespaces_are_queried(client: Client, namespace: str, children: list[str]) -> None:
    assert named(client.query(f"{WMI}{namespace}/*", "SELECT * FROM __Namespace", ALL)) == children
    assert named(client.query(f"{WMI}{namespace}/*", "SELECT Name FROM __NAMESPACE WHERE Name LIKE 'v%'", ALL)) == [
        each for each in children if each.startswith("v")
    ]


def test_wm_r_11_by_the_uris_of_dmtf(client: Client) -> None:
    selectors = {"__cimnamespace": "root/virtualization"}
    assert named(client.enumerate(f"{DMTF}__NAMESPACE", ALL, selectors=selectors)) == ["v2"]
    got = client.get(f"{DMTF}__NAMESPACE", **selectors, Name="V2")
    assert got.properties() == {"Name": "v2"}


@pytest.mark.parametrize(("namespace", "name"), [("root", "CIMV2"), ("root/virtualization", "v2"), ("root/cimv2", "Storage")])
def test_wm_r_11_one_is_got(client: Client, namespace: str, name: str) -> None:
    assert client.get(f"{WMI}{namespace}/__namespace", Name=name).properties() == {"Name": name.lower()}


def test_wm_r_11_references_lead_on(client: Client) -> None:
    answer = client.enumerate(f"{WMI}root/__NAMESPACE", f"{ALL}<w:EnumerationMode>EnumerateEPR</w:EnumerationMode>")
    for reference in answer.find("n:EnumerateResponse/w:Items"):
        selectors = {each.get("Name"): each.text for each in reference.iter(f"{{{NS['w']}}}Selector")}
        assert selectors.pop("__cimnamespace") == "root"
        uri = reference.find("a:ReferenceParameters/w:ResourceURI", NS).text
        assert client.get(uri, **selectors).properties() == selectors


def test_wm_r_11_pulled_one_by_one(client: Client) -> None:
    context = client.enumerate(f"{WMI}root/__NAMESPACE").value("n:EnumerateResponse/n:EnumerationContext") or ""
    found = []
    while context:
        answer = client.pull(context)
        found += [each.text for each in answer.find("n:PullResponse/n:Items").iter() if each.text and not len(each)]
        context = "".join(each.text or "" for each in answer.all("n:PullResponse/n:EnumerationContext"))
    assert found == ["cimv2", "interop", "virtualization"]


def test_wm_r_11_an_enumeration_in_root_is_released(client: Client) -> None:
    context = client.enumerate(f"{WMI}root/__NAMESPACE").value("n:EnumerateResponse/n:EnumerationContext")
    inner = f"<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>"
    assert client.send(envelope(f"{ENUMERATION}Release", f"{WMI}root/*", inner)).status == 200
    assert client.cimom.open_contexts == 0


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (r"__NAMESPACE = 'ROOT\\virtualization'", ["v2"]),
        (r"__PATH = '\\\\HVHOST01\\root\\virtualization:__NAMESPACE.Name=\"V2\"'", ["v2"]),
        ("__SERVER = 'hvhost01' AND __SUPERCLASS = '__SystemClass' AND __GENUS = 2 AND __PROPERTY_COUNT = 1", ["v2"]),
        ("__DYNASTY = '__NAMESPACE'", []),
    ],
)
def test_wm_r_11_their_system_properties(client: Client, where: str, found: list[str]) -> None:
    query = f"SELECT * FROM __NAMESPACE WHERE {where}".replace('"', "&quot;")
    assert named(client.query(f"{WMI}root/virtualization/*", query, ALL)) == found


def classes(client: Client, namespace: str, condition: str = "") -> list[str]:
    answer = client.query(f"{WMI}{namespace}/*", f"SELECT * FROM meta_class{condition}", ALL)
    return [each.tag.rpartition("}")[2] for each in answer.find("n:EnumerateResponse/w:Items")]


def test_wm_q_7_system_classes_are_classes_too(client: Client) -> None:
    assert classes(client, "root") == ["__SystemClass", "__NAMESPACE"]
    assert classes(client, "root/cimv2", " WHERE __CLASS LIKE '[_][_]%'") == ["__SystemClass", "__NAMESPACE"]
    assert classes(client, "root/cimv2", " WHERE __this ISA '__SystemClass'") == ["__SystemClass", "__NAMESPACE"]


REFUSED: Final = [
    # Text that names what was wrong, and what is below.
    (f"{WMI}root/virtualization/Msvm_ComputerSystem", "no class Msvm_ComputerSystem in root/virtualization", "2150858778"),
    (f"{WMI}root/Win32_Service", "below it: root/cimv2, root/interop, root/virtualization", "2150858778"),
    (f"{WMI}root/virtualisation/v2/__NAMESPACE", "did you mean root/virtualization/v2?", "2150858778"),
    (f"{WMI}root/none/__NAMESPACE", "no namespace root/none", "2150858778"),
    (f"{WMI}roo/__NAMESPACE", "no namespace roo", "2150858778"),
    (f"{WMI}root/cimv2/__NAMESPACES", "no class __NAMESPACES in root/cimv2", None),
]


@pytest.mark.parametrize(("uri", "text", "code"), REFUSED)
def test_wm_r_10_what_is_not_there(client: Client, uri: str, text: str, code: str | None) -> None:
    answer = client.enumerate(uri)
    assert answer.fault[:2] == ("a:DestinationUnreachable", "InvalidResourceURI")
    assert answer.fault[3] == 2150858811
    assert text in answer.fault[2]
    errors = [each.text for each in answer.root.iter() if str(each.tag).endswith("}error_Code")]
    assert errors == ([] if code is None else [code])


def test_wm_r_10_a_query_for_the_old_classes(client: Client) -> None:
    answer = client.query(f"{WMI}root/virtualization/*", "SELECT * FROM Msvm_ComputerSystem", ALL)
    assert "line 1, column 15: no class Msvm_ComputerSystem in root/virtualization" in answer.fault[2]
    assert "error_Code>2150858778<" in answer.text


def test_wm_r_11_a_namespace_that_is_not_there(client: Client) -> None:
    assert client.get(f"{WMI}root/virtualization/__NAMESPACE", Name="v3").fault[3] == 2150858752


@pytest.mark.parametrize("namespace", ["root", "root/cimv2"])
def test_wm_r_11_they_are_not_changed(client: Client, namespace: str) -> None:
    before = client.cimom.world
    uri = f"{WMI}{namespace}/__NAMESPACE"
    name = "cimv2" if namespace == "root" else "storage"
    new = "<p:__NAMESPACE><p:Name>new</p:Name></p:__NAMESPACE>"
    for answer in (
        client.send(envelope(f"{TRANSFER}Create", uri, new)),
        client.send(envelope(f"{TRANSFER}Delete", uri, selectors={"Name": name})),
    ):
        assert answer.fault[0] == "a:ActionNotSupported"
        assert "__NAMESPACE" in answer.fault[2]
    assert client.invoke(uri, "Rename", Name=name).fault[0] == "a:ActionNotSupported"
    assert client.cimom.world is before


def test_wm_r_11_cim_xml_does_not_see_them(client: Client) -> None:
    def ask(name: str, namespace: str, *arguments: Argument) -> str:
        with pytest.raises(Exception, match=r"__NAMESPACE|no namespace") as error:
            client.cimom.perform(IntrinsicRequest(name, namespace, arguments))
        return str(error.value.args)

    wanted = Argument("ClassName", ClassName("__NAMESPACE"))
    before = client.cimom.world
    client.enumerate(f"{WMI}root/__NAMESPACE", ALL)
    assert client.cimom.world is before
    assert "no class __NAMESPACE" in ask("EnumerateInstances", "root/cimv2", wanted)
    text = ask("EnumerateInstances", "root", wanted)
    assert text.count("root/cimv2") and "root/virtualization," not in text
    for namespace in ("root", "root/virtualization"):
        query = (Argument("QueryLanguage", "WQL"), Argument("Query", "SELECT * FROM __NAMESPACE"))
        assert "no namespace" in ask("ExecQuery", namespace, *query)


@pytest.fixture
def restricted(loaded: Loaded) -> Client:
    grants = ("ann=read@root/virtualization/*", "bob=read@root", "cid=method", "dan=read@root/cimv2*", "eve=read")
    return Client(loaded, authorization=Authorization([parse_grant(each) for each in grants]))


def asked(client: Client, user: str, namespace: str, *, by_query: bool) -> Answer:
    query = f'<w:Filter Dialect="{WQL}">SELECT * FROM __NAMESPACE</w:Filter>' if by_query else ""
    uri = f"{WMI}{namespace}/{'*' if by_query else '__NAMESPACE'}"
    return client.send(envelope(f"{ENUMERATION}Enumerate", uri, f"<n:Enumerate>{query}{ALL}</n:Enumerate>"), user)


@pytest.mark.parametrize("by_query", [False, True])
@pytest.mark.parametrize(
    ("user", "namespace", "found"),
    [
        # What leads to something that a user may read is there for him; what does not is refused or left out.
        ("ann", "root", ["virtualization"]),
        ("ann", "root/virtualization", ["v2"]),
        ("ann", "root/virtualization/v2", []),
        ("ann", "root/cimv2", None),
        ("ann", "root/cimv2/storage", None),
        ("ann", "root/none", None),
        ("bob", "root", []),
        ("cid", "root", None),
        ("dan", "root", ["cimv2"]),
        ("dan", "root/cimv2", ["storage"]),
        ("dan", "root/cimv2/storage", ["iscsitarget"]),
        ("eve", "root", ["cimv2", "interop", "virtualization"]),
    ],
)
def test_sec13_users_see_what_they_may_read(
    restricted: Client, user: str, namespace: str, found: list[str] | None, *, by_query: bool
) -> None:
    answer = asked(restricted, user, namespace, by_query=by_query)
    if found is None:
        assert answer.fault[0] == "w:AccessDenied"
    else:
        assert named(answer) == found


def test_sec13_no_text_names_what_is_hidden(restricted: Client) -> None:
    answer = restricted.send(envelope(f"{ENUMERATION}Enumerate", f"{WMI}root/Win32_Service", "<n:Enumerate/>"), "ann")
    assert answer.fault[0] == "a:DestinationUnreachable"
    assert "cimv2" not in answer.text
    assert "root/virtualization/v2" in answer.text


@pytest.mark.parametrize(("namespace", "text"), [("root", "no events happen in root"), ("root/none", "no namespace root/none")])
def test_wm_r_11_namespaces_come_and_go_without_events_of_instances(client: Client, namespace: str, text: str) -> None:
    query = "SELECT * FROM __InstanceCreationEvent WITHIN 2 WHERE TargetInstance ISA '__NAMESPACE'"
    delivery = f'<e:Delivery Mode="{MANAGEMENT}Pull"/>'
    wanted = f'<e:Subscribe>{delivery}<w:Filter Dialect="{WQL}">{query}</w:Filter></e:Subscribe>'
    fault = client.send(envelope(f"{EVENTING}Subscribe", f"{WMI}{namespace}/*", wanted)).fault
    assert fault[:2] == ("a:DestinationUnreachable", "InvalidResourceURI")
    assert text in fault[2]


def test_wm_r_11_a_world_with_namespaces_elsewhere(things: Client) -> None:
    assert named(things.enumerate(f"{WMI}root/__NAMESPACE", ALL)) == ["interop", "test"]
    assert named(things.enumerate(f"{TEST}__NAMESPACE", ALL)) == []
