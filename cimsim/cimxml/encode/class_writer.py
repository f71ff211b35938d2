"""Classes and qualifier declarations of pywbem as XML text (rules OP-GC-3, OP-GQ-2, D28, D29)."""

from collections.abc import Iterable
from typing import Final

from pywbem import CIMClass, CIMMethod, CIMParameter, CIMProperty, CIMQualifier, CIMQualifierDeclaration

from cimsim.cimxml.encode.value_writer import value_form
from cimsim.cimxml.encode.xml_escape import escape_attribute
from cimsim.operations.results import ClassView
from cimsim.world.class_records import ElementRecord, MethodRecord, QualifierRecord
from cimsim.world.names import fold

_SCOPES: Final = ("CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION")


def render_class(cls: CIMClass, view: ClassView) -> str:
    """Return a CLASS with the elements that the view shows."""
    parts = [class_start(cls.classname, cls.superclass), _qualifiers(cls.qualifiers.values(), view)]
    for prop in cls.properties.values():
        if not (view.local_only and prop.propagated) and (view.properties is None or fold(prop.name) in view.properties):
            parts.append(property_text(prop, _marks(prop, view), _qualifiers(prop.qualifiers.values(), view)))
    for method in cls.methods.values():
        if not (view.local_only and method.propagated):
            parameters = [
                parameter_text(each, _qualifiers(each.qualifiers.values(), view)) for each in method.parameters.values()
            ]
            parts.append(method_text(method, _marks(method, view), _qualifiers(method.qualifiers.values(), view), parameters))
    parts.append(CLASS_END)
    return "".join(parts)


CLASS_END: Final = "</CLASS>"


def class_start(name: str, superclass: str | None) -> str:
    """Return the start tag of a CLASS."""
    return f'<CLASS NAME="{escape_attribute(name)}"{_attribute("SUPERCLASS", superclass)}>'


def render_qualifier_declaration(declaration: CIMQualifierDeclaration) -> str:
    """Return a QUALIFIER.DECLARATION; the scope ANY is written as all seven (rule OP-GQ-2)."""
    given = {name.upper() for name, scope in declaration.scopes.items() if scope}
    scopes = "".join([f' {name}="true"' for name in _SCOPES if name in given or "ANY" in given])
    is_array = bool(declaration.is_array)
    return (
        f'<QUALIFIER.DECLARATION NAME="{escape_attribute(declaration.name)}" TYPE="{escape_attribute(declaration.type)}"'
        f' ISARRAY="{"true" if is_array else "false"}"{_size(declaration.array_size)}{_flavors(declaration)}>'
        f"{f'<SCOPE{scopes}></SCOPE>' if scopes else ''}"
        f"{value_form(declaration.type, is_array).element(declaration.value)}</QUALIFIER.DECLARATION>"
    )


def _qualifiers(qualifiers: Iterable[CIMQualifier], view: ClassView) -> str:
    if not view.qualifiers:
        return ""
    return "".join([_qualifier(each) for each in qualifiers if not (view.local_only and each.propagated)])


def _qualifier(qualifier: CIMQualifier) -> str:
    start = qualifier_start(qualifier.name, qualifier.type)
    return f"{start}{_true('PROPAGATED', qualifier.propagated)}{_flavors(qualifier)}{qualifier_end(qualifier)}"


def qualifier_start(name: str, cim_type: str) -> str:
    """Return a QUALIFIER up to the place of its attribute PROPAGATED."""
    return f'<QUALIFIER NAME="{escape_attribute(name)}" TYPE="{escape_attribute(cim_type)}"'


def qualifier_end(qualifier: CIMQualifier | QualifierRecord) -> str:
    """Return a QUALIFIER from the end of its start tag on."""
    value = value_form(qualifier.type, isinstance(qualifier.value, list)).element(qualifier.value)
    return f">{value}</QUALIFIER>"


def _flavors(qualifier: CIMQualifier | CIMQualifierDeclaration) -> str:
    """Return the flavors that are not the DTD's default; one that is unknown counts as the default."""
    return flavors_text(qualifier.overridable, qualifier.tosubclass, qualifier.toinstance, qualifier.translatable)


def flavors_text(overridable: bool | None, tosubclass: bool | None, toinstance: bool | None, translatable: bool | None) -> str:
    """Return the attributes of flavors, likewise."""
    not_overridable = ' OVERRIDABLE="false"' if overridable is False else ""
    not_tosubclass = ' TOSUBCLASS="false"' if tosubclass is False else ""
    return f"{not_overridable}{not_tosubclass}{_true('TOINSTANCE', toinstance)}{_true('TRANSLATABLE', translatable)}"


def property_text(prop: CIMProperty | ElementRecord, marks: str, qualifiers: str) -> str:
    """Return a property with its attributes CLASSORIGIN and PROPAGATED, and its qualifiers, as text."""
    name = escape_attribute(prop.name)
    if prop.type == "reference":
        attributes = f"{_attribute('REFERENCECLASS', prop.reference_class)}{marks}"
        return f'<PROPERTY.REFERENCE NAME="{name}"{attributes}>{qualifiers}</PROPERTY.REFERENCE>'
    tag = "PROPERTY.ARRAY" if prop.is_array else "PROPERTY"
    attributes = f"{_size(prop.array_size)}{marks}{_attribute('EmbeddedObject', prop.embedded_object)}"
    # An embedded object has no literal form, so it has no default.
    value = "" if prop.embedded_object else value_form(prop.type, bool(prop.is_array)).element(prop.value)
    return f'<{tag} NAME="{name}" TYPE="{escape_attribute(prop.type)}"{attributes}>{qualifiers}{value}</{tag}>'


def method_text(method: CIMMethod | MethodRecord, marks: str, qualifiers: str, parameters: Iterable[str]) -> str:
    """Return a method likewise, with its parameters."""
    return (
        f'<METHOD NAME="{escape_attribute(method.name)}" TYPE="{escape_attribute(method.return_type)}"{marks}>'
        f"{qualifiers}{''.join(parameters)}</METHOD>"
    )


def parameter_text(parameter: CIMParameter | ElementRecord, qualifiers: str) -> str:
    """Return a parameter with its qualifiers as text."""
    if parameter.type == "reference":
        tag = "PARAMETER.REFARRAY" if parameter.is_array else "PARAMETER.REFERENCE"
        typed = _attribute("REFERENCECLASS", parameter.reference_class)
    else:
        tag = "PARAMETER.ARRAY" if parameter.is_array else "PARAMETER"
        typed = f' TYPE="{escape_attribute(parameter.type)}"'
    return f'<{tag} NAME="{escape_attribute(parameter.name)}"{typed}{_size(parameter.array_size)}>{qualifiers}</{tag}>'


def marks_text(origin: str | None, *, propagated: bool | None) -> str:
    """Return the attributes CLASSORIGIN, unless it is None, and PROPAGATED."""
    return f"{_attribute('CLASSORIGIN', origin)}{_true('PROPAGATED', propagated)}"


def _marks(element: CIMProperty | CIMMethod, view: ClassView) -> str:
    return marks_text(element.class_origin if view.class_origin else None, propagated=element.propagated)


def _attribute(name: str, value: str | None) -> str:
    return f' {name}="{escape_attribute(value)}"' if value else ""


def _size(size: int | None) -> str:
    return "" if size is None else f' ARRAYSIZE="{size}"'


def _true(name: str, value: bool | None) -> str:
    return f' {name}="true"' if value else ""
