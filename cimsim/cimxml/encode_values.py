"""Values as XML text: VALUE, VALUE.ARRAY, VALUE.REFERENCE, VALUE.REFARRAY."""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from pywbem import CIMInstanceName

from cimsim.cimxml.encode_paths import reference
from cimsim.cimxml.encode_scalars import SCALARS
from cimsim.world.convert import from_cim_path

Writer = Callable[[Any], str]

NULL_ITEM: Final = "<VALUE.NULL/>"


class Form(NamedTuple):
    """How values of one type and shape are written: a constant start tag, the text of the value, a constant end tag."""

    start: str
    write: Writer
    end: str

    def element(self, value: Any) -> str:
        """Return the whole value element; nothing for NULL (rules D12, D13)."""
        return "" if value is None else f"{self.start}{self.write(value)}{self.end}"


def _reference(path: Any) -> str:
    return reference(from_cim_path(path) if isinstance(path, CIMInstanceName) else path)


_WRITERS: Final[dict[str, Writer]] = {**SCALARS, "reference": _reference}
_SCALARS: Final = {
    cim_type: Form("<VALUE.REFERENCE>", write, "</VALUE.REFERENCE>")
    if cim_type == "reference"
    else Form("<VALUE>", write, "</VALUE>")
    for cim_type, write in _WRITERS.items()
}


def array_of(item: Form, tag: str) -> Form:
    """Return the form of an array with such items; those that are NULL become VALUE.NULL (rule D13)."""
    start, write, end = item

    def items(values: Iterable[Any]) -> str:
        return "".join([NULL_ITEM if value is None else f"{start}{write(value)}{end}" for value in values])

    return Form(f"<{tag}>", items, f"</{tag}>")


_ARRAYS: Final = {
    cim_type: array_of(form, "VALUE.REFARRAY" if cim_type == "reference" else "VALUE.ARRAY")
    for cim_type, form in _SCALARS.items()
}


def value_form(cim_type: str, is_array: bool) -> Form:
    """Return the form of values of a CIM type, not of embedded objects; values are as ``world.values`` says, or pywbem's."""
    return (_ARRAYS if is_array else _SCALARS)[cim_type]
