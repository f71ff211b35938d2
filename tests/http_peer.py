"""A client on a transport in memory, the bytes it sends, and a service that answers without knowing CIM."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.task import Clock
from zope.interface import alsoProvides

from cimsim.cimom.exchanges import Called
from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.http_features import Features
from cimsim.server.auth import Authenticator
from cimsim.server.connection import HttpConnection
from cimsim.server.factory import HttpFactory
from cimsim.server.limits import HttpLimits
from cimsim.server.recording import Recorder
from cimsim.simulation.cimxml_mount import CimXmlMount

HEADERS: Mapping[str, str] = {
    "Host": "cimom.example:5988",
    "User-Agent": "pywbem/1.9.1",
    "Accept-Encoding": "gzip, deflate",
    "Accept": "application/xml, text/xml",
    "Connection": "keep-alive",
    "Content-Type": 'application/xml; charset="utf-8"',
    "CIMOperation": "MethodCall",
    "CIMMethod": "GetInstance",
    "CIMObject": "root/cimv2",
}


def make_request(
    body: bytes = b"<CIM/>",
    headers: Mapping[str, str | list[str] | None] | None = None,
    *,
    method: str = "POST",
    target: str = "/cimom",
    version: str = "HTTP/1.1",
    chunks: list[bytes] | None = None,
) -> bytes:
    fields: dict[str, str | list[str] | None] = dict(HEADERS)
    if chunks is None:
        fields["Content-Length"] = str(len(body))
    else:
        fields["Transfer-Encoding"] = "chunked"
        body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    fields |= headers or {}
    lines = [f"{method} {target} {version}"]
    for name, value in fields.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        lines += [f"{name}: {one}" for one in values]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@dataclass
class Answer:
    status: int
    fields: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str | None:
        values = [value for known, value in self.fields if known.lower() == name.lower()]
        assert len(values) < 2, f"{name} is repeated"
        return values[0] if values else None


def parse_answers(data: bytes, *, bodiless: bool = False) -> list[Answer]:
    """Take a stream of responses apart, strictly: it must be legal HTTP to its last byte."""
    answers = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        assert end, "a head is not complete"
        status_line, *lines = head.decode("ascii").split("\r\n")
        version, status, phrase = status_line.split(" ", 2)
        assert version == "HTTP/1.1"
        assert phrase
        fields = []
        for line in lines:
            name, colon, value = line.partition(": ")
            assert colon, line
            assert name.replace("-", "").isalnum(), line
            fields.append((name, value))
        answer = Answer(int(status), fields, b"")
        if answer.status != 100:
            length = int(answer["Content-Length"] or "")
            if not bodiless:
                assert len(data) >= length, "a body is not complete"
                answer.body, data = data[:length], data[length:]
        answers.append(answer)
    return answers


class Transport:
    """A socket in memory; it asks its producer to pause once ``window`` bytes are not taken, and then to resume."""

    def __init__(self, protocol: Any, window: int | None) -> None:
        self.protocol = protocol
        self.window = window
        self.written = b""
        self.untaken = 0
        self.largest = 0
        self.producer: Any = None
        self.reading = True
        self.lost = False
        self.aborted = False
        self.half_closed = False
        self.nodelay = False

    def write(self, data: bytes) -> None:
        if self.half_closed or self.lost:
            return
        self.written += data
        self.untaken += len(data)
        self.largest = max(self.largest, len(data))
        if self.window is not None and self.untaken > self.window and hasattr(self.producer, "pauseProducing"):
            self.producer.pauseProducing()

    def take(self) -> None:
        """The client takes everything that was sent."""
        self.untaken = 0
        if self.producer is not None:
            self.producer.resumeProducing()

    def getHandle(self) -> "Transport":
        return self

    def send(self, data: bytes) -> int:
        """Take what there is room for, as its socket."""
        room = len(data) if self.window is None else self.window - self.untaken
        if room <= 0:
            raise BlockingIOError
        self.write(data[:room])
        return min(room, len(data))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert self.producer is None
        assert streaming is not ITCPTransport.providedBy(self)
        self.producer = producer

    def unregisterProducer(self) -> None:
        assert self.producer is not None
        self.producer = None

    def pauseProducing(self) -> None:
        assert self.reading
        self.reading = False

    def resumeProducing(self) -> None:
        assert not self.reading
        self.reading = True

    def loseConnection(self) -> None:
        assert self.producer is None, "with a producer Twisted would not close"
        self.hang_up()

    def abortConnection(self) -> None:
        self.aborted = True
        self.hang_up()

    def hang_up(self) -> None:
        if not self.lost:
            self.lost = True
            if self.producer is not None:
                self.producer.stopProducing()
            self.protocol.connectionLost()

    def loseWriteConnection(self) -> None:
        self.half_closed = True

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.nodelay = enabled


class Peer:
    """A client with its connection."""

    def __init__(self, factory: HttpFactory, *, window: int | None, tcp: bool) -> None:
        protocol: Any = factory.buildProtocol(None)
        assert isinstance(protocol, HttpConnection)
        self.protocol = protocol
        self.transport = Transport(protocol, window)
        if tcp:
            alsoProvides(self.transport, ITCPTransport)
        cast(Any, protocol).makeConnection(self.transport)

    def send(self, *segments: bytes) -> None:
        for segment in segments:
            self.protocol.dataReceived(segment)

    def answers(self, *, bodiless: bool = False) -> list[Answer]:
        """Return what has come since the last time."""
        data, self.transport.written = self.transport.written, b""
        return parse_answers(data, bodiless=bodiless)

    def ask(self, *segments: bytes) -> Answer:
        """Send segments and return the only answer."""
        self.send(*segments)
        (answer,) = self.answers()
        return answer

    @property
    def open(self) -> bool:
        return not self.transport.lost

    @property
    def paused(self) -> bool:
        """Whether the server has stopped reading."""
        return not self.transport.reading


@dataclass
class FakeService:
    """Echoes the body, unless ``reply`` says otherwise. Records what it was asked."""

    reply: Callable[[bytes], Iterator[list[bytes]]] = lambda body: iter([[b"<echo>", body, b"</echo>"]])
    calls: list[tuple[CimHeaders, bytes, str | None]] = field(default_factory=list)
    later: "list[Deferred[None]] | None" = None
    """What long bodies wait for, one after the other; None: for nothing."""

    def respond(
        self, headers: CimHeaders, body: bytes, user: str | None, calls: list[Called] | None = None
    ) -> Iterator[list[bytes]]:
        if calls is not None:
            calls.append(Called("Echo", "root/echo", 0))
        self.calls.append((headers, body, user))
        return self.reply(body)

    def respond_later(
        self, headers: CimHeaders, body: bytes, user: str | None, calls: list[Called] | None = None
    ) -> "Deferred[Iterator[list[bytes]]] | None":
        if self.later is None:
            return None
        return self.later.pop(0).addCallback(lambda _: self.respond(headers, body, user, calls))

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body, _ in self.calls]


class Server:
    """A factory with everything that surrounds it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.service = FakeService()
        self.factory = self.remake()

    def remake(
        self,
        users: Mapping[str, str] | None = None,
        features: Features | None = None,
        recorder: Recorder | None = None,
        **limits: Any,
    ) -> HttpFactory:
        authenticator = Authenticator(users) if users else None
        mount = CimXmlMount(self.service, features)
        self.factory = HttpFactory(mount, self.clock, authenticator, HttpLimits(**limits), recorder)
        return self.factory

    def connect(self, *, window: int | None = None, tcp: bool = False) -> Peer:
        return Peer(self.factory, window=window, tcp=tcp)

    def pass_time(self, seconds: float) -> None:
        """Let time pass as a reactor does: in steps, each timer in its turn."""
        self.clock.pump([0.25] * round(seconds * 4))


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    for connection in tuple(made.factory.connections):
        connection.abort()
    assert not made.factory.connections
    assert not made.clock.getDelayedCalls(), "a timer is left"


@pytest.fixture(scope="session")
def new_server() -> type[Server]:
    """Return what makes a server, for tests that need one for each example."""
    return Server


@pytest.fixture(scope="session")
def post() -> Callable[..., bytes]:
    """Return the bytes of a request; headers given replace those of pywbem, None removes one, a list repeats it."""
    return make_request


@pytest.fixture(scope="session")
def parse() -> Callable[..., list[Answer]]:
    return parse_answers
