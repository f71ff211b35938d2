"""A start with a schema of the size of DMTF's, compared with one without it."""

import time
from pathlib import Path
from typing import Final

from tests.benchmarks.client import BadAnswerError, Connection
from tests.benchmarks.compare import alternate
from tests.benchmarks.messages import intrinsic
from tests.benchmarks.packs.guests.providers import WEB01
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import simulator
from tests.benchmarks.rates import get_instance
from tests.benchmarks.report import Budget, Figure
from tests.benchmarks.synthetic import CLASSES, write_schema

WARM_BUDGET: Final = Budget("at most", 0.5, of="ours")
COLD_BUDGET: Final = Budget("at most", 30.0, of="ours")
REQUEST: Final = intrinsic("EnumerateClasses", "root/cimv2", {"DeepInheritance": "<VALUE>TRUE</VALUE>"})


def measure(plan: Plan) -> list[Figure]:
    """Measure the first start, how much longer later ones take than without the schema, and enumerating all classes."""
    schema, cache = plan.folder / "schema", plan.folder / "schema-cache"
    schema.mkdir()
    write_schema(schema)
    name = f"schema of {CLASSES:,} classes"
    progress(f"{name}: first start")
    first = _start(plan, cache, schema)
    _start(plan, cache, None)
    progress(f"{name}: start with a warm cache")
    found = alternate(lambda: _start(plan, cache, None), lambda: _start(plan, cache, schema), plan.rounds)
    size = max(file.stat().st_size for file in cache.rglob("*.msgpack"))
    progress(f"{name}: EnumerateClasses")
    return [
        Figure(
            f"{name}, warm cache: longer start",
            "s",
            max(found.ours - found.peer, 0.0),
            budget=WARM_BUDGET,
            note=f"{found.ours:.2f} s to the first answer, {found.peer:.2f} s without it; {size / 2**20:.1f} MiB in the cache",
        ),
        Figure(f"{name}, no cache: start to first answer", "s", first, budget=COLD_BUDGET),
        Figure(f"{name}: first EnumerateClasses of all", "s", _enumerate(plan, cache, schema)),
    ]


def _options(schema: Path | None) -> list[str]:
    return [] if schema is None else ["--schema", str(schema)]


def _start(plan: Plan, cache: Path, schema: Path | None) -> float:
    start = time.perf_counter()
    with (
        simulator(plan.folder, cache=cache, options=_options(schema)) as server,
        Connection(server.port) as connection,
    ):
        connection.ask(get_instance(WEB01))
        return time.perf_counter() - start


def _enumerate(plan: Plan, cache: Path, schema: Path) -> float:
    with simulator(plan.folder, cache=cache, options=_options(schema)) as server, Connection(server.port) as connection:
        start = time.perf_counter()
        if connection.ask(REQUEST, b"<CLASS ") != CLASSES:
            raise BadAnswerError(f"EnumerateClasses does not return {CLASSES} classes")
        return time.perf_counter() - start
