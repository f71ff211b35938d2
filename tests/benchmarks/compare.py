"""Comparing with a peer: rounds alternate, so that what disturbs the machine disturbs both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Comparison:
    """The medians of all rounds; ``ratio`` is the median of the rounds' ratios, ours to the peer's.

    ``spread`` is how far the ratios vary: the median of the distances from the median, as a share of it.
    """

    ours: float
    peer: float
    ratio: float
    spread: float


def alternate(peer: Callable[[], float], ours: Callable[[], float], rounds: int) -> Comparison:
    """Measure peer, ours, peer, ours, ..."""
    pairs = [(peer(), ours()) for _ in range(rounds)]
    ratios = [mine / theirs for theirs, mine in pairs]
    return Comparison(
        ours=median(mine for _, mine in pairs),
        peer=median(theirs for theirs, _ in pairs),
        ratio=median(ratios),
        spread=spread(ratios),
    )


def spread(values: Sequence[float]) -> float:
    """Return how far values vary: the median of their distances from the median, as a share of it."""
    middle = median(values)
    return median(abs(each - middle) for each in values) / middle
