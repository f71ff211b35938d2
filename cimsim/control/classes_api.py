"""Namespaces and classes, as they are now."""

from collections import Counter
from collections.abc import Generator, Mapping

from pywbem import CIMClass, CIMQualifier

from cimsim.control.json_values import json_value
from cimsim.control.lookups import class_named, namespace_named
from cimsim.control.model_messages import (
    ClassDetails,
    ClassList,
    ClassState,
    MethodState,
    NamespaceList,
    NamespaceState,
    ParameterState,
    PropertyState,
    QualifierValue,
)
from cimsim.control.steps import batched
from cimsim.control.value_maps import ValueMap
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.schema import Method, Property, ResolvedClass

_PARTS: int = 100
"""How many properties or methods are described in a step."""


def namespaces(controlled: ControlledCimom) -> NamespaceList:
    """Return the namespaces."""
    found = controlled.cimom.world.namespaces.values()
    return NamespaceList([NamespaceState(each.name, len(each.schema), each.instance_count) for each in found])


def classes(controlled: ControlledCimom, name: str) -> Generator[None, None, ClassList]:
    """Return the classes of a namespace, in steps; raises ControlError, 404, if there is none of that name."""
    namespace = namespace_named(controlled.cimom.world, name)
    own = {folded: len(stored) for folded, stored in namespace.instances.items()}
    deep: Counter[str] = Counter()
    for folded, count in own.items():
        cls = namespace.schema.get(folded)
        if cls is not None and count:
            deep.update(dict.fromkeys(cls.lineage, count))
    answer = ClassList([])
    for part in batched(list(namespace.schema)):
        yield
        answer.classes.extend(
            ClassState(
                cls.name,
                cls.superclass.name if cls.superclass else None,
                cls.abstract,
                cls.association,
                cls.indication,
                own.get(cls.folded, 0),
                deep[cls.folded],
            )
            for cls in part
        )
    return answer


def class_details(controlled: ControlledCimom, name: str, classname: str) -> Generator[None, None, ClassDetails]:
    """Return a class, in steps; raises ControlError, 404, if there is no such namespace or class."""
    namespace = namespace_named(controlled.cimom.world, name)
    cls = class_named(namespace, classname)
    yield
    full = cls.full
    yield
    properties: list[PropertyState] = []
    for part in batched(cls.properties, _PARTS):
        properties.extend(_property(each, full) for each in part)
        yield
    methods: list[MethodState] = []
    for methods_part in batched(list(cls.methods.values()), _PARTS):
        for each in methods_part:
            methods.append(_method(each, full, provided=controlled.cimom.provides(namespace.name, cls, each.name)))
        yield
    mof = cls.declared.tomof()
    yield
    return ClassDetails(
        cls.name,
        [each.name for each in _above(cls)],
        [each.name for each in namespace.schema.direct_subclasses(cls.name)],
        cls.abstract,
        cls.association,
        cls.indication,
        _description(full.qualifiers),
        _qualifiers(full.qualifiers),
        properties,
        methods,
        mof,
    )


def _above(cls: ResolvedClass) -> list[ResolvedClass]:
    found = []
    while cls.superclass is not None:
        cls = cls.superclass
        found.append(cls)
    return found


def _property(prop: Property, full: CIMClass) -> PropertyState:
    qualifiers = full.properties[prop.name].qualifiers
    texts = ValueMap.of(qualifiers)
    return PropertyState(
        prop.name,
        prop.type,
        prop.is_array,
        prop.key,
        prop.writable,
        prop.reference_class,
        prop.origin,
        json_value(prop.default),
        _description(qualifiers),
        texts.values,
        texts.value_map,
        _qualifiers(qualifiers),
    )


def _method(method: Method, full: CIMClass, *, provided: bool) -> MethodState:
    declared = full.methods[method.name]
    texts = ValueMap.of(declared.qualifiers)
    parameters = []
    for each in method.parameters.values():
        qualifiers = declared.parameters[each.name].qualifiers
        of_parameter = ValueMap.of(qualifiers)
        parameters.append(
            ParameterState(
                each.name,
                each.type,
                each.is_array,
                each.is_in,
                each.is_out,
                each.required,
                each.reference_class,
                _description(qualifiers),
                of_parameter.values,
                of_parameter.value_map,
            )
        )
    return MethodState(
        method.name,
        method.returns.type,
        method.static,
        method.origin,
        _description(declared.qualifiers),
        texts.values,
        texts.value_map,
        provided,
        parameters,
    )


def _description(qualifiers: Mapping[str, CIMQualifier]) -> str:
    found = qualifiers.get("Description")
    return "" if found is None or found.value is None else str(found.value)


def _qualifiers(qualifiers: Mapping[str, CIMQualifier]) -> list[QualifierValue]:
    return [QualifierValue(each.name, json_value(each.value)) for each in qualifiers.values()]
