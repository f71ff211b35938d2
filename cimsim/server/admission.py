"""What is checked of a request once its head is there and before its body is read, in the order of rule HE17."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from cimsim.cimxml.cim_headers import CimHeaders, check_headers, unmatched
from cimsim.cimxml.message import MessageError
from cimsim.server.auth import Authenticator
from cimsim.server.discovery import Features
from cimsim.server.logins import Visitor
from cimsim.server.m_post import CIM_EXTENSION, prefix_of
from cimsim.server.negotiation import check_accept, check_content_encoding, check_content_type, takes_trailers
from cimsim.server.replies import PLAIN, HttpError, Style

OPTIONS: Final = b"OPTIONS"
M_POST: Final = b"M-POST"
_KNOWN_METHODS: Final = frozenset({b"GET", b"HEAD", b"PUT", b"DELETE", b"CONNECT", b"TRACE", b"PATCH"})
_LANGUAGE: Final = b"Content-Language: en\r\n"


class Head:
    """The head of one request.

    Attributes:
        method: in capitals, as it came.
        version: of HTTP, such as ``1.1``.
        fields: the header fields in order, names in lower case.
        values: the fields by name, the values of repeated ones joined by commas.
        repeated: the names of fields that came more than once.
        style: what it wants of the answer; admission finds out.
    """

    __slots__ = ("fields", "method", "repeated", "style", "values", "version")

    def __init__(self, method: bytes, version: str, fields: list[tuple[bytes, bytes]]) -> None:
        self.method = method
        self.version = version
        self.fields = fields
        self.values: Mapping[bytes, bytes] = dict(fields)
        self.repeated: frozenset[bytes] = frozenset()
        self.style = PLAIN
        if len(self.values) != len(fields):
            self._join_repeats()

    def _join_repeats(self) -> None:
        lists: dict[bytes, list[bytes]] = {}
        for name, value in self.fields:
            lists.setdefault(name, []).append(value)
        self.values = {name: b", ".join(values) for name, values in lists.items()}
        self.repeated = frozenset(name for name, values in lists.items() if len(values) > 1)


class Admitted(NamedTuple):
    """A request that may send its body: its CIM headers and its user (None without authentication)."""

    headers: CimHeaders
    user: str | None


class Admission:
    """The checks of a server, with its users; without an authenticator Authorization is ignored (rule HA4)."""

    def __init__(self, authenticator: Authenticator | Visitor | None, features: Features) -> None:
        self._authenticator = authenticator
        self._features = features

    def of(self, visitor: Visitor | None) -> "Admission":
        """Return the admission of one connection; None: of one that needs no user."""
        return self if visitor is None else Admission(visitor, self._features)

    def check_start(self, head: Head) -> None:
        """Check version, method and expectation.

        Raises:
            HttpError: 505 for a version other than 1.0 and 1.1 (rule H4), 405 or 501 for a method that is not served (rules
                H8, H9), 400 for M-POST under HTTP/1.0 (rule H6), 417 for an expectation that is not met (rule H12).
        """
        if head.version not in ("1.1", "1.0"):
            raise HttpError(505, f"HTTP version {head.version} is neither 1.0 nor 1.1", fatal=True)
        if head.method != b"POST":
            self._check_method(head)
        if b"expect" in head.values and head.version != "1.0":
            self._check_expectation(head.values[b"expect"])

    def _check_method(self, head: Head) -> None:
        method = head.method
        if method == OPTIONS and not self._features.post_only:
            return
        if method == M_POST:
            if not self._features.m_post:
                raise HttpError(501, "M-POST is switched off; use POST")
            if head.version == "1.0":
                raise HttpError(400, "M-POST needs HTTP/1.1")
            return
        if self._features.post_only:
            raise HttpError(501, "the only methods are POST and M-POST", fatal=method == b"CONNECT")
        if method in _KNOWN_METHODS:
            text = "this is a CIM-XML server: its operations are sent with POST"
            raise HttpError(405, text, fields=self._features.allow(), fatal=method == b"CONNECT")
        raise unknown_method()

    def _check_expectation(self, expectation: bytes) -> None:
        if not self._features.expectations:
            raise HttpError(417, "no expectation is met", fatal=True)
        if expectation.lower() != b"100-continue":
            raise HttpError(417, "the only expectation that is met is 100-continue", fatal=True)

    def admit(self, head: Head) -> Admitted:
        """Check everything but length, which is the framing's concern.

        Raises:
            HttpError: 401 (rules HA1, HA7), 400 for Host (rule H3) or CIM headers (rules HC4 to HC9), 510 for M-POST without
                the extension of CIM (rule H6), 501 for batches (rule HC13), 406 (rules H22, H23), 415 (rules H21, H24).
        """
        values = head.values
        user = None
        if self._authenticator is not None:
            user = self._authenticator.check(values.get(b"authorization"))
            if user is None:
                raise HttpError(401, "credentials are missing or wrong", fields=self._authenticator.challenge)
        _check_host(head)
        if head.method == OPTIONS:
            return Admitted(CimHeaders(), user)
        if head.method == M_POST or b"accept-language" in values or self._features.trailers:
            head.style = _style(head, trailers=self._features.trailers)
        headers = CimHeaders.of(head.fields, head.style.prefix, values.get(b"host"))
        if not self._features.matching:
            headers = unmatched(headers)
        try:
            check_headers(headers, batches=self._features.batches)
        except MessageError as error:
            raise HttpError.of(error) from None
        _check_content(values)
        return Admitted(headers, user)


def unknown_method() -> HttpError:
    """Return the answer to a method that HTTP does not define (rules H8, H9)."""
    return HttpError(501, "unknown HTTP method", fatal=True)


def body_length(head: Head) -> int | None:
    """Return how many bytes of body are announced, or None when the body is chunked (rule H10).

    Raises:
        HttpError: 411 for no length, 501 for an unknown transfer coding, 400 for a transfer coding under HTTP/1.0.
    """
    values = head.values
    coding = values.get(b"transfer-encoding")
    if coding is None:
        length = values.get(b"content-length")
        if length is None:
            if head.method == OPTIONS:
                return 0
            raise HttpError(411, "the request has neither Content-Length nor Transfer-Encoding: chunked", fatal=True)
        return int(length)
    if head.version == "1.0":
        raise HttpError(400, "HTTP/1.0 has no Transfer-Encoding", fatal=True)
    if coding.strip().lower() != b"chunked":
        raise HttpError(501, "the only transfer coding is chunked", fatal=True)
    return None


def _style(head: Head, *, trailers: bool) -> Style:
    # No text of the server is in another language, and that of the packs is for all; what is asked for is no matter.
    language = _LANGUAGE if b"accept-language" in head.values else b""
    trailers = trailers and takes_trailers(head.values.get(b"te")) and head.version != "1.0"
    if head.method != M_POST:
        return Style(b"", language, trailers)
    prefix = prefix_of(head.values.get(b"man"))
    if prefix is None:
        raise HttpError(510, f"M-POST needs the header Man: {CIM_EXTENSION} ; ns=NN, and knows no other extension")
    return Style(prefix, language, trailers)


def _check_host(head: Head) -> None:
    if b"host" in head.repeated:
        raise HttpError(400, "more than one Host header")
    if b"host" not in head.values and head.version != "1.0":
        raise HttpError(400, "no Host header")


def _check_content(values: Mapping[bytes, bytes]) -> None:
    check_content_type(values.get(b"content-type"))
    check_content_encoding(values.get(b"content-encoding"))
    check_accept(values.get(b"accept"), values.get(b"accept-charset"), values.get(b"accept-encoding"))
    if b"range" in values or b"accept-ranges" in values:
        raise HttpError(406, "a CIM message has no ranges")
