"""A CIMOM that is served: made of loaded packs and options, with its ports, from start to stop."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace
from twisted.internet.defer import Deferred

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
from cimsim.server.replies import HttpError
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.simulation.decoder_threads import DecoderThreads
from cimsim.simulation.endpoint import Endpoint, EndpointOptions, WsmanOptions
from cimsim.simulation.further_loading import FurtherLoading
from cimsim.simulation.loading import SharedPacks, load_packs, quirks_of
from cimsim.simulation.options import OptionsError, SimulationOptions
from cimsim.simulation.request_counts import RequestCounts
from cimsim.simulation.request_log import JournalRecorder, RequestLog, recorder_of
from cimsim.simulation.security import authorization_of, kerberos_of, tls_of, users_of
from cimsim.simulation.start_rules import start_rules
from cimsim.world.world import World

if TYPE_CHECKING:
    from cimsim.simulation.reload import Reloader

_RECORDED: Final = frozenset({"info", "debug"})
"""Levels of the log that have a line for each request."""
_INSTANCE_BYTES: Final = 8


class ServedCimom:
    """Loads packs, and serves them between ``listen`` and ``stop``. All calls belong to the thread of the reactor.

    Args:
        reactor: the one to serve with.
        name: of the CIMOM.
        options: what to serve, and how.
        packs: loads them.
        loaded: what the packs hold; None: it is loaded.
        world: the world to begin with; None: that of the packs.
        recorder: gets the record of each exchange; None: the log does, where its level asks for it.
        journal: of the CIMOM, which the recorder fills; None: one of its own.
        controlled: whether a control plane shows it: then its exchanges are recorded, if nobody else does.

    Attributes:
        name: as given.
        options: as given.
        users: the names of those who may log in.
        further: loads more while it runs.
        controlled: what a control plane shows and changes.
        control_url: of the control plane, once it is open; None: there is none.

    Raises:
        OptionsError: the options contradict each other, or name what cannot be read.
        PackError: a pack cannot be served.
    """

    def __init__(
        self,
        reactor: Any,
        name: str,
        options: SimulationOptions,
        packs: SharedPacks,
        *,
        loaded: Loaded | None = None,
        world: World | None = None,
        recorder: Recorder | None = None,
        journal: Journal | None = None,
        controlled: bool = False,
    ) -> None:
        self.name = name
        self.options = options
        users = users_of(options)
        self.users = tuple(users)
        tls = tls_of(options, time.time())
        counts = RequestCounts()
        recorders = _recorders(options, recorder)
        if controlled and journal is None:
            journal = Journal()
            recorders.append(JournalRecorder(journal))
        if journal is not None:
            recorders.append(counts)
        authorization = authorization_of(options, users)
        endpoint_options = _endpoint_options(options, users, tls, authorization, recorder_of(recorders))
        self._seed = options.new_seed()
        if loaded is None:
            loaded = packs.load(options, self._seed)
        rules = start_rules(loaded)
        if world is not None:
            loaded = replace(loaded, world=world)
        self.control_url: str | None = None
        self._endpoint = Endpoint(reactor, loaded, replace(endpoint_options, page=self._front_page))
        self.cimom.faults.replace_kept(rules)
        self.controlled = ControlledCimom(
            self.cimom,
            Snapshots(self.cimom),
            Journal() if journal is None else journal,
            counts,
            name=name,
            instance=os.urandom(_INSTANCE_BYTES).hex(),
            options=options,
            indications=self._endpoint.indications,
            connections=lambda: self._endpoint.connections,
            answer=self._endpoint.answer,
        )
        self.further = FurtherLoading(self.controlled, loaded, options)
        self.controlled.further = self.further
        self._reloader: Reloader | None = None
        if options.reload:
            from cimsim.simulation.reload import Reloader  # few simulations ask for it

            self._reloader = Reloader(reactor, DecoderThreads(reactor).run, self._load_again, self._renew, loaded)

    @property
    def loaded(self) -> Loaded:
        """What the packs hold, those that were loaded later too."""
        return self.further.loaded

    @property
    def cimom(self) -> Cimom:
        """The running object manager."""
        return self._endpoint.cimom

    @property
    def clock(self) -> Clock:
        """The clock that it goes by."""
        return self._endpoint.clock

    @property
    def urls(self) -> tuple[str, ...]:
        """Those of the ports of clients, CIM-XML before WS-Management, HTTP before HTTPS; empty before ``listen``."""
        return self.controlled.urls

    def listen(self) -> None:
        """Open the ports; raises CannotListenError if an address or port is not to be had."""
        self.controlled.urls = tuple(self._endpoint.listen())

    def begin(self) -> None:
        """Watch over files and the thread that calls this, which must be the reactor's."""
        if self._reloader is not None:
            self._reloader.start()
        self._endpoint.watch()

    def stop(self) -> Deferred[Any]:
        """Close the ports and let requests under way finish; the Deferred fires when no connection of a client is left."""
        self.controlled.ready = False
        if self._reloader is not None:
            self._reloader.stop()
        return self._endpoint.stop()

    def _front_page(self) -> HttpError:
        """Return the page that a browser gets at the root of the ports."""
        # Most servers are never looked at.
        from cimsim.simulation.front_page import front_page

        namespaces = {each.name: each.instance_count for each in self.cimom.world.namespaces.values()}
        return front_page(self.urls, None if self.users else namespaces, self.control_url)

    def _renew(self, loaded: Loaded) -> None:
        rules = start_rules(loaded)
        self._endpoint.renew(loaded)
        self.further.loaded = loaded
        self.cimom.faults.replace_kept(rules)
        self.controlled.snapshots.base = self.cimom.world

    def _load_again(self) -> Loaded:
        loaded = load_packs(self.options, self.clock.now(), self._seed)
        # What is wrong with a scenario is found out before anything is renewed.
        start_rules(loaded)
        return loaded


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
        kerberos=kerberos_of(options, users),
        authorization=authorization,
        quirks=quirks_of(options),
        null_outputs=options.null_outputs,
        error_instances=ErrorInstances(options.error_instances),
        m_post=options.m_post,
        max_batch=options.max_batch,
        limits=limits_of(options),
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


def limits_of(options: SimulationOptions) -> HttpLimits:
    """Return the limits on connections and messages; raises OptionsError for one that is not positive."""
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
