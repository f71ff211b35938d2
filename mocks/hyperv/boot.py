r"""What the firmware of a virtual machine of generation 2 boots from, and in which order.

Each drive and each network adapter has a boot source, which Msvm_LogicalIdentity ties to its settings. BootSourceOrder of the
settings of the machine holds their paths.
"""

from collections.abc import Sequence
from typing import Any, Final

from cimsim.providers import Instance, InstancePath, Transaction

from .object_paths import identifier_in, object_path
from .topology import machine_of_settings, machine_settings

CLASS: Final = "Msvm_BootSourceSettingData"
ORDER: Final = (1, 2, 3, 0)
"""BootOrder of generation 1: DVD, hard drive on IDE, network, floppy disk."""

_BUS: Final = r"\AcpiEx(VMBus,0,0)\VenHw(9B17E5A2-0891-42DD-B653-80B5C22809BA"
_SCSI: Final = "D96361BAA104294DB60572E2FFB1DC7F"
_NETWORK: Final = "635161F83EDFC546913FF2D2F965ED0E"
"""The bus and the kinds of device on it, as the firmware knows them."""


def boot_source(transaction: Transaction, resource: Instance) -> Instance | None:
    """Return the boot source of a resource, None if there is none."""
    path = InstancePath(CLASS, (("InstanceID", f"{resource['InstanceID']}\\B"),), transaction.namespace)
    return transaction.world.find(path.identity)


def add_boot_source(transaction: Transaction, system: Instance, resource: Instance, *, network: bool) -> None:
    """Let the firmware of a machine boot from a resource: last of all."""
    source = transaction.create(
        CLASS,
        {
            "InstanceID": f"{resource['InstanceID']}\\B",
            "ElementName": resource["ElementName"],
            "Caption": "Boot Source",
            "Description": "Settings of a boot source of the virtual machine.",
            "BootSourceType": 2 if network else 1,
            "BootSourceDescription": "EFI Network" if network else "EFI SCSI Device",
            "FirmwareDevicePath": _firmware_path(resource, network=network),
            "OtherLocation": "",
        },
    )
    transaction.create("Msvm_LogicalIdentity", {"SystemElement": resource, "SameElement": source})
    order = transaction.get(system)["BootSourceOrder"] or ()
    transaction.modify(system, BootSourceOrder=[*order, object_path(transaction, source)])


def remove_boot_source(transaction: Transaction, resource: Instance) -> None:
    """Take a resource that goes out of the order in which the firmware boots."""
    source = boot_source(transaction, resource)
    if source is None:
        return
    machine = machine_of_settings(transaction, resource)
    system = None if machine is None else machine_settings(transaction, machine)
    if system is not None:
        gone = source["InstanceID"].casefold()
        order = [each for each in system["BootSourceOrder"] or () if identifier_in(each) != gone]
        transaction.modify(system, BootSourceOrder=order)
    transaction.delete(source)


def is_order(transaction: Transaction, system: Instance, name: str, order: Sequence[Any]) -> bool:
    """Return whether a boot order names what can be booted from, each once.

    Args:
        transaction: of the call.
        system: settings of the machine.
        name: BootOrder or BootSourceOrder.
        order: the value that it shall have.
    """
    if name == "BootOrder":
        return sorted(order) == sorted(ORDER)
    known = {identifier_in(each) for each in system["BootSourceOrder"] or ()}
    named = [identifier_in(each or "") for each in order]
    return len(set(named)) == len(named) and known.issuperset(named)


def _firmware_path(resource: Instance, *, network: bool) -> str:
    unit = resource["InstanceID"].split("\\")[1].replace("-", "").upper()
    if network:
        return rf"{_BUS},{_NETWORK}{unit})\MAC({resource['Address'] or ''},0x0)"
    return rf"{_BUS},{_SCSI}{unit})\Scsi(0x0,0x{int(resource['AddressOnParent'] or 0):X})"
