"""The ratios of a run as a picture: a bar for each figure that has a budget, as a share of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from tests.benchmarks.report import Figure, number

ROW: Final = 22
TEXT: Final = 430
WIDTH: Final = 400
MARGIN: Final = 12


def write_plot(path: Path, figures: Sequence[Figure]) -> None:
    """Write the picture as SVG."""
    path.write_text(plot(figures), encoding="utf-8")


def plot(figures: Sequence[Figure]) -> str:
    """Return the picture; a bar that reaches the line keeps its budget just so, a shorter one has room left."""
    shown = [(figure, used) for figure in figures if (used := _used(figure)) is not None]
    height = ROW * len(shown) + 2 * MARGIN
    rows = [_row(place, figure, used) for place, (figure, used) in enumerate(shown)]
    line = TEXT + WIDTH / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{TEXT + WIDTH + 110}" height="{height}" font-family="sans-serif"'
        f' font-size="12"><rect width="100%" height="100%" fill="#fff"/>{"".join(rows)}'
        f'<line x1="{line}" x2="{line}" y1="0" y2="{height}" stroke="#444" stroke-dasharray="3 3"/></svg>\n'
    )


def _used(figure: Figure) -> float | None:
    """Return the share of its budget that a figure uses; None without a budget."""
    if figure.budget is None:
        return None
    value = figure.ours if figure.budget.of == "ours" else figure.ratio
    if not value:
        return None
    return figure.budget.limit / value if figure.budget.relation == "at least" else value / figure.budget.limit


def _row(place: int, figure: Figure, used: float) -> str:
    top = MARGIN + place * ROW
    width = min(used, 2.0) * WIDTH / 2
    value = figure.ours if figure.budget and figure.budget.of == "ours" else figure.ratio or 0.0
    unit = figure.unit if figure.budget and figure.budget.of == "ours" else "x"
    color = "#3a7d44" if figure.met else "#b3261e"
    return (
        f'<text x="{MARGIN}" y="{top + 14}">{escape(figure.what)}</text>'
        f'<rect x="{TEXT}" y="{top + 3}" width="{width:.1f}" height="{ROW - 8}" fill="{color}"/>'
        f'<text x="{TEXT + width + 6:.1f}" y="{top + 14}">{number(value)} {unit}</text>'
    )
