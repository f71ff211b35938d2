"""The world: every namespace a CIMOM knows, as one immutable value."""

import dataclasses
from collections.abc import Collection, Iterator
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from pywbem import CIMError, CIMInstance, CIMQualifierDeclaration

from cimsim.world.agenda import Agenda
from cimsim.world.convert import InstanceData, PropertyData, TypedElement, convert_value, shape, to_cim_property, typed_by_hint
from cimsim.world.errors import invalid_class, invalid_namespace, invalid_parameter, not_found
from cimsim.world.instances import Instance
from cimsim.world.listing import Listing
from cimsim.world.names import did_you_mean, fold, fold_namespace, no_namespace
from cimsim.world.paths import Identity, InstancePath, canonical
from cimsim.world.pmap import PersistentMap
from cimsim.world.schema import Property, ResolvedClass, Schema
from cimsim.world.values import SCALAR_TYPES, Hinted, Untyped, parse_text

_TEXTS: Final = frozenset({str, Untyped, Hinted})
GUID: Final = "guid"
"""The counter from which GUIDs are made."""

InstanceMap = PersistentMap[tuple[Any, ...], Instance]
AssociationIndex = PersistentMap[Identity, PersistentMap[tuple[str, tuple[Any, ...]], None]]
"""For every referenced instance the association instances of this namespace that refer to it: folded class and key."""


class Namespace(msgspec.Struct, frozen=True):
    """One namespace: its qualifier declarations, classes and instances, and the index of its associations."""

    name: str
    schema: Schema = msgspec.field(default_factory=Schema)
    qualifiers: PersistentMap[str, CIMQualifierDeclaration] = msgspec.field(default_factory=PersistentMap)
    instances: PersistentMap[str, InstanceMap] = msgspec.field(default_factory=PersistentMap)
    referrers: AssociationIndex = msgspec.field(default_factory=PersistentMap)

    def cls(self, name: str) -> ResolvedClass:
        """Return the class of that name in any spelling.

        Raises:
            CIMError: CIM_ERR_INVALID_CLASS (rule OP-GC-2), naming the nearest class that exists.
        """
        found = self.schema.get(name)
        if found is None:
            raise invalid_class(self.no_class(name))
        return found

    def no_class(self, name: str) -> str:
        """Return the text that says that there is no such class here."""
        return f"no class {name} in {self.name}{did_you_mean(name, self.schema.names())}"

    def qualifier(self, name: str) -> CIMQualifierDeclaration:
        """Return the qualifier declaration of that name in any spelling; raises CIM_ERR_NOT_FOUND (rule OP-GQ-1)."""
        found = self.qualifiers.get(fold(name))
        if found is None:
            raise not_found(self.no_qualifier(name))
        return found

    def no_qualifier(self, name: str) -> str:
        """Return the text that says that no such qualifier is declared here."""
        return f"no qualifier {name} in {self.name}{did_you_mean(name, (each.name for each in self.qualifiers.all()))}"

    def of_class(self, cls: ResolvedClass) -> list[Instance]:
        """Return the instances whose creation class is this one, in creation order."""
        stored = self.instances.get(cls.folded)
        return [] if stored is None else stored.all()

    def instances_of(self, cls: ResolvedClass) -> list[Instance]:
        """Return the instances of the class and its subclasses (rule OP-EI-2), each class's in creation order."""
        closure = self.schema.closure(cls)
        if len(closure) == 1:
            return self.of_class(cls)
        return [instance for each in closure for instance in self.of_class(each)]

    def listing_of(self, cls: ResolvedClass) -> Listing[Instance]:
        """Return the same without copying it."""
        found = (self.instances.get(each.folded) for each in self.schema.closure(cls))
        return Listing([stored for stored in found if stored])

    def find(self, classname: str, key: tuple[Any, ...]) -> Instance | None:
        """Return the instance of that folded creation class and canonical key, or None."""
        stored = self.instances.get(classname)
        found: Instance | None = None if stored is None else stored.get(key)
        return found

    def referring_to(self, identity: Identity, classes: frozenset[str] | None = None) -> Iterator[Instance]:
        """Yield the association instances of this namespace that refer to the identity, in creation order.

        ``classes`` are the folded names of the creation classes wanted, None for all.
        """
        for classname, key in self.referrers.get(identity, ()):
            if classes is None or classname in classes:
                yield self.instances[classname][key]

    def with_instances(self, classname: str, stored: InstanceMap) -> "Namespace":
        """Return the namespace with other instances of a folded creation class."""
        instances = self.instances.set(classname, stored)
        return Namespace(self.name, self.schema, self.qualifiers, instances, self.referrers)

    @property
    def instance_count(self) -> int:
        """How many instances are stored."""
        return sum(len(stored) for stored in self.instances.all())


class World(msgspec.Struct, frozen=True):
    """All namespaces, keyed by folded name, in order of creation, and what is still to happen.

    ``seed`` and ``serials``, counters by name, are what generated identifiers are made from (``Transaction.serial``, ``guid``).
    ``notes``: what providers remember and clients do not see, by name (``Transaction.note``).
    ``suspended``: why namespaces have no instances to offer at the moment, by folded name (``Transaction.suspend``).
    ``owners``: the users who made the subscriptions there are, as far as users made them; None is one without authentication.
    """

    namespaces: dict[str, Namespace] = msgspec.field(default_factory=dict)
    agenda: Agenda = msgspec.field(default_factory=Agenda)
    seed: int = 0
    serials: PersistentMap[str, int] = msgspec.field(default_factory=PersistentMap)
    owners: PersistentMap[Identity, str | None] = msgspec.field(default_factory=PersistentMap)
    notes: PersistentMap[str, Any] = msgspec.field(default_factory=PersistentMap)
    suspended: PersistentMap[str, str] = msgspec.field(default_factory=PersistentMap)

    def __repr__(self) -> str:
        counts = ", ".join(f"{each.name}: {sum(map(len, each.instances.values()))}" for each in self.namespaces.values())
        return f"<World with instances in {counts or 'no namespace'}>"

    @property
    def used_seed(self) -> bool:
        """Whether something in this world was made from its seed."""
        return GUID in self.serials

    def namespace(self, name: str) -> Namespace:
        """Return the namespace of that name in any spelling.

        Raises:
            CIMError: CIM_ERR_INVALID_NAMESPACE, naming the nearest namespace and all that exist.
        """
        # Names are mostly given in the form that is the key.
        found = self.namespaces.get(name) or self.namespaces.get(fold_namespace(name))
        if found is None:
            raise invalid_namespace(self.no_namespace(name))
        return found

    def no_namespace(self, name: str) -> str:
        """Return the text that says that there is no such namespace."""
        return no_namespace(name, (each.name for each in self.namespaces.values()))

    def with_namespace(self, namespace: Namespace) -> "World":
        """Return the world with that namespace added or replaced."""
        namespaces = {**self.namespaces, fold_namespace(namespace.name): namespace}
        return World(namespaces, self.agenda, self.seed, self.serials, self.owners, self.notes, self.suspended)

    def without_namespace(self, name: str) -> "World":
        """Return the world without a namespace that exists."""
        folded = fold_namespace(name)
        return replace(self, namespaces={key: each for key, each in self.namespaces.items() if key != folded})

    def find(self, identity: Identity) -> Instance | None:
        """Return the instance of that identity, or None; what lies on another host is never found."""
        namespace = None if identity.host else self.namespaces.get(identity.namespace)
        return None if namespace is None else namespace.find(identity.classname, identity.key)

    def instance(self, path: InstancePath, namespace: Namespace) -> Instance:
        """Return the instance that a path names, relative to ``namespace``.

        Raises:
            CIMError: CIM_ERR_INVALID_NAMESPACE, CIM_ERR_INVALID_CLASS, CIM_ERR_INVALID_PARAMETER for keys that do not fit
                (rule G10), CIM_ERR_NOT_FOUND, the first that applies (rule OP-GI-3).
        """
        if path.is_settled:
            settled = self.find(path.identity)
            if settled is not None:
                return settled
        target = self.namespace(path.namespace) if path.namespace else namespace
        cls = target.cls(path.classname)
        key = self.key(path, cls, target)
        found = target.find(cls.folded, key)
        if found is None:
            raise not_found(_no_instance(path, cls, target))
        return found

    def key(self, path: InstancePath, cls: ResolvedClass, namespace: Namespace) -> tuple[Any, ...]:
        """Return the canonical key that a path gives for an instance of ``cls``.

        Raises:
            CIMError: CIM_ERR_INVALID_PARAMETER for missing, extra, repeated or unfit keys (rule G10).
        """
        # Keys are mostly strings under their declared names.
        names, given = cls.text_keys, path.keys
        if names is not None and len(given) == len(names):
            texts = dict(given)
            if len(texts) == len(names) and _TEXTS.issuperset(map(type, texts.values())):
                try:
                    return tuple([str(texts[name]) for name in names])
                except KeyError:
                    pass
        typed = self.typed_keys(path, cls, namespace)
        return tuple([value if type(value) is str else canonical(value) for _, value in typed])

    def typed_keys(self, path: InstancePath, cls: ResolvedClass, namespace: Namespace) -> list[tuple[Property, Any]]:
        """Return key properties with typed values, in the order of ``cls.key_order``; raises as ``key`` does."""
        given = {fold(name): value for name, value in path.keys}
        if len(cls.keys) == 1 and len(path.keys) == 1 and "" in given:
            given = {fold(cls.properties[cls.keys[0]].name): given[""]}
        if len(given) != len(path.keys):
            raise invalid_parameter(f"a key appears twice in {path}")
        if given.keys() != cls.key_names:
            raise _other_keys(cls, path, given)
        typed = []
        binding = NamespaceResolver(self, namespace)
        for place in cls.key_order:
            prop = cls.properties[place]
            value = given[fold(prop.name)]
            if value is None:
                raise invalid_parameter(f"key {prop.name} of class {cls.name} is missing in {path}")
            if type(value) is Untyped and prop.type == "string":
                typed.append((prop, str(value)))
                continue
            try:
                typed.append((prop, convert_value(prop, value, binding)))
            except ValueError as error:
                raise invalid_parameter(f"key {prop.name} of class {cls.name}: {error}") from None
        return typed

    def values(self, cls: ResolvedClass, data: InstanceData, namespace: Namespace) -> dict[int, Any]:
        """Return the values of the properties that ``data`` gives, by their place in the class.

        Raises:
            CIMError: CIM_ERR_INVALID_PARAMETER for a property that is unknown, appears twice or does not fit
                (rules OP-CI-2, D31, D32).
        """
        values: dict[int, Any] = {}
        binding = NamespaceResolver(self, namespace)
        for given in data.properties:
            place = cls.index.get(fold(given.name))
            if place is None:
                raise invalid_parameter(cls.no_property(given.name))
            if place in values:
                raise invalid_parameter(f"property {given.name} appears twice")
            try:
                values[place] = _value(cls.properties[place], given, binding)
            except ValueError as error:
                raise invalid_parameter(f"property {cls.name}.{cls.properties[place].name}: {error}") from None
        return values


class NamespaceResolver(msgspec.Struct, frozen=True):
    """Gives references and embedded objects their typed form, as seen from one namespace (a ``Resolver``).

    ``any_host``: a host counts for nothing where the namespace is ours, since what is meant must be here (rule X9).
    """

    world: World
    namespace: Namespace
    any_host: bool = False

    def reference(self, path: InstancePath) -> InstancePath:
        """Return the absolute path with declared spellings and typed keys.

        What lies on another host keeps it; its keys are typed as those of our class of that name where they fit that. Keys of a
        class that we do not have are what their sender says (rule D17).
        """
        if path.is_settled:
            return path
        name = path.namespace or self.namespace.name
        namespace = self.world.namespaces.get(fold_namespace(name))
        if path.host and not (self.any_host and namespace is not None):
            return self._elsewhere(path, name, namespace or self.namespace)
        cls = namespace.schema.get(path.classname) if namespace else None
        if namespace is None or cls is None:
            return _unknown(path, name, None)
        return self._typed(path, cls, namespace)

    def _typed(self, path: InstancePath, cls: ResolvedClass, namespace: Namespace) -> InstancePath:
        try:
            typed = {prop.name: value for prop, value in self.world.typed_keys(path, cls, namespace)}
        except CIMError as error:
            raise ValueError(error.status_description) from None
        keys = tuple([(cls.properties[place].name, typed[cls.properties[place].name]) for place in cls.keys])
        return InstancePath.settled(cls.name, keys, namespace.name, cls.key_types)

    def _elsewhere(self, path: InstancePath, name: str, namespace: Namespace) -> InstancePath:
        cls = namespace.schema.get(path.classname)
        # What is said in a key that is a reference is relative to the other host, not to us.
        if cls is not None and "reference" not in cls.key_types:
            try:
                typed = self._typed(path, cls, namespace)
            except ValueError:
                return _unknown(path, name, path.host)
            return InstancePath.settled(path.classname, typed.keys, name, typed.types, path.host)
        return _unknown(path, name, path.host)

    def embedded(self, element: TypedElement, value: InstanceData) -> CIMInstance:
        """Return the embedded instance with typed values (rules D24 and D25)."""
        cls = self.namespace.schema.get(value.classname)
        if cls is None:
            raise ValueError(self.namespace.no_class(value.classname))
        if element.embedded_class and not cls.is_a(fold(element.embedded_class)):
            raise ValueError(f"an embedded {element.embedded_class} expected, not {cls.name}")
        try:
            typed = self.world.values(cls, value, self.namespace)
        except CIMError as error:
            raise ValueError(error.status_description) from None
        return CIMInstance(
            cls.name,
            properties=[to_cim_property(cls.properties[place], item) for place, item in typed.items()],
        )


def _unknown(path: InstancePath, namespace: str | None, host: str | None) -> InstancePath:
    """Return a path of a class that is not known here, with the types that its sender gives; raises ValueError."""
    keys, types = [], []
    for (name, value), known in zip(path.keys, path.types or (None,) * len(path.keys), strict=True):
        if isinstance(value, InstancePath):
            typed, cim_type = _unknown(value, value.namespace, value.host), None
        else:
            typed, cim_type = typed_by_hint(value, known)
        keys.append((name, typed))
        types.append(cim_type)
    return InstancePath(path.classname, tuple(keys), namespace, host, tuple(types))


def _value(prop: Property, given: PropertyData, binding: NamespaceResolver) -> Any:
    if given.type is not None and (given.type, given.is_array) != (prop.type, prop.is_array):
        raise ValueError(f"{shape(prop)} expected, not {given.type}{'[]' if given.is_array else ''}")
    if type(given.value) is Untyped and prop.type in SCALAR_TYPES and not (prop.is_array or prop.embedded):
        return parse_text(given.value, prop.type)
    return convert_value(prop, given.value, binding)


def _other_keys(cls: ResolvedClass, path: InstancePath, given: Collection[str]) -> CIMError:
    """Return the error for keys that are not those of the class: a misspelt one is named rather than the one it stands for."""
    names = [cls.properties[place].name for place in cls.keys]
    for name, _ in path.keys:
        if fold(name) not in cls.key_names:
            return invalid_parameter(f"class {cls.name} has no key {name or 'without a name'}{did_you_mean(name, names)}")
    missing = next(name for name in names if fold(name) not in given)
    return invalid_parameter(f"key {missing} of class {cls.name} is missing in {path}")


def _no_instance(path: InstancePath, cls: ResolvedClass, namespace: Namespace) -> str:
    shown = dataclasses.replace(path, classname=cls.name, namespace=namespace.name, host=None)
    return f"no instance {shown}"
