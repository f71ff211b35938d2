"""What an operation takes: its parameters, of which kind each is, and the fitting of given values to them."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

import msgspec
from pywbem import CIMClass, CIMInstance, CIMInstanceName, CIMQualifierDeclaration

from cimsim.operations.request import ClassName, NamedInstance
from cimsim.world.convert import InstanceData, from_cim_path
from cimsim.world.paths import InstancePath
from cimsim.world.values import Untyped, convert_scalar


class ParameterKind(Enum):
    """What the value of a parameter is; the value names it in error texts."""

    BOOLEAN = "a boolean"
    STRING = "a string"
    STRINGS = "an array of strings"
    CLASS_NAME = "the name of a class"
    INSTANCE_NAME = "the path of an instance"
    OBJECT_NAME = "the name of a class or the path of an instance"
    INSTANCE = "an instance"
    NAMED_INSTANCE = "an instance with its path"
    CLASS = "a class"
    QUALIFIER_DECLARATION = "a qualifier declaration"
    UINT32 = "a uint32"
    VALUE = "a value"


class Required:
    """Stands where a parameter has no default."""


REQUIRED: Final = Required()


class OperationParameter(msgspec.Struct, frozen=True):
    """A parameter of an operation. One whose default is None may be NULL; one without a default must be given."""

    name: str
    kind: ParameterKind
    default: Any = REQUIRED


def fitted(kind: ParameterKind, value: Any) -> Any:
    """Return the value as its kind has it, or None when it is of another kind."""
    match kind:
        case ParameterKind.BOOLEAN:
            return _scalar(value, "boolean")
        case ParameterKind.STRING:
            return None if isinstance(value, ClassName) else _scalar(value, "string")
        case ParameterKind.STRINGS:
            return _strings(value)
        case ParameterKind.CLASS_NAME:
            return value if isinstance(value, ClassName) else None
        case ParameterKind.INSTANCE_NAME:
            return _path(value)
        case ParameterKind.OBJECT_NAME:
            return value if isinstance(value, ClassName) else _path(value)
        case ParameterKind.INSTANCE:
            return InstanceData.of(value) if isinstance(value, CIMInstance) else _if_a(InstanceData, value)
        case ParameterKind.CLASS:
            return _if_a(CIMClass, value)
        case ParameterKind.QUALIFIER_DECLARATION:
            return _if_a(CIMQualifierDeclaration, value)
        case ParameterKind.UINT32:
            return _scalar(value, "uint32")
        case ParameterKind.NAMED_INSTANCE:
            return _named_instance(value)
        case ParameterKind.VALUE:
            return None if isinstance(value, NamedInstance | CIMQualifierDeclaration) else value


def _if_a(wanted: type, value: Any) -> Any:
    return value if isinstance(value, wanted) else None


def _scalar(value: Any, cim_type: str) -> Any:
    try:
        return convert_scalar(value, cim_type)
    except ValueError:
        return None


def _strings(value: Any) -> list[str] | None:
    if not isinstance(value, list | tuple):
        return None
    return list(value) if all(isinstance(item, str) for item in value) else None


def _path(value: Any) -> InstancePath | None:
    if isinstance(value, CIMInstanceName):
        return from_cim_path(value)
    return value if isinstance(value, InstancePath) else None


def _named_instance(value: Any) -> NamedInstance | None:
    if isinstance(value, CIMInstance) and value.path is not None:
        return NamedInstance(from_cim_path(value.path), InstanceData.of(value))
    return value if isinstance(value, NamedInstance) else None


def quick_fit(kind: ParameterKind) -> Callable[[Any], Any]:
    """Return what fits the values that almost all requests have; it returns None for others, which may be right or wrong.

    A path is right only if it names neither namespace nor host, which the caller would have to compare.
    """
    return _QUICK_FITS.get(kind, _never)


def _never(_: Any) -> None:
    return None


def _quick_class_name(value: Any) -> ClassName | None:
    return value if type(value) is ClassName else None


def _quick_path(value: Any) -> InstancePath | None:
    return value if type(value) is InstancePath and value.namespace is None and value.host is None else None


def _quick_string(value: Any) -> str | None:
    return str(value) if type(value) is Untyped else None


def _quick_strings(value: Any) -> list[str] | None:
    return value[:] if type(value) is list and all(type(item) is Untyped for item in value) else None


def _quick_instance(value: Any) -> InstanceData | None:
    return value if type(value) is InstanceData else None


def _quick_named_instance(value: Any) -> NamedInstance | None:
    return value if type(value) is NamedInstance and _quick_path(value.path) is not None else None


def _quick_boolean(value: Any) -> bool | None:
    return _BOOLEANS.get(value) if type(value) is Untyped else None


_BOOLEANS: Final = {"TRUE": True, "true": True, "True": True, "FALSE": False, "false": False, "False": False}
_QUICK_FITS: Final[dict[ParameterKind, Callable[[Any], Any]]] = {
    ParameterKind.BOOLEAN: _quick_boolean,
    ParameterKind.STRING: _quick_string,
    ParameterKind.STRINGS: _quick_strings,
    ParameterKind.CLASS_NAME: _quick_class_name,
    ParameterKind.INSTANCE_NAME: _quick_path,
    ParameterKind.OBJECT_NAME: lambda value: _quick_class_name(value) or _quick_path(value),
    ParameterKind.INSTANCE: _quick_instance,
    ParameterKind.NAMED_INSTANCE: _quick_named_instance,
}
