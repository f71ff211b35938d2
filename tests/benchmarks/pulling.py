"""Pulling many instances in batches, against one EnumerateInstances of the same server."""

import re
import time
from typing import Final

from tests.benchmarks.client import BadAnswerError, Connection
from tests.benchmarks.compare import alternate
from tests.benchmarks.enumeration import COUNT, enumerate_once
from tests.benchmarks.messages import class_name, intrinsic
from tests.benchmarks.packs.things.providers import CLASS, NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, Server, simulator
from tests.benchmarks.report import Budget, Figure

BATCH: Final = 1_000
BUDGET: Final = Budget("at most", 1.3)
MARKER: Final = b"<VALUE.INSTANCEWITHPATH>"
OPEN: Final = intrinsic(
    "OpenEnumerateInstances",
    NAMESPACE,
    {"ClassName": class_name(CLASS), "MaxObjectCount": f"<VALUE>{BATCH}</VALUE>"},
)
CONTEXT: Final = re.compile(rb'NAME="EnumerationContext"[^>]*><VALUE>([^<]+)<')
# One enumeration is too short to time alone.
AT_ONCE: Final = 10


def measure(plan: Plan) -> list[Figure]:
    """Measure both on instances that were rendered before."""
    what = f"pulling {COUNT:,} in batches of {BATCH:,}"
    progress(what)
    with simulator(plan.folder, [PACKS / "things"], [f"things.count={COUNT}"], cache=plan.cache) as server:
        enumerate_once(server, COUNT)
        _pull_all(server)
        found = alternate(
            lambda: sum(enumerate_once(server, COUNT) for _ in range(AT_ONCE)) / AT_ONCE * 1000,
            lambda: sum(_pull_all(server) for _ in range(AT_ONCE)) / AT_ONCE * 1000,
            plan.rounds,
        )
    return [Figure(what, "ms", found.ours, found.peer, "EnumerateInstances", found.ratio, BUDGET, spread=found.spread)]


def _pull_all(server: Server) -> float:
    """Open a session, pull until its end, and return how many seconds it took."""
    with Connection(server.port) as connection:
        start = time.perf_counter()
        found = connection.ask(OPEN, MARKER)
        while (match := CONTEXT.search(connection.end)) is not None:
            context = f"<VALUE>{match[1].decode()}</VALUE>"
            parameters = {"EnumerationContext": context, "MaxObjectCount": f"<VALUE>{BATCH}</VALUE>"}
            found += connection.ask(intrinsic("PullInstancesWithPath", NAMESPACE, parameters), MARKER)
        took = time.perf_counter() - start
    if found != COUNT:
        raise BadAnswerError(f"{found} instances pulled instead of {COUNT}")
    return took
