"""What pywbem users see when they are wrong: the status code, and a description that names the nearest thing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest
from pywbem import (
    CIM_ERR_INVALID_CLASS,
    CIM_ERR_INVALID_NAMESPACE,
    CIM_ERR_INVALID_PARAMETER,
    CIM_ERR_METHOD_NOT_AVAILABLE,
    CIM_ERR_METHOD_NOT_FOUND,
    CIM_ERR_NOT_FOUND,
    CIM_ERR_NOT_SUPPORTED,
    AuthError,
    CIMClassName,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    Uint16,
    WBEMConnection,
)

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Launch, Server

Operation = Callable[[WBEMConnection], object]
HERE: Final = "root/virtualization/v2"
MISTYPED: Final = "no class Msvm_GuestServce in root/virtualization/v2; did you mean Msvm_GuestService?"
KEYS: Final = {
    "SystemCreationClassName": "Msvm_ComputerSystem",
    "SystemName": "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01",
    "CreationClassName": "Msvm_GuestFileService",
    "Name": "34D14BE3-DEE4-41C8-9AE7-6B174977C192",
}
FILES: Final = CIMInstanceName("Msvm_GuestFileService", KEYS)
COMPONENT: Final = CIMInstanceName(
    "Msvm_HeartbeatComponent",
    {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01",
        "CreationClassName": "Msvm_HeartbeatComponent",
        "DeviceID": "Microsoft:84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47",
    },
)
ABSENT: Final = CIMInstanceName("Msvm_GuestFileService", KEYS | {"Name": "absent"})
WRONG: Final = CIMInstanceName("Msvm_GuestServce", KEYS)


def refusal(conn: WBEMConnection, operation: Operation) -> CIMError:
    with pytest.raises(CIMError) as caught:
        operation(conn)
    assert caught.value.status_description
    return caught.value


@pytest.mark.parametrize(
    ("code", "operation"),
    [
        (CIM_ERR_NOT_FOUND, lambda conn: conn.GetClass("Msvm_GuestServce")),
        (CIM_ERR_INVALID_CLASS, lambda conn: conn.EnumerateClasses(ClassName="Msvm_GuestServce")),
        (CIM_ERR_INVALID_CLASS, lambda conn: conn.EnumerateClassNames(ClassName="Msvm_GuestServce")),
        (CIM_ERR_INVALID_CLASS, lambda conn: conn.EnumerateInstances("Msvm_GuestServce")),
        (CIM_ERR_INVALID_CLASS, lambda conn: conn.EnumerateInstanceNames("Msvm_GuestServce")),
        (CIM_ERR_INVALID_CLASS, lambda conn: conn.GetInstance(WRONG)),
        (CIM_ERR_INVALID_CLASS, lambda conn: conn.DeleteInstance(WRONG)),
        (CIM_ERR_INVALID_CLASS, lambda conn: conn.CreateInstance(CIMInstance("Msvm_GuestServce", KEYS))),
        (CIM_ERR_INVALID_CLASS, lambda conn: conn.ModifyInstance(CIMInstance("Msvm_GuestServce", KEYS, path=WRONG))),
        (CIM_ERR_INVALID_PARAMETER, lambda conn: conn.Associators(WRONG)),
        (CIM_ERR_INVALID_PARAMETER, lambda conn: conn.AssociatorNames(CIMClassName("Msvm_GuestServce"))),
        (CIM_ERR_INVALID_PARAMETER, lambda conn: conn.References(FILES, ResultClass="Msvm_GuestServce")),
        (CIM_ERR_INVALID_PARAMETER, lambda conn: conn.ReferenceNames(WRONG)),
        (CIM_ERR_NOT_FOUND, lambda conn: conn.InvokeMethod("StopService", WRONG)),
        (CIM_ERR_NOT_FOUND, lambda conn: conn.InvokeMethod("StopService", CIMClassName("Msvm_GuestServce"))),
    ],
)
def test_an_unknown_class(hyperv: WBEMConnection, code: int, operation: Operation) -> None:  # OP-GC-2, OP-AS-3, OP-AS-4, X2
    error = refusal(hyperv, operation)
    assert (error.status_code, error.status_description) == (code, MISTYPED)


@pytest.mark.parametrize(
    "operation",
    [
        lambda conn: conn.GetInstance(ABSENT),
        lambda conn: conn.DeleteInstance(ABSENT),
        lambda conn: conn.ModifyInstance(CIMInstance("Msvm_GuestFileService", {"PrimaryOwnerName": "x"}, path=ABSENT)),
        lambda conn: conn.InvokeMethod("StopService", ABSENT),
        lambda conn: conn.Associators(ABSENT),
        lambda conn: conn.GetInstance(CIMInstanceName("CIM_Service", KEYS)),  # G11: a superclass is not the creation class
    ],
)
def test_a_missing_instance(hyperv: WBEMConnection, operation: Operation) -> None:  # OP-GI-3, OP-DI-2, OP-AS-3
    assert refusal(hyperv, operation).status_code == CIM_ERR_NOT_FOUND


@pytest.mark.parametrize(
    "keys",
    [
        {name: value for name, value in KEYS.items() if name != "Name"},
        KEYS | {"Colour": "red"},
        {("Nmae" if name == "Name" else name): value for name, value in KEYS.items()},
    ],
)
def test_wrong_keys(hyperv: WBEMConnection, keys: dict[str, str]) -> None:  # G10
    error = refusal(hyperv, lambda conn: conn.GetInstance(CIMInstanceName("Msvm_GuestFileService", keys)))
    assert error.status_code == CIM_ERR_INVALID_PARAMETER


def test_an_unknown_namespace(hyperv: WBEMConnection) -> None:  # G8, W2
    error = refusal(hyperv, lambda conn: conn.EnumerateClassNames(namespace="root/virtualisation/v2"))
    assert error.status_code == CIM_ERR_INVALID_NAMESPACE
    assert "did you mean root/virtualization/v2?" in error.status_description


def test_an_unknown_qualifier(hyperv: WBEMConnection) -> None:  # OP-GQ-1
    error = refusal(hyperv, lambda conn: conn.GetQualifier("Descripton"))
    assert error.status_code == CIM_ERR_NOT_FOUND
    assert "did you mean Description?" in error.status_description


@pytest.mark.parametrize(
    ("code", "hint", "operation"),
    [
        (
            CIM_ERR_INVALID_NAMESPACE,
            "did you mean root/virtualization/v2?",
            lambda conn: conn.InvokeMethod("StopService", CIMClassName("CIM_Service", namespace="root/virtualisation/v2")),
        ),
        (CIM_ERR_METHOD_NOT_FOUND, "did you mean StopService?", lambda conn: conn.InvokeMethod("StopServce", FILES)),
        (CIM_ERR_METHOD_NOT_FOUND, "", lambda conn: conn.InvokeMethod("CopyFilesToGuest", CIMClassName("CIM_Service"))),
        (CIM_ERR_METHOD_NOT_AVAILABLE, "", lambda conn: conn.InvokeMethod("StopService", CIMClassName("Msvm_GuestService"))),
        (CIM_ERR_METHOD_NOT_AVAILABLE, "", lambda conn: conn.InvokeMethod("EnableDevice", COMPONENT, Enabled=True)),
        (
            CIM_ERR_INVALID_PARAMETER,
            "did you mean RequestedState?",
            lambda conn: conn.InvokeMethod("RequestStateChange", FILES, RequestdState=Uint16(3)),
        ),
        (CIM_ERR_INVALID_PARAMETER, "", lambda conn: conn.InvokeMethod("RequestStateChange", FILES, RequestedState="3")),
        (CIM_ERR_INVALID_PARAMETER, "", lambda conn: conn.InvokeMethod("StopService", FILES, [("Force", True)])),
    ],
)
def test_methods(hyperv: WBEMConnection, code: int, hint: str, operation: Operation) -> None:  # X3 to X8, 10.1
    error = refusal(hyperv, operation)
    assert error.status_code == code
    assert hint in error.status_description


@pytest.mark.parametrize(
    "properties",
    [{"Colour": "red"}, {"Started": "yes"}, {"OperationalStatus": Uint16(2)}, {"StatusDescriptions": "OK"}],
    ids=str,
)
def test_wrong_properties(hyperv: WBEMConnection, properties: dict[str, object]) -> None:  # OP-CI-2, OP-MI-4
    new = CIMInstance("Msvm_GuestFileService", KEYS | {"Name": "new"} | properties)
    assert refusal(hyperv, lambda conn: conn.CreateInstance(new)).status_code == CIM_ERR_INVALID_PARAMETER
    changed = CIMInstance("Msvm_GuestFileService", properties, path=FILES)
    assert refusal(hyperv, lambda conn: conn.ModifyInstance(changed)).status_code == CIM_ERR_INVALID_PARAMETER


def test_no_instances_of_an_abstract_class(hyperv: WBEMConnection) -> None:  # OP-CI-5
    error = refusal(hyperv, lambda conn: conn.CreateInstance(CIMInstance("Msvm_GuestService", KEYS)))
    assert error.status_code == CIM_ERR_NOT_SUPPORTED


def test_operations_that_are_not_there(hyperv: WBEMConnection) -> None:  # G2
    assert refusal(hyperv, lambda conn: conn._imethodcall("EnumerateNothing", HERE)).status_code == CIM_ERR_NOT_SUPPORTED


def test_credentials(launch: "Launch", connect: "Connect") -> None:  # A1
    with launch("--user", "operator:open sesame") as server:
        for credentials in (None, ("operator", "wrong"), ("nobody", "open sesame")):
            with pytest.raises(AuthError):
                connect(server, HERE, credentials).EnumerateClassNames()
        assert connect(server, HERE, ("operator", "open sesame")).EnumerateClassNames()


def test_credentials_are_not_needed_unless_demanded(connect: "Connect", server: "Server") -> None:
    assert connect(server, HERE, ("anybody", "anything")).EnumerateClassNames()
