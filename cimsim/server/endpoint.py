"""A served simulation: a CIMOM made from loaded packs, listening for CIM clients."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.task import LoopingCall

from cimsim.cimom.access import Access
from cimsim.cimom.cimom import Cimom
from cimsim.cimom.contexts import ContextOptions
from cimsim.cimxml.decode import Decoder
from cimsim.cimxml.encode import Encoder
from cimsim.cimxml.limits import Limits
from cimsim.cimxml.quirks import Quirks
from cimsim.cimxml.recent import RecentMessages
from cimsim.cimxml.restyle import StyledEncoder
from cimsim.operations.call import Policy
from cimsim.packs.load import Loaded
from cimsim.server.auth import REALM, Authenticator
from cimsim.server.discovery import Features
from cimsim.server.habits import HabitualCimom, branded
from cimsim.server.http import CimHttpFactory
from cimsim.server.limits import HttpLimits
from cimsim.server.service import CimService, Encodes, Performs

_BACKLOG: Final = 511
"""Connections that may wait to be accepted; a burst beyond it is delayed by seconds."""

_SWEEP_SECONDS: Final = 10.0
"""How often expired enumeration sessions are forgotten when nobody pulls."""


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """Where and how to listen. Port 0 picks a free one; ``host`` is the HOST of paths in answers (rule SEC5).

    HTTP is served on ``port`` unless that is None, and HTTPS on ``tls_port`` if there is a context for it, a
    ``tls.ServerContext`` (rule HA8). With ``users`` (name to password) every request needs Basic authentication; without, none
    does. ``access`` says what they may do; None: everything. ``null_outputs``: whether output parameters that are NULL are sent
    (rule X12). ``max_batch``: requests in one message; below 2 none are taken (rule HE2). ``m_post``: whether M-POST is (rule
    H8). ``quirks``: the habits of another server (rules Q1 to Q7).
    """

    address: str = "127.0.0.1"
    port: int | None = 5988
    tls: Any = None
    tls_port: int = 5989
    host: str = "localhost"
    users: Mapping[str, str] = field(default_factory=dict)
    null_outputs: bool = False
    m_post: bool = True
    max_batch: int = 1000
    limits: HttpLimits = HttpLimits()
    policy: Policy = Policy()
    contexts: ContextOptions = ContextOptions()
    access: Access | None = None
    quirks: Quirks = Quirks()


class Endpoint:
    """The CIMOM of some loaded packs behind HTTP. The reactor is passed in; it also is the clock."""

    def __init__(self, reactor: Any, loaded: Loaded, options: EndpointOptions) -> None:
        self._reactor = reactor
        self._options = options
        self._ports: list[Any] = []
        quirks = options.quirks
        self.cimom = Cimom(
            branded(loaded.world, quirks.brand, reactor.seconds()),
            loaded.behaviours,
            reactor.seconds,
            replace(options.policy, continue_on_error=options.policy.continue_on_error and not quirks.no_continuation),
            random=os.urandom,
            contexts=options.contexts,
            access=options.access,
            hooks=loaded.behaviours,
        )
        self._sweeper = LoopingCall(self.cimom.sweep)
        self._sweeper.clock = reactor
        decoder = Decoder(Limits(batch=options.max_batch))
        encoder: Encodes = Encoder(options.host, null_outputs=options.null_outputs)
        cimom: Performs = self.cimom
        if quirks != Quirks():
            encoder, cimom = StyledEncoder(encoder, quirks), HabitualCimom(cimom, quirks)
        service = CimService(RecentMessages(decoder), encoder, cimom)
        authenticator = Authenticator(options.users, quirks.realm or REALM) if options.users else None
        features = Features(m_post=options.m_post, batches=options.max_batch > 1, content_type=quirks.content_type)
        self._factory = CimHttpFactory(service, reactor, authenticator, options.limits, features)

    def listen(self) -> list[str]:
        """Open the ports and return their URLs, that of HTTP first.

        Raises:
            CannotListenError: the address or port is not to be had.
        """
        options = self._options
        urls = []
        if options.port is not None:
            port = self._reactor.listenTCP(options.port, self._factory, _BACKLOG, options.address)
            urls.append(self._opened("http", port))
        if options.tls is not None:
            from cimsim.server.tls import over_tls  # OpenSSL only where TLS is wanted

            factory = over_tls(self._factory, options.tls, self._reactor)
            port = self._reactor.listenTCP(options.tls_port, factory, _BACKLOG, options.address)
            urls.append(self._opened("https", port))
        self._sweeper.start(_SWEEP_SECONDS, now=False)
        return urls

    def _opened(self, scheme: str, port: Any) -> str:
        self._ports.append(port)
        host = port.getHost()
        address = f"[{host.host}]" if ":" in host.host else host.host
        return f"{scheme}://{address}:{host.port}"

    def stop(self) -> Deferred[Any]:
        """Close the ports and let requests under way finish; the Deferred fires when no connection is left."""
        self.cimom.stop()
        if self._sweeper.running:
            self._sweeper.stop()
        waiting: list[Deferred[Any]] = [self._factory.stop()]
        waiting.extend(maybeDeferred(port.stopListening) for port in self._ports)
        return DeferredList(waiting)
