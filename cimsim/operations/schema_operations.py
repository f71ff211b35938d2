"""Operations on the schema of a namespace: they read and change classes and qualifier declarations."""

from pywbem import CIMClass, CIMError, CIMQualifierDeclaration

from cimsim.operations.call import OperationCall, Outcome, changed
from cimsim.operations.results import Classes, ClassNames, ClassView, Qualifiers
from cimsim.world.checks import check_declared, check_unused, check_whole, checked_declaration, own_part
from cimsim.world.errors import invalid_superclass, not_found
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass, resolve
from cimsim.world.world import Namespace


def folded_names(property_list: list[str] | None) -> frozenset[str] | None:
    """Return a property list as a class view has it."""
    return None if property_list is None else frozenset(fold(name) for name in property_list)


def get_class(
    call: OperationCall,
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
    call: OperationCall,
    ClassName: str | None,
    DeepInheritance: bool,
    LocalOnly: bool,
    IncludeQualifiers: bool,
    IncludeClassOrigin: bool,
) -> Outcome:
    """Return the subclasses of a class (rules OP-EC-1, OP-EC-2, FL9)."""
    view = ClassView(LocalOnly, IncludeQualifiers, IncludeClassOrigin)
    return Outcome(call.world, Classes(_below(call, ClassName, DeepInheritance), view))


def enumerate_class_names(call: OperationCall, ClassName: str | None, DeepInheritance: bool) -> Outcome:
    """Return the names of the subclasses of a class (rule OP-ECN-1)."""
    return Outcome(call.world, ClassNames(_below(call, ClassName, DeepInheritance)))


def _below(call: OperationCall, name: str | None, deep: bool) -> list[ResolvedClass]:
    schema = call.namespace.schema
    if name is not None:
        name = call.namespace.cls(name).name
    return schema.descendants(name) if deep else schema.direct_subclasses(name)


def create_class(call: OperationCall, NewClass: CIMClass) -> Outcome:
    """Create a class (rules OP-CC-1 to OP-CC-4)."""
    check_declared(NewClass, call.namespace)
    parent = call.namespace.schema.place_for(NewClass)
    declared = own_part(NewClass, parent, call.namespace)
    check_whole(resolve(declared, parent))
    transaction = call.transaction()
    transaction.create_class(declared)
    return changed(transaction)


def modify_class(call: OperationCall, ModifiedClass: CIMClass) -> Outcome:
    """Change a class that has neither subclasses nor instances (rules OP-MC-1, OP-MC-2).

    One that is declared just as it is already may have both, so that the same MOF can be compiled twice.
    """
    check_declared(ModifiedClass, call.namespace)
    known = call.namespace.schema.get(ModifiedClass.classname)
    if known is None:
        raise not_found(call.namespace.no_class(ModifiedClass.classname))
    parent = call.namespace.schema.superclass_of(ModifiedClass)
    if parent is not known.superclass:
        raise invalid_superclass(f"the superclass of class {known.name} is {_name(known.superclass)}, not {_name(parent)}")
    declared = own_part(ModifiedClass, parent, call.namespace)
    declared.classname = known.name
    transaction = call.transaction()
    if not _says_the_same(declared, known, call.namespace):
        check_whole(resolve(declared, parent))
        transaction.modify_class(declared)
    return changed(transaction)


def delete_class(call: OperationCall, ClassName: str) -> Outcome:
    """Delete a class that has neither subclasses nor instances (rules OP-DC-1, OP-DC-2)."""
    transaction = call.transaction()
    transaction.delete_class(ClassName)
    return changed(transaction)


def get_qualifier(call: OperationCall, QualifierName: str) -> Outcome:
    """Return one qualifier declaration (rule OP-GQ-1)."""
    return Outcome(call.world, Qualifiers([call.namespace.qualifier(QualifierName)]))


def enumerate_qualifiers(call: OperationCall) -> Outcome:
    """Return all qualifier declarations (rule OP-EQL-1)."""
    return Outcome(call.world, Qualifiers(call.namespace.qualifiers.all()))


def set_qualifier(call: OperationCall, QualifierDeclaration: CIMQualifierDeclaration) -> Outcome:
    """Declare a qualifier, or declare it anew (rules OP-SQ-1, OP-SQ-2)."""
    transaction = call.transaction()
    transaction.set_qualifier(checked_declaration(QualifierDeclaration, call.namespace))
    return changed(transaction)


def delete_qualifier(call: OperationCall, QualifierName: str) -> Outcome:
    """Delete the declaration of a qualifier that no class uses (rules OP-DQ-1, OP-DQ-2)."""
    declaration = call.namespace.qualifier(QualifierName)
    check_unused(declaration.name, call.namespace, "the declaration of")
    transaction = call.transaction()
    transaction.delete_qualifier(declaration.name)
    return changed(transaction)


def _says_the_same(declared: CIMClass, known: ResolvedClass, namespace: Namespace) -> bool:
    try:
        return bool(own_part(known.declared, known.superclass, namespace) == declared)
    except CIMError:
        # What a mock pack declares need not pass the checks.
        return False


def _name(cls: ResolvedClass | None) -> str:
    return "none" if cls is None else cls.name
