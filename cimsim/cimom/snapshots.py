"""Worlds of a CIMOM that are kept by name, and the one that it was loaded with: to go back to, and to compare."""

from collections.abc import Generator, Iterable, Iterator
from typing import Final

import msgspec

from cimsim.cimom.object_manager import Cimom
from cimsim.cimom.world_diff import WorldDiff, diffing
from cimsim.world.names import nearest
from cimsim.world.world import World

MAX_SNAPSHOTS: Final = 1_000


class UnknownSnapshotError(KeyError):
    """There is no snapshot of a name.

    Attributes:
        text: says so, with the nearest that exists.
        nearest: that one, None if none is close enough.
    """

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.nearest = nearest(name, known)
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        self.text = f"there is no snapshot {name!r}{hint}"
        super().__init__(self.text)


class TooManySnapshotsError(RuntimeError):
    """So many snapshots are kept that there is no room for another one."""


class Snapshot(msgspec.Struct, frozen=True):
    """A world that was kept: its name, when it was by the CIMOM's clock, and the world itself."""

    name: str
    time: float
    world: World


class Snapshots:
    """The snapshots of one CIMOM; worlds share what they have in common.

    Args:
        cimom: whose world is kept and replaced.

    Attributes:
        base: the world to which ``reset`` goes back: the current one, until another is set.
    """

    def __init__(self, cimom: Cimom) -> None:
        self.base = cimom.world
        self._cimom = cimom
        self._kept: dict[str, Snapshot] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(self._kept.values())

    def take(self, name: str) -> Snapshot:
        """Keep the current world under a name, in place of the one that had it; return it.

        Raises:
            TooManySnapshotsError: ``MAX_SNAPSHOTS`` others are kept.
        """
        if name not in self._kept and len(self._kept) >= MAX_SNAPSHOTS:
            raise TooManySnapshotsError(f"{MAX_SNAPSHOTS} snapshots are kept: remove one first")
        snapshot = Snapshot(name, self._cimom.clock.now(), self._cimom.world)
        self._kept[name] = snapshot
        return snapshot

    def get(self, name: str) -> Snapshot:
        """Return the snapshot of a name.

        Raises:
            UnknownSnapshotError: there is none.
        """
        if name not in self._kept:
            raise UnknownSnapshotError(name, self._kept)
        return self._kept[name]

    def remove(self, name: str) -> Snapshot:
        """Forget a snapshot; return it.

        Raises:
            UnknownSnapshotError: there is none.
        """
        self.get(name)
        return self._kept.pop(name)

    def restore(self, name: str) -> Snapshot:
        """Go back to a snapshot, and return it; nobody is notified.

        Raises:
            UnknownSnapshotError: there is none.
        """
        snapshot = self.get(name)
        self._cimom.replace_world(snapshot.world)
        return snapshot

    def reset(self) -> None:
        """Go back to the base; nobody is notified."""
        self._cimom.replace_world(self.base)

    def diffing(self, before: str | None = None, after: str | None = None) -> Generator[None, None, WorldDiff]:
        """Compare two worlds in steps, as ``world_diff.diffing`` does.

        Args:
            before: the name of the first snapshot; None: the base.
            after: the name of the second; None: the current world.

        Raises:
            UnknownSnapshotError: there is none of a name.
        """
        first = self.base if before is None else self.get(before).world
        return diffing(first, self._cimom.world if after is None else self.get(after).world)
