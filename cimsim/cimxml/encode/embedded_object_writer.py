"""Embedded objects: pywbem instances and classes as the text of a VALUE, escaped once for each level (rules D24, X17)."""

from typing import Any, Final

from pywbem import CIMClass, CIMInstance, CIMProperty

from cimsim.cimxml.encode.class_writer import render_class
from cimsim.cimxml.encode.value_writer import Form, array_of, odd_text, value_form
from cimsim.cimxml.encode.xml_escape import escape_attribute, escape_text
from cimsim.operations.results import ClassView

_WHOLE: Final = ClassView(class_origin=True)


def object_text(value: CIMInstance | CIMClass) -> str:
    """Return an object of pywbem as an element: an INSTANCE without its path, or a CLASS."""
    if isinstance(value, CIMClass):
        return render_class(value, _WHOLE)
    properties = "".join([_property(prop) for prop in value.properties.values()])
    return f'<INSTANCE CLASSNAME="{escape_attribute(value.classname)}">{properties}</INSTANCE>'


def embedded_text(value: CIMInstance | CIMClass) -> str:
    """Return the text of a VALUE that embeds an object."""
    return escape_text(object_text(value))


_EMBEDDED: Final = Form("<VALUE>", embedded_text, "</VALUE>", lambda value: f"<VALUE>{odd_text(value)}</VALUE>")
_EMBEDDED_ARRAY: Final = array_of(_EMBEDDED, "VALUE.ARRAY")


def form_of(cim_type: str, is_array: bool, embedded: str | None) -> Form:
    """Return the form of values of a property or parameter; ``embedded`` is ``instance``, ``object`` or None."""
    if embedded:
        return _EMBEDDED_ARRAY if is_array else _EMBEDDED
    return value_form(cim_type, is_array)


def property_tags(
    name: str, cim_type: str, is_array: bool, embedded: str | None, reference_class: str | None
) -> tuple[str, str]:
    """Return start and end tag of a property of an instance (rules D12, D15)."""
    name = escape_attribute(name)
    if cim_type == "reference":
        classname = f' REFERENCECLASS="{escape_attribute(reference_class)}"' if reference_class else ""
        return f'<PROPERTY.REFERENCE NAME="{name}"{classname}>', "</PROPERTY.REFERENCE>"
    tag = "PROPERTY.ARRAY" if is_array else "PROPERTY"
    attribute = f' EmbeddedObject="{embedded}"' if embedded else ""
    return f'<{tag} NAME="{name}" TYPE="{escape_attribute(cim_type)}"{attribute}>', f"</{tag}>"


def _property(prop: CIMProperty) -> str:
    is_array = bool(prop.is_array)
    start, end = property_tags(prop.name, prop.type, is_array, prop.embedded_object, prop.reference_class)
    value: Any = prop.value
    return f"{start}{form_of(prop.type, is_array, prop.embedded_object).element(value)}{end}"
