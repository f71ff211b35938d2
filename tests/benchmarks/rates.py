"""Requests per second over eight connections, against a bare twisted.web resource that parses the same bodies."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tests.benchmarks.client import BadAnswerError, Connection
from tests.benchmarks.compare import alternate
from tests.benchmarks.load import closed_loop
from tests.benchmarks.messages import extrinsic, instance_name, intrinsic
from tests.benchmarks.packs.guests.providers import (
    CLASS,
    HOST,
    HOST_CLASS,
    NAMESPACE,
    SERVICE,
    WEB01,
    host_service_name,
    system_name,
)
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, Server, peer, simulator
from tests.benchmarks.report import Budget, Figure

CONNECTIONS: Final = 8
_IDS: Final = 8_960
UNLIKE: Final = Budget("at least", 2.0)
REPEATED: Final = Budget("at least", 3.0)
Streams = Sequence[Sequence[bytes]]


def measure(plan: Plan) -> list[Figure]:
    """Measure GetInstance on the socket service of web01, and StopService and StartService in turn, a service each.

    Every one of these changes the state of a service. Those of a host service do nothing else; StartService of a socket service
    also follows associations to find out whether the service may start, which is measured for information.
    """
    get, alike, not_alike = get_instance(WEB01), "identical messages", "no two messages alike"
    methods, each = ("StopService", "StartService"), range(CONNECTIONS)
    of_host = call_host(methods)
    of_guest = [[extrinsic(method, NAMESPACE, CLASS, get_keys(system_name(number))) for method in methods] for number in each]
    with simulator(plan.folder, [PACKS / "guests"], cache=plan.cache, profile=plan.profile) as ours:
        return [
            _compare(plan, ours, f"GetInstance, {not_alike}", numbered([[get]] * CONNECTIONS), b"<INSTANCE "),
            _compare(plan, ours, f"GetInstance, {alike}", [[get]] * CONNECTIONS, b"<INSTANCE ", REPEATED),
            _compare(plan, ours, f"StopService, StartService, {not_alike}", numbered(of_host), b"<RETURNVALUE"),
            _compare(plan, ours, f"StopService, StartService, {alike}", of_host, b"<RETURNVALUE", REPEATED),
            replace(_compare(plan, ours, "the same of a guest's service", numbered(of_guest), b"<RETURNVALUE"), budget=None),
        ]


def get_instance(system: str) -> bytes:
    """Return the GetInstance request for the socket service of a virtual machine."""
    return intrinsic("GetInstance", NAMESPACE, {"InstanceName": instance_name(CLASS, get_keys(system))})


def get_keys(system: str) -> dict[str, str]:
    return {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": system,
        "CreationClassName": CLASS,
        "Name": SERVICE,
    }


def call_host(methods: Sequence[str]) -> Streams:
    """Return streams in which each connection calls methods of its own host service in turn."""
    return [
        [extrinsic(method, NAMESPACE, HOST_CLASS, host_keys(number)) for method in methods] for number in range(CONNECTIONS)
    ]


def numbered(streams: Streams, identifier: bytes = b'ID="1001"') -> Streams:
    """Return streams in which each message has an ID of its own, of four digits, and comes again after a thousand others.

    ``identifier`` holds the ID 1001.
    """
    made: list[list[bytes]] = [[] for _ in streams]
    numbers = iter(range(1_000, 1_000 + _IDS // len(streams) * len(streams)))
    for turn in range(_IDS // len(streams)):
        for place, requests in enumerate(streams):
            request = requests[turn % len(requests)]
            made[place].append(request.replace(identifier, identifier.replace(b"1001", b"%d" % next(numbers)), 1))
    return made


def host_keys(number: int) -> dict[str, str]:
    return {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": HOST,
        "CreationClassName": HOST_CLASS,
        "Name": host_service_name(number),
    }


def _compare(plan: Plan, ours: Server, what: str, streams: Streams, expected: bytes, budget: Budget = UNLIKE) -> Figure:
    progress(f"{what}, {CONNECTIONS} connections")
    shares: list[float] = []

    def rate(port: int) -> float:
        load = closed_loop(port, streams, plan.seconds)
        shares.append(load.client_share)
        return load.rate

    with peer(plan.folder, "bare_server", "--length", _answer_length(ours, streams[0][0], expected)) as bare:
        found = alternate(lambda: rate(bare.port), lambda: rate(ours.port), plan.rounds)
    return Figure(
        f"{what}, {CONNECTIONS} connections",
        "/s",
        found.ours,
        found.peer,
        "bare twisted.web",
        found.ratio,
        budget,
        # Near 100 % it is the client that sets the pace, and our rate is too low.
        f"client busy {max(shares):.0%}",
        found.spread,
    )


def _answer_length(server: Server, request: bytes, expected: bytes) -> int:
    with Connection(server.port) as connection:
        if connection.ask(request, expected) != 1:
            raise BadAnswerError(f"no {expected.decode()} in the answer")
        return connection.length
