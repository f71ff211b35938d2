"""Instances of MOF: what their values are, which may name other instances, before or behind them, by alias or by path."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from pywbem import CIMError

from cimsim.packs.mof.class_builder import literal
from cimsim.packs.mof.declarations import MofPosition
from cimsim.packs.mof.dialect import MofDialect
from cimsim.packs.mof.mof_errors import MofError
from cimsim.packs.mof.mof_parser import parse
from cimsim.packs.mof.mof_source import MofSource
from cimsim.packs.mof.syntax_tree import Alias, Array, InstanceNode, LiteralNode, Value, Word
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.names import did_you_mean, fold
from cimsim.world.object_path import parse_path
from cimsim.world.paths import InstancePath
from cimsim.world.schema import Property, ResolvedClass
from cimsim.world.world import Namespace, NamespaceResolver, World


class InstanceScope(Protocol):
    """What an instance of MOF sees of the compiler of its namespace."""

    aliases: dict[str, list["PendingInstance"]]
    """The instances by folded alias, in the order in which they were read."""

    @property
    def world(self) -> World:
        """The world as it is by now."""
        ...

    @property
    def dialect(self) -> MofDialect:
        """What the files of the pack are written in."""
        ...

    def find_class(self, classname: str, namespace: str) -> bool:
        """Return whether a class exists, be it after looking for the file that declares it."""
        ...


class PendingInstance:
    """An instance that MOF declares, while not everything is known that it may name.

    ``number`` counts the instances of the pack as they were read. All methods that raise do so with a PackError that names
    the place.
    """

    def __init__(self, scope: InstanceScope, source: MofSource, node: InstanceNode, namespace: str, number: int) -> None:
        self.namespace = namespace
        self.number = number
        self._scope = scope
        self._source = source
        self._node = node
        self._data: InstanceData | None = None
        self._path: InstancePath | None = None
        self._begun: set[str] = set()
        self._embedded = False
        self._referred = False

    @property
    def position(self) -> MofPosition:
        """Where its first word stands."""
        return self._source.position(self._node.offset)

    @property
    def alias(self) -> str:
        """Its alias without the mark, empty without one."""
        return "" if self._node.alias is None else self._node.alias.text

    @property
    def stands_alone(self) -> bool:
        """Whether it is an instance of the namespace: one without keys that others embed by its alias is only a value."""
        return self._referred or not self._embedded or bool(self._cls.keys)

    def place_of(self, name: str) -> MofPosition:
        """Return where a property gets its value; the instance's own place if it gets none."""
        offsets = {fold(word.text): word.offset for word, _ in self._node.values}
        return self._source.position(offsets.get(fold(name), self._node.offset))

    def data(self) -> InstanceData:
        """Return the values that are given, bound to their properties."""
        if self._data is None:
            with self._resolving("data", "holds itself"):
                self._data = self._bound(self._node)
        return self._data

    def path(self) -> InstancePath:
        """Return the path that its keys make, whether or not the instance is in the world by now."""
        self._referred = True
        if self._path is None:
            with self._resolving("path", "has itself among its keys"):
                self._path = self._path_of_keys()
        return self._path

    def embedded(self) -> InstanceData:
        """Return what another instance embeds."""
        self._embedded = True
        return self.data()

    # Steps

    @contextmanager
    def _resolving(self, what: str, circle: str) -> Iterator[None]:
        """Give errors their place, and refuse to begin anew with what is being worked on."""
        try:
            if what in self._begun:
                raise MofError(self._node.offset, f"this instance of {self._node.classname.text} {circle}")
            self._begun.add(what)
            yield
        except MofError as error:
            raise self._source.error(error) from None
        finally:
            self._begun.discard(what)

    @property
    def _target(self) -> Namespace:
        return self._scope.world.namespace(self.namespace)

    @property
    def _cls(self) -> ResolvedClass:
        return self._class(self._node.classname)

    def _class(self, name: Word) -> ResolvedClass:
        cls = self._target.schema.get(name.text)
        if cls is not None:
            return cls
        if not self._scope.find_class(name.text, self.namespace):
            raise MofError(name.offset, self._target.no_class(name.text))
        return self._target.cls(name.text)

    def _bound(self, node: InstanceNode) -> InstanceData:
        cls = self._class(node.classname)
        return InstanceData(cls.name, tuple([self._property(cls, name, value) for name, value in node.values]))

    def _property(self, cls: ResolvedClass, name: Word, value: Value) -> PropertyData:
        prop = cls.find(name.text)
        if prop is None:
            raise MofError(name.offset, cls.no_property(name.text))
        try:
            data = PropertyData(name.text, None, False, self._value(prop, value))
            self._scope.world.values(cls, InstanceData(cls.name, (data,)), self._target)
        except CIMError as error:
            raise MofError(name.offset, error.status_description) from None
        except ValueError as error:
            raise MofError(name.offset, f"property {cls.name}.{prop.name}: {error}") from None
        return data

    def _value(self, prop: Property, value: Value) -> Any:
        """Return a value of a property as the world takes it; raises ValueError."""
        match value:
            case Array(items):
                return [self._value(prop, item) for item in items]
            case Alias() if prop.type == "reference":
                return self._named(value).path()
            case Alias() if prop.embedded:
                return self._named(value).embedded()
            case InstanceNode() if prop.embedded:
                return self._bound(value)
            case LiteralNode(str() as text) if prop.type == "reference":
                world = self._scope.world
                return NamespaceResolver(world, self._target).reference(parse_path(text, world, self.namespace))
            case LiteralNode(str() as text) if prop.embedded:
                return self._from_text(text)
        return literal(value, prop.type)

    def _from_text(self, text: str) -> InstanceData:
        """Return the instance that the text of an embedded one declares."""
        try:
            declared = parse(text, self._scope.dialect)
            instances = [each for each in declared if isinstance(each, InstanceNode)]
            if len(instances) != 1 or len(declared) != 1:
                raise ValueError(f"the text of one instance expected, not of {len(declared)} declarations")
        except MofError as error:
            raise ValueError(f"in the embedded instance: {error.text}") from None
        try:
            return self._bound(instances[0])
        except MofError as error:
            raise ValueError(error.text) from None

    def _named(self, alias: Alias) -> "PendingInstance":
        """Return the instance of an alias: the last before this one, else the first behind it."""
        found = self._scope.aliases.get(fold(alias.name))
        if found is None:
            hint = did_you_mean(f"${alias.name}", [f"${each[-1].alias}" for each in self._scope.aliases.values()])
            raise MofError(alias.offset, f"alias ${alias.name} is not defined{hint}")
        before = [each for each in found if each.number < self.number]
        return before[-1] if before else found[0]

    def _path_of_keys(self) -> InstancePath:
        cls = self._cls
        target = self._target
        given = {fold(name.text): (name, value) for name, value in self._node.values}
        keys = []
        for place in cls.keys:
            prop = cls.properties[place]
            value = prop.default
            if fold(prop.name) in given:
                data = self._property(cls, *given[fold(prop.name)])
                world = self._scope.world
                value = world.values(cls, InstanceData(cls.name, (data,)), target)[place]
            if value is None:
                raise MofError(self._node.offset, f"key {prop.name} of class {cls.name} has no value")
            keys.append((prop.name, value))
        return InstancePath.settled(cls.name, tuple(keys), target.name, cls.key_types)
