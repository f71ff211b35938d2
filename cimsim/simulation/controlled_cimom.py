"""Running CIMOMs in the hands of the control plane."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import msgspec

from cimsim.cimom.exchanges import Called
from cimsim.cimom.indications import Indications
from cimsim.cimom.journal import Journal
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.snapshots import Snapshots
from cimsim.packs.load import Loaded
from cimsim.server.mount import Batches
from cimsim.simulation.options import SimulationOptions
from cimsim.simulation.request_counts import RequestCounts
from cimsim.world.names import nearest

Work: TypeAlias = Callable[[], Any]
"""A pure function that takes long, for another thread than that of the reactor."""


class LoadsMore(Protocol):
    """Loads into a running CIMOM; see ``further_loading.FurtherLoading``.

    The generators yield work for another thread, and are sent what it returned.
    """

    @property
    def loaded(self) -> Loaded:
        """All that is loaded."""
        ...

    def packs(self, names: Sequence[str | Path], settings: Mapping[str, Any]) -> Generator[Work, Any, list[str]]:
        """Load packs; return the names of those that were not there; raises PackError."""
        ...

    def mof(self, mof: str | Path, namespace: str | None) -> Generator[Work, Any, str]:
        """Add the declarations of a MOF text or file; return the namespace; raises PackError."""
        ...


class ControlledCimom(msgspec.Struct):
    """What the control plane shows and changes. All of it belongs to the thread of the reactor.

    Attributes:
        cimom: the object manager.
        snapshots: its worlds that are kept.
        journal: its newest exchanges, with their bodies.
        counts: of the requests of clients.
        urls: of the ports of clients.
        ready: whether clients are answered: from the start of the simulation to its stop.
        further: loads more packs and MOF; None: nothing does.
        name: that no other CIMOM of the server has.
        instance: what no other CIMOM has, nor the same one before it was started again.
        wall: returns the seconds since 1970-01-01 UTC by the clock of the computer.
        options: what it was started with; None: not known.
        indications: what it sends to listeners; None: nothing.
        connections: returns how many connections of clients are open.
        answer: answers a message of CIM-XML by its body and its user, and notes its calls; None: nothing does.
        memo: belongs to the control plane, which keeps there what it has for this CIMOM.
    """

    cimom: Cimom
    snapshots: Snapshots
    journal: Journal = msgspec.field(default_factory=Journal)
    counts: RequestCounts = msgspec.field(default_factory=RequestCounts)
    urls: tuple[str, ...] = ()
    ready: bool = False
    further: LoadsMore | None = None
    name: str = "cimsim"
    instance: str = ""
    wall: Callable[[], float] = time.time
    options: SimulationOptions | None = None
    indications: Indications | None = None
    connections: Callable[[], int] = lambda: 0
    answer: Callable[[bytes, str | None, list[Called]], Batches] | None = None
    memo: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def loaded(self) -> Loaded | None:
        """What its packs hold, those that were loaded later too; None: not known."""
        return None if self.further is None else self.further.loaded

    @property
    def folders(self) -> Mapping[str, Path]:
        """The folders of its packs by name."""
        return {} if self.loaded is None else self.loaded.folders

    def reset(self) -> None:
        """Go back to the world as it was loaded and to the faults of the start, forget exchanges; nobody is notified."""
        self.snapshots.reset()
        self.cimom.faults.reset()
        self.journal.clear()


class UnknownCimomError(KeyError):
    """There is no CIMOM of a name.

    Attributes:
        text: says so, with those that exist.
        nearest: the one that was probably meant, empty if none is close.
    """

    def __init__(self, name: str, known: list[str]) -> None:
        self.nearest = nearest(name, known) or ""
        hint = f"did you mean {self.nearest}?" if self.nearest else f"there are: {', '.join(known)}"
        self.text = f"there is no CIMOM {name}; {hint}"
        super().__init__(self.text)


class ControlledCimoms:
    """The CIMOMs of a server by name. There is always a first one, which stands for all where none is named."""

    def __init__(self, first: ControlledCimom) -> None:
        self._by_name = {first.name: first}

    def __iter__(self) -> Iterator[ControlledCimom]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def first(self) -> ControlledCimom:
        """The first one."""
        return next(iter(self._by_name.values()))

    @property
    def ready(self) -> bool:
        """Whether the clients of all of them are answered."""
        return all(each.ready for each in self)

    def add(self, controlled: ControlledCimom) -> None:
        """Take one more; its name is its own."""
        self._by_name[controlled.name] = controlled

    def remove(self, name: str) -> None:
        """Leave one out."""
        del self._by_name[name]

    def get(self, name: str) -> ControlledCimom:
        """Return the one of a name; raises UnknownCimomError."""
        found = self._by_name.get(name)
        if found is None:
            raise UnknownCimomError(name, list(self._by_name))
        return found
