"""A control plane without sockets, over a CIMOM of its own."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock as TwistedClock
from twisted.internet.testing import StringTransport

from cimsim.cimom.clock import Clock
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.snapshots import Snapshots
from cimsim.control.port import ControlPort
from cimsim.simulation.control_options import ControlOptions
from cimsim.simulation.controlled_cimom import ControlledCimom, ControlledCimoms
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

NOON_SECONDS = 1741608000.0
JSON = {"Content-Type": "application/json"}
OPTIONS = ControlOptions()
HERE = "192.0.2.1"
"""Where connections come to."""


class NoImplementations:
    def find(self, namespace: str, cls: Any, method: str) -> None:
        return None


class Reactor:
    """Listens without sockets: keeps the factory and the interface."""

    def __init__(self) -> None:
        self.opened: list[tuple[int, str]] = []
        self.factory: Any = None
        clock: Any = TwistedClock()
        self.clock = clock
        self.rests = 0
        self.seconds = clock.seconds

    def callLater(self, seconds: float, *call: Any) -> Any:
        """Count how often others are let in."""
        self.rests += seconds == 0
        return self.clock.callLater(seconds, *call)

    def listenTCP(self, port: int, factory: Any, interface: str) -> Any:
        self.opened.append((port, interface))
        self.factory = factory
        return self

    def getHost(self) -> Any:
        return type("Address", (), {"port": 4711, "host": self.opened[-1][1]})

    def stopListening(self) -> None:
        """Nothing is listening."""


class Plane:
    """The control plane of a CIMOM in which two steps wait."""

    def __init__(
        self, timer: Any = None, world: World | None = None, options: ControlOptions = OPTIONS, missing: Sequence[str] = ()
    ) -> None:
        self.happened: list[float] = []
        transaction = Transaction(world or World(), "", NOON_SECONDS)
        for seconds in (5, 9):
            transaction.after(seconds, self.note)
        self.cimom = Cimom(
            transaction.world, NoImplementations(), Clock(NOON_SECONDS, timer, running=timer is not None), random=bytes
        )
        self.reactor = Reactor()
        self.controlled = ControlledCimom(self.cimom, Snapshots(self.cimom), instance="this run")
        self.cimoms = ControlledCimoms(self.controlled)
        self.options = options
        self.port = ControlPort(self.reactor, self.cimoms, options, missing)
        self.port.open()
        self.url = self.port.url

    def note(self, transaction: Transaction) -> None:
        self.happened.append(transaction.now - NOON_SECONDS)

    def raw(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        make: Any = StringTransport  # it carries no type information
        transport = make(IPv4Address("TCP", HERE, 4711), IPv4Address("TCP", "192.0.2.9", 50_000))
        protocol = self.reactor.factory.buildProtocol(None)
        protocol.makeConnection(transport)
        given = {"Host": "127.0.0.1:4711", "Content-Length": str(len(body)), "Connection": "close", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        protocol.dataReceived(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        while not transport.value():
            self.reactor.clock.advance(0)
        answer_head, _, content = transport.value().partition(b"\r\n\r\n")
        status, *lines = answer_head.decode().split("\r\n")
        answered = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return int(status.split()[1]), answered, content

    def get(self, path: str) -> Any:
        status, headers, content = self.raw("GET", path, {})
        assert (status, headers["content-type"]) == (HTTPStatus.OK, "application/json")
        return json.loads(content)

    def post(self, path: str, body: Any) -> Any:
        status, _, content = self.raw("POST", path, JSON, json.dumps(body).encode())
        assert status == HTTPStatus.OK, content
        return json.loads(content)

    def asked(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        status, _, answer = self.raw(method, path, JSON, content)
        return status, json.loads(answer)

    def refused(self, body: Any, path: str = "/clock/advance") -> tuple[int, str]:
        status, _, content = self.raw("POST", path, JSON, body if isinstance(body, bytes) else json.dumps(body).encode())
        return status, json.loads(content)["error"]
