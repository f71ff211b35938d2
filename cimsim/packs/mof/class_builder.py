"""From the syntax of a class or qualifier declaration to pywbem's object, its values checked and typed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from pywbem import CIMClass, CIMMethod, CIMParameter, CIMProperty, CIMQualifier, CIMQualifierDeclaration

from cimsim.packs.mof.mof_errors import MofError
from cimsim.packs.mof.mof_parser import SCOPES
from cimsim.packs.mof.syntax_tree import (
    Alias,
    Array,
    Character,
    ClassNode,
    ElementNode,
    InstanceNode,
    LiteralNode,
    MethodNode,
    QualifierNode,
    QualifierUse,
    Value,
    Word,
)
from cimsim.world.convert import convert_value, shape, to_cim_value
from cimsim.world.names import fold

FindQualifier = Callable[[QualifierUse], CIMQualifierDeclaration]

_FLAVORS: Final = {
    "enableoverride": ("overridable", True),
    "disableoverride": ("overridable", False),
    "tosubclass": ("tosubclass", True),
    "restricted": ("tosubclass", False),
    "nottosubclass": ("tosubclass", False),
    "toinstance": ("toinstance", True),
    "nottoinstance": ("toinstance", False),
    "translatable": ("translatable", True),
    "amended": ("translatable", True),
}


class Shape(NamedTuple):
    """The type of a qualifier or of a property that is being declared (an ``Element``)."""

    name: str
    type: str
    is_array: bool
    array_size: int | None
    embedded: str | None = None
    embedded_class: str | None = None
    reference_class: str | None = None


def literal(value: Value, cim_type: str) -> Any:
    """Return a value without references and instances as Python's; raises ValueError."""
    match value:
        case Array(items):
            return [literal(item, cim_type) for item in items]
        case LiteralNode(Character() as character):
            if cim_type != "char16":
                raise ValueError(f"{str(character)!r} is a char16; a {cim_type} expected")
            return str(character)
        case LiteralNode(plain):
            return plain
        case Alias(name):
            raise ValueError(f"{cim_type} expected, not the alias ${name}")
        case InstanceNode(classname):
            raise ValueError(f"{cim_type} expected, not an instance of {classname.text}")


def _typed(element: Shape, value: Value) -> Any:
    """Return a value as pywbem keeps it; raises ValueError."""
    return to_cim_value(convert_value(element, literal(value, element.type)))


def qualifier_declaration(node: QualifierNode) -> CIMQualifierDeclaration:
    """Return what a qualifier declaration declares.

    Raises:
        MofError: its default does not fit its type; flavors contradict each other.
    """
    element = Shape(node.name.text, node.type, node.is_array, node.array_size)
    try:
        value = None if node.default is None else _typed(element, node.default)
        return CIMQualifierDeclaration(
            node.name.text,
            node.type,
            value=value,
            is_array=node.is_array,
            array_size=node.array_size,
            scopes={scope: scope in node.scopes for scope in SCOPES},
            **_flavors(node.name.text, node.flavors),
        )
    except ValueError as error:
        raise MofError(node.name.offset, f"default of qualifier {node.name.text}: {error}") from None


def class_declaration(node: ClassNode, find: FindQualifier) -> CIMClass:
    """Return what a class declaration declares; ``find`` returns the declaration of a qualifier or raises MofError.

    Raises:
        MofError: the value of a qualifier or a default does not fit its type; flavors contradict each other.
    """
    name = node.name.text
    return CIMClass(
        name,
        superclass=None if node.superclass is None else node.superclass.text,
        properties=[_property(each, name, find) for each in node.properties],
        methods=[_method(each, name, find) for each in node.methods],
        qualifiers=qualifiers(f"class {name}", node.qualifiers, find),
    )


def qualifiers(where: str, uses: Iterable[QualifierUse], find: FindQualifier) -> list[CIMQualifier]:
    """Return the qualifiers of an element; raises MofError."""
    given: dict[str, CIMQualifier] = {}
    for use in uses:
        if fold(use.name.text) in given:
            raise MofError(use.name.offset, f"{where}: qualifier {use.name.text} appears twice")
        given[fold(use.name.text)] = _qualifier(where, use, find(use))
    return list(given.values())


def _qualifier(where: str, use: QualifierUse, declaration: CIMQualifierDeclaration) -> CIMQualifier:
    base = {
        "overridable": declaration.overridable,
        "tosubclass": declaration.tosubclass,
        "toinstance": declaration.toinstance,
        "translatable": declaration.translatable,
    }
    name = use.name.text
    flavors = {**base, **_flavors(name, use.flavors)}
    element = Shape(name, declaration.type, bool(declaration.is_array), declaration.array_size)
    if use.value is None or use.value == LiteralNode(None, use.value.offset):
        value = True if use.value is None and shape(element) == "boolean" else declaration.value
    else:
        try:
            value = _typed(element, use.value)
        except ValueError as error:
            raise MofError(use.name.offset, f"{where}: qualifier {declaration.name}: {error}") from None
    return CIMQualifier(name, value, type=declaration.type, **flavors)


def _flavors(name: str, words: Sequence[Word]) -> dict[str, bool]:
    flavors: dict[str, bool] = {}
    for word in words:
        flavor, on = _FLAVORS[fold(word.text)]
        if flavors.setdefault(flavor, on) is not on:
            raise MofError(word.offset, f"qualifier {name}: flavor {word.text} contradicts one before it")
    return flavors


def _embedding(node: ElementNode | MethodNode, given: list[CIMQualifier]) -> list[CIMQualifier]:
    """Return the qualifiers of an element, and the one that says what its strings embed if its type says so."""
    if not node.embedded or any(fold(each.name).startswith("embedded") for each in given):
        return given
    if node.target is None:
        return [*given, CIMQualifier("EmbeddedObject", True, type="boolean", overridable=False, tosubclass=True)]
    return [*given, CIMQualifier("EmbeddedInstance", node.target.text, type="string", tosubclass=True)]


def _property(node: ElementNode, classname: str, find: FindQualifier) -> CIMProperty:
    where = f"property {classname}.{node.name.text}"
    given = _embedding(node, qualifiers(where, node.qualifiers, find))
    element = Shape(
        node.name.text,
        node.type,
        node.is_array,
        node.array_size,
        "object" if any(fold(each.name).startswith("embedded") and each.value for each in given) else None,
        reference_class=_reference_class(node),
    )
    try:
        value = None if node.default is None else _typed(element, node.default)
        return CIMProperty(
            node.name.text,
            value,
            type=node.type,
            class_origin=classname,
            is_array=node.is_array,
            array_size=node.array_size,
            reference_class=element.reference_class,
            qualifiers=given,
        )
    except ValueError as error:
        raise MofError(node.name.offset, f"default of {where}: {error}") from None


def _method(node: MethodNode, classname: str, find: FindQualifier) -> CIMMethod:
    where = f"method {classname}.{node.name.text}"
    return CIMMethod(
        node.name.text,
        return_type=node.type,
        class_origin=classname,
        parameters=[_parameter(each, f"parameter {classname}.{node.name.text}", find) for each in node.parameters],
        qualifiers=_embedding(node, qualifiers(where, node.qualifiers, find)),
    )


def _parameter(node: ElementNode, method: str, find: FindQualifier) -> CIMParameter:
    return CIMParameter(
        node.name.text,
        node.type,
        is_array=node.is_array,
        array_size=node.array_size,
        reference_class=_reference_class(node),
        qualifiers=_embedding(node, qualifiers(f"{method}({node.name.text})", node.qualifiers, find)),
    )


def _reference_class(node: ElementNode) -> str | None:
    return node.target.text if node.type == "reference" and node.target is not None else None
