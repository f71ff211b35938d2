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
BUDGET: Final = Budget("at least", 2.0)
Streams = Sequence[Sequence[bytes]]


def measure(plan: Plan) -> list[Figure]:
    """Measure GetInstance on the socket service of web01, and StopService and StartService in turn, a service each.

    Every one of these changes the state of a service. Those of a host service do nothing else; StartService of a socket service
    also follows associations to find out whether the service may start, which is measured for information.
    """
    get = get_instance(WEB01)
    methods, each = ("StopService", "StartService"), range(CONNECTIONS)
    of_host = call_host(methods)
    of_guest = [[extrinsic(method, NAMESPACE, CLASS, get_keys(system_name(number))) for method in methods] for number in each]
    with simulator(plan.folder, [PACKS / "guests"], cache=plan.cache, profile=plan.profile) as ours:
        return [
            _compare(plan, ours, "GetInstance", [[get]] * CONNECTIONS, b"<INSTANCE "),
            replace(
                _compare(plan, ours, "the same, no two messages alike", unlike(get, b'ID="1001"'), b"<INSTANCE "), budget=None
            ),
            _compare(plan, ours, "StopService, StartService", of_host, b"<RETURNVALUE"),
            replace(_compare(plan, ours, "the same of a guest's service", of_guest, b"<RETURNVALUE"), budget=None),
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


def unlike(request: bytes, identifier: bytes) -> Streams:
    """Return streams of a request with more IDs than the server remembers messages; ``identifier`` holds the ID 1001."""
    numbers = range(1000, 10_000)
    requests = [request.replace(identifier, identifier.replace(b"1001", b"%d" % number)) for number in numbers]
    return [requests[start::CONNECTIONS] for start in range(CONNECTIONS)]


def host_keys(number: int) -> dict[str, str]:
    return {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": HOST,
        "CreationClassName": HOST_CLASS,
        "Name": host_service_name(number),
    }


def _compare(plan: Plan, ours: Server, what: str, streams: Streams, expected: bytes) -> Figure:
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
        BUDGET,
        # Near 100 % it is the client that sets the pace, and our rate is too low.
        f"client busy {max(shares):.0%}",
        found.spread,
    )


def _answer_length(server: Server, request: bytes, expected: bytes) -> int:
    with Connection(server.port) as connection:
        if connection.ask(request, expected) != 1:
            raise BadAnswerError(f"no {expected.decode()} in the answer")
        return connection.length
