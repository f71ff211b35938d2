"""WS-Management against CIM-XML of the same server: Get and Invoke over eight connections, and bytes of an enumeration."""

import re
import time
from collections.abc import Callable, Sequence
from typing import Final

from tests.benchmarks.client import BadAnswerError, Connection
from tests.benchmarks.compare import alternate
from tests.benchmarks.enumeration import COUNT
from tests.benchmarks.load import closed_loop
from tests.benchmarks.messages import class_name, intrinsic, soap
from tests.benchmarks.packs.guests.providers import CLASS as GUEST_CLASS
from tests.benchmarks.packs.guests.providers import HOST_CLASS, WEB01
from tests.benchmarks.packs.guests.providers import NAMESPACE as GUESTS
from tests.benchmarks.packs.things.providers import CLASS, NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, Server, simulator
from tests.benchmarks.rates import CONNECTIONS, Streams, call_host, get_instance, get_keys, host_keys, numbered
from tests.benchmarks.report import Budget, Figure

MESSAGES: Final = Budget("at least", 1 / 1.3)
"""A message may cost 1.3 times as much as one of CIM-XML."""
BYTES: Final = Budget("at least", 0.5)
BATCH: Final = 1_000
_ID: Final = b"uuid:1001"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION: Final = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
_CIM_XML_CONTEXT: Final = re.compile(rb'NAME="EnumerationContext"[^>]*><VALUE>([^<]+)<')
_CONTEXT: Final = re.compile(rb"<n:EnumerationContext>([^<]+)<")
_ENVELOPE: Final = 8_000_000


def measure(plan: Plan) -> list[Figure]:
    """Measure the same operations over both protocols."""
    methods = ("StopService", "StartService")
    with simulator(plan.folder, [PACKS / "guests"], cache=plan.cache) as server:
        get, same = get_instance(WEB01), _get()
        called = [[_call(method, number) for method in methods] for number in range(CONNECTIONS)]
        alike, not_alike = "identical messages", "no two messages alike"
        gets, sames = [[get]] * CONNECTIONS, [[same]] * CONNECTIONS
        calls = call_host(methods)
        invoke = "Invoke of StopService, StartService"
        figures = [
            _compare(plan, server, f"Get, {not_alike}", numbered(gets), numbered(sames, _ID), MESSAGES),
            _compare(plan, server, f"Get, {alike}", gets, sames),
            _compare(plan, server, f"{invoke}, {not_alike}", numbered(calls), numbered(called, _ID), MESSAGES),
            _compare(plan, server, f"{invoke}, {alike}", calls, called),
        ]
    return [*figures, _enumeration(plan)]


def _get() -> bytes:
    return soap(f"{TRANSFER}/Get", GUESTS, GUEST_CLASS, get_keys(WEB01))


def _call(method: str, number: int) -> bytes:
    return soap(method, GUESTS, HOST_CLASS, host_keys(number))


def _compare(plan: Plan, server: Server, what: str, cimxml: Streams, wsman: Streams, budget: Budget | None = None) -> Figure:
    what = f"{what} over WS-Management, {CONNECTIONS} connections"
    progress(what)
    shares: list[float] = []

    def rate(streams: Sequence[Sequence[bytes]]) -> float:
        load = closed_loop(server.port, streams, plan.seconds)
        shares.append(load.client_share)
        return load.rate

    found = alternate(lambda: rate(cimxml), lambda: rate(wsman), plan.rounds)
    note = f"client busy {max(shares):.0%}"
    return Figure(what, "/s", found.ours, found.peer, "CIM-XML", found.ratio, budget, note, found.spread)


def _enumeration(plan: Plan) -> Figure:
    what = f"{COUNT:,} items over WS-Management, {BATCH:,} at once"
    progress(what)
    with simulator(plan.folder, [PACKS / "things"], [f"things.count={COUNT}"], cache=plan.cache) as server:
        for pull in (_pull_cimxml, _pull_wsman):
            _megabytes(server, pull)
        found = alternate(lambda: _megabytes(server, _pull_cimxml), lambda: _megabytes(server, _pull_wsman), plan.rounds)
    return Figure(what, "MB/s", found.ours, found.peer, "CIM-XML", found.ratio, BYTES, spread=found.spread)


def _megabytes(server: Server, pull: Callable[[Connection], tuple[int, int]]) -> float:
    """Return how many megabytes of bodies come in a second."""
    with Connection(server.port) as connection:
        start = time.perf_counter()
        items, size = pull(connection)
        took = time.perf_counter() - start
    if items != COUNT:
        raise BadAnswerError(f"{items} instances pulled instead of {COUNT}")
    return size / took / 1e6


def _pull_cimxml(connection: Connection) -> tuple[int, int]:
    """Pull all instances; return how many there were, and the bytes of all bodies."""
    marker, most = b"<VALUE.INSTANCEWITHPATH>", f"<VALUE>{BATCH}</VALUE>"
    request = intrinsic("OpenEnumerateInstances", NAMESPACE, {"ClassName": class_name(CLASS), "MaxObjectCount": most})
    items, size = connection.ask(request, marker), connection.length
    while (match := _CIM_XML_CONTEXT.search(connection.end)) is not None:
        parameters = {"EnumerationContext": f"<VALUE>{match[1].decode()}</VALUE>", "MaxObjectCount": most}
        items += connection.ask(intrinsic("PullInstancesWithPath", NAMESPACE, parameters), marker)
        size += connection.length
    return items, size


def _pull_wsman(connection: Connection) -> tuple[int, int]:
    """Do the same over WS-Management, from one instance to the next."""
    marker = f"</p:{CLASS}>".encode()
    opened = soap(f"{ENUMERATION}/Enumerate", NAMESPACE, CLASS, body=f'<n:Enumerate xmlns:n="{ENUMERATION}"/>')
    items, size = connection.ask(opened, marker), connection.length
    context = _CONTEXT.search(connection.end)
    while context is not None:
        pull = (
            f'<n:Pull xmlns:n="{ENUMERATION}"><n:EnumerationContext>{context[1].decode()}</n:EnumerationContext>'
            f"<n:MaxElements>{BATCH}</n:MaxElements></n:Pull>"
        )
        request = soap(f"{ENUMERATION}/Pull", NAMESPACE, CLASS, body=pull, envelope=_ENVELOPE)
        items += connection.ask(request, marker)
        size += connection.length
        # The context of an enumeration stays the same until its end, which the last reply says.
        if connection.end.find(b"EndOfSequence") >= 0:
            return items, size
    return items, size
