"""CIMOMs in the process of a test: how long one takes to start and to stop, and what many of them cost.

The peers are pytest-httpserver and moto's ThreadedMotoServer. They are no dependencies of the tests, since
moto is large: ``pip install pytest-httpserver 'moto[server]'`` has them measured too.
"""

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from cimsim.testing import Simulator
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.report import Budget, Figure

MILLISECONDS: Final = Budget("at most", 5.0, of="ours")
MIB: Final = Budget("at most", 10.0, of="ours")
CIMOMS: Final = 16
_PACK: Final = "hyperv"


def measure(plan: Plan) -> list[Figure]:
    """Measure start and stop in turns with the peers that are installed, then the memory of many simulators."""
    rounds = 20 if plan.quick else 60
    progress("start and stop of a CIMOM in process")
    with _cimom(plan.cache) as ours:
        peers = [peer for peer in (_httpserver(), _moto()) if peer is not None]
        times = {name: _times(once, rounds) for name, once in [("", ours), *peers]}
    figures = []
    for place, what in enumerate(("start", "stop")):
        own = statistics.median(each[place] for each in times[""]) * 1e3
        figures.append(Figure(f"{what} of a CIMOM in process", "ms", own, budget=MILLISECONDS))
        for name, _ in peers:
            peer = statistics.median(each[place] for each in times[name]) * 1e3
            figures.append(Figure(f"{what} of a CIMOM in process", "ms", own, peer, name, own / peer))
    if len(peers) < 2:
        figures[0] = Figure(
            figures[0].what, "ms", figures[0].ours, budget=MILLISECONDS, note="pip install pytest-httpserver 'moto[server]'"
        )
    count = 8 if plan.quick else 64
    progress(f"memory of {count} simulators")
    return [*figures, Figure(f"each of {count} simulators with {CIMOMS} CIMOMs", "MiB", _memory(plan.cache, count), budget=MIB)]


Once = Callable[[], tuple[float, float]]
"""Starts and stops a server; returns the seconds that each took."""


def _times(once: Once, rounds: int) -> list[tuple[float, float]]:
    once()
    return [once() for _ in range(rounds)]


@contextmanager
def _cimom(cache: Path) -> Iterator[Once]:
    with Simulator(_PACK, seed=1, cache_dir=cache) as base:

        def once() -> tuple[float, float]:
            begun = time.perf_counter()
            base.add_cimom("one", _PACK, seed=1, cache_dir=cache)
            started = time.perf_counter()
            base.remove_cimom("one")
            return started - begun, time.perf_counter() - started

        yield once


def _httpserver() -> tuple[str, Once] | None:
    with suppress(ImportError):
        from pytest_httpserver import HTTPServer

        return "pytest-httpserver", lambda: _timed(HTTPServer())
    return None


def _moto() -> tuple[str, Once] | None:
    with suppress(ImportError):
        from moto.server import ThreadedMotoServer

        return "ThreadedMotoServer", lambda: _timed(ThreadedMotoServer(port=0, verbose=False))
    return None


def _timed(server: Any) -> tuple[float, float]:
    begun = time.perf_counter()
    server.start()
    started = time.perf_counter()
    server.stop()
    return started - begun, time.perf_counter() - started


def _memory(cache: Path, count: int) -> float:
    """Return the MiB of each simulator beyond the first."""
    running: list[Simulator] = []
    try:
        for _ in range(count):
            simulator = Simulator(_PACK, seed=1, cache_dir=cache)
            running.append(simulator)
            for number in range(1, CIMOMS):
                simulator.add_cimom(f"more {number}", _PACK, seed=1, cache_dir=cache)
            if len(running) == 1:
                first = resident()
        return (resident() - first) / (count - 1) / 2**20
    finally:
        for simulator in running:
            simulator.stop()


def resident() -> int:
    """Return the bytes of this process that are resident, without garbage."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
