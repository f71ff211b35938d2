"""Filtering by the server, in WQL and DMTF:FQL, against filtering in pywbem after a full enumeration."""

import time
from collections.abc import Callable
from typing import Final

from pywbem import WBEMConnection

from tests.benchmarks.client import BadAnswerError
from tests.benchmarks.compare import alternate
from tests.benchmarks.enumeration import COUNT
from tests.benchmarks.packs.things.providers import CLASS, NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, simulator
from tests.benchmarks.report import Budget, Figure

BUDGET: Final = Budget("at least", 20.0)
NUMBER: Final = COUNT // 2
CONDITION: Final = f"Number = {NUMBER}"
# One query is too short to time alone.
AT_ONCE: Final = 20


def measure(plan: Plan) -> list[Figure]:
    """Measure both languages, each finding one instance."""
    progress("queries")
    with (
        simulator(plan.folder, [PACKS / "things"], [f"things.count={COUNT}"], cache=plan.cache) as server,
        WBEMConnection(f"http://127.0.0.1:{server.port}", None, NAMESPACE) as conn,
    ):

        def enumerated() -> int:
            return sum(each["Number"] == NUMBER for each in conn.EnumerateInstances(CLASS))

        def filtered() -> int:
            answer = conn.OpenEnumerateInstances(
                CLASS, FilterQueryLanguage="DMTF:FQL", FilterQuery=CONDITION, MaxObjectCount=10
            )
            return len(answer.instances)

        def queried() -> int:
            return len(conn.ExecQuery("WQL", f"SELECT * FROM {CLASS} WHERE {CONDITION}"))

        return [_compare(plan, "DMTF:FQL", enumerated, filtered), _compare(plan, "WQL", enumerated, queried)]


def _compare(plan: Plan, language: str, peer: Callable[[], int], ours: Callable[[], int]) -> Figure:
    found = alternate(lambda: _rate(peer, 1), lambda: _rate(ours, AT_ONCE), min(plan.rounds, 3))
    what = f"{language} over {COUNT:,}"
    return Figure(what, "/s", found.ours, found.peer, "filtering in pywbem", found.ratio, BUDGET, spread=found.spread)


def _rate(find: Callable[[], int], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        if find() != 1:
            raise BadAnswerError("the query does not find its one instance")
    return times / (time.perf_counter() - start)
