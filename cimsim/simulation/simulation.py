"""A simulation: one or several CIMOMs of the packs that options name, and their control plane, from start to stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from cimsim.cimom.clock import Clock
from cimsim.cimom.journal import Journal
from cimsim.cimom.object_manager import Cimom
from cimsim.packs.load import Loaded
from cimsim.server.recording import Recorder
from cimsim.simulation.announcement import Announcement
from cimsim.simulation.control_options import ControlOptions, control_options_of
from cimsim.simulation.controlled_cimom import ControlledCimom, ControlledCimoms
from cimsim.simulation.further_loading import FurtherLoading
from cimsim.simulation.loading import SharedPacks
from cimsim.simulation.options import OptionsError, SimulationOptions
from cimsim.simulation.ready_file import ReadyFile
from cimsim.simulation.served_cimom import ServedCimom, limits_of
from cimsim.simulation.state_file import StateFile
from cimsim.world.world import World


class ControlPlane(Protocol):
    """A control plane that is open."""

    url: str

    def stop(self) -> Deferred[Any]:
        """Close it."""


OpenControlPlane = Callable[[Any, ControlledCimoms, ControlOptions], ControlPlane]
"""Takes a reactor, what is controlled, and how to listen; raises CannotListenError."""


class Simulation:
    """Serves CIMOMs between ``start`` and ``stop``. All calls belong to the thread of the reactor.

    Args:
        reactor: the one to serve with.
        options: what to serve, and how.
        control: opens the control plane where the options ask for one; None: there is none to open.
        packs: loads them; simulations may share it.
        name: of the CIMOM, where the options name none.
        world: the world to begin with; None: that of the packs.
        recorder: gets the record of each exchange; None: the log does, where its level asks for it.
        journal: of the CIMOM, which the recorder fills; None: one of its own, which a control plane fills.
        state_dir: the folder with the files by which commands find servers; None: this one is not to be found.

    Attributes:
        options: as given.
        cimoms: what is served, by name; the first one first.
        controlled_cimoms: what the control plane shows and changes: those, and whatever is added to it.
        control_token: that the control plane demands; None: none.
        control_url: of the control plane; None: there is none.

    Raises:
        OptionsError: the options contradict each other, or name what cannot be read.
        PackError: a pack cannot be served.
    """

    def __init__(
        self,
        reactor: Any,
        options: SimulationOptions,
        *,
        control: OpenControlPlane | None = None,
        packs: SharedPacks | None = None,
        name: str = "cimsim",
        loaded: Loaded | None = None,
        world: World | None = None,
        recorder: Recorder | None = None,
        journal: Journal | None = None,
        state_dir: Path | None = None,
    ) -> None:
        self.options = options
        self.control_url: str | None = None
        self._reactor = reactor
        self._open_control = control
        self._plane: ControlPlane | None = None
        self._ready_file = None if options.ready_file is None else ReadyFile(options.ready_file)
        self._state_file = None if state_dir is None else StateFile(state_dir, os.getpid())
        packs = SharedPacks() if packs is None else packs
        port = options.effective_control_port if control is not None else None

        def serve(name: str, own: SimulationOptions) -> ServedCimom:
            given: dict[str, Any] = {"world": world, "loaded": loaded, "recorder": recorder, "journal": journal}
            try:
                return ServedCimom(reactor, name, own, packs, **given, controlled=port is not None)
            except OptionsError as error:
                raise OptionsError(f"CIMOM {name}: {error}" if options.cimom else str(error)) from None

        self.cimoms: Mapping[str, ServedCimom] = {each: serve(each, own) for each, own in options.by_cimom(name).items()}
        self.controlled_cimoms = ControlledCimoms(self.controlled)
        for served in self.cimoms.values():
            self.controlled_cimoms.add(served.controlled)
        users = any(each.users for each in self.cimoms.values())
        self._control_options = (
            None if port is None else control_options_of(options, port, limits_of(options), os.urandom, users=users)
        )
        self.control_token = None if self._control_options is None else self._control_options.token

    @property
    def first(self) -> ServedCimom:
        """The first CIMOM."""
        return next(iter(self.cimoms.values()))

    @property
    def urls(self) -> list[str]:
        """The URLs of the first CIMOM: CIM-XML before WS-Management, HTTP before HTTPS; empty before ``start``."""
        return list(self.first.urls)

    @property
    def users(self) -> tuple[str, ...]:
        """The names of those who may log in to the first CIMOM."""
        return self.first.users

    @property
    def loaded(self) -> Loaded:
        """What the packs of the first CIMOM hold, those that were loaded later too."""
        return self.first.loaded

    @property
    def further(self) -> FurtherLoading:
        """Loads more into the first CIMOM while it runs."""
        return self.first.further

    @property
    def cimom(self) -> Cimom:
        """The first object manager."""
        return self.first.cimom

    @property
    def clock(self) -> Clock:
        """The clock that it goes by."""
        return self.first.clock

    @property
    def controlled(self) -> ControlledCimom:
        """What the control plane shows of the first CIMOM."""
        return self.first.controlled

    def start(self) -> Deferred[None]:
        """Open the ports.

        Returns:
            Fires once requests are answered, which needs the reactor to run; the ready file is written by then. Fails with
            OptionsError if it cannot be written.

        Raises:
            CannotListenError: an address or port is not to be had; none is open then.
        """
        try:
            for each in self.cimoms.values():
                each.listen()
            if self._open_control is not None and self._control_options is not None:
                self._plane = self._open_control(self._reactor, self.controlled_cimoms, self._control_options)
                self.control_url = self._plane.url
                for each in self.cimoms.values():
                    each.control_url = self._plane.url
        except Exception:
            self.stop()
            raise
        ready: Deferred[None] = Deferred()
        self._reactor.callWhenRunning(self._running, ready)
        return ready

    def stop(self) -> Deferred[Any]:
        """Close the ports and let requests under way finish; the Deferred fires when no connection of a client is left."""
        waiting: list[Deferred[Any]] = [each.stop() for each in self.cimoms.values()]
        if self._state_file is not None:
            self._state_file.remove()
        if self._plane is not None:
            waiting.append(self._plane.stop())
        return DeferredList(waiting)

    def announcement(self) -> Announcement:
        """Return where everything is, once it is open."""
        return Announcement(
            {name: each.urls for name, each in self.cimoms.items()},
            self.control_url,
            self.control_token,
            console=self.options.console,
        )

    def _running(self, ready: Deferred[None]) -> None:
        for each in self.cimoms.values():
            each.begin()
        if self._ready_file is not None:
            announcement = self.announcement()
            text = announcement.as_json() if self.options.ready_format == "json" else announcement.as_lines()
            try:
                self._ready_file.write(text, secret=self.control_token is not None)
            except OptionsError:
                ready.errback(Failure())  # type: ignore[no-untyped-call]
                return
        if self._state_file is not None and self.control_url is not None:
            self._state_file.write(self.announcement().fields())
        for each in self.cimoms.values():
            each.controlled.ready = True
        ready.callback(None)
