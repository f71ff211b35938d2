"""Running CIMOMs in the hands of the control plane."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cimsim.cimom.indications import Indications
from cimsim.cimom.journal import Journal
from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.snapshots import Snapshots
from cimsim.packs.load import Loaded
from cimsim.simulation.options import SimulationOptions
from cimsim.simulation.request_counts import RequestCounts
from cimsim.world.names import nearest


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
        memo: belongs to the control plane, which keeps there what it has for this CIMOM.
        name: that no other CIMOM of the server has.
        instance: what no other CIMOM has, nor the same one before it was started again.
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
    memo: dict[str, Any] = field(default_factory=dict)
    name: str = "cimsim"
    instance: str = ""

    def reset(self) -> None:
        """Go back to the world as it was loaded, forget all faults and exchanges; nobody is notified."""
        self.snapshots.reset()
        self.cimom.faults.clear()
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
