"""Responses in chunks whose trailers tell the status code, as SFCB sends them (rules Q2, H30, H31)."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final
from urllib.parse import quote

_UNESCAPED: Final = " !#$&'()*+,/:;<=>?@[]^`{|}"
_ERROR: Final = re.compile(rb'<ERROR CODE="(\d+)"(?: DESCRIPTION="([^"]*)")?')
_MAX_DESCRIPTION: Final = 1000


def field_value(text: str) -> bytes:
    """Return a text as the value of a header field: everything that could end it is escaped as ``%HH`` (rule SEC5)."""
    return quote(text, safe=_UNESCAPED, errors="replace").encode("ascii")


def trailer_announcement(prefix: bytes) -> bytes:
    """Return the header lines of a response in chunks with trailers whose names have a prefix (rule H30)."""
    return b"Transfer-Encoding: chunked\r\nTrailer: %bCIMStatusCode, %bCIMStatusCodeDescription\r\n" % (prefix, prefix)


def in_chunks(pieces: Iterator[bytes], prefix: bytes) -> Iterator[bytes]:
    """Yield a body as chunks, then the trailers with the status code of the first ERROR in its first piece, or with 0."""
    status, description = b"0", b""
    first = True
    for piece in pieces:
        error = _ERROR.search(piece) if first else None
        if error:
            status, description = error[1], error[2] or b""
        first = False
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    lines = [b"0\r\n%bCIMStatusCode: %b\r\n" % (prefix, status)]
    if description:
        text = unescape(description.decode("utf-8"))[:_MAX_DESCRIPTION]
        lines.append(b"%bCIMStatusCodeDescription: %b\r\n" % (prefix, field_value(text)))
    yield b"".join([*lines, b"\r\n"])
