"""Devices of a running virtual machine: made from the settings of its resources when it comes up, deleted when it goes down."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from cimsim.providers import (
    DISABLED,
    ENABLED,
    NOT_SUPPORTED,
    Instance,
    InstancePath,
    Invocation,
    Provider,
    Transaction,
    unsupported,
)

from .resources import (
    ADAPTER,
    DISK_DRIVE,
    DISKETTE,
    DISPLAY,
    DVD_DISK,
    DVD_DRIVE,
    HARD_DISK,
    IDE,
    KEYBOARD,
    MEMORY,
    PHYSICAL_DRIVE,
    PROCESSOR,
    S3_DISPLAY,
    SCSI,
    Kind,
    kind_of,
)
from .topology import component_settings

CLASSES: Final[Mapping[str, str]] = {
    kind.name: classname
    for kind, classname in (
        (PROCESSOR, "Msvm_Processor"),
        (MEMORY, "Msvm_Memory"),
        (IDE, "Msvm_IDEController"),
        (SCSI, "Msvm_SCSIProtocolController"),
        (DISK_DRIVE, "Msvm_DiskDrive"),
        (PHYSICAL_DRIVE, "Msvm_DiskDrive"),
        (DVD_DRIVE, "Msvm_DVDDrive"),
        (HARD_DISK, "Msvm_LogicalDisk"),
        (DVD_DISK, "Msvm_LogicalDisk"),
        (DISKETTE, "Msvm_LogicalDisk"),
        (ADAPTER, "Msvm_SyntheticEthernetPort"),
        (DISPLAY, "Msvm_SyntheticDisplayController"),
        (S3_DISPLAY, "Msvm_S3DisplayController"),
    )
}
"""The class of the devices of each kind of resource; the others have no devices here."""
KEYBOARD_CLASS: Final = "Msvm_Keyboard"
POOLS: Final = ("Msvm_ResourcePool", "Msvm_ProcessorPool")

_KEYBOARD_ID: Final = "Microsoft:" + KEYBOARD.own.partition("\\")[0]
_SPEED: Final = 10_000_000_000
_SCREEN: Final = {
    "CurrentHorizontalResolution": 1024,
    "CurrentVerticalResolution": 768,
    "CurrentBitsPerPixel": 32,
    "CurrentScanMode": 4,
}


class _Made(msgspec.Struct, frozen=True):
    """A device to make: its class, DeviceID and properties beyond the defaults of the class."""

    classname: str
    identifier: str
    properties: Mapping[str, Any]


def create_devices(transaction: Transaction, machine: Instance) -> None:
    """Create the devices that the settings of a machine call for, and its keyboard."""
    keyboard = None
    for settings in component_settings(transaction, machine):
        kind = kind_of(settings)
        if kind is KEYBOARD:
            keyboard = settings
        elif kind is not None:
            _create(transaction, machine, kind, settings)
    transaction.serial(epoch_name(machine["Name"]))
    _link(transaction, machine, _device(transaction, machine, _Made(KEYBOARD_CLASS, _KEYBOARD_ID, {})), keyboard, None)


def add_devices(transaction: Transaction, machine: Instance, settings: Instance) -> None:
    """Create the devices of a resource that is added to a machine; none while the machine is not up."""
    kind = kind_of(settings)
    if kind is not None and is_up(machine):
        _create(transaction, machine, kind, settings)


def remove_devices(transaction: Transaction, settings: Instance) -> None:
    """Delete the devices of a resource that is removed."""
    for device in devices_of(transaction, settings):
        for head in transaction.associators(device, "Msvm_VideoHeadOnController", role="Antecedent"):
            transaction.delete(head)
        transaction.delete(device)


def follow_settings(transaction: Transaction, settings: Instance) -> None:
    """Bring the devices of a resource in line with its settings, which have changed."""
    kind = kind_of(settings)
    made = {each.identifier: each for each in _wanted(kind, settings)} if kind is not None else {}
    for device in devices_of(transaction, settings):
        if device["DeviceID"] in made:
            transaction.modify(device, **made[device["DeviceID"]].properties)


def devices_of(transaction: Transaction, settings: Instance) -> list[Instance]:
    """Return the devices of a resource: none while its machine is not up."""
    return transaction.associators(settings, "Msvm_SettingsDefineState", "CIM_LogicalDevice", role="SettingData")


def is_up(machine: Instance) -> bool:
    """Return whether a machine has devices: it runs, or is paused."""
    return machine["ProcessID"] is not None


def epoch_name(guid: str) -> str:
    """Return the name of the counter that tells the keyboards of a machine apart, which come and go with it."""
    return f"keyboard {guid}"


# Steps


def _create(transaction: Transaction, machine: Instance, kind: Kind, settings: Instance) -> None:
    pool = _pool(transaction, kind)
    for each in _wanted(kind, settings):
        device = _device(transaction, machine, each)
        _link(transaction, machine, device, settings, pool)
        if kind in (DISPLAY, S3_DISPLAY):
            _add_head(transaction, machine, device)


def _wanted(kind: Kind, settings: Instance) -> list[_Made]:
    classname = CLASSES.get(kind.name)
    if classname is None:
        return []
    # Microsoft:MACHINE\REST is the InstanceID of settings.
    identifier = "Microsoft:" + settings["InstanceID"].partition("\\")[2]
    if kind is PROCESSOR:
        base = identifier.rpartition("\\")[0]
        count = settings["VirtualQuantity"] or 1
        return [_Made(classname, f"{base}\\{number}", _properties(kind, settings)) for number in range(count)]
    if kind is MEMORY:
        identifier += "\\0"
    return [_Made(classname, identifier, _properties(kind, settings))]


def _properties(kind: Kind, settings: Instance) -> dict[str, Any]:
    title = settings["ElementName"]
    if kind is PROCESSOR:
        return {"ElementName": title, "LoadPercentage": 0, "LoadPercentageHistory": [0]}
    if kind is MEMORY:
        return {"ElementName": title, "NumberOfBlocks": settings["VirtualQuantity"]}
    if kind is ADAPTER:
        address = settings["Address"]
        return {
            "ElementName": title,
            "Name": title,
            "PermanentAddress": address,
            "NetworkAddresses": None if address is None else [address],
            "Speed": _SPEED,
            "MaxSpeed": _SPEED,
            "LinkTechnology": 2,
            "FullDuplex": True,
        }
    if kind in (IDE, HARD_DISK, DVD_DISK, DISKETTE):
        return {"ElementName": title, "Caption": title, "Name": title, **_text(kind)}
    return {}


def _text(kind: Kind) -> dict[str, str]:
    return {} if kind is IDE else {"Description": f"Microsoft Virtual {kind.title}"}


def _device(transaction: Transaction, machine: Instance, made: _Made) -> Instance:
    own = {"SystemName": machine["Name"], "DeviceID": made.identifier}
    device = transaction.create(made.classname, {**own, **made.properties})
    transaction.create("Msvm_SystemDevice", {"GroupComponent": machine, "PartComponent": device})
    return device


def _link(
    transaction: Transaction, machine: Instance, device: Instance, settings: Instance | None, pool: Instance | None
) -> None:
    if settings is not None:
        transaction.create("Msvm_SettingsDefineState", {"ManagedElement": device, "SettingData": settings})
    if pool is not None:
        transaction.create("Msvm_ElementAllocatedFromPool", {"Antecedent": pool, "Dependent": device})


def _pool(transaction: Transaction, kind: Kind) -> Instance | None:
    for classname in POOLS if kind.pool else ():
        path = InstancePath(classname, (("InstanceID", f"Microsoft:{kind.pool}"),), transaction.namespace)
        found = transaction.world.find(path.identity)
        if found is not None:
            return found
    return None


def _add_head(transaction: Transaction, machine: Instance, controller: Instance) -> None:
    """Give a display controller its head: the one that the guest uses is enabled, and has a resolution."""
    used = controller["EnabledState"] == ENABLED
    screen = {"EnabledState": ENABLED, **_SCREEN} if used else {"EnabledState": DISABLED}
    head = _device(transaction, machine, _Made("Msvm_VideoHead", f"{controller['DeviceID']}\\Head\\0", screen))
    transaction.create("Msvm_VideoHeadOnController", {"Antecedent": controller, "Dependent": head})


class Device(Provider):
    """A device of a virtual machine: its methods are there, and not supported."""

    def RequestStateChange(self, call: Invocation) -> int:
        """Not supported: a device is created and deleted with its machine."""
        return NOT_SUPPORTED

    def Reset(self, call: Invocation) -> int:
        """Not supported."""
        return unsupported(call, self.settings["not_supported_answer"])

    def SetPowerState(self, call: Invocation) -> int:
        """Not supported."""
        return unsupported(call, self.settings["not_supported_answer"])
