"""The processor time that the server needs for a request, which says more than a rate on a machine that others use too.

Each operation is measured with one message over and over, and with no two messages alike: other targets, other spellings, other
message IDs. The peer is the least that a server of this kind does (``bare_walk``).
"""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final, NamedTuple

from tests.benchmarks.client import Connection
from tests.benchmarks.compare import alternate, spread
from tests.benchmarks.load import closed_loop
from tests.benchmarks.messages import class_name, extrinsic, instance_name, intrinsic
from tests.benchmarks.packs.guests.providers import CLASS as GUEST_CLASS
from tests.benchmarks.packs.guests.providers import NAMESPACE as GUEST_NAMESPACE
from tests.benchmarks.packs.guests.providers import SERVICE, system_name
from tests.benchmarks.packs.things.providers import CLASS, NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, Server, peer, simulator
from tests.benchmarks.report import Budget, Figure

CONNECTIONS: Final = 8
COUNT: Final = 10_000
UNLIKE: Final = 4_000
SMALL: Final = "Bench_Small"
Streams = Sequence[Sequence[bytes]]

OPERATIONS: Final = (
    ("GetInstance",),
    ("GetClass",),
    ("CreateInstance", "DeleteInstance"),
    ("EnumerateInstances",),
    ("EnumerateInstanceNames",),
)
"""What is measured here, beside methods; ``breadth`` has the others."""


class Operation(NamedTuple):
    """An operation to measure: messages that are alike and such that are not, what the ratio may be, how many go together."""

    name: str
    alike: Streams
    unlike: Streams
    budget: Budget | None = None
    together: int = 1


def measure(plan: Plan) -> list[Figure]:
    """Measure the small operations on 10,000 instances, and those of a guest's service."""
    figures: list[Figure] = []
    with simulator(plan.folder, [PACKS / "things"], [f"things.count={COUNT}"], cache=plan.cache, profile=plan.profile) as ours:
        for each in _of_things():
            figures += _compare(plan, ours, each)
        figures += _enumerations(plan, ours)
    with simulator(plan.folder, [PACKS / "guests"], cache=plan.cache, profile=plan.profile) as ours:
        figures += _compare(plan, ours, _services())
    return figures


def _of_things() -> list[Operation]:
    get = [intrinsic("GetInstance", NAMESPACE, {"InstanceName": thing(number)}) for number in range(UNLIKE)]
    classes = [intrinsic("GetClass", NAMESPACE, {"ClassName": class_name(name)}) for name in _spellings(SMALL)]
    echo = [
        extrinsic("Echo", NAMESPACE, CLASS, {"Id": f"thing-{number:06}"}, {"Text": f"text {number}"})
        for number in range(UNLIKE)
    ]
    writes = [
        request
        for number in range(UNLIKE)
        for request in (
            intrinsic("CreateInstance", NAMESPACE, {"NewInstance": new_small(number)}),
            intrinsic("DeleteInstance", NAMESPACE, {"InstanceName": small(number)}),
        )
    ]
    pairs = [writes[2 * number : 2 * number + 2] for number in range(CONNECTIONS)]
    return [
        Operation("GetInstance", [[get[0]]] * CONNECTIONS, dealt(get), Budget("at most", 3.0)),
        Operation("GetClass of 6 properties", [[classes[0]]] * CONNECTIONS, dealt(classes), Budget("at most", 3.0)),
        Operation("a method that returns its argument", [[echo[0]]] * CONNECTIONS, dealt(echo), Budget("at most", 3.5)),
        # A stream creates and deletes in turn, so that nothing is there twice.
        Operation("CreateInstance, DeleteInstance", pairs, dealt(writes, 2), Budget("at most", 5.0), 2),
    ]


def _services() -> Operation:
    methods = ("StopService", "StartService")
    alike = [[extrinsic(method, GUEST_NAMESPACE, GUEST_CLASS, _service(number)) for method in methods] for number in range(8)]
    unlike = [
        # What comes back is the same for all spellings of a class; messages are not.
        [
            extrinsic(method, GUEST_NAMESPACE, name, _service(number))
            for name in _spellings(GUEST_CLASS)[:500]
            for method in methods
        ]
        for number in range(CONNECTIONS)
    ]
    return Operation("StopService, StartService of a guest", alike, unlike, Budget("at most", 6.0))


def _compare(plan: Plan, ours: Server, operation: Operation) -> list[Figure]:
    with Connection(ours.port) as connection:
        lengths = []
        for request in operation.alike[0][: operation.together]:
            connection.ask(request)
            lengths.append(connection.length)
    figures = []
    with peer(plan.folder, "bare_walk", "--length", max(lengths)) as bare:
        for what, streams, budget in (
            (f"CPU of {operation.name}, no two messages alike", operation.unlike, operation.budget),
            (f"CPU of {operation.name}, identical messages", operation.alike, None),
        ):
            progress(what)
            rates: list[float] = []
            found = alternate(
                lambda streams=streams: cost(plan, bare, streams, operation.together),  # type: ignore[misc] # bound now, called at once
                lambda streams=streams, rates=rates: cost(plan, ours, streams, operation.together, rates),  # type: ignore[misc]
                plan.rounds,
            )
            note = f"{median(rates):,.0f}/s"
            figures.append(
                Figure(what, "us", found.ours, found.peer, "bare walk", found.ratio, budget, note, spread=found.spread)
            )
    return figures


def _enumerations(plan: Plan, ours: Server) -> list[Figure]:
    """Measure large answers; they are long enough to be timed without a peer."""
    figures = []
    for (operation,) in OPERATIONS[-2:]:
        what = f"CPU of {operation} of {COUNT:,}"
        progress(what)
        requests = [intrinsic(operation, NAMESPACE, {"ClassName": class_name(name)}) for name in _spellings(CLASS)[:64]]
        for how, stream in (("no two messages alike", requests), ("identical messages", requests[:1])):
            costs = [cost(plan, ours, [stream]) for _ in range(plan.rounds)]
            figures.append(Figure(f"{what}, {how}", "us", median(costs), spread=spread(costs)))
    return figures


def cost(plan: Plan, server: Server, streams: Streams, together: int = 1, rates: list[float] | None = None) -> float:
    """Return the microseconds of processor time that a request costs the server; ``rates`` gets how many were done a second."""
    before = server.processor_time()
    load = closed_loop(server.port, streams, plan.seconds, together)
    if rates is not None:
        rates.append(load.rate)
    return 1e6 * (server.processor_time() - before) / load.requests


def dealt(requests: Sequence[bytes], together: int = 1) -> Streams:
    """Return a stream for each connection; so many requests in a row stay together."""
    groups = [requests[start : start + together] for start in range(0, len(requests), together)]
    numbered = [[_with_id(each, 1000 + number) for each in group] for number, group in enumerate(groups)]
    return [_flat(numbered[start::CONNECTIONS]) for start in range(CONNECTIONS)]


def _flat(groups: Iterable[Sequence[bytes]]) -> list[bytes]:
    return [request for group in groups for request in group]


def _with_id(request: bytes, number: int) -> bytes:
    """Return a request with a message ID of its own, four digits long, so that its length stays."""
    return request.replace(b'ID="1001"', b'ID="%04d"' % number, 1)


def _spellings(name: str) -> list[str]:
    """Return the name in a thousand spellings."""
    return [spelling(name, number) for number in range(1_000)]


def spelling(name: str, number: int) -> str:
    """Return a name in the spelling of a number; of ``n`` letters there are ``2**n``."""
    places = iter(range(len(name)))
    return "".join(each.upper() if each.isalpha() and number >> next(places) & 1 else each.lower() for each in name)


def thing(number: int) -> str:
    """Return the path of a thing."""
    return instance_name(CLASS, {"Id": f"thing-{number:06}"})


def small(number: int) -> str:
    """Return the path of a small instance."""
    return instance_name(SMALL, {"Id": f"small-{number}"})


def new_small(number: int) -> str:
    """Return a small instance."""
    values = {"Id": ("string", f"small-{number}"), "Name": ("string", "a small one"), "Number": ("uint32", str(number))}
    properties = "".join(
        f'<PROPERTY NAME="{name}" TYPE="{cim_type}"><VALUE>{value}</VALUE></PROPERTY>'
        for name, (cim_type, value) in values.items()
    )
    return f'<INSTANCE CLASSNAME="{SMALL}">{properties}</INSTANCE>'


def _service(number: int) -> dict[str, str]:
    return {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": system_name(number),
        "CreationClassName": GUEST_CLASS,
        "Name": SERVICE,
    }
