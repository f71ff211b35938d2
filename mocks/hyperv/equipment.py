"""The equipment of the shipped and the generated virtual machines, beyond what every machine has: disk, DVD drive, network."""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import Instance, Transaction

from .object_paths import object_path
from .resources import (
    ADAPTER,
    CONNECTION,
    DISK_DRIVE,
    DVD_DISK,
    DVD_DRIVE,
    HARD_DISK,
    SCSI,
    Kind,
    create_resource,
    new_identifier,
    next_address,
)
from .system_values import DISKS, derived

SETUP_DISK: Final = r"C:\ProgramData\Microsoft\Windows\ISO\setup.iso"


def equip(transaction: Transaction, system: Instance, *, connected: bool = True, medium: str | None = None) -> None:
    """Give a virtual machine of generation 2 a disk and a DVD drive on a SCSI controller, and a network adapter.

    Args:
        transaction: where, in the namespace of the machine.
        system: settings of the machine.
        connected: whether the adapter is connected with the first switch of the host, if there is one.
        medium: the file of the disk in the DVD drive, None for an empty drive.
    """
    guid = system["VirtualSystemIdentifier"]
    base = system["InstanceID"]
    controller = derived(guid, "controller")
    scsi = create_resource(
        transaction, system, SCSI, f"{base}\\{controller}\\0", {"VirtualSystemIdentifiers": [f"{{{controller.lower()}}}"]}
    )
    drive = _attach(transaction, system, DISK_DRIVE, scsi, {"AddressOnParent": "0"})
    _attach(transaction, system, HARD_DISK, drive, {"HostResource": [rf"{DISKS}\{system['ElementName']}.vhdx"]})
    drive = _attach(transaction, system, DVD_DRIVE, scsi, {"AddressOnParent": "1"})
    if medium is not None:
        _attach(transaction, system, DVD_DISK, drive, {"HostResource": [medium]})
    adapter = derived(guid, "adapter")
    own = {"Address": next_address(transaction), "VirtualSystemIdentifiers": [f"{{{adapter.lower()}}}"]}
    port = create_resource(transaction, system, ADAPTER, f"{base}\\{adapter}", own)
    _attach(transaction, system, CONNECTION, port, _connection(transaction, connected=connected))


def _attach(transaction: Transaction, system: Instance, kind: Kind, parent: Instance, values: Mapping[str, Any]) -> Instance:
    identifier = new_identifier(transaction, system, kind, parent, values.get("AddressOnParent", "0"))
    return create_resource(transaction, system, kind, identifier, {**values, "Parent": object_path(transaction, parent)})


def _connection(transaction: Transaction, *, connected: bool) -> dict[str, Any]:
    switches = transaction.instances("Msvm_VirtualEthernetSwitch") if connected else []
    if not switches:
        return {"EnabledState": 3}
    return {"HostResource": [object_path(transaction, switches[0])], "LastKnownSwitchName": switches[0]["ElementName"]}
