"""Long answers in steps, between which others are answered."""

from collections.abc import Callable, Generator, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Any, Final, TypeVar

T = TypeVar("T")

STEP: Final = 200
"""How many small things are done in a step."""
_SORTED_AT_ONCE: Final = 5_000
_MERGED_AT_ONCE: Final = 2_000


def batched(items: Sequence[T], size: int = STEP) -> Iterator[Sequence[T]]:
    """Yield parts of a sequence, each as long as one step may be."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def sorted_part(
    items: Sequence[T], key: Callable[[T], Any], start: int, count: int, *, descending: bool = False
) -> Generator[None, None, list[T]]:
    """Return ``count`` items from ``start`` on of those sorted by a key, in steps; equal ones stay in their order."""
    runs: list[list[T]] = []
    for part in batched(items, _SORTED_AT_ONCE):
        runs.append(sorted(part, key=key, reverse=descending))
        yield
    if len(runs) == 1:
        return runs[0][start : start + count]
    merged = merge(*runs, key=key, reverse=descending)
    found: list[T] = []
    left = min(start + count, len(items))
    while left > 0:
        taken = list(islice(merged, min(left, _MERGED_AT_ONCE)))
        left -= len(taken)
        found += taken
        yield
    return found[start:]
