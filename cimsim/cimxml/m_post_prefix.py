"""M-POST: the prefix of the CIM headers, which the header ``Man`` declares (rules H5 to H7)."""

import re
from functools import cache
from typing import Final

CIM_EXTENSION: Final = "http://www.dmtf.org/cim/mapping/http/v1.0"
"""The name of the HTTP extension that is CIM operations over HTTP."""

_NUMBER: Final = r"(?i);\s*+ns\s*+=\s*+([0-9]{2})\s*+(?:;|\Z)"


@cache
def _declaration() -> re.Pattern[str]:
    return re.compile(r'[\s,]*+"?([^";,\s]++)"?\s*+((?:;[^,]*+)?)(?:,|\Z)')


def prefix_of(man: bytes | None) -> bytes | None:
    """Return the prefix that the header Man gives to the headers of CIM, such as ``47-``.

    None when it does not declare them, or anything beside them: each mandatory declaration must be known (rule H6).
    """
    if man is None:
        return None
    text = man.decode("latin-1").rstrip(", \t")
    prefix = None
    place = 0
    while place < len(text):
        declared = _declaration().match(text, place)
        number = declared and declared[1].rstrip("/") == CIM_EXTENSION and re.search(_NUMBER, declared[2])
        if not declared or not number:
            return None
        prefix = number[1].encode() + b"-"
        place = declared.end()
    return prefix
