"""How many examples a property is tried with: few in every run, more in the longer runs of ``.ci/run``."""

import os


def examples(count: int) -> int:
    """Return how many examples to try where a short run tries ``count``; ``TEST_EXAMPLES=10`` makes it ten times as many."""
    return count * int(os.environ.get("TEST_EXAMPLES", "1"))
