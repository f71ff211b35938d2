"""The CIMOMs of a simulator: what they load, and the ports that they open, in the thread of the simulator."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from msgspec.structs import replace
from twisted.internet.defer import Deferred

from cimsim.cimom.journal import Journal
from cimsim.packs.load import Loaded
from cimsim.simulation.loading import SharedPacks
from cimsim.simulation.options import SimulationOptions
from cimsim.simulation.request_log import JournalRecorder
from cimsim.simulation.simulation import OpenControlPlane, Simulation
from cimsim.testing.options import CimomOptions, journal_bounds, simulation_options
from cimsim.testing.reactor_thread import ReactorThread
from cimsim.world.world import World


class Hosted(NamedTuple):
    """A CIMOM that is served: what serves it, its journal, and what it was given."""

    simulation: Simulation
    journal: Journal
    packs: tuple[str | Path, ...]
    options: CimomOptions


class Hosting:
    """Serves CIMOMs; those that load the same share it.

    Args:
        thread: in which they live.
    """

    def __init__(self, thread: ReactorThread) -> None:
        self.thread = thread
        self._packs = SharedPacks()
        self._state: TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Remove the files that were made for TLS."""
        if self._state is not None:
            self._state.cleanup()
            self._state = None

    def _with_state(self, options: SimulationOptions) -> SimulationOptions:
        """Give TLS a CA of its own, not that of the user, unless the options have something."""
        if not options.tls or options.certificate is not None or options.state_dir is not None:
            return options
        if self._state is None:
            self._state = TemporaryDirectory()
        return replace(options, state_dir=Path(self._state.name))

    def host(
        self,
        name: str,
        packs: Sequence[str | Path],
        given: CimomOptions,
        world: World | None = None,
        loaded: Loaded | None = None,
    ) -> Hosted:
        """Load packs, unless they are loaded, and open ports.

        Args:
            name: of the CIMOM.
            packs: names of packs, folders or MOF files; none: all that are shipped.
            given: the keywords.
            world: to begin with; None: that of the packs.
            loaded: what the packs hold; None: they are loaded.

        Raises:
            TypeError: a keyword does not exist.
            OptionsError: a keyword has a wrong value.
            PackError: a pack cannot be loaded.
            CannotListenError: a port is not to be had.
        """
        options = self._with_state(simulation_options(packs, given))
        journal = Journal(**journal_bounds(given))
        control = _control_of(given)
        if loaded is None:
            # In the thread of the caller: other CIMOMs answer meanwhile.
            self._packs.prepare(options)

        def start() -> Deferred[Simulation]:
            simulation = Simulation(
                self.thread.reactor,
                options,
                control=control,
                packs=self._packs,
                name=name,
                loaded=loaded,
                world=world,
                recorder=JournalRecorder(journal),
                journal=journal,
            )
            return simulation.start().addCallback(lambda _: simulation)

        # One call: each costs two changes of threads, which take long where the computer is busy.
        call: Any = self.thread.call
        simulation: Simulation = call(start)
        return Hosted(simulation, journal, tuple(packs), given)


def _control_of(given: CimomOptions) -> OpenControlPlane | None:
    """Return what opens the control plane; None where nobody asks for one: a manual clock is advanced without it here."""
    if given.get("control_port") is None and not given.get("console"):
        return None
    from cimsim.control.port import listen  # only where it is wanted

    return listen
