"""How long others wait while one client enumerates a great many instances."""

import selectors
import time
from statistics import median
from typing import Final

from tests.benchmarks.client import BadAnswerError, Connection
from tests.benchmarks.enumeration import MARKER, REQUEST
from tests.benchmarks.messages import instance_name, intrinsic
from tests.benchmarks.packs.things.providers import CLASS, NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, Server, simulator
from tests.benchmarks.report import Budget, Figure

BUDGET: Final = Budget("at most", 20.0, of="ours")
PROBE: Final = intrinsic("GetInstance", NAMESPACE, {"InstanceName": instance_name(CLASS, {"Id": "thing-000000"})})
USUAL_PROBES: Final = 1000


def measure(plan: Plan) -> list[Figure]:
    """Measure the longest wait of a GetInstance on a second connection: the first time, and when all is rendered."""
    what = f"longest wait during an enumeration of {plan.many:,}"
    progress(what)
    with simulator(plan.folder, [PACKS / "things"], [f"things.count={plan.many}"], cache=plan.cache) as server:
        usual = _usual(server)
        first = _longest_wait(server, plan.many)
        later = median(_longest_wait(server, plan.many) for _ in range(plan.rounds))
    return [
        Figure(what, "ms", later, usual, "without", later / usual, BUDGET),
        Figure(f"{what}, the first time", "ms", first, usual, "without", first / usual, BUDGET),
    ]


def _usual(server: Server) -> float:
    with Connection(server.port) as probe:
        return median(_timed(probe) for _ in range(USUAL_PROBES))


def _timed(probe: Connection) -> float:
    start = time.perf_counter()
    probe.ask(PROBE)
    return 1000 * (time.perf_counter() - start)


def _longest_wait(server: Server, count: int) -> float:
    """Return milliseconds. One thread reads both connections, so that the two do not wait for each other's processor."""
    longest = 0.0
    with Connection(server.port) as probe, Connection(server.port) as reader, selectors.DefaultSelector() as selector:
        for connection in (probe, reader):
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        reader.send(REQUEST, MARKER)
        start = _send_probe(probe)
        done = False
        while not done:
            ready = [key.data for key, _ in selector.select()]
            if probe in ready and probe.receive():
                longest = max(longest, time.perf_counter() - start)
                start = _send_probe(probe)
            if reader in ready:
                done = reader.receive()
        if reader.marked != count:
            raise BadAnswerError(f"{reader.marked} instances instead of {count}")
    return 1000 * longest


def _send_probe(probe: Connection) -> float:
    start = time.perf_counter()
    probe.send(PROBE)
    return start
