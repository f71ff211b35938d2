"""Writing to a socket at once: what it does not take is queued, and everything arrives in order."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.interfaces import ISSLTransport, ITCPTransport
from zope.interface import alsoProvides

from cimsim.server.output import SocketOutput, output_to
from tests.examples import examples


class Socket:
    """Takes ``room`` bytes; without room it raises."""

    def __init__(self) -> None:
        self.room = 0
        self.error: type[OSError] = BlockingIOError
        self.taken = b""

    def send(self, data: bytes) -> int:
        if self.room == 0:
            raise self.error
        taken = data[: self.room]
        self.room -= len(taken)
        self.taken += taken
        return len(taken)


class Transport:
    """Queues what is written, and sends it when it is told to."""

    def __init__(self) -> None:
        self.socket = Socket()
        self.queue = b""
        self.producer: Any = None
        self.streaming: bool | None = None

    def getHandle(self) -> Socket:
        return self.socket

    def write(self, data: bytes) -> None:
        self.queue += data

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer, self.streaming = producer, streaming
        if not streaming:
            producer.resumeProducing()

    def flush(self) -> None:
        self.socket.taken += self.queue
        self.queue = b""
        self.producer.resumeProducing()


class Producer:
    """Notes what it is asked to do."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def pauseProducing(self) -> None:
        self.asked.append("pause")

    def resumeProducing(self) -> None:
        self.asked.append("resume")

    def stopProducing(self) -> None:
        self.asked.append("stop")


def made() -> tuple[Transport, Producer, SocketOutput]:
    transport, producer = Transport(), Producer()
    return transport, producer, SocketOutput(transport, producer)


def test_what_the_socket_takes_is_not_queued() -> None:
    transport, producer, output = made()
    transport.socket.room = 10
    output.write(b"answer")
    assert (transport.socket.taken, transport.queue, producer.asked) == (b"answer", b"", [])


def test_the_rest_is_queued_and_the_producer_pauses_until_it_is_sent() -> None:
    transport, producer, output = made()
    transport.socket.room = 2
    output.write(b"answer")
    assert (transport.socket.taken, transport.queue, producer.asked) == (b"an", b"swer", ["pause"])
    transport.socket.room = 10
    output.write(b" more")
    assert transport.queue == b"swer more", "nothing overtakes what is queued"
    transport.flush()
    assert producer.asked == ["pause", "resume"]
    output.write(b"!")
    assert (transport.socket.taken, transport.queue) == (b"answer more!", b"")


def test_an_error_of_the_socket_is_left_to_the_transport() -> None:
    transport, producer, output = made()
    transport.socket.error = ConnectionResetError
    output.write(b"answer")
    assert (transport.queue, producer.asked) == (b"answer", ["pause"])
    transport.producer.stopProducing()
    assert producer.asked == ["pause", "stop"]


def test_only_plain_tcp_is_written_to_directly() -> None:
    for interfaces, direct in (((), False), ((ITCPTransport,), True), ((ITCPTransport, ISSLTransport), False)):
        wire: Any = Transport()
        alsoProvides(wire, *interfaces)
        output = output_to(wire, Producer())
        assert isinstance(output, SocketOutput) is direct
        assert (output is wire, wire.streaming) == (not direct, not direct)


@given(st.lists(st.tuples(st.binary(max_size=8), st.integers(0, 8), st.booleans())))
@settings(max_examples=examples(50))
def test_everything_arrives_in_order(steps: list[tuple[bytes, int, bool]]) -> None:
    transport, producer, output = made()
    for data, room, flushes in steps:
        transport.socket.room = room
        output.write(data)
        assert (transport.queue != b"") is (producer.asked[-1:] == ["pause"])
        if flushes and transport.queue:
            transport.flush()
    assert transport.socket.taken + transport.queue == b"".join(data for data, _, _ in steps)
