"""HTTP to listeners: Twisted's Agent, with limits on what a listener may do (rules I15, I17, CL1 to CL3, HC14, SEC14).

Each request has a connection of its own, since pywbem's listener closes it after each, and follows no redirect. The strategy:

* Agent reads an answer for as long as one comes. So a protocol stands between it and the transport, which counts what is read
  and breaks the connection off at the limit, whether it is the head or the body that is too long.
* One timer watches a request from the lookup of the name to the end of the connection. Breaking off a connection as soon as the
  answer is there would be an error to most listeners: Agent closes it in order, and the timer only ends what stays open.
* Whatever ends a request, its Deferred fires once, with the body of the answer or a ``DeliveryError``.

Import this module only where there are listeners: it loads ``twisted.web.client``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from OpenSSL.SSL import Error as TlsError
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import ConnectionClosed
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import VerificationError
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.client import (
    Agent,
    HTTPConnectionPool,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory, IBodyProducer
from zope.interface import implementer

from cimsim import __version__
from cimsim.cimxml.indication_export import CONTENT_TYPE, METHOD, PROTOCOL_VERSION, ExportError
from cimsim.providers.listener_url import ListenerUrl

_MAX_READ: Final = 64 * 1024
"""Bytes of an answer, its head included; an honest one has some 300."""
_OK: Final = frozenset({200})
_SUCCESS: Final = frozenset(range(200, 300))
_MAX_SHOWN: Final = 200
_COMMON: Final = {"Accept": "*/*", "User-Agent": f"cimsim/{__version__}"}
CIM_XML: Final = {
    "Content-Type": CONTENT_TYPE,
    **_COMMON,
    "CIMExport": "MethodRequest",
    "CIMExportMethod": METHOD,
    "CIMProtocolVersion": PROTOCOL_VERSION,
}
"""The headers of an export message (rule I15)."""
SOAP: Final = {"Content-Type": "application/soap+xml;charset=UTF-8", **_COMMON}
"""Those of a SOAP message (rule WM-H-2)."""
_SPELLINGS: Final = {name.lower().encode(): name.encode() for name in CIM_XML}


class DeliveryError(ExportError):
    """A listener cannot be reached, or gives no answer, or none of a status that says that all is well."""


class ListenerClient:
    """Sends messages to listeners.

    Args:
        reactor: makes connections and tells the time.
        connect: returns the endpoint of a URL, for HTTPS one that speaks TLS; what it raises fails the request.
        timeout: seconds for one request, from the lookup of the name to the last byte of the answer.
    """

    def __init__(self, reactor: Any, connect: Callable[[ListenerUrl], Any], timeout: float) -> None:
        self._reactor = reactor
        self._connect = connect
        self._timeout = timeout
        self._pool = HTTPConnectionPool(reactor, persistent=False)  # type: ignore[no-untyped-call] # Twisted's
        self._open: set[_Exchange] = set()

    def post(self, url: ListenerUrl, body: bytes, headers: Mapping[str, str] = CIM_XML) -> Deferred[bytes]:
        """Send a message with its headers; return the body of the answer.

        Raises:
            DeliveryError: in the Deferred; there is no connection or no answer, or its status is not 200, for a SOAP message
                not one of success.
        """
        wanted = _OK if headers is CIM_XML else _SUCCESS
        exchange = _Exchange(lambda: self._connect(url), self._timeout, self._open.discard, wanted)
        self._open.add(exchange)
        whole = f"{url.scheme}://{url.netloc}{url.target}".encode("ascii")
        agent: Any = Agent.usingEndpointFactory(self._reactor, exchange, self._pool)  # type: ignore[no-untyped-call] # Twisted's
        spelled = _SpelledHeaders({name: [value] for name, value in headers.items()})
        exchange.start(self._reactor, lambda: agent.request(b"POST", whole, spelled, _Body(body)))
        return exchange.answer

    def stop(self) -> None:
        """Break off all connections, and fail what waits for an answer."""
        for each in list(self._open):
            each.stop()


@implementer(IAgentEndpointFactory)
class _Exchange:
    """A request and its answer. Agent asks it for an endpoint, and gets one whose connection can be broken off from here."""

    def __init__(
        self, connect: Callable[[], Any], timeout: float, ended: Callable[["_Exchange"], None], wanted: frozenset[int]
    ) -> None:
        self.answer: Deferred[bytes] = Deferred()
        self._connect = connect
        self._timeout = timeout
        self._ended = ended
        self._wanted = wanted
        self._timer: Any = None
        self._request: Deferred[Any] | None = None
        self._connection: _Connection | None = None
        self._connected = False
        self._read = 0

    def start(self, reactor: Any, request: Callable[[], Deferred[Any]]) -> None:
        self._timer = reactor.callLater(self._timeout, self._late)
        self._request = maybeDeferred(request)
        self._request.addCallback(self._headed).addErrback(self._failed)

    def stop(self) -> None:
        self._fail("the server stops")
        self._break_off()

    def endpointForURI(self, uri: object) -> "_Endpoint":
        return _Endpoint(self._connect(), self)

    # What the connection tells

    def connected(self, connection: "_Connection") -> None:
        self._connection, self._connected = connection, True

    def reads(self, size: int) -> bool:
        """Count what has come; return whether it is wanted."""
        self._read += size
        if self._read > _MAX_READ:
            self._fail(f"the answer is longer than {_MAX_READ} bytes")
        return not self.answer.called

    def disconnected(self) -> None:
        self._connection = None
        self._over()

    # How it goes on

    def _headed(self, response: Any) -> None:
        if response.code in self._wanted:
            response.deliverBody(_Reader(self._succeed, self._failed))
            return
        told = [value for name in (b"CIMError", b"CIMErrorDetails") for value in response.headers.getRawHeaders(name, [])]
        self._fail(" ".join([f"HTTP status {response.code}", *(each[:_MAX_SHOWN].decode("latin-1") for each in told)]))

    def _late(self) -> None:
        what = "answer" if self._connected else "connection"
        self._fail(f"no {what} within {self._timeout:g} seconds")
        self._break_off()

    def _failed(self, failure: Failure) -> None:
        if not self._connected:
            self._fail(f"no connection: {failure.getErrorMessage()}")
        else:
            given_up = self._connection is not None and bool(self._connection.disconnecting)
            self._fail(_explanation(failure.value, given_up))

    def _succeed(self, body: bytes) -> None:
        if not self.answer.called:
            self.answer.callback(body)

    def _fail(self, reason: str) -> None:
        if not self.answer.called:
            self.answer.errback(DeliveryError(reason))
            self._break_off()

    def _break_off(self) -> None:
        if self._connection is not None:
            self._connection.abortConnection()
        elif not self._connected and self._request is not None:
            self._request.cancel()
        self._over()

    def _over(self) -> None:
        if self._timer.active():
            self._timer.cancel()
        self._ended(self)


@implementer(IStreamClientEndpoint)
class _Endpoint:
    """An endpoint that has a ``_Connection`` between the transport and the protocol."""

    def __init__(self, endpoint: Any, exchange: _Exchange) -> None:
        self._endpoint = endpoint
        self._exchange = exchange

    def connect(self, factory: Any) -> Deferred[Any]:
        factory.noisy = False  # else it would tell the log of each start
        connecting: Deferred[Any] = self._endpoint.connect(_Factory(factory, self._exchange))
        return connecting.addCallback(lambda connection: connection.wrappedProtocol)


class _Connection(ProtocolWrapper):
    """Tells an exchange what becomes of its connection, and lets nothing through that is too much."""

    factory: "_Factory"

    def makeConnection(self, transport: Any) -> None:
        self.factory.exchange.connected(self)
        super().makeConnection(transport)  # type: ignore[no-untyped-call] # Twisted's

    def dataReceived(self, data: bytes) -> None:
        if self.factory.exchange.reads(len(data)):
            super().dataReceived(data)  # type: ignore[no-untyped-call] # Twisted's

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override] # Twisted's default is not part of its contract
        super().connectionLost(reason)  # type: ignore[no-untyped-call] # Twisted's
        self.factory.exchange.disconnected()


class _Factory(WrappingFactory):
    noisy = False
    protocol = _Connection

    def __init__(self, factory: Any, exchange: _Exchange) -> None:
        super().__init__(factory)  # type: ignore[no-untyped-call] # Twisted's
        self.exchange = exchange


class _Reader(Protocol):
    """Reads the body of an answer; where its length was not told, it ends with the connection (rule CL3)."""

    def __init__(self, succeed: Callable[[bytes], None], fail: Callable[[Failure], None]) -> None:
        self._succeed = succeed
        self._fail = fail
        self._parts: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:
        self._parts.append(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override] # Twisted's default is not part of its contract
        if isinstance(reason.value, ResponseDone | PotentialDataLoss):
            self._succeed(b"".join(self._parts))
        else:
            self._fail(reason)


@implementer(IBodyProducer)
class _Body:
    """A body that is at hand, so that its length can be told before (rules I15, CL2)."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length = len(body)

    def startProducing(self, consumer: Any) -> Deferred[None]:
        consumer.write(self._body)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Nothing to do, as with the others: all is written at once."""

    def resumeProducing(self) -> None: ...

    def stopProducing(self) -> None: ...


class _SpelledHeaders(Headers):
    """Headers that go out as DSP0200 spells them: ``Headers`` would make ``Cimexport`` of ``CIMExport``."""

    def getAllRawHeaders(self) -> Iterator[tuple[bytes, Sequence[bytes]]]:
        for name, values in super().getAllRawHeaders():
            yield _SPELLINGS.get(name.lower(), name), values


def _explanation(error: BaseException | None, given_up: bool) -> str:
    """Return why there is no answer although there was a connection; ``given_up``: Agent was the one who closed it."""
    answered = not isinstance(error, ResponseNeverReceived)
    while isinstance(error, ResponseFailed | RequestTransmissionFailed):
        error = error.reasons[0].value
    match error:
        case VerificationError():
            return "TLS failed: the certificate is not one for this host"
        case TlsError():
            return f"TLS failed: {_of_openssl(error)}"
        case ConnectionClosed() if given_up:
            return "the answer is not HTTP: a line of it is too long"
        case ConnectionClosed():
            return f"the connection was closed {'before the answer was complete' if answered else 'without an answer'}"
        case _:
            return f"the answer is not HTTP: {str(error.args[0] if error and error.args else error)[:_MAX_SHOWN]}"


def _of_openssl(error: BaseException) -> str:
    """Return the reasons in an error of OpenSSL, which holds triples of library, function and reason."""
    reasons = error.args[0] if error.args else ()
    return ", ".join(str(each[-1]) for each in reasons) or "the connection was closed"
