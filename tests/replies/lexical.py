"""How values are written in responses (rules D3 to D11)."""

import math
import re
from datetime import datetime
from typing import Final

_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]*")
_REAL: Final = re.compile(r"-?[0-9]+\.[0-9]+(E[+-]?[0-9]+)?|-?INF|NaN")
_TIMESTAMP: Final = re.compile(r"(\d{14}|[\d*]{14})\.([\d*]{6})[+-]\d{3}")
_INTERVAL: Final = re.compile(r"(\d{8})([\d*]{2})([\d*]{2})([\d*]{2})\.[\d*]{6}:000")
_CHARACTER: Final = 0xFFFF


def check_literal(text: str, cim_type: str) -> None:
    """Assert that a text is a literal of a CIM type as responses write it."""
    match cim_type:
        case "string":
            pass
        case "char16":
            assert len(text) == 1 and ord(text) <= _CHARACTER, f"D3: {text!r}"
        case "boolean":
            assert text in {"TRUE", "FALSE"}, f"D4, CP8: {text!r}"
        case "datetime":
            _check_datetime(text)
        case "real32" | "real64":
            assert _REAL.fullmatch(text), f"D9, D10: {text!r}"
            assert text == "NaN" or text.endswith("INF") or math.isfinite(float(text)), f"D10: {text!r}"
        case _:
            assert _INTEGER.fullmatch(text), f"D7, CP8: {text!r}"
            bits = int(cim_type[4:])
            low, high = (0, 2**bits) if cim_type[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1))
            assert low <= int(text) < high, f"D8: {text!r} as {cim_type}"


def _check_datetime(text: str) -> None:
    interval = _INTERVAL.fullmatch(text)
    if interval:
        for field, limit in zip(interval.groups()[1:], (24, 60, 60), strict=True):
            assert "*" in field or int(field) < limit, f"D11: {text!r}"
        return
    stamp = _TIMESTAMP.fullmatch(text)
    assert stamp, f"D11: {text!r}"
    if "*" not in stamp[1]:
        # Raises for a month 13 or a 30th of February; year 0 is one that CIM has and Python lacks.
        datetime.strptime("2000" + stamp[1][4:] if stamp[1].startswith("0000") else stamp[1], "%Y%m%d%H%M%S")
