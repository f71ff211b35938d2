"""A simulator in the process of a test."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self, Unpack

from cimsim.testing.hosting import Hosting
from cimsim.testing.options import CimomOptions, control_keywords
from cimsim.testing.reactor_thread import ReactorThread
from cimsim.testing.simulated_cimom import SimulatedCimom
from cimsim.world.names import did_you_mean


class Simulator(SimulatedCimom):
    """CIMOMs that are served by a thread of this process, and the first of them.

    It serves from the moment it is made until ``stop``, or the end of its ``with`` statement::

        with Simulator("hyperv", settings={"hyperv.vms": 4}, clock="manual", seed=1) as sim:
            connection = sim.connect("root/virtualization/v2")

    Args:
        packs: names of packs, folders or MOF files; none: all that are shipped.
        name: of the first CIMOM.
        options: the settings of ``cimsim serve``, see ``CimomOptions``; ports are free ones unless they are given.

    Raises:
        TypeError: a keyword does not exist.
        OptionsError: a keyword has a wrong value.
        PackError: a pack cannot be loaded.
        CannotListenError: a port is not to be had.
    """

    def __init__(self, *packs: str | Path, name: str = "cimsim", **options: Unpack[CimomOptions]) -> None:
        thread = ReactorThread(name)
        thread.start()
        try:
            hosting = Hosting(thread)
            super().__init__(name, hosting, hosting.host(name, packs, options))
        except BaseException:
            thread.stop()
            raise
        self._hosting = hosting
        self._others: dict[str, SimulatedCimom] = {name: self}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def cimoms(self) -> Mapping[str, SimulatedCimom]:
        """All CIMOMs by name, this one first."""
        return MappingProxyType(self._others)

    def add_cimom(self, name: str, *packs: str | Path, **options: Unpack[CimomOptions]) -> SimulatedCimom:
        """Serve one more CIMOM, with its own ports, world, clock, faults, journal and users.

        Args:
            name: that no other has.
            *packs: as for the simulator.
            **options: as for the simulator, but for those of the control plane, which shows all CIMOMs.

        Raises:
            ValueError: there is a CIMOM of that name, or the control plane has no token and the CIMOM users.
            TypeError: an option is one of the control plane.
        """
        self._check_name(name)
        asked = control_keywords(options)
        if asked:
            raise TypeError(f"{asked[0]} is for Simulator(...): its control plane shows all its CIMOMs")
        if (options.get("user") or options.get("users_file")) and self.control_url and not self.control_token:
            raise ValueError(f"{name} has users, but the control plane no token: give Simulator(...) a control_token")
        return self._joined(SimulatedCimom(name, self._hosting, self._hosting.host(name, packs, options)))

    def fork_cimom(self, name: str, of: SimulatedCimom | None = None) -> SimulatedCimom:
        """Serve one more CIMOM that begins with the current world of another one, this one if none is given.

        Raises:
            ValueError: there is a CIMOM of that name.
        """
        self._check_name(name)
        return self._joined((of or self).fork(name))

    def remove_cimom(self, name: str) -> None:
        """Stop a CIMOM that was added.

        Raises:
            KeyError: there is no such CIMOM.
            ValueError: it is the first one, which ``stop`` stops.
        """
        if name not in self._others:
            raise KeyError(f"there is no CIMOM {name}{did_you_mean(name, self._others)}")
        if self._others[name] is self:
            raise ValueError(f"{name} is the simulator itself: stop() stops it")
        self.in_reactor(self._hosted.simulation.controlled_cimoms.remove, name)
        self._others.pop(name).stop()

    def stop(self) -> None:
        """Close all ports, let requests under way finish, and end the thread."""
        for each in self._others.values():
            if each is not self:
                each.stop()
        super().stop()
        self._hosting.close()
        self._hosting.thread.stop()

    def _check_name(self, name: str) -> None:
        if name in self._others:
            raise ValueError(f"there is a CIMOM {name} already")

    def _joined(self, cimom: SimulatedCimom) -> SimulatedCimom:
        self.in_reactor(self._hosted.simulation.controlled_cimoms.add, cimom.controlled)
        self._others[cimom.name] = cimom
        return cimom
