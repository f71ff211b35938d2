"""The table: one line for each figure, with its peer, their ratio and the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit, and what it holds for: the ratio, or our own figure where there is no peer to divide by."""

    relation: Literal["at least", "at most"]
    limit: float
    of: Literal["ratio", "ours"] = "ratio"

    def admits(self, value: float) -> bool:
        """Whether a value keeps to the budget."""
        return value >= self.limit if self.relation == "at least" else value <= self.limit


@dataclass(frozen=True, slots=True)
class Figure:
    """What one measurement found; ``ours`` and ``peer`` are in ``unit``. Without a budget it only informs.

    ``spread`` is how far the rounds vary, as a share of the figure; None: not known.
    """

    what: str
    unit: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    ratio: float | None = None
    budget: Budget | None = None
    note: str = ""
    spread: float | None = None

    @property
    def value(self) -> float:
        """What can be compared with another run: the ratio where there is one, since it says less of the machine."""
        return self.ours if self.ratio is None else self.ratio

    @property
    def more_is_better(self) -> bool:
        """Whether a larger figure is the better one."""
        return self.budget.relation == "at least" if self.budget else self.unit.endswith("/s")

    @property
    def met(self) -> bool:
        """Whether the budget is kept."""
        if self.budget is None:
            return True
        value = self.ours if self.budget.of == "ours" else self.ratio
        return value is not None and self.budget.admits(value)

    def cells(self) -> tuple[str, ...]:
        """Return the line of the table."""
        verdict = "" if self.budget is None else "ok" if self.met else "MISSED"
        return (
            self.what,
            f"{number(self.ours)} {self.unit}",
            "" if self.peer is None else f"{number(self.peer)} {self.unit}, {self.peer_name}",
            "" if self.ratio is None else f"{number(self.ratio)} x",
            self._budget(),
            verdict,
            self.note,
        )

    def _budget(self) -> str:
        if self.budget is None:
            return ""
        return f"{self.budget.relation} {number(self.budget.limit)} {'x' if self.budget.of == 'ratio' else self.unit}"


HEADINGS = ("what", "ours", "peer", "ratio", "budget", "", "note")


def table(figures: Sequence[Figure]) -> str:
    """Return the table as Markdown, its columns aligned."""
    lines = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    rows = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines]
    rows.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(rows)


def number(value: float) -> str:
    """Return a number with three digits that count, and thousands set apart."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
