"""From a path in a query to a function that reads what it leads to, made once for each class."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from pywbem import CIMClass, CIMError, CIMInstance

from cimsim.query.comparison import ValueKind, kind_of_property, native
from cimsim.query.syntax import Path, QueryDialect, Step
from cimsim.query.system_properties import SYSTEM_PROPERTIES, SystemProperty
from cimsim.query.wmi_paths import Location
from cimsim.query.work import SHORT, Meter
from cimsim.world.convert import shape
from cimsim.world.names import did_you_mean, fold
from cimsim.world.schema import ResolvedClass, Schema

_NOWHERE: Final = Location("", "")
Values = tuple[Any, ...]
"""The values of an instance in the order of its class."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names in a condition mean.

    ``itself`` holds the folded names that stand for the instance: its class in the query, an alias. ``schema`` knows the
    classes of embedded objects. ``meter`` counts what reading and comparing values takes. ``location`` is where the instances
    lie; without one there are only the system properties that a class tells.
    """

    dialect: QueryDialect
    itself: frozenset[str] = frozenset()
    schema: Schema | None = None
    meter: Meter = field(default_factory=Meter, compare=False)
    location: Location | None = None

    def steps(self, path: Path, cls: ResolvedClass) -> tuple[Step, ...]:
        """Return the steps of a path without a leading name that stands for the instance; empty for the instance."""
        first = path.steps[0]
        plain = first.index is None and first.scope is None
        if plain and fold(first.name) in self.itself and fold(first.name) not in cls.index:
            return path.steps[1:]
        return path.steps

    def family(self, classname: str) -> frozenset[str]:
        """Return the folded names of a class and its subclasses; of a class that the schema does not know, its own."""
        return (self.schema.family(classname) if self.schema else frozenset()) | {fold(classname)}


class PropertyAccess(msgspec.Struct, frozen=True):
    """How to read what a path leads to, and the CIM ``type`` that it is declared with, such as ``uint8[]``.

    ``kind`` is None where only the value has it, so that ``type`` and ``is_array`` say nothing.
    """

    path: Path
    read: Callable[[Values], Any]
    kind: ValueKind | None = None
    is_array: bool = False
    type: str = ""

    def invalid(self, text: str) -> CIMError:
        """Return CIM_ERR_INVALID_QUERY for what stands where the path does (rule OP-EQ-2)."""
        return self.path.at.invalid(text)


def accessed(path: Path, cls: ResolvedClass, scope: Scope) -> PropertyAccess:
    """Return how to read what a path leads to from the values of instances of a class.

    A property that the class, or an embedded object, does not have is NULL.

    Raises:
        CIMError: CIM_ERR_INVALID_QUERY for steps that do not fit the class, CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED.
    """
    steps = scope.steps(path, cls)
    if not steps:
        raise path.at.invalid(f"{path} is the instance, not one of its properties")
    first, *rest = steps
    if first.name.startswith("__"):
        found = system_property(first, path, scope)
        if rest:
            raise path.at.invalid(f"{first.name} has no properties")
        read = found.reader(cls, scope.location or _NOWHERE, scope.meter)
        return PropertyAccess(path, read, found.kind, found.is_array, found.type)
    inside = _inside(path, rest, scope)
    if not has(cls, first):
        return PropertyAccess(path, lambda _: None)
    place = cls.index[fold(first.name)]
    prop = cls.properties[place]
    kind, index = kind_of_property(prop), first.index
    if index is not None and not prop.is_array:
        raise path.at.invalid(f"{prop.name} is not an array")
    if not rest:
        if index is not None:
            return PropertyAccess(path, lambda values: _element(values[place], index), kind, type=prop.type)
        return PropertyAccess(path, lambda values: values[place], kind, prop.is_array, shape(prop))
    if kind is not ValueKind.EMBEDDED:
        raise path.at.invalid(f"{prop.name} is {kind.value}, which has no properties")
    if index is None:
        if prop.is_array:
            raise path.at.invalid(f"{prop.name} is an array: an index is needed")
        return PropertyAccess(path, lambda values: inside(values[place]))
    return PropertyAccess(path, lambda values: inside(_element(values[place], index)))


def has(cls: ResolvedClass, step: Step) -> bool:
    """Return whether instances of a class have the property that a step names."""
    return fold(step.name) in cls.index and (step.scope is None or cls.is_a(fold(step.scope)))


def system_property(step: Step, path: Path, scope: Scope) -> SystemProperty:
    """Return the system property that a step names.

    Raises:
        CIMError: CIM_ERR_INVALID_QUERY for an index, and for a name that no system property has;
            CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED for one that instances do not have here.
    """
    _check_single(step, path)
    found = SYSTEM_PROPERTIES.get(fold(step.name))
    if scope.location is None and (found is None or not found.of_class):
        raise path.at.unsupported(f"{step.name} is not supported; __CLASS, __SUPERCLASS and __DYNASTY are")
    if found is None:
        names = [each.name for each in SYSTEM_PROPERTIES.values()]
        raise path.at.invalid(f"no system property {step.name}{did_you_mean(step.name, names)}")
    return found


def _check_single(step: Step, path: Path) -> None:
    if step.index is not None:
        raise path.at.invalid(f"{step.name} is not an array")


def _element(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, tuple) and index < len(value) else None


def _inside(path: Path, steps: list[Step], scope: Scope) -> Callable[[Any], Any]:
    """Return the function that follows steps into an embedded object."""
    reads = [_read_class(step, path) if step.name.startswith("__") else _read_property(step, scope) for step in steps]
    if len(reads) == 1:
        return reads[0]

    def read(value: Any) -> Any:
        for each in reads:
            value = each(value)
        return value

    return read


def _read_class(step: Step, path: Path) -> Callable[[Any], Any]:
    _check_single(step, path)
    if fold(step.name) != "__class":
        raise path.at.unsupported(f"{step.name} of an embedded object is not supported; __CLASS is")
    return lambda value: value.classname if isinstance(value, CIMInstance | CIMClass) else None


def _read_property(step: Step, scope: Scope) -> Callable[[Any], Any]:
    name, index = step.name, step.index
    family = None if step.scope is None else scope.family(step.scope)
    meter = scope.meter

    def read(value: Any) -> Any:
        if not isinstance(value, CIMInstance):
            return None
        if family is not None and fold(value.classname) not in family:
            return None
        prop = value.properties.get(name)
        if prop is None:
            return None
        if isinstance(prop.value, list) and len(prop.value) > SHORT:
            meter.spend(len(prop.value) * 5)
        try:
            found = native(prop.value)
        except ValueError:
            return None
        return found if index is None else _element(found, index)

    return read
