"""A world in its stored form: plain arrays of names and values, nothing that could be executed.

Classes are stored as ``cache_encoding`` stores them, with their heads apart; instances as the values of their properties in the
order of their class, so that the class says what each value is: a datetime is its characters, a reference an array, an embedded
instance a map. What a start does not need is not decoded: qualifier declarations, the elements of a class, the instances of a
class and the index of associations are made when something asks for the first of them. Where there are many, making them would
keep clients waiting, so that is done at once.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from pywbem import CIMDateTime, CIMFloat, CIMInstance, CIMInstanceName, CIMInt, CIMQualifierDeclaration

from cimsim.packs.cache_encoding import (
    EncodedClass,
    StoredDeclaration,
    qualifier_declaration,
    stored_declaration,
)
from cimsim.world.class_records import record_of
from cimsim.world.convert import InstanceData, PropertyData, from_cim_path
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.paths import Identity, InstancePath
from cimsim.world.pmap import DeferredMap, PersistentMap
from cimsim.world.schema import ClassHead, DeferredClass, Property, ResolvedClass, Schema
from cimsim.world.values import DateTime
from cimsim.world.world import AssociationIndex, InstanceMap, Namespace, NamespaceResolver, World

MAX_DEFERRED: Final = 1_000
"""Up to so many instances of a class, or entries of an index, are made when asked for: that takes some milliseconds."""


class StoredHead(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A class: what a start needs of it, and the whole."""

    name: str
    superclass: str | None
    abstract: bool
    association: bool
    indication: bool
    enforces_write: bool
    declared: msgspec.Raw
    """A ClassRecord."""


class StoredRows(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The instances of a class (folded name), in the order of their creation, each as the values of its properties."""

    classname: str
    count: int
    rows: msgspec.Raw


class StoredNamespace(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A namespace.

    ``index`` has an entry for each instance that associations refer to, in order: where a reference to it stands (number in
    ``instances``, row, place of the property), then the associations that refer to it in their order, each as two numbers,
    number in ``instances`` and row.
    """

    name: str
    qualifier_count: int
    qualifiers: msgspec.Raw
    classes: list[StoredHead]
    instances: list[StoredRows]
    index_count: int
    index: msgspec.Raw


class StoredWorld(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """All namespaces, the counters that identifiers are made from, notes of providers, and why namespaces are suspended."""

    serials: dict[str, int]
    namespaces: list[StoredNamespace]
    notes: dict[str, Any] = msgspec.field(default_factory=dict)
    suspended: dict[str, str] = msgspec.field(default_factory=dict)


_QUALIFIERS: Final = msgspec.msgpack.Decoder(list[StoredDeclaration])
_ROWS: Final = msgspec.msgpack.Decoder(list[list[Any]])
_INDEX: Final = msgspec.msgpack.Decoder(list[list[int]])
_DATETIME: Final = "datetime"
_PATH: Final = "path"
_EMBEDDED: Final = "embedded"
_COMPARED_OTHERWISE: Final = frozenset({"datetime", "reference"})
"""Types whose values are not equal exactly where they are written alike."""


def encode_world(world: World) -> StoredWorld:
    """Return the stored form of a world in which nothing waits to happen and nobody owns anything.

    Raises:
        ValueError, TypeError, OverflowError: something in it has no stored form.
    """
    if world.agenda.waits or world.owners:
        raise ValueError("something waits to happen")
    return StoredWorld(
        dict(world.serials),
        [_stored_namespace(each) for each in world.namespaces.values()],
        {name: _plain(world.notes[name]) for name in world.notes},
        {name: world.suspended[name] for name in world.suspended},
    )


def decode_world(stored: StoredWorld, seed: int) -> World:
    """Return the world that a stored form stands for, with a seed of its own."""
    opened = _Opened()
    namespaces = [_namespace(each, opened) for each in stored.namespaces]
    opened.world = World(
        {fold_namespace(each.name): each for each in namespaces},
        seed=seed,
        serials=PersistentMap(dict(stored.serials)),
        notes=PersistentMap({name: _noted(value) for name, value in stored.notes.items()}),
        suspended=PersistentMap(dict(stored.suspended)),
    )
    for namespace in namespaces:
        _make_large(namespace)
    return opened.world


class _Opened:
    """The world that is being made: what embedded instances are typed in."""

    world: World


def _plain(note: Any) -> Any:
    """Return a note if it is text, a number or a boolean, or a tuple of such; else TypeError."""
    if type(note) is tuple:
        return [_plain(each) for each in note]
    if type(note) not in (str, int, float, bool):
        raise TypeError(f"a note that is {type(note).__name__} has no stored form")
    return note


def _noted(stored: Any) -> Any:
    return tuple(_noted(each) for each in stored) if type(stored) is list else stored


def _packed(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(value))


# Namespaces


def _stored_namespace(namespace: Namespace) -> StoredNamespace:
    classes = [
        StoredHead(
            cls.name,
            cls.superclass.name if cls.superclass else None,
            cls.abstract,
            cls.association,
            cls.indication,
            cls.enforces_write,
            _stored_declared(cls),
        )
        for cls in namespace.schema
    ]
    qualifiers = [stored_declaration(each) for each in namespace.qualifiers.all()]
    rows = []
    for classname, instances in namespace.instances.items():
        cls = namespace.cls(classname)
        values = [
            [_stored(prop, value) for prop, value in zip(cls.properties, each.values, strict=True)] for each in instances.all()
        ]
        rows.append(StoredRows(classname, len(values), _packed(values)))
    index = _stored_index(namespace)
    return StoredNamespace(namespace.name, len(qualifiers), _packed(qualifiers), classes, rows, len(index), _packed(index))


def _namespace(stored: StoredNamespace, opened: _Opened) -> Namespace:
    schema = Schema.of_heads(
        (
            ClassHead(
                each.name, each.superclass, each.abstract, each.association, each.indication, EncodedClass(each.declared)
            ),
            each.enforces_write,
        )
        for each in stored.classes
    )
    instances: dict[str, InstanceMap] = {}
    for each in stored.instances:
        cls = schema.get(each.classname)
        if cls is None:
            raise ValueError(f"instances of {each.classname}, which is not there")
        instances[each.classname] = DeferredMap(each.count, partial(_instances, each.rows, cls, stored.name, opened))
    referrers: AssociationIndex = DeferredMap(stored.index_count, partial(_index, stored.index, instances))
    qualifiers: PersistentMap[str, CIMQualifierDeclaration] = DeferredMap(
        stored.qualifier_count, partial(_qualifiers, stored.qualifiers)
    )
    return Namespace(stored.name, schema, qualifiers, PersistentMap(instances), referrers)


def _make_large(namespace: Namespace) -> None:
    """Have made what would keep clients waiting."""
    maps: list[PersistentMap[Any, Any]] = [*namespace.instances.all(), namespace.referrers]
    for each in maps:
        if len(each) > MAX_DEFERRED:
            each.all()


def _stored_declared(cls: ResolvedClass) -> msgspec.Raw:
    # What came from a cache and was not asked for stays as it is.
    source = cls.unresolved if isinstance(cls, DeferredClass) else None
    return source.raw if isinstance(source, EncodedClass) else _packed(record_of(cls.declared))


def _qualifiers(raw: msgspec.Raw) -> dict[str, CIMQualifierDeclaration]:
    return {fold(each.name): qualifier_declaration(each) for each in _QUALIFIERS.decode(raw)}


# Instances


def _instances(raw: msgspec.Raw, cls: ResolvedClass, namespace: str, opened: _Opened) -> dict[tuple[Any, ...], Instance]:
    readers = [(place, reader) for place, prop in enumerate(cls.properties) if (reader := _reader(prop, namespace, opened))]
    # Keys that are stored as they are compared need not be looked at one by one.
    order = cls.key_order if _COMPARED_OTHERWISE.isdisjoint(cls.key_types) else None
    instances = {}
    for row in _ROWS.decode(raw):
        for place, reader in readers:
            value = row[place]
            if value is not None:
                row[place] = reader(value)
        instance = Instance(cls, namespace, tuple(row), None if order is None else tuple([row[place] for place in order]))
        instances[instance.key] = instance
    return instances


def _row(instance: Instance) -> list[Any]:
    return [_stored(prop, value) for prop, value in zip(instance.cls.properties, instance.values, strict=True)]


def _reader(prop: Property, namespace: str, opened: _Opened) -> Callable[[Any], Any] | None:
    """Return what makes a value of a property from its stored form, None where they are the same."""
    read: Callable[[Any], Any] | None = None
    if prop.type == "reference":
        read = _path
    elif prop.embedded:
        read = partial(_embedded, prop=prop, namespace=namespace, opened=opened)
    elif prop.type == "datetime":
        read = DateTime.known
    if not prop.is_array:
        return read
    return tuple if read is None else partial(_items, read=read)


def _items(stored: list[Any], read: Callable[[Any], Any]) -> tuple[Any, ...]:
    return tuple([None if item is None else read(item) for item in stored])


def _stored(prop: Property, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, tuple):
        return [_stored(prop, item) for item in value]
    if isinstance(value, InstancePath):
        return _stored_path(value)
    if prop.embedded:
        return _stored_within(value)
    return str(value) if isinstance(value, str) else value


# Embedded instances


def _stored_within(value: Any) -> Any:
    """Return an embedded instance, or a value in one, in stored form."""
    if isinstance(value, CIMInstance):
        properties = [(prop.name, _stored_within(prop.value)) for prop in value.properties.values()]
        return {_EMBEDDED: [value.classname, properties]}
    if isinstance(value, CIMInstanceName):
        return {_PATH: _stored_path(from_cim_path(value))}
    if isinstance(value, list):
        return [_stored_within(item) for item in value]
    if isinstance(value, CIMInt):
        return int(value)
    if isinstance(value, CIMFloat):
        return float(value)
    if isinstance(value, str | CIMDateTime):
        return str(value)
    if value is None or isinstance(value, bool):
        return value
    raise TypeError(f"{type(value).__name__} has no stored form")


def _embedded(stored: Any, prop: Property, namespace: str, opened: _Opened) -> CIMInstance:
    world = opened.world
    return NamespaceResolver(world, world.namespace(namespace)).embedded(prop, _within(stored))


def _within(stored: Any) -> Any:
    if isinstance(stored, list):
        return [_within(item) for item in stored]
    if not isinstance(stored, dict):
        return stored
    if _PATH in stored:
        return _path(stored[_PATH])
    classname, properties = stored[_EMBEDDED]
    return InstanceData(classname, tuple([PropertyData(name, None, False, _within(value)) for name, value in properties]))


# References


def _stored_path(path: InstancePath) -> list[Any]:
    keys = [(name, _stored_key(value)) for name, value in path.keys]
    return [path.classname, keys, path.namespace, path.host, path.types, path.is_settled]


def _stored_key(value: Any) -> Any:
    if isinstance(value, InstancePath):
        return {_PATH: _stored_path(value)}
    if isinstance(value, DateTime):
        return {_DATETIME: str(value)}
    return str(value) if isinstance(value, str) else value


def _path(stored: list[Any]) -> InstancePath:
    classname, pairs, namespace, host, types, settled = stored
    keys = tuple([(name, _key(value) if type(value) is dict else value) for name, value in pairs])
    known = None if types is None else tuple(types)
    if settled:
        return InstancePath.settled(classname, keys, namespace, known, host)
    return InstancePath(classname, keys, namespace, host, known)


def _key(stored: Mapping[str, Any]) -> Any:
    return _path(stored[_PATH]) if _PATH in stored else DateTime.known(stored[_DATETIME])


# The index of associations


def _stored_index(namespace: Namespace) -> list[list[int]]:
    numbers = {
        (classname, key): (number, row)
        for number, (classname, instances) in enumerate(namespace.instances.items())
        for row, key in enumerate(instances)
    }
    index = []
    for identity, entries in namespace.referrers.items():
        referring = list(entries)
        number, row = numbers[referring[0]]
        place = _place_of(identity, namespace.instances[referring[0][0]][referring[0][1]])
        index.append([number, row, place, *(each for entry in referring for each in numbers[entry])])
    return index


def _place_of(identity: Identity, association: Instance) -> int:
    """Return the place of the property in which an association refers to the identity."""
    for place in association.cls.references:
        path = association.values[place]
        if path is not None and path.identity == identity:
            return place
    raise ValueError("the index of associations is not what they say")


def _index(
    raw: msgspec.Raw, instances: Mapping[str, InstanceMap]
) -> dict[Identity, PersistentMap[tuple[str, tuple[Any, ...]], None]]:
    names = list(instances)
    rows: dict[int, list[Instance]] = {}

    def of(number: int) -> list[Instance]:
        known = rows.get(number)
        if known is None:
            known = rows[number] = instances[names[number]].all()
        return known

    index: dict[Identity, PersistentMap[tuple[str, tuple[Any, ...]], None]] = {}
    for number, row, place, *entries in _INDEX.decode(raw):
        identity = of(number)[row].values[place].identity
        pairs = zip(entries[::2], entries[1::2], strict=True)
        index[identity] = PersistentMap({(names[each], of(each)[at].key): None for each, at in pairs})
    return index
