"""The full class: a class with all that it inherits, as GetClass shows it with ``LocalOnly`` false (rules FL1, OP-CC-4).

It is merged from the declared class and the full class above it. Both stay as they are. What is inherited and would look the
same is shared with the full class above; what differs is copied. So nobody may change a full class: take ``copy_of`` it.
"""

from collections.abc import Iterable
from typing import Any

from pywbem import CIMClass, CIMMethod, CIMQualifier

from cimsim.world.names import fold


def merged(declared: CIMClass, parent: CIMClass | None) -> CIMClass:
    """Return the full class: inherited elements first, each marked as propagated or not."""
    properties = _merged_elements(declared.properties.values(), parent.properties if parent else {}, declared.classname)
    methods = _merged_elements(declared.methods.values(), parent.methods if parent else {}, declared.classname)
    return CIMClass(
        declared.classname,
        superclass=declared.superclass,
        properties=properties,
        methods=methods,
        qualifiers=_merged_qualifiers(declared.qualifiers, parent.qualifiers if parent else {}),
    )


def _merged_elements(declared: Iterable[Any], inherited: Any, classname: str) -> list[Any]:
    elements: dict[str, Any] = {}
    for element in inherited.values():
        if _looks_inherited(element):
            elements[fold(element.name)] = element
            continue
        copy = copy_of(element)
        copy.propagated = True
        copy.qualifiers = _propagated(element.qualifiers)
        if isinstance(copy, CIMMethod):
            for parameter in copy.parameters.values():
                parameter.qualifiers = _propagated(parameter.qualifiers)
        elements[fold(element.name)] = copy
    for element in declared:
        above = elements.get(fold(element.name))
        copy = copy_of(element)
        copy.propagated = False
        copy.class_origin = above.class_origin if above is not None else classname
        copy.qualifiers = _merged_qualifiers(element.qualifiers, above.qualifiers if above is not None else {})
        if isinstance(copy, CIMMethod):
            _merge_parameters(copy, above)
        elements[fold(element.name)] = copy
    return list(elements.values())


def _looks_inherited(element: Any) -> bool:
    """Whether an element of a full class is the same in the full class of a subclass."""
    if not element.propagated:
        return False
    parameters = element.parameters.values() if isinstance(element, CIMMethod) else ()
    parts = (element, *parameters)
    return all(each.propagated and each.tosubclass is not False for part in parts for each in part.qualifiers.values())


def copy_of(element: Any) -> Any:
    """Return a copy whose parameters are copies too, which those of pywbem's own copy of a method are not."""
    copy = element.copy()
    if isinstance(copy, CIMMethod):
        copy.parameters = [parameter.copy() for parameter in copy.parameters.values()]
    return copy


def _merge_parameters(method: CIMMethod, above: CIMMethod | None) -> None:
    for parameter in method.parameters.values():
        inherited = above.parameters.get(parameter.name) if above is not None else None
        qualifiers = _propagated(inherited.qualifiers) if inherited is not None else {}
        parameter.qualifiers = _merged_qualifiers(parameter.qualifiers, qualifiers)


def _propagated(qualifiers: Any) -> dict[str, CIMQualifier]:
    """Return the qualifiers that subclasses inherit, marked as propagated."""
    inherited = {}
    for qualifier in qualifiers.values():
        if qualifier.tosubclass is not False:
            inherited[qualifier.name] = _marked(qualifier, propagated=True)
    return inherited


def _merged_qualifiers(declared: Any, inherited: Any) -> list[CIMQualifier]:
    merged = {fold(name): qualifier for name, qualifier in _propagated(inherited).items()}
    for qualifier in declared.values():
        merged[fold(qualifier.name)] = _marked(qualifier, propagated=False)
    return list(merged.values())


def _marked(qualifier: CIMQualifier, *, propagated: bool) -> CIMQualifier:
    """Return the qualifier itself if it is marked so already, otherwise a copy that is."""
    if qualifier.propagated is propagated:
        return qualifier
    copy = qualifier.copy()
    copy.propagated = propagated
    return copy
