"""Changing the resources of virtual machines: what a client asks for, checked and carried out.

Every function here either does the whole change or raises ``Refused``. They run on trial first, so that what is
wrong is reported at once, and again when a job does the work.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pywbem import CIMInstance

from cimsim.providers import DISABLED, ENABLED, DateTime, Instance, Transaction, fold, same, same_key

from .devices import add_devices, follow_settings, remove_devices
from .resources import (
    ADAPTER,
    CONNECTION,
    Kind,
    Layout,
    create_resource,
    delete_resource,
    find_resource,
    kind_of,
    new_identifier,
    next_address,
)
from .terms import PAUSED, moment
from .topology import machine_of_settings

# Return values of the methods of the virtual system management service.
INVALID_PARAMETER: Final = 4
INVALID_STATE: Final = 5

_RANGES: Final[Mapping[str, Mapping[str, tuple[int, int]]]] = {
    "Msvm_ProcessorSettingData": {
        "VirtualQuantity": (1, 240),
        "Reservation": (0, 100_000),
        "Limit": (0, 100_000),
        "Weight": (0, 10_000),
    },
    "Msvm_MemorySettingData": {
        "VirtualQuantity": (32, 12 * 1024 * 1024),
        "Weight": (0, 10_000),
        "TargetMemoryBuffer": (5, 2000),
    },
}
"""The smallest and the largest value of properties."""
_COLD: Final[Mapping[str, frozenset[str]]] = {
    "Msvm_ProcessorSettingData": frozenset({"virtualquantity"}),
    "Msvm_MemorySettingData": frozenset({"dynamicmemoryenabled"}),
}
"""Properties that change only while the virtual machine is off."""
_FIXED: Final = frozenset(
    {
        "instanceid",
        "resourcetype",
        "otherresourcetype",
        "resourcesubtype",
        "poolid",
        "parent",
        "addressonparent",
        "allocationunits",
        "virtualquantityunits",
    }
)
"""Properties that never change."""


class Refused(Exception):  # noqa: N818 - it is the answer of a method, not an error
    """A change that will not be made: ``code`` is the return value of the method."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def add_resources(transaction: Transaction, machine: Instance, given: Iterable[CIMInstance]) -> list[Instance]:
    """Add resources to a virtual machine, and return their settings."""
    added = [_add(transaction, Layout(transaction, machine), each) for each in given]
    note_change(transaction, machine)
    return added


def _add(transaction: Transaction, layout: Layout, given: CIMInstance) -> Instance:
    kind = kind_of(given)
    if kind is None or kind.fixed or layout.system is None:
        raise Refused(INVALID_PARAMETER, f"a {given.get('ResourceSubType') or given.classname} cannot be added")
    values = _given(given, {"InstanceID", "ResourceType", "OtherResourceType", "ResourceSubType", "PoolID", "Parent"})
    parent, place = None, "0"
    if kind.parents:
        parent = layout.named(given.get("Parent"))
        if parent is None or kind_of(parent) not in kind.parents:
            raise Refused(INVALID_PARAMETER, f"{given.get('Parent')} is not something that a {kind.name} can be attached to")
        several = _several(parent)
        free = layout.free_place(parent, values.get("AddressOnParent") if several else None)
        if free is None:
            raise Refused(INVALID_PARAMETER, f"{parent.path} has no such place left")
        place = free
        values["Parent"] = given["Parent"]
        if several:
            values["AddressOnParent"] = place
    elif kind.limit is not None and len(layout.of_kind(kind)) >= kind.limit:
        raise Refused(INVALID_PARAMETER, f"there are {kind.limit} of {kind.name} already")
    _check_power(layout, kind, parent)
    if kind is ADAPTER and not values.get("StaticMacAddress"):
        values["Address"] = next_address(transaction)
    _check_values(transaction, kind, values)
    identifier = new_identifier(transaction, layout.system, kind, parent, place)
    created = create_resource(transaction, layout.system, kind, identifier, values)
    add_devices(transaction, layout.machine, created)
    return created


def _several(parent: Instance) -> bool:
    kind = kind_of(parent)
    return kind is not None and kind.places > 1


def remove_resources(transaction: Transaction, machine: Instance, resources: Iterable[Instance]) -> None:
    """Remove resources of one virtual machine, and the resources that are attached to them."""
    for resource in resources:
        # One that was attached to another may be gone with it.
        if transaction.world.find(resource.identity) is not None:
            _remove(transaction, Layout(transaction, machine), resource)
    note_change(transaction, machine)


def _remove(transaction: Transaction, layout: Layout, resource: Instance) -> None:
    kind = kind_of(resource)
    if kind is None or kind.fixed:
        raise Refused(INVALID_PARAMETER, f"{resource.path} cannot be removed")
    _check_power(layout, kind, layout.parent(resource))
    for child in layout.children(resource):
        _remove(transaction, layout, child)
    remove_devices(transaction, resource)
    delete_resource(transaction, resource)


def modify_resource(transaction: Transaction, given: CIMInstance) -> Instance:
    """Change settings of a resource; what is NULL stays as it is."""
    settings = find_resource(transaction, given.get("InstanceID"))
    machine = None if settings is None else machine_of_settings(transaction, settings)
    kind = None if settings is None else kind_of(settings)
    if settings is None or machine is None or kind is None:
        raise Refused(INVALID_PARAMETER, f"there are no settings {given.get('InstanceID')}")
    changed = changes(transaction, settings, _given(given, set()), _FIXED)
    if machine["EnabledState"] != DISABLED and _COLD.get(kind.classname, frozenset()).intersection(map(fold, changed)):
        raise Refused(INVALID_STATE, f"{settings.path} changes only while the virtual machine is off")
    _check_values(transaction, kind, changed)
    after = transaction.modify(settings, **changed)
    if kind.classname == "Msvm_MemorySettingData" and after["DynamicMemoryEnabled"]:
        least, start, most = (after[name] or 0 for name in ("Reservation", "VirtualQuantity", "Limit"))
        if not least <= start <= most:
            raise Refused(INVALID_PARAMETER, f"memory of {least} to {most} MB cannot start with {start} MB")
    follow_settings(transaction, after)
    note_change(transaction, machine)
    return after


def changes(transaction: Transaction, settings: Instance, values: Mapping[str, Any], fixed: frozenset[str]) -> dict[str, Any]:
    """Return the values that differ from those of settings.

    Raises:
        Refused: a property differs that never changes; ``fixed`` are the folded names of these.
    """
    typed = transaction.typed(settings.cls, values)
    differing = {
        settings.cls.properties[place].name: value
        for place, value in typed.items()
        if not _alike(settings.values[place], value)
    }
    for name in differing:
        if fold(name) in fixed:
            raise Refused(INVALID_PARAMETER, f"{name} of {settings.path} cannot change")
    return differing


def _alike(one: Any, other: Any) -> bool:
    # A client may write the offset of UTC with the other sign.
    moments = isinstance(one, DateTime) and isinstance(other, DateTime)
    return same_key(one, other) if moments else same(one, other)


def note_change(transaction: Transaction, machine: Instance) -> None:
    """Note the time at which the configuration of a virtual machine changed."""
    transaction.modify(machine, TimeOfLastConfigurationChange=moment(transaction))


# Checks


def _given(given: CIMInstance, without: set[str]) -> dict[str, Any]:
    left_out = {fold(name) for name in without}
    return {
        name: prop.value for name, prop in given.properties.items() if prop.value is not None and fold(name) not in left_out
    }


def _check_power(layout: Layout, kind: Kind, parent: Instance | None) -> None:
    state = layout.machine["EnabledState"]
    if state != DISABLED and not (state in (ENABLED, PAUSED) and layout.is_hot(kind, parent)):
        raise Refused(INVALID_STATE, f"a {kind.name} can be added and removed only while the virtual machine is off")


def _check_values(transaction: Transaction, kind: Kind, values: Mapping[str, Any]) -> None:
    for name, (least, most) in _RANGES.get(kind.classname, {}).items():
        if name in values and not least <= values[name] <= most:
            raise Refused(INVALID_PARAMETER, f"{name} must be in {least} to {most}")
    if kind is CONNECTION:
        switches = {each["Name"].casefold() for each in transaction.instances("Msvm_VirtualEthernetSwitch")}
        for text in values.get("HostResource") or ():
            if text and not any(name in text.casefold() for name in switches):
                raise Refused(INVALID_PARAMETER, f"there is no switch {text}")
