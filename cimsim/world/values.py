"""CIM values inside the world: which Python type each CIM type has, and how text and foreign types become one of them.

=====================  ==========================================================================
CIM type               Python type of a stored value
=====================  ==========================================================================
string, char16         ``str``
boolean                ``bool``
uint8 ... sint64       ``int``
real32, real64         ``float``
datetime               :class:`DateTime`, the 25 characters as they were given
reference              :class:`~cimsim.world.paths.InstancePath`
embedded object        ``pywbem.CIMInstance`` or ``pywbem.CIMClass``
an array of these      ``tuple``, whose items may be None
=====================  ==========================================================================

NULL is None throughout. Values that came as text of a type still unknown are :class:`Untyped`.
"""

import math
import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pywbem import CIMDateTime

INTEGER_RANGES: Final[dict[str, tuple[int, int]]] = {
    f"{sign}int{bits}": (0, 2**bits - 1) if sign == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    for sign in "us"
    for bits in (8, 16, 32, 64)
}
REAL_TYPES: Final = frozenset({"real32", "real64"})
# Half a step above the largest real32: what lies below rounds to a real32, as the usual 3.4028235E+38 does.
_BEYOND_REAL32: Final = 2.0**128 - 2.0**103

_INTEGER: Final = re.compile(r"[+-]?[0-9]+|([+-]?)0[xX]([0-9a-fA-F]+)")
_REAL: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SPECIAL_REALS: Final = {"inf": math.inf, "+inf": math.inf, "-inf": -math.inf, "nan": math.nan}
_DIGITS: Final = re.compile(r"[0-9]+\**")
_BLANKS: Final = " \t\r\n"
_SCHEMA_BOOLEANS: Final = {"1": "true", "0": "false"}


class Untyped(str):
    """The text of a value whose CIM type only the class knows (rules D18 and X8)."""

    __slots__ = ()


class SchemaText(Untyped):
    """Such a text in the lexical forms of XML Schema, whose booleans may be 1 and 0 too."""

    __slots__ = ()


class Hinted(Untyped):
    """Such a text with what its sender says of the type: a CIM type, or ``numeric`` for some number.

    Where a class knows the type, the hint counts for nothing (rule D18).
    """

    __slots__ = ("hint",)
    hint: str

    def __new__(cls, text: str, hint: str) -> "Hinted":
        """Wrap ``text``."""
        self = super().__new__(cls, text)
        self.hint = hint
        return self


class Malformed:
    """A value that is not of any type; binding it to its place fails with ``reason``."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


_MAX_DAYS: Final = 99_999_999


class DateTime(str):
    """A CIM datetime: the 25 characters of a timestamp or an interval, checked (rule D11).

    The text is kept, since it holds more than the instant: Windows writes ``-000`` for UTC, others ``+000``.

    Raises:
        ValueError: the text is not a CIM datetime.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> "DateTime":
        """Check ``text`` and wrap it."""
        _check_datetime(text)
        return super().__new__(cls, text)

    @classmethod
    def known(cls, text: str) -> "DateTime":
        """Return the datetime of characters that are known to be one."""
        return super().__new__(cls, text)

    @classmethod
    def at(cls, seconds: float, utc: str = "+000") -> "DateTime":
        """Return the timestamp of ``seconds`` since 1970-01-01 UTC; ``utc`` is its last four characters."""
        moment = datetime.fromtimestamp(seconds, UTC)
        day = f"{moment.year:04d}{moment.month:02d}{moment.day:02d}"
        # Right by construction, so the check of __new__ is left out.
        return super().__new__(
            cls, f"{day}{moment.hour:02d}{moment.minute:02d}{moment.second:02d}.{moment.microsecond:06d}{utc}"
        )

    @classmethod
    def interval(cls, seconds: float) -> "DateTime":
        """Return the interval of so many seconds, to the microsecond; 0 for less, and the longest there is for more."""
        whole, micros = divmod(max(0, round(seconds * 1_000_000)), 1_000_000)
        minutes, second = divmod(whole, 60)
        hours, minute = divmod(minutes, 60)
        days, hour = divmod(hours, 24)
        if days > _MAX_DAYS:
            days, hour, minute, second, micros = _MAX_DAYS, 23, 59, 59, 999_999
        return cls(f"{days:08}{hour:02}{minute:02}{second:02}.{micros:06}:000")

    @property
    def is_interval(self) -> bool:
        """Whether this is an interval rather than a point in time."""
        return self[21] == ":"

    @property
    def instant(self) -> tuple[str, object]:
        """What two equal datetimes have in common (rule D23): intervals by length, timestamps by instant.

        A value with unspecified digits (``*``) equals only the same text.
        """
        if "*" in self:
            return ("text", str(self))
        if self.is_interval:
            return ("interval", str(self))
        offset = timedelta(minutes=int(self[22:25]) * (-1 if self[21] == "-" else 1))
        local = _local_time(self).replace(microsecond=int(self[15:21]))
        # The first subtraction keeps clear of the ends of the calendar, which an offset can pass.
        return ("instant", (local - datetime(1, 1, 1) - offset) // timedelta(microseconds=1))


_ZERO_INTERVAL_TEXT: Final = "00000000000000.000000:000"
# Start, end, least and most of each field; Python's calendar, and so pywbem's, begins with the year 1.
_TIME_FIELDS: Final = ((8, 10, 0, 23), (10, 12, 0, 59), (12, 14, 0, 59))
_TIMESTAMP_FIELDS: Final = ((0, 4, 1, 9999), (4, 6, 1, 12), (6, 8, 1, 31), *_TIME_FIELDS)
_INTERVAL_FIELDS: Final = ((0, 8, 0, 99999999), *_TIME_FIELDS)


def _local_time(text: str) -> datetime:
    """Return the seconds-exact local time of a timestamp's text, without its offset."""
    year, month, day, hour, minute, second = (int(text[start : start + 2]) for start in (2, 4, 6, 8, 10, 12))
    return datetime(int(text[:2]) * 100 + year, month, day, hour, minute, second)


def zero_interval() -> DateTime:
    """Return the interval of no length, DSP0004's way to say that something never happened."""
    return DateTime(_ZERO_INTERVAL_TEXT)


def _check_datetime(text: str) -> None:
    form = f"{text!r} is not a datetime: 25 characters yyyymmddhhmmss.mmmmmm+uuu or ddddddddhhmmss.mmmmmm:000"
    if len(text) != 25 or text[14] != "." or text[21] not in "+-:" or not text.isascii():
        raise ValueError(form)
    interval = text[21] == ":"
    digits = text[:14] + text[15:21]
    if not _DIGITS.fullmatch(digits) or not text[22:25].isdigit() or (interval and text[22:25] != "000"):
        raise ValueError(form)
    # What is unspecified is whole fields from some place on to the end, or digits of the microseconds (DSP0004).
    fields = _INTERVAL_FIELDS if interval else _TIMESTAMP_FIELDS
    specified = len(digits.rstrip("*"))
    if specified < 14 and specified not in {end for _, end, _, _ in fields}:
        raise ValueError(form)
    for start, end, least, most in fields:
        if end <= specified and not least <= int(text[start:end]) <= most:
            raise ValueError(f"{text!r} is not a datetime: {text[start:end]} is out of range at position {start}")
    if not interval and specified >= 8 and int(text[6:8]) > monthrange(int(text[:4]), int(text[4:6]))[1]:
        raise ValueError(f"{text!r} is not a datetime: month {text[4:6]} has no day {text[6:8]}")


def parse_text(text: str, cim_type: str) -> Any:
    """Return the value that ``text`` writes in CIM-XML for a scalar of ``cim_type`` (rules D1 to D11).

    Raises:
        ValueError: the text is not a value of the type, or out of its range.
    """
    return _PARSERS[cim_type](text)


def _parse_integer(cim_type: str) -> Callable[[str], int]:
    least, most = INTEGER_RANGES[cim_type]

    def parse(text: str) -> int:
        match = _INTEGER.fullmatch(text.strip(_BLANKS))
        if match is None:
            raise ValueError(f"{text!r} is not a {cim_type}")
        if len(text) > 100:
            raise ValueError(f"a number of {len(text)} characters is out of the range of {cim_type}")
        value = int(match[0]) if match[2] is None else int(match[1] + match[2], 16)
        if not least <= value <= most:
            raise ValueError(f"{value} is out of the range of {cim_type} ({least} to {most})")
        return value

    return parse


def _parse_real(cim_type: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        stripped = text.strip(_BLANKS)
        special = _SPECIAL_REALS.get(stripped.lower())
        if special is not None:
            return special
        if _REAL.fullmatch(stripped) is None:
            raise ValueError(f"{text!r} is not a {cim_type}")
        value = float(stripped)
        if math.isinf(value):
            raise ValueError(f"{text!r} is out of the range of {cim_type}")
        return _ranged_real(value, cim_type)

    return parse


def _ranged_real(value: float, cim_type: str) -> float:
    if cim_type == "real32" and math.isfinite(value) and abs(value) >= _BEYOND_REAL32:
        raise ValueError(f"{value} is out of the range of real32")
    return value


def _parse_boolean(text: str) -> bool:
    match text.strip(_BLANKS).lower():
        case "true":
            return True
        case "false":
            return False
    raise ValueError(f"{text!r} is not a boolean")


def _parse_string(text: str) -> str:
    return str(text)


def _parse_char16(text: str) -> str:
    if len(text) != 1 or ord(text) > 0xFFFF:
        raise ValueError(f"{text!r} is not a char16: exactly one character of the basic plane")
    return str(text)


_PARSERS: Final[dict[str, Callable[[str], Any]]] = {
    "string": _parse_string,
    "char16": _parse_char16,
    "boolean": _parse_boolean,
    "datetime": lambda text: DateTime(text.strip(_BLANKS)),
    **{name: _parse_integer(name) for name in INTEGER_RANGES},
    **{name: _parse_real(name) for name in REAL_TYPES},
}
SCALAR_TYPES: Final = frozenset(_PARSERS)
# The types whose values need no further look when they are stored as they should be.
_STORED: Final[dict[str, type]] = {"string": str, "boolean": bool, "datetime": DateTime}


def convert_scalar(value: object, cim_type: str) -> Any:
    """Return ``value`` as the Python type that scalars of ``cim_type`` (not reference) are stored as.

    Text of unknown type is parsed; a Python or pywbem value must already be of a fitting type.

    Raises:
        ValueError: it does not fit the type or its range.
    """
    if isinstance(value, Untyped):
        if cim_type == "boolean" and type(value) is SchemaText:
            return _PARSERS[cim_type](_SCHEMA_BOOLEANS.get(value.strip(_BLANKS), value))
        return _PARSERS[cim_type](value)
    if type(value) is _STORED.get(cim_type):
        return value
    if isinstance(value, Malformed):
        raise ValueError(value.reason)
    if cim_type == "datetime":
        if isinstance(value, DateTime):
            return value
        if isinstance(value, datetime | timedelta):
            return DateTime(str(CIMDateTime(value)))
        if isinstance(value, str | CIMDateTime):
            return DateTime(str(value))
    elif cim_type in {"string", "char16"}:
        if isinstance(value, str):
            return _PARSERS[cim_type](value)
    elif cim_type == "boolean":
        if isinstance(value, bool):
            return value
    elif cim_type in REAL_TYPES:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _ranged_real(float(value), cim_type)
    elif isinstance(value, int) and not isinstance(value, bool):
        least, most = INTEGER_RANGES[cim_type]
        if not least <= value <= most:
            raise ValueError(f"{value} is out of the range of {cim_type} ({least} to {most})")
        return int(value)
    raise ValueError(f"{value!r} is not a {cim_type}")
