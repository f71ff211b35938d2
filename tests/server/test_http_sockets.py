"""The server on real sockets: what only a kernel shows."""

import socket
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from queue import Queue
from typing import Any

import pytest
from twisted.internet.selectreactor import SelectReactor

from cimsim.server.factory import HttpFactory
from cimsim.simulation.cimxml_mount import CimXmlMount

Post = Callable[..., bytes]
SIZE = 8_000_000


class Sockets:
    """A served factory, in a thread with a reactor of its own."""

    def __init__(self, service: Any) -> None:
        reactor: Any = SelectReactor
        self.reactor = reactor()
        self.factory = HttpFactory(CimXmlMount(service), self.reactor)
        port = self.reactor.listenTCP(0, self.factory, interface="127.0.0.1")
        self.address = ("127.0.0.1", port.getHost().port)
        self.stopped: Queue[float] = Queue()
        self._port = port
        self._thread = threading.Thread(target=self.reactor.run, kwargs={"installSignalHandlers": False})
        self._thread.start()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=10)

    def in_reactor(self, call: Callable[[], Any]) -> Any:
        results: Queue[Any] = Queue()
        self.reactor.callFromThread(lambda: results.put(call()))
        return results.get(timeout=10)

    def stop_factory(self) -> None:
        self.in_reactor(lambda: self.factory.stop().addCallback(lambda _: self.stopped.put(self.reactor.seconds())))

    def end(self) -> None:
        self.in_reactor(self._port.stopListening)
        self.reactor.callFromThread(self.reactor.stop)
        self._thread.join(10)


@pytest.fixture
def sockets(server: Any) -> Iterator[Sockets]:
    served = Sockets(server.service)
    yield served
    served.end()
    assert not served.factory.connections


def read_answer(client: socket.socket) -> tuple[int, bytes]:
    response = HTTPResponse(client, method="POST")
    response.begin()
    return response.status, response.read()


def test_keep_alive_and_a_long_response(server: Any, post: Post, sockets: Sockets) -> None:
    server.service.reply = lambda body: iter([[b"x" * 1000] * (SIZE // 10_000)] * 10) if body == b"<BIG/>" else iter([[body]])
    with sockets.connect() as client:
        for request, length in ((b"<A/>", 4), (b"<BIG/>", SIZE), (b"<BIG/>", SIZE), (b"<B/>", 4)):
            client.sendall(post(request))
            status, body = read_answer(client)
            assert (status, len(body)) == (200, length)


def test_a_client_that_still_sends_can_read_why_it_is_refused(post: Post, sockets: Sockets) -> None:
    head = post(headers={"Content-Length": str(10**9)})
    with sockets.connect() as client:
        client.sendall(head)
        client.sendall(b"x" * 4_000_000)
        status, body = read_answer(client)
        assert status == 413
        assert body.startswith(b"413 ")
        assert client.recv(1) == b"", "the end is told, though the client could go on sending"


def test_a_client_that_hangs_up_amid_a_response_is_forgotten(server: Any, post: Post, sockets: Sockets) -> None:
    server.service.reply = lambda _: iter([[b"x" * SIZE]])
    client = sockets.connect()
    client.sendall(post())
    assert client.recv(100)
    client.close()
    sockets.stop_factory()
    sockets.stopped.get(timeout=10)


def test_stop_closes_idle_connections_at_once_and_others_when_done(server: Any, post: Post, sockets: Sockets) -> None:
    server.service.reply = lambda _: iter([[b"x" * SIZE]])
    with sockets.connect() as idle, sockets.connect() as busy:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_answer(idle)[0] == 405
        busy.sendall(post())
        assert busy.recv(1) == b"H"
        sockets.stop_factory()
        assert idle.recv(1) == b""
        assert sockets.stopped.empty()
        rest = b""
        while data := busy.recv(1_000_000):
            rest += data
        ended = sockets.in_reactor(sockets.reactor.seconds)
        assert rest.endswith(b"x" * SIZE)
        assert sockets.stopped.get(timeout=10) - ended < 0.1


@pytest.mark.parametrize("count", [1, 3])
def test_a_client_that_closes_its_side_gets_its_answers(
    server: Any, sockets: Sockets, post: Post, parse: Callable[..., list[Any]], count: int
) -> None:
    server.service.reply = lambda body: iter([[body * SIZE]])
    with sockets.connect() as client:
        client.sendall(post(b"x") * count)
        client.shutdown(socket.SHUT_WR)
        data = b"".join(iter(lambda: client.recv(1_000_000), b""))
    assert [(answer.status, len(answer.body)) for answer in parse(data)] == [(200, SIZE)] * count


@pytest.mark.parametrize("data", [b"", b"POST /cimom HT", b"POST /cimom HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n"])
def test_a_client_that_closes_its_side_without_a_request_is_left(sockets: Sockets, data: bytes) -> None:
    with sockets.connect() as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
