"""WS-Management as a mount of the data plane: joins HTTP, logins, the codec and the CIMOM."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol

from cimsim.cimom.exchanges import WS_MAN, Called
from cimsim.server.head import Head
from cimsim.server.logins import ClientLogin
from cimsim.server.mount import Batches, Client, Mount
from cimsim.server.negotiate import MISSING, NegotiateError, Negotiation, Users, is_available, scheme_of
from cimsim.server.replies import HttpError
from cimsim.server.sealed_bodies import SealedBody, SealedBodyError, sealed_body, sealed_type
from cimsim.server.wrong_answers import Affected

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from cimsim.simulation.wsman_service import WsmanReply

PATHS: Final = ("/wsman", "/wsman-anon/identify")
"""Where it is served (rule WM-H-1); at the second one nobody has to log in, and only Identify is answered."""
CONTENT_TYPE: Final = b"Content-Type: application/soap+xml;charset=UTF-8\r\n"
"""Of every reply (rule WM-H-2)."""
BASIC: Final = b'WWW-Authenticate: Basic realm="WSMAN"\r\n'
"""What a 401 offers (rule WM-A-1), with ``NEGOTIATE`` before it where that is served."""
NEGOTIATE: Final = b"WWW-Authenticate: Negotiate\r\n"
KERBEROS: Final = b"WWW-Authenticate: Kerberos\r\n"
CERTIFICATE: Final = b"http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
"""The scheme of clients whose certificate says who they are."""

_ANONYMOUS: Final = PATHS[1].encode()
_OK: Final = 200
_UNAUTHORIZED: Final = 401
_KNOWN_METHODS: Final = frozenset({b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH"})
_TYPES: Final = frozenset({"application/soap+xml", "text/xml"})
"""The second one is that of SOAP 1.1, which gets a fault that says so."""
_ENCODINGS: Final = {"utf-8": "utf-8", "utf8": "utf-8", "utf-16": "utf-16", "utf16": "utf-16", "us-ascii": "utf-8"}
_ORIGINAL: Final = b"application/soap+xml;charset=UTF-8"
_CHARSET: Final = r'(?i)charset\s*=\s*"?([^";\s]*)"?'
_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class Exchange:
    """What a connection notes of one request from its head to its reply.

    Attributes:
        identify_only: the client has not logged in as it would have to for more.
        utf_16: the content type says that the body is in UTF-16.
        reply: None before it is begun.
        lines: more header lines of the answer.
        sealed: the session that opens the body and seals the answer; None: they are not encrypted.
        sealed_as: the protocol that the form of an encrypted message names.
        opened: the message, or why it cannot be decrypted, once that was tried: it can be only once; None before.
    """

    __slots__ = ("identify_only", "lines", "opened", "reply", "sealed", "sealed_as", "utf_16")

    def __init__(self, *, identify_only: bool = False, lines: bytes = b"") -> None:
        self.identify_only = identify_only
        self.utf_16 = False
        self.reply: WsmanReply | None = None
        self.lines = lines
        self.sealed: Negotiation | None = None
        self.sealed_as = b"SPNEGO"
        self.opened: bytes | Exception | None = None


class Service(Protocol):
    """What answers the messages: ``wsman_service.WsmanService``."""

    def respond(
        self, body: bytes, user: str | None, calls: list[Called] | None = None, *, identify_only: bool = False
    ) -> WsmanReply:
        """Return the reply to a message, or raise what ``status_of`` knows."""
        ...

    def respond_later(
        self, body: bytes, user: str | None, calls: list[Called] | None = None, *, identify_only: bool = False
    ) -> Deferred[WsmanReply] | None:
        """Return the same for a long message, which others need not wait for; None: ``respond`` must do it."""
        ...

    def status_of(self, error: Exception) -> tuple[int, str] | None:
        """Return the HTTP status that an exception of the service stands for, and why; None for any other."""
        ...


class WsmanMount:
    """Serves WS-Management messages (a ``Mount``).

    Args:
        service: answers them.
        users: who may log in by Negotiate; None: the data plane has no users.
    """

    protocol = WS_MAN
    authenticates = True
    own_field: bytes | None = b""
    admits_each = True
    expectations = True

    def __init__(self, service: Service, users: Users | None = None) -> None:
        self._service = service
        self._users = users
        self._negotiation: Negotiation | None = None

    def connected(self, client: Client) -> Mount:
        """Return one for a connection, which a login by Negotiate is for."""
        return self if self._users is None else WsmanMount(self._service, self._users)

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

        Where the data plane has no users, any credentials for Basic are let in, certificates, and none at all too. But an
        empty request without any is challenged: it is how clients ask which schemes there are.

        Raises:
            HttpError: 401, 429.
        """
        authorization = head.values.get(b"authorization")
        if authorization is None and _only_identifies(head):
            head.style = Exchange(identify_only=login is not None)
            return None
        head.style = exchange = Exchange()
        if login is not None:
            return self._logged_in(exchange, authorization, login)
        if authorization is None:
            if head.values.get(b"content-length", b"").strip(b"0 \t") == b"" and b"transfer-encoding" not in head.values:
                raise HttpError(_UNAUTHORIZED, "an empty request asks for the ways to log in", fields=BASIC)
        elif authorization.partition(b" ")[0].lower() not in (b"basic", CERTIFICATE):
            text = "this server has no users, which all but Basic authentication needs: serve with --user"
            raise HttpError(_UNAUTHORIZED, text, fields=BASIC)
        return None

    def _logged_in(self, exchange: Exchange, authorization: bytes | None, login: ClientLogin) -> str:
        if authorization is None:
            if self._negotiation is not None and self._negotiation.user is not None:
                return self._negotiation.user
        elif (scheme := scheme_of(authorization)) is not None:
            return self._negotiated(exchange, scheme, authorization, login)
        elif authorization.strip().lower() == CERTIFICATE:
            authorization = None
        try:
            return login.require(authorization)
        except HttpError as error:
            if error.status == _UNAUTHORIZED:
                error.fields = self._offers()
            raise

    def _negotiated(self, exchange: Exchange, scheme: bytes, authorization: bytes, login: ClientLogin) -> str:
        """Take a leg of a login by Negotiate; return the user after the last one (rule WM-A-3)."""
        if not self._negotiates:
            text = MISSING if self._users else "only hashes of passwords are known, which is not enough for Negotiate"
            raise HttpError(_UNAUTHORIZED, text, fields=BASIC)
        login.check_failures()
        negotiation = self._negotiation
        if negotiation is None or negotiation.user is not None:
            self._negotiation = negotiation = Negotiation(self._users or Users({}))
        try:
            token = negotiation.step(authorization)
        except NegotiateError as error:
            self._negotiation = None
            login.failed()
            raise HttpError(_UNAUTHORIZED, str(error), fields=self._offers()) from None
        line = b"WWW-Authenticate: %b %b\r\n" % (scheme, token) if token else b""
        if negotiation.user is None:
            # The challenge stands alone: some clients take all that follows for its token.
            raise HttpError(_UNAUTHORIZED, "the login goes on", fields=line or NEGOTIATE)
        login.succeeded()
        exchange.lines = line
        return negotiation.user

    @property
    def _negotiates(self) -> bool:
        return bool(self._users) and is_available()

    def _offers(self) -> bytes:
        if not self._negotiates:
            return BASIC
        has_kerberos = self._users is not None and self._users.kerberos is not None
        return NEGOTIATE + (KERBEROS if has_kerberos else b"") + BASIC

    def admit_alike(self, admitted: Exchange, value: bytes) -> Exchange:
        """Not called: there is no field of its own."""
        raise NotImplementedError

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
        if content_type == _ORIGINAL and b"content-encoding" not in head.values:
            return exchange
        if b"content-encoding" in head.values and head.values[b"content-encoding"].strip().lower() != b"identity":
            raise HttpError(415, "a message must not be compressed", fields=b"Accept-Encoding: identity\r\n")
        if content_type is not None:
            text = content_type.decode("latin-1")
            media_type = text.partition(";")[0].strip().lower()
            if media_type == "multipart/encrypted":
                exchange.sealed = self._session()
                return exchange
            if media_type not in _TYPES:
                raise HttpError(415, f"the content type is {media_type[:100]!r}, not application/soap+xml")
            exchange.utf_16 = _encoding(text) == "utf-16"
        return exchange

    def _session(self) -> Negotiation:
        if self._negotiation is None or self._negotiation.user is None:
            text = "an encrypted message needs a login by Negotiate on its connection"
            raise HttpError(_UNAUTHORIZED, text, fields=self._offers())
        return self._negotiation

    def respond(
        self, admitted: Any, body: bytes, user: str | None, calls: list[Called] | None = None
    ) -> Batches | Deferred[Batches]:
        """Answer a message, now or when there are events; an empty body is answered with one (rule WM-H-5).

        Raises:
            NotSoapError: the body is not a SOAP envelope.
            NotIdentifyError: the client has to log in.
        """
        exchange: Exchange = admitted
        if not body:
            return iter(())
        reply = self._service.respond(_opened(exchange, body), user, calls, identify_only=exchange.identify_only)
        return _replied(exchange, reply)

    def respond_later(
        self, admitted: Any, body: bytes, user: str | None, calls: list[Called] | None = None
    ) -> Deferred[Batches] | None:
        """Do the same once the message is decoded, which others need not wait for; None: ``respond`` must do it."""
        exchange: Exchange = admitted
        try:
            # It is opened here, in the order in which it came, which takes much less than to decode it.
            opened = exchange.opened = _opened(exchange, body)
        except (SealedBodyError, NegotiateError, HttpError) as error:
            exchange.opened = error
            return None
        later = self._service.respond_later(opened, user, calls, identify_only=exchange.identify_only)
        return None if later is None else later.addCallback(lambda reply: _replied(exchange, reply))

    def response_head(self, head: Head, admitted: Exchange, response: Batches, microseconds: int) -> tuple[int, bytes]:
        """Return the status of a reply, 500 for every fault (rule WM-H-3), and its content type (rule WM-H-2)."""
        reply = admitted.reply
        content_type = CONTENT_TYPE if admitted.sealed is None or reply is None else sealed_type(admitted.sealed_as)
        return (_OK if reply is None else reply.status), content_type + admitted.lines

    def refusal_of(self, error: Exception) -> HttpError | None:
        """Return the refusal of what is no SOAP, or needs a login; None for any other exception."""
        if isinstance(error, HttpError):
            return error
        if isinstance(error, SealedBodyError | NegotiateError):
            return HttpError(400, str(error), fatal=True)
        meant = self._service.status_of(error)
        if meant is None:
            return None
        status, detail = meant
        return HttpError(status, detail, fields=BASIC if status == _UNAUTHORIZED else b"")

    def refusal_lines(self, refused: HttpError, head: Head | None) -> bytes:
        """Return nothing: a refusal is one of HTTP alone."""
        return b""


def _replied(exchange: Exchange, reply: WsmanReply) -> Batches | Deferred[Batches]:
    exchange.reply = reply
    if reply.waiting is not None:
        return reply.waiting.addCallback(lambda _: _finished(exchange, reply))
    return _finished(exchange, reply)


def _finished(exchange: Exchange, reply: WsmanReply) -> Batches:
    batches = reply.batches if exchange.sealed is None else _sealed(exchange.sealed, reply.batches, exchange.sealed_as)
    return Affected(batches, lambda: reply.effects) if reply.forming or reply.effects is not None else batches


def _opened(exchange: Exchange, body: bytes) -> bytes:
    """Return a message, decrypted if it is encrypted.

    Raises:
        SealedBodyError, NegotiateError: it cannot be.
    """
    if isinstance(exchange.opened, Exception):
        raise exchange.opened
    if exchange.opened is not None:
        return exchange.opened
    if exchange.sealed is not None:
        parts = SealedBody(body)
        exchange.sealed_as = parts.protocol
        exchange.utf_16 = _encoding(parts.content_type) == "utf-16"
        body = exchange.sealed.unseal(parts.signature, parts.data)
        if len(body) != parts.length:
            raise SealedBodyError(f"the message has {len(body)} bytes, not the {parts.length} that it says")
    return _marked(exchange, body)


def _sealed(session: Negotiation, batches: Iterator[list[bytes]], protocol: bytes) -> Iterator[list[bytes]]:
    """Yield nothing while a reply is in the making, then all of it sealed."""
    fragments: list[bytes] = []
    for batch in batches:
        fragments += batch
        yield []
    body = b"".join(fragments)
    yield sealed_body(_ORIGINAL, len(body), *session.seal(body), protocol)


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
    named = re.search(_CHARSET, content_type)
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
