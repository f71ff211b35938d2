"""A running CIMOM in the hands of the control plane."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cimsim.cimom.journal import Journal
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.snapshots import Snapshots
from cimsim.packs.load import LoadedPack
from cimsim.simulation.request_counts import RequestCounts


@dataclass(slots=True)
class ControlledCimom:
    """What the control plane shows and changes. All of it belongs to the thread of the reactor.

    Attributes:
        cimom: the object manager.
        snapshots: its worlds that are kept.
        journal: its newest exchanges, with their bodies.
        counts: of the requests of clients.
        urls: of the ports of clients.
        packs: that it is made of.
        ready: whether clients are answered: from the start of the simulation to its stop.
        wall: returns the seconds since 1970-01-01 UTC by the clock of the computer.
        memo: belongs to the control plane, which keeps there what it has for this CIMOM.
    """

    cimom: Cimom
    snapshots: Snapshots
    journal: Journal = field(default_factory=Journal)
    counts: RequestCounts = field(default_factory=RequestCounts)
    urls: tuple[str, ...] = ()
    packs: tuple[LoadedPack, ...] = ()
    ready: bool = False
    wall: Callable[[], float] = time.time
    memo: dict[str, Any] = field(default_factory=dict)

    def reset(self) -> None:
        """Go back to the world as it was loaded, forget all faults and exchanges; nobody is notified."""
        self.snapshots.reset()
        self.cimom.faults.clear()
        self.journal.clear()
