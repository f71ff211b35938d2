"""The setting ``faults``: methods that only return a number."""

import re
from typing import Final

from cimsim.behaviours.api import Fault
from cimsim.packs.errors import PackError
from cimsim.packs.settings import FAULTS, Settings
from cimsim.world.names import did_you_mean, fold
from cimsim.world.schema import Method
from cimsim.world.values import Untyped, convert_scalar
from cimsim.world.world import Namespace, World

_ITEM: Final = re.compile(r"\s*(\w+)\.(\w+)\s*=\s*(\S+)\s*")


def faults_of(pack: str, settings: Settings, world: World, namespaces: list[str]) -> list[Fault]:
    """Return the faults that the settings of a pack ask for, in each of its namespaces that has the class and the method.

    Raises:
        PackError: an item is no ``CLASS.METHOD=RETURN_VALUE``, there is no such class or method, or the value is not one that
            the method can return.
    """
    faults = []
    for item in settings[FAULTS]:
        match = _ITEM.fullmatch(item)
        if match is None:
            raise _error(pack, item, "write CLASS.METHOD=RETURN_VALUE")
        classname, method_name, text = match.groups()
        for namespace, method in _methods(pack, item, classname, method_name, [world.namespace(each) for each in namespaces]):
            faults.append(Fault(namespace.name, classname, method.name, _value(pack, item, method, text)))
    return faults


def _methods(
    pack: str, item: str, classname: str, method_name: str, namespaces: list[Namespace]
) -> list[tuple[Namespace, Method]]:
    classes = [(namespace, cls) for namespace in namespaces if (cls := namespace.schema.get(classname))]
    if not classes:
        hint = did_you_mean(classname, (name for namespace in namespaces for name in namespace.schema.names()))
        raise _error(pack, item, f"pack {pack} has no class {classname}{hint}")
    found = [(namespace, method) for namespace, cls in classes if (method := cls.methods.get(fold(method_name)))]
    if not found:
        hint = did_you_mean(method_name, (method.name for _, cls in classes for method in cls.methods.values()))
        raise _error(pack, item, f"class {classname} has no method {method_name}{hint}")
    return found


def _value(pack: str, item: str, method: Method, text: str) -> int:
    try:
        value = convert_scalar(Untyped(text), method.returns.type)
    except ValueError as error:
        raise _error(pack, item, f"method {method.name} cannot return this: {error}") from None
    if not isinstance(value, int):
        raise _error(pack, item, f"method {method.name} returns a {method.returns.type}, no number")
    return value


def _error(pack: str, item: str, text: str) -> PackError:
    return PackError(f"setting {pack}.{FAULTS}: {item}: {text}")
