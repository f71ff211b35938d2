"""What is checked of a request over HTTP once its head is there and before its body is read, in the order of rule HE17."""

from collections.abc import Mapping
from typing import Final, Protocol

from cimsim.cimxml.cim_headers import CimHeaders, check_headers, unmatched
from cimsim.cimxml.content_negotiation import check_accept, check_content_encoding, check_content_type, takes_trailers
from cimsim.cimxml.http_features import Features
from cimsim.cimxml.http_headers import ResponseStyle
from cimsim.cimxml.m_post_prefix import CIM_EXTENSION, prefix_of
from cimsim.cimxml.message import MessageError

_M_POST: Final = b"M-POST"
_OPTIONS: Final = b"OPTIONS"
_KNOWN_METHODS: Final = frozenset({b"GET", b"HEAD", b"PUT", b"DELETE", b"CONNECT", b"TRACE", b"PATCH"})
_LANGUAGE: Final = b"Content-Language: en\r\n"


class RequestHead(Protocol):
    """The head of an HTTP request, as admission reads it.

    Attributes:
        method: in capitals.
        version: of HTTP, such as ``1.1``.
        fields: the header fields in order, names in lower case.
        values: the fields by name, the values of repeated ones joined by commas.
        style: admission writes a ``ResponseStyle`` here unless it is ``PLAIN``.
    """

    method: bytes
    version: str
    fields: list[tuple[bytes, bytes]]
    values: Mapping[bytes, bytes]
    style: object


class HttpAdmission:
    """The checks of one server.

    Args:
        features: what it offers.
    """

    def __init__(self, features: Features) -> None:
        self._features = features

    def check_method(self, head: RequestHead) -> None:
        """Check a method other than POST.

        Raises:
            MessageError: with the status 405 or 501 for a method that is not served (rules H8, H9), 400 for M-POST under
                HTTP/1.0 (rule H6).
        """
        features = self._features
        method = head.method
        if method == _OPTIONS and not features.post_only:
            return
        if method == _M_POST:
            if not features.m_post:
                raise MessageError(None, "M-POST is switched off; use POST", status=501)
            if head.version == "1.0":
                raise MessageError(None, "M-POST needs HTTP/1.1")
            return
        connect = method == b"CONNECT"
        if features.post_only:
            raise MessageError(None, "the only methods are POST and M-POST", status=501, fatal=connect)
        if method in _KNOWN_METHODS:
            text = "this is a CIM-XML server: its operations are sent with POST"
            raise MessageError(None, text, status=405, fields=features.allow(), fatal=connect)
        raise MessageError(None, "unknown HTTP method", status=501, fatal=True)

    def admit(self, head: RequestHead) -> CimHeaders:
        """Check the head of a request sent with POST or M-POST; return its CIM headers.

        Raises:
            MessageError: with the status 400 or 501 for CIM headers (rules HC4 to HC9, HC13), 510 for M-POST without the
                extension of CIM (rule H6), 406 (rules H22, H23), 415 (rules H21, H24).
        """
        values = head.values
        features = self._features
        prefix = b""
        if head.method == _M_POST or b"accept-language" in values or features.trailers:
            head.style = style = _style(head, trailers=features.trailers)
            prefix = style.prefix
        headers = CimHeaders.of(head.fields, prefix, values.get(b"host"))
        if not features.matching:
            headers = unmatched(headers)
        check_headers(headers, batches=features.batches)
        check_content_type(values.get(b"content-type"))
        check_content_encoding(values.get(b"content-encoding"))
        check_accept(values.get(b"accept"), values.get(b"accept-charset"), values.get(b"accept-encoding"))
        if b"range" in values or b"accept-ranges" in values:
            raise MessageError(None, "a CIM message has no ranges", status=406)
        return headers


def _style(head: RequestHead, *, trailers: bool) -> ResponseStyle:
    # No text of the server is in another language, and that of the packs is for all; which one is asked for does not matter.
    language = _LANGUAGE if b"accept-language" in head.values else b""
    trailers = trailers and takes_trailers(head.values.get(b"te")) and head.version != "1.0"
    if head.method != _M_POST:
        return ResponseStyle(b"", language, trailers)
    prefix = prefix_of(head.values.get(b"man"))
    if prefix is None:
        text = f"M-POST needs the header Man: {CIM_EXTENSION} ; ns=NN, and knows no other extension"
        raise MessageError(None, text, status=510)
    return ResponseStyle(prefix, language, trailers)
