"""The answers of HTTP itself: whole refusals, and the frame of the heads whose other lines a mount gives."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final

import msgspec

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE: Final = b"Connection: close\r\n"
KEEP_ALIVE: Final = b"Connection: keep-alive\r\n"

RESPONSE_HEAD: Final = b"HTTP/1.1 %b\r\n%b%b%bContent-Length: %d\r\n\r\n"
"""Takes status and phrase, the Date line, the lines of the mount, the Connection line or nothing, the length of the body."""
CHUNKED_HEAD: Final = b"HTTP/1.1 %b\r\n%b%b%bTransfer-Encoding: chunked\r\n\r\n"
"""The same without the length."""
STATUS_LINES: Final = {each.value: b"%d %b" % (each, each.phrase.encode("ascii")) for each in HTTPStatus}
"""Status and phrase by status."""

_MAX_DETAIL: Final = 1000


class HttpError(Exception):
    """A request is refused with an HTTP status (rules HE1 to HE14, H3 to H24, H33).

    Attributes:
        status: the HTTP status.
        detail: why, in words for the developer of the client.
        code: what the protocol of the mount calls it, such as a value of CIMError; None: it has no name.
        fields: more header lines, each with its line end.
        fatal: the connection cannot go on, because the end of the request is unknown or not worth waiting for.
    """

    def __init__(self, status: int, detail: str, *, code: str | None = None, fields: bytes = b"", fatal: bool = False) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.fields = fields
        self.fatal = fatal


class Connection(msgspec.Struct, frozen=True):
    """Whether the connection stays open after a request, and the header line that says so (rules H4, H13)."""

    keep: bool
    line: bytes


def connection(version: str, keep: bool) -> Connection:
    """Return what the answer to a request of an HTTP version says of the connection."""
    if keep:
        return Connection(True, KEEP_ALIVE if version == "1.0" else b"")
    return ENDS


ENDS: Final = Connection(False, CLOSE)


def refusal(refused: HttpError, date: bytes, lines: bytes, line: bytes, *, body: bool = True) -> bytes:
    """Return a whole response that refuses a request.

    Args:
        refused: why.
        date: the Date header line.
        lines: further header lines, of the mount.
        line: the Connection header line, or nothing.
        body: whether to send the explanation; the answer to HEAD has none.
    """
    status = STATUS_LINES[refused.status]
    code = "" if refused.code is None else f" ({refused.code})"
    text = f"{status.decode()}{code}\n{refused.detail[:_MAX_DETAIL]}\n".encode("utf-8", "replace")
    all_lines = b"".join((date, refused.fields, lines, b"Content-Type: text/plain; charset=utf-8\r\n"))
    head = RESPONSE_HEAD % (status, all_lines, b"", line, len(text))
    return head + text if body else head


def in_chunks(pieces: Iterator[bytes], trailers: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """Yield a body as chunks, then the trailer lines that a function returns for its first piece (rule H30)."""
    lines = None
    for piece in pieces:
        if lines is None:
            lines = trailers(piece)
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n%b\r\n" % (trailers(b"") if lines is None else lines)
