"""HTTPS on real sockets (rules HA8, SEC10), and the TLS side of the limits (SEC4)."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from http.client import HTTPResponse
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import trustme
from twisted.internet.selectreactor import SelectReactor

from cimsim.server.auth import Authenticator
from cimsim.server.certificates import keep
from cimsim.server.factory import HttpFactory
from cimsim.server.limits import HttpLimits
from cimsim.server.tls import ServerContext, over_tls
from cimsim.simulation.cimxml_mount import CimXmlMount

Post = Callable[..., bytes]
SIZE = 8_000_000


class Served:
    """A factory behind TLS, in a thread with a reactor of its own."""

    def __init__(self, service: Any, context: ServerContext, users: dict[str, str] | None = None, **limits: Any) -> None:
        reactor: Any = SelectReactor
        self.reactor = reactor()
        authenticator = Authenticator(users) if users else None
        self.factory = HttpFactory(CimXmlMount(service), self.reactor, authenticator, HttpLimits(**limits))
        self._port = self.reactor.listenTCP(0, over_tls(self.factory, context, self.reactor), interface="127.0.0.1")
        self.address = ("127.0.0.1", self._port.getHost().port)
        self._thread = threading.Thread(target=self.reactor.run, kwargs={"installSignalHandlers": False})
        self._thread.start()

    def plain(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=10)

    @contextmanager
    def connect(self, client: ssl.SSLContext, name: str = "localhost") -> Iterator[ssl.SSLSocket]:
        plain = self.plain()
        with client.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False) as connection:
            connection.do_handshake()
            yield connection

    def end(self) -> None:
        done: Queue[Any] = Queue()
        self.reactor.callFromThread(lambda: self.factory.stop().addCallback(done.put))
        done.get(timeout=10)
        self.reactor.callFromThread(lambda: self._port.stopListening().addCallback(done.put))
        done.get(timeout=10)
        self.reactor.callFromThread(self.reactor.stop)
        self._thread.join(10)
        assert not self.factory.connections


Serve = Callable[..., Served]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def identity(folder: Path) -> Any:
    return keep(folder, [], time.time()).server


@pytest.fixture
def serve(server: Any, identity: Any) -> Iterator[Serve]:
    running: list[Served] = []

    def start(client_ca: Path | None = None, **arguments: Any) -> Served:
        running.append(Served(server.service, ServerContext(identity, client_ca), **arguments))
        return running[-1]

    yield start
    for each in running:
        each.end()


@pytest.fixture
def client(folder: Path, identity: Any) -> ssl.SSLContext:
    """A client that trusts the local CA."""
    context = ssl.create_default_context(cafile=str(folder / "certificates" / "ca.pem"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def answer(connection: socket.socket) -> tuple[int, bytes]:
    response = HTTPResponse(connection, method="POST")
    response.begin()
    return response.status, response.read()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_ha8_requests_are_answered_over_tls(
    serve: Serve, client: ssl.SSLContext, post: Post, name: str, version: ssl.TLSVersion
) -> None:
    client.minimum_version = client.maximum_version = version
    with serve().connect(client, name) as connection:
        for body in (b"<A/>", b"<B/>"):
            connection.sendall(post(body))
            assert answer(connection) == (200, b"<echo>" + body + b"</echo>")


@pytest.mark.parametrize(
    ("suites", "taken"),
    [
        ("ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA", False),
        ("AES128-GCM-SHA256:AES256-SHA256", False),
        ("ECDHE+AESGCM", True),
        ("ECDHE+CHACHA20", True),
    ],
)
def test_sec10_tls_1_2_has_no_suites_with_cbc(serve: Serve, client: ssl.SSLContext, suites: str, taken: bool) -> None:
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(suites)
    with nullcontext() if taken else pytest.raises(ssl.SSLError), serve().connect(client) as connection:
        assert (connection.cipher() or ("",))[0].endswith(("GCM-SHA256", "GCM-SHA384", "POLY1305"))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_sec10_tls_before_1_2_is_refused(serve: Serve, client: ssl.SSLContext) -> None:
    client.minimum_version = ssl.TLSVersion.TLSv1
    client.maximum_version = ssl.TLSVersion.TLSv1_1
    client.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError), serve().connect(client):
        pass


def test_a_client_that_trusts_another_ca_goes_away_and_harms_nobody(serve: Serve, client: ssl.SSLContext, post: Post) -> None:
    served = serve()
    with pytest.raises(ssl.SSLCertVerificationError), served.connect(ssl.create_default_context()):
        pass
    with pytest.raises(ssl.SSLCertVerificationError), served.connect(client, "other.example"):
        pass
    with served.connect(client) as connection:
        connection.sendall(post())
        assert answer(connection)[0] == 200


def test_plain_http_on_the_tls_port_is_closed_and_harms_nobody(serve: Serve, client: ssl.SSLContext, post: Post) -> None:
    served = serve()
    with served.plain() as plain:
        plain.sendall(post())
        received = b""
        with suppress(ConnectionResetError):
            while data := plain.recv(1000):
                received += data
        assert b"HTTP" not in received
    with served.connect(client) as connection:
        connection.sendall(post())
        assert answer(connection)[0] == 200


def test_a_long_answer_keeps_its_order_over_tls(server: Any, serve: Serve, client: ssl.SSLContext, post: Post) -> None:
    server.service.reply = lambda body: iter([[b"x" * 1000] * (SIZE // 10_000)] * 10) if body == b"<BIG/>" else iter([[body]])
    with serve().connect(client) as connection:
        for request, length in ((b"<BIG/>", SIZE), (b"<A/>", 4), (b"<BIG/>", SIZE)):
            connection.sendall(post(request))
            assert len(answer(connection)[1]) == length


def test_sec4_an_unfinished_handshake_is_ended(serve: Serve) -> None:
    served = serve(idle_timeout=0.05, sweep_interval=0.02)
    for beginning in (b"", b"\x16\x03\x01\x02\x00\x01"):
        with served.plain() as silent:
            silent.sendall(beginning)
            with suppress(ConnectionResetError):
                assert silent.recv(1) == b""


def test_an_answer_that_ends_the_connection_arrives_whole_over_tls(serve: Serve, client: ssl.SSLContext, post: Post) -> None:
    with serve().connect(client) as connection:
        connection.sendall(post(headers={"Content-Length": str(10**9)}))
        assert answer(connection)[0] == 413
        assert connection.recv(1) == b""


# Client certificates


@pytest.fixture
def clients(folder: Path) -> trustme.CA:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "clients.pem")
    return authority


def shown(client: ssl.SSLContext, authority: trustme.CA, name: str) -> ssl.SSLContext:
    authority.issue_cert("client@example.com", common_name=name).configure_cert(client)
    return client


def status(connection: ssl.SSLSocket, request: bytes) -> int:
    connection.sendall(request)
    return answer(connection)[0]


def test_sec10_a_client_certificate_is_demanded(
    serve: Serve, client: ssl.SSLContext, folder: Path, clients: Any, post: Post
) -> None:
    served = serve(folder / "clients.pem")
    with pytest.raises((ssl.SSLError, ConnectionError)), served.connect(client) as connection:
        status(connection, post())
    with (
        pytest.raises((ssl.SSLError, ConnectionError)),
        served.connect(shown(client, trustme.CA(), "eve")) as connection,
    ):
        status(connection, post())
    with served.connect(shown(client, clients, "eve")) as connection:
        assert status(connection, post()) == 200


def test_ha8_a_client_certificate_replaces_the_password_of_its_user(
    server: Any, serve: Serve, client: ssl.SSLContext, folder: Path, clients: Any, post: Post
) -> None:
    served = serve(folder / "clients.pem", users={"eve": "secret", "adam": "other"})
    with served.connect(shown(client, clients, "eve")) as connection:
        assert status(connection, post()) == 200
        assert status(connection, post(headers={"Authorization": "Basic YWRhbTpvdGhlcg=="})) == 200
        assert status(connection, post(headers={"Authorization": "Basic YWRhbTp3cm9uZw=="})) == 401
    assert [user for _, _, user in server.service.calls] == ["eve", "adam"]


def test_a_client_certificate_of_nobody_known_replaces_nothing(
    serve: Serve, client: ssl.SSLContext, folder: Path, clients: Any, post: Post
) -> None:
    served = serve(folder / "clients.pem", users={"eve": "secret"})
    with served.connect(shown(client, clients, "mallory")) as connection:
        assert status(connection, post()) == 401
