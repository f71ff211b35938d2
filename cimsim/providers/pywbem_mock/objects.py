"""What pywbem_mock keeps as classes and instances, and what the world does.

pywbem_mock stores a class with all that it inherits, marked as propagated; the world keeps what a class declares itself. In
pywbem_mock a property of an instance may be missing; the world knows NULL only. So an instance is shown to scripts without the
properties that are NULL: what they test for is whether a property is there.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pywbem import CIMClass, CIMInstance, CIMInstanceName, CIMMethod, CIMParameter, CIMQualifier

from cimsim.world.convert import InstanceData, PropertyData, to_cim_path, to_cim_property, to_cim_value
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.propagation import copy_of
from cimsim.world.schema import Parameter, ResolvedClass

_ESCAPES: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}

# Values


def characters(value: Any) -> Any:
    """Return the value of a char16; pywbem's MOF compiler leaves the quotation marks and escapes of MOF in place."""
    if isinstance(value, list):
        return [characters(item) for item in value]
    if not isinstance(value, str) or len(value) < 3 or value[0] != "'" or value[-1] != "'":
        return value
    inner = value[1:-1]
    if not inner.startswith("\\"):
        return inner
    return chr(int(inner[2:], 16)) if inner[1] in "xX" else _ESCAPES.get(inner[1], inner[1])


def with_characters(element: Any) -> Any:
    """Return a property, qualifier or qualifier declaration, which may be changed, with its value as ``characters`` has it."""
    if element.type == "char16" and element.value is not None:
        element.value = characters(element.value)
    return element


# Instances


def shown(instance: Instance) -> CIMInstance:
    """Return an instance as scripts see it."""
    cim_instance = instance.to_cim()
    for name in [prop.name for prop in cim_instance.properties.values() if prop.value is None]:
        del cim_instance.properties[name]
    return cim_instance


def stored(instance: CIMInstance, path: CIMInstanceName, cls: ResolvedClass) -> InstanceData:
    """Return what the world stores of an instance of a script, which is known by its path.

    Keys are those of the path. Properties that the class does not have are left out. The types that the properties claim do not
    count, only whether their values fit.
    """
    keys = {fold(name): value for name, value in path.keybindings.items() if name}
    given = {fold(prop.name): prop.value for prop in instance.properties.values()}
    values = {**given, **keys}
    for prop in cls.properties:
        if prop.type == "char16" and fold(prop.name) in values:
            values[fold(prop.name)] = characters(values[fold(prop.name)])
    return InstanceData(
        cls.name,
        tuple(
            PropertyData(prop.name, None, False, values[fold(prop.name)])
            for prop in cls.properties
            if fold(prop.name) in values
        ),
    )


def new_instance(cls: ResolvedClass, properties: Mapping[str, Any]) -> CIMInstance:
    """Return an instance with these properties, by declared name and typed, as a provider gets it."""
    instance = CIMInstance(cls.name)
    for name, value in properties.items():
        prop = cls.properties[cls.index[fold(name)]]
        instance.properties[prop.name] = to_cim_property(prop, value)
    return instance


def modified_instance(instance: Instance, properties: Mapping[str, Any]) -> CIMInstance:
    """Return the part of an instance that is to be modified, as a provider gets it."""
    modified = new_instance(instance.cls, properties)
    modified.path = to_cim_path(instance.path)
    return modified


def argument(parameter: Parameter, value: Any) -> CIMParameter:
    """Return an argument of a method as a provider gets it."""
    return CIMParameter(
        parameter.name,
        parameter.type,
        reference_class=parameter.reference_class,
        is_array=parameter.is_array,
        array_size=parameter.array_size,
        value=to_cim_value(value),
        embedded_object=parameter.embedded,
    )


# Classes


def with_keys(cls: ResolvedClass, names: Iterable[str]) -> CIMClass:
    """Return the declaration of a class with some of its own properties as keys."""
    declared = CIMClass(
        cls.name,
        superclass=cls.declared.superclass,
        properties=[copy_of(prop) for prop in cls.declared.properties.values()],
        methods=[copy_of(method) for method in cls.declared.methods.values()],
        qualifiers=[qualifier.copy() for qualifier in cls.declared.qualifiers.values()],
    )
    for name in names:
        declared.properties[name].qualifiers["Key"] = CIMQualifier("Key", True, overridable=False, tosubclass=True)
    return declared


def own_part(resolved: CIMClass, parent: ResolvedClass | None) -> CIMClass:
    """Return a class of pywbem_mock without what it inherits."""
    above = parent.full if parent else CIMClass(resolved.classname)
    return CIMClass(
        resolved.classname,
        superclass=parent.name if parent else None,
        properties=_own_elements(resolved.properties.values(), above.properties),
        methods=_own_elements(resolved.methods.values(), above.methods),
        qualifiers=_own_qualifiers(resolved.qualifiers.values(), above.qualifiers),
    )


def _own_elements(elements: Iterable[Any], inherited: Any) -> list[Any]:
    own = []
    for element in elements:
        above = inherited.get(element.name)
        if above is not None and _repeats(element, above):
            continue
        copy = copy_of(element)
        copy.propagated = copy.class_origin = None
        if isinstance(copy, CIMMethod):
            for parameter in copy.parameters.values():
                parameter.qualifiers = [with_characters(each.copy()) for each in parameter.qualifiers.values()]
        else:
            with_characters(copy)
        copy.qualifiers = _own_qualifiers(element.qualifiers.values(), {} if above is None else above.qualifiers)
        own.append(copy)
    return own


def _repeats(element: Any, above: Any) -> bool:
    """Whether an element is a copy of the inherited one. pywbem_mock marks those that override it as propagated, too."""
    if not element.propagated or not all(qualifier.propagated for qualifier in element.qualifiers.values()):
        return False
    if isinstance(element, CIMMethod):
        return list(element.parameters) == list(above.parameters)
    return bool(element.value == above.value and element.reference_class == above.reference_class)


def _own_qualifiers(qualifiers: Iterable[CIMQualifier], inherited: Any) -> list[CIMQualifier]:
    return [with_characters(each.copy()) for each in qualifiers if not (each.propagated and _comes_down(each, inherited))]


def _comes_down(qualifier: CIMQualifier, inherited: Any) -> bool:
    above = inherited.get(qualifier.name)
    return above is not None and above.tosubclass is not False and above.value == qualifier.value
