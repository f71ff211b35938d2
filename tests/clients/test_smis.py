"""A client of SMI-S: from the profile "Array" to the system, its pools and what they are able to do (providers 2.1, 2.2, 6)."""

from typing import TYPE_CHECKING, Any, Final

import pytest
from pywbem import CIMInstanceName, WBEMConnection

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Server

SNIA: Final = 11
STORAGE: Final = "root/cimv2/storage/iscsitarget"
# What a client asks for under the profiles that the server registers; it gives up on a class that is unknown.
ENUMERATED: Final = {
    "CIM_ComputerSystem": 1,
    "CIM_StoragePool": 1,
    "CIM_StorageVolume": 0,
    "CIM_StorageExtent": 0,
    "CIM_DiskDrive": 0,
    "CIM_EthernetPort": 0,
    "CIM_SCSIProtocolController": 1,
    "CIM_iSCSIProtocolEndpoint": 1,
    "CIM_StorageHardwareID": 0,
    "CIM_StorageClientSettingData": 0,
    "CIM_AuthorizedPrivilege": 0,
    "CIM_StorageConfigurationService": 1,
    "CIM_ControllerConfigurationService": 1,
    "CIM_StorageHardwareIDManagementService": 1,
    "CIM_ReplicationService": 1,
    "CIM_StorageReplicationCapabilities": 0,
    "CIM_RemoteServiceAccessPoint": 0,
    "CIM_ConcreteJob": 0,
}
FOLLOWED: Final = (
    ("CIM_AllocatedFromStoragePool", "CIM_StorageVolume"),
    ("CIM_SystemDevice", "CIM_DiskDrive"),
    ("CIM_MediaPresent", "CIM_StorageExtent"),
    ("CIM_DeviceSAPImplementation", "CIM_EthernetPort"),
    ("CIM_ProtocolControllerForUnit", "CIM_StorageVolume"),
    ("CIM_ConcreteDependency", "CIM_SCSIProtocolController"),
    ("CIM_AuthorizedTarget", "CIM_AuthorizedPrivilege"),
    ("CIM_AuthorizedSubject", "CIM_StorageHardwareID"),
    ("CIM_AssociatedPrivilege", "CIM_StorageHardwareID"),
    ("CIM_ElementSettingData", "CIM_StorageSetting"),
    ("CIM_StorageSynchronized", "CIM_StorageVolume"),
    ("CIM_InstalledSoftwareIdentity", "CIM_SoftwareIdentity"),
    ("CIM_OwningJobElement", "CIM_ConcreteJob"),
)


class Array:
    """What such a client keeps: the connection, and the system that the profile leads to."""

    def __init__(self, conn: WBEMConnection) -> None:
        self.conn = conn
        self.profiles = {
            each["RegisteredName"]: each
            for each in conn.EnumerateInstances("CIM_RegisteredProfile", namespace="root/interop", LocalOnly=False)
            if each["RegisteredOrganization"] == SNIA
        }
        found = self.follow(self.profiles["Array"].path, "CIM_ElementConformsToProfile", "CIM_ComputerSystem")
        (self.system,) = found

    def follow(self, path: CIMInstanceName, association: str, classname: str) -> list[Any]:
        found: list[Any] = self.conn.Associators(path, AssocClass=association, ResultClass=classname)
        return found


@pytest.fixture(scope="module")
def array(connect: "Connect", server: "Server") -> Array:
    return Array(connect(server, "root/interop"))


def test_versions_are_numbers_and_dots(array: Array) -> None:
    for profile in array.profiles.values():
        assert [int(part) >= 0 for part in profile["RegisteredVersion"].split(".")] == [True] * 3
    assert {"Block Services", "Masking and Mapping", "iSCSI Target Ports", "Job Control"} <= set(array.profiles)


def test_d5_the_system_and_its_pool(array: Array) -> None:
    assert (array.system.path.namespace, array.system["ElementName"]) == (STORAGE, "ISCSISRV01")
    (pool,) = array.follow(array.system.path, "CIM_HostedStoragePool", "CIM_StoragePool")
    assert (pool["Primordial"], pool["Usage"], pool["OperationalStatus"]) == (False, 2, [2])
    assert pool["TotalManagedSpace"] == pool["RemainingManagedSpace"] > 0
    assert (pool["PoolID"], pool["SystemName"]) == ("E:", array.system["Name"])
    (back,) = array.follow(pool.path, "CIM_HostedStoragePool", "CIM_ComputerSystem")
    assert back.path == array.system.path


def test_pool_and_services_have_their_capabilities(array: Array) -> None:
    (pool,) = array.follow(array.system.path, "CIM_HostedStoragePool", "CIM_StoragePool")
    (abilities,) = array.follow(pool.path, "CIM_ElementCapabilities", "CIM_StorageConfigurationCapabilities")
    assert abilities["SupportedStorageElementTypes"] == [2]
    assert abilities["SupportedStorageElementFeatures"] == [3, 5, 6, 12]
    (redundancy,) = array.follow(pool.path, "CIM_ElementCapabilities", "CIM_StorageCapabilities")
    (setting,) = array.follow(redundancy.path, "CIM_StorageSettingsAssociatedToCapabilities", "CIM_StorageSetting")
    assert (redundancy["DataRedundancyDefault"], setting["DataRedundancyGoal"]) == (1, 1)
    expected = {
        "CIM_StorageConfigurationService": (
            "CIM_StorageConfigurationCapabilities",
            "SupportedSynchronousActions",
            [5, 6, 7, 8],
        ),
        "CIM_ControllerConfigurationService": ("CIM_ProtocolControllerMaskingCapabilities", "PortsPerView", 2),
        "CIM_ReplicationService": ("CIM_ReplicationServiceCapabilities", "SupportedReplicationTypes", [6]),
    }
    for classname, (capabilities, name, value) in expected.items():
        (service,) = array.conn.EnumerateInstances(classname, namespace=STORAGE)
        assert service["SystemName"] == array.system["Name"]
        (found,) = array.follow(service.path, "CIM_ElementCapabilities", capabilities)
        assert found[name] == value
    assert len(array.follow(array.system.path, "CIM_ElementCapabilities", "CIM_iSCSICapabilities")) == 1


@pytest.mark.parametrize("classname", ENUMERATED)
def test_d5_what_is_asked_for_exists(array: Array, classname: str) -> None:
    assert len(array.conn.EnumerateInstances(classname, namespace=STORAGE)) == ENUMERATED[classname]


@pytest.mark.parametrize(("association", "classname"), FOLLOWED)
def test_d5_what_is_followed_exists(array: Array, association: str, classname: str) -> None:
    assert array.follow(array.system.path, association, classname) == []
