"""The settings ``faults`` and ``timings``, as far as they name classes and methods that must be there."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from cimsim.packs.pack_errors import PackError
from cimsim.packs.settings import FAULTS, TIMINGS, Settings
from cimsim.providers.timing import parse_rule
from cimsim.world.names import did_you_mean, fold
from cimsim.world.schema import Method, ResolvedClass
from cimsim.world.values import Untyped, convert_scalar
from cimsim.world.world import Namespace, World

_ITEM: Final = r"\s*(\w+)\.(\w+)\s*=\s*(\S+)\s*"


class MethodFault(msgspec.Struct, frozen=True):
    """A method that only returns a number and changes nothing, as an item of the setting ``faults`` of a pack wants it."""

    pack: str
    namespace: str
    classname: str
    method: str
    return_value: int


def check_timings(pack: str, settings: Settings, world: World, namespaces: list[str]) -> None:
    """Check that the setting ``timings`` of a pack names classes and methods of its namespaces.

    Raises:
        PackError: an item has another form, or there is no such class, property or method.
    """
    for item in settings[TIMINGS]:
        try:
            rule = parse_rule(item)
        except ValueError as error:
            raise PackError(f"setting {pack}.{TIMINGS}: {error}") from None
        classes = _classes(pack, TIMINGS, item, rule.classname, [world.namespace(each) for each in namespaces])
        if rule.method is not None:
            _methods(pack, TIMINGS, item, rule.classname, rule.method, classes)
        if rule.where is not None and not any(rule.where[0] in cls.index for _, cls in classes):
            hint = did_you_mean(rule.where[0], (prop.name for _, cls in classes for prop in cls.properties))
            raise _error(pack, TIMINGS, item, f"class {rule.classname} has no property {rule.where[0]}{hint}")


def faults_of(pack: str, settings: Settings, world: World, namespaces: list[str]) -> Iterator[MethodFault]:
    """Yield the faults that the settings of a pack ask for, in each of its namespaces that has the class and the method.

    Raises:
        PackError: an item is not ``CLASS.METHOD=RETURN_VALUE``, there is no such class or method, or the value is not one that
            the method can return.
    """
    for item in settings[FAULTS]:
        match = re.fullmatch(_ITEM, item)
        if match is None:
            raise _error(pack, FAULTS, item, "write CLASS.METHOD=RETURN_VALUE")
        classname, method_name, text = match.groups()
        classes = _classes(pack, FAULTS, item, classname, [world.namespace(each) for each in namespaces])
        for namespace, method in _methods(pack, FAULTS, item, classname, method_name, classes):
            yield MethodFault(pack, namespace.name, classname, method.name, _value(pack, item, method, text))


def in_order(faults: Iterable[MethodFault], world: World) -> list[MethodFault]:
    """Return faults in the order in which they act: those of the nearest class first, the last of a class before others."""

    def depth(fault: MethodFault) -> int:
        return len(world.namespace(fault.namespace).cls(fault.classname).lineage)

    last_first = list(faults)[::-1]
    return sorted(last_first, key=depth, reverse=True)


_Classes = list[tuple[Namespace, ResolvedClass]]


def _classes(pack: str, setting: str, item: str, classname: str, namespaces: list[Namespace]) -> _Classes:
    classes = [(namespace, cls) for namespace in namespaces if (cls := namespace.schema.get(classname))]
    if not classes:
        hint = did_you_mean(classname, (name for namespace in namespaces for name in namespace.schema.names()))
        raise _error(pack, setting, item, f"pack {pack} has no class {classname}{hint}")
    return classes


def _methods(
    pack: str, setting: str, item: str, classname: str, method_name: str, classes: _Classes
) -> list[tuple[Namespace, Method]]:
    found = [(namespace, method) for namespace, cls in classes if (method := cls.methods.get(fold(method_name)))]
    if not found:
        hint = did_you_mean(method_name, (method.name for _, cls in classes for method in cls.methods.values()))
        raise _error(pack, setting, item, f"class {classname} has no method {method_name}{hint}")
    return found


def _value(pack: str, item: str, method: Method, text: str) -> int:
    try:
        value = convert_scalar(Untyped(text), method.returns.type)
    except ValueError as error:
        raise _error(pack, FAULTS, item, f"method {method.name} cannot return this: {error}") from None
    if not isinstance(value, int):
        raise _error(pack, FAULTS, item, f"method {method.name} returns a {method.returns.type}, not a number")
    return value


def _error(pack: str, setting: str, item: str, text: str) -> PackError:
    return PackError(f"setting {pack}.{setting}: {item}: {text}")
