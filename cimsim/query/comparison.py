"""Values in queries: what kinds there are, what a literal means to each, and how two values compare (DSP0004).

A comparison comes to True, False or None, the unknown: there is no answer where unspecified digits of a datetime matter, nor
between a timestamp and an interval. Whatever is compared with NULL is unknown as well.
"""

import operator
from calendar import monthrange
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, cast

from pywbem import (
    CIMClass,
    CIMDateTime,
    CIMInstance,
    CIMInstanceName,
    Real32,
    Real64,
    Sint8,
    Sint16,
    Sint32,
    Sint64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
)

from cimsim.query.syntax import QueryDialect, QueryLiteral
from cimsim.world.convert import from_cim_path
from cimsim.world.names import fold, fold_namespace
from cimsim.world.object_path import parse_path
from cimsim.world.paths import InstancePath
from cimsim.world.schema import Property
from cimsim.world.values import DateTime, Untyped, convert_scalar
from cimsim.world.world import World

Compare = Callable[[Any, Any], bool | None]
"""Compares two values that are not NULL."""


class ValueKind(Enum):
    """What values compare with one another; the value names it in error texts."""

    NUMBER = "a number"
    STRING = "a string"
    BOOLEAN = "a boolean"
    DATETIME = "a datetime"
    REFERENCE = "a reference"
    EMBEDDED = "an embedded object"


_KINDS: Final = {
    "string": ValueKind.STRING,
    "char16": ValueKind.STRING,
    "boolean": ValueKind.BOOLEAN,
    "datetime": ValueKind.DATETIME,
    "reference": ValueKind.REFERENCE,
}
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_UNORDERED: Final = frozenset({ValueKind.BOOLEAN, ValueKind.REFERENCE})
_FILL_LOW: Final = "00010101000000.000000"
_FILL_HIGH: Final = "99991231235959.999999"


def kind_of_property(prop: Property) -> ValueKind:
    """Return the kind of a property's values, or of its elements if it is an array."""
    return ValueKind.EMBEDDED if prop.embedded else _KINDS.get(prop.type, ValueKind.NUMBER)


_KINDS_OF_TYPES: Final[dict[type, ValueKind | None]] = {
    **dict.fromkeys((type(None), tuple), None),
    **dict.fromkeys(
        (int, float, Uint8, Uint16, Uint32, Uint64, Sint8, Sint16, Sint32, Sint64, Real32, Real64), ValueKind.NUMBER
    ),
    bool: ValueKind.BOOLEAN,
    str: ValueKind.STRING,
    DateTime: ValueKind.DATETIME,
    InstancePath: ValueKind.REFERENCE,
    CIMInstance: ValueKind.EMBEDDED,
    CIMClass: ValueKind.EMBEDDED,
}


def kind_of_value(value: Any) -> ValueKind | None:
    """Return the kind of a stored value, or None for NULL and for an array."""
    cls = type(value)
    if cls in _KINDS_OF_TYPES:
        return _KINDS_OF_TYPES[cls]
    return next((kind for known, kind in _KINDS_OF_TYPES.items() if isinstance(value, known)), None)


def native(value: Any) -> Any:
    """Return the value of a property of an embedded object as the world stores such a value."""
    match value:
        case list():
            return tuple([native(item) for item in value])
        case CIMDateTime():
            return DateTime(str(value))
        case CIMInstanceName():
            return from_cim_path(value)
    return value


def typed(literal: QueryLiteral, kind: ValueKind, dialect: QueryDialect) -> Any:
    """Return what a literal that is not NULL means among values of a kind.

    Raises:
        ValueError: it is not such a value.
    """
    value = literal.value
    if kind is ValueKind.DATETIME and isinstance(value, str):
        return DateTime(value)
    if kind is ValueKind.REFERENCE and isinstance(value, str):
        return parse_path(value, World(), "")
    if kind is ValueKind.STRING and (isinstance(value, str) or dialect.coerces):
        return literal.text.lower() if dialect.ignores_case else literal.text
    if kind is ValueKind.BOOLEAN and isinstance(value, bool):
        return value
    if kind is ValueKind.NUMBER and isinstance(value, int | float) and (dialect.coerces or not isinstance(value, bool)):
        return value
    if dialect.coerces and kind is ValueKind.NUMBER and isinstance(value, str) and (number := _number(value)) is not None:
        return number
    if dialect.coerces and kind is ValueKind.BOOLEAN and literal.text.lower() in {"0", "1", "true", "false"}:
        return literal.text.lower() in {"1", "true"}
    raise ValueError(f"{literal.text!r} is not {kind.value}")


def _number(text: str) -> int | float | None:
    """Return the number that a text writes, or None."""
    for cim_type in ("sint64", "uint64", "real64"):
        try:
            number: int | float = convert_scalar(Untyped(text), cim_type)
        except ValueError:
            continue
        return number
    return None


def comparison(kind: ValueKind, symbol: str, dialect: QueryDialect) -> Compare:
    """Return the function that compares a stored value with another, or with what ``typed`` made of a literal.

    Raises:
        ValueError: values of that kind do not compare so.
    """
    if kind is ValueKind.EMBEDDED:
        raise ValueError("embedded objects do not compare, only their properties do")
    if kind in _UNORDERED and symbol not in {"=", "<>"}:
        raise ValueError(f"{kind.value} compares with = and <> only")
    if kind is ValueKind.DATETIME:
        return _DATETIMES[symbol]
    compare = _OPERATORS[symbol]
    if kind is ValueKind.REFERENCE:
        expected = symbol == "="
        return lambda left, right: same_path(left, right, dialect) is expected
    if kind is ValueKind.STRING and dialect.ignores_case:
        return lambda left, right: compare(left.lower(), right.lower())
    return compare


def _span(value: DateTime) -> tuple[bool, Any, Any]:
    """Return whether a datetime is an interval, and the first and the last moment that it may stand for."""
    text = str(value)
    if text[21] == ":":
        return True, text.replace("*", "0"), text.replace("*", "9")
    if "*" not in text:
        moment = value.instant[1]
        return False, moment, moment
    low = "".join([given if given != "*" else fill for given, fill in zip(text, _FILL_LOW, strict=False)])
    high = "".join([given if given != "*" else fill for given, fill in zip(text, _FILL_HIGH, strict=False)])
    if text[6] == "*":
        high = f"{high[:6]}{monthrange(int(high[:4]), int(high[4:6]))[1]:02d}{high[8:]}"
    return False, DateTime(low + text[21:]).instant[1], DateTime(high + text[21:]).instant[1]


def _same_moment(left: DateTime, right: DateTime) -> bool | None:
    if left == right:
        return True
    interval, low, high = _span(left)
    other_interval, other_low, other_high = _span(right)
    if interval != other_interval:
        return None
    if high < other_low or low > other_high:
        return False
    return True if low == high == other_low == other_high else None


def _earlier(left: DateTime, right: DateTime) -> bool | None:
    # With equal ends, the offset or that of intervals, and all digits given, the text decides.
    if left[21:] == right[21:] and "*" not in left and "*" not in right:
        return str(left) < str(right)
    interval, low, high = _span(left)
    other_interval, other_low, other_high = _span(right)
    if interval != other_interval:
        return None
    if high < other_low:
        return True
    return False if low >= other_high else None


def _contrary(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


_DATETIMES: Final[dict[str, Compare]] = {
    "=": _same_moment,
    "<>": lambda left, right: _contrary(_same_moment(left, right)),
    "<": _earlier,
    ">=": lambda left, right: _contrary(_earlier(left, right)),
    ">": lambda left, right: _earlier(right, left),
    "<=": lambda left, right: _contrary(_earlier(right, left)),
}


def compared_with_text(symbol: str, constant: str, *, ignores_case: bool) -> Callable[[str], bool]:
    """Return what ``comparison`` would for strings, with a right side that stays, in lower case where the case is ignored.

    Of a long string only as much is folded as decides: folding makes no string shorter.
    """
    compare, most = _OPERATORS[symbol], len(constant)
    if not ignores_case:
        return lambda value: compare(value, constant)
    if symbol == "=":
        return lambda value: len(value) <= most and value.lower() == constant
    if symbol == "<>":
        return lambda value: len(value) > most or value.lower() != constant
    return lambda value: compare(value[: most + 1].lower(), constant)


def compared_with_moment(symbol: str, moment: DateTime) -> Callable[[DateTime], bool | None]:
    """Return what ``comparison`` would for datetimes, with a right side that stays.

    It is spelt once with each offset that values have, so that mostly texts compare: to reckon with dates takes far longer.
    """
    reckon, compare = _DATETIMES[symbol], _OPERATORS[symbol]
    if "*" in moment:
        return lambda value: reckon(value, moment)
    spellings: dict[str, str] = {}

    def answer(value: DateTime) -> bool | None:
        ending = value[21:]
        spelling = spellings.get(ending)
        if spelling is None:
            spelling = spellings[ending] = _spelt(moment, ending)
        return compare(value, spelling) if spelling and "*" not in value else reckon(value, moment)

    return answer


def _spelt(moment: DateTime, ending: str) -> str:
    """Return a datetime with the last four characters of another; empty where this cannot be."""
    if moment[21:] == ending:
        return str(moment)
    if moment.is_interval or ending[0] == ":":
        return ""
    offset = timedelta(minutes=int(ending[1:]) * (-1 if ending[0] == "-" else 1))
    try:
        local = datetime(1, 1, 1) + timedelta(microseconds=cast(int, moment.instant[1])) + offset
    except OverflowError:
        return ""
    return f"{local.year:04d}{local:%m%d%H%M%S}.{local.microsecond:06d}{ending}"


def same_path(left: InstancePath, right: InstancePath, dialect: QueryDialect) -> bool:
    """Return whether two paths name the same instance; what one does not say of the namespace is taken from the other.

    A host in the first, which a property holds, is that of another server, so the second must name it (rule D23); one in the
    second alone is a name of this server.
    """
    if left.host and (right.host or "").lower() != left.host.lower():
        return False
    if fold(left.classname) != fold(right.classname):
        return False
    if left.namespace and right.namespace and fold_namespace(left.namespace) != fold_namespace(right.namespace):
        return False
    keys = {fold(name): value for name, value in right.keys}
    return len(keys) == len(left.keys) and all(
        fold(name) in keys and same_key(value, keys[fold(name)], dialect) for name, value in left.keys
    )


def same_key(left: Any, right: Any, dialect: QueryDialect) -> bool:
    """Return whether two key values are equal; the second may be text of a type still unknown."""
    kind = kind_of_value(left)
    if isinstance(right, str) and kind in {ValueKind.REFERENCE, ValueKind.NUMBER, ValueKind.BOOLEAN, ValueKind.DATETIME}:
        try:
            right = parse_path(right, World(), "") if kind is ValueKind.REFERENCE else _read(right, kind)
        except ValueError:
            return False
    if kind is None or kind is ValueKind.EMBEDDED or kind_of_value(right) is not kind:
        return False
    return comparison(kind, "=", dialect)(left, right) is True


def _read(text: str, kind: ValueKind) -> Any:
    if kind is ValueKind.NUMBER:
        return _number(text)
    return convert_scalar(Untyped(text), "boolean" if kind is ValueKind.BOOLEAN else "datetime")
