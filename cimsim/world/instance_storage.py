"""Making, storing and removing the records of instances: each step takes a world and returns the next one.

Nothing is checked here but what the index of associations and the keys need. ``Transaction`` puts these steps together for
clients and providers, ``lenient`` and ``unvalidated`` for sources whose rules are laxer; each hands its next world and the
change to ``Transaction.record``.
"""

from collections.abc import Iterable

from msgspec.structs import replace
from pywbem import CIMError

from cimsim.world.convert import InstanceData
from cimsim.world.errors import invalid_parameter
from cimsim.world.instances import Instance
from cimsim.world.paths import Identity
from cimsim.world.pmap import PersistentMap
from cimsim.world.schema import ResolvedClass
from cimsim.world.world import Namespace, World


def new_instance(world: World, namespace: Namespace, cls: ResolvedClass, data: InstanceData) -> Instance:
    """Return an instance that is not stored yet, with the class defaults and with a value for each key.

    Raises:
        CIMError: CIM_ERR_INVALID_PARAMETER for unknown or unfit properties and for keys without a value.
    """
    values = list(cls.defaults)
    for place, value in world.values(cls, data, namespace).items():
        values[place] = value
    for place in cls.keys:
        if values[place] is None:
            raise key_without_value(cls, place)
    return Instance(cls, namespace.name, tuple(values))


def key_without_value(cls: ResolvedClass, place: int) -> CIMError:
    """Return the error for the key property at that place, which has no value."""
    return invalid_parameter(f"key {cls.properties[place].name} of class {cls.name} has no value")


def with_instance(world: World, instance: Instance, before: Instance | None = None) -> World:
    """Return the world with an instance stored, in place of the record ``before`` of the same identity if there is one.

    An association whose ends stay keeps its place among those that refer to them.
    """
    namespace, classname = world.namespace(instance.namespace), instance.cls.folded
    stored = namespace.instances.get(classname) or PersistentMap()
    namespace = namespace.with_instances(classname, stored.set(instance.key, instance))
    if instance.cls.association:
        namespace = _reindexed(namespace, (classname, instance.key), before, instance)
    return world.with_namespace(namespace)


def without_instance(world: World, instance: Instance) -> World:
    """Return the world without an instance that is stored, and without the steps that are forgotten with it."""
    namespace, classname = world.namespace(instance.namespace), instance.cls.folded
    namespace = namespace.with_instances(classname, namespace.instances[classname].delete(instance.key))
    if instance.cls.association:
        namespace = _reindexed(namespace, (classname, instance.key), instance, None)
    world = world.with_namespace(namespace)
    agenda = world.agenda.without_owner(instance.identity)
    return world if agenda is world.agenda else replace(world, agenda=agenda)


def _reindexed(
    namespace: Namespace, entry: tuple[str, tuple[object, ...]], before: Instance | None, after: Instance | None
) -> Namespace:
    """Return the namespace with an index in which the association of that class and key refers to other instances."""
    old = () if before is None else referenced(before)
    new = () if after is None else referenced(after)
    if list(old) == list(new):
        return namespace
    referrers = namespace.referrers
    for identity in old:
        entries = referrers[identity].delete(entry)
        referrers = referrers.set(identity, entries) if entries else referrers.delete(identity)
    for identity in new:
        entries = referrers.get(identity) or PersistentMap()
        referrers = referrers.set(identity, entries.set(entry, None))
    return replace(namespace, referrers=referrers)


def referenced(instance: Instance) -> Iterable[Identity]:
    """Return the identities that an association instance refers to, each once; none for another instance."""
    if not instance.cls.association:
        return ()
    paths = (instance.values[place] for place in instance.cls.references)
    return dict.fromkeys(path.identity for path in paths if path is not None)
