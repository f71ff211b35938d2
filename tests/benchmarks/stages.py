"""Where the processor time of one GetInstance goes, no two messages alike: decoding, performing, encoding, and all the rest.

Decoding, performing and encoding are measured in this process, one after the other on the same messages. What is left of the
cost of a request at a server is HTTP, the sockets, and Twisted.
"""

import time
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any, Final

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.encode.encoder import Encoder
from cimsim.simulation.loading import SharedPacks
from cimsim.simulation.options import SimulationOptions
from cimsim.simulation.served_cimom import ServedCimom
from tests.benchmarks.costs import COUNT, UNLIKE, cost, dealt
from tests.benchmarks.messages import instance_name, intrinsic
from tests.benchmarks.packs.things.providers import CLASS, NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, simulator
from tests.benchmarks.report import Figure

_HEAD_END: Final = b"\r\n\r\n"


def measure(plan: Plan) -> list[Figure]:
    """Measure each stage; the ratio is its share of the whole."""
    progress("stages of GetInstance")
    requests = [
        intrinsic("GetInstance", NAMESPACE, {"InstanceName": instance_name(CLASS, {"Id": f"thing-{number:06}"})})
        for number in range(UNLIKE)
    ]
    with simulator(plan.folder, [PACKS / "things"], [f"things.count={COUNT}"], cache=plan.cache) as server:
        whole = median(cost(plan, server, dealt(requests)) for _ in range(plan.rounds))
    stages = _stages(plan, [request.partition(_HEAD_END)[2] for request in requests])
    stages["HTTP, sockets, Twisted"] = whole - sum(stages.values())
    figures = [Figure(f"GetInstance: {name}", "us", took, whole, "the whole", took / whole) for name, took in stages.items()]
    return [*figures, Figure("GetInstance: the whole", "us", whole)]


def _stages(plan: Plan, bodies: list[bytes]) -> dict[str, float]:
    from twisted.internet import reactor

    options = SimulationOptions(packs=(PACKS / "things",), set={"things.count": COUNT}, cache_dir=plan.cache, wsman=False)
    cimom = ServedCimom(reactor, "stages", options, SharedPacks()).cimom
    headers = CimHeaders("MethodCall", "GetInstance", NAMESPACE)
    decoder, encoder = Decoder(), Encoder("localhost")
    messages: list[Any] = []
    results: list[Any] = []
    took: dict[str, list[float]] = {}
    for _ in range(plan.rounds):
        messages, decoding = _timed(lambda body: decoder.decode(body, headers), bodies)
        results, performing = _timed(lambda message: cimom.start(message.request, None), messages)
        _, encoding = _timed(lambda pair: [*encoder.encode(*pair)], list(zip(messages, results, strict=True)))
        for name, each in (("decoding", decoding), ("performing", performing), ("encoding", encoding)):
            took.setdefault(name, []).append(each)
    return {name: median(each) for name, each in took.items()}


def _timed(function: Callable[[Any], Any], items: Iterable[Any]) -> tuple[list[Any], float]:
    """Return what a function makes of each item, and the microseconds that it takes for one."""
    begin = time.process_time()
    made = [function(each) for each in items]
    return made, 1e6 * (time.process_time() - begin) / len(made)
