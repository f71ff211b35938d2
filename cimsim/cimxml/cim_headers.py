"""The CIM headers of a request: what HTTP says about the message before the message is read (rules HC1 to HC14).

Clients disagree about their encoding: some escape UTF-8 as ``%HH``, others send raw Latin-1 or raw UTF-8. So a value has up to
three readings, and a header fits when any of them does (rules HC1 to HC3).
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from cimsim.cimxml.message import (
    HEADER_MISMATCH,
    MULTIPLE_REQUESTS_UNSUPPORTED,
    UNSUPPORTED_OPERATION,
    MessageError,
)

_FIELDS: Final = {
    b"cimoperation": "operation",
    b"cimmethod": "method",
    b"cimobject": "object",
    b"cimprotocolversion": "protocol_version",
    b"cimbatch": "batch",
    b"cimexport": "export",
}
_NAMES: Final = {
    "operation": "CIMOperation",
    "method": "CIMMethod",
    "object": "CIMObject",
    "protocol_version": "CIMProtocolVersion",
    "batch": "CIMBatch",
    "export": "CIMExport",
}
_CONTROLS: Final = re.compile(r"[\r\n\0]")
_ESCAPES: Final = r"(?:[^%]++|%[0-9A-Fa-f]{2})*+"
_BLANKS: Final = " \t"


class CimHeaders(NamedTuple):
    """The CIM headers as they came, bytes read as Latin-1, outer blanks removed; None: not sent.

    ``repeated`` holds the names of fields that came more than once; the first value is the one kept. ``matched``: the headers
    must be there and agree with the body, as every server but one demands (rule Q2). ``host`` is the header Host of HTTP, by
    which the client calls the server.
    """

    operation: str | None = None
    method: str | None = None
    object: str | None = None
    protocol_version: str | None = None
    batch: str | None = None
    repeated: frozenset[str] = frozenset()
    export: str | None = None
    matched: bool = True
    host: str | None = None

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]], prefix: bytes = b"", host: bytes | None = None) -> "CimHeaders":
        """Return the CIM headers among those of an HTTP request; names in any case, but all with the prefix (rule H5).

        ``host`` is the value of the header Host, which never has the prefix.
        """
        if prefix:
            start = len(prefix)
            headers = [(name[start:], value) for name, value in headers if name.startswith(prefix)]
        found: dict[str, str] = {}
        repeated = None
        for name, value in headers:
            field = _FIELDS.get(name.lower())
            if field is None:
                continue
            if field in found:
                repeated = (repeated or frozenset()) | {field}
            else:
                found[field] = value.decode("latin-1").strip(_BLANKS)
        get = found.get
        return cls(
            get("operation"),
            get("method"),
            get("object"),
            get("protocol_version"),
            get("batch"),
            repeated or frozenset(),
            get("export"),
            True,
            None if host is None else host.decode("latin-1").strip(_BLANKS),
        )

    def with_object(self, text: str) -> "CimHeaders":
        """Return the headers with another CIMObject."""
        return CimHeaders(
            self.operation,
            self.method,
            text,
            self.protocol_version,
            self.batch,
            self.repeated,
            self.export,
            self.matched,
            self.host,
        )


def check_headers(headers: CimHeaders, *, batches: bool = True) -> None:
    """Check what can be checked before the body is there, in the order of rule HE17.

    Args:
        headers: the CIM headers of the request.
        batches: whether several requests in one message are supported.

    Raises:
        MessageError: without a CIMError value when it is not a CIM message (rule HC6); unsupported-operation (rules HC5, HC14);
            multiple-requests-unsupported (rules HC13, HE2); header-mismatch (rules HC4, HC7 to HC9, HC13).
    """
    if headers.operation is None:
        if headers.export is not None:
            raise MessageError(UNSUPPORTED_OPERATION, "exports (CIMExport) are for a listener, which this server is not")
        raise MessageError(None, "not a CIM operation request: no CIMOperation header")
    if headers.operation.lower() != "methodcall" or "operation" in headers.repeated:
        raise MessageError(UNSUPPORTED_OPERATION, f"CIMOperation is {headers.operation!r}, not MethodCall, once")
    if headers.batch is not None and not batches:
        raise MessageError(MULTIPLE_REQUESTS_UNSUPPORTED, "batches of requests (CIMBatch) are not supported")
    if not headers.matched:
        return
    for field in headers.repeated:
        raise MessageError(HEADER_MISMATCH, f"header {_NAMES[field]} stands more than once")
    if headers.batch is not None:
        if headers.method is not None or headers.object is not None:
            raise MessageError(HEADER_MISMATCH, "CIMMethod or CIMObject beside CIMBatch: each request of a batch has its own")
        return
    for name, value in (("CIMMethod", headers.method), ("CIMObject", headers.object)):
        if not value:
            raise MessageError(HEADER_MISMATCH, f"header {name} is {'missing' if value is None else 'empty'}")
        if _CONTROLS.search(value):
            raise MessageError(HEADER_MISMATCH, f"header {name} holds a control character")


def unmatched(headers: CimHeaders) -> CimHeaders:
    """Return the headers with nothing in them that a body could contradict (rule Q2)."""
    repeated = headers.repeated & {"operation"}
    return CimHeaders(headers.operation, repeated=repeated, export=headers.export, matched=False, host=headers.host)


def readings(value: str) -> Iterable[str]:
    """Yield the texts that a header value can stand for: as it came, as raw UTF-8, with ``%HH`` resolved (rules HC1, HC2).

    What has CR, LF or NUL in it is not a reading (rule HC4), nor is a malformed escape (rule HC3).
    """
    yield value
    if "%" not in value and value.isascii():
        return
    texts = [_utf8(value.encode("latin-1", "replace"))]
    if "%" in value and re.fullmatch(_ESCAPES, value):
        escaped = unquote_to_bytes(value.encode("latin-1", "replace"))
        texts.append(_utf8(escaped) or escaped.decode("latin-1"))
    for text in texts:
        if text is not None and text != value and not _CONTROLS.search(text):
            yield text


def _utf8(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
