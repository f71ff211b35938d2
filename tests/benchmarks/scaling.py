"""Cost against size: what a small request costs among 10 to 100,000 instances, and over 1 to 500 connections."""

from typing import Final

from tests.benchmarks.costs import cost
from tests.benchmarks.messages import instance_name, intrinsic
from tests.benchmarks.packs.things.providers import CLASS, NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, simulator
from tests.benchmarks.report import Budget, Figure

SIZES: Final = (10, 1_000, 10_000, 100_000)
CONNECTIONS: Final = (1, 8, 64, 500)
BUDGET: Final = Budget("at most", 1.5)
REQUEST: Final = intrinsic("GetInstance", NAMESPACE, {"InstanceName": instance_name(CLASS, {"Id": "thing-000000"})})


def measure(plan: Plan) -> list[Figure]:
    """Measure GetInstance; the ratio is to the smallest."""
    figures = []
    sizes = [size for size in SIZES if size <= plan.many]
    costs = {}
    for size in sizes:
        what = f"CPU of GetInstance among {size:,}"
        progress(what)
        with simulator(
            plan.folder, [PACKS / "things"], [f"things.count={size}"], cache=plan.cache, profile=plan.profile
        ) as server:
            costs[size] = cost(plan, server, [[REQUEST]] * 8)
        figures.append(_figure(what, costs[size], costs[sizes[0]], f"among {sizes[0]}"))
    with simulator(plan.folder, [PACKS / "things"], ["things.count=10"], cache=plan.cache, profile=plan.profile) as server:
        one = cost(plan, server, [[REQUEST]])
        for number in CONNECTIONS:
            what = f"CPU of GetInstance over {number} connections"
            progress(what)
            figures.append(_figure(what, cost(plan, server, [[REQUEST]] * number), one, "over one"))
    return figures


def _figure(what: str, ours: float, peer: float, peer_name: str) -> Figure:
    return Figure(what, "us", ours, peer, peer_name, ours / peer, BUDGET)
