"""AssociatorNames from one instance, with many and with few associations that have nothing to do with it."""

from typing import Final

from tests.benchmarks.client import BadAnswerError, Connection
from tests.benchmarks.compare import alternate
from tests.benchmarks.load import closed_loop
from tests.benchmarks.messages import instance_name, intrinsic
from tests.benchmarks.packs.links.providers import NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, Server, simulator
from tests.benchmarks.report import Budget, Figure

MANY: Final = 10_000
FEW: Final = 10
BUDGET: Final = Budget("at most", 1.5)
REQUEST: Final = intrinsic("AssociatorNames", NAMESPACE, {"ObjectName": instance_name("Bench_Node", {"Id": "first"})})


def measure(plan: Plan) -> list[Figure]:
    """Measure the time of a request on one connection."""
    what = f"AssociatorNames among {MANY:,} unrelated associations"
    progress(what)
    pack = [PACKS / "links"]
    with (
        simulator(plan.folder, pack, [f"links.unrelated={FEW}"], cache=plan.cache) as few,
        simulator(plan.folder, pack, [f"links.unrelated={MANY}"], cache=plan.cache) as many,
    ):
        found = alternate(lambda: _milliseconds(plan, few), lambda: _milliseconds(plan, many), plan.rounds)
    return [Figure(what, "ms", found.ours, found.peer, f"among {FEW}", found.ratio, BUDGET, spread=found.spread)]


def _milliseconds(plan: Plan, server: Server) -> float:
    with Connection(server.port) as connection:
        if connection.ask(REQUEST, b"<OBJECTPATH>") != 1:
            raise BadAnswerError("AssociatorNames does not find the one other node")
    return 1000 / closed_loop(server.port, [[REQUEST]], plan.seconds / 2).rate
