"""The writing operations by pywbem, and the legacy property operations, which it can only send by hand."""

from typing import TYPE_CHECKING, Any, Final

import pytest
from pywbem import (
    CIM_ERR_ALREADY_EXISTS,
    CIM_ERR_INVALID_PARAMETER,
    CIM_ERR_NO_SUCH_PROPERTY,
    CIM_ERR_NOT_FOUND,
    CIM_ERR_NOT_SUPPORTED,
    CIM_ERR_TYPE_MISMATCH,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    Uint16,
    WBEMConnection,
)

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Post, Server

NAMESPACE: Final = "root/cimv2/storage/iscsitarget"
HYPERV: Final = "root/virtualization/v2"


@pytest.fixture
def conn(connect: "Connect", changing_server: "Server") -> WBEMConnection:
    return connect(changing_server, NAMESPACE)


@pytest.fixture
def manager(conn: WBEMConnection) -> CIMInstanceName:
    (name,) = conn.EnumerateInstanceNames("MSFTSM_ObjectManager")
    return name


def new_namespace(name: str, **properties: Any) -> CIMInstance:
    keys = {
        "SystemCreationClassName": "MSFTSM_System",
        "SystemName": "ISCSISRV01",
        "ObjectManagerCreationClassName": "MSFTSM_ObjectManager",
        "ObjectManagerName": "Microsoft:ISCSISRV01:9B0F6C52-2E7D-4D61-8A44-0C6E1F3D5B77",
        "CreationClassName": "MSFTSM_Namespace",
        "Name": name,
    }
    return CIMInstance("MSFTSM_Namespace", keys | {"ClassInfo": Uint16(11)} | properties)


def test_create_read_and_delete_an_instance(conn: WBEMConnection) -> None:  # OP-CI-1 to OP-CI-3, OP-DI-1
    path = conn.CreateInstance(new_namespace("root/new", ClassTypeVersion="2.14.0"))
    assert (path.classname, path["Name"], path.namespace) == ("MSFTSM_Namespace", "root/new", NAMESPACE)
    created = conn.GetInstance(path)
    assert (created["ClassInfo"], created["ClassTypeVersion"], created["ElementName"]) == (11, "2.14.0", None)
    assert path in conn.EnumerateInstanceNames("CIM_Namespace")
    conn.DeleteInstance(path)
    assert path not in conn.EnumerateInstanceNames("CIM_Namespace")
    with pytest.raises(CIMError) as caught:
        conn.GetInstance(path)
    assert caught.value.status_code == CIM_ERR_NOT_FOUND


def test_what_exists_cannot_be_created(conn: WBEMConnection) -> None:  # OP-CI-4, G14
    before = conn.EnumerateInstances("CIM_Namespace")
    with pytest.raises(CIMError) as caught:
        conn.CreateInstance(new_namespace("root/interop"))
    assert caught.value.status_code == CIM_ERR_ALREADY_EXISTS
    assert conn.EnumerateInstances("CIM_Namespace") == before


def test_deleting_an_end_deletes_its_links(conn: WBEMConnection, manager: CIMInstanceName) -> None:  # OP-DI-2
    path = conn.CreateInstance(new_namespace("root/linked"))
    link = conn.CreateInstance(CIMInstance("MSFTSM_NamespaceInManager", {"Antecedent": manager, "Dependent": path}))
    found = conn.AssociatorNames(manager, AssocClass="MSFTSM_NamespaceInManager")
    assert "root/linked" in [each["Name"] for each in found]
    conn.DeleteInstance(path)
    assert link not in conn.EnumerateInstanceNames("MSFTSM_NamespaceInManager")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GatherStatisticalData", False),
        ("EnabledDefault", Uint16(6)),
        ("PrimaryOwnerName", "me"),
        ("PrimaryOwnerContact", "you"),
    ],
)
def test_the_writable_properties_of_the_object_manager(
    conn: WBEMConnection, manager: CIMInstanceName, name: str, value: object
) -> None:
    before = conn.GetInstance(manager)
    conn.ModifyInstance(CIMInstance("MSFTSM_ObjectManager", {name: value}, path=manager))
    after = conn.GetInstance(manager)
    assert after[name] == value
    assert {each for each in after if after[each] != before[each]} == {name}


@pytest.mark.parametrize(("name", "value"), [("Started", False), ("RequestedState", Uint16(3)), ("EnabledState", Uint16(3))])
def test_the_states_of_the_object_manager_are_read_only(
    conn: WBEMConnection, manager: CIMInstanceName, name: str, value: object
) -> None:  # OP-MI-5
    before = conn.GetInstance(manager)
    with pytest.raises(CIMError) as caught:
        conn.ModifyInstance(CIMInstance("MSFTSM_ObjectManager", {name: value, "PrimaryOwnerName": "x"}, path=manager))
    assert caught.value.status_code == CIM_ERR_INVALID_PARAMETER
    assert name in caught.value.status_description
    assert conn.GetInstance(manager) == before  # G14


def test_modify_instance_with_property_list(conn: WBEMConnection, manager: CIMInstanceName) -> None:  # OP-MI-3
    both = {"PrimaryOwnerName": "listed", "PrimaryOwnerContact": "not listed"}
    conn.ModifyInstance(CIMInstance("MSFTSM_ObjectManager", {"PrimaryOwnerContact": "before"}, path=manager))
    conn.ModifyInstance(CIMInstance("MSFTSM_ObjectManager", both, path=manager), PropertyList=["PrimaryOwnerName"])
    after = conn.GetInstance(manager)
    assert (after["PrimaryOwnerName"], after["PrimaryOwnerContact"]) == ("listed", "before")
    nothing = CIMInstance("MSFTSM_ObjectManager", path=manager)
    conn.ModifyInstance(nothing, PropertyList=["PrimaryOwnerName"], IncludeQualifiers=True)
    assert conn.GetInstance(manager)["PrimaryOwnerName"] is None
    conn.ModifyInstance(CIMInstance("MSFTSM_ObjectManager", both, path=manager), PropertyList=[])
    assert conn.GetInstance(manager)["PrimaryOwnerContact"] == "before"


def test_a_whole_instance_may_be_written_back(conn: WBEMConnection, manager: CIMInstanceName) -> None:  # OP-MI-4
    before = conn.GetInstance(manager)
    conn.ModifyInstance(before)
    assert conn.GetInstance(manager) == before


@pytest.mark.parametrize(
    "text", ["", " leading and trailing ", "tab\tnewline\nend", "<&>\"'", "ä€𝄞", "a" * 10_000], ids=range(6)
)
def test_text_survives_the_way_there_and_back(conn: WBEMConnection, manager: CIMInstanceName, text: str) -> None:  # D1
    conn.ModifyInstance(CIMInstance("MSFTSM_ObjectManager", {"PrimaryOwnerContact": text}, path=manager))
    assert conn.GetInstance(manager)["PrimaryOwnerContact"] == text


# GetProperty and SetProperty (OP-GP, OP-SP): pywbem has no such operations

INSTANCE: Final = (
    "<IPARAMVALUE NAME='InstanceName'>{}</IPARAMVALUE><IPARAMVALUE NAME='PropertyName'><VALUE>{}</VALUE></IPARAMVALUE>"
)


def reply(post: "Post", server: "Server", name: str, manager: CIMInstanceName, prop: str, value: str = "") -> str:
    path = manager.copy()
    path.namespace = path.host = None
    return post(server, NAMESPACE, name, INSTANCE.format(path.tocimxmlstr(), prop) + value).decode()


def new_value(text: str) -> str:
    return f"<IPARAMVALUE NAME='NewValue'><VALUE>{text}</VALUE></IPARAMVALUE>"


def test_get_property(post: "Post", changing_server: "Server", manager: CIMInstanceName) -> None:
    assert "<VALUE>MSFTSM_ObjectManager</VALUE>" in reply(post, changing_server, "GetProperty", manager, "creationclassname")
    status = reply(post, changing_server, "GetProperty", manager, "OperationalStatus")
    assert "<VALUE.ARRAY><VALUE>2</VALUE></VALUE.ARRAY>" in status
    assert "<IRETURNVALUE></IRETURNVALUE>" in reply(post, changing_server, "GetProperty", manager, "InstallDate")
    assert f'CODE="{CIM_ERR_NO_SUCH_PROPERTY}"' in reply(post, changing_server, "GetProperty", manager, "Colour")


def test_set_property(post: "Post", changing_server: "Server", conn: WBEMConnection, manager: CIMInstanceName) -> None:
    assert "ERROR" not in reply(post, changing_server, "SetProperty", manager, "GatherStatisticalData", new_value("FALSE"))
    assert conn.GetInstance(manager)["GatherStatisticalData"] is False
    assert "ERROR" not in reply(post, changing_server, "SetProperty", manager, "GatherStatisticalData")
    assert conn.GetInstance(manager)["GatherStatisticalData"] is None
    before = conn.GetInstance(manager)
    wrong = reply(post, changing_server, "SetProperty", manager, "EnabledDefault", new_value("two"))
    assert f'CODE="{CIM_ERR_TYPE_MISMATCH}"' in wrong
    read_only = reply(post, changing_server, "SetProperty", manager, "Started", new_value("FALSE"))
    assert f'CODE="{CIM_ERR_NOT_SUPPORTED}"' in read_only
    assert conn.GetInstance(manager) == before
