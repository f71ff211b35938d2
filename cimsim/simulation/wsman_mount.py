"""WS-Management as a mount of the data plane: joins HTTP, logins, the codec and the CIMOM."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from cimsim.cimom.exchanges import WS_MAN, Called
from cimsim.server.head import Head
from cimsim.server.logins import ClientLogin
from cimsim.server.mount import Batches, Client, Mount
from cimsim.server.replies import HttpError
from cimsim.server.wrong_answers import Affected
from cimsim.simulation.wsman_service import WsmanReply, WsmanService, http_status_of

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

PATHS: Final = ("/wsman", "/wsman-anon/identify")
"""Where it is served (rule WM-H-1); at the second one nobody has to log in, and only Identify is answered."""
CONTENT_TYPE: Final = b"Content-Type: application/soap+xml;charset=UTF-8\r\n"
"""Of every reply (rule WM-H-2)."""
BASIC: Final = b'WWW-Authenticate: Basic realm="WSMAN"\r\n'
"""What a 401 offers (rule WM-A-1)."""

_ANONYMOUS: Final = PATHS[1].encode()
_OK: Final = 200
_UNAUTHORIZED: Final = 401
_KNOWN_METHODS: Final = frozenset({b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH"})
_TYPES: Final = frozenset({"application/soap+xml", "text/xml"})
"""The second one is that of SOAP 1.1, which gets a fault that says so."""
_ENCODINGS: Final = {"utf-8": "utf-8", "utf8": "utf-8", "utf-16": "utf-16", "utf16": "utf-16", "us-ascii": "utf-8"}
_CHARSET: Final = re.compile(r'charset\s*=\s*"?([^";\s]*)"?', re.IGNORECASE)
_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class Exchange:
    """What a connection notes of one request from its head to its reply.

    Attributes:
        identify_only: the client has not logged in as it would have to for more.
        utf_16: the content type says that the body is in UTF-16.
        reply: None before it is begun.
        lines: more header lines of the answer.
    """

    __slots__ = ("identify_only", "lines", "reply", "utf_16")

    def __init__(self, *, identify_only: bool = False, lines: bytes = b"") -> None:
        self.identify_only = identify_only
        self.utf_16 = False
        self.reply: WsmanReply | None = None
        self.lines = lines


class WsmanMount:
    """Serves WS-Management messages (a ``Mount``).

    Args:
        service: answers them.
    """

    protocol = WS_MAN
    authenticates = True
    expectations = True

    def __init__(self, service: WsmanService) -> None:
        self._service = service

    def connected(self, client: Client) -> Mount:
        """Return itself."""
        return self

    def check_method(self, head: Head) -> None:
        """Refuse all methods, which POST is none of (rule WM-H-1).

        Raises:
            HttpError: 405 or 501.
        """
        text = "WS-Management messages are sent with POST"
        if head.method in _KNOWN_METHODS:
            raise HttpError(405, text, fields=b"Allow: POST\r\n")
        raise HttpError(501, text, fatal=True)

    def authenticate(self, head: Head, login: ClientLogin | None) -> str | None:
        """Return the user of a request (rules WM-A-1, WM-A-2, WM-ID-1).

        Where the data plane has no users, any credentials for Basic are let in, and none at all too. But an empty request
        without any is challenged: it is how clients ask which schemes there are.

        Raises:
            HttpError: 401, 429.
        """
        authorization = head.values.get(b"authorization")
        if authorization is None and _only_identifies(head):
            head.style = Exchange(identify_only=login is not None)
            return None
        head.style = Exchange()
        if login is not None:
            try:
                return login.require(authorization)
            except HttpError as error:
                if error.status == _UNAUTHORIZED:
                    error.fields = BASIC
                raise
        if authorization is None:
            if head.values.get(b"content-length", b"").strip(b"0 \t") == b"" and b"transfer-encoding" not in head.values:
                raise HttpError(_UNAUTHORIZED, "an empty request asks for the ways to log in", fields=BASIC)
        elif authorization.partition(b" ")[0].lower() != b"basic":
            text = "this server has no users, which all but Basic authentication needs: serve with --user"
            raise HttpError(_UNAUTHORIZED, text, fields=BASIC)
        return None

    def options_lines(self, head: Head) -> bytes:
        """Return what is allowed; OPTIONS itself is not."""
        return b"Allow: POST\r\n"

    def admit(self, head: Head) -> Exchange:
        """Check the content type (rule WM-H-2).

        Raises:
            HttpError: 415.
        """
        exchange: Exchange = head.style
        content_type = head.values.get(b"content-type")
        if b"content-encoding" in head.values and head.values[b"content-encoding"].strip().lower() != b"identity":
            raise HttpError(415, "a message must not be compressed", fields=b"Accept-Encoding: identity\r\n")
        if content_type is not None:
            text = content_type.decode("latin-1")
            media_type = text.partition(";")[0].strip().lower()
            if media_type not in _TYPES:
                raise HttpError(415, f"the content type is {media_type[:100]!r}, not application/soap+xml")
            exchange.utf_16 = _encoding(text) == "utf-16"
        return exchange

    def respond(self, admitted: Any, body: bytes, user: str | None, calls: list[Called] | None = None) -> Batches:
        """Answer a message; an empty body is answered with one (rule WM-H-5).

        Raises:
            NotSoapError: the body is not a SOAP envelope.
            NotIdentifyError: the client has to log in.
        """
        exchange: Exchange = admitted
        if not body:
            return iter(())
        reply = self._service.respond(_marked(exchange, body), user, calls, identify_only=exchange.identify_only)
        return _replied(exchange, reply)

    def respond_later(
        self, admitted: Any, body: bytes, user: str | None, calls: list[Called] | None = None
    ) -> Deferred[Batches] | None:
        """Do the same once the message is decoded, which others need not wait for; None: ``respond`` must do it."""
        exchange: Exchange = admitted
        later = self._service.respond_later(_marked(exchange, body), user, calls, identify_only=exchange.identify_only)
        return None if later is None else later.addCallback(lambda reply: _replied(exchange, reply))

    def response_head(self, head: Head, response: Batches, microseconds: int) -> tuple[int, bytes]:
        """Return the status of a reply, 500 for every fault (rule WM-H-3), and its content type (rule WM-H-2)."""
        exchange: Exchange = head.style
        return (_OK if exchange.reply is None else exchange.reply.status), CONTENT_TYPE + exchange.lines

    def refusal_of(self, error: Exception) -> HttpError | None:
        """Return the refusal of what is no SOAP, or needs a login; None for any other exception."""
        meant = http_status_of(error)
        if meant is None:
            return None
        status, detail = meant
        return HttpError(status, detail, fields=BASIC if status == _UNAUTHORIZED else b"")

    def refusal_lines(self, refused: HttpError, head: Head | None) -> bytes:
        """Return nothing: a refusal is one of HTTP alone."""
        return b""


def _replied(exchange: Exchange, reply: WsmanReply) -> Iterator[list[bytes]]:
    exchange.reply = reply
    return reply.batches if reply.effects is None else Affected(reply.batches, reply.effects)


def _only_identifies(head: Head) -> bool:
    """Whether a client without credentials says that it wants Identify alone (rule WM-ID-1)."""
    if head.values.get(b"wsmanidentify", b"").strip().lower() == b"unauthenticated":
        return True
    return head.target.partition(b"?")[0].rstrip(b"/").lower().endswith(_ANONYMOUS)


def _encoding(content_type: str) -> str:
    """Return the encoding that a content type names.

    Raises:
        HttpError: 415, it is another one than UTF-8 and UTF-16.
    """
    named = _CHARSET.search(content_type)
    if named is None:
        return "utf-8"
    encoding = _ENCODINGS.get(named[1].lower())
    if encoding is None:
        raise HttpError(415, f"the charset is {named[1][:100]!r}; messages are in UTF-8 or UTF-16")
    return encoding


def _marked(exchange: Exchange, body: bytes) -> bytes:
    """Return a body with a byte order mark if it is in UTF-16 and has none."""
    if not exchange.utf_16 or body[:2] in _MARKS:
        return body
    return _MARKS[body[:1] == b"\0"] + body
