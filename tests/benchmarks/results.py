"""Results of a run as JSON, and what became slower since another run."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.benchmarks.report import Figure, number

LEAST: Final = 0.05
"""What differs by less is never called slower."""
FACTOR: Final = 3.0
"""So many times the spread of both runs is noise."""


class Result(msgspec.Struct, frozen=True):
    """A figure as JSON has it: ``value`` is the ratio to the peer where there is one, else ``ours``."""

    what: str
    unit: str
    ours: float
    value: float
    more_is_better: bool
    spread: float | None = None


class Results(msgspec.Struct, frozen=True):
    """All figures of a run, and of which version."""

    version: str
    figures: list[Result]


class ResultsError(Exception):
    """A file that holds no results."""


def write_results(path: Path, figures: Sequence[Figure], version: str) -> None:
    """Write the figures of a run."""
    results = [Result(each.what, each.unit, each.ours, each.value, each.more_is_better, each.spread) for each in figures]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(Results(version, results)), indent=1) + b"\n")


def read_results(path: Path) -> Results:
    """Return the results in a file.

    Raises:
        ResultsError: it cannot be read, or holds something else.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except (OSError, msgspec.MsgspecError) as error:
        raise ResultsError(f"{path}: {error}") from None


def slower(figures: Sequence[Figure], before: Results) -> Iterator[str]:
    """Yield a line for each figure that is worse than before, beyond the noise of both runs."""
    known = {each.what: each for each in before.figures}
    for figure in figures:
        old = known.get(figure.what)
        if old is None or not old.value or not figure.value:
            continue
        worse = old.value / figure.value if figure.more_is_better else figure.value / old.value
        noise = max(LEAST, FACTOR * ((figure.spread or 0.0) + (old.spread or 0.0)))
        if worse > 1 + noise:
            yield (
                f"{figure.what}: {number(worse)} times as slow ({number(old.value)} before, {number(figure.value)} now,"
                f" noise {noise:.0%})"
            )
