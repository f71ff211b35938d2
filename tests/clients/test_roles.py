"""What users with roles meet, seen by pywbem (rules G7, G8, SEC13)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pywbem import (
    CIM_ERR_ACCESS_DENIED,
    CIM_ERR_INVALID_NAMESPACE,
    CIMClass,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    CIMProperty,
    WBEMConnection,
    WBEMServer,
)

HYPERV = "root/virtualization/v2"
ISCSI = "root/cimv2/storage/iscsitarget"
ROLES = (
    "reader=read@root/virtualization/*",
    "tester=read@root/interop",
    "operator=read,method",
    "clerk=read,write",
    "architect=schema,read",
    "root=all",
)

As = Callable[..., WBEMConnection]


@pytest.fixture(scope="module")
def server(launch: Any) -> Iterator[Any]:
    names = ["reader", "tester", "operator", "clerk", "architect", "root", "nobody"]
    users = [part for name in names for part in ("--user", f"{name}:x")]
    roles = [part for role in ROLES for part in ("--role", role)]
    with launch(*users, *roles) as running:
        yield running


@pytest.fixture
def connected(server: Any) -> Iterator[As]:
    with ExitStack() as stack:
        yield lambda user, namespace=HYPERV: stack.enter_context(WBEMConnection(server.url, (user, "x"), namespace))


def code(operation: Callable[[], object]) -> int:
    try:
        operation()
    except CIMError as error:
        return int(error.status_code)
    return 0


def service(connection: WBEMConnection) -> CIMInstanceName:
    return connection.EnumerateInstanceNames("Msvm_GuestService")[0]


def test_a_reader_reads_and_no_more(connected: As) -> None:  # SEC13
    reader = connected("reader")
    path = service(reader)
    instance = reader.GetInstance(path)
    assert list(reader.IterEnumerateInstancePaths("Msvm_GuestService"))
    assert code(lambda: reader.InvokeMethod("StopService", path)) == CIM_ERR_ACCESS_DENIED
    assert code(lambda: reader.ModifyInstance(instance)) == CIM_ERR_ACCESS_DENIED
    assert code(lambda: reader.DeleteInstance(path)) == CIM_ERR_ACCESS_DENIED
    assert code(lambda: reader.CreateClass(CIMClass("X_Class"))) == CIM_ERR_ACCESS_DENIED
    assert reader.GetInstance(path) == instance


def test_sec13_a_refusal_does_not_tell_what_exists(connected: As) -> None:
    reader = connected("reader", ISCSI)

    def refusal(operation: Callable[[], object]) -> tuple[int, str]:
        with pytest.raises(CIMError) as caught:
            operation()
        return caught.value.status_code, caught.value.status_description

    denied = (CIM_ERR_ACCESS_DENIED, f"user reader has no role read in namespace {ISCSI}")
    there = connected("root", ISCSI).EnumerateInstanceNames("CIM_ObjectManager")[0]
    for path in (there, CIMInstanceName("MSFTSM_ObjectManager", {"Name": "none"}), CIMInstanceName("X_None", {"Name": "none"})):
        path.namespace = path.host = None
        assert refusal(lambda path=path: reader.GetInstance(path)) == denied  # type: ignore[misc] # bound at once
    assert refusal(lambda: reader.EnumerateClassNames(namespace=ISCSI)) == denied
    assert refusal(lambda: reader.EnumerateClassNames(namespace="root/none"))[0] == CIM_ERR_ACCESS_DENIED
    assert refusal(lambda: reader.EnumerateClassNames(namespace="root/virtualization/none"))[0] == CIM_ERR_INVALID_NAMESPACE


def test_an_operator_calls_methods(connected: As) -> None:
    operator = connected("operator")
    path = service(operator)
    assert operator.InvokeMethod("StartService", path)[0] == 0
    assert code(lambda: operator.DeleteInstance(path)) == CIM_ERR_ACCESS_DENIED


def test_an_architect_changes_the_schema_and_a_clerk_instances(connected: As) -> None:
    architect, clerk, root = connected("architect"), connected("clerk"), connected("root")
    key = root.GetQualifier("Key")
    made = CIMClass("X_Roles", properties=[CIMProperty("Id", None, type="string", qualifiers={"Key": qualifier(key)})])
    assert code(lambda: clerk.CreateClass(made)) == CIM_ERR_ACCESS_DENIED
    architect.CreateClass(made)
    instance = CIMInstance("X_Roles", {"Id": "1"})
    assert code(lambda: architect.CreateInstance(instance)) == CIM_ERR_ACCESS_DENIED
    clerk.DeleteInstance(clerk.CreateInstance(instance))
    assert code(lambda: clerk.DeleteClass("X_Roles")) == CIM_ERR_ACCESS_DENIED
    architect.DeleteClass("X_Roles")


def qualifier(declaration: Any) -> Any:
    from pywbem import CIMQualifier

    return CIMQualifier(declaration.name, True, type="boolean")


def test_only_an_administrator_creates_and_deletes_namespaces(connected: As) -> None:
    assert code(lambda: WBEMServer(connected("clerk")).create_namespace("root/roles")) == CIM_ERR_ACCESS_DENIED
    root = WBEMServer(connected("root"))
    root.create_namespace("root/roles")
    assert code(lambda: WBEMServer(connected("clerk")).delete_namespace("root/roles")) == CIM_ERR_ACCESS_DENIED
    root.delete_namespace("root/roles")


def test_a_user_without_roles_gets_nothing(connected: As) -> None:
    assert code(lambda: connected("nobody").EnumerateClassNames()) == CIM_ERR_ACCESS_DENIED


def test_w2_who_may_read_only_the_interop_namespace_discovers_it(connected: As) -> None:  # W1 to W3, W9, SEC13
    tester = connected("tester")
    wbem = WBEMServer(tester)
    assert wbem.interop_ns == "root/interop"
    assert {HYPERV, ISCSI, "root/interop"} <= set(wbem.namespaces)
    assert wbem.brand == "cimsim"
    (profile,) = wbem.get_selected_profiles(registered_org="DMTF", registered_name="System Virtualization")
    assert wbem.get_central_instances(profile.path) == [], "they lie in a namespace that is hidden"
    assert code(lambda: tester.EnumerateClassNames(namespace=HYPERV)) == CIM_ERR_ACCESS_DENIED


@pytest.mark.parametrize("user", ["reader", "nobody"])
def test_w2_sec13_who_may_not_read_the_interop_namespace_is_denied_it(connected: As, user: str) -> None:
    connection = connected(user)
    assert code(lambda: connection.EnumerateInstanceNames("CIM_Namespace", "interop")) == CIM_ERR_INVALID_NAMESPACE
    assert code(lambda: connection.EnumerateInstanceNames("CIM_Namespace", "root/interop")) == CIM_ERR_ACCESS_DENIED
