r"""The resources of virtual machines: their kinds, which is attached to which, and how they are created and found.

Only settings are simulated: there are no disks, and a machine that runs has no devices for them. What a client leaves out
comes from the settings ``Microsoft:Definition\GUID\Default`` of the kind.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pywbem import CIMInstance

from cimsim.providers import Instance, InstancePath, Transaction, fold

from .topology import component_settings, machine_settings, management_service

PREFIX: Final = "Microsoft:Hyper-V:"
GENERATIONS: Final = {1: f"{PREFIX}SubType:1", 2: f"{PREFIX}SubType:2"}
"""VirtualSystemSubType of each generation of virtual machines."""
COMPONENT: Final = "Msvm_VirtualSystemSettingDataComponent"

_PLAIN: Final = "Msvm_ResourceAllocationSettingData"
_STORAGE: Final = "Msvm_StorageAllocationSettingData"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource.

    Attributes:
        name: ResourceSubType after ``PREFIX``.
        classname: class of its settings.
        guid: of its pool and its default settings; of the resource itself where it is fixed.
        parents: the kinds that it can be attached to; none: it belongs to the machine itself.
        places: how many resources can be attached to it.
        limit: most in a machine, None for as many as there are places.
        fixed: whether it is created and deleted only with the machine.
    """

    name: str
    classname: str
    guid: str
    parents: tuple["Kind", ...] = ()
    places: int = 0
    limit: int | None = None
    fixed: bool = False


PROCESSOR: Final = Kind("Processor", "Msvm_ProcessorSettingData", "B637F346-6A0E-4DEC-AF52-BD70CB80A21D", fixed=True)
MEMORY: Final = Kind("Memory", "Msvm_MemorySettingData", "4764334D-E001-4176-82EE-5594EC9B530E", fixed=True)
IDE: Final = Kind("Emulated IDE Controller", _PLAIN, "83F8638B-8DCA-4152-9EDA-2CA8B33039B4", places=2, fixed=True)
SCSI: Final = Kind("Synthetic SCSI Controller", _PLAIN, "D422512D-2BF2-4752-809D-7B82B5FCB1B4", places=64, limit=4)
DISKETTE_CONTROLLER: Final = Kind(
    "Virtual Diskette Controller", _PLAIN, "8F0D2762-0B00-4E04-AF4F-19010527CB93", places=1, fixed=True
)
DISKETTE_DRIVE: Final = Kind(
    "Synthetic Diskette Drive",
    _PLAIN,
    "2B4E5F70-6B1C-4C8E-9A35-0F1D7E2C4A01",
    (DISKETTE_CONTROLLER,),
    places=1,
    fixed=True,
)
DISK_DRIVE: Final = Kind("Synthetic Disk Drive", _PLAIN, "118C3BE5-0D31-4804-85F0-5C6074ABEA8F", (IDE, SCSI), places=1)
PHYSICAL_DRIVE: Final = Kind("Physical Disk Drive", _PLAIN, "353B3BE8-310C-4CF4-839E-4E1B14616136", (IDE, SCSI))
DVD_DRIVE: Final = Kind("Synthetic DVD Drive", _PLAIN, "2B4E5F70-6B1C-4C8E-9A35-0F1D7E2C4A02", (IDE, SCSI), places=1)
HARD_DISK: Final = Kind("Virtual Hard Disk", _STORAGE, "2B4E5F70-6B1C-4C8E-9A35-0F1D7E2C4A03", (DISK_DRIVE,))
DVD_DISK: Final = Kind("Virtual CD/DVD Disk", _STORAGE, "2B4E5F70-6B1C-4C8E-9A35-0F1D7E2C4A04", (DVD_DRIVE,))
DISKETTE: Final = Kind("Virtual Floppy Disk", _STORAGE, "2B4E5F70-6B1C-4C8E-9A35-0F1D7E2C4A05", (DISKETTE_DRIVE,))
ADAPTER: Final = Kind(
    "Synthetic Ethernet Port",
    "Msvm_SyntheticEthernetPortSettingData",
    "6A45335D-4C3A-44B7-B61F-C9808BBDF8ED",
    places=1,
    limit=8,
)
CONNECTION: Final = Kind(
    "Ethernet Connection", "Msvm_EthernetPortAllocationSettingData", "72027ECE-E44A-446E-AF2B-8D8C4B8A2279", (ADAPTER,)
)
SERIAL_PORT: Final = Kind("Serial Port", "Msvm_SerialPortSettingData", "8E3A359F-559A-4B6A-98A9-1690A6100ED7", fixed=True)

KINDS: Final = (
    PROCESSOR,
    MEMORY,
    IDE,
    SCSI,
    DISKETTE_CONTROLLER,
    DISKETTE_DRIVE,
    DISK_DRIVE,
    PHYSICAL_DRIVE,
    DVD_DRIVE,
    HARD_DISK,
    DVD_DISK,
    DISKETTE,
    ADAPTER,
    CONNECTION,
    SERIAL_PORT,
)
CLASSES: Final = tuple(dict.fromkeys(kind.classname for kind in KINDS))
DRIVES: Final = (DISK_DRIVE, PHYSICAL_DRIVE, DVD_DRIVE)
MEDIA: Final = (HARD_DISK, DVD_DISK, DISKETTE)

_BY_NAME: Final[Mapping[str, Kind]] = {fold(PREFIX + kind.name): kind for kind in KINDS}
_ALONE: Final[Mapping[str, Kind]] = {fold(kind.classname): kind for kind in KINDS if kind.classname not in (_PLAIN, _STORAGE)}
_NAMED: Final = re.compile(r"""InstanceID=(?:"(.*)"|'(.*)')\s*""", re.DOTALL)


def kind_of(settings: Instance | CIMInstance) -> Kind | None:
    """Return the kind of resource that settings are of: as ResourceSubType says, or their class where that is enough."""
    classname = settings.classname if isinstance(settings, CIMInstance) else settings.cls.name
    known = "ResourceSubType" in settings
    name = settings["ResourceSubType"] if known else None
    return _BY_NAME.get(fold(name)) if name else _ALONE.get(fold(classname))


def identifier_in(text: str) -> str:
    """Return the InstanceID, folded, that an object path of Windows names, or the text itself if it is not a path."""
    match = _NAMED.search(text)
    if match is None:
        return text.casefold()
    return (match[1] or match[2] or "").replace("\\\\", "\\").casefold()


def object_path(transaction: Transaction, settings: Instance) -> str:
    """Return the path of settings as Windows writes it into text."""
    service = management_service(transaction)
    host = service["SystemName"] if service is not None else "."
    identifier = settings["InstanceID"].replace("\\", "\\\\")
    return f'\\\\{host}\\root\\virtualization\\v2:{settings.cls.name}.InstanceID="{identifier}"'


def find_resource(transaction: Transaction, identifier: str | None) -> Instance | None:
    """Return the settings of a resource by their InstanceID, whatever their class."""
    for classname in CLASSES if identifier else ():
        path = InstancePath(classname, (("InstanceID", identifier),), transaction.namespace)
        found = transaction.world.find(path.identity)
        if found is not None:
            return found
    return None


class Layout:
    """The resources of a virtual machine, and which is attached to which."""

    def __init__(self, transaction: Transaction, machine: Instance) -> None:
        self.machine = machine
        self.system = machine_settings(transaction, machine)
        self._resources = {
            each["InstanceID"].casefold(): each
            for each in component_settings(transaction, machine)
            if kind_of(each) is not None
        }

    def __iter__(self) -> Iterator[Instance]:
        return iter(self._resources.values())

    @property
    def generation(self) -> int:
        """1 or 2."""
        return 2 if self.system is not None and self.system["VirtualSystemSubType"] == GENERATIONS[2] else 1

    def of_kind(self, kind: Kind) -> list[Instance]:
        """Return the resources of a kind."""
        return [each for each in self if kind_of(each) is kind]

    def named(self, text: str | None) -> Instance | None:
        """Return the resource that a text names, as Parent does."""
        return self._resources.get(identifier_in(text)) if text else None

    def parent(self, resource: Instance) -> Instance | None:
        """Return the resource that a resource is attached to."""
        return self.named(resource["Parent"])

    def children(self, resource: Instance) -> list[Instance]:
        """Return the resources that are attached to a resource."""
        identifier = resource["InstanceID"].casefold()
        return [each for each in self if each["Parent"] and identifier_in(each["Parent"]) == identifier]

    def free_place(self, parent: Instance, wanted: str | None) -> str | None:
        """Return the place on a parent that is wanted, or the first one if none is; None if it is taken or not there."""
        kind = kind_of(parent)
        taken = {each["AddressOnParent"] or "0" for each in self.children(parent)}
        places = [str(number) for number in range(kind.places if kind is not None else 0)]
        free = [place for place in places if place not in taken and wanted in (None, place)]
        return free[0] if free else None

    def is_hot(self, kind: Kind, parent: Instance | None) -> bool:
        """Return whether a kind of resource can be added to and removed from a machine that runs."""
        if kind in MEDIA:
            controller = None if parent is None else self.parent(parent)
            return kind is not HARD_DISK or (controller is not None and kind_of(controller) is SCSI)
        if kind in DRIVES:
            return parent is not None and kind_of(parent) is SCSI
        return kind is CONNECTION or (kind is ADAPTER and self.generation == 2)


def create_resource(
    transaction: Transaction, system: Instance, kind: Kind, identifier: str, values: Mapping[str, Any]
) -> Instance:
    """Create settings of a resource below those of a virtual machine; ``values`` go before the defaults of the kind."""
    own = {"InstanceID": identifier, "ResourceSubType": PREFIX + kind.name}
    properties = {"ElementName": kind.name, **defaults(transaction, kind), **values, **own}
    created = transaction.create(kind.classname, properties)
    transaction.create(COMPONENT, {"GroupComponent": system, "PartComponent": created})
    return created


def defaults(transaction: Transaction, kind: Kind) -> dict[str, Any]:
    """Return the values that a resource of a kind has if nobody gives others."""
    template = find_resource(transaction, f"Microsoft:Definition\\{kind.guid}\\Default")
    if template is None:
        return {}
    properties = zip(template.cls.properties, template.values, strict=True)
    return {prop.name: value for prop, value in properties if value is not None and not prop.key}


def create_fixed_resources(transaction: Transaction, system: Instance, generation: int) -> None:
    """Create the resources that every virtual machine of a generation has from the start."""
    base = system["InstanceID"]
    create_resource(transaction, system, PROCESSOR, f"{base}\\{PROCESSOR.guid}\\0", {})
    create_resource(transaction, system, MEMORY, f"{base}\\{MEMORY.guid}", {})
    if generation == 2:
        return
    for number in ("0", "1"):
        create_resource(transaction, system, IDE, f"{base}\\{IDE.guid}\\{number}", {"Address": number})
    controller = create_resource(transaction, system, DISKETTE_CONTROLLER, f"{base}\\{DISKETTE_CONTROLLER.guid}\\0", {})
    place = {"Parent": object_path(transaction, controller), "AddressOnParent": "0"}
    create_resource(transaction, system, DISKETTE_DRIVE, f"{controller['InstanceID']}\\0\\D", place)
    for number in ("0", "1"):
        title = {"ElementName": f"COM {int(number) + 1}"}
        create_resource(transaction, system, SERIAL_PORT, f"{base}\\{SERIAL_PORT.guid}\\{number}", title)


def new_identifier(transaction: Transaction, system: Instance, kind: Kind, parent: Instance | None, place: str) -> str:
    """Return the InstanceID of a resource that is added."""
    if parent is None:
        tail = "\\0" if kind is SCSI else ""
        return f"{system['InstanceID']}\\{transaction.guid()}{tail}"
    base: str = parent["InstanceID"]
    if kind in MEDIA:
        return base.removesuffix("D") + "L"
    return f"{base}\\C" if kind is CONNECTION else f"{base}\\{place}\\D"
