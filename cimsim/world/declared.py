"""What every class and qualifier declaration of a world fulfils, whoever made it: its types are CIM's, and values fit them.

pywbem's objects hold what they are given. A qualifier of type string with the value 5 would only be noticed when somebody asks
for its class. What DSP0004 demands beyond that is the matter of ``checks``.
"""

from typing import Any, Final

from pywbem import CIMClass, CIMProperty, CIMQualifier, CIMQualifierDeclaration

from cimsim.world.errors import invalid_parameter
from cimsim.world.names import did_you_mean, fold
from cimsim.world.values import SCALAR_TYPES, convert_scalar

_FLAGS: Final = (
    "Abstract", "Association", "EmbeddedObject", "In", "Indication", "Key", "Out", "Required", "Static", "Terminal", "Write",
)  # fmt: skip
RULING_TYPES: Final = dict.fromkeys(map(fold, _FLAGS), "boolean") | dict.fromkeys(("override", "embeddedinstance"), "string")
"""The types of the qualifiers that rule classes here, by folded name."""
_ELEMENT_TYPES: Final = SCALAR_TYPES | {"reference"}


def check_class(declared: CIMClass) -> None:
    """Check a class.

    Raises:
        CIMError: CIM_ERR_INVALID_PARAMETER for an unknown type, for the value of a qualifier or a default of another type, and
            for a qualifier that rules classes, such as Key, that has not the type it must have.
    """
    name = declared.classname
    _check_qualifiers(f"class {name}", declared)
    for prop in declared.properties.values():
        where = f"property {name}.{prop.name}"
        _check_type(where, prop.type, prop.array_size)
        _check_default(where, prop)
        _check_qualifiers(where, prop)
    for method in declared.methods.values():
        where = f"method {name}.{method.name}"
        _check_type(where, method.return_type, None)
        _check_qualifiers(where, method)
        for parameter in method.parameters.values():
            where = f"parameter {name}.{method.name}({parameter.name})"
            _check_type(where, parameter.type, parameter.array_size)
            _check_qualifiers(where, parameter)


def check_declaration(declaration: CIMQualifierDeclaration) -> None:
    """Check a qualifier declaration; raises as ``check_class`` does."""
    where = f"qualifier {declaration.name}"
    if declaration.type not in SCALAR_TYPES:
        raise _no_type(where, declaration.type)
    _check_type(where, declaration.type, declaration.array_size)
    shape = f"{declaration.type}[]" if declaration.is_array else declaration.type
    expected = RULING_TYPES.get(fold(declaration.name))
    if expected is not None and shape != expected:
        raise invalid_parameter(f"{where} must be {expected}, not {shape}")
    is_array = isinstance(declaration.value, list | tuple)
    if declaration.value is not None and is_array != bool(declaration.is_array):
        given = "an array" if is_array else "a single value"
        raise invalid_parameter(f"default of {where}: {shape} expected, not {given}")
    try:
        _check_value(declaration.type, declaration.value)
    except ValueError as error:
        raise invalid_parameter(f"default of {where}: {error}") from None


def _check_default(where: str, prop: CIMProperty) -> None:
    # Whether a default fits the array that it is for, and what an embedded one must be, the schema itself looks at.
    if prop.type in SCALAR_TYPES and not prop.embedded_object:
        try:
            _check_value(prop.type, prop.value)
        except ValueError as error:
            raise invalid_parameter(f"default of {where}: {error}") from None


def _check_qualifiers(where: str, element: Any) -> None:
    for qualifier in element.qualifiers.values():
        _check_qualifier(where, qualifier)


def _check_qualifier(where: str, qualifier: CIMQualifier) -> None:
    if qualifier.type not in SCALAR_TYPES:
        raise _no_type(f"{where}: qualifier {qualifier.name}", qualifier.type)
    expected = RULING_TYPES.get(fold(qualifier.name))
    is_array = isinstance(qualifier.value, list | tuple)
    if expected is not None and (qualifier.type != expected or is_array):
        shape = f"{qualifier.type}[]" if is_array else qualifier.type
        raise invalid_parameter(f"{where}: qualifier {qualifier.name} must be {expected}, not {shape}")
    try:
        _check_value(qualifier.type, qualifier.value)
    except ValueError as error:
        raise invalid_parameter(f"{where}: qualifier {qualifier.name}: {error}") from None


def _check_value(cim_type: str, value: Any) -> None:
    for item in value if isinstance(value, list | tuple) else (value,):
        if item is not None:
            convert_scalar(item, cim_type)


def _check_type(where: str, cim_type: Any, array_size: Any) -> None:
    if cim_type not in _ELEMENT_TYPES:
        raise _no_type(where, cim_type)
    if array_size is not None and (not isinstance(array_size, int) or isinstance(array_size, bool) or array_size < 0):
        raise invalid_parameter(f"{where}: {array_size!r} is not the size of an array")


def _no_type(where: str, given: Any) -> Any:
    return invalid_parameter(f"{where}: no type {given}{did_you_mean(str(given), SCALAR_TYPES)}")
