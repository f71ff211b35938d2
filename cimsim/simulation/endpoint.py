"""A served simulation: a CIMOM made from loaded packs, listening for CIM clients."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from cimsim.cimom.authorization import Authorization
from cimsim.cimom.clock import Clock
from cimsim.cimom.contexts import ContextOptions
from cimsim.cimom.exchanges import Called
from cimsim.cimom.indications import Indications
from cimsim.cimom.object_manager import Cimom
from cimsim.cimxml.cim_headers import CimHeaders
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
from cimsim.server.auth import REALM, Authenticator
from cimsim.server.factory import HttpFactory
from cimsim.server.kerberos import Kerberos
from cimsim.server.limits import HttpLimits
from cimsim.server.mount import Batches, Routes
from cimsim.server.recording import Recorder
from cimsim.server.replies import HttpError
from cimsim.simulation.cimxml_mount import CimXmlMount
from cimsim.simulation.cimxml_service import CimXmlService, Encodes, Performs
from cimsim.simulation.decoder_threads import DecoderThreads
from cimsim.simulation.fault_effects import AnswerFaults
from cimsim.simulation.watchdog import Watchdog
from cimsim.simulation.wsman_front import wsman_mount
from cimsim.simulation.wsman_mount import PATHS

_BACKLOG: Final = 511
"""Connections that may wait to be accepted; a burst beyond it is delayed by seconds."""

_SWEEP_SECONDS: Final = 10.0
"""How often expired enumeration sessions are forgotten when nobody pulls."""


class WsmanOptions(msgspec.Struct, frozen=True):
    """Where WS-Management listens, beside the path ``/wsman`` of the ports of CIM-XML.

    Attributes:
        port: that of HTTP, where CIM-XML is served over HTTP; 0 picks a free one.
        tls_port: that of HTTPS, where CIM-XML is served over HTTPS; 0 picks a free one.
        needs_port: somebody asked for that port; otherwise it is left out where it is taken.
        needs_tls_port: the same for HTTPS.
    """

    port: int = 5985
    tls_port: int = 5986
    needs_port: bool = False
    needs_tls_port: bool = False


class EndpointOptions(msgspec.Struct, frozen=True):
    """Where and how to listen, and how the CIMOM is to be.

    Attributes:
        address: to listen on.
        port: that of HTTP; 0 picks a free one, None: there is none.
        tls: a ``tls.ServerContext`` to serve HTTPS with (rule HA8); None: there is none.
        tls_port: that of HTTPS; 0 picks a free one.
        wsman: where WS-Management is served; None: nowhere.
        host: HOST of the paths in answers (rule SEC5).
        users: passwords by name: every request needs Basic authentication. None: no request does.
        kerberos: the service that users may have tickets for, for WS-Management (rule WM-A-5); None: Kerberos is not served.
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
        page: returns what a browser gets at the root of a port; None: nothing.
    """

    address: str = "127.0.0.1"
    port: int | None = 5988
    tls: Any = None
    tls_port: int = 5989
    wsman: WsmanOptions | None = None
    host: str = "localhost"
    users: Mapping[str, str] = msgspec.field(default_factory=dict)
    kerberos: Kerberos | None = None
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
    page: Callable[[], HttpError] | None = None


class Endpoint:
    """The CIMOM of some loaded packs behind HTTP. The reactor is passed in; it also drives the clock.

    Attributes:
        clock, cimom, indications: of the CIMOM.
    """

    _log = Logger()

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
        self.indications = Indications(
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
            # Most CIMOMs have none.
            from cimsim.quirks.quirky_cimom import QuirkyCimom
            from cimsim.quirks.quirky_encoder import QuirkyEncoder

            encoder, cimom = QuirkyEncoder(encoder, quirks), QuirkyCimom(cimom, quirks)
        self._service = service = CimXmlService(
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
        routes, wsman_routes = Routes(CimXmlMount(service, features), page=options.page), None
        if options.wsman is not None:
            mount = wsman_mount(self.cimom, new_decoder().embedded, threads, reactor, options, sender)
            by_path = dict.fromkeys(PATHS, mount)
            routes, wsman_routes = Routes(routes.default, by_path, options.page), Routes(None, by_path, options.page)
        self._factory = HttpFactory(routes, reactor, authenticator, options.limits, options.recorder)
        self._wsman_factory = None
        if wsman_routes is not None:
            self._wsman_factory = HttpFactory(
                wsman_routes, reactor, authenticator, options.limits, options.recorder, self._factory.failures
            )

    @property
    def connections(self) -> int:
        """How many connections of clients are open."""
        factories = (self._factory, self._wsman_factory)
        return sum(len(each.connections) for each in factories if each is not None)

    def answer(self, body: bytes, user: str | None, calls: list[Called]) -> Batches:
        """Answer a message of CIM-XML that came by no port, as ``CimXmlService.respond`` does; its headers fit what it says."""
        return self._service.respond(CimHeaders("MethodCall", matched=False), body, user, calls)

    def listen(self) -> list[str]:
        """Open the ports and return their URLs: CIM-XML over HTTP and HTTPS, then WS-Management over both.

        Raises:
            CannotListenError: the address or port is not to be had.
        """
        options = self._options
        urls = []
        if options.port is not None:
            urls.append(self._listen(options.port, self._factory))
        if options.tls is not None:
            urls.append(self._listen(options.tls_port, self._factory, tls=True))
        urls += self._listen_for_wsman()
        self._sweeper.start(_SWEEP_SECONDS, now=False)
        return urls

    def _listen_for_wsman(self) -> Iterator[str]:
        wsman, factory = self._options.wsman, self._wsman_factory
        if wsman is None or factory is None:
            return
        for served, number, needed, tls in (
            (self._options.port is not None, wsman.port, wsman.needs_port, False),
            (self._options.tls is not None, wsman.tls_port, wsman.needs_tls_port, True),
        ):
            if not served:
                continue
            try:
                url = self._listen(number, factory, tls=tls)
            except CannotListenError:
                if needed:
                    raise
                option = "--wsman-tls-port" if tls else "--wsman-port"
                text = "port {port} is taken: WS-Management is not served there; {option} gives it another one"
                self._log.warn(text, port=number, option=option)
            else:
                yield url + PATHS[0]

    def watch(self) -> None:
        """Begin to watch the thread that calls this, which must be the reactor's."""
        if self._options.watchdog:
            self._watchdog = Watchdog(self.cimom, self._options.watchdog, threading.get_ident())
            self._watchdog.start()

    def renew(self, loaded: Loaded) -> None:
        """Go on with other packs."""
        self.cimom.renew(loaded.world, loaded.providers, loaded.providers)

    def _listen(self, number: int, factory: HttpFactory, *, tls: bool = False) -> str:
        over: Any = factory
        if tls:
            from cimsim.server.tls import over_tls  # OpenSSL only where TLS is wanted

            over = over_tls(factory, self._options.tls, self._reactor, self.cimom.faults.refuses_tls)
        port = self._reactor.listenTCP(number, over, _BACKLOG, self._options.address)
        self._ports.append(port)
        host = port.getHost()
        address = f"[{host.host}]" if ":" in host.host else host.host
        return f"{'https' if tls else 'http'}://{address}:{host.port}"

    def stop(self) -> Deferred[Any]:
        """Close the ports and let requests under way finish; the Deferred fires when no connection is left."""
        self.cimom.stop()
        self.indications.stop()
        self._sender.stop()
        if self._sweeper.running:
            self._sweeper.stop()
        if self._watchdog is not None:
            self._watchdog.stop()
        waiting: list[Deferred[Any]] = [self._factory.stop()]
        if self._wsman_factory is not None:
            waiting.append(self._wsman_factory.stop())
        waiting.extend(maybeDeferred(port.stopListening) for port in self._ports)
        return DeferredList(waiting)
