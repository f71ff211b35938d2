"""A running CIMOM in the hands of the control plane."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cimsim.cimom.exchanges import Called
from cimsim.cimom.indications import Indications
from cimsim.cimom.journal import Journal
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.snapshots import Snapshots
from cimsim.packs.load import Loaded
from cimsim.server.mount import Batches
from cimsim.simulation.options import SimulationOptions
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
        ready: whether clients are answered: from the start of the simulation to its stop.
        wall: returns the seconds since 1970-01-01 UTC by the clock of the computer.
        options: what it was started with; None: not known.
        loaded: what its packs hold; None: not known.
        indications: what it sends to listeners; None: nothing.
        connections: returns how many connections of clients are open.
        answer: answers a message of CIM-XML by its body and its user, and notes its calls; None: nothing does.
        memo: belongs to the control plane, which keeps there what it has for this CIMOM.
    """

    cimom: Cimom
    snapshots: Snapshots
    journal: Journal = field(default_factory=Journal)
    counts: RequestCounts = field(default_factory=RequestCounts)
    urls: tuple[str, ...] = ()
    ready: bool = False
    wall: Callable[[], float] = time.time
    options: SimulationOptions | None = None
    loaded: Loaded | None = None
    indications: Indications | None = None
    connections: Callable[[], int] = lambda: 0
    answer: Callable[[bytes, str | None, list[Called]], Batches] | None = None
    memo: dict[str, Any] = field(default_factory=dict)

    def reset(self) -> None:
        """Go back to the world as it was loaded, forget all faults and exchanges; nobody is notified."""
        self.snapshots.reset()
        self.cimom.faults.clear()
        self.journal.clear()
