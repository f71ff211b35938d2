"""Indications over HTTP: the request, what an answer may be, and the limits (rules I15 to I17, CL1 to CL3, SEC14)."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import trustme
from OpenSSL.SSL import Error as TlsError
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IReactorPluggableNameResolver, ITCPTransport
from twisted.internet.ssl import VerificationError
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from cimsim import __version__
from cimsim.cimom.delivery_queues import Outgoing, Payload
from cimsim.delivery.allowed_listeners import parse_allowed
from cimsim.delivery.sender import DeliveryOptions, HttpSender, NotAcceptedError
from cimsim.providers.listener_url import ListenerUrl, parse_listener_url
from cimsim.world.instances import Instance

URL = "http://listener:5990/take?x=1"
BODY = (
    '<CIM CIMVERSION="2.0" DTDVERSION="2.4"><MESSAGE ID="1" PROTOCOLVERSION="1.4"><SIMPLEEXPRSP>'
    '<EXPMETHODRESPONSE NAME="ExportIndication"/></SIMPLEEXPRSP></MESSAGE></CIM>'
)


def answer(body: str = BODY, status: str = "200 OK", version: str = "1.1", **headers: str) -> bytes:
    lines = [
        f"HTTP/{version} {status}",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", body]).encode()


@implementer(ITCPTransport)
class Transport(StringTransport):
    """Remembers how it was closed."""

    def __init__(self) -> None:
        StringTransport.__init__(self)  # type: ignore[no-untyped-call] # Twisted's
        self.aborted = False

    def abortConnection(self) -> None:
        self.aborted = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        pass


class Sending:
    """A sender, a network that does as it is told, and how each delivery ended."""

    def __init__(self, indication: Instance, **options: Any) -> None:
        self.clock = Clock()
        self.urls: list[ListenerUrl] = []
        self.ended: list[str | None] = []
        self.connecting: Deferred[Any] | None = None
        self.failure: Exception | None = None
        self.transport: Any = Transport()
        self.protocol: Any = None
        self.indication = indication
        self.sender = HttpSender(self.clock, DeliveryOptions(**options), self.endpoint)

    def endpoint(self, url: ListenerUrl) -> Any:
        self.urls.append(url)
        return self

    def connect(self, factory: Any) -> Any:
        if self.failure is not None:
            return fail(self.failure)
        if self.connecting is not None:
            return self.connecting
        self.protocol = factory.buildProtocol(None)
        self.protocol.makeConnection(self.transport)
        return succeed(self.protocol)

    def send(self, url: str = URL, *segments: bytes) -> list[str | None]:
        self.sender.send(url, Outgoing(Payload(self.indication)), self.ended.append)
        assert self.ended == [], "never within the call"
        self.clock.advance(0)
        for segment in segments:
            self.protocol.dataReceived(segment)
        return self.ended

    def lose(self, error: Exception | None = None) -> None:
        self.protocol.connectionLost(Failure(error or ConnectionDone()))  # type: ignore[no-untyped-call] # Twisted's


@pytest.fixture
def indication(cim: Any) -> Instance:
    transaction = cim.transaction(cim.cls("T_Told", cim.prop("Text"), flags=["Indication"]))
    return Instance(transaction.cls("T_Told"), "root/test", ("ü",))


@pytest.fixture
def sending(indication: Instance) -> Sending:
    return Sending(indication)


def test_i15_cl1_cl2_hc14_the_request(sending: Sending) -> None:
    sending.send()
    head, _, body = sending.transport.value().partition(b"\r\n\r\n")
    assert head.decode().split("\r\n") == [
        "POST /take?x=1 HTTP/1.1",
        "Connection: close",
        f"Content-Length: {len(body)}",
        'Content-Type: application/xml; charset="utf-8"',
        "Accept: */*",
        f"User-Agent: cimsim/{__version__}",
        "CIMExport: MethodRequest",
        "CIMExportMethod: ExportIndication",
        "CIMProtocolVersion: 1.0",
        "Host: listener:5990",
    ]
    assert "ü".encode() in body
    assert b'<EXPMETHODCALL NAME="ExportIndication">' in body


def refuse(answer: bytes) -> None:
    raise NotAcceptedError(f"not {answer.decode()}")


@pytest.mark.parametrize(
    ("status", "check", "reason"),
    [
        ("200 OK", lambda _: None, None),
        ("202 Accepted", lambda _: None, None),
        ("202 Accepted", refuse, "not hello"),
        ("500 Internal Server Error", lambda _: None, "HTTP status 500"),
    ],
)
def test_wm_ev_8_9_a_soap_message(sending: Sending, status: str, check: Any, reason: str | None) -> None:
    sending.sender.post(URL, lambda: b"<s:Envelope/>", check, sending.ended.append)
    sending.clock.advance(0)
    head, _, body = sending.transport.value().partition(b"\r\n\r\n")
    assert head.decode().split("\r\n") == [
        "POST /take?x=1 HTTP/1.1",
        "Connection: close",
        f"Content-Length: {len(body)}",
        "Content-Type: application/soap+xml;charset=UTF-8",
        "Accept: */*",
        f"User-Agent: cimsim/{__version__}",
        "Host: listener:5990",
    ]
    assert body == b"<s:Envelope/>"
    sending.protocol.dataReceived(answer("hello", status))
    assert sending.ended == [reason]


@pytest.mark.parametrize("url", ["http://other/", "ftp://listener/", "http://user@listener/"])
def test_wm_ev_4_sec14_where_nothing_may_be_sent(indication: Instance, url: str) -> None:
    sending = Sending(indication, allowed=(parse_allowed("listener"),))
    with pytest.raises(ValueError, match=r"listener"):
        sending.sender.check_destination(url)
    sending.sender.check_destination("https://listener:1/x")


@pytest.mark.parametrize(
    ("url", "target", "netloc"),
    [
        ("http://a", "/", "a"),
        ("http://a:5990/", "/", "a:5990"),
        ("https://a:443/b/c?d", "/b/c?d", "a"),
        ("http://[::1]:8080/x", "/x", "[::1]:8080"),
        ("HTTP://A.example", "/", "a.example"),
    ],
)
def test_i15_the_url_is_used_as_given(sending: Sending, url: str, target: str, netloc: str) -> None:
    parsed = parse_listener_url(url)
    assert (parsed.target, parsed.netloc) == (target, netloc)
    sending.send(url)
    sent = sending.transport.value().decode().split("\r\n")
    assert sent[0] == f"POST {target} HTTP/1.1"
    assert f"Host: {netloc}" in sent


@pytest.mark.parametrize(
    "segments",
    [
        (answer(),),
        (answer(version="1.0"),),  # CL3
        (answer(CIMExport="MethodResponse"),),
        (answer()[:10], answer()[10:-20], answer()[-20:]),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(),),
        (f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{len(BODY):x}\r\n{BODY}\r\n0\r\n\r\n".encode(),),
    ],
)
def test_i17_success(sending: Sending, segments: tuple[bytes, ...]) -> None:
    assert sending.send(URL, *segments) == [None]
    assert sending.transport.disconnecting
    sending.lose()
    assert sending.clock.getDelayedCalls() == []
    assert (sending.ended, sending.transport.aborted) == ([None], False), "told once, and closed in order"


def test_i17_cl3_an_answer_may_end_with_the_connection(sending: Sending) -> None:
    assert sending.send(URL, f"HTTP/1.0 200 OK\r\n\r\n{BODY}".encode()) == []
    sending.lose()
    assert sending.ended == [None]
    assert sending.clock.getDelayedCalls() == []


def test_sec14_a_connection_that_stays_open_after_the_answer_is_broken_off(indication: Instance) -> None:
    sending = Sending(indication, timeout=5)
    sending.send(URL, answer(), b"and more", b"x" * 70000)
    sending.clock.advance(4.9)
    assert not sending.transport.aborted
    sending.clock.advance(0.1)
    assert sending.transport.aborted
    sending.lose()
    assert sending.ended == [None]


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        (answer("", "406 Not Acceptable", CIMError="header-mismatch"), "HTTP status 406 header-mismatch"),
        (answer("", "400 \xff", CIMError="\xff", CIMErrorDetails="d" * 999), f"HTTP status 400 \xc3\xbf {'d' * 200}"),
        (answer("", "302 Found", Location="http://elsewhere/"), "HTTP status 302"),  # SEC14
        (answer("", "204 No Content"), "HTTP status 204"),
        (b"HTTP/1.1 405 Method Not Allowed\r\nCIMExport: MethodResponse\r\n\r\n", "HTTP status 405"),
        (b"SSH-2.0-OpenSSH\r\n", "the answer is not HTTP: wrong number of parts"),
        (b"\x16\x03\x01\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: other\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000, "the answer is longer than 65536 bytes"),  # SEC14
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 3000, "the answer is longer than 65536 bytes"),
        (answer("x" * 70000), "the answer is longer than 65536 bytes"),
    ],
)
def test_i17_sec14_what_is_no_answer_ends_the_connection(sending: Sending, segment: bytes, reason: str) -> None:
    (told,) = sending.send(URL, segment)
    assert str(told).startswith(reason)
    assert sending.transport.aborted
    assert len(sending.urls) == 1, "redirects are not followed"
    assert sending.clock.getDelayedCalls() == []
    sending.lose()
    assert len(sending.ended) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (BODY.replace("/></SIMPLE", '><ERROR CODE="1" DESCRIPTION="full"/></EXPMETHODRESPONSE></SIMPLE'), "with 1: 'full'"),
        (BODY.replace('ID="1"', 'ID="7"'), "to message '7', not to '1'"),
        ("hello", "not CIM-XML"),
        ("", "not CIM-XML"),
    ],
)
def test_i17_an_answer_may_be_a_refusal_or_none(sending: Sending, body: str, reason: str) -> None:
    (told,) = sending.send(URL, answer(body))
    assert reason in str(told)
    assert sending.transport.disconnecting


def test_sec14_an_answer_may_come_in_small_pieces_but_not_endlessly(sending: Sending) -> None:
    many = (b"x" for _ in range(70000))
    sending.send(URL, answer("", "200 OK").replace(b": 0", b": 99999"), *many)
    assert sending.ended == ["the answer is longer than 65536 bytes"]


def test_sec14_a_line_that_is_too_long(sending: Sending) -> None:
    assert sending.send(URL, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20000) == []
    sending.lose()
    assert sending.ended == ["the answer is not HTTP: a line of it is too long"]


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        (b"", "the connection was closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-", "the connection was closed before the answer was complete"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "the connection was closed before the answer was complete"),
        (answer()[:-1], "the connection was closed before the answer was complete"),
    ],
)
def test_a_connection_that_is_closed_early(sending: Sending, segment: bytes, reason: str) -> None:
    assert sending.send(URL, *filter(None, [segment])) == []
    sending.lose()
    assert sending.ended == [reason]
    assert sending.clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TlsError([("SSL routines", "", "certificate verify failed")]), "TLS failed: certificate verify failed"),
        (TlsError(), "TLS failed: the connection was closed"),
        (VerificationError([]), "TLS failed: the certificate is not one for this host"),
        (ConnectionLost(), "the connection was closed without an answer"),
    ],
)
def test_i26_how_tls_fails(sending: Sending, error: Exception, reason: str) -> None:
    sending.send()
    sending.lose(error)
    assert sending.ended == [reason]


def test_a_connection_that_is_refused(sending: Sending) -> None:
    sending.failure = ConnectError(string="refused")  # type: ignore[no-untyped-call] # Twisted's
    assert "no connection" in str(sending.send()[0])
    assert sending.clock.getDelayedCalls() == []


@pytest.mark.parametrize("url", ["ftp://a/", "http://user@a/", "http://user:secret@a/", "http://a/#part"])
def test_sec14_urls_that_are_none_of_a_listener(sending: Sending, url: str) -> None:
    (told,) = sending.send(url)
    assert "is not the URL of a listener" in str(told)
    assert sending.urls == []


def test_sec14_a_delivery_has_a_time_limit(indication: Instance) -> None:
    sending = Sending(indication, timeout=5)
    sending.send(URL, b"HTTP/1.1 200 OK\r\n")
    for _ in range(39):  # one that answers slowly
        sending.clock.advance(0.125)
        sending.protocol.dataReceived(b"x")
    assert sending.ended == []
    sending.clock.advance(0.125)
    assert sending.ended == ["no answer within 5 seconds"]
    assert sending.transport.aborted
    sending.lose()
    assert len(sending.ended) == 1


def test_sec14_connecting_counts(indication: Instance) -> None:
    cancelled: list[Any] = []
    sending = Sending(indication, timeout=5)
    sending.connecting = Deferred(cancelled.append)
    sending.send()
    sending.clock.advance(5)
    assert sending.ended == ["no connection within 5 seconds"]
    assert len(cancelled) == 1


def test_the_stop_breaks_off_and_tells_nobody(sending: Sending, indication: Instance) -> None:
    sending.send()
    sending.sender.send(URL, Outgoing(Payload(indication)), sending.ended.append)  # has not begun
    sending.sender.stop()
    sending.clock.advance(0)
    assert (sending.ended, sending.transport.aborted, sending.clock.getDelayedCalls()) == ([], True, [])
    assert len(sending.urls) == 1


def test_the_stop_while_connecting(sending: Sending) -> None:
    sending.connecting = Deferred()
    sending.send()
    sending.sender.stop()
    assert (sending.ended, sending.clock.getDelayedCalls()) == ([], [])


def test_the_stop_breaks_off_what_has_not_closed_yet(sending: Sending) -> None:
    sending.send(URL, answer())
    sending.sender.stop()
    assert (sending.ended, sending.transport.aborted, sending.clock.getDelayedCalls()) == ([None], True, [])


# How listeners are connected to


class Resolver:
    """Knows two addresses for each name, as many computers do for ``localhost``."""

    def resolveHostName(self, receiver: Any, name: str, portNumber: int = 0, **_: Any) -> None:
        receiver.resolutionBegan(None)
        receiver.addressResolved(IPv6Address("TCP", "::1", portNumber))
        receiver.addressResolved(IPv4Address("TCP", "127.0.0.1", portNumber))
        receiver.resolutionComplete()


@implementer(IReactorPluggableNameResolver)
class Network(MemoryReactorClock):
    """A reactor that remembers whom it was to connect to."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Twisted's
        self.nameResolver: Any = Resolver()


def test_all_addresses_of_a_name_are_tried_at_once_nearly(indication: Instance) -> None:
    reactor: Any = Network()
    ended: list[str | None] = []
    HttpSender(reactor, DeliveryOptions(timeout=5)).send(URL, Outgoing(Payload(indication)), ended.append)
    assert reactor.tcpClients == [], "what caused it is answered first"
    reactor.advance(0)
    reactor.advance(0.02)
    assert [each[:2] for each in reactor.tcpClients] == [("::1", 5990), ("127.0.0.1", 5990)]
    reactor.advance(5)
    assert ended == ["no connection within 5 seconds"]


def test_i26_a_file_of_authorities_that_is_none_any_more_fails_the_delivery(indication: Instance, tmp_path: Path) -> None:
    reactor: Any = Network()
    ended: list[str | None] = []
    sender = HttpSender(reactor, DeliveryOptions(ca=tmp_path / "gone.pem"))
    sender.send("https://listener", Outgoing(Payload(indication)), ended.append)
    reactor.advance(0)
    assert ended == [f"no connection: {tmp_path / 'gone.pem'}: {os.strerror(errno.ENOENT)}"]
    trustme.CA().cert_pem.write_to_path(tmp_path / "gone.pem")
    sender.send("https://listener", Outgoing(Payload(indication)), ended.append)
    reactor.advance(0)
    assert len(reactor.tcpClients) == 1
    sender.stop()


# Which listeners may be reached


@pytest.mark.parametrize(
    ("allowed", "url", "permitted"),
    [
        ("localhost", "http://localhost:1", True),
        ("localhost", "http://LOCALHOST", True),
        ("localhost", "http://other", False),
        ("localhost:5990", "http://localhost:5990", True),
        ("localhost:5990", "http://localhost:5991", False),
        ("*.example.com", "http://a.example.com", True),
        ("*.example.com", "http://example.com", False),
        ("10.0.0.0/8", "http://10.1.2.3", True),
        ("10.0.0.0/8", "http://11.1.2.3", False),
        ("10.0.0.0/8", "http://named", False),
        ("127.0.0.1", "http://127.0.0.1:80", True),
        ("[::1]:81", "http://[::1]:81", True),
        ("[fd00::/8]", "http://[fd01::2]", True),
    ],
)
def test_sec14_allowed_listeners(indication: Instance, allowed: str, url: str, permitted: bool) -> None:
    sending = Sending(indication, allowed=(parse_allowed(allowed),))
    told = sending.send(url)
    assert told == ([] if permitted else ["the server may not send to this listener"])
    assert len(sending.urls) == permitted


@pytest.mark.parametrize("text", ["", "a b", "host:0", "host:x", "host:99999", "[10.0.0.1", "10.0.0.0/99", "[::1/200]", "a/b"])
def test_sec14_what_allows_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write HOST|is not a network"):
        parse_allowed(text)


def test_hundreds_of_deliveries_begin_a_few_at_a_time(sending: Sending, indication: Instance) -> None:
    payload = Payload(indication)
    for _ in range(30):
        sending.sender.send(URL, Outgoing(payload), sending.ended.append)
    assert sending.urls == [], "the request that caused them is answered first"
    sending.clock.advance(0)
    fresh = len(sending.urls)
    assert 1 < fresh < 15
    assert payload.memo is not None, "rendered for the first"
    # Listeners that do not answer make room after a moment.
    sending.clock.advance(0.05)
    assert len(sending.urls) == fresh
    sending.clock.advance(0.06)
    assert len(sending.urls) == 2 * fresh
    sending.sender.stop()
    sending.clock.advance(1)
    assert len(sending.urls) == 2 * fresh


def test_a_delivery_that_ends_makes_room_for_the_next(sending: Sending, indication: Instance) -> None:
    sending.failure = ConnectError(string="refused")  # type: ignore[no-untyped-call] # Twisted's
    for _ in range(30):
        sending.sender.send(URL, Outgoing(Payload(indication)), sending.ended.append)
    for _ in range(30):
        sending.clock.advance(0)
    assert len(sending.ended) == 30
    assert not sending.clock.getDelayedCalls()
