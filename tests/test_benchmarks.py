"""What the benchmarks make of their figures; measuring itself is not a test."""

import socket
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import etree

from cimsim.operations.table import OPERATIONS
from cimsim.testing import Simulator
from tests.benchmarks import breadth, console, costs, endurance, rates
from tests.benchmarks.client import Connection
from tests.benchmarks.compare import alternate, spread
from tests.benchmarks.plot import plot
from tests.benchmarks.processes import PACKS
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


@pytest.fixture(scope="module")
def sim(cache_dir: Path) -> Iterator[Simulator]:
    packs = [PACKS / name for name in ("links", "things", "guests")]
    settings = {"links.unrelated": 50, "things.count": 100}
    with Simulator(*packs, settings=settings, cache_dir=cache_dir, clock="manual", control_port=0) as sim:
        yield sim


@pytest.fixture
def connection(sim: Simulator) -> Iterator[Connection]:
    with Connection(urlsplit(sim.url).port or 0) as connection:
        yield connection


def test_every_operation_is_measured() -> None:
    measured = {name for row in breadth.ROWS for name in row.operations}
    measured |= {name for opens, pulls, _ in breadth.SESSION_ROWS for name in (opens, pulls, *breadth.ALSO)}
    measured |= {name for each in costs.OPERATIONS for name in each}
    assert measured == {each.name for each in OPERATIONS.values()}


@pytest.mark.parametrize("row", breadth.ROWS, ids=lambda row: row.operations[0])
def test_what_is_measured_succeeds_and_no_two_messages_are_alike(connection: Connection, row: breadth.Row) -> None:
    streams = breadth.unlike(row)
    messages = [message for stream in streams for message in stream]
    assert len(set(messages)) == len(messages) == breadth.UNLIKE * len(row.operations)
    for request in [*streams[0][: 2 * len(row.operations)], *row.requests(0)]:
        assert connection.ask(request) == 0, connection.end


@pytest.mark.parametrize("row", breadth.SESSION_ROWS, ids=lambda row: row[0])
def test_sessions_that_are_measured_are_opened_and_closed(
    sim: Simulator, connection: Connection, row: tuple[str, str, dict[str, str]]
) -> None:
    assert list(islice(breadth.sessions(connection, *row), 2)) == [4, 4]
    assert sim.in_reactor(lambda: sim.controlled.cimom.open_contexts) == 0


def test_rates_are_measured_with_messages_that_are_not_alike() -> None:
    streams = rates.numbered(rates.call_host(("StopService", "StartService")))
    messages = [message for stream in streams for message in stream]
    assert len(set(messages)) == len(messages) > 8_000
    assert len({len(message) for message in messages}) <= 2 * rates.CONNECTIONS
    assert [b"StopService" in each for each in streams[0][:4]] == [True, False, True, False]


def test_names_have_as_many_spellings_as_their_letters_give() -> None:
    spelled = {costs.spelling("root/bench", number) for number in range(2**9)}
    assert len(spelled) == 2**9
    assert {each.lower() for each in spelled} == {"root/bench"}


def test_what_the_console_asks_for_is_answered(sim: Simulator) -> None:
    port = urlsplit(sim.control_url or "").port or 0
    with Connection(port) as connection:
        for path in console.ASKED.values():
            connection.ask(console.asked(path(0), port))
            assert connection.length > 0


def test_a_million_exchanges_are_of_all_kinds(sim: Simulator) -> None:
    answers: dict[str, list[int]] = {}
    with Connection(urlsplit(sim.url).port or 0) as connection:
        for request in islice(endurance.exchanges(), 24):
            kind = request.partition(b"CIMMethod: ")[2].partition(b"\r\n")[0].decode()
            answers.setdefault(kind, []).append(connection.ask(request))
    failed = {kind for kind, errors in answers.items() if any(errors)}
    assert failed == {"GetInstance"}
    assert 0 in answers["GetInstance"]
    with socket.create_connection(("127.0.0.1", urlsplit(sim.url).port or 0), timeout=20) as pipelined:
        before = sim.in_reactor(lambda: sim.journal.recorded)
        endurance.ask(pipelined, list(islice(endurance.exchanges(), 24)))
        assert sim.in_reactor(lambda: sim.journal.recorded) == before + 24


def test_the_spread_is_the_share_by_which_values_vary() -> None:
    assert spread([10.0, 10.0, 10.0]) == 0
    assert spread([8.0, 10.0, 12.0]) == pytest.approx(0.2)
    turns = iter([10.0, 20.0, 10.0, 30.0, 10.0, 25.0])
    found = alternate(lambda: next(turns), lambda: next(turns), 3)
    assert (found.ours, found.peer, found.ratio) == (25.0, 10.0, 2.5)
