"""A running CIMOM in the hands of the control plane."""

from dataclasses import dataclass, field

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
        journal: its newest exchanges, without bodies.
        counts: of the requests of clients.
        urls: of the ports of clients.
        packs: that it is made of.
        ready: whether clients are answered: from the start of the simulation to its stop.
    """

    cimom: Cimom
    snapshots: Snapshots
    journal: Journal = field(default_factory=lambda: Journal(bodies=False))
    counts: RequestCounts = field(default_factory=RequestCounts)
    urls: tuple[str, ...] = ()
    packs: tuple[LoadedPack, ...] = ()
    ready: bool = False

    def reset(self) -> None:
        """Go back to the world as it was loaded, forget all faults and exchanges; nobody is notified."""
        self.snapshots.reset()
        self.cimom.faults.clear()
        self.journal.clear()
