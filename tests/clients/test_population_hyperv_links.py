"""The host services of the simulated Hyper-V host and the links between its elements."""

from typing import Final

import pytest
from pywbem import CIMInstanceName, WBEMConnection

WEB01: Final = "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"
DB01: Final = "7D94B2E3-05C6-4F7A-A1D8-2B7F1C8E3A02"
OLD01: Final = "C0A8E4F5-6D17-4B8C-B2E9-3C801D9F4B03"
NAMES: Final = {WEB01: "web01", DB01: "db01", OLD01: "old01"}
INTERFACE: Final = CIMInstanceName(
    "Msvm_GuestServiceInterfaceComponent",
    {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": WEB01,
        "CreationClassName": "Msvm_GuestServiceInterfaceComponent",
        "DeviceID": "Microsoft:6C09BB55-D683-4DA0-8931-C9BF705F6480",
    },
)


def machine_path(guid: str) -> CIMInstanceName:
    return CIMInstanceName("Msvm_ComputerSystem", {"CreationClassName": "Msvm_ComputerSystem", "Name": guid})


HOST_SERVICES: Final = {
    "Msvm_VirtualSystemManagementService": ("vmms", 2),
    "Msvm_ImageManagementService": ("vhdsvc", 2),
    "Msvm_VirtualSystemSnapshotService": ("vssnapsvc", 2),
    "Msvm_TerminalService": ("termsvc", 2),
    "Msvm_MetricService": ("metricsvc", 2),
    "Msvm_VirtualSystemMigrationService": ("migrationwmi", 2),
    "Msvm_ReplicationService": ("replicasvc", 2),
    "Msvm_ResourcePoolConfigurationService": ("poolcfgsvc", 2),
    "Msvm_VirtualEthernetSwitchManagementService": ("nvspwmi", 5),
    # Optional ones.
    "Msvm_SecurityService": ("securitysvc", 2),
    "Msvm_CollectionManagementService": ("collectionsvc", 2),
    "Msvm_TransparentBridgingService": ("bridgingsvc", 5),
    "Msvm_Synthetic3DService": ("synth3d", 2),
}


@pytest.mark.parametrize("classname", HOST_SERVICES)
def test_a_host_service(hyperv: WBEMConnection, classname: str) -> None:
    (service,) = hyperv.EnumerateInstances(classname)
    name, state = HOST_SERVICES[classname]
    expected = {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": "HVHOST01",
        "CreationClassName": classname,
        "Name": name,
        "EnabledState": state,
        "RequestedState": 12,
        "EnabledDefault": 2,
        "Started": True,
    }
    assert {name: service[name] for name in expected} == expected


def test_texts_of_the_management_service(hyperv: WBEMConnection) -> None:
    (service,) = hyperv.EnumerateInstances("Msvm_VirtualSystemManagementService")
    assert service["ElementName"] == "Hyper-V Virtual System Management Service"
    assert service["Caption"] == "Virtual System Management Service"
    assert service["Description"] == "Service for creating, manipulating, and managing virtual machines"
    assert (service["OperationalStatus"], service["HealthState"]) == ([2], 5)
    assert service["StatusDescriptions"] == ["The service is running normally"]


POOLS: Final = 17
LINKS: Final = {
    "Msvm_HostedService": len(HOST_SERVICES),
    "Msvm_HostedDependency": 3,
    "Msvm_ServiceAffectsElement": 3 + POOLS,
    "Msvm_SystemDevice": 12 + 12 + 11 + 1,  # components, devices of web01 and of db01, a disk of the host
    "Msvm_SettingsDefineState": 3 + 12 + 11 + 10 + POOLS,
    "Msvm_ElementAllocatedFromPool": 10 + 9,
    "Msvm_VideoHeadOnController": 2,
    "Msvm_LogicalIdentity": 3 * 3,
    "Msvm_ElementSettingData": 12,
    # Components; processors, memory, keyboard, mouse, display, controller, two drives, disk, network; one more disk.
    "Msvm_VirtualSystemSettingDataComponent": 18 + 3 * 11 + 1,
    "Msvm_RegisteredGuestService": 2 + 1,  # that of db01's file service besides
    "Msvm_GuestServiceInterfaceSettingDataComponent": 2,
}


@pytest.mark.parametrize("classname", LINKS)
def test_count_of_links(hyperv: WBEMConnection, classname: str) -> None:
    assert len(hyperv.EnumerateInstanceNames(classname)) == LINKS[classname]


@pytest.mark.longer
def test_every_link_has_two_ends_that_exist(hyperv: WBEMConnection) -> None:
    found = set()
    for classname in LINKS:
        for link in hyperv.EnumerateInstances(classname):
            ends = [prop.value for prop in link.properties.values() if prop.type == "reference"]
            assert len(ends) == 2
            found.update(ends)
    assert all(hyperv.GetInstance(end) for end in found)


@pytest.mark.parametrize(("guid", "components"), [(WEB01, 6), (DB01, 6), (OLD01, 0)], ids=NAMES.values())
def test_components_and_settings_of_a_machine(hyperv: WBEMConnection, guid: str, components: int) -> None:
    machine = machine_path(guid)
    devices = hyperv.AssociatorNames(machine, AssocClass="Msvm_SystemDevice")
    found = [each for each in devices if each.classname.endswith("Component")]
    assert len(found) == components
    assert bool(devices) == bool(found)
    for component in found:
        (by_state,) = hyperv.AssociatorNames(component, AssocClass="Msvm_SettingsDefineState")
        (by_element,) = hyperv.AssociatorNames(component, AssocClass="Msvm_ElementSettingData")
        assert by_state == by_element
    (settings,) = hyperv.AssociatorNames(machine, AssocClass="Msvm_SettingsDefineState")
    assert len(hyperv.AssociatorNames(settings, AssocClass="Msvm_VirtualSystemSettingDataComponent")) == 6 + 11 + (
        guid == WEB01
    )


def test_flags_of_element_settings(hyperv: WBEMConnection) -> None:
    for link in hyperv.EnumerateInstances("Msvm_ElementSettingData"):
        assert (link["IsCurrent"], link["IsDefault"], link["IsNext"]) == (1, 1, 0)


def test_the_management_service_affects_the_machines(hyperv: WBEMConnection) -> None:
    links = hyperv.EnumerateInstances("Msvm_ServiceAffectsElement")
    machines = [link for link in links if link["AffectedElement"].classname == "Msvm_ComputerSystem"]
    assert {link["AffectingElement"]["Name"] for link in machines} == {"vmms"}
    assert {link["AffectedElement"]["Name"] for link in machines} == set(NAMES)
    assert {link["AffectingElement"]["Name"] for link in links if link not in machines} == {"poolcfgsvc"}
    assert [link["ElementEffects"] for link in links] == [[5]] * len(links)


def test_guest_services_of_the_interface_of_web01(hyperv: WBEMConnection) -> None:
    services = hyperv.AssociatorNames(INTERFACE, AssocClass="Msvm_RegisteredGuestService")
    assert [each.classname for each in services] == ["Msvm_GuestFileService", "Msvm_GuestCommunicationService"]


def test_the_registered_profile_leads_to_the_host(interop: WBEMConnection) -> None:
    (profile,) = interop.EnumerateInstances("Msvm_RegisteredProfile")
    assert (profile["RegisteredOrganization"], profile["RegisteredName"]) == (2, "System Virtualization")
    (host,) = interop.AssociatorNames(profile.path, AssocClass="Msvm_StandaloneV2ElementConformsToProfile")
    assert (host.namespace, host.classname, host["Name"]) == ("root/virtualization/v2", "Msvm_ComputerSystem", "HVHOST01")
