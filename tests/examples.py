"""How many examples a property is tried with: few in every run, more in the longer runs of ``.ci/run``."""

import os
from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")

LONGER: Final = int(os.environ.get("TEST_EXAMPLES", "1"))
"""How many times as many examples the run tries; more than 1 in the longer runs, where all is tried that may be."""


def examples(count: int) -> int:
    """Return how many examples to try where a short run tries ``count``; ``TEST_EXAMPLES=10`` makes it ten times as many."""
    return count * LONGER


def sampled(many: Sequence[T], step: int) -> Sequence[T]:
    """Return every ``step``-th of many in a short run, and all in the longer runs."""
    return many if LONGER > 1 else many[::step]
