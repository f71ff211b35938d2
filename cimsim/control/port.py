"""The port of the control plane.

It is open from the start, and most servers are stopped without anybody having used it. So what answers there, twisted.web and
our API, is imported when the first connection comes, one module in each turn of the reactor: clients of CIM do not wait.
"""

import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import Factory, Protocol

from cimsim.simulation.control_options import ControlOptions
from cimsim.simulation.controlled_cimom import ControlledCimoms

MODULES: Final = (
    "twisted.web.http",
    "twisted.web.server",
    "cimsim.control.messages",
    "cimsim.control.routes",
    "cimsim.control.site",
)
"""What answers, in the order of import; each takes some milliseconds."""
_MANY_TOO_MANY: Final = 2
_BUSY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\n"
    b"Content-Length: 51\r\n\r\n"
    b'{"error":"too many connections; try again later"}\r\n'
)


def listen(reactor: Any, cimoms: ControlledCimoms, options: ControlOptions) -> "ControlPort":
    """Open the port of the control plane.

    Raises:
        CannotListenError: the address or the port is not to be had.
    """
    factory = ControlPort(reactor, cimoms, options)
    factory.open()
    return factory


class ControlPort(Factory):
    """The port, and the connections to it.

    Args:
        reactor: to listen with.
        cimoms: what is controlled.
        options: where to listen, and what to demand.
        missing: modules to import at the first connection.

    Attributes:
        url: of the port, once it is open.
    """

    noisy = False

    def __init__(
        self, reactor: Any, cimoms: ControlledCimoms, options: ControlOptions, missing: Sequence[str] | None = None
    ) -> None:
        self.url = ""
        self._reactor = reactor
        self._cimoms = cimoms
        self._options = options
        self._missing = [each for each in MODULES if each not in sys.modules] if missing is None else list(missing)
        self._port: Any = None
        self._number = 0
        self._site: Any = None
        self._connections: set[Any] = set()
        self._early: list[_Early] = []
        self._stopped = False

    def open(self) -> None:
        """Listen; raises CannotListenError."""
        options = self._options
        self._port = self._reactor.listenTCP(options.port, self, interface=options.address)
        host = self._port.getHost()
        self._number = host.port
        name = getattr(host, "host", options.address)
        # Nobody can call the address that stands for all of them.
        name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)  # noqa: S104 - it is only compared
        self.url = f"http://{f'[{name}]' if ':' in name else name}:{host.port}"

    def stop(self) -> "Deferred[Any]":
        """Close the port, and the connections once what was written to them is sent."""
        self._stopped = True
        for each in tuple(self._connections):
            each.close()
        return maybeDeferred(self._port.stopListening)

    def buildProtocol(self, addr: Any) -> Any:
        """Return the protocol of a new connection; None, which closes it, when the server stops or is flooded."""
        most = self._options.limits.max_connections
        if self._stopped or len(self._connections) >= _MANY_TOO_MANY * most:
            return None
        if len(self._connections) >= most:
            return _TurnedAway(self)
        return _Early(self, addr) if self._missing else self._channel(addr)

    def joined(self, connection: Any) -> None:
        """A connection is open."""
        self._connections.add(connection)

    def left(self, connection: Any) -> None:
        """A connection is gone."""
        self._connections.discard(connection)

    def arrived(self, early: "_Early") -> None:
        """A connection waits for what is not imported yet."""
        self._early.append(early)
        if len(self._early) == 1:
            self._reactor.callLater(0, self._import)

    def _import(self) -> None:
        if self._missing:
            import_module(self._missing.pop(0))
            self._reactor.callLater(0, self._import)
            return
        waiting, self._early = self._early, []
        for each in waiting:
            if each in self._connections:
                each.give_way(partial(self._channel, each.address))

    def _channel(self, address: Any) -> Any:
        if self._site is None:
            from cimsim.control.site import make_site  # see above

            self._site = make_site(self._reactor, self._cimoms, self._options, self._number, self)
        return self._site.buildProtocol(address)


class _Early(Protocol):
    """A connection that came before what answers was imported: nothing is read of it until then."""

    def __init__(self, port: ControlPort, address: Any) -> None:
        self.address = address
        self._port = port

    def connectionMade(self) -> None:
        """Wait."""
        transport: Any = self.transport
        transport.pauseProducing()
        self._port.joined(self)
        self._port.arrived(self)

    def connectionLost(self, reason: Any = None) -> None:
        """Wait no more."""
        self._port.left(self)

    def close(self) -> None:
        """Close."""
        transport: Any = self.transport
        transport.loseConnection()

    def give_way(self, make: Any) -> None:
        """Hand the connection over to the protocol that ``make`` returns."""
        transport: Any = self.transport
        self._port.left(self)
        protocol = make()
        transport.protocol = protocol
        protocol.makeConnection(transport)
        transport.resumeProducing()


class _TurnedAway(Protocol):
    """A connection too many."""

    def __init__(self, port: ControlPort) -> None:
        self._port = port

    def connectionMade(self) -> None:
        """Answer 503 and close."""
        self._port.joined(self)
        transport: Any = self.transport
        transport.write(_BUSY)
        self.close()

    def close(self) -> None:
        """Close."""
        transport: Any = self.transport
        transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:
        """Leave nothing behind."""
        self._port.left(self)
