"""Joining two worlds that came of the same one: the three-way merge of version control, for worlds.

What one of them changed is taken from it. Instances of the same namespace may have changed in both as long as they are not the
same instances. What both changed otherwise is a conflict: whoever made one of the worlds begins again from the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from cimsim.world.instance_storage import referenced, with_instance, without_instance
from cimsim.world.instances import Instance
from cimsim.world.pmap import PersistentMap
from cimsim.world.world import InstanceMap, Namespace, World

K = TypeVar("K")
V = TypeVar("V")

_ABSENT: Final = object()


class MergeConflictError(Exception):
    """Both worlds changed the same."""


def merge(base: World, ours: World, theirs: World) -> World:
    """Return ``ours`` with what ``theirs`` changed; both came of ``base``.

    It costs what ``theirs`` has changed, so that should be the one with fewer changes; and what a map of instances holds of
    which so much has changed that it shares nothing with the former one.

    Raises:
        MergeConflictError: both changed the same instance, note, counter or suspension, or what is planned; one of them changed
            the classes of a namespace in which the other changed something, or deleted what the other refers to or plans for.
    """
    if theirs is base:
        return ours
    if ours is base:
        return theirs
    world = replace(
        ours,
        namespaces=_namespaces(base, ours, theirs),
        serials=_map(base.serials, ours.serials, theirs.serials),
        owners=_map(base.owners, ours.owners, theirs.owners),
        notes=_map(base.notes, ours.notes, theirs.notes),
        suspended=_map(base.suspended, ours.suspended, theirs.suspended),
    )
    changes: list[tuple[Instance | None, Instance | None]] = []
    for name in dict.fromkeys([*base.namespaces, *theirs.namespaces]):
        before, mine, other = (each.namespaces.get(name) for each in (base, ours, theirs))
        if other is before:
            continue
        changed = list(_changed(before, other))
        changes += changed
        if before is not None and mine is not None and other is not None and mine is not before:
            world = _with_instances(world, mine, changed)
    # Those of deleted instances are forgotten in theirs already.
    world = replace(world, agenda=_either(base.agenda, ours.agenda, theirs.agenda))
    _check_ends(world, theirs, changes)
    _check_owners(base, world, (ours, theirs))
    return world


def _either(base: V, ours: V, theirs: V) -> V:
    """Return the one that has changed."""
    if theirs is base or theirs is ours:
        return ours
    if ours is base:
        return theirs
    raise MergeConflictError


def _map(base: PersistentMap[K, V], ours: PersistentMap[K, V], theirs: PersistentMap[K, V]) -> PersistentMap[K, V]:
    if theirs is base or ours is base:
        return _either(base, ours, theirs)
    merged = ours
    for key in theirs.changed_since(base):
        # By identity: True equals 1, and is another value.
        if ours.get(key, _ABSENT) is not base.get(key, _ABSENT):
            raise MergeConflictError
        value: Any = theirs.get(key, _ABSENT)
        merged = merged.delete(key) if value is _ABSENT else merged.set(key, value)
    return merged


def _namespaces(base: World, ours: World, theirs: World) -> dict[str, Namespace]:
    """Return the namespaces of both; those that both changed are ours, if their instances alone have changed in theirs."""
    merged: dict[str, Namespace] = {}
    for name in dict.fromkeys([*ours.namespaces, *theirs.namespaces]):
        before, mine, other = (each.namespaces.get(name) for each in (base, ours, theirs))
        if before is not None and mine is not None and other is not None and mine is not before and other is not before:
            if other.schema is not before.schema or other.qualifiers is not before.qualifiers:
                raise MergeConflictError
            merged[name] = mine
        elif (chosen := _either(before, mine, other)) is not None:
            merged[name] = chosen
    return merged


def _with_instances(world: World, ours: Namespace, changes: Iterable[tuple[Instance | None, Instance | None]]) -> World:
    """Return the world with the instances of a namespace that were created, modified and deleted in theirs."""
    for before, after in changes:
        known = before or after
        if known is None or ours.find(known.cls.folded, known.key) is not before:
            raise MergeConflictError
        if ours.schema.get(known.cls.folded) is not known.cls:
            raise MergeConflictError
        world = without_instance(world, known) if after is None else with_instance(world, after, before)
    return world


def _check_ends(world: World, theirs: World, changes: Iterable[tuple[Instance | None, Instance | None]]) -> None:
    """Raise MergeConflictError for an association of one to what the other has deleted, whatever the namespaces."""
    for before, after in changes:
        if after is None:
            if before is not None and any(before.identity in each.referrers for each in world.namespaces.values()):
                raise MergeConflictError
        elif any(world.find(end) is None and theirs.find(end) is not None for end in referenced(after)):
            raise MergeConflictError


def _check_owners(base: World, world: World, sources: Sequence[World]) -> None:
    """Raise MergeConflictError for a step that one has planned for an instance that the other has deleted."""
    waits = world.agenda.waits
    for number in waits.changed_since(base.agenda.waits):
        wait = waits.get(number)
        owner = None if wait is None else wait.owner
        if owner is not None and world.find(owner) is None and any(each.find(owner) is not None for each in sources):
            raise MergeConflictError


def _changed(base: Namespace | None, theirs: Namespace | None) -> Iterator[tuple[Instance | None, Instance | None]]:
    """Yield what instances were and what they are."""
    nothing: PersistentMap[str, InstanceMap] = PersistentMap()
    old = nothing if base is None else base.instances
    new = nothing if theirs is None else theirs.instances
    for name in new.changed_since(old):
        before = old.get(name) or PersistentMap()
        after = new.get(name) or PersistentMap()
        for key in after.changed_since(before):
            yield before.get(key), after.get(key)
