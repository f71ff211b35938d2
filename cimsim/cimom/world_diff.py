"""What differs between two worlds: instances that were created, modified and deleted."""

from collections.abc import Generator, Iterator
from typing import Any, Final

import msgspec
from pywbem import CIMInstanceName

from cimsim.world.convert import to_cim_path, to_cim_value
from cimsim.world.instances import Instance
from cimsim.world.paths import Identity
from cimsim.world.world import World

_STEP: Final = 200
"""How many instances are looked at in a step."""


class Modified(msgspec.Struct, frozen=True):
    """An instance that differs: its path, and the values before and after of the properties that do."""

    path: CIMInstanceName
    changes: dict[str, tuple[Any, Any]]


class WorldDiff(msgspec.Struct, frozen=True):
    """The instances in which two worlds differ, in the order of their creation."""

    created: tuple[CIMInstanceName, ...]
    modified: tuple[Modified, ...]
    deleted: tuple[CIMInstanceName, ...]

    def __bool__(self) -> bool:
        return bool(self.created or self.modified or self.deleted)


def diff_worlds(before: World, after: World) -> WorldDiff:
    """Return what differs; namespaces, classes and instances that both worlds share cost next to nothing."""
    steps = diffing(before, after)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            diff: WorldDiff = end.value
            return diff


def diffing(before: World, after: World) -> Generator[None, None, WorldDiff]:
    """Compare two worlds in steps of a few milliseconds each; the generator returns what differs."""
    old: dict[Identity, Instance] = {}
    new: dict[Identity, Instance] = {}
    for found, world, other in ((old, before, after), (new, after, before)):
        for instance in _changed(world, other):
            if instance is None:
                yield
            else:
                found[instance.identity] = instance
    created: list[CIMInstanceName] = []
    modified: list[Modified] = []
    deleted: list[CIMInstanceName] = []
    # One after the other: joining the two would be a step as long as both.
    for number, (identity, instance) in enumerate(old.items()):
        if number % _STEP == 0:
            yield
        if identity not in new:
            deleted.append(to_cim_path(instance.path))
        elif changes := _changes(instance, new[identity]):
            modified.append(Modified(to_cim_path(new[identity].path), changes))
    for number, (identity, instance) in enumerate(new.items()):
        if number % _STEP == 0:
            yield
        if identity not in old:
            created.append(to_cim_path(instance.path))
    return WorldDiff(tuple(created), tuple(modified), tuple(deleted))


def _changed(world: World, other: World) -> Iterator[Instance | None]:
    """Yield the instances of a world that the other has not got as they are, and None after every few that were looked at."""
    number = 0
    for name, namespace in world.namespaces.items():
        known = other.namespaces.get(name)
        if known is namespace:
            continue
        for classname, stored in namespace.instances.items():
            others = known.instances.get(classname) if known is not None else None
            if others is stored:
                continue
            for key, instance in stored.items():
                number += 1
                if number % _STEP == 0:
                    yield None
                if others is None or others.get(key) is not instance:
                    yield instance


def _changes(before: Instance, after: Instance) -> dict[str, tuple[Any, Any]]:
    old = {prop.name: value for prop, value in zip(before.cls.properties, before.values, strict=True)}
    new = {prop.name: value for prop, value in zip(after.cls.properties, after.values, strict=True)}
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {name: (to_cim_value(old.get(name)), to_cim_value(new.get(name))) for name in names}
