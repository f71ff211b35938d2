"""Fitting a value to the place it is meant for: a property, a parameter, a key."""

from base64 import b64decode
from binascii import Error as Base64Error
from copy import deepcopy
from typing import Any, Protocol

import msgspec
from pywbem import CIMClass, CIMDateTime, CIMError, CIMInstance, CIMInstanceName, CIMProperty, cimvalue

from cimsim.world.declared import check_class
from cimsim.world.paths import ClassName, ClassPath, InstancePath
from cimsim.world.values import (
    INTEGER_RANGES,
    REAL_TYPES,
    DateTime,
    Hinted,
    Malformed,
    SchemaText,
    Untyped,
    convert_scalar,
)


class PropertyData(msgspec.Struct, frozen=True):
    """A property as a request gives it. ``type`` is None where only the class knows it; the value may be untyped."""

    name: str
    type: str | None
    is_array: bool
    value: Any
    embedded: str | None = None


class Repeated(list[Any]):
    """Values that came one by one under the same name: an array, or a single value; only the class knows which."""

    __slots__ = ()


class InstanceData(msgspec.Struct, frozen=True):
    """An instance as a request gives it, before it is known to fit its class."""

    classname: str
    properties: tuple[PropertyData, ...]

    @classmethod
    def of(cls, instance: CIMInstance) -> "InstanceData":
        """Return the data of a pywbem instance."""
        return cls(
            instance.classname,
            tuple(
                PropertyData(prop.name, prop.type, bool(prop.is_array), prop.value, prop.embedded_object)
                for prop in instance.properties.values()
            ),
        )


class TypedElement(Protocol):
    """What has a type: a property or a parameter of a resolved class."""

    @property
    def name(self) -> str: ...  # noqa: D102 - the fields are those of Property
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def is_array(self) -> bool: ...  # noqa: D102
    @property
    def array_size(self) -> int | None: ...  # noqa: D102
    @property
    def embedded(self) -> str | None: ...  # noqa: D102
    @property
    def embedded_class(self) -> str | None: ...  # noqa: D102
    @property
    def reference_class(self) -> str | None: ...  # noqa: D102


class Resolver(Protocol):
    """What knows classes and namespaces: gives references and embedded objects their typed form."""

    def reference(self, path: InstancePath) -> InstancePath:
        """Return the absolute, typed path; ValueError if its keys do not fit its class."""
        ...

    def embedded(self, element: TypedElement, value: InstanceData) -> CIMInstance:
        """Return the typed embedded instance; ValueError if it does not fit."""
        ...


def shape(element: TypedElement) -> str:
    """Return how an element's type reads in an error text: ``uint16[]``."""
    return f"{element.type}[]" if element.is_array else element.type


def convert_value(element: TypedElement, value: Any, resolver: Resolver | None = None) -> Any:
    """Return ``value`` as the world stores a value of the element; None stays None.

    Embedded objects are made anew, so that nobody else holds what is stored.

    Raises:
        ValueError: wrong type, scalar for array or the reverse, too many items (rule D14), out of range.
    """
    if value is None:
        return None
    if type(value) is Repeated:
        value = _gathered(element, value)
        if value is None:
            return None
    if type(value) in (list, tuple):
        if not element.is_array:
            raise ValueError(f"{shape(element)} expected, not an array")
        if element.array_size is not None and len(value) > element.array_size:
            raise ValueError(f"{len(value)} items in an array of {element.array_size}")
        return tuple(None if item is None else _item(element, item, resolver) for item in value)
    if element.is_array and not isinstance(value, Malformed):
        raise ValueError(f"{shape(element)} expected, not a single value")
    return _item(element, value, resolver)


def _gathered(element: TypedElement, values: Repeated) -> Any:
    """Return values that came one by one as the element has them: an array, or the only one."""
    if not element.is_array:
        return values[0] if len(values) == 1 else list(values)
    if element.type == "uint8" and len(values) == 1 and isinstance(values[0], SchemaText) and not values[0].strip().isdigit():
        # XML Schema has octet strings in base64 (DSP0230).
        try:
            return list(b64decode(values[0].strip(), validate=True))
        except Base64Error:
            pass
    return list(values)


_SCALARS = frozenset({str, Untyped, Hinted, int, bool, float, DateTime})


def _item(element: TypedElement, value: Any, resolver: Resolver | None) -> Any:
    if type(value) in _SCALARS and element.type != "reference" and not element.embedded:
        return convert_scalar(value, element.type)
    if isinstance(value, Malformed):
        raise ValueError(value.reason)
    if element.type == "reference":
        return _reference(value, resolver)
    if element.embedded:
        return _embedded(element, value, resolver)
    description = _described(value)
    if description is not None:
        raise ValueError(f"{element.type} expected, not {description}")
    return convert_scalar(value, element.type)


def _described(value: Any) -> str | None:
    """Return what a value is that stands for no scalar, None for any other."""
    match value:
        case InstanceData() | CIMInstance() | CIMClass():
            return f"an embedded object of class {value.classname}"
        case InstancePath():
            return f"a reference to {value}"
        case CIMInstanceName():
            return f"a reference to {from_cim_path(value)}"
        case ClassName():
            return f"the name of class {value}"
        case ClassPath():
            return f"the path of class {value.classname}"
    return None


def _reference(value: Any, resolver: Resolver | None) -> InstancePath:
    if isinstance(value, CIMInstanceName):
        value = from_cim_path(value)
    if not isinstance(value, InstancePath) or resolver is None:
        raise ValueError(f"{_described(value) or repr(value)} is not a reference to an instance")
    return resolver.reference(value)


def _embedded(element: TypedElement, value: Any, resolver: Resolver | None) -> CIMInstance | CIMClass:
    if isinstance(value, CIMClass):
        if element.embedded == "object":
            try:
                check_class(value)
            except CIMError as error:
                raise ValueError(error.status_description) from None
            return deepcopy(value)
        raise ValueError(f"an embedded instance expected, not class {value.classname}")
    if isinstance(value, CIMInstance):
        value = InstanceData.of(value)
    if not isinstance(value, InstanceData) or resolver is None:
        kind = "object" if element.embedded == "object" else "instance"
        given = _described(value) or ("text" if isinstance(value, str) else repr(value))
        raise ValueError(f"an embedded {kind} expected, not {given}")
    return resolver.embedded(element, value)


def from_cim_path(path: CIMInstanceName) -> InstancePath:
    """Return a pywbem instance path as one of ours."""
    keys = tuple([(name or "", _from_cim_key(value)) for name, value in path.keybindings.items()])
    types = tuple([getattr(value, "cimtype", None) for value in path.keybindings.values()])
    return InstancePath(path.classname, keys, path.namespace, path.host, types)


def _from_cim_key(value: Any) -> Any:
    if isinstance(value, CIMInstanceName):
        return from_cim_path(value)
    return DateTime(str(value)) if isinstance(value, CIMDateTime) else value


def to_cim_path(path: InstancePath) -> CIMInstanceName:
    """Return one of our instance paths as pywbem's; numbers of a known type are pywbem's of that type."""
    types = path.types or (None,) * len(path.keys)
    keys = {name: _to_cim_key(value, cim_type) for (name, value), cim_type in zip(path.keys, types, strict=True)}
    return CIMInstanceName(path.classname, keys, path.host, path.namespace)


def _to_cim_key(value: Any, cim_type: str | None) -> Any:
    if cim_type in INTEGER_RANGES or cim_type in REAL_TYPES:
        return cimvalue(value, cim_type)
    return to_cim_value(value)


def to_cim_property(element: TypedElement, value: Any) -> CIMProperty:
    """Return a stored value of a property or a parameter as a property of pywbem; embedded objects are copied."""
    return CIMProperty(
        element.name,
        to_cim_value(value),
        type=element.type,
        is_array=element.is_array,
        embedded_object=element.embedded,
        reference_class=element.reference_class,
    )


def to_cim_value(value: Any) -> Any:
    """Return a stored value as pywbem takes it; embedded objects are copied."""
    if isinstance(value, tuple):
        return [to_cim_value(item) for item in value]
    if isinstance(value, CIMInstance | CIMClass):
        return deepcopy(value)
    if isinstance(value, DateTime):
        return CIMDateTime(str(value))
    if isinstance(value, InstancePath):
        return to_cim_path(value)
    return value


def typed_by_hint(value: Any, cim_type: str | None = None) -> tuple[Any, str | None]:
    """Return a key value whose class is unknown, and its CIM type; None where that is to be seen from the value.

    Args:
        value: what was given.
        cim_type: its type, where that is known already.

    Raises:
        ValueError: the text is not of the type that its sender says (rules D17, D18).
    """
    if not isinstance(value, Hinted):
        return (str(value) if isinstance(value, Untyped) else value), cim_type
    if value.hint != "numeric":
        return convert_scalar(value, value.hint), value.hint
    # The widest of each kind has room for what the sender's own type holds.
    for cim_type in ("uint64", "sint64", "real64"):
        try:
            return convert_scalar(value, cim_type), cim_type
        except ValueError:
            continue
    raise ValueError(f"{str(value)!r} is not a number")
