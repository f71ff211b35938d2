"""The CIMOMs of a simulator: what they load, and the ports that they open, in the thread of the simulator."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from cimsim.cimom.journal import Journal
from cimsim.packs.load import Loaded
from cimsim.packs.scenarios import find_scenario
from cimsim.packs.scripts import split_environment
from cimsim.simulation.loading import load_packs
from cimsim.simulation.options import SimulationOptions
from cimsim.simulation.request_log import JournalRecorder
from cimsim.simulation.simulation import Simulation
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
        self._bases: dict[str, Loaded] = {}
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
        self, packs: Sequence[str | Path], given: CimomOptions, world: World | None = None, loaded: Loaded | None = None
    ) -> Hosted:
        """Load packs, unless they are loaded, and open ports.

        Args:
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
        loaded = loaded or self._loaded(options)

        def make() -> Simulation:
            recorder = JournalRecorder(journal)
            return Simulation(self.thread.reactor, options, loaded=loaded, world=world, recorder=recorder)

        simulation = self.thread.call(make)
        self.thread.call(simulation.start)
        return Hosted(simulation, journal, tuple(packs), given)

    def _loaded(self, options: SimulationOptions) -> Loaded | None:
        """Return what packs hold, loaded once for all who load the same; None: it cannot be shared."""
        if split_environment(options.packs)[1]:
            # The providers of mock scripts keep what they know outside of the world.
            return None
        plain = self._base(replace(options, scenario=()))
        scenarios = tuple(find_scenario(each, plain.folders) for each in options.scenario)
        # Rules are not part of what is loaded, but settings are.
        return self._base(options) if any(each.settings for each in scenarios) else replace(plain, scenarios=scenarios)

    def _base(self, options: SimulationOptions) -> Loaded:
        key = _key(options)
        if key not in self._bases:
            start = options.effective_start_time
            self._bases[key] = load_packs(options, time.time() if start is None else start, options.new_seed())
        return self._bases[key]


def _key(options: SimulationOptions) -> str:
    """Return what tells apart what is loaded."""
    settings: Mapping[str, Any] = options.set
    return repr(
        (
            [str(each) for each in options.packs],
            sorted((name, repr(value)) for name, value in settings.items()),
            list(options.scenario),
            options.namespace,
            options.schema,
            options.mof_dialect,
            options.lenient,
            options.cache_dir,
            options.cache,
            options.effective_start_time,
            options.seed,
        )
    )
