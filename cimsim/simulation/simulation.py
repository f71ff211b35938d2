"""A simulation: the CIMOM of the packs that options name, with its ports, from start to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.python.failure import Failure

from cimsim.cimom.authorization import Authorization
from cimsim.cimom.clock import Clock
from cimsim.cimom.contexts import ContextOptions
from cimsim.cimom.journal import Journal
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.snapshots import Snapshots
from cimsim.cimxml.encode.error_writer import ErrorInstances
from cimsim.delivery.allowed_listeners import parse_allowed
from cimsim.delivery.sender import DeliveryOptions
from cimsim.operations.call import Policy
from cimsim.packs.load import Loaded
from cimsim.server.limits import HttpLimits
from cimsim.server.recording import Recorder
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.simulation.endpoint import Endpoint, EndpointOptions, WsmanOptions
from cimsim.simulation.loading import load_packs, quirks_of
from cimsim.simulation.options import OptionsError, SimulationOptions
from cimsim.simulation.ready_file import ReadyFile
from cimsim.simulation.reload import Reloader
from cimsim.simulation.request_counts import RequestCounts
from cimsim.simulation.request_log import JournalRecorder, RequestLog, recorder_of
from cimsim.simulation.security import authorization_of, tls_of, users_of
from cimsim.world.world import World

ControlPlane = Callable[[Any, ControlledCimom, int], tuple[str, Any]]
"""Opens the control plane: takes a reactor, what it controls and a port; returns a URL and a port with ``stopListening``."""

_RECORDED: Final = frozenset({"info", "debug"})
"""Levels of the log that have a line for each request."""


class Simulation:
    """Loads packs, and serves them between ``start`` and ``stop``. All calls belong to the thread of the reactor.

    Args:
        reactor: the one to serve with.
        options: what to serve, and how.
        control: opens the control plane where the options ask for one; None: there is none to open.
        progress: gets a text about each long step of loading.
        loaded: what the packs hold, if it is loaded already; simulations may share it.
        world: the world to begin with; None: that of ``loaded``.
        recorder: gets the record of each exchange; None: the log does, where its level asks for it. With a control plane its
            journal does so too.

    Attributes:
        options: as given.
        users: the names of those who may log in.
        loaded: what the packs hold.
        urls: of the ports of clients, CIM-XML before WS-Management, HTTP before HTTPS; empty before ``start``.
        control_url: of the control plane; None: there is none.
        controlled: what the control plane shows and changes; its journal stays empty where there is none.

    Raises:
        OptionsError: the options contradict each other, or name what cannot be read.
        PackError: a pack cannot be served.
    """

    def __init__(
        self,
        reactor: Any,
        options: SimulationOptions,
        *,
        control: ControlPlane | None = None,
        progress: Callable[[str], None] | None = None,
        loaded: Loaded | None = None,
        world: World | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.options = options
        self.urls: list[str] = []
        self.control_url: str | None = None
        self._reactor = reactor
        self._open_control = control
        self._control_port: Any = None
        self._ready_file = None if options.ready_file is None else ReadyFile(options.ready_file)
        users = users_of(options)
        self.users = tuple(users)
        tls = tls_of(options, time.time())
        journal = Journal()
        counts = RequestCounts()
        recorders = _recorders(options, recorder)
        if self._control_asked:
            recorders += [JournalRecorder(journal), counts]
        authorization = authorization_of(options, users)
        endpoint_options = _endpoint_options(options, users, tls, authorization, recorder_of(recorders))
        start = options.effective_start_time
        self._seed = options.new_seed()
        if loaded is None:
            loaded = load_packs(options, time.time() if start is None else start, self._seed, progress)
        self.loaded = loaded if world is None else replace(loaded, world=world)
        self._endpoint = Endpoint(reactor, self.loaded, endpoint_options)
        self.controlled = ControlledCimom(self.cimom, Snapshots(self.cimom), journal, counts, packs=self.loaded.packs)
        self._reloader = Reloader(reactor, self._load_again, self._renew, self.loaded) if options.reload else None

    @property
    def _control_asked(self) -> bool:
        return self.options.effective_control_port is not None and self._open_control is not None

    @property
    def cimom(self) -> Cimom:
        """The running object manager."""
        return self._endpoint.cimom

    @property
    def clock(self) -> Clock:
        """The clock that it goes by."""
        return self._endpoint.clock

    def start(self) -> Deferred[None]:
        """Open the ports.

        Returns:
            Fires once requests are answered, which needs the reactor to run; the ready file is written by then. Fails with
            OptionsError if it cannot be written.

        Raises:
            CannotListenError: an address or port is not to be had; none is open then.
        """
        try:
            self.urls = self._endpoint.listen()
            self.controlled.urls = tuple(self.urls)
            port = self.options.effective_control_port
            if port is not None and self._open_control is not None:
                self.control_url, self._control_port = self._open_control(self._reactor, self.controlled, port)
        except Exception:
            self.stop()
            raise
        if self._reloader is not None:
            self._reloader.start()
        ready: Deferred[None] = Deferred()
        self._reactor.callWhenRunning(self._running, ready)
        return ready

    def stop(self) -> Deferred[Any]:
        """Close the ports and let requests under way finish; the Deferred fires when no connection of a client is left."""
        self.controlled.ready = False
        if self._reloader is not None:
            self._reloader.stop()
        waiting: list[Deferred[Any]] = [self._endpoint.stop()]
        if self._control_port is not None:
            waiting.append(maybeDeferred(self._control_port.stopListening))
        return DeferredList(waiting)

    def _running(self, ready: Deferred[None]) -> None:
        self._endpoint.watch()
        if self._ready_file is not None:
            control = [] if self.control_url is None else [f"control {self.control_url}"]
            try:
                self._ready_file.write([*self.urls, *control])
            except OptionsError:
                ready.errback(Failure())  # type: ignore[no-untyped-call]
                return
        self.controlled.ready = True
        ready.callback(None)

    def _renew(self, loaded: Loaded) -> None:
        self._endpoint.renew(loaded)
        self.controlled.packs = loaded.packs
        self.controlled.snapshots.base = self.cimom.world

    def _load_again(self) -> Loaded:
        return load_packs(self.options, self.clock.now(), self._seed)


def _recorders(options: SimulationOptions, given: Recorder | None) -> list[Recorder]:
    recorders: list[Recorder] = [] if given is None else [given]
    if given is None and options.log_level in _RECORDED:
        recorders.append(RequestLog(bodies=options.log_level == "debug"))
    return recorders


def _endpoint_options(
    options: SimulationOptions, users: dict[str, str], tls: Any, authorization: Authorization | None, recorder: Recorder | None
) -> EndpointOptions:
    return EndpointOptions(
        address=options.address,
        port=options.port if options.serves_http else None,
        tls=tls,
        tls_port=options.tls_port,
        wsman=_wsman_of(options),
        host=options.host_name,
        users=users,
        authorization=authorization,
        quirks=quirks_of(options),
        null_outputs=options.null_outputs,
        error_instances=ErrorInstances(options.error_instances),
        m_post=options.m_post,
        max_batch=options.max_batch,
        limits=_limits_of(options),
        policy=Policy(enforce_write=options.enforce_write, max_pull_timeout=options.max_pull_timeout),
        contexts=ContextOptions(
            timeout=options.pull_timeout,
            most=options.max_contexts,
            most_of_user=options.max_user_contexts,
            rotate=options.rotate_contexts,
        ),
        delivery=_delivery_of(options),
        start=options.effective_start_time,
        running=options.clock == "real",
        random=options.new_random(),
        watchdog=options.watchdog,
        recorder=recorder,
    )


def _wsman_of(options: SimulationOptions) -> WsmanOptions | None:
    if not options.wsman:
        return None
    return WsmanOptions(
        options.effective_wsman_port,
        options.effective_wsman_tls_port,
        needs_port=options.wsman_port is not None,
        needs_tls_port=options.wsman_tls_port is not None,
    )


def _limits_of(options: SimulationOptions) -> HttpLimits:
    try:
        return HttpLimits(
            max_body=options.max_body,
            max_bodies=options.max_bodies,
            max_header_bytes=options.max_header,
            max_connections=options.max_connections,
            max_failed_logins=options.max_failed_logins,
            idle_timeout=options.idle_timeout,
            request_timeout=options.request_timeout,
        )
    except ValueError as error:
        raise OptionsError(str(error)) from None


def _delivery_of(options: SimulationOptions) -> DeliveryOptions:
    if options.listener_ca is not None:
        # OpenSSL is not loaded where it is not wanted.
        from cimsim.server.pem import CertificateError, read_certificates

        try:
            read_certificates(options.listener_ca)
        except CertificateError as error:
            raise OptionsError(f"--listener-ca: {error}") from None
    try:
        allowed = tuple(parse_allowed(each) for each in options.allow_listener)
    except ValueError as error:
        raise OptionsError(f"--allow-listener: {error}") from None
    return DeliveryOptions(
        queue=options.indication_queue,
        timeout=options.listener_timeout,
        allowed=allowed,
        verify=options.verify_listeners,
        ca=options.listener_ca,
    )
