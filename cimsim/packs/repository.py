"""What pywbem's compiler takes for a CIM repository: puts every declaration into the world (see ``compile``)."""

import re
from typing import TYPE_CHECKING, Any, Final

from pywbem import BaseRepositoryConnection, CIMClass, CIMError, CIMInstance

from cimsim.packs.declarations import Item, Position, prepare
from cimsim.packs.source import Source
from cimsim.packs.tables import AnyClass
from cimsim.world.checks import referred_classes
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.instances import Instance
from cimsim.world.object_path import parse_path
from cimsim.world.schema import Property
from cimsim.world.world import Binding

if TYPE_CHECKING:
    from cimsim.packs.compiler import Compiler

_ESCAPES: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}
_OF_PROPERTY: Final = re.compile(r"(?:reference|property|default of property) \w+\.(\w+)\b")


class Repository(BaseRepositoryConnection):  # type: ignore[misc] # pywbem has no type information
    """What pywbem's compiler takes for a CIM repository."""

    default_namespace = "root/cimv2"

    def __init__(self, compiler: "Compiler") -> None:
        self._compiler = compiler

    def GetClass(self, ClassName: str, namespace: str, **_: Any) -> AnyClass:
        """Return a stand-in for the class of an instance that is being declared."""
        compiler = self._compiler
        self._prepare(namespace)
        if not compiler.find_class(ClassName, namespace):
            world = compiler.build.transaction.world
            raise compiler.error(compiler.source.word(ClassName), world.namespace(namespace).no_class(ClassName))
        return AnyClass(ClassName, compiler)

    def SetQualifier(self, QualifierDeclaration: Any, namespace: str) -> None:
        """Declare a qualifier."""
        self._add(namespace, QualifierDeclaration)

    def CreateClass(self, NewClass: CIMClass, namespace: str) -> None:
        """Declare a class."""
        self._prepare(namespace)
        repeated = self._compiler.source.repeated()
        if repeated is not None:
            name, position = repeated
            self._compiler.build.refuse(position, f"{name} stands twice in class {NewClass.classname}")
        position = self._compiler.source.declaration
        if NewClass.superclass and not self._compiler.find_class(NewClass.superclass, namespace):
            position = self._compiler.source.word(NewClass.superclass)
        self._add(namespace, NewClass, position)
        self._compiler.referred.extend((name, namespace) for name in referred_classes(NewClass))

    def CreateInstance(self, NewInstance: CIMInstance, namespace: str) -> Any:
        """Declare an instance, and return its path, which an alias then stands for."""
        created = self._add(namespace, self._data(NewInstance, namespace, self._compiler.source))
        return created.path if created else None

    def _unused(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("the compiler has no use for this operation")

    EnumerateInstanceNames = ModifyInstance = DeleteInstance = ModifyClass = DeleteClass = _unused
    EnumerateQualifiers = GetQualifier = DeleteQualifier = _unused

    # Steps

    def _prepare(self, namespace: str) -> None:
        prepare(self._compiler.build.transaction, namespace, self._compiler.build.standard)

    def _add(self, namespace: str, item: Item, position: Position | None = None) -> Instance | None:
        self._prepare(namespace)
        source = self._compiler.source
        position = position or source.declaration
        try:
            return self._compiler.build.add(position, namespace, item)
        except CIMError as error:
            text = error.status_description
            earlier = self._compiler.build.declared_class(item.classname, namespace) if isinstance(item, CIMClass) else None
            if earlier is not None:
                text += f", otherwise declared in {earlier.file}:{earlier.line}:{earlier.column}"
            match = _OF_PROPERTY.match(text)
            raise self._compiler.error(source.assignment(match[1]) if match else position, text) from None

    def _data(self, instance: CIMInstance, namespace: str, source: Source | None) -> InstanceData:
        """Return an instance as the world takes it; ``source`` tells the places of its properties, None if it is embedded."""
        world = self._compiler.build.transaction.world
        target = world.namespace(namespace)
        cls = target.cls(instance.classname)
        properties = []
        for given in instance.properties.values():
            prop = cls.find(given.name)
            try:
                data = PropertyData(given.name, None, False, self._value(prop, given.value, namespace) if prop else given.value)
                world.values(cls, InstanceData(cls.name, (data,)), target)
            except (CIMError, ValueError) as error:
                text = error.status_description if isinstance(error, CIMError) else f"property {cls.name}.{given.name}: {error}"
                if source is None:
                    raise ValueError(text) from None
                raise self._compiler.error(source.assignment(given.name), text) from None
            properties.append(data)
        return InstanceData(cls.name, tuple(properties))

    def _value(self, prop: Property, value: Any, namespace: str) -> Any:
        """Return a value of a property from what MOF writes for it; raises ValueError."""
        if isinstance(value, list):
            return [self._value(prop, item, namespace) for item in value]
        if not isinstance(value, str):
            return value
        world = self._compiler.build.transaction.world
        if prop.type == "reference":
            return Binding(world, world.namespace(namespace)).reference(parse_path(value, world, namespace))
        if prop.embedded:
            instances = self._compiler.compile_embedded(value, namespace)
            if len(instances) != 1:
                raise ValueError(f"the text of one instance expected, not of {len(instances)}")
            return self._data(instances[0], namespace, None)
        return _character(value) if prop.type == "char16" else value


def _character(text: str) -> str:
    """Return the character that MOF writes as ``'c'``; pywbem leaves the quotes and escapes in place."""
    if len(text) < 3 or text[0] != "'" or text[-1] != "'":
        return text
    inner = text[1:-1]
    if not inner.startswith("\\"):
        return inner
    if inner[1] in "xX":
        return chr(int(inner[2:], 16))
    return _ESCAPES.get(inner[1], inner[1])
