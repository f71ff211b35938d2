"""The services of the simulated iSCSI target server act as the README of their pack says, row by row."""

import time
from collections.abc import Mapping
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from pywbem import CIM_ERR_METHOD_NOT_AVAILABLE, CIMError, CIMInstance, CIMInstanceName, Uint16, WBEMConnection

from tests.clients.services import MINUTE, NOW, START, STARTED, STOP, STOPPED, ZERO, changes, invoke
from tests.examples import sampled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.conftest import Connect, Launch, Server, Snapshot

NAMESPACE: Final = "root/cimv2/storage/iscsitarget"
MANAGER: Final = "MSFTSM_ObjectManager"
STORAGE_SERVICES: Final = (
    "MSISCSITARGET_ControllerConfigurationService",
    "MSISCSITARGET_iSCSIConfigurationService",
    "MSISCSITARGET_StorageConfigurationService",
    "MSISCSITARGET_ReplicationService",
    "MSISCSITARGET_StorageHardwareIDManagementService",
)


def the_one(conn: WBEMConnection, classname: str) -> CIMInstanceName:
    (name,) = conn.EnumerateInstanceNames(classname)
    return name


class Row(NamedTuple):
    """A row of a table: after ``given`` calls, ``call`` returns ``returns`` and ``changed`` is all that changed."""

    where: str
    given: tuple[str, ...]
    call: str
    returns: int
    changed: Mapping[str, Any] = MappingProxyType({})

    def __str__(self) -> str:
        return f"{self.where}: {'-'.join(self.given)}: {self.call}"


def check(snapshot: "Snapshot", conn: WBEMConnection, classname: str, row: Row) -> None:
    target = the_one(conn, classname)
    for call in row.given:
        invoke(conn, target, call)
    before, everything = conn.GetInstance(target), snapshot(conn)
    since = time.time()
    assert invoke(conn, target, row.call)[0] == row.returns
    assert changes(before, conn.GetInstance(target), since) == row.changed
    if not row.changed and row.returns != 4096:
        assert snapshot(conn) == everything


ROWS: Final = [
    Row("10.5 M, ES 2 StopService", STARTED, "StopService", 0, STOP),
    Row("10.5 M, ES 3 StopService", STOPPED, "StopService", 0),
    Row("10.5 M, ES 3, RS 4 StopService", (*STOPPED, "RequestStateChange(4)"), "StopService", 0, {"RequestedState": 3}),
    Row("10.5 M, ES 3 StartService", STOPPED, "StartService", 0, START),
    Row("10.5 M, ES 2 StartService", STARTED, "StartService", 0),
    Row("10.5 M, ES 2 RequestStateChange(3)", STARTED, "RequestStateChange(3)", 0, STOP),
    Row("10.5 M, ES 2 RequestStateChange(4)", STARTED, "RequestStateChange(4)", 0, STOP | {"RequestedState": 4}),
    Row("10.5 M, ES 2 RequestStateChange(2)", STARTED, "RequestStateChange(2)", 0),
    Row("10.5 M, ES 3 RequestStateChange(2)", STOPPED, "RequestStateChange(2)", 0, START),
    Row("10.5 M, ES 3 RequestStateChange(4)", STOPPED, "RequestStateChange(4)", 0, {"RequestedState": 4}),
    *(Row("10.5 M RequestStateChange(6..9)", STARTED, f"RequestStateChange({state})", 1) for state in (6, 7, 8, 9)),
    *(
        Row("10.5 M RequestStateChange(10, 11)", STARTED, f"RequestStateChange({state})", 4096, {"TimeOfLastStateChange": NOW})
        for state in (10, 11)
    ),
    *(Row("3.5 Invalid State Transition", STOPPED, f"RequestStateChange({state})", 4097) for state in (10, 11)),
    *(Row("3.5 Invalid Parameter", STARTED, f"RequestStateChange({state})", 5) for state in (0, 1, 5, 12)),
    Row("10.5 M timeout that is kept", STARTED, f"RequestStateChange(3, {MINUTE})", 0, STOP),
    Row("3.5 zero interval is no requirement", STARTED, f"RequestStateChange(3, {ZERO})", 0, STOP),
    Row("3.5 a point in time is no period", STARTED, "RequestStateChange(3, 20250101000000.000000+000)", 5),
]
N_ROWS: Final = [
    Row("10.5 N", (), call, 1)
    for call in (
        "StopService",
        "StartService",
        *(f"RequestStateChange({state})" for state in (2, 3, 4, 6, 7, 8, 9, 10, 11)),
    )
]


@pytest.fixture
def conn(connect: "Connect", changing_server: "Server") -> WBEMConnection:
    return connect(changing_server, NAMESPACE)


@pytest.mark.parametrize("row", sampled(ROWS, 2), ids=str)
def test_object_manager_profile_m(snapshot: "Snapshot", conn: WBEMConnection, row: Row) -> None:
    check(snapshot, conn, MANAGER, row)


@pytest.mark.parametrize(("classname", "row"), sampled([*product(STORAGE_SERVICES, N_ROWS)], 3), ids=str)
def test_storage_services_profile_n(snapshot: "Snapshot", conn: WBEMConnection, classname: str, row: Row) -> None:
    check(snapshot, conn, classname, row)


def test_the_job_of_a_reset_can_be_read(conn: WBEMConnection) -> None:
    target = the_one(conn, MANAGER)
    invoke(conn, target, "StartService")
    result, path = invoke(conn, target, "RequestStateChange(11)")
    assert (result, path.classname) == (4096, "MSISCSITARGET_ConcreteJob")
    job = conn.GetInstance(path)
    assert (job["JobState"], job["PercentComplete"], job["ErrorCode"], job["OperationalStatus"]) == (7, 100, 0, [17, 2])
    _, another = invoke(conn, target, "RequestStateChange(11)")
    assert another != path
    assert {path, another} <= set(conn.EnumerateInstanceNames("CIM_ConcreteJob"))


@pytest.mark.parametrize("call", ["StopService", "RequestStateChange(3)"])
def test_a_stopped_object_manager_still_answers(conn: WBEMConnection, call: str) -> None:
    target = the_one(conn, MANAGER)
    invoke(conn, target, call)
    assert conn.GetInstance(target)["Started"] is False
    assert conn.EnumerateInstances("CIM_ManagedElement")
    assert conn.EnumerateClassNames(namespace="root/virtualization/v2")
    assert invoke(conn, target, "StartService") == (0, None)


def services(conn: WBEMConnection) -> bytes:
    """Return the services as bytes; the snapshot of all of root/interop would hold the statistics, which never stand still."""
    return b"".join(each.tocimxmlstr().encode() for each in conn.EnumerateInstances("CIM_Service"))


def test_the_simulators_own_object_manager_stops_and_goes_on_answering(connect: "Connect", changing_server: "Server") -> None:
    conn = connect(changing_server, "root/interop")
    for row in ROWS[:6]:
        check(services, conn, "CIM_ObjectManager", row)
    invoke(conn, the_one(conn, "CIM_ObjectManager"), "StopService")
    assert conn.EnumerateInstances("CIM_ObjectManager")[0]["Started"] is False


# Other profiles and faults


@pytest.fixture(scope="module")
def swapped(launch: "Launch", connect: "Connect") -> "Iterator[WBEMConnection]":
    """The object manager in profile N, the storage services in M, with other answers."""
    settings = (
        "profile=windows-strict",
        "storage_services_profile=M",
        "timeout_supported=false",
        "unsupported_state_code=4097",
        "stopped_requested_state=4",
    )
    with launch(*(word for each in settings for word in ("--set", f"iscsitarget.{each}"))) as server:
        yield connect(server, NAMESPACE)


@pytest.mark.parametrize("row", sampled(N_ROWS, 2), ids=str)
def test_object_manager_profile_n(snapshot: "Snapshot", swapped: WBEMConnection, row: Row) -> None:
    manager = swapped.GetInstance(the_one(swapped, MANAGER))
    assert (manager["EnabledState"], manager["RequestedState"], manager["TimeOfLastStateChange"]) == (5, 12, None)
    check(snapshot, swapped, MANAGER, row)


@pytest.mark.parametrize("classname", STORAGE_SERVICES)
def test_storage_services_profile_m(snapshot: "Snapshot", swapped: WBEMConnection, classname: str) -> None:
    assert swapped.GetInstance(the_one(swapped, classname))["EnabledState"] in {2, 3}
    check(
        snapshot, swapped, classname, Row("10.5 M, ES 2 StopService", STARTED, "StopService", 0, STOP | {"RequestedState": 4})
    )
    check(snapshot, swapped, classname, Row("10.5 M, ES 3 StartService", STOPPED, "StartService", 0, START))
    check(snapshot, swapped, classname, Row("10.5 M RequestStateChange(6..9)", STARTED, "RequestStateChange(6)", 4097))
    check(snapshot, swapped, classname, Row("10.5 M timeout unsupported", STARTED, f"RequestStateChange(3, {MINUTE})", 4098))


def test_an_injected_fault_answers_and_changes_nothing(snapshot: "Snapshot", launch: "Launch", connect: "Connect") -> None:
    answers = ("iscsitarget.faults=MSFTSM_ObjectManager.StopService=2", "iscsitarget.not_supported_answer=cim-error-16")
    with launch(*(word for each in answers for word in ("--set", each))) as server:
        conn = connect(server, NAMESPACE)
        check(snapshot, conn, MANAGER, Row("10.5 M, fault injected", (), "StopService", 2))
        assert invoke(conn, the_one(conn, MANAGER), "StartService") == (0, None)
        with pytest.raises(CIMError) as caught:
            invoke(conn, the_one(conn, STORAGE_SERVICES[0]), "StopService")
        assert caught.value.status_code == CIM_ERR_METHOD_NOT_AVAILABLE


@pytest.mark.parametrize("state", [4, 10])
def test_a_service_in_transition_is_busy(snapshot: "Snapshot", writable: WBEMConnection, state: int) -> None:
    manager = the_one(writable, MANAGER)
    writable.ModifyInstance(CIMInstance(MANAGER, {"EnabledState": Uint16(state)}, path=manager))
    for call, returns in (
        ("StopService", 2),
        ("StartService", 2),
        ("RequestStateChange(2)", 4099),
        ("RequestStateChange(10)", 4099),
    ):
        check(snapshot, writable, MANAGER, Row("10.5 M, ES 4 or 10", (), call, returns))


@pytest.fixture(scope="module")
def writable(launch: "Launch", connect: "Connect") -> "Iterator[WBEMConnection]":
    """A server whose read-only properties can be changed, to bring about states that it never shows by itself."""
    with launch("--no-enforce-write") as server:
        yield connect(server, NAMESPACE)
