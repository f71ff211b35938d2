"""Scalar values as XML text, one function for each CIM type (rules D1 to D11)."""

import math
from collections.abc import Callable
from typing import Any, Final

from pywbem import CIMDateTime

from cimsim.cimxml.encode.xml_escape import escape_text
from cimsim.world.values import INTEGER_RANGES, DateTime


def real_text(value: float) -> str:
    """Return the shortest text that reads back as the same real, always with a decimal point (rules D9, D10)."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("INF" if value > 0 else "-INF")
    # pywbem's reals have a repr of their own.
    text = float.__repr__(value)
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}E{exponent}"


def boolean_text(value: bool) -> str:
    """Return the text of a boolean (rule D4)."""
    return "TRUE" if value else "FALSE"


def datetime_text(value: Any) -> str:
    """Return the text of a datetime (rule D11)."""
    return str(value) if type(value) in _DATETIMES else escape_text(str(value))


_DATETIMES: Final = (DateTime, CIMDateTime)
SCALARS: Final[dict[str, Callable[[Any], str]]] = {
    "string": escape_text,
    "char16": escape_text,
    "boolean": boolean_text,
    "datetime": datetime_text,
    "real32": real_text,
    "real64": real_text,
    # pywbem's integers have a repr of their own.
    **dict.fromkeys(INTEGER_RANGES, int.__repr__),
}
