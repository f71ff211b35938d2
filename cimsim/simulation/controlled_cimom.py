"""A running CIMOM in the hands of the control plane."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cimsim.cimom.journal import Journal
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.snapshots import Snapshots
from cimsim.simulation.request_counts import RequestCounts


@dataclass(slots=True)
class ControlledCimom:
    """What the control plane shows and changes. All of it belongs to the thread of the reactor.

    Attributes:
        cimom: the object manager.
        snapshots: its worlds that are kept.
        journal: its newest exchanges, without bodies.
        counts: of the requests of clients.
        urls: of the ports of clients.
        ready: whether clients are answered: from the start of the simulation to its stop.
        folders: of its packs by name.
    """

    cimom: Cimom
    snapshots: Snapshots
    journal: Journal = field(default_factory=lambda: Journal(bodies=False))
    counts: RequestCounts = field(default_factory=RequestCounts)
    urls: tuple[str, ...] = ()
    ready: bool = False
    folders: Mapping[str, Path] = field(default_factory=dict)

    def reset(self) -> None:
        """Go back to the world as it was loaded and to the faults of the start, forget exchanges; nobody is notified."""
        self.snapshots.reset()
        self.cimom.faults.reset()
        self.journal.clear()
