"""Pools of the host: settings for the least, the most and the steps of what they allocate, settings of the pools themselves.

The pools and their default settings are in MOF; what is alike for all of them is made here, and pools that no settings of
machines are allocated from.
"""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import Instance, Transaction

from .resources import (
    ADAPTER,
    CONNECTION,
    DISK_DRIVE,
    DISKETTE,
    DISKETTE_DRIVE,
    DISPLAY,
    DVD_DISK,
    DVD_DRIVE,
    HARD_DISK,
    MEMORY,
    MOUSE,
    ONE,
    PHYSICAL_DRIVE,
    PREFIX,
    PROCESSOR,
    SCSI,
    Kind,
)

HOST_PROCESSORS: Final = 16
"""Logical processors of the host."""
HOST_DISK: Final = 1
"""Number of the disk of the host that virtual machines can have: disk 0 is that of the host itself."""

_ROLES: Final[Mapping[str, int]] = {"Minimum": 1, "Maximum": 2, "Increment": 3}
"""ValueRange of each of the settings; their ValueRole is 3, Supported."""


def _count(most: int) -> dict[str, tuple[int, int, int]]:
    return {"VirtualQuantity": (0, most, 1)}


_AMOUNTS: Final[Mapping[str, Mapping[str, tuple[int, int, int]]]] = {
    PROCESSOR.name: {
        "VirtualQuantity": (1, HOST_PROCESSORS, 1),
        "Reservation": (0, 100_000, 1),
        "Limit": (0, 100_000, 1),
        "Weight": (0, 10_000, 1),
    },
    MEMORY.name: {
        "VirtualQuantity": (32, 1_048_576, 2),
        "Reservation": (32, 1_048_576, 2),
        "Limit": (32, 1_048_576, 2),
        "Weight": (0, 10_000, 1),
        "TargetMemoryBuffer": (5, 2000, 1),
    },
    SCSI.name: _count(4),
    DISKETTE_DRIVE.name: _count(1),
    DISKETTE.name: _count(1),
    **{kind.name: _count(64) for kind in (DISK_DRIVE, PHYSICAL_DRIVE, DVD_DRIVE, HARD_DISK, DVD_DISK, ADAPTER, CONNECTION)},
    MOUSE.name: _count(1),
    DISPLAY.name: _count(1),
}
"""The least, the most and the steps of the properties of each kind."""

_PLAIN: Final = "Msvm_ResourceAllocationSettingData"
_FURTHER: Final = (
    (DISPLAY, "Msvm_ResourcePool", 24),
    (MOUSE, "Msvm_ResourcePool", 13),
    (
        Kind("Synthetic 3D Display Controller", _PLAIN, "06FF76FA-2D58-4BAF-9F8D-455773824F37", "3D Display Controller"),
        "Msvm_Synth3dVideoPool",
        24,
    ),
    (
        Kind("Synthetic FibreChannel Port", _PLAIN, "146C56A0-3546-469B-9737-FCBCF82428F4", "Fibre Channel Port"),
        "Msvm_ResourcePool",
        7,
    ),
    (
        Kind("FibreChannel Connection", _PLAIN, "698F2285-28DC-4438-A147-82D7432C5254", "Fibre Channel Connection"),
        "Msvm_ResourcePool",
        64764,
    ),
)
"""Pools that are not in the MOF files: the kind, the class of the pool, ResourceType."""
_WORKING: Final = {"OperationalStatus": [2], "StatusDescriptions": ["OK"], "HealthState": 5}


def complete_pools(transaction: Transaction) -> None:
    """Create what the pools have besides that of the MOF files."""
    for kind, classname, resource_type in _FURTHER:
        _create_pool(transaction, kind, classname, resource_type)
    for capabilities in transaction.instances("Msvm_AllocationCapabilities"):
        _limit(transaction, capabilities)
    service = next(iter(transaction.instances("Msvm_ResourcePoolConfigurationService")), None)
    for pool in transaction.instances("CIM_ResourcePool"):
        _describe(transaction, pool, service)


def add_host_disk(transaction: Transaction) -> None:
    """Give the host a disk that a virtual machine can have as its own."""
    service = next(iter(transaction.instances("Msvm_VirtualSystemManagementService")), None)
    for host in () if service is None else transaction.associators(service, "Msvm_HostedService", "Msvm_ComputerSystem"):
        title = f"Disk {HOST_DISK}"
        disk = transaction.create(
            "Msvm_DiskDrive",
            {
                "SystemName": host["Name"],
                "DeviceID": f"Microsoft:{PHYSICAL_DRIVE.pool}\\{HOST_DISK}",
                "DriveNumber": HOST_DISK,
                "ElementName": title,
                "Name": title,
            },
        )
        transaction.create("Msvm_SystemDevice", {"GroupComponent": host, "PartComponent": disk})


# Steps


def _create_pool(transaction: Transaction, kind: Kind, classname: str, resource_type: int) -> None:
    typed = {"ResourceType": resource_type, "ResourceSubType": PREFIX + kind.name}
    pool_id = {"PoolID": f"Microsoft:{kind.pool}\\Root"}
    identifier = f"Microsoft:{kind.pool}"
    own = {"InstanceID": identifier, "ElementName": kind.title, "Primordial": True, **_WORKING}
    pool = transaction.create(classname, {**own, **pool_id, **typed})
    abilities = {"RequestTypesSupported": 3, "SharingMode": 3, "SupportedAddStates": [3], "SupportedRemoveStates": [3]}
    capabilities = transaction.create(
        "Msvm_AllocationCapabilities",
        {"InstanceID": identifier, "ElementName": f"{kind.title} Capabilities", **typed, **abilities},
    )
    transaction.create(
        "Msvm_ElementCapabilities", {"ManagedElement": pool, "Capabilities": capabilities, "Characteristics": [2]}
    )
    default = {"InstanceID": _definition(kind.pool, "Default"), "ElementName": kind.title, **ONE, **pool_id, **typed}
    _define(transaction, capabilities, transaction.create(kind.classname, default), 0, 0)


def _limit(transaction: Transaction, capabilities: Instance) -> None:
    """Create the settings for the least, the most and the steps: only what is not NULL in them counts."""
    guid = capabilities["InstanceID"].partition(":")[2]
    name = capabilities["ResourceSubType"].removeprefix(PREFIX)
    default = next(iter(transaction.associators(capabilities, "Msvm_SettingsDefineCapabilities")), None)
    if name not in _AMOUNTS or default is None:
        return
    nothing = {
        prop.name: None for prop in default.cls.properties if not prop.key and not prop.required and prop.default is not None
    }
    same = {each: default[each] for each in ("ElementName", "ResourceType", "ResourceSubType", "PoolID")}
    for place, (role, value_range) in enumerate(_ROLES.items()):
        amounts = {each: values[place] for each, values in _AMOUNTS[name].items()}
        settings = {**nothing, **same, **amounts, "InstanceID": _definition(guid, role)}
        _define(transaction, capabilities, transaction.create(default.cls.name, settings), 3, value_range)


def _definition(guid: str, role: str) -> str:
    return f"Microsoft:Definition\\{guid}\\{role}"


def _define(transaction: Transaction, capabilities: Instance, settings: Instance, role: int, value_range: int) -> None:
    ends: dict[str, Any] = {"GroupComponent": capabilities, "PartComponent": settings}
    numbers = {"ValueRole": role, "ValueRange": value_range, "SupportStatement": 0, "PropertyPolicy": 0}
    transaction.create("Msvm_SettingsDefineCapabilities", ends | numbers)


def _describe(transaction: Transaction, pool: Instance, service: Instance | None) -> None:
    """Create the settings of a pool, and tie it to the service that configures it."""
    names = ("ElementName", "PoolID", "ResourceType", "OtherResourceType", "ResourceSubType")
    settings = transaction.create(
        "Msvm_ResourcePoolSettingData",
        {
            "InstanceID": f"Microsoft:Pool\\{pool['InstanceID'].partition(':')[2]}",
            "LoadBalancingBehavior": 2,
            "MappingBehavior": 2,
            **{name: pool[name] for name in names},
        },
    )
    transaction.create("Msvm_SettingsDefineState", {"ManagedElement": pool, "SettingData": settings})
    if service is not None:
        effects = {"ElementEffects": [5], "OtherElementEffectsDescriptions": []}
        ends = {"AffectedElement": pool, "AffectingElement": service}
        transaction.create("Msvm_ServiceAffectsElement", ends | effects)
