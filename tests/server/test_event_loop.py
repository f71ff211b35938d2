"""The reactor of servers, run until something happens."""

import socket
from typing import Any

from twisted.internet.protocol import Factory, Protocol
from twisted.internet.threads import deferToThreadPool
from twisted.logger import capturedLogs

from cimsim.server.event_loop import new_reactor


class Failing(Protocol):
    """Raises when its connection is lost; answers until then."""

    def dataReceived(self, data: bytes) -> None:
        transport: Any = self.transport
        transport.write(data.upper())

    def connectionLost(self, reason: object = None) -> None:
        raise ValueError("on purpose")


def test_an_exception_of_one_connection_leaves_the_others_and_is_logged() -> None:
    reactor = new_reactor()
    factory: Any = Factory
    port = reactor.listenTCP(0, factory.forProtocol(Failing), interface="127.0.0.1")
    address = "127.0.0.1", port.getHost().port
    answers: list[bytes] = []

    def ask() -> None:
        with socket.create_connection(address, 5) as one:
            one.sendall(b"one")
            answers.append(one.recv(10))
        with socket.create_connection(address, 5) as other:
            other.sendall(b"other")
            answers.append(other.recv(10))

    def done(_: object) -> None:
        reactor.stop()

    reactor.callWhenRunning(lambda: deferToThreadPool(reactor, reactor.getThreadPool(), ask).addBoth(done))
    with capturedLogs() as logged:
        reactor.run(installSignalHandlers=False)
    assert answers == [b"ONE", b"OTHER"]
    assert any("on purpose" in str(event.get("log_failure")) for event in logged)
