"""Loading the packs that options name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace
from twisted.logger import Logger

from cimsim.packs.cache import default_cache_dir
from cimsim.packs.load import Loaded, load
from cimsim.packs.scenarios import find_scenario
from cimsim.packs.scripts import split_environment
from cimsim.quirks.options import pack_defaults
from cimsim.quirks.profiles import PROFILES, Quirks
from cimsim.simulation.options import OptionsError, SimulationOptions
from cimsim.world.names import did_you_mean

_MAX_WARNINGS: Final = 20

_log = Logger(namespace="cimsim.packs")


class SharedPacks:
    """Loads packs once for all who load the same: their worlds share memory.

    Args:
        progress: gets a text about each long step of loading.
    """

    def __init__(self, progress: Callable[[str], None] | None = None) -> None:
        self._progress = progress
        self._loaded: dict[str, Loaded] = {}

    def load(self, options: SimulationOptions, seed: int) -> Loaded:
        """Return what the packs hold that options name.

        Args:
            options: of the simulation.
            seed: what generated identifiers are made from, unless it was loaded before.

        Raises:
            PackError: a pack cannot be served.
            OptionsError: there is no such profile of quirks.
        """
        if not _can_share(options):
            return load_packs(options, _start_of(options), seed, self._progress)
        plain = self._load(replace(options, scenario=()), seed)
        scenarios = tuple(find_scenario(each, plain.folders) for each in options.scenario)
        # Rules are not part of what is loaded, but settings are.
        return self._load(options, seed) if any(each.settings for each in scenarios) else replace(plain, scenarios=scenarios)

    def _load(self, options: SimulationOptions, seed: int) -> Loaded:
        key = _key(options)
        if key not in self._loaded:
            self._loaded[key] = load_packs(options, _start_of(options), seed, self._progress)
        return self._loaded[key]

    def prepare(self, options: SimulationOptions) -> None:
        """Load what can be shared before it is needed; raises what ``load`` does."""
        if _can_share(options):
            self.load(options, options.new_seed())


def _start_of(options: SimulationOptions) -> float:
    start = options.effective_start_time
    return time.time() if start is None else start


def _can_share(options: SimulationOptions) -> bool:
    """Return whether packs can be loaded once for several: the providers of mock scripts know things outside of the world."""
    return not split_environment(options.packs)[1]


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
            options.quirks,
            options.effective_start_time,
            options.seed,
        )
    )


def load_packs(options: SimulationOptions, now: float, seed: int, progress: Callable[[str], None] | None = None) -> Loaded:
    """Load what the options name; warnings go to the log.

    Args:
        options: of the simulation.
        now: the time for what packs populate, in seconds since 1970-01-01 UTC.
        seed: what generated identifiers are made from; a server that loads packs again keeps its own.
        progress: gets a text about each long step.

    Raises:
        PackError: a pack cannot be served.
        OptionsError: there is no such profile of quirks.
    """
    loaded = load(
        options.packs,
        options.set,
        cache_dir=cache_dir_of(options),
        now=now,
        seed=seed,
        progress=progress,
        namespace=options.namespace,
        schema=options.schema,
        lenient=options.lenient,
        mof_dialect=options.mof_dialect,
        defaults=pack_defaults(quirks_of(options)),
        scenarios=options.scenario,
    )
    _warn(loaded.warnings)
    return loaded


def cache_dir_of(options: SimulationOptions) -> Path | None:
    """Return where compiled packs are kept; None: nowhere."""
    return (options.cache_dir or default_cache_dir()) if options.cache else None


def quirks_of(options: SimulationOptions) -> Quirks:
    """Return the quirks that the options ask for.

    Raises:
        OptionsError: there is no such profile.
    """
    name = options.quirks
    if name is None:
        return Quirks()
    if name not in PROFILES:
        raise OptionsError(f"--quirks: there is no profile {name!r}{did_you_mean(name, PROFILES)}")
    return PROFILES[name]


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings[:_MAX_WARNINGS]:
        _log.warn("{warning}", warning=warning)
    left = len(warnings) - _MAX_WARNINGS
    if left > 0:
        _log.warn("{left} more warnings of this kind: cimsim check shows all", left=left)
