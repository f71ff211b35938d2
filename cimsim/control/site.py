"""HTTP of the control plane: twisted.web, with limits like those of the data plane (rules H11, SEC4, SEC9).

A connection may wait for ``idle_timeout`` between requests; a request has ``request_timeout`` from its first byte to its last,
however it trickles; what is too long is refused before it is all there.
"""

from typing import Any, Final, Protocol

import msgspec
from twisted.web.http import RESPONSES, HTTPChannel
from twisted.web.server import Request, Site

from cimsim.control.access import Access
from cimsim.control.api import Api
from cimsim.control.messages import Problem
from cimsim.server.bodies import Bodies, Share
from cimsim.server.limits import HttpLimits
from cimsim.server.logins import Failures
from cimsim.simulation.control_options import ControlOptions
from cimsim.simulation.controlled_cimom import ControlledCimoms

MAX_BODY: Final = 1024 * 1024
_TOO_LONG: Final = f"a body has at most {MAX_BODY} bytes"


class Connections(Protocol):
    """What watches over the connections."""

    def joined(self, connection: Any) -> None:
        """A connection is open."""

    def left(self, connection: Any) -> None:
        """A connection is gone."""


class ControlRequest(Request):
    """A request whose body is refused when it is too long."""

    _length = 0

    def gotLength(self, length: int | None) -> None:
        """Look at the length that is announced."""
        base: Any = super()
        # A longer length, or none, would get a file; the body is short enough for memory.
        base.gotLength(0)
        if length is not None and length > MAX_BODY:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        """Take a part of the body, as long as all of it is not too long."""
        self._length += len(data)
        channel: Any = self.channel
        if self._length > MAX_BODY:
            self._refuse()
        elif not channel.share.take(len(data)):
            channel.refuse(503, "too many long bodies at once; try again later")
        else:
            base: Any = super()
            base.handleContentChunk(data)

    def _refuse(self) -> None:
        channel: Any = self.channel
        channel.refuse(413, _TOO_LONG)


class ControlChannel(HTTPChannel):
    """A connection.

    Attributes:
        refused: it has been answered early, and what still comes is thrown away.
        share: what its bodies take.
    """

    requestFactory = ControlRequest  # noqa: N815 - Twisted's name

    def __init__(self, site: Any, limits: HttpLimits, reactor: Any, connections: Connections, bodies: Bodies) -> None:
        base: Any = super()
        base.__init__()
        self.site = self.factory = site
        # TimeoutMixin would take the reactor of the process.
        self._later = reactor.callLater
        base.__setattr__("callLater", reactor.callLater)
        base.__setattr__("timeOut", limits.idle_timeout)
        self.totalHeadersSize = limits.max_header_bytes
        self.maxHeaders = limits.max_headers
        self.refused = False
        self.share = Share(bodies)
        self._limits = limits
        self._connections = connections
        self._deadline: Any = None

    def connectionMade(self) -> None:
        """Begin."""
        self._connections.joined(self)
        base: Any = super()
        base.connectionMade()

    def dataReceived(self, data: bytes) -> None:
        """Take what has arrived; the first part of a request sets the time by which all of it must be there."""
        if self.refused:
            return
        if self._deadline is None and not self._handlingRequest:
            self._deadline = self._later(self._limits.request_timeout, self._late)
        base: Any = super()
        base.dataReceived(data)

    def allContentReceived(self) -> None:
        """Answer a request that is complete."""
        if self.refused:
            return
        self._stop_deadline()
        base: Any = super()
        base.allContentReceived()

    def requestDone(self, request: Any) -> None:
        """Go on with the next request."""
        self.share.give_all_back()
        base: Any = super()
        base.requestDone(request)

    def connectionLost(self, reason: Any = None) -> None:
        """Leave nothing behind."""
        self._stop_deadline()
        self.share.give_all_back()
        self._connections.left(self)
        base: Any = super()
        base.connectionLost(reason)

    def refuse(self, status: int, text: str) -> None:
        """Answer a request that is not complete, and close; what the client still sends must not break the answer."""
        if self.refused:
            return
        self.refused = True
        self._stop_deadline()
        base: Any = super()
        base.setTimeout(None)
        transport: Any = self.transport
        body = msgspec.json.encode(Problem(text)) + b"\n"
        head = b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        transport.write(head % (status, RESPONSES[status], len(body)) + body)
        close = getattr(transport, "loseWriteConnection", transport.loseConnection)
        close()
        self._deadline = self._later(self._limits.linger_timeout, self._abort)

    def close(self) -> None:
        """Close, once what was written is sent."""
        base: Any = super()
        base.loseConnection()

    def _late(self) -> None:
        self._deadline = None
        self.refuse(408, "the request did not arrive in time")

    def _abort(self) -> None:
        self._deadline = None
        transport: Any = self.transport
        transport.abortConnection()

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class ControlSite(Site):
    """Makes the channels."""

    displayTracebacks = False  # noqa: N815 - Twisted's name

    def __init__(self, api: Api, limits: HttpLimits, reactor: Any, connections: Connections) -> None:
        base: Any = super()
        base.__init__(api, reactor=reactor)
        self._limits = limits
        self._connections = connections
        self._bodies = Bodies(limits.max_bodies)

    def buildProtocol(self, addr: Any) -> Any:
        """Return the channel of a new connection."""
        return ControlChannel(self, self._limits, self.reactor, self._connections, self._bodies)

    def log(self, request: Any) -> None:
        """Log nothing: twisted.web would write a line in the style of Apache; the log of the server is not that."""


def make_site(
    reactor: Any, cimoms: ControlledCimoms, options: ControlOptions, port: int, connections: Connections
) -> ControlSite:
    """Return what answers on a port."""
    limits = options.limits
    failures = Failures(reactor.seconds, limits.max_failed_logins, limits.login_window)
    return ControlSite(Api(cimoms, reactor, Access(options, port, failures)), limits, reactor, connections)
