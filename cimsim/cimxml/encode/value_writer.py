"""Values as XML text: VALUE, VALUE.ARRAY, VALUE.REFERENCE, VALUE.REFARRAY."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from pywbem import CIMInstanceName

from cimsim.cimxml.encode.path_writer import reference
from cimsim.cimxml.encode.scalar_writer import SCALARS
from cimsim.cimxml.encode.xml_escape import escape_text
from cimsim.world.convert import from_cim_path

Writer = Callable[[Any], str]

NULL_ITEM: Final = "<VALUE.NULL/>"


class Form(msgspec.Struct, frozen=True):
    """How values of one type and shape are written: a constant start tag, the text of the value, a constant end tag.

    ``write`` may raise anything on a value of another type; ``odd`` returns the element of any value.
    """

    start: str
    write: Writer
    end: str
    odd: Writer

    def element(self, value: Any) -> str:
        """Return the whole value element; nothing for NULL (rules D12, D13)."""
        if value is None:
            return ""
        try:
            return f"{self.start}{self.write(value)}{self.end}"
        except Exception:  # noqa: BLE001 - an answer must not fail for one value, which may be anything
            return self.odd(value)


def odd_text(value: Any) -> str:
    """Return some text for a value that does not have a CIM type."""
    try:
        return escape_text(str(value))
    except Exception:  # noqa: BLE001 - foreign code makes it text
        return escape_text(type(value).__name__)


def _odd_value(value: Any) -> str:
    return f"<VALUE>{odd_text(value)}</VALUE>"


def _odd_reference(_: Any) -> str:
    # What is not a path cannot be written as a reference: it is NULL.
    return ""


def _reference(path: Any) -> str:
    return reference(from_cim_path(path) if isinstance(path, CIMInstanceName) else path)


_WRITERS: Final[dict[str, Writer]] = {**SCALARS, "reference": _reference}
_SCALARS: Final = {
    cim_type: Form("<VALUE.REFERENCE>", write, "</VALUE.REFERENCE>", _odd_reference)
    if cim_type == "reference"
    else Form("<VALUE>", write, "</VALUE>", _odd_value)
    for cim_type, write in _WRITERS.items()
}


def array_of(item: Form, tag: str) -> Form:
    """Return the form of an array with such items; those that are NULL become VALUE.NULL (rule D13)."""
    start, write, end = item.start, item.write, item.end

    def items(values: Iterable[Any]) -> str:
        return "".join([NULL_ITEM if value is None else f"{start}{write(value)}{end}" for value in values])

    def odd(value: Any) -> str:
        values = value if isinstance(value, list | tuple) else [value]
        return f"<{tag}>{''.join([item.element(each) or NULL_ITEM for each in values])}</{tag}>"

    return Form(f"<{tag}>", items, f"</{tag}>", odd)


_ARRAYS: Final = {
    cim_type: array_of(form, "VALUE.REFARRAY" if cim_type == "reference" else "VALUE.ARRAY")
    for cim_type, form in _SCALARS.items()
}


def value_form(cim_type: str, is_array: bool) -> Form:
    """Return the form of values of a CIM type, not of embedded objects; values are as ``world.values`` says, or pywbem's."""
    forms = _ARRAYS if is_array else _SCALARS
    return forms.get(cim_type) or forms["string"]
