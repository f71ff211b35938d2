"""CIM datetimes and their forms in XML Schema (rule WM-V-6)."""

import re
from typing import Final

from cimsim.world.values import DateTime

_INSTANT: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?")
_DURATION: Final = re.compile(
    r"P(?:0{1,8}Y)?(?:0{1,8}M)?(?:(\d{1,8})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.(\d{1,9}))?S)?)?"
)
"""Years and months have no certain length, so there may be none of them."""
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_YEAR_1: Final = -62_135_596_800
"""The beginning of the year 1 in seconds since 1970."""


def to_xml(value: DateTime) -> tuple[str, str]:
    """Return the element of a datetime in the namespace of WS-CIM, and its text.

    A timestamp is a ``Datetime``, an interval an ``Interval``; what XML Schema cannot say, such as asterisks, is a
    ``CIM_DateTime`` with the 25 characters of CIM. Microseconds are left out when they are 0.
    """
    text = str(value)
    digits = text[:14] + text[15:21]
    if not digits.isdigit():
        return "CIM_DateTime", text
    fraction = "" if digits[14:] == "000000" else f".{digits[14:]}"
    if text[21] == ":":
        days, hours, minutes, seconds = (int(digits[start:end]) for start, end in ((0, 8), (8, 10), (10, 12), (12, 14)))
        return "Interval", f"P{days}DT{hours}H{minutes}M{seconds}{fraction}S"
    year, month, day, hour, minute, second = digits[:4], *(digits[start : start + 2] for start in range(4, 14, 2))
    return "Datetime", f"{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}{_offset(text[21], int(text[22:25]))}"


def _offset(sign: str, minutes: int) -> str:
    return f"{sign}{minutes // _MINUTE:02}:{minutes % _MINUTE:02}" if minutes else "Z"


def to_cim(text: str) -> str:
    """Return the 25 characters of CIM for an instant or a duration of XML Schema; any other text as it is.

    A time without an offset is taken for UTC.
    """
    stripped = text.strip()
    if match := _INSTANT.fullmatch(stripped):
        *fields, fraction, offset = match.groups()
        return f"{''.join(fields)}.{(fraction or '').ljust(6, '0')[:6]}{_cim_offset(offset)}"
    match = _DURATION.fullmatch(stripped)
    if match is None or not any(match.groups()):
        return text
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups()[:4])
    total = days * _DAY + hours * _HOUR + minutes * _MINUTE + seconds
    clock = f"{total % _DAY // _HOUR:02}{total % _HOUR // _MINUTE:02}{total % _MINUTE:02}"
    return f"{total // _DAY:08}{clock}.{(match[5] or '').ljust(6, '0')[:6]}:000"


def _cim_offset(offset: str | None) -> str:
    if offset is None or offset == "Z":
        return "+000"
    return f"{offset[0]}{int(offset[1:3]) * _MINUTE + int(offset[4:]):03}"


def seconds_of(text: str, now: float) -> float | None:
    """Return the seconds of a duration, or until an instant from ``now``; None: the text is neither.

    ``now`` is in seconds since 1970-01-01 UTC.
    """
    converted = to_cim(text)
    if len(converted) != len("00000000000000.000000:000"):
        return None
    try:
        value = DateTime(converted)
    except ValueError:
        return None
    if not value.is_interval:
        kind, micros = value.instant
        return int(micros) / 1e6 + _YEAR_1 - now if kind == "instant" and isinstance(micros, int) else None
    parts = ((0, 8, _DAY), (8, 10, _HOUR), (10, 12, _MINUTE), (12, 14, 1))
    return sum(int(converted[start:end]) * unit for start, end, unit in parts) + int(converted[15:21]) / 1e6
