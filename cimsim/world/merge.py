"""Joining two worlds that came of the same one: the three-way merge of version control, for worlds.

What one of them changed is taken from it. Instances of the same namespace may have changed in both as long as they are not the
same instances. What both changed otherwise is a conflict: whoever made one of the worlds begins again from the other.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from cimsim.world.instance_storage import with_instance, without_instance
from cimsim.world.instances import Instance
from cimsim.world.pmap import PersistentMap
from cimsim.world.world import Namespace, World

K = TypeVar("K")
V = TypeVar("V")

_ABSENT: Final = object()


class MergeConflictError(Exception):
    """Both worlds changed the same."""


def merge(base: World, ours: World, theirs: World) -> World:
    """Return ``ours`` with what ``theirs`` changed; both came of ``base``.

    It costs what the maps hold that ``theirs`` has changed, so ``theirs`` should be the one with fewer changes.

    Raises:
        MergeConflictError: both changed the same instance, note, counter or suspension, or what is planned; one of them changed
            the classes of a namespace in which the other changed something, or deleted what the other refers to.
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
    deleted: list[Instance] = []
    for name, other in theirs.namespaces.items():
        before, mine = base.namespaces.get(name), ours.namespaces.get(name)
        if before is not None and mine is not None and other is not before and mine is not before:
            world = _with_instances(world, before, mine, other, deleted)
    if any(each.identity in namespace.referrers for namespace in world.namespaces.values() for each in deleted):
        raise MergeConflictError
    # Those of deleted instances are forgotten in theirs already.
    return replace(world, agenda=_either(base.agenda, ours.agenda, theirs.agenda))


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
    for key in dict.fromkeys([*base, *theirs]):
        value: Any = theirs.get(key, _ABSENT)
        before, mine = base.get(key, _ABSENT), ours.get(key, _ABSENT)
        if value is not before and value != before:
            if mine is not before and mine != before:
                raise MergeConflictError
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


def _with_instances(world: World, base: Namespace, ours: Namespace, theirs: Namespace, deleted: list[Instance]) -> World:
    """Return the world with the instances of a namespace that were created, modified and deleted in theirs.

    The latter go into ``deleted``.
    """
    for before, after in _changed(base, theirs):
        known = before or after
        if known is None or ours.find(known.cls.folded, known.key) is not before:
            raise MergeConflictError
        if ours.schema.get(known.cls.folded) is not known.cls:
            raise MergeConflictError
        if after is None:
            deleted.append(known)
            world = without_instance(world, known)
        else:
            world = with_instance(world, after, before)
    return world


def _changed(base: Namespace, theirs: Namespace) -> Iterator[tuple[Instance | None, Instance | None]]:
    """Yield what instances were and what they are."""
    for name in dict.fromkeys([*base.instances, *theirs.instances]):
        before = base.instances.get(name) or PersistentMap()
        after = theirs.instances.get(name) or PersistentMap()
        if before is after:
            continue
        for instance in before.all():
            if (now := after.get(instance.key)) is not instance:
                yield instance, now
        for instance in after.all():
            if instance.key not in before:
                yield None, instance
