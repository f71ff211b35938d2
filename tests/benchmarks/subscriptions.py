"""A thousand subscriptions, of which each change concerns half: what the change costs, and how long others wait."""

import os
import selectors
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

from pywbem import CIMInstance, CIMInstanceName, WBEMConnection

from cimsim.cimom.clock import Clock
from cimsim.cimom.indications import Indications
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.request import Argument, IntrinsicRequest
from cimsim.packs.load import load
from cimsim.world.convert import InstanceData, PropertyData
from tests.benchmarks.client import BadAnswerError, Connection
from tests.benchmarks.messages import intrinsic
from tests.benchmarks.packs.things.providers import NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, Server, peer, simulator
from tests.benchmarks.report import Budget, Figure
from tests.benchmarks.responsiveness import PROBE

COUNT: Final = 1000
MATCHING: Final = COUNT // 2
INTEROP: Final = "root/interop"
IN_REQUEST: Final = Budget("at most", 10.0, of="ours")
WAIT: Final = Budget("at most", 50.0, of="ours")
GROWTH: Final = Budget("at most", 1.5)
_QUERIES: Final = ("SELECT * FROM CIM_InstCreation WHERE SourceInstance ISA Bench_Thing", "SELECT * FROM CIM_InstDeletion")
_TIMEOUT: Final = 60.0


def measure(plan: Plan) -> list[Figure]:
    """Measure the request itself in this process, and the wait of a GetInstance on a server of its own."""
    progress("subscriptions")
    return [*_in_process(plan), _wait(plan)]


def _in_process(plan: Plan) -> list[Figure]:
    loaded = load([PACKS / "things", "interop"], cache_dir=plan.cache, now=0.0)
    cimom = Cimom(loaded.world, loaded.providers, Clock(0.0), random=os.urandom, hooks=loaded.providers)
    later: list[Any] = []
    Indications(cimom, lambda *_: None, later=later.append)

    def create(classname: str, namespace: str, **properties: Any) -> Any:
        given = tuple(PropertyData(name, None, isinstance(value, list), value) for name, value in properties.items())
        argument = Argument("NewInstance", InstanceData(classname, given))
        result: Any = cimom.perform(IntrinsicRequest("CreateInstance", namespace, (argument,)))
        return result.instance.path

    def add(number: int) -> None:
        """Add a subscription, with a filter and a destination of its own."""
        query = {"Query": _QUERIES[number % 2], "QueryLanguage": "WQL", "SourceNamespaces": [NAMESPACE]}
        wanted = create("CIM_IndicationFilter", INTEROP, Name=f"f{number}", **query)
        url = f"http://listener-{number}"
        handler = create("CIM_ListenerDestinationCIMXML", INTEROP, Name=url, Destination=url)
        create("CIM_IndicationSubscription", INTEROP, Filter=wanted, Handler=handler)

    adding = [_cpu(add, number) for number in range(COUNT)]
    requests = []
    for number in range(plan.rounds):
        requests.append(_cpu(create, "Bench_Thing", NAMESPACE, Id=f"new-{number}"))
        while later:
            later.pop(0)()
    first, last = median(adding[:100]), median(adding[-100:])
    what = f"CreateInstance, {MATCHING} of {COUNT:,} subscriptions match"
    return [
        Figure(what, "ms", 1000 * median(requests), budget=IN_REQUEST),
        Figure("adding a subscription to 900", "ms", 1000 * last, 1000 * first, "to 100", last / first, GROWTH),
    ]


def _cpu(work: Callable[..., object], *arguments: Any, **more: Any) -> float:
    start = time.process_time()
    work(*arguments, **more)
    return time.process_time() - start


def _wait(plan: Plan) -> Figure:
    counted = plan.folder / "counted"
    with (
        simulator(plan.folder, [PACKS / "things", "interop"], ["things.count=1"], cache=plan.cache) as server,
        peer(plan.folder, "listener", counted) as listener,
        WBEMConnection(f"http://127.0.0.1:{server.port}", None, INTEROP) as conn,
    ):
        for number in range(COUNT):
            _subscribe(conn, number, listener.port)
        waits = []
        for number in range(plan.rounds):
            value = f'<PROPERTY NAME="Id" TYPE="string"><VALUE>new-{number}</VALUE></PROPERTY>'
            created = f'<INSTANCE CLASSNAME="Bench_Thing">{value}</INSTANCE>'
            change = intrinsic("CreateInstance", NAMESPACE, {"NewInstance": created})
            waits.append(_longest_wait(server, change, counted, (number + 1) * MATCHING))
    return Figure(f"longest wait while {MATCHING} listeners are notified", "ms", median(waits), budget=WAIT)


def _subscribe(conn: WBEMConnection, number: int, port: int) -> CIMInstanceName:
    query = {"Query": _QUERIES[number % 2], "QueryLanguage": "WQL", "SourceNamespaces": [NAMESPACE]}
    wanted = conn.CreateInstance(CIMInstance("CIM_IndicationFilter", {"Name": f"f{number}", **query}))
    url = f"http://127.0.0.1:{port}/{number}"
    handler = conn.CreateInstance(CIMInstance("CIM_ListenerDestinationCIMXML", {"Name": url, "Destination": url}))
    return conn.CreateInstance(CIMInstance("CIM_IndicationSubscription", {"Filter": wanted, "Handler": handler}))


def _longest_wait(server: Server, change: bytes, counted: Path, until: int) -> float:
    """Return milliseconds for which the server ran; the change is made, and then one GetInstance after the other asked.

    That ends when all listeners know of the change. The time that passes would tell of the listener and the client as well.
    """
    longest, end = 0.0, time.monotonic() + _TIMEOUT
    with Connection(server.port) as probe, Connection(server.port) as writer, selectors.DefaultSelector() as selector:
        for connection in (probe, writer):
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        writer.send(change)
        start = server.processor_time()
        probe.send(PROBE)
        while int(counted.read_text(encoding="ascii") or 0) < until:
            if time.monotonic() > end:
                raise BadAnswerError("not all listeners were notified")
            ready = [key.data for key, _ in selector.select()]
            if writer in ready and writer.receive() and writer.marked:
                raise BadAnswerError("the change was refused")
            if probe in ready and probe.receive():
                now = server.processor_time()
                longest, start = max(longest, now - start), now
                probe.send(PROBE)
    return 1000 * longest
