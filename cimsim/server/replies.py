"""What the server says in HTTP: the heads of responses, and the refusal of requests that get no CIM message.

Nothing of a request gets into a header unescaped (rule SEC5).
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final, NamedTuple

from cimsim.cimxml.message import MessageError
from cimsim.server.m_post import CIM_EXTENSION
from cimsim.server.trailers import field_value, trailer_announcement

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
CLOSE: Final = b"Connection: close\r\n"
KEEP_ALIVE: Final = b"Connection: keep-alive\r\n"
CONTENT_TYPE: Final = b"application/xml; charset=utf-8"

_MAX_DETAIL: Final = 1000
_SUCCESS: Final = (
    b"HTTP/1.1 200 OK\r\n"
    b"%b"
    b"Content-Type: application/xml; charset=utf-8\r\n"
    b"CIMOperation: MethodResponse\r\n"
    b"Cache-Control: no-cache\r\n"
    b"WBEMServerResponseTime: %d\r\n"
    b"%b"
    b"Content-Length: %d\r\n\r\n"
)


class HttpError(Exception):
    """A request gets an HTTP status instead of a CIM message (rules HE1 to HE14, H3 to H24, H33).

    Attributes:
        status: the HTTP status.
        detail: why, in words for the developer of the client.
        cim_error: the value of the CIMError header, or None.
        fields: more header lines, each with its line end.
        fatal: the connection cannot go on, because the end of the request is unknown or not worth waiting for.
    """

    def __init__(
        self, status: int, detail: str, *, cim_error: str | None = None, fields: bytes = b"", fatal: bool = False
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.cim_error = cim_error
        self.fields = fields
        self.fatal = fatal

    @classmethod
    def of(cls, error: MessageError) -> "HttpError":
        """Return the refusal that a message error asks for."""
        return cls(error.status, error.detail, cim_error=error.cim_error)


class Style(NamedTuple):
    """What a request wants of its answer beside the answer itself.

    Attributes:
        prefix: of the CIM headers; empty but for M-POST (rule H7).
        language: the Content-Language line, or nothing (rule H25).
        trailers: it comes in chunks and ends with the trailers that tell its status code (rule Q2).
    """

    prefix: bytes = b""
    language: bytes = b""
    trailers: bool = False


PLAIN: Final = Style()


class Connection(NamedTuple):
    """Whether the connection stays open after a request, and the header line that says so (rules H4, H13)."""

    keep: bool
    line: bytes


def connection(version: str, keep: bool) -> Connection:
    """Return what the answer to a request of an HTTP version says of the connection."""
    if keep:
        return Connection(True, KEEP_ALIVE if version == "1.0" else b"")
    return ENDS


ENDS: Final = Connection(False, CLOSE)


def success(date: bytes, microseconds: int, line: bytes, length: int, style: Style = PLAIN) -> bytes:
    """Return the head of a response that carries a CIM message of ``length`` bytes (rules H26 to H29).

    Args:
        date: the Date header line.
        microseconds: how long the request took, for WBEMServerResponseTime.
        line: the Connection header line, or nothing.
        length: of the body, in bytes.
        style: what the request wants of the answer.
    """
    if style is PLAIN:
        return _SUCCESS % (date, microseconds, line, length)
    prefix = style.prefix
    lines = (
        b"HTTP/1.1 200 OK\r\n",
        date,
        _declaration(prefix),
        style.language,
        b"Content-Type: application/xml; charset=utf-8\r\n",
        b"%bCIMOperation: MethodResponse\r\n" % prefix,
        b"Cache-Control: no-cache\r\n",
        b"%bWBEMServerResponseTime: %d\r\n" % (prefix, microseconds),
        line,
        trailer_announcement(prefix) if style.trailers else b"Content-Length: %d\r\n" % length,
        b"\r\n",
    )
    return b"".join(lines)


def discovery(capabilities: bytes, date: bytes, line: bytes) -> bytes:
    """Return the whole answer to OPTIONS (rule HO1).

    Args:
        capabilities: the header lines that tell what the server can do.
        date: the Date header line.
        line: the Connection header line, or nothing.
    """
    return b"HTTP/1.1 200 OK\r\n%b%b%bContent-Length: 0\r\n\r\n" % (date, capabilities, line)


def _declaration(prefix: bytes) -> bytes:
    """Return the header lines that declare the prefix of the CIM headers in an answer to M-POST (rule H7)."""
    return b"Ext: \r\nMan: %b ; ns=%b\r\n" % (CIM_EXTENSION.encode(), prefix[:2]) if prefix else b""


def refusal(refused: HttpError, date: bytes, line: bytes, style: Style = PLAIN, *, body: bool = True) -> bytes:
    """Return a whole response that refuses a request (rules HE14, H33).

    The detail goes into CIMErrorDescription, and beside a CIMError also into PGErrorDetail, which is where pywbem looks.

    Args:
        refused: why.
        date: the Date header line.
        line: the Connection header line, or nothing.
        style: what the request wants of the answer.
        body: whether to send the explanation; the answer to HEAD has none.
    """
    status = HTTPStatus(refused.status)
    detail = refused.detail[:_MAX_DETAIL]
    text = "".join(_explanation(status, refused.cim_error, detail)).encode("utf-8", "replace")
    lines = [b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode("ascii")), date, refused.fields]
    prefix = style.prefix
    lines += (_declaration(prefix), style.language)
    escaped = field_value(detail)
    if refused.cim_error is not None:
        cim_error = field_value(refused.cim_error)
        lines.append(b"%bCIMError: %b\r\n" % (prefix, cim_error))
        lines.append(b"PGErrorDetail: %b\r\n" % escaped)
    lines.append(b"%bCIMErrorDescription: %b\r\n" % (prefix, escaped))
    lines.append(b"Content-Type: text/plain; charset=utf-8\r\n%bContent-Length: %d\r\n\r\n" % (line, len(text)))
    if body:
        lines.append(text)
    return b"".join(lines)


def _explanation(status: HTTPStatus, cim_error: str | None, detail: str) -> Iterator[str]:
    yield f"{status.value} {status.phrase}"
    if cim_error is not None:
        yield f" ({cim_error})"
    yield f"\n{detail}\n"
