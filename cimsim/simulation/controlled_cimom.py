"""A running CIMOM in the hands of the control plane."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from cimsim.cimom.journal import Journal
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.snapshots import Snapshots
from cimsim.simulation.request_counts import RequestCounts


class LoadsMore(Protocol):
    """Loads into a running CIMOM; see ``further_loading.FurtherLoading``."""

    def packs(self, names: Sequence[str | Path], settings: Mapping[str, Any]) -> list[str]:
        """Load packs; return the names of those that were not there; raises PackError."""
        ...

    def mof(self, mof: str | Path, namespace: str | None) -> str:
        """Add the declarations of a MOF text or file; return the namespace; raises PackError."""
        ...


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
        further: loads more packs and MOF; None: nothing does.
    """

    cimom: Cimom
    snapshots: Snapshots
    journal: Journal = field(default_factory=lambda: Journal(bodies=False))
    counts: RequestCounts = field(default_factory=RequestCounts)
    urls: tuple[str, ...] = ()
    ready: bool = False
    folders: Mapping[str, Path] = field(default_factory=dict)
    further: LoadsMore | None = None

    def reset(self) -> None:
        """Go back to the world as it was loaded and to the faults of the start, forget exchanges; nobody is notified."""
        self.snapshots.reset()
        self.cimom.faults.reset()
        self.journal.clear()
