"""The instances of several classes as one sequence without a copy: nothing is done for one before it is asked for."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, TypeVar, overload

from cimsim.world.pmap import PersistentMap

V = TypeVar("V")


class Listing(Sequence[V]):
    """The values of maps, one map after the other, each in its order.

    To iterate over it and to take its length cost nothing beforehand. What it finds by place it counts up to: whoever wants
    more than the first few that way makes a list of it.
    """

    __slots__ = ("_length", "_maps")

    def __init__(self, maps: Sequence[PersistentMap[Any, V]]) -> None:
        self._maps = maps
        self._length = sum(map(len, maps))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[V]:
        return chain.from_iterable(map(PersistentMap.iterate, self._maps))

    @overload
    def __getitem__(self, place: int) -> V: ...
    @overload
    def __getitem__(self, place: slice) -> list[V]: ...
    def __getitem__(self, place: int | slice) -> V | list[V]:
        if isinstance(place, slice):
            start, stop, step = place.indices(self._length)
            return list(islice(self, start, stop, step)) if step > 0 else list(self)[place]
        if not -self._length <= place < self._length:
            raise IndexError(place)
        return next(islice(self, place % self._length, None))

    def __repr__(self) -> str:
        return f"Listing({list(self)!r})"
