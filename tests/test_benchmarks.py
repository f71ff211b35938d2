"""What the benchmarks make of their figures; measuring itself is not a test."""

from pathlib import Path

import pytest
from lxml import etree

from tests.benchmarks.plot import plot
from tests.benchmarks.report import Budget, Figure
from tests.benchmarks.results import ResultsError, read_results, slower, write_results

COST = Figure("CPU of GetInstance", "us", 150.0, 65.0, "bare walk", 2.3, Budget("at most", 3.0), spread=0.01)
RATE = Figure("StopService", "/s", 9_000.0, 3_500.0, "bare", 2.6, Budget("at least", 2.0), spread=0.02)
ALONE = Figure("CPU of EnumerateInstances", "us", 10_000.0)


def _since(tmp_path: Path, *figures: Figure) -> list[str]:
    """Return what became slower from the usual figures to these."""
    write_results(tmp_path / "before.json", [COST, RATE, ALONE], "1.0")
    return list(slower(figures, read_results(tmp_path / "before.json")))


def _as(figure: Figure, value: float, spread: float | None = 0.01) -> Figure:
    ratio = None if figure.ratio is None else value
    ours = value if figure.ratio is None else figure.ours
    return Figure(figure.what, figure.unit, ours, figure.peer, figure.peer_name, ratio, figure.budget, spread=spread)


@pytest.mark.parametrize(
    ("figure", "value"), [(COST, 2.6), (RATE, 2.2), (ALONE, 11_000.0)], ids=["a cost", "a rate", "one without a peer"]
)
def test_what_is_worse_beyond_the_noise_is_named(tmp_path: Path, figure: Figure, value: float) -> None:
    (line,) = _since(tmp_path, _as(figure, value))
    assert line.startswith(f"{figure.what}: ")


@pytest.mark.parametrize(
    ("figure", "value", "spread"),
    [(COST, 2.3, 0.01), (COST, 2.38, 0.01), (COST, 1.2, 0.01), (COST, 2.6, 0.2), (RATE, 5.0, 0.01), (RATE, 2.5, 0.01)],
)
def test_noise_and_gains_are_not(tmp_path: Path, figure: Figure, value: float, spread: float) -> None:
    assert _since(tmp_path, _as(figure, value, spread)) == []


def test_a_figure_that_is_new_is_not_compared(tmp_path: Path) -> None:
    assert _since(tmp_path, Figure("CPU of Associators", "us", 1e9)) == []


@pytest.mark.parametrize("content", [b"", b"[]", b'{"version": 1}'])
def test_a_file_without_results_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(ResultsError, match=r"results\.json"):
        read_results(tmp_path / "results.json")


def test_the_picture_has_a_bar_for_each_budget() -> None:
    missed = Figure("<slow>", "ms", 60.0, budget=Budget("at most", 50.0, of="ours"))
    tree = etree.fromstring(plot([COST, RATE, ALONE, missed]))
    texts = [each.text for each in tree.iter("{*}text")]
    assert texts == ["CPU of GetInstance", "2.30 x", "StopService", "2.60 x", "<slow>", "60.0 ms"]
    bars = [each for each in tree.iter("{*}rect") if each.get("x")]
    assert len({each.get("fill") for each in bars[:2]}) == 1
    assert bars[2].get("fill") != bars[0].get("fill")
    assert float(bars[2].get("width") or 0) > float(bars[0].get("width") or 0)
