r"""The resources of virtual machines: their kinds, which is attached to which, and how they are created and found.

What a client leaves out comes from the settings ``Microsoft:Definition\GUID\Default`` of the kind. The devices of a machine
that runs are made from these settings in ``devices``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from pywbem import CIMInstance

from cimsim.providers import Instance, InstancePath, Transaction, fold

from .boot import add_boot_source, remove_boot_source
from .object_paths import identifier_in, object_path
from .topology import component_settings, machine_settings

PREFIX: Final = "Microsoft:Hyper-V:"
GENERATIONS: Final = {1: f"{PREFIX}SubType:1", 2: f"{PREFIX}SubType:2"}
"""VirtualSystemSubType of each generation of virtual machines."""
COMPONENT: Final = "Msvm_VirtualSystemSettingDataComponent"

_PLAIN: Final = "Msvm_ResourceAllocationSettingData"
_STORAGE: Final = "Msvm_StorageAllocationSettingData"


class Kind(msgspec.Struct, frozen=True, eq=False):
    """A kind of resource.

    Attributes:
        name: ResourceSubType after ``PREFIX``.
        classname: class of its settings.
        pool: GUID of its pool and of its default settings, empty where there is no pool.
        title: ElementName and Caption of the settings; empty: those of the default settings.
        text: Description of the settings after "Settings for the Microsoft"; empty: that of the default settings.
        own: what follows the InstanceID of the machine where every machine has the same, empty where each one has a new GUID.
        parents: the kinds that it can be attached to; none: it belongs to the machine itself.
        places: how many resources can be attached to it.
        limit: most in a machine, None for as many as there are places.
        fixed: whether it is created and deleted only with the machine.
        values: what all settings of the kind have that the default settings do not.
    """

    name: str
    classname: str
    pool: str = ""
    title: str = ""
    text: str = ""
    own: str = ""
    parents: tuple["Kind", ...] = ()
    places: int = 0
    limit: int | None = None
    fixed: bool = False
    values: Mapping[str, Any] = msgspec.field(default_factory=dict)


ONE: Final = {
    "AllocationUnits": "count",
    "VirtualQuantity": 1,
    "Reservation": 1,
    "Limit": 1,
    "Weight": 0,
    "AutomaticAllocation": True,
    "AutomaticDeallocation": True,
}
"""What the settings of something that is counted have by default."""


def _typed(resource_type: int, **values: Any) -> dict[str, Any]:
    return {**ONE, "ResourceType": resource_type, **values}


PROCESSOR: Final = Kind(
    "Processor",
    "Msvm_ProcessorSettingData",
    "B637F347-6A0E-4DEC-AF52-BD70CB80A21D",
    own="b637f346-6a0e-4dec-af52-bd70cb80a21d\\0",
    fixed=True,
)
MEMORY: Final = Kind(
    "Memory",
    "Msvm_MemorySettingData",
    "4764334E-E001-4176-82EE-5594EC9B530E",
    "Memory",
    "Virtual Machine Memory",
    own="4764334d-e001-4176-82ee-5594ec9b530e",
    fixed=True,
)
IDE: Final = Kind(
    "Emulated IDE Controller",
    _PLAIN,
    title="IDE Controller",
    text="Emulated IDE Controller",
    own="83F8638B-8DCA-4152-9EDA-2CA8B33039B4",
    places=2,
    fixed=True,
    values=_typed(5),
)
SCSI: Final = Kind(
    "Synthetic SCSI Controller",
    _PLAIN,
    "BDE5D4D6-E450-46D2-B925-976CA3E989B4",
    "SCSI Controller",
    "Synthetic SCSI Controller",
    places=64,
    limit=4,
)
DISKETTE_CONTROLLER: Final = Kind(
    "Virtual Diskette Controller",
    _PLAIN,
    title="Diskette Controller",
    text="Diskette Controller",
    own="8F0D2762-0B00-4E04-AF4F-19010527CB93\\0",
    places=1,
    fixed=True,
    values=_typed(1, OtherResourceType="Microsoft:Hyper-V:Diskette Controller"),
)
DISKETTE_DRIVE: Final = Kind(
    "Synthetic Diskette Drive",
    _PLAIN,
    "DACDCF3F-6F67-4EB8-A4D0-5D93B48A2468",
    "Diskette Drive",
    "Synthetic Diskette Drive",
    parents=(DISKETTE_CONTROLLER,),
    places=1,
    fixed=True,
)
DISK_DRIVE: Final = Kind(
    "Synthetic Disk Drive",
    _PLAIN,
    "118C3BE5-0D31-4804-85F0-5C6074ABEA8F",
    "Hard Drive",
    "Synthetic Disk Drive",
    parents=(IDE, SCSI),
    places=1,
)
PHYSICAL_DRIVE: Final = Kind(
    "Physical Disk Drive",
    _PLAIN,
    "353B3BE8-310C-4CF4-839E-4E1B14616136",
    "Hard Drive",
    "Physical Disk Drive",
    parents=(IDE, SCSI),
)
DVD_DRIVE: Final = Kind(
    "Synthetic DVD Drive",
    _PLAIN,
    "7951A5ED-8DC5-42D7-AA8C-9F14C54CEB84",
    "DVD Drive",
    "Synthetic DVD Drive",
    parents=(IDE, SCSI),
    places=1,
)
HARD_DISK: Final = Kind(
    "Virtual Hard Disk",
    _STORAGE,
    "70BB60D2-A9D3-46AA-B654-3DE53004B4F8",
    "Hard Disk Image",
    "Hard Disk Image",
    parents=(DISK_DRIVE,),
    values=_typed(31, Access=None),
)
DVD_DISK: Final = Kind(
    "Virtual CD/DVD Disk",
    _STORAGE,
    "D92D268E-9AA8-49DD-8C7D-821CEFB5F597",
    "ISO Disk Image",
    "ISO Disk Image",
    parents=(DVD_DRIVE,),
    values=_typed(31, Access=None),
)
DISKETTE: Final = Kind(
    "Virtual Floppy Disk",
    _STORAGE,
    "2B4E5F70-6B1C-4C8E-9A35-0F1D7E2C4A05",
    "Floppy Disk Image",
    "Floppy Disk Image",
    parents=(DISKETTE_DRIVE,),
    values=_typed(31, Access=None),
)
ADAPTER: Final = Kind(
    "Synthetic Ethernet Port",
    "Msvm_SyntheticEthernetPortSettingData",
    "6A45335D-4C3A-44B7-B61F-C9808BBDF8ED",
    "Network Adapter",
    "Synthetic Ethernet Port",
    places=1,
    limit=64,
    values={"Caption": "Ethernet Port", "Connection": [""]},
)
CONNECTION: Final = Kind(
    "Ethernet Connection",
    "Msvm_EthernetPortAllocationSettingData",
    "72027ECE-E44A-446E-AF2B-8D8C4B8A2279",
    "Ethernet Connection",
    parents=(ADAPTER,),
    values={"Caption": "Ethernet Switch Port Settings", "DesiredVLANEndpointMode": 2},
)
SERIAL_PORT: Final = Kind(
    "Serial Port",
    "Msvm_SerialPortSettingData",
    title="Serial Port",
    text="Serial Port",
    own="8E3A359F-559A-4B6A-98A9-1690A6100ED7",
    fixed=True,
    values=_typed(21, DebuggerMode=False, Connection=[""]),
)
KEYBOARD: Final = Kind(
    "Synthetic Keyboard",
    _PLAIN,
    title="Keyboard",
    text="Virtual Keyboard",
    own="DE6CDC86-E1FB-4940-801B-C3C1A26C4DA4\\Keyboard",
    limit=1,
    values=_typed(13),
)
MOUSE: Final = Kind(
    "Synthetic Mouse",
    _PLAIN,
    "F6293891-F32F-4930-B2DB-1A8961D9CB75",
    "Mouse",
    "Synthetic Mouse",
    own="58F75A6D-D949-4320-99E1-A2A2576D581C",
    limit=1,
)
DISPLAY: Final = Kind(
    "Synthetic Display Controller",
    "Msvm_SyntheticDisplayControllerSettingData",
    "D45268DA-37C5-44DA-B827-B0C55CCB3BDC",
    "Display Controller",
    "Synthetic Display Controller",
    own="F3CF6965-E8D3-44A9-9B7D-A04245EA7525",
    limit=1,
    values={"ResolutionType": 4, "HorizontalResolution": 1920, "VerticalResolution": 1080},
)
S3_DISPLAY: Final = Kind(
    "S3 Display Controller",
    _PLAIN,
    title="Display Controller",
    text="Emulated S3 Display Controller",
    own="7D80D3DB-61EE-4879-8879-5609F1100AD0",
    fixed=True,
    values=_typed(24, Address="5353,00000000,00"),
)

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
    KEYBOARD,
    MOUSE,
    DISPLAY,
    S3_DISPLAY,
)
CLASSES: Final = tuple(dict.fromkeys(kind.classname for kind in KINDS))
DRIVES: Final = (DISK_DRIVE, PHYSICAL_DRIVE, DVD_DRIVE)
MEDIA: Final = (HARD_DISK, DVD_DISK, DISKETTE)
BOOTABLE: Final = (*DRIVES, ADAPTER)
"""What the firmware of generation 2 can boot from."""

_BY_NAME: Final[Mapping[str, Kind]] = {fold(PREFIX + kind.name): kind for kind in KINDS}
_ALONE: Final[Mapping[str, Kind]] = {fold(kind.classname): kind for kind in KINDS if kind.classname not in (_PLAIN, _STORAGE)}


def kind_of(settings: Instance | CIMInstance) -> Kind | None:
    """Return the kind of resource that settings are of: as ResourceSubType says, or their class where that is enough."""
    classname = settings.classname if isinstance(settings, CIMInstance) else settings.cls.name
    known = "ResourceSubType" in settings
    name = settings["ResourceSubType"] if known else None
    return _BY_NAME.get(fold(name)) if name else _ALONE.get(fold(classname))


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
    own = {"InstanceID": identifier, "ResourceSubType": PREFIX + kind.name, "PoolID": "", "ConsumerVisibility": 3}
    properties = {"ElementName": kind.name, **defaults(transaction, kind), **_texts(kind), **kind.values, **values, **own}
    created = transaction.create(kind.classname, properties)
    transaction.create(COMPONENT, {"GroupComponent": system, "PartComponent": created})
    if kind in BOOTABLE and system["VirtualSystemSubType"] == GENERATIONS[2]:
        add_boot_source(transaction, system, created, network=kind is ADAPTER)
    return created


def delete_resource(transaction: Transaction, resource: Instance) -> None:
    """Delete settings of a resource, and what the firmware boots from it."""
    remove_boot_source(transaction, resource)
    transaction.delete(resource)


def _texts(kind: Kind) -> dict[str, str]:
    texts = {"ElementName": kind.title, "Caption": kind.title} if kind.title else {}
    return texts | ({"Description": f"Settings for the Microsoft {kind.text}."} if kind.text else {})


def defaults(transaction: Transaction, kind: Kind) -> dict[str, Any]:
    """Return the values that a resource of a kind has if nobody gives others."""
    identifier = f"Microsoft:Definition\\{kind.pool}\\Default"
    path = InstancePath(kind.classname, (("InstanceID", identifier),), transaction.namespace)
    template = transaction.world.find(path.identity) if kind.pool else None
    if template is None:
        return {}
    properties = zip(template.cls.properties, template.values, strict=True)
    return {prop.name: value for prop, value in properties if value is not None and not prop.key}


def create_fixed_resources(transaction: Transaction, system: Instance, generation: int) -> None:
    """Create the resources that every virtual machine of a generation has from the start."""
    base = system["InstanceID"]
    for kind in (PROCESSOR, MEMORY):
        create_resource(transaction, system, kind, f"{base}\\{kind.own}", {})
    if generation == 1:
        _create_fixed_of_first_generation(transaction, system, base)
    for kind in (KEYBOARD, MOUSE, DISPLAY):
        create_resource(transaction, system, kind, f"{base}\\{kind.own}", {})


def _create_fixed_of_first_generation(transaction: Transaction, system: Instance, base: str) -> None:
    for number in ("0", "1"):
        title = f"{IDE.title} {number}"
        values = {"Address": number, "ElementName": title, "Caption": title}
        create_resource(transaction, system, IDE, f"{base}\\{IDE.own}\\{number}", values)
    controller = create_resource(transaction, system, DISKETTE_CONTROLLER, f"{base}\\{DISKETTE_CONTROLLER.own}", {})
    place = {"Parent": object_path(transaction, controller), "AddressOnParent": "0"}
    create_resource(transaction, system, DISKETTE_DRIVE, f"{controller['InstanceID']}\\0\\D", place)
    for number in ("0", "1"):
        title = f"COM {int(number) + 1}"
        values = {"ElementName": title, "Caption": title}
        create_resource(transaction, system, SERIAL_PORT, f"{base}\\{SERIAL_PORT.own}\\{number}", values)
    create_resource(transaction, system, S3_DISPLAY, f"{base}\\{S3_DISPLAY.own}", {})


def next_address(transaction: Transaction) -> str:
    """Return the next MAC address that the host gives to a network adapter."""
    return f"00155D{0x010000 + transaction.serial('mac'):06X}"


def new_identifier(transaction: Transaction, system: Instance, kind: Kind, parent: Instance | None, place: str) -> str:
    """Return the InstanceID of a resource that is added."""
    if kind.own:
        return f"{system['InstanceID']}\\{kind.own}"
    if parent is None:
        tail = "\\0" if kind is SCSI else ""
        return f"{system['InstanceID']}\\{transaction.guid()}{tail}"
    base: str = parent["InstanceID"]
    if kind in MEDIA:
        return base.removesuffix("D") + "L"
    return f"{base}\\C" if kind is CONNECTION else f"{base}\\{place}\\D"
