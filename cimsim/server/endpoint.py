"""A served simulation: a CIMOM made from loaded packs, listening for CIM clients."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred

from cimsim.cimom.cimom import Cimom
from cimsim.cimxml.decode import Decoder
from cimsim.cimxml.encode import Encoder
from cimsim.cimxml.recent import RecentMessages
from cimsim.operations.call import Policy
from cimsim.packs.load import Loaded
from cimsim.server.auth import Authenticator
from cimsim.server.http import CimHttpFactory
from cimsim.server.limits import HttpLimits
from cimsim.server.service import CimService


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """Where and how to listen. Port 0 picks a free one; ``host`` is the HOST of paths in answers (rule SEC5).

    With ``users`` (name to password) every request needs Basic authentication; without, none does. ``null_outputs``: whether
    output parameters that are NULL are sent (rule X12).
    """

    address: str = "127.0.0.1"
    port: int = 5988
    host: str = "localhost"
    users: Mapping[str, str] = field(default_factory=dict)
    null_outputs: bool = False
    limits: HttpLimits = HttpLimits()
    policy: Policy = Policy()


class Endpoint:
    """The CIMOM of some loaded packs behind HTTP. The reactor is passed in; it also is the clock."""

    def __init__(self, reactor: Any, loaded: Loaded, options: EndpointOptions) -> None:
        self._reactor = reactor
        self._options = options
        self._port: Any = None
        self.cimom = Cimom(loaded.world, loaded.behaviours, reactor.seconds, options.policy)
        service = CimService(RecentMessages(Decoder()), Encoder(options.host, null_outputs=options.null_outputs), self.cimom)
        authenticator = Authenticator(options.users) if options.users else None
        self._factory = CimHttpFactory(service, reactor, authenticator, options.limits)

    def listen(self) -> str:
        """Open the port and return the URL.

        Raises:
            CannotListenError: the address or port is not to be had.
        """
        self._port = self._reactor.listenTCP(self._options.port, self._factory, interface=self._options.address)
        host = self._port.getHost()
        address = f"[{host.host}]" if ":" in host.host else host.host
        return f"http://{address}:{host.port}"

    def stop(self) -> Deferred[Any]:
        """Close the port and let requests under way finish; the Deferred fires when no connection is left."""
        waiting: list[Deferred[Any]] = [self._factory.stop()]
        if self._port is not None:
            waiting.append(maybeDeferred(self._port.stopListening))
        return DeferredList(waiting)
