"""M-POST, the method of HTTP's extension framework: requests with a mandatory extension (rules H5 to H8).

llhttp does not know the method, so a request line that begins with it is handed on as one of POST. For that the reader needs
to know where requests begin, which only matters for the few segments in which the method may stand at all.
"""

import re
from typing import Final

_METHOD: Final = b"M-POST "
_BEGINNINGS: Final = tuple(_METHOD[:length] for length in range(1, len(_METHOD)))
_LINE_BREAKS: Final = b"\r\n"
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_REST_OF_BLANK_LINE: Final = re.compile(rb"\r?\n")
_LONGEST_REST: Final = 3


def may_extend(segment: bytes) -> bool:
    """Return whether a segment may hold the method, or its beginning at the end."""
    return b"M-POST" in segment or segment.endswith(_BEGINNINGS)


def is_beginning(data: bytes) -> bool:
    """Return whether what comes next decides whether a request begins with the method."""
    rest = data.lstrip(_LINE_BREAKS)
    return rest != b"" and len(rest) < len(_METHOD) and _METHOD.startswith(rest)


def as_post(data: bytes) -> bytes | None:
    """Return a request that begins with the method as one of POST; None when it does not."""
    rest = data.lstrip(_LINE_BREAKS)
    return rest[2:] if rest.startswith(_METHOD) else None


def end_of_lines(data: bytes, start: int, seen: int) -> int:
    """Return where a head or a chunked body may end at the earliest: after a blank line, or at the end of the data.

    Args:
        data: a segment, or what is left of one.
        start: where to look from.
        seen: how much of the segment lies before; a segment may begin with the rest of a blank line.
    """
    if seen < _LONGEST_REST and (rest := _REST_OF_BLANK_LINE.match(data, start)):
        return rest.end()
    found = _BLANK_LINE.search(data, start)
    return found.end() if found else len(data)
