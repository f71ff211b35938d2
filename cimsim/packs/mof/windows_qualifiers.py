"""What the MOF of Windows leaves to the compiler: qualifiers that nothing declares."""

from typing import Any, Final

from pywbem import CIMQualifierDeclaration

from cimsim.packs.mof.mof_errors import MofError
from cimsim.packs.mof.mof_parser import SCOPES
from cimsim.packs.mof.syntax_tree import Array, Character, LiteralNode, QualifierUse, Value
from cimsim.world.values import INTEGER_RANGES

IN_WINDOWS: Final = frozenset(
    {
        "amendment", "cimtype", "classcontext", "constructor", "createby", "deleteby", "destructor", "displayname", "dynamic",
        "dynprops", "enumprivileges", "guid", "id", "implemented", "instancecontext", "lazy", "locale", "optional",
        "partialinstance", "privileges", "propertycontext", "provider", "putprivileges", "singleton", "supportscreate",
        "supportsdelete", "supportsupdate", "uuid", "wmidataid", "wmieventtrigger", "wmimethodid", "wmisizeis",
        "wmitimestamp", "wmiversionis",
    }
)  # fmt: skip
"""Qualifiers of Windows by folded name, for errors that name the option."""

# The types that integers without a declaration get, the first that holds them all.
_INTEGERS: Final = ("sint32", "sint64", "uint64")


def adapted(declaration: CIMQualifierDeclaration, use: QualifierUse) -> CIMQualifierDeclaration:
    """Return a declaration as one use of the qualifier needs it: of another shape where that is an array or is not.

    Windows compares no use with another, and its MOF has ``Values("Up")`` beside ``Values{"Up", "Down"}``.
    """
    if use.value is None or (isinstance(use.value, LiteralNode) and use.value.value is None):
        return declaration
    is_array = isinstance(use.value, Array)
    if is_array == bool(declaration.is_array):
        return declaration
    copy = declaration.copy()
    copy.is_array, copy.array_size, copy.value = is_array, None, None
    return copy


def inferred(use: QualifierUse) -> CIMQualifierDeclaration:
    """Return the declaration of a qualifier of which only a use is known; its type is that of the value.

    Raises:
        MofError: no type fits the value.
    """
    is_array = isinstance(use.value, Array)
    return CIMQualifierDeclaration(
        use.name.text,
        _type(use),
        is_array=is_array,
        scopes={scope: scope == "ANY" for scope in SCOPES},
        overridable=True,
        tosubclass=True,
    )


def _type(use: QualifierUse) -> str:
    if use.value is None:
        return "boolean"
    values = _values(use.value)
    for python_type, cim_type in ((bool, "boolean"), (Character, "char16"), (str, "string")):
        if all(isinstance(value, python_type) for value in values):
            return cim_type
    if all(isinstance(value, int) for value in values):
        for cim_type in _INTEGERS:
            low, high = INTEGER_RANGES[cim_type]
            if all(low <= value <= high for value in values):
                return cim_type
    elif all(isinstance(value, int | float) for value in values):
        return "real64"
    raise MofError(use.name.offset, f"qualifier {use.name.text} is not declared, and no type fits its value")


def _values(value: Value) -> list[Any]:
    items = value.items if isinstance(value, Array) else (value,)
    # An instance or an alias is of no type that a qualifier can have.
    given = [item.value if isinstance(item, LiteralNode) else item for item in items]
    return [item for item in given if item is not None] or [""]
