"""CIM values as JSON has them, and back.

Texts, booleans and numbers are themselves, whole numbers beyond 2**53 and numbers that JSON lacks are text; datetimes are their
CIM text, references the text of the path, embedded instances ``{"class": NAME, "properties": {...}}``, arrays lists, NULL null.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from pywbem import CIMClass, CIMDateTime, CIMInstance, CIMInstanceName

from cimsim.world.convert import InstanceData, PropertyData, from_cim_path
from cimsim.world.object_path import parse_path
from cimsim.world.paths import InstancePath
from cimsim.world.schema import Parameter, Property
from cimsim.world.values import Malformed, Untyped
from cimsim.world.world import Namespace, World

_EXACT: Final = 2**53
_MAX_DEPTH: Final = 20
"""How deep embedded instances may be nested in what is sent."""


def json_value(value: Any) -> Any:
    """Return a stored value, or one of pywbem, as JSON has it."""
    match value:
        case None | bool():
            return value
        case int():
            return int(value) if -_EXACT <= value <= _EXACT else str(int(value))
        case float():
            return float(value) if math.isfinite(value) else str(float(value))
        case InstancePath() | CIMDateTime():
            return str(value)
        case CIMInstanceName():
            return str(from_cim_path(value))
        case str():
            # A kind of str, such as a datetime, is text as well.
            return str(value)
        case list() | tuple():
            return [json_value(item) for item in value]
        case CIMInstance():
            return {
                "class": value.classname,
                "properties": {each.name: json_value(each.value) for each in value.properties.values()},
            }
        case CIMClass():
            return {"class": value.classname, "properties": {}}
    return str(value)


def argument_of(element: Property | Parameter | None, value: Any, world: World, namespace: Namespace) -> Any:
    """Return what a request has for a value of JSON; what does not fit fails when the request is carried out.

    ``element`` is what it is for, None where there is no such one, which the request will say. Paths and embedded instances are
    read as those of the namespace in the world.
    """
    return _read(element, value, world, namespace, _MAX_DEPTH)


def instance_data(classname: str, properties: Mapping[str, Any], world: World, namespace: Namespace) -> InstanceData:
    """Return the data of an instance whose properties JSON has by name."""
    return _data(classname, properties, world, namespace, _MAX_DEPTH)


def path_of(text: str, world: World, namespace: str) -> InstancePath:
    """Return the path that a text has; one without keys is that of the only instance of a class without keys.

    Raises:
        ValueError: it is not the path of an instance.
    """
    place, colon, classname = text.rpartition(":")
    if colon and classname.isidentifier():
        return InstancePath(classname, (), place.strip("/\\") or namespace)
    return parse_path(text, world, namespace)


def _read(element: Property | Parameter | None, value: Any, world: World, namespace: Namespace, depth: int) -> Any:
    match value:
        case list():
            return [_read(element, item, world, namespace, depth) for item in value]
        case str() if element is not None and element.type == "reference":
            try:
                return path_of(value, world, namespace.name)
            except ValueError as error:
                return Malformed(str(error))
        case str():
            return Untyped(value)
        case Mapping():
            return _embedded(value, world, namespace, depth)
    return value


def _data(classname: str, properties: Mapping[str, Any], world: World, namespace: Namespace, depth: int) -> InstanceData:
    cls = namespace.schema.get(classname)
    given = []
    for name, value in properties.items():
        element = cls.find(name) if cls is not None else None
        read = _read(element, value, world, namespace, depth - 1)
        given.append(PropertyData(name, None, isinstance(value, list), read))
    return InstanceData(classname, tuple(given))


def _embedded(value: Mapping[str, Any], world: World, namespace: Namespace, depth: int) -> InstanceData | Malformed:
    classname, properties = value.get("class"), value.get("properties", {})
    if not isinstance(classname, str) or not isinstance(properties, Mapping) or not {*value} <= {"class", "properties"}:
        return Malformed('an embedded instance is written {"class": NAME, "properties": {...}}')
    if depth <= 0:
        return Malformed(f"embedded instances are nested more than {_MAX_DEPTH} deep")
    return _data(classname, properties, world, namespace, depth)
