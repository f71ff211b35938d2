"""The population of the simulated iSCSI target server, value by value as a client reads it."""

from typing import Any, Final

import pytest
from pywbem import CIMDateTime, CIMInstance, WBEMConnection

NAMESPACE: Final = "root/cimv2/storage/iscsitarget"
MANAGER: Final[dict[str, Any]] = {
    "SystemCreationClassName": "MSFTSM_System",
    "SystemName": "ISCSISRV01",
    "CreationClassName": "MSFTSM_ObjectManager",
    "Name": "Microsoft:ISCSISRV01:9B0F6C52-2E7D-4D61-8A44-0C6E1F3D5B77",
    "ElementName": "Microsoft iSCSI Target Server",
    "Description": "Microsoft iSCSI Target SMI-S Provider version 1.0.0",
    "Caption": "iSCSI Target Server object manager",
    "OperationalStatus": [2],
    "StatusDescriptions": ["OK"],
    "Status": "OK",
    "HealthState": 5,
    "Started": True,
    "StartMode": "Automatic",
    "EnabledDefault": 2,
    "GatherStatisticalData": True,
    "EnabledState": 2,
    "RequestedState": 2,
    "TimeOfLastStateChange": CIMDateTime("00000000000000.000000:000"),
}
PRINTED_PROPERTIES: Final = 22


def told(instance: CIMInstance) -> dict[str, Any]:
    """Return the properties that are not NULL."""
    return {name: value for name, value in instance.items() if value is not None}


def the_one(conn: WBEMConnection, classname: str) -> CIMInstance:
    (found,) = conn.EnumerateInstances(classname)
    return found


def test_object_manager(iscsi: WBEMConnection) -> None:
    manager = the_one(iscsi, "MSFTSM_ObjectManager")
    assert told(manager) == MANAGER
    assert len(manager.properties) == PRINTED_PROPERTIES  # 5.1: its ancestors give exactly these


SYSTEM_STATES: Final = {"EnabledState": 5, "RequestedState": 12, "EnabledDefault": 2}


@pytest.mark.parametrize(
    ("classname", "expected"),
    [
        (
            "MSFTSM_System",
            {"NameFormat": "Other", "ElementName": "ISCSISRV01", "OperationalStatus": [2], "HealthState": 5} | SYSTEM_STATES,
        ),
        (
            "MSFTSM_ComputerSystem",
            {"NameFormat": "Other", "ElementName": "ISCSISRV01", "Dedicated": [3, 15], "OperationalStatus": [2]}
            | SYSTEM_STATES,
        ),
    ],
)
def test_systems(iscsi: WBEMConnection, classname: str, expected: dict[str, Any]) -> None:
    assert told(the_one(iscsi, classname)) == {"CreationClassName": classname, "Name": "ISCSISRV01"} | expected


@pytest.mark.parametrize("name", [NAMESPACE, "root/interop"])
def test_namespaces(iscsi: WBEMConnection, name: str) -> None:
    (described,) = (each for each in iscsi.EnumerateInstances("MSFTSM_Namespace") if each["Name"] == name)
    assert told(described) == {
        "SystemCreationClassName": "MSFTSM_System",
        "SystemName": "ISCSISRV01",
        "ObjectManagerCreationClassName": "MSFTSM_ObjectManager",
        "ObjectManagerName": MANAGER["Name"],
        "CreationClassName": "MSFTSM_Namespace",
        "Name": name,
        "ClassInfo": 11,
        "ClassType": 2,
        "ClassTypeVersion": "2.14.0",
    }


def test_protocol(iscsi: WBEMConnection) -> None:
    mechanism = the_one(iscsi, "MSFTSM_WSManCommunicationMechanism")
    expected = {
        "CommunicationMechanism": 4,
        "FunctionalProfilesSupported": [2, 3, 5, 6, 7, 9],
        "MultipleOperationsSupported": False,
        "AuthenticationMechanismsSupported": [1],
        "AuthenticationMechanismDescriptions": ["Negotiate"],
        "Version": "1.1",
        "AdvertiseTypes": [2],
    }
    assert {name: mechanism[name] for name in expected} == expected


LINKS: Final = {
    "MSFTSM_HostedService": 1,
    "MSFTSM_NamespaceInManager": 2,
    "MSFTSM_CommMechanismForManager": 1,
    "MSFTSM_HostedAccessPoint": 1,
    "MSISCSITARGET_HostedService": 5,
    "MSISCSITARGET_SystemDevice": 1,
    "MSISCSITARGET_HostedAccessPoint": 3,
    "MSISCSITARGET_BindsTo": 3,
    "MSISCSITARGET_SAPAvailableForElement": 1,
    "MSISCSITARGET_ElementCapabilities": 7,
    "MSISCSITARGET_HostedStoragePool": 1,
    "MSISCSITARGET_StorageSettingsAssociatedToCapabilities": 1,
    "MSFTSMNET_HostedAccessPoint": 2,
    "MSFTSM_ElementConformsToProfileEx": 2,
    "MSFTSM_ElementSoftwareIdentity": 1,
}


@pytest.mark.parametrize("classname", LINKS)
def test_links_and_their_ends(iscsi: WBEMConnection, classname: str) -> None:
    links = iscsi.EnumerateInstances(classname)
    assert len(links) == LINKS[classname]
    for link in links:
        ends = [prop.value for prop in link.properties.values() if prop.type == "reference"]
        assert len(ends) == 2
        assert all(iscsi.GetInstance(end) for end in ends)


def test_the_object_manager_is_linked_to_all_of_it(iscsi: WBEMConnection) -> None:
    manager = the_one(iscsi, "MSFTSM_ObjectManager").path
    (system,) = iscsi.AssociatorNames(manager, AssocClass="CIM_HostedService", ResultRole="Antecedent")
    (mechanism,) = iscsi.AssociatorNames(manager, AssocClass="CIM_CommMechanismForManager")
    namespaces = iscsi.Associators(manager, AssocClass="CIM_NamespaceInManager")
    assert (system.classname, mechanism.classname) == ("MSFTSM_System", "MSFTSM_WSManCommunicationMechanism")
    assert [each["Name"] for each in namespaces] == [NAMESPACE, "root/interop"]


STORAGE_SERVICES: Final = {
    "MSISCSITARGET_ControllerConfigurationService": "ControllerConfiguration",
    "MSISCSITARGET_iSCSIConfigurationService": "iSCSIConfiguration",
    "MSISCSITARGET_StorageConfigurationService": "StorageConfiguration",
    "MSISCSITARGET_ReplicationService": "Replication",
    "MSISCSITARGET_StorageHardwareIDManagementService": "StorageHardwareIDManagement",
}


@pytest.mark.parametrize("classname", STORAGE_SERVICES)
def test_storage_services(iscsi: WBEMConnection, classname: str) -> None:
    service = the_one(iscsi, classname)
    assert told(service) == {
        "SystemCreationClassName": "MSFTSM_ComputerSystem",
        "SystemName": "ISCSISRV01",
        "CreationClassName": classname,
        "Name": STORAGE_SERVICES[classname],
        "Started": True,
        **SYSTEM_STATES,
    }
    (system,) = iscsi.AssociatorNames(service.path, AssocClass="MSISCSITARGET_HostedService")
    assert system.classname == "MSFTSM_ComputerSystem"


def test_profiles_in_interop(interop: WBEMConnection) -> None:
    profiles = interop.EnumerateInstances("MSFTSM_RegisteredProfile") + interop.EnumerateInstances(
        "MSFTSM_RegisteredSubProfile"
    )
    assert [(each["RegisteredOrganization"], each["RegisteredName"], each["RegisteredVersion"]) for each in profiles] == [
        (11, "Server", "1.6.0"),
        (11, "Array", "1.6.0"),
        (11, "iSCSI Target Ports", "1.6.0"),
        (11, "Block Services", "1.6.0"),
        (11, "Masking and Mapping", "1.6.0"),
        (11, "Software", "1.6.0"),
        (11, "Access Points", "1.6.0"),
        (11, "Job Control", "1.6.0"),
        (11, "Replication Services", "1.6.0"),
    ]
    (array,) = (each.path for each in profiles if each["RegisteredName"] == "Array")
    subprofiles = interop.AssociatorNames(array, AssocClass="CIM_SubProfileRequiresProfile", ResultRole="Dependent")
    assert len(subprofiles) == len(profiles) - 2


@pytest.mark.parametrize(("profile", "element"), [("Server", "MSFTSM_ObjectManager"), ("Array", "MSFTSM_ComputerSystem")])
def test_a_profile_leads_into_the_other_namespace_and_back(
    interop: WBEMConnection, iscsi: WBEMConnection, profile: str, element: str
) -> None:
    (registered,) = (
        each for each in interop.EnumerateInstances("MSFTSM_RegisteredProfile") if each["RegisteredName"] == profile
    )
    (conformant,) = interop.Associators(registered.path, AssocClass="MSFTSM_ElementConformsToProfile")
    assert (conformant.path.namespace, conformant.classname) == (NAMESPACE, element)
    (back,) = iscsi.AssociatorNames(conformant.path, AssocClass="MSFTSM_ElementConformsToProfileEx")
    assert (back.namespace, back["InstanceID"]) == ("root/interop", registered["InstanceID"])


def test_there_is_one_object_manager_in_interop_and_its_mechanism_is_cim_xml(interop: WBEMConnection) -> None:
    assert len(interop.EnumerateInstanceNames("CIM_ObjectManager")) == 1
    mechanism = the_one(interop, "CIM_CIMXMLCommunicationMechanism")
    assert (mechanism["CommunicationMechanism"], mechanism["AuthenticationMechanismsSupported"]) == (2, [3])
    assert mechanism["Version"] == "1.0"
