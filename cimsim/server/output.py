"""Writing to a socket at once: a small answer leaves without a turn of the reactor that waits for room in the socket.

Twisted's transports queue what is written, ask the system to report when the socket takes it, send it in the next turn, and
ask no longer: for a small answer that costs more than to send it. Here the socket gets first what it takes. The rest goes to
the transport, and as long as that has something to send, all that is written is queued behind it.
"""

from typing import Any, Protocol

from twisted.internet.interfaces import IPullProducer, ISSLTransport, ITCPTransport
from zope.interface import implementer

from cimsim.server.interfaces import Wire


class Writer(Protocol):
    """What is written to."""

    def write(self, data: bytes) -> None:
        """Send bytes, after all that were written before."""
        ...


class Producer(Protocol):
    """Who writes: an ``IPushProducer``."""

    def pauseProducing(self) -> None:
        """Write no more for now: the client does not take what was written."""
        ...

    def resumeProducing(self) -> None:
        """Go on."""
        ...

    def stopProducing(self) -> None:
        """Write no more: the connection is gone."""
        ...


def output_to(wire: Wire, producer: Producer) -> Writer:
    """Register who writes to a transport; return what to write to: its socket if it is plain TCP, else the transport."""
    if ITCPTransport.providedBy(wire) and not ISSLTransport.providedBy(wire):
        return SocketOutput(wire, producer)
    wire.registerProducer(producer, True)
    return wire


@implementer(IPullProducer)
class SocketOutput:
    """Writes to the socket of a transport (a ``Writer``). The producer pauses while the transport has something to send.

    Args:
        transport: of TCP, whose socket does not block. Nobody else writes to it. For it this is a pull producer, which is
            notified each time when all is sent.
        producer: see above.
    """

    def __init__(self, transport: Any, producer: Producer) -> None:
        self._transport = transport
        self._send = transport.getHandle().send
        self._producer = producer
        self._queued = False
        transport.registerProducer(self, False)

    def write(self, data: bytes) -> None:
        """Send bytes as far as the socket takes them now; the rest waits."""
        if not self._queued:
            try:
                sent = self._send(data)
            except OSError:
                # It takes nothing now, or never again: the transport finds that out.
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
            self._queued = True
            self._producer.pauseProducing()
        self._transport.write(data)

    def resumeProducing(self) -> None:
        """All that was queued is sent."""
        if self._queued:
            self._queued = False
            self._producer.resumeProducing()

    def stopProducing(self) -> None:
        """The connection is gone."""
        self._producer.stopProducing()
