"""Loading the packs that options name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from twisted.logger import Logger

from cimsim.packs.cache import default_cache_dir
from cimsim.packs.load import Loaded, load
from cimsim.simulation.options import SimulationOptions

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
    """
    loaded = load(
        options.packs,
        options.set,
        cache_dir=(options.cache_dir or default_cache_dir()) if options.cache else None,
        now=now,
        seed=seed,
        progress=progress,
        namespace=options.namespace,
        schema=options.schema,
        lenient=options.lenient,
        mof_dialect=options.mof_dialect,
    )
    _warn(loaded.warnings)
    return loaded


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings[:_MAX_WARNINGS]:
        _log.warn("{warning}", warning=warning)
    left = len(warnings) - _MAX_WARNINGS
    if left > 0:
        _log.warn("{left} more warnings of this kind: cimsim check shows all", left=left)
