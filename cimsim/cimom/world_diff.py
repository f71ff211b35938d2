"""What differs between two worlds: instances that were created, modified and deleted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pywbem import CIMInstanceName

from cimsim.world.convert import to_cim_path, to_cim_value
from cimsim.world.instances import Instance
from cimsim.world.paths import Identity
from cimsim.world.world import World


@dataclass(frozen=True, slots=True)
class Modified:
    """An instance that differs: its path, and the values before and after of the properties that do."""

    path: CIMInstanceName
    changes: dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class WorldDiff:
    """The instances in which two worlds differ, in the order of their creation."""

    created: tuple[CIMInstanceName, ...]
    modified: tuple[Modified, ...]
    deleted: tuple[CIMInstanceName, ...]

    def __bool__(self) -> bool:
        return bool(self.created or self.modified or self.deleted)


def diff_worlds(before: World, after: World) -> WorldDiff:
    """Return what differs; namespaces that both worlds share cost nothing."""
    old, new = dict(_instances(before, after)), dict(_instances(after, before))
    created = tuple(to_cim_path(new[each].path) for each in new if each not in old)
    deleted = tuple(to_cim_path(old[each].path) for each in old if each not in new)
    modified = []
    for identity, instance in new.items():
        if identity in old and (changes := _changes(old[identity], instance)):
            modified.append(Modified(to_cim_path(instance.path), changes))
    return WorldDiff(created, tuple(modified), deleted)


def _instances(world: World, other: World) -> Iterator[tuple[Identity, Instance]]:
    for name, namespace in world.namespaces.items():
        known = other.namespaces.get(name)
        if known is namespace:
            continue
        for classname, stored in namespace.instances.items():
            if known is not None and known.instances.get(classname) is stored:
                continue
            for instance in stored.values():
                yield instance.identity, instance


def _changes(before: Instance, after: Instance) -> dict[str, tuple[Any, Any]]:
    old = {prop.name: value for prop, value in zip(before.cls.properties, before.values, strict=True)}
    new = {prop.name: value for prop, value in zip(after.cls.properties, after.values, strict=True)}
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {name: (to_cim_value(old.get(name)), to_cim_value(new.get(name))) for name in names}
