"""Results of operations in forms that compare: names folded where their spelling is free, order left out where it is."""

from collections.abc import Mapping
from typing import Any

from pywbem import (
    CIMClass,
    CIMClassName,
    CIMDateTime,
    CIMInstance,
    CIMInstanceName,
    CIMParameter,
    CIMProperty,
    CIMQualifierDeclaration,
)


def form(value: Any, namespace: str) -> Any:
    """Return what a client sees of a value, a path or an object. ``namespace`` is the one of paths that name none."""
    match value:
        case CIMInstance():
            return instance_form(value, namespace)
        case CIMInstanceName():
            return path_form(value, namespace)
        case CIMClassName():
            # K13: the mock leaves out the host at times.
            return "class", value.namespace or namespace, value.classname.lower()
        case CIMClass():
            return class_form(value, namespace)
        case CIMQualifierDeclaration():
            return declaration_form(value)
        case CIMDateTime():
            return "datetime", str(value)
        case tuple():
            return tuple(form(each, namespace) for each in value)
        case list():
            return [form(each, namespace) for each in value]
        case Mapping():
            # X12: we leave out outputs that are NULL.
            return {name.lower(): form(each, namespace) for name, each in value.items() if each is not None}
        case bool():
            return "boolean", value
        case float():
            return "real", float(value)
    return value


def path_form(path: CIMInstanceName, namespace: str) -> Any:
    """Return a path; K20: the mock keeps the spelling that was asked for, K13: it leaves out the host at times."""
    keys = frozenset((name.lower(), form(key, namespace)) for name, key in path.keybindings.items())
    return path.namespace or namespace, path.classname.lower(), keys


def instance_form(instance: CIMInstance, namespace: str) -> Any:
    """Return an instance with its path; NULL is left out, since the mock leaves out what was never set (K4)."""
    properties = {
        prop.name: (prop.type, prop.is_array, prop.embedded_object, form(prop.value, namespace))
        for prop in instance.properties.values()
        if prop.value is not None
    }
    path = instance.path and path_form(instance.path, namespace)
    return instance.classname.lower(), path, sorted(properties.items())


def class_form(cls: CIMClass, namespace: str) -> Any:
    """Return a class, its elements in the order of their names, since the mock lists its own elements first."""
    return (
        cls.classname,
        (cls.superclass or "").lower(),
        _qualifiers(cls, propagated=False),
        sorted((name.lower(), _property(prop, namespace)) for name, prop in cls.properties.items()),
        sorted((name.lower(), _method(method, namespace)) for name, method in cls.methods.items()),
    )


def declaration_form(declared: CIMQualifierDeclaration) -> Any:
    """Return a qualifier declaration; ANY stands for all scopes (rule OP-GQ-2)."""
    scopes = {name.lower() for name, holds in declared.scopes.items() if holds and name != "ANY"}
    flavors = declared.overridable is not False, declared.tosubclass is not False, bool(declared.translatable)
    return declared.name, declared.type, declared.is_array, declared.array_size, declared.value, sorted(scopes), flavors


def in_any_order(items: Any) -> Any:
    """Return forms in an order of their own."""
    return sorted(items, key=repr) if isinstance(items, list) else items


def _property(prop: CIMProperty, namespace: str) -> Any:
    return _element(prop), form(prop.value, namespace), prop.class_origin, _qualifiers(prop, bool(prop.propagated))


def _method(method: Any, namespace: str) -> Any:
    parameters = [(name.lower(), _element(each), _qualifiers(each, True)) for name, each in method.parameters.items()]
    return method.return_type, parameters, method.class_origin, _qualifiers(method, bool(method.propagated))


def _element(element: CIMProperty | CIMParameter) -> Any:
    return element.name, element.type, bool(element.is_array), element.array_size, (element.reference_class or "").lower()


def _qualifiers(element: Any, propagated: bool) -> Any:
    """Return the qualifiers of an element; K: the mock hands down those that are restricted too, and none of a class."""
    return sorted(
        (name.lower(), qualifier.type, str(qualifier.value))
        for name, qualifier in element.qualifiers.items()
        if not (propagated and qualifier.tosubclass is False)
    )
