"""A served simulation: a CIMOM made from loaded packs, listening for CIM clients."""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.task import LoopingCall

from cimsim.cimom.authorization import Authorization
from cimsim.cimom.clock import Clock
from cimsim.cimom.contexts import ContextOptions
from cimsim.cimom.indications import Indications
from cimsim.cimom.object_manager import Cimom
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.decode.message_cache import MessageCache
from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.cimxml.encode.encoder import Encoder
from cimsim.cimxml.encode.error_writer import ErrorInstances
from cimsim.cimxml.http_features import Features
from cimsim.delivery.sender import DeliveryOptions, HttpSender
from cimsim.operations.call import Policy
from cimsim.packs.load import Loaded
from cimsim.quirks.options import features_with, tolerances_of
from cimsim.quirks.profiles import Quirks
from cimsim.quirks.quirky_cimom import QuirkyCimom
from cimsim.quirks.quirky_encoder import QuirkyEncoder
from cimsim.server.auth import REALM, Authenticator
from cimsim.server.factory import HttpFactory
from cimsim.server.limits import HttpLimits
from cimsim.server.recording import Recorder
from cimsim.simulation.cimxml_mount import CimXmlMount
from cimsim.simulation.cimxml_service import CimXmlService, Encodes, Performs
from cimsim.simulation.decoder_threads import DecoderThreads
from cimsim.simulation.fault_effects import AnswerFaults
from cimsim.simulation.watchdog import Watchdog

_BACKLOG: Final = 511
"""Connections that may wait to be accepted; a burst beyond it is delayed by seconds."""

_SWEEP_SECONDS: Final = 10.0
"""How often expired enumeration sessions are forgotten when nobody pulls."""


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """Where and how to listen, and how the CIMOM is to be.

    Attributes:
        address: to listen on.
        port: that of HTTP; 0 picks a free one, None: there is none.
        tls: a ``tls.ServerContext`` to serve HTTPS with (rule HA8); None: there is none.
        tls_port: that of HTTPS; 0 picks a free one.
        host: HOST of the paths in answers (rule SEC5).
        users: passwords by name: every request needs Basic authentication. None: no request does.
        null_outputs: whether output parameters of methods that are NULL are sent (rule X12).
        error_instances: which errors carry instances of CIM_Error (rule E3).
        m_post: whether M-POST is taken (rule H8).
        max_batch: most requests in one message; below 2 none are taken (rule HE2).
        limits: on connections and messages.
        policy: of operations.
        contexts: how enumeration sessions are kept.
        authorization: what users may do; None: everything.
        quirks: those of another server (rules Q1 to Q7).
        start: the time that the clock begins with, in seconds since 1970-01-01 UTC; None: now.
        running: whether the clock goes on by itself.
        random: names enumeration sessions.
        watchdog: seconds after which a request that holds the server is named in the log; 0: never.
        delivery: how indications are delivered.
        recorder: gets the record of each exchange; None: nobody wants any.
    """

    address: str = "127.0.0.1"
    port: int | None = 5988
    tls: Any = None
    tls_port: int = 5989
    host: str = "localhost"
    users: Mapping[str, str] = field(default_factory=dict)
    null_outputs: bool = False
    error_instances: ErrorInstances = ErrorInstances.GIVEN
    m_post: bool = True
    max_batch: int = 1000
    limits: HttpLimits = HttpLimits()
    policy: Policy = Policy()
    contexts: ContextOptions = ContextOptions()
    authorization: Authorization | None = None
    quirks: Quirks = Quirks()
    start: float | None = None
    running: bool = True
    random: Callable[[int], bytes] = os.urandom
    watchdog: float = 0.0
    delivery: DeliveryOptions = DeliveryOptions()
    recorder: Recorder | None = None


class Endpoint:
    """The CIMOM of some loaded packs behind HTTP. The reactor is passed in; it also drives the clock."""

    def __init__(self, reactor: Any, loaded: Loaded, options: EndpointOptions) -> None:
        self._reactor = reactor
        self._options = options
        self._ports: list[Any] = []
        self._watchdog: Watchdog | None = None
        quirks = options.quirks
        self.clock = Clock(options.start, reactor, running=options.running)
        self.cimom = Cimom(
            loaded.world,
            loaded.providers,
            self.clock,
            replace(
                options.policy,
                continue_on_error=options.policy.continue_on_error and not quirks.no_continuation,
                keyless_class=quirks.keyless_class,
            ),
            random=options.random,
            contexts=options.contexts,
            authorization=options.authorization,
            hooks=loaded.providers,
        )
        self._sender = HttpSender(reactor, options.delivery)
        sender = self._sender
        self._indications = Indications(
            self.cimom,
            sender.send,
            sender.prepare,
            later=partial(reactor.callLater, 0),
            host=options.host,
            most=options.delivery.queue,
        )
        self._sweeper = LoopingCall(self.cimom.sweep)
        self._sweeper.clock = reactor
        limits, tolerances = MessageLimits(batch=options.max_batch), tolerances_of(quirks)
        new_decoder = partial(Decoder, limits, options.host, tolerances)
        threads = DecoderThreads(reactor)
        encoder: Encodes = Encoder(options.host, null_outputs=options.null_outputs, error_instances=options.error_instances)
        cimom: Performs = self.cimom
        if quirks != Quirks():
            encoder, cimom = QuirkyEncoder(encoder, quirks), QuirkyCimom(cimom, quirks)
        service = CimXmlService(
            MessageCache(new_decoder()),
            encoder,
            cimom,
            self.cimom,
            # A decoder is not for several threads.
            decode_later=lambda body, headers: threads.run(lambda: new_decoder().decode(body, headers)),
            faults=AnswerFaults(self.cimom, reactor),
        )
        authenticator = Authenticator(options.users, quirks.realm or REALM) if options.users else None
        features = features_with(Features(m_post=options.m_post, batches=options.max_batch > 1), quirks)
        self._factory = HttpFactory(CimXmlMount(service, features), reactor, authenticator, options.limits, options.recorder)

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

            factory = over_tls(self._factory, options.tls, self._reactor, self.cimom.faults.refuses_tls)
            port = self._reactor.listenTCP(options.tls_port, factory, _BACKLOG, options.address)
            urls.append(self._opened("https", port))
        self._sweeper.start(_SWEEP_SECONDS, now=False)
        return urls

    def watch(self) -> None:
        """Begin to watch the thread that calls this, which must be the reactor's."""
        if self._options.watchdog:
            self._watchdog = Watchdog(self.cimom, self._options.watchdog, threading.get_ident())
            self._watchdog.start()

    def renew(self, loaded: Loaded) -> None:
        """Go on with other packs."""
        self.cimom.renew(loaded.world, loaded.providers, loaded.providers)

    def _opened(self, scheme: str, port: Any) -> str:
        self._ports.append(port)
        host = port.getHost()
        address = f"[{host.host}]" if ":" in host.host else host.host
        return f"{scheme}://{address}:{host.port}"

    def stop(self) -> Deferred[Any]:
        """Close the ports and let requests under way finish; the Deferred fires when no connection is left."""
        self.cimom.stop()
        self._indications.stop()
        self._sender.stop()
        if self._sweeper.running:
            self._sweeper.stop()
        if self._watchdog is not None:
            self._watchdog.stop()
        waiting: list[Deferred[Any]] = [self._factory.stop()]
        waiting.extend(maybeDeferred(port.stopListening) for port in self._ports)
        return DeferredList(waiting)
