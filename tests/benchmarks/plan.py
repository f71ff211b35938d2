"""How a run is to be done, handed to every measurement."""

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """``quick`` trades certainty for time; ``folder`` is empty, and everything written goes there.

    ``profile``: the file for a profile of the server that runs last; None: none is made.
    """

    quick: bool
    folder: Path
    profile: Path | None = None

    @property
    def rounds(self) -> int:
        """How many pairs of rounds are measured."""
        return 3 if self.quick else 7

    @property
    def seconds(self) -> float:
        """How long a round under load lasts."""
        return 1.0 if self.quick else 3.0

    @property
    def many(self) -> int:
        """How many instances are a great many."""
        return 20_000 if self.quick else 100_000

    @property
    def cache(self) -> Path:
        """Where compiled packs are kept."""
        return self.folder / "cache"


def progress(text: str) -> None:
    """Show on a terminal what is going on, in one line that the next one replaces; say nothing elsewhere."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
