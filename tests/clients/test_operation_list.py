"""Every operation of pywbem over a socket: the list is that of ``WBEMConnection``, so that none is forgotten."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest
from pywbem import (
    CIM_ERR_NOT_FOUND,
    CIMClass,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    CIMProperty,
    CIMQualifier,
    CIMQualifierDeclaration,
    HTTPError,
    WBEMConnection,
)

if TYPE_CHECKING:
    from tests.clients.conftest import Launch, Server

HYPERV: Final = "root/virtualization/v2"
SERVICE: Final = "CIM_Service"
GSI: Final = CIMInstanceName(
    "Msvm_GuestServiceInterfaceComponent",
    {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01",
        "CreationClassName": "Msvm_GuestServiceInterfaceComponent",
        "DeviceID": "Microsoft:6C09BB55-D683-4DA0-8931-C9BF705F6480",
    },
    namespace=HYPERV,
)
QUERY: Final = "SELECT * FROM CIM_Service"
NEW: Final = CIMClass(
    "T_New",
    properties=[
        CIMProperty("Id", None, type="string", qualifiers=[CIMQualifier("Key", True)]),
        CIMProperty("Note", None, type="string", qualifiers=[CIMQualifier("Write", True)]),
    ],
)
COLOUR: Final = CIMQualifierDeclaration("Colour", "string", scopes={"CLASS": True})
USES: Final = (None, True, False)


@pytest.fixture(scope="module")
def standing(launch: "Launch") -> Iterator["Server"]:
    """A server whose clock stands still, so that two reads are alike."""
    with launch("--clock", "manual") as running:
        yield running


@pytest.fixture
def conn(standing: "Server") -> Iterator[WBEMConnection]:
    with WBEMConnection(standing.url, default_namespace=HYPERV, use_pull_operations=None) as connection:
        connection.debug = True
        yield connection


# Each step leaves what it began with


def create_class(conn: WBEMConnection) -> None:
    conn.CreateClass(NEW)
    conn.DeleteClass("T_New")


def modify_class(conn: WBEMConnection) -> None:
    conn.CreateClass(NEW)
    changed = NEW.copy()
    changed.properties["More"] = CIMProperty("More", None, type="uint8")
    conn.ModifyClass(changed)
    assert "More" in conn.GetClass("T_New").properties
    conn.DeleteClass("T_New")
    assert missing(conn.GetClass, "T_New")


def write(conn: WBEMConnection) -> None:
    conn.CreateClass(NEW)
    path = conn.CreateInstance(CIMInstance("T_New", {"Id": "a"}))
    conn.ModifyInstance(CIMInstance("T_New", {"Note": "changed"}, path=path))
    assert conn.GetInstance(path)["Note"] == "changed"
    conn.DeleteInstance(path)
    assert missing(conn.GetInstance, path)
    conn.DeleteClass("T_New")


def qualifiers(conn: WBEMConnection) -> None:
    conn.SetQualifier(COLOUR)
    assert conn.GetQualifier("colour").type == "string"
    assert "Colour" in [each.name for each in conn.EnumerateQualifiers()]
    conn.DeleteQualifier("COLOUR")
    assert missing(conn.GetQualifier, "Colour")


def missing(operation: Callable[[Any], Any], name: Any) -> bool:
    with pytest.raises(CIMError) as refused:
        operation(name)
    return bool(refused.value.status_code == CIM_ERR_NOT_FOUND)


def invoke_method(conn: WBEMConnection) -> None:
    (path,) = conn.EnumerateInstanceNames("Msvm_MetricService")
    value, outputs = conn.InvokeMethod("StopService", path)
    assert (int(value), dict(outputs)) == (0, {})
    assert conn.InvokeMethod("StartService", path)[0] == 0


def export(conn: WBEMConnection) -> None:
    """Indications go to listeners; a server refuses them (rule HC14)."""
    with pytest.raises(HTTPError) as refused:
        conn.ExportIndication(CIMInstance("CIM_AlertIndication"))
    assert (refused.value.status, refused.value.cimerror) == (400, "unsupported-operation")


def pulled(opening: str, pull: str, target: Any, **arguments: Any) -> Callable[[WBEMConnection], None]:
    """Return a step that opens, pulls one object, and closes."""

    def step(conn: WBEMConnection) -> None:
        opened = getattr(conn, opening)(*target, MaxObjectCount=1, **arguments)
        assert not opened.eos
        one = getattr(conn, pull)(opened.context, 1)
        assert len(one[0]) == 1
        if not one.eos:
            conn.CloseEnumeration(one.context)

    return step


def found(operation: str, *arguments: Any, **named: Any) -> Callable[[WBEMConnection], None]:
    """Return a step that must find something."""

    def step(conn: WBEMConnection) -> None:
        assert getattr(conn, operation)(*arguments, **named)

    return step


def iterated(iteration: str, classic: str, *target: Any) -> Callable[[WBEMConnection], None]:
    """Return a step that iterates, and must get what the classic operation returns (rules PL-42, PL-43)."""

    def step(conn: WBEMConnection) -> None:
        expected = list(getattr(conn, classic)(*target))
        for use in USES:
            with WBEMConnection(conn.url, default_namespace=HYPERV, use_pull_operations=use) as other:
                other.debug = True
                objects = list(getattr(other, iteration)(*target, MaxObjectCount=2))
                assert without_hosts(objects) == without_hosts(expected)
                assert ('NAME="Pull' in other.last_raw_request) is (use is not False)

    return step


def iterated_query(conn: WBEMConnection) -> None:
    """The rows have no path when they are pulled (rule PL-10)."""
    expected = [dict(each) for each in conn.ExecQuery("WQL", QUERY)]
    for use in USES:
        with WBEMConnection(conn.url, default_namespace=HYPERV, use_pull_operations=use) as other:
            rows = other.IterQueryInstances("WQL", QUERY, MaxObjectCount=2).generator
            assert [dict(each) for each in rows] == expected


def without_hosts(objects: list[Any]) -> list[Any]:
    """Return copies without hosts, which only some of these operations return."""
    copies = [each.copy() for each in objects]
    for each in copies:
        path = each.path if isinstance(each, CIMInstance) else each
        path.host = None
    return copies


WITH_PATH: Final = "PullInstancesWithPath"
PATHS: Final = "PullInstancePaths"
STEPS: Final[dict[str, Callable[[WBEMConnection], None]]] = {
    "AssociatorNames": found("AssociatorNames", GSI),
    "Associators": found("Associators", GSI),
    "CloseEnumeration": pulled("OpenEnumerateInstances", WITH_PATH, [SERVICE]),
    "CreateClass": create_class,
    "CreateInstance": write,
    "DeleteClass": create_class,
    "DeleteInstance": write,
    "DeleteQualifier": qualifiers,
    "EnumerateClassNames": found("EnumerateClassNames"),
    "EnumerateClasses": found("EnumerateClasses", DeepInheritance=True),
    "EnumerateInstanceNames": found("EnumerateInstanceNames", SERVICE),
    "EnumerateInstances": found("EnumerateInstances", SERVICE),
    "EnumerateQualifiers": qualifiers,
    "ExecQuery": found("ExecQuery", "WQL", QUERY),
    "ExportIndication": export,
    "GetClass": found("GetClass", SERVICE),
    "GetInstance": found("GetInstance", GSI),
    "GetQualifier": qualifiers,
    "InvokeMethod": invoke_method,
    "IterAssociatorInstancePaths": iterated("IterAssociatorInstancePaths", "AssociatorNames", GSI),
    "IterAssociatorInstances": iterated("IterAssociatorInstances", "Associators", GSI),
    "IterEnumerateInstancePaths": iterated("IterEnumerateInstancePaths", "EnumerateInstanceNames", SERVICE),
    "IterEnumerateInstances": iterated("IterEnumerateInstances", "EnumerateInstances", SERVICE),
    "IterQueryInstances": iterated_query,
    "IterReferenceInstancePaths": iterated("IterReferenceInstancePaths", "ReferenceNames", GSI),
    "IterReferenceInstances": iterated("IterReferenceInstances", "References", GSI),
    "ModifyClass": modify_class,
    "ModifyInstance": write,
    "OpenAssociatorInstancePaths": pulled("OpenAssociatorInstancePaths", PATHS, [GSI]),
    "OpenAssociatorInstances": pulled("OpenAssociatorInstances", WITH_PATH, [GSI]),
    "OpenEnumerateInstancePaths": pulled("OpenEnumerateInstancePaths", PATHS, [SERVICE]),
    "OpenEnumerateInstances": pulled("OpenEnumerateInstances", WITH_PATH, [SERVICE]),
    "OpenQueryInstances": pulled("OpenQueryInstances", "PullInstances", ["DMTF:CQL", QUERY], ReturnQueryResultClass=True),
    "OpenReferenceInstancePaths": pulled("OpenReferenceInstancePaths", PATHS, [GSI]),
    "OpenReferenceInstances": pulled("OpenReferenceInstances", WITH_PATH, [GSI]),
    "PullInstancePaths": pulled("OpenEnumerateInstancePaths", PATHS, [SERVICE]),
    "PullInstances": pulled("OpenQueryInstances", "PullInstances", ["WQL", QUERY]),
    "PullInstancesWithPath": pulled("OpenEnumerateInstances", WITH_PATH, [SERVICE]),
    "ReferenceNames": found("ReferenceNames", GSI),
    "References": found("References", GSI),
    "SetQualifier": qualifiers,
}


@pytest.mark.parametrize("operation", sorted(name for name in dir(WBEMConnection) if name[0].isupper()))
def test_every_operation_of_pywbem(conn: WBEMConnection, operation: str) -> None:
    """G2, G15: none of them is unknown here; OP-GC-1 to OP-EQL-1 and PL-1 to PL-11 in the way users call them."""
    STEPS[operation](conn)


def test_filters_in_iterations(conn: WBEMConnection) -> None:  # PL-36, PL-37, PL-42
    started = [each.path for each in conn.EnumerateInstances(SERVICE) if each["Started"]]
    arguments = {"FilterQueryLanguage": "DMTF:FQL", "FilterQuery": "Started = TRUE", "MaxObjectCount": 2}
    paths = list(conn.IterEnumerateInstancePaths(SERVICE, **arguments))
    assert without_hosts(paths) == without_hosts(started)
    abandoned = conn.IterEnumerateInstances(SERVICE, **arguments)
    next(abandoned)
    abandoned.close()
    assert 'NAME="CloseEnumeration"' in conn.last_raw_request
