"""Operations that read classes and qualifier declarations."""

from cimsim.operations.call import Call, Outcome
from cimsim.operations.results import Classes, ClassNames, ClassView, Qualifiers
from cimsim.world.errors import not_found
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass


def folded_names(property_list: list[str] | None) -> frozenset[str] | None:
    """Return a property list as a class view has it."""
    return None if property_list is None else frozenset(fold(name) for name in property_list)


def get_class(
    call: Call,
    ClassName: str,
    LocalOnly: bool,
    IncludeQualifiers: bool,
    IncludeClassOrigin: bool,
    PropertyList: list[str] | None,
) -> Outcome:
    """Return one class (rules OP-GC-1 to OP-GC-5); a missing one is CIM_ERR_NOT_FOUND here (OP-GC-2)."""
    cls = call.namespace.schema.get(ClassName)
    if cls is None:
        raise not_found(call.namespace.no_class(ClassName))
    view = ClassView(LocalOnly, IncludeQualifiers, IncludeClassOrigin, folded_names(PropertyList))
    return Outcome(call.world, Classes([cls], view))


def enumerate_classes(
    call: Call,
    ClassName: str | None,
    DeepInheritance: bool,
    LocalOnly: bool,
    IncludeQualifiers: bool,
    IncludeClassOrigin: bool,
) -> Outcome:
    """Return the subclasses of a class (rules OP-EC-1, OP-EC-2, FL9)."""
    view = ClassView(LocalOnly, IncludeQualifiers, IncludeClassOrigin)
    return Outcome(call.world, Classes(_below(call, ClassName, DeepInheritance), view))


def enumerate_class_names(call: Call, ClassName: str | None, DeepInheritance: bool) -> Outcome:
    """Return the names of the subclasses of a class (rule OP-ECN-1)."""
    return Outcome(call.world, ClassNames(_below(call, ClassName, DeepInheritance)))


def _below(call: Call, name: str | None, deep: bool) -> list[ResolvedClass]:
    schema = call.namespace.schema
    if name is not None:
        name = call.namespace.cls(name).name
    return schema.descendants(name) if deep else schema.direct_subclasses(name)


def get_qualifier(call: Call, QualifierName: str) -> Outcome:
    """Return one qualifier declaration (rule OP-GQ-1)."""
    return Outcome(call.world, Qualifiers([call.namespace.qualifier(QualifierName)]))


def enumerate_qualifiers(call: Call) -> Outcome:
    """Return all qualifier declarations (rule OP-EQL-1)."""
    return Outcome(call.world, Qualifiers(call.namespace.qualifiers.all()))
