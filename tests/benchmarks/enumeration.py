"""EnumerateInstances of many small instances, against pywbem_mock served over HTTP."""

import time
from typing import Final

from tests.benchmarks.client import BadAnswerError, Connection
from tests.benchmarks.compare import alternate
from tests.benchmarks.messages import class_name, intrinsic
from tests.benchmarks.packs.things.providers import CLASS, NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, Server, peer, simulator
from tests.benchmarks.report import Budget, Figure

COUNT: Final = 10_000
BUDGET: Final = Budget("at least", 200.0)
MARKER: Final = b"<VALUE.NAMEDINSTANCE>"
REQUEST: Final = intrinsic("EnumerateInstances", NAMESPACE, {"ClassName": class_name(CLASS)})
# One answer of ours is too short to time alone.
OURS_AT_ONCE: Final = 10


def measure(plan: Plan) -> list[Figure]:
    """Measure enumerations that were rendered before, and for information the first one, which renders."""
    what = f"EnumerateInstances of {COUNT:,}"
    progress(what)
    with (
        simulator(plan.folder, [PACKS / "things"], [f"things.count={COUNT}"], cache=plan.cache, profile=plan.profile) as ours,
        peer(plan.folder, "mock_server", "--count", COUNT) as mock,
    ):
        first = enumerate_once(ours, COUNT)
        found = alternate(lambda: _rate(mock, 1), lambda: _rate(ours, OURS_AT_ONCE), min(plan.rounds, 5))
    unit, name = "instances/s", "pywbem_mock over HTTP"
    return [
        Figure(what, unit, found.ours, found.peer, name, found.ratio, BUDGET, spread=found.spread),
        Figure(f"{what}, the first time", unit, COUNT / first, found.peer, name, COUNT / first / found.peer),
    ]


def enumerate_once(server: Server, count: int) -> float:
    """Enumerate all things, of which there must be ``count``, and return how many seconds it took."""
    with Connection(server.port) as connection:
        return _ask(connection, count)


def _rate(server: Server, times: int) -> float:
    with Connection(server.port) as connection:
        return times * COUNT / sum(_ask(connection, COUNT) for _ in range(times))


def _ask(connection: Connection, count: int) -> float:
    start = time.perf_counter()
    found = connection.ask(REQUEST, MARKER)
    took = time.perf_counter() - start
    if found != count:
        raise BadAnswerError(f"{found} instances instead of {count}")
    return took
