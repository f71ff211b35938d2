"""From the start of the process to the first answer, with the shipped packs."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tests.benchmarks.client import Connection
from tests.benchmarks.compare import alternate
from tests.benchmarks.packs.guests.providers import WEB01
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import simulator
from tests.benchmarks.rates import get_instance
from tests.benchmarks.report import Budget, Figure

IMPORTS: Final = "import twisted.internet.reactor, lxml.etree, pywbem"
WARM_BUDGET: Final = Budget("at most", 1.6)
COLD_BUDGET: Final = Budget("at most", 4.0, of="ours")


def measure(plan: Plan) -> list[Figure]:
    """Measure the first start, which compiles the packs, and later ones, which find them in the cache."""
    cache = plan.folder / "startup-cache"
    progress("first start")
    first = _start(plan, cache)
    progress("start with a warm cache")
    found = alternate(_import, lambda: _start(plan, cache), plan.rounds)
    name = "importing Twisted, lxml and pywbem"
    return [
        Figure(
            "start to first answer, warm cache",
            "s",
            found.ours,
            found.peer,
            name,
            found.ratio,
            WARM_BUDGET,
            spread=found.spread,
        ),
        Figure("start to first answer, no cache", "s", first, found.peer, name, first / found.peer, COLD_BUDGET),
    ]


def _start(plan: Plan, cache: Path) -> float:
    start = time.perf_counter()
    with simulator(plan.folder, cache=cache) as server, Connection(server.port) as connection:
        connection.ask(get_instance(WEB01))
        return time.perf_counter() - start


def _import() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - start
