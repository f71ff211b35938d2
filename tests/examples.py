"""How many examples a property is tried with: few in every run, more in the longer runs of ``.ci/run``."""

import os
from typing import Final

LONGER: Final = int(os.environ.get("TEST_EXAMPLES", "1"))
"""How many times as many examples the run tries; more than 1 in the longer runs, where all is tried that may be."""


def examples(count: int) -> int:
    """Return how many examples to try where a short run tries ``count``; ``TEST_EXAMPLES=10`` makes it ten times as many."""
    return count * LONGER
