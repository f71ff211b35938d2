"""The header lines and trailers of responses over HTTP (rules H25 to H33, HE14, Q2).

Nothing of a request gets into a header unescaped (rule SEC5). The lines that HTTP alone needs (Date, Connection,
Content-Length) are not made here.
"""

import re
from html import unescape
from typing import Final
from urllib.parse import quote

import msgspec

from cimsim.cimxml.m_post_prefix import CIM_EXTENSION

CONTENT_TYPE: Final = b"application/xml; charset=utf-8"

_UNESCAPED: Final = " !#$&'()*+,/:;<=>?@[]^`{|}"
_ERROR: Final = rb'<ERROR CODE="(\d+)"(?: DESCRIPTION="([^"]*)")?'
_MAX_DETAIL: Final = 1000


class ResponseStyle(msgspec.Struct, frozen=True):
    """What a request asks of the headers of its response.

    Attributes:
        prefix: of the CIM headers; empty but for M-POST (rule H7).
        language: the Content-Language line, or nothing (rule H25).
        trailers: the response ends with trailers that give its status code (rule Q2).
    """

    prefix: bytes = b""
    language: bytes = b""
    trailers: bool = False


PLAIN: Final = ResponseStyle()


def field_value(text: str) -> bytes:
    """Return a text as the value of a header field: everything that could end it is escaped as ``%HH`` (rule SEC5)."""
    return quote(text, safe=_UNESCAPED, errors="replace").encode("ascii")


def plain_response_lines(content_type: bytes) -> bytes:
    """Return a template for the header lines of a response of the ``PLAIN`` style (rules H26 to H29).

    ``%d`` in it is for WBEMServerResponseTime: how long the request took, in microseconds.
    """
    return (
        b"Content-Type: %b\r\nCIMOperation: MethodResponse\r\nCache-Control: no-cache\r\nWBEMServerResponseTime: %%d\r\n"
    ) % content_type.replace(b"%", b"%%")


def response_lines(style: ResponseStyle, content_type: bytes, microseconds: int) -> bytes:
    """Return the header lines of a response of any style (rules H7, H25 to H30)."""
    prefix = style.prefix
    lines = [
        _declaration(prefix),
        style.language,
        b"Content-Type: %b\r\n" % content_type,
        b"%bCIMOperation: MethodResponse\r\n" % prefix,
        b"Cache-Control: no-cache\r\n",
        b"%bWBEMServerResponseTime: %d\r\n" % (prefix, microseconds),
    ]
    if style.trailers:
        lines.append(b"Trailer: %bCIMStatusCode, %bCIMStatusCodeDescription\r\n" % (prefix, prefix))
    return b"".join(lines)


def refusal_lines(style: ResponseStyle, detail: str, cim_error: str | None) -> bytes:
    """Return the header lines of an answer that refuses a request (rules HE14, H33).

    The detail goes into CIMErrorDescription, and beside a CIMError also into PGErrorDetail, which is where pywbem looks.

    Args:
        style: what the request asks of the headers.
        detail: why, in words.
        cim_error: the value of CIMError; None: there is none.
    """
    prefix = style.prefix
    lines = [_declaration(prefix), style.language]
    escaped = field_value(detail[:_MAX_DETAIL])
    if cim_error is not None:
        lines.append(b"%bCIMError: %b\r\n" % (prefix, field_value(cim_error)))
        lines.append(b"PGErrorDetail: %b\r\n" % escaped)
    lines.append(b"%bCIMErrorDescription: %b\r\n" % (prefix, escaped))
    return b"".join(lines)


def status_trailers(prefix: bytes, piece: bytes) -> bytes:
    """Return trailer lines with the status code of the first ERROR in the first piece of a body, or with 0 (rules H30, H31)."""
    error = re.search(_ERROR, piece)
    status, description = (error[1], error[2] or b"") if error else (b"0", b"")
    lines = [b"%bCIMStatusCode: %b\r\n" % (prefix, status)]
    if description:
        text = unescape(description.decode("utf-8"))[:_MAX_DETAIL]
        lines.append(b"%bCIMStatusCodeDescription: %b\r\n" % (prefix, field_value(text)))
    return b"".join(lines)


def _declaration(prefix: bytes) -> bytes:
    """Return the header lines that declare the prefix of the CIM headers in an answer to M-POST (rule H7)."""
    return b"Ext: \r\nMan: %b ; ns=%b\r\n" % (CIM_EXTENSION.encode(), prefix[:2]) if prefix else b""
