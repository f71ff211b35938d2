"""Loading the packs that options name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from twisted.logger import Logger

from cimsim.packs.cache import default_cache_dir
from cimsim.packs.load import Loaded, load
from cimsim.quirks.options import pack_defaults
from cimsim.quirks.profiles import PROFILES, Quirks
from cimsim.simulation.options import OptionsError, SimulationOptions
from cimsim.world.names import did_you_mean

_MAX_WARNINGS: Final = 20

_log = Logger(namespace="cimsim.packs")


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
