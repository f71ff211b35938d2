"""pywbemcli, the command line client of the pywbem project: one run for each of its commands that a user of a server needs."""

from typing import TYPE_CHECKING, Final

import pytest

import cimsim

if TYPE_CHECKING:
    from tests.clients.conftest import Run, Server
    from tests.programs import Finished

HYPERV: Final = "root/virtualization/v2"
ISCSI: Final = "root/cimv2/storage/iscsitarget"
SESSION: Final = (
    'Msvm_GuestCommunicationService.CreationClassName="Msvm_GuestCommunicationService",'
    'Name="999E53D4-3D5C-4C3E-8779-BED06EC056E1",SystemCreationClassName="Msvm_ComputerSystem",'
    'SystemName="3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"'
)
INTERFACE: Final = (
    'Msvm_GuestServiceInterfaceComponent.CreationClassName="Msvm_GuestServiceInterfaceComponent",'
    'DeviceID="Microsoft:6C09BB55-D683-4DA0-8931-C9BF705F6480",SystemCreationClassName="Msvm_ComputerSystem",'
    'SystemName="3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"'
)
MANAGER: Final = (
    'MSFTSM_ObjectManager.CreationClassName="MSFTSM_ObjectManager",'
    'Name="Microsoft:ISCSISRV01:9B0F6C52-2E7D-4D61-8A44-0C6E1F3D5B77",SystemCreationClassName="MSFTSM_System",'
    'SystemName="ISCSISRV01"'
)
NEW_NAMESPACE: Final = {
    "SystemCreationClassName": "MSFTSM_System",
    "SystemName": "ISCSISRV01",
    "ObjectManagerCreationClassName": "MSFTSM_ObjectManager",
    "ObjectManagerName": "Microsoft:ISCSISRV01:9B0F6C52-2E7D-4D61-8A44-0C6E1F3D5B77",
    "CreationClassName": "MSFTSM_Namespace",
    "Name": "root/new",
}


def words(text: str) -> list[list[str]]:
    """Return the words of each line that has some."""
    return [line.split() for line in text.splitlines() if line.strip()]


def fine(printed: "Finished") -> str:
    assert (printed.status, printed.err) == (0, ""), printed.out
    return printed.out


# What the server is


def test_server_and_namespace(pywbemcli: "Run", server: "Server") -> None:  # CT3
    assert fine(pywbemcli(server, HYPERV, "server", "brand")).strip() == "cimsim"
    info = fine(pywbemcli(server, HYPERV, "--output-format", "plain", "server", "info"))
    assert ["cimsim", cimsim.__version__, "root/interop"] in [row[:3] for row in words(info)]
    listed = fine(pywbemcli(server, HYPERV, "--output-format", "plain", "namespace", "list"))
    assert {(ISCSI,), ("root/interop",), (HYPERV,)} <= {tuple(row) for row in words(listed)}
    assert fine(pywbemcli(server, HYPERV, "namespace", "interop")).strip() == "root/interop"
    assert "Connection OK" in fine(pywbemcli(server, HYPERV, "connection", "test"))


def test_connection_test_of_every_pull_operation(pywbemcli: "Run", server: "Server") -> None:  # CT2
    tested = fine(pywbemcli(server, "root/interop", "connection", "test", "--test-pull"))
    results = [line.split() for line in tested.splitlines() if line.startswith("Open")]
    assert len(results) == 7
    assert {result for _, result in results} == {"OK"}


def test_profiles(pywbemcli: "Run", server: "Server") -> None:
    listed = fine(pywbemcli(server, HYPERV, "--output-format", "plain", "profile", "list"))
    assert ["DMTF", "System", "Virtualization", "1.0.0"] in words(listed)
    central = fine(pywbemcli(server, HYPERV, "--output-format", "plain", "profile", "centralinsts", "--organization", "DMTF"))
    assert "Msvm_ComputerSystem" in central


# Classes


def test_class_get(pywbemcli: "Run", server: "Server") -> None:
    shown = fine(pywbemcli(server, HYPERV, "class", "get", "CIM_Service", "--local-only"))
    assert "class CIM_Service : CIM_EnabledLogicalElement {" in shown
    assert "uint32 StopService();" in shown
    assert "boolean Started;" in shown
    bare = fine(pywbemcli(server, HYPERV, "class", "get", "CIM_Service", "--no-qualifiers", "--propertylist", "Started"))
    assert "Description" not in bare
    assert "StartMode" not in bare


@pytest.mark.longer
def test_class_enumerate_and_find(pywbemcli: "Run", server: "Server") -> None:  # CT5
    names = fine(pywbemcli(server, HYPERV, "class", "enumerate", "Msvm_GuestService", "--names-only"))
    assert names.split() == ["Msvm_GuestCommunicationService", "Msvm_GuestFileService"]
    counted = fine(pywbemcli(server, HYPERV, "class", "enumerate", "--deep-inheritance", "--summary"))
    assert counted.strip() == "147 CIMClass(s) returned"
    found = fine(pywbemcli(server, HYPERV, "--output-format", "plain", "class", "find", "*ObjectManager"))
    assert [ISCSI, "MSFTSM_ObjectManager"] in words(found)
    assert ["root/interop", "CIM_ObjectManager"] in words(found)


def test_class_tree(pywbemcli: "Run", server: "Server") -> None:  # CT5
    tree = fine(pywbemcli(server, HYPERV, "class", "tree", "Msvm_GuestService"))
    assert words(tree) == [
        ["Msvm_GuestService"],
        ["+--", "Msvm_GuestCommunicationService"],
        ["+--", "Msvm_GuestFileService"],
    ]
    up = fine(pywbemcli(server, ISCSI, "class", "tree", "MSFTSM_ObjectManager", "--superclasses"))
    assert [row[-1] for row in words(up)] == [
        "root",
        "CIM_ManagedElement",
        "CIM_ManagedSystemElement",
        "CIM_LogicalElement",
        "CIM_EnabledLogicalElement",
        "CIM_Service",
        "CIM_WBEMService",
        "CIM_ObjectManager",
        "MSFTSM_ObjectManager",
    ]


def test_class_associators_and_references(pywbemcli: "Run", server: "Server") -> None:
    component = "Msvm_GuestServiceInterfaceComponent"
    found = pywbemcli(
        server, HYPERV, "class", "associators", component, "--assoc-class", "Msvm_RegisteredGuestService", "--names-only"
    )
    assert fine(found).strip() == "//localhost/root/virtualization/v2:Msvm_GuestService"
    links = pywbemcli(
        server, HYPERV, "class", "references", component, "--result-class", "CIM_Dependency", "--role", "Antecedent"
    )
    assert "class Msvm_RegisteredGuestService : CIM_Dependency {" in fine(links)


def test_a_mistyped_class(pywbemcli: "Run", server: "Server") -> None:
    refused = pywbemcli(server, HYPERV, "class", "get", "Msvm_GuestServce")
    assert refused.status == 1
    assert "no class Msvm_GuestServce in root/virtualization/v2; did you mean Msvm_GuestService?" in refused.err + refused.out


# Qualifier declarations


def test_qualifiers(pywbemcli: "Run", server: "Server") -> None:
    assert fine(pywbemcli(server, HYPERV, "qualifier", "get", "Key")).startswith("Qualifier Key : boolean = false,")
    assert "Qualifier ValueMap : string[]" in fine(pywbemcli(server, HYPERV, "qualifier", "enumerate"))


# Instances


def test_instance_get(pywbemcli: "Run", server: "Server") -> None:  # CT6
    shown = fine(pywbemcli(server, HYPERV, "instance", "get", SESSION, "--propertylist", "Started,EnabledState"))
    assert words(shown) == [
        ["instance", "of", "Msvm_GuestCommunicationService", "{"],
        ["EnabledState", "=", "2;"],
        ["Started", "=", "true;"],
        ["};"],
    ]
    as_xml = fine(pywbemcli(server, HYPERV, "--output-format", "xml", "instance", "get", SESSION))
    assert '<PROPERTY NAME="Started" TYPE="boolean"' in as_xml


@pytest.mark.parametrize("pull", ["yes", "no", "either"])
def test_instance_enumerate(pywbemcli: "Run", server: "Server", pull: str) -> None:  # CT1
    query = ("instance", "enumerate", "Msvm_GuestService", "--propertylist", "ElementName,Started,EnabledState")
    shown = pywbemcli(server, HYPERV, "--use-pull", pull, "--output-format", "plain", *query)
    rows = [row for row in words(fine(shown)) if row[0].startswith("Msvm_Guest")]
    assert rows == [
        ["Msvm_GuestCommunicationService", '"VM', "Session", 'Service"', "true", "2", "(Enabled)"],
        ["Msvm_GuestFileService", '"Guest', "File", 'Service"', "true", "2", "(Enabled)"],
        ["Msvm_GuestFileService", '"Guest', "File", 'Service"', "false", "3", "(Disabled)"],
    ]


def test_instance_names_and_count(pywbemcli: "Run", server: "Server") -> None:
    names = fine(pywbemcli(server, HYPERV, "instance", "enumerate", "Msvm_GuestCommunicationService", "--names-only"))
    assert names.strip() == f"//localhost/{HYPERV}:{SESSION}"
    counted = fine(pywbemcli(server, HYPERV, "--output-format", "plain", "instance", "count", "Msvm_Guest*Service"))
    assert words(counted)[-2:] == [[HYPERV, "Msvm_GuestCommunicationService", "1"], [HYPERV, "Msvm_GuestFileService", "2"]]


def test_instance_associators_and_references(pywbemcli: "Run", server: "Server") -> None:
    services = pywbemcli(
        server, HYPERV, "instance", "associators", INTERFACE, "--assoc-class", "Msvm_RegisteredGuestService", "--names-only"
    )
    assert [row[0].split(".")[0].split(":")[1] for row in words(fine(services))] == [
        "Msvm_GuestCommunicationService",
        "Msvm_GuestFileService",
    ]
    whole = pywbemcli(server, HYPERV, "instance", "associators", INTERFACE, "--result-class", "Msvm_GuestFileService")
    assert 'ElementName = "Guest File Service";' in fine(whole)
    links = fine(pywbemcli(server, HYPERV, "instance", "references", SESSION, "--role", "Dependent", "--names-only"))
    assert links.strip().startswith("//localhost/root/virtualization/v2:Msvm_RegisteredGuestService.")
    shrub = fine(pywbemcli(server, HYPERV, "instance", "shrub", SESSION))
    assert ["+--", "Dependent(Role)"] in words(shrub)


def test_instance_create_modify_and_delete(pywbemcli: "Run", changing_server: "Server") -> None:  # CT6
    keys = [word for name, value in NEW_NAMESPACE.items() for word in ("--property", f"{name}={value}")]
    created = fine(
        pywbemcli(changing_server, ISCSI, "instance", "create", "MSFTSM_Namespace", *keys, "--property", "ClassInfo=11")
    )
    assert 'Name="root/new"' in created
    path = "MSFTSM_Namespace." + ",".join(f'{name}="{value}"' for name, value in NEW_NAMESPACE.items())
    fine(pywbemcli(changing_server, ISCSI, "instance", "modify", path, "--property", "ClassType=2"))
    shown = fine(pywbemcli(changing_server, ISCSI, "instance", "get", path, "--propertylist", "ClassType,ClassInfo"))
    assert "ClassType = 2;" in shown
    assert "ClassInfo = 11;" in shown
    fine(pywbemcli(changing_server, ISCSI, "instance", "delete", path))
    missing = pywbemcli(changing_server, ISCSI, "instance", "get", path)
    assert missing.status == 1
    assert "CIM_ERR_NOT_FOUND" in missing.err + missing.out


def test_instance_modify_of_a_read_only_property(pywbemcli: "Run", changing_server: "Server") -> None:
    refused = pywbemcli(changing_server, ISCSI, "instance", "modify", MANAGER, "--property", "Started=false")
    assert refused.status == 1
    assert "read-only" in refused.err + refused.out


@pytest.mark.parametrize(("namespace", "service"), [(HYPERV, SESSION), (ISCSI, MANAGER)], ids=["hyperv", "iscsitarget"])
def test_instance_invokemethod(pywbemcli: "Run", changing_server: "Server", namespace: str, service: str) -> None:
    for method, started in (("StopService", "false"), ("StartService", "true")):
        assert (
            fine(pywbemcli(changing_server, namespace, "instance", "invokemethod", service, method)).strip() == "ReturnValue=0"
        )
        shown = fine(pywbemcli(changing_server, namespace, "instance", "get", service, "--propertylist", "Started"))
        assert f"Started = {started};" in shown


def test_instance_invokemethod_with_a_parameter_and_an_output(pywbemcli: "Run", changing_server: "Server") -> None:
    call = ("instance", "invokemethod", MANAGER, "RequestStateChange", "--parameter", "RequestedState=11")
    shown = fine(pywbemcli(changing_server, ISCSI, *call))
    assert "ReturnValue=4096" in shown
    assert (
        'MSISCSITARGET_ConcreteJob.InstanceID=\\"MSISCSITARGET:ISCSISRV01:Job:' in shown or "MSISCSITARGET_ConcreteJob" in shown
    )


def test_instance_invokemethod_with_an_output_that_is_null(pywbemcli: "Run", changing_server: "Server") -> None:  # X12
    call = ("instance", "invokemethod", MANAGER, "RequestStateChange", "--parameter", "RequestedState=2")
    assert fine(pywbemcli(changing_server, ISCSI, *call)).strip() == "ReturnValue=0"


def test_class_invokemethod_says_that_it_needs_an_instance(pywbemcli: "Run", server: "Server") -> None:
    refused = pywbemcli(server, HYPERV, "class", "invokemethod", "Msvm_GuestFileService", "StopService")
    assert refused.status == 1
    assert "call it on an instance" in refused.err + refused.out
