"""Memory of many instances that have been rendered, against the same server without instances."""

from dataclasses import dataclass
from typing import Final

from tests.benchmarks.enumeration import enumerate_once
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, simulator
from tests.benchmarks.report import Budget, Figure

BUDGET: Final = Budget("at most", 3.0, of="ours")


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of a process in KiB, at rest and at its highest."""

    at_rest: float
    highest: float


def measure(plan: Plan) -> list[Figure]:
    """Measure what is resident after one enumeration of all, and for information the highest it ever was."""
    what = f"memory of each of {plan.many:,} instances of 7 properties"
    progress(what)
    empty, full = _memory(plan, 0), _memory(plan, plan.many)
    return [
        Figure(f"{what}, rendered", "KiB", (full.at_rest - empty.at_rest) / plan.many, budget=BUDGET),
        Figure(f"{what}, at its highest", "KiB", (full.highest - empty.highest) / plan.many),
    ]


def _memory(plan: Plan, count: int) -> Memory:
    with simulator(plan.folder, [PACKS / "things"], [f"things.count={count}"], cache=plan.cache) as server:
        enumerate_once(server, count)
        return Memory(server.memory("VmRSS"), server.memory("VmHWM"))
