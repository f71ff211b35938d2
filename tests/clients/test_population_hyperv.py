"""The population of the simulated Hyper-V host, value by value as a client reads it."""

from typing import Any, Final

import pytest
from pywbem import CIMDateTime, CIMInstance, CIMInstanceName, WBEMConnection

WEB01: Final = "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"
DB01: Final = "7D94B2E3-05C6-4F7A-A1D8-2B7F1C8E3A02"
OLD01: Final = "C0A8E4F5-6D17-4B8C-B2E9-3C801D9F4B03"
NAMES: Final = {WEB01: "web01", DB01: "db01", OLD01: "old01"}
GSI: Final = "6C09BB55-D683-4DA0-8931-C9BF705F6480"
SESSION: Final = "999E53D4-3D5C-4C3E-8779-BED06EC056E1"
FILES: Final = "34D14BE3-DEE4-41C8-9AE7-6B174977C192"
NEVER: Final = "16010101000000.000000-000"

HOST: Final[dict[str, Any]] = {
    "CreationClassName": "Msvm_ComputerSystem",
    "Name": "HVHOST01",
    "ElementName": "HVHOST01",
    "Caption": "Hosting Computer System",
    "Description": "Microsoft Hosting Computer System",
    "EnabledState": 2,
    "RequestedState": 12,
    "EnabledDefault": 2,
    "HealthState": 5,
    "OperationalStatus": [2],
    "StatusDescriptions": ["OK"],
    "Status": "OK",
    "NumberOfNumaNodes": 1,
    "ResetCapability": 1,
}
VIRTUAL: Final[dict[str, Any]] = {
    "CreationClassName": "Msvm_ComputerSystem",
    "Caption": "Virtual Machine",
    "Description": "Microsoft Virtual Machine",
    "RequestedState": 12,
    "EnabledDefault": 3,
    "HealthState": 5,
    "OperationalStatus": [2],
    "StatusDescriptions": ["Operating normally"],
    "Status": "OK",
    "NumberOfNumaNodes": 1,
    "ResetCapability": 1,
    "ReplicationState": 0,
    "ReplicationHealth": 0,
    "ReplicationMode": 0,
    "FailedOverReplicationType": 0,
    "LastReplicationType": 0,
    "LastReplicationTime": NEVER,
    "LastApplicationConsistentReplicationTime": NEVER,
}
VIRTUAL_MACHINES: Final[dict[str, dict[str, Any]]] = {
    WEB01: {
        "ElementName": "web01",
        "EnabledState": 2,
        "InstallDate": "20250110090000.000000-000",
        "TimeOfLastStateChange": "20250310061200.342572-000",
        "TimeOfLastConfigurationChange": "20250310061200.631038-000",
        "ProcessID": 4120,
        "HwThreadsPerCoreRealized": 1,
        "EnhancedSessionModeState": 2,
    },
    DB01: {
        "ElementName": "db01",
        "EnabledState": 2,
        "InstallDate": "20250110091500.000000-000",
        "TimeOfLastStateChange": "20250310061530.118204-000",
        "TimeOfLastConfigurationChange": "20250310061530.507711-000",
        "ProcessID": 5236,
        "HwThreadsPerCoreRealized": 1,
        "EnhancedSessionModeState": 6,
    },
    OLD01: {
        "ElementName": "old01",
        "EnabledState": 3,
        "InstallDate": "20240601120000.000000-000",
        "TimeOfLastStateChange": "20250115174002.261705-000",
        "TimeOfLastConfigurationChange": "20250115173958.420734-000",
        "EnhancedSessionModeState": 3,
    },
}


def told(instance: CIMInstance) -> dict[str, Any]:
    """Return the properties that are not NULL."""
    return {name: value for name, value in instance.items() if value is not None}


def typed(instance: CIMInstance, expected: dict[str, Any]) -> dict[str, Any]:
    """Return the expected values with those of datetime properties as such."""
    return {
        name: CIMDateTime(value) if instance.properties[name].type == "datetime" else value for name, value in expected.items()
    }


def the_one(instances: list[CIMInstance], **properties: Any) -> CIMInstance:
    (found,) = (each for each in instances if all(each[name] == value for name, value in properties.items()))
    return found


def computer_system(conn: WBEMConnection, name: str) -> CIMInstance:
    return the_one(conn.EnumerateInstances("Msvm_ComputerSystem"), Name=name)


def test_there_are_a_host_and_three_virtual_machines(hyperv: WBEMConnection) -> None:
    systems = hyperv.EnumerateInstances("Msvm_ComputerSystem")
    assert [(each["Name"], each["ElementName"]) for each in systems] == [("HVHOST01", "HVHOST01"), *NAMES.items()]


def test_the_host(hyperv: WBEMConnection) -> None:
    host = computer_system(hyperv, "HVHOST01")
    assert told(host) == HOST


@pytest.mark.parametrize("guid", NAMES, ids=NAMES.get)
def test_a_virtual_machine(hyperv: WBEMConnection, guid: str) -> None:
    machine = computer_system(hyperv, guid)
    values = told(machine)
    run_time = values.pop("OnTimeInMilliseconds")
    assert (run_time > 0) == (values["EnabledState"] == 2)
    assert values == typed(machine, VIRTUAL | {"Name": guid} | VIRTUAL_MACHINES[guid])


# 9.2 Settings


@pytest.mark.parametrize("guid", NAMES, ids=NAMES.get)
def test_virtual_system_settings(hyperv: WBEMConnection, guid: str) -> None:
    settings = hyperv.GetInstance(path("Msvm_VirtualSystemSettingData", InstanceID=f"Microsoft:{guid}"))
    expected = {
        "InstanceID": f"Microsoft:{guid}",
        "ElementName": NAMES[guid],
        "Caption": "Virtual Machine Settings",
        "VirtualSystemIdentifier": guid,
        "VirtualSystemType": "Microsoft:Hyper-V:System:Realized",
        "VirtualSystemSubType": "Microsoft:Hyper-V:SubType:2",
        "ConfigurationID": guid,
        "Version": "10.0",
    }
    assert {name: settings[name] for name in expected} == expected


COMPONENT_SETTINGS: Final[dict[str, Any]] = {
    "ResourceType": 1,
    "ConsumerVisibility": 3,
    "AllocationUnits": "count",
    "VirtualQuantityUnits": "count",
    "VirtualQuantity": 1,
    "Reservation": 1,
    "Limit": 1,
    "Weight": 0,
    "AutomaticAllocation": True,
    "AutomaticDeallocation": True,
}


def path(classname: str, **keys: Any) -> CIMInstanceName:
    return CIMInstanceName(classname, keys)


@pytest.mark.parametrize(("guid", "state"), [(WEB01, 2), (DB01, 3), (OLD01, 3)], ids=NAMES.values())
def test_guest_service_interface_settings(hyperv: WBEMConnection, guid: str, state: int) -> None:
    identifier = f"Microsoft:{guid}\\{GSI}"
    settings = hyperv.GetInstance(path("Msvm_GuestServiceInterfaceComponentSettingData", InstanceID=identifier))
    assert told(settings) == COMPONENT_SETTINGS | {
        "InstanceID": identifier,
        "ElementName": "Guest Service Interface",
        "Caption": "Guest Service Interface",
        "Description": "Microsoft Guest Service Interface Setting Data",
        "OtherResourceType": "Microsoft:Hyper-V:Guest Service Interface Component",
        "EnabledState": state,
        "DefaultEnabledStatePolicy": 2,
    }


SIBLINGS: Final = {
    "Heartbeat": ("84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47", "Heartbeat", "Microsoft Heartbeat Component"),
    "KvpExchange": (
        "2A34B1C2-FD73-4043-8A5B-DD2159BC743F",
        "Key-Value Pair Exchange",
        "Microsoft:Hyper-V:Key-Value Pair Exchange Component",
    ),
    "Shutdown": ("9F8233AC-BE49-4C79-8EE3-E7E1985B2077", "Shutdown", "Microsoft:Hyper-V:Shutdown Component"),
    "TimeSync": (
        "2497F4DE-E9FA-4204-80E4-4B75C46419C0",
        "Time Synchronization",
        "Microsoft:Hyper-V:Time Synchronization Component",
    ),
    "Vss": ("5CED1297-4598-4915-A5FC-AD21BB4D02A4", "VSS", "Microsoft:Hyper-V:VSS Component"),
}


@pytest.mark.parametrize("guid", NAMES, ids=NAMES.get)
@pytest.mark.parametrize("kind", SIBLINGS)
def test_settings_of_the_other_components(hyperv: WBEMConnection, guid: str, kind: str) -> None:
    device, name, resource_type = SIBLINGS[kind]
    settings = hyperv.GetInstance(path(f"Msvm_{kind}ComponentSettingData", InstanceID=f"Microsoft:{guid}\\{device}"))
    expected = COMPONENT_SETTINGS | {"ElementName": name, "OtherResourceType": resource_type, "EnabledState": 2}
    assert {name: settings[name] for name in expected} == expected


@pytest.mark.parametrize("guid", [WEB01, DB01], ids=NAMES.get)
def test_guest_communication_service_settings(hyperv: WBEMConnection, guid: str) -> None:
    identifier = f"Microsoft:{guid}\\{GSI}\\{SESSION}"
    settings = hyperv.GetInstance(path("Msvm_GuestCommunicationServiceSettingData", InstanceID=identifier))
    assert told(settings) == {
        "InstanceID": identifier,
        "ElementName": "VM Session Service",
        "Name": SESSION,
        "EnabledStatePolicy": 8,
    }


# 9.3 Live components and guest services


def of_machine(classname: str, guid: str, **key: str) -> CIMInstanceName:
    keys = {"SystemCreationClassName": "Msvm_ComputerSystem", "SystemName": guid, "CreationClassName": classname}
    return path(classname, **keys, **key)


@pytest.mark.parametrize(("guid", "state"), [(WEB01, 2), (DB01, 3)], ids=["web01", "db01"])
def test_guest_service_interface(hyperv: WBEMConnection, guid: str, state: int) -> None:
    component = hyperv.GetInstance(of_machine("Msvm_GuestServiceInterfaceComponent", guid, DeviceID=f"Microsoft:{GSI}"))
    assert told(component) == {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": guid,
        "CreationClassName": "Msvm_GuestServiceInterfaceComponent",
        "DeviceID": f"Microsoft:{GSI}",
        "ElementName": "Guest Service Interface",
        "Caption": "Guest Service Interface",
        "Name": "Guest Service Interface",
        "Description": "Microsoft Guest Service Interface",
        "EnabledState": state,
        "RequestedState": 12,
        "EnabledDefault": 7,
        "OperationalStatus": [2],
        "StatusDescriptions": ["OK"],
        "HealthState": 5,
        "Availability": 6,
        "AdditionalAvailability": [6],
        "TransitioningToState": 12,  # the class default of 3.2
    }


@pytest.mark.parametrize("guid", [WEB01, DB01], ids=NAMES.get)
@pytest.mark.parametrize("kind", SIBLINGS)
def test_the_other_components(hyperv: WBEMConnection, guid: str, kind: str) -> None:
    device, name, _ = SIBLINGS[kind]
    component = hyperv.GetInstance(of_machine(f"Msvm_{kind}Component", guid, DeviceID=f"Microsoft:{device}"))
    twice = 2 if kind == "Heartbeat" else 1
    expected = {
        "ElementName": name,
        "EnabledState": 2,
        "RequestedState": 12,
        "EnabledDefault": 7,
        "OperationalStatus": [2] * twice,
        "StatusDescriptions": ["OK"] * twice,
        "HealthState": 5,
    }
    assert {name: component[name] for name in expected} == expected


def test_a_machine_that_is_off_has_neither_components_nor_guest_services(hyperv: WBEMConnection) -> None:
    for classname in ("CIM_LogicalDevice", "Msvm_GuestService"):
        assert OLD01 not in {each["SystemName"] for each in hyperv.EnumerateInstanceNames(classname)}


GUEST_SERVICE: Final[dict[str, Any]] = {
    "SystemCreationClassName": "Msvm_ComputerSystem",
    "StartMode": "Manual",
    "RequestedState": 12,
    "EnabledDefault": 2,
    "HealthState": 5,
    "TransitioningToState": 12,  # the class default of 3.2
}
RUNNING: Final = {"Started": True, "EnabledState": 2, "OperationalStatus": [2], "StatusDescriptions": ["OK"], "Status": "OK"}


def test_file_service_of_web01(hyperv: WBEMConnection) -> None:
    service = told(hyperv.GetInstance(of_machine("Msvm_GuestFileService", WEB01, Name=FILES)))
    changed = service.pop("TimeOfLastStateChange")
    machine = computer_system(hyperv, WEB01)
    assert 0 < (changed.datetime - machine["TimeOfLastStateChange"].datetime).total_seconds() < 10
    names = {name: service.pop(name) for name in ("ElementName", "Caption", "Description")}
    assert names == {
        "ElementName": "Guest File Service",
        "Caption": "Guest File Service",
        "Description": "Copies files from the host to the guest",
    }
    keys = {"SystemName": WEB01, "CreationClassName": "Msvm_GuestFileService", "Name": FILES}
    assert service == GUEST_SERVICE | RUNNING | keys


def test_file_service_of_db01_is_stopped(hyperv: WBEMConnection) -> None:
    service = hyperv.GetInstance(of_machine("Msvm_GuestFileService", DB01, Name=FILES))
    assert (service["Started"], service["EnabledState"], service["OperationalStatus"]) == (False, 3, [10])
    assert (service["Status"], service["RequestedState"]) == ("Stopped", 12)


def test_communication_service_of_web01(hyperv: WBEMConnection) -> None:
    service = hyperv.GetInstance(of_machine("Msvm_GuestCommunicationService", WEB01, Name=SESSION))
    expected = GUEST_SERVICE | RUNNING | {"ElementName": "VM Session Service"}
    assert {name: service[name] for name in expected} == expected


def test_these_are_all_guest_services(hyperv: WBEMConnection) -> None:
    found = [(each.classname, NAMES[each["SystemName"]]) for each in hyperv.EnumerateInstanceNames("Msvm_GuestService")]
    assert sorted(found) == [
        ("Msvm_GuestCommunicationService", "web01"),
        ("Msvm_GuestFileService", "db01"),
        ("Msvm_GuestFileService", "web01"),
    ]
