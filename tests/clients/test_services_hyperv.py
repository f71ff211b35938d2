"""The services of the simulated Hyper-V host act as the README of their pack says, row by row."""

import re
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from pywbem import (
    CIM_ERR_METHOD_NOT_AVAILABLE,
    CIM_ERR_NOT_FOUND,
    CIM_ERR_NOT_SUPPORTED,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    Uint16,
    Uint32,
    WBEMConnection,
)

from tests.clients import services
from tests.clients.services import MINUTE, NOW, START, STARTED, STOP, STOPPED, ZERO, changes
from tests.examples import sampled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.conftest import Connect, Launch, Server, Snapshot

WEB01: Final = "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"
DB01: Final = "7D94B2E3-05C6-4F7A-A1D8-2B7F1C8E3A02"
OLD01: Final = "C0A8E4F5-6D17-4B8C-B2E9-3C801D9F4B03"
GSI_DEVICE: Final = "6C09BB55-D683-4DA0-8931-C9BF705F6480"


def element(classname: str, guid: str, **key: str) -> CIMInstanceName:
    keys = {"SystemCreationClassName": "Msvm_ComputerSystem", "SystemName": guid, "CreationClassName": classname}
    return CIMInstanceName(classname, keys | key)


def file_service(guid: str) -> CIMInstanceName:
    return element("Msvm_GuestFileService", guid, Name="34D14BE3-DEE4-41C8-9AE7-6B174977C192")


def interface(guid: str) -> CIMInstanceName:
    return element("Msvm_GuestServiceInterfaceComponent", guid, DeviceID=f"Microsoft:{GSI_DEVICE}")


def heartbeat(guid: str) -> CIMInstanceName:
    return element("Msvm_HeartbeatComponent", guid, DeviceID="Microsoft:84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47")


SESSION: Final = element("Msvm_GuestCommunicationService", WEB01, Name="999E53D4-3D5C-4C3E-8779-BED06EC056E1")
HOST_SERVICES: Final = {
    name: element(classname, "HVHOST01", Name=name)
    for name, classname in {
        "vmms": "Msvm_VirtualSystemManagementService",
        "vssnapsvc": "Msvm_VirtualSystemSnapshotService",
        "poolcfgsvc": "Msvm_ResourcePoolConfigurationService",
        "synth3d": "Msvm_Synthetic3DService",
        "vhdsvc": "Msvm_ImageManagementService",
        "replicasvc": "Msvm_ReplicationService",
        "metricsvc": "Msvm_MetricService",
        "termsvc": "Msvm_TerminalService",
        "migrationwmi": "Msvm_VirtualSystemMigrationService",
        "nvspwmi": "Msvm_VirtualEthernetSwitchManagementService",
        "bridgingsvc": "Msvm_TransparentBridgingService",
        "securitysvc": "Msvm_SecurityService",
        "collectionsvc": "Msvm_CollectionManagementService",
    }.items()
}
FIXED: Final = ("vmms", "vssnapsvc", "poolcfgsvc", "synth3d")
STARTABLE: Final = tuple(name for name in HOST_SERVICES if name not in FIXED)
ELEMENTS: Final = {
    "web01 files": file_service(WEB01),
    "db01 files": file_service(DB01),
    "session": SESSION,
    "web01 interface": interface(WEB01),
    "db01 interface": interface(DB01),
    "heartbeat": heartbeat(WEB01),
    **HOST_SERVICES,
}


def invoke(conn: WBEMConnection, target: CIMInstanceName, call: str) -> int:
    """Return what the method returns, which is no job here."""
    return services.invoke(conn, target, call)[0]


class Row(NamedTuple):
    """A row of a table: after ``given`` calls, ``call`` returns ``returns`` and ``changed`` is all that changed."""

    where: str
    element: str
    given: tuple[str, ...]
    call: str
    returns: int
    changed: Mapping[str, Any] = MappingProxyType({})

    def __str__(self) -> str:
        return f"{self.where}: {self.element} {'-'.join(self.given)}: {self.call}"


def stored(snapshot: "Snapshot", conn: WBEMConnection) -> bytes:
    """Return all instances but for what counts up by itself."""
    return re.sub(rb'(<PROPERTY NAME="OnTimeInMilliseconds"[^>]*>)<VALUE>\d+</VALUE>', rb"\1", snapshot(conn))


def check(snapshot: "Snapshot", conn: WBEMConnection, row: Row) -> None:
    target = ELEMENTS[row.element]
    for call in row.given:
        invoke(conn, target, call)
    before, everything = conn.GetInstance(target), stored(snapshot, conn)
    since = time.time()
    assert invoke(conn, target, row.call) == row.returns
    assert changes(before, conn.GetInstance(target), since) == row.changed
    if not row.changed:
        assert stored(snapshot, conn) == everything


GUEST_SERVICE_ROWS: Final = [
    row
    for service in ("web01 files", "session")
    for row in (
        Row("10.2 ST true StopService", service, STARTED, "StopService", 0, STOP),
        Row("10.2 ST false, component ES 2 StopService", service, STOPPED, "StopService", 0),
        Row("10.2 ST false, component ES 2 StartService", service, STOPPED, "StartService", 0, START),
        Row("10.2 ST true StartService", service, STARTED, "StartService", 0),
        Row("10.2 ST true RequestStateChange(3)", service, STARTED, "RequestStateChange(3)", 0, STOP),
        Row("10.2 ST false RequestStateChange(2)", service, STOPPED, "RequestStateChange(2)", 0, START),
        *(
            Row("10.2 RequestStateChange(other map value)", service, STARTED, f"RequestStateChange({state})", 32775)
            for state in (4, 6, 7, 8, 9, 10, 11)
        ),
        Row("10.2 RequestStateChange with non-zero timeout", service, STARTED, f"RequestStateChange(3, {MINUTE})", 4098),
        Row("3.5 zero interval is no requirement", service, STARTED, f"RequestStateChange(3, {ZERO})", 0, STOP),
    )
]
DB01_ROWS: Final = [
    Row("10.2 ST false, component ES 3 StartService", "db01 files", (), "StartService", 1),
    Row("10.2 ST false, component ES 3 StopService", "db01 files", (), "StopService", 1),
    Row("10.2 ST false, component ES 3 RequestStateChange(2)", "db01 files", (), "RequestStateChange(2)", 1),
    Row("10.2 ST false, component ES 3 RequestStateChange(3)", "db01 files", (), "RequestStateChange(3)", 1),
]
DISABLE: Final = {"EnabledState": 3, "TimeOfLastStateChange": NOW}
ENABLE: Final = {"EnabledState": 2, "TimeOfLastStateChange": NOW}
INTERFACE_ROWS: Final = [
    Row("10.3 ES 2 RequestStateChange(3)", "web01 interface", ("RequestStateChange(2)",), "RequestStateChange(3)", 0, DISABLE),
    Row("10.3 ES 3 RequestStateChange(3)", "web01 interface", ("RequestStateChange(3)",), "RequestStateChange(3)", 4097),
    Row("10.3 ES 3 RequestStateChange(2)", "web01 interface", ("RequestStateChange(3)",), "RequestStateChange(2)", 0, ENABLE),
    Row("10.3 ES 2 RequestStateChange(2)", "web01 interface", ("RequestStateChange(2)",), "RequestStateChange(2)", 4097),
    *(
        Row("10.3 RequestStateChange(4, 6..11)", "web01 interface", (), f"RequestStateChange({state})", 1)
        for state in (4, 6, 7, 8, 9, 10, 11)
    ),
    *(
        Row("10.3 RequestStateChange(0, 1, 5, 12)", "web01 interface", (), f"RequestStateChange({state})", 5)
        for state in (0, 1, 5, 12)
    ),
    Row("3.5 timeout", "web01 interface", ("RequestStateChange(2)",), f"RequestStateChange(3, {MINUTE})", 4098),
    Row("3.5 other components", "heartbeat", (), "RequestStateChange(4)", 1),
]
HOST_ROWS: Final = [
    *(
        Row("10.6 class page says not supported", name, (), call, 1)
        for name in FIXED
        for call in ("StartService", "StopService", "RequestStateChange(2)", "RequestStateChange(3)")
    ),
    *(Row("10.6 class page says starts/stops", name, (), "RequestStateChange(3)", 1) for name in STARTABLE),
]


@pytest.fixture
def conn(connect: "Connect", changing_server: "Server") -> WBEMConnection:
    return connect(changing_server)


@pytest.mark.parametrize("row", sampled([*GUEST_SERVICE_ROWS, *DB01_ROWS, *INTERFACE_ROWS, *HOST_ROWS], 3), ids=str)
def test_profile_documented(snapshot: "Snapshot", conn: WBEMConnection, row: Row) -> None:
    invoke(conn, interface(WEB01), "RequestStateChange(2)")
    check(snapshot, conn, row)


@pytest.mark.parametrize("name", STARTABLE)
def test_a_host_service_stops_and_starts(conn: WBEMConnection, name: str) -> None:
    target = HOST_SERVICES[name]
    assert [invoke(conn, target, call) for call in ("StopService", "StopService")] == [0, 0]
    stopped = conn.GetInstance(target)
    assert {each: stopped[each] for each in STOP if STOP[each] is not NOW} == {
        each: value for each, value in STOP.items() if value is not NOW
    }
    assert invoke(conn, target, "StartService") == 0
    started = conn.GetInstance(target)
    assert (started["Started"], started["EnabledState"], started["RequestedState"]) == (True, 2, 2)


def test_the_interface_takes_its_settings_and_guest_services_along(conn: WBEMConnection) -> None:
    settings = CIMInstanceName(
        "Msvm_GuestServiceInterfaceComponentSettingData", {"InstanceID": f"Microsoft:{WEB01}\\{GSI_DEVICE}"}
    )
    services = [file_service(WEB01), SESSION]
    invoke(conn, interface(WEB01), "RequestStateChange(2)")
    for state, started in ((3, False), (2, True)):
        since = time.time()
        assert invoke(conn, interface(WEB01), f"RequestStateChange({state})") == 0
        assert conn.GetInstance(settings)["EnabledState"] == state
        component = conn.GetInstance(interface(WEB01))
        assert (component["RequestedState"], component["OperationalStatus"]) == (12, [2])
        for service in services:
            now = conn.GetInstance(service)
            assert (now["Started"], now["EnabledState"], now["RequestedState"]) == (started, state, 12)
            assert now["TimeOfLastStateChange"].datetime.timestamp() >= since - 1e-3
        for call in ("StartService", "StopService"):
            if not started:
                assert [invoke(conn, service, call) for service in services] == [1, 1]
    assert [invoke(conn, service, "StartService") for service in services] == [0, 0]
    assert [conn.GetInstance(service)["RequestedState"] for service in services] == [2, 2]


def test_enabling_the_interface_of_db01_makes_its_file_service_startable(conn: WBEMConnection) -> None:
    assert invoke(conn, file_service(DB01), "StartService") == 1
    assert invoke(conn, interface(DB01), "RequestStateChange(2)") == 0
    assert conn.GetInstance(file_service(DB01))["Started"] is True
    assert [invoke(conn, file_service(DB01), call) for call in ("StopService", "StartService")] == [0, 0]
    assert invoke(conn, interface(DB01), "RequestStateChange(3)") == 0
    assert invoke(conn, file_service(DB01), "StartService") == 1


@pytest.mark.parametrize("policy", ["service", "default"])
def test_a_policy_can_forbid_the_communication_service(launch: "Launch", connect: "Connect", policy: str) -> None:
    """The settings are changed as an administrator would by ModifyGuestServiceSettings, here with read-only left off."""
    with launch("--no-enforce-write") as server:
        conn = connect(server)
        identifier = f"Microsoft:{WEB01}\\{GSI_DEVICE}"
        if policy == "service":
            path = CIMInstanceName(
                "Msvm_GuestCommunicationServiceSettingData", {"InstanceID": identifier + "\\" + SESSION["Name"]}
            )
            changed = {"EnabledStatePolicy": Uint16(3)}
        else:
            path = CIMInstanceName("Msvm_GuestServiceInterfaceComponentSettingData", {"InstanceID": identifier})
            changed = {"DefaultEnabledStatePolicy": Uint16(3)}
        conn.ModifyInstance(CIMInstance(path.classname, changed, path=path))
        assert [invoke(conn, SESSION, call) for call in ("StopService", "StartService")] == [0, 1]
        assert conn.GetInstance(SESSION)["Started"] is False


@pytest.mark.parametrize("call", ["StartService", "StopService", "RequestStateChange(2)"])
def test_the_services_of_a_machine_that_is_off_are_not_found(conn: WBEMConnection, call: str) -> None:
    for target in (file_service(OLD01), interface(OLD01)):
        with pytest.raises(CIMError) as caught:
            invoke(conn, target, call if target.classname != "Msvm_GuestServiceInterfaceComponent" else "RequestStateChange(2)")
        assert caught.value.status_code == CIM_ERR_NOT_FOUND


@pytest.mark.parametrize(
    ("target", "method", "parameters"),
    [
        (interface(WEB01), "EnableDevice", {"Enabled": True}),
        (interface(WEB01), "SaveProperties", {}),
        (
            CIMInstanceName("Msvm_ComputerSystem", {"CreationClassName": "Msvm_ComputerSystem", "Name": WEB01}),
            "SetPowerState",
            {"PowerState": Uint32(1)},
        ),
    ],
    ids=["EnableDevice", "SaveProperties", "SetPowerState"],
)
def test_what_is_declared_but_not_simulated_says_so(
    conn: WBEMConnection, target: CIMInstanceName, method: str, parameters: dict[str, Any]
) -> None:  # X4
    with pytest.raises(CIMError) as caught:
        conn.InvokeMethod(method, target, **parameters)
    assert caught.value.status_code == CIM_ERR_METHOD_NOT_AVAILABLE


# Profile windows-strict


@pytest.fixture(scope="module")
def strict(launch: "Launch", connect: "Connect") -> "Iterator[WBEMConnection]":
    with launch("--set", "hyperv.profile=windows-strict") as server:
        yield connect(server)


STRICT_ROWS: Final = [
    *(
        Row(f"10.2 windows-strict {call}", "web01 files", (), call, 1)
        for call in ("StopService", "StartService", "RequestStateChange(2)", "RequestStateChange(3)")
    ),
    Row("10.2 windows-strict RequestStateChange(other map value)", "web01 files", (), "RequestStateChange(4)", 32775),
    Row("10.2 windows-strict timeout", "web01 files", (), f"RequestStateChange(3, {MINUTE})", 4098),
    *(row for row in GUEST_SERVICE_ROWS if row.element == "session"),
    *(
        Row("10.6 windows-strict", name, (), call, 1)
        for name in HOST_SERVICES
        for call in ("StartService", "StopService", "RequestStateChange(3)")
    ),
]


@pytest.mark.parametrize("row", sampled(STRICT_ROWS, 3), ids=str)
def test_profile_windows_strict(snapshot: "Snapshot", strict: WBEMConnection, row: Row) -> None:
    check(snapshot, strict, row)


def test_windows_strict_the_file_service_of_db01_is_absent(strict: WBEMConnection) -> None:
    for call in ("StartService", "StopService", "RequestStateChange(3)"):
        with pytest.raises(CIMError) as caught:
            invoke(strict, file_service(DB01), call)
        assert caught.value.status_code == CIM_ERR_NOT_FOUND
    assert strict.AssociatorNames(interface(DB01), AssocClass="Msvm_RegisteredGuestService") == []


# Other settings


def test_not_supported_may_be_a_cim_error(launch: "Launch", connect: "Connect") -> None:
    settings = ("hyperv.not_supported_answer=cim-error-7", "hyperv.stopped_requested_state=4")
    with launch(*(word for setting in settings for word in ("--set", setting))) as server:
        conn = connect(server)
        for call in ("StartService", "StopService"):
            with pytest.raises(CIMError) as caught:
                invoke(conn, HOST_SERVICES["vmms"], call)
            assert caught.value.status_code == CIM_ERR_NOT_SUPPORTED
        assert invoke(conn, SESSION, "StopService") == 0
        assert conn.GetInstance(SESSION)["RequestedState"] == 4
