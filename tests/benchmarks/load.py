"""The load generator: a closed loop over several connections, driven by one thread of a process that does nothing else."""

import selectors
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Final, cast

from tests.benchmarks.client import BadAnswerError, Connection

WARM_UP: Final = 0.2


@dataclass(frozen=True, slots=True)
class Load:
    """What a closed loop achieved: requests per second, and which share of a processor the client used for them."""

    rate: float
    client_share: float


def closed_loop(port: int, streams: Sequence[Sequence[bytes]], seconds: float) -> Load:
    """Open a connection for each stream and send its requests over and over, each as soon as the one before is answered.

    Raises:
        BadAnswerError: an answer is not status 200, or holds a CIM error.
    """
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for stream in streams:
            connection = stack.enter_context(Connection(port))
            requests = cycle(stream)
            selector.register(connection.socket, selectors.EVENT_READ, (connection, requests))
            connection.send(next(requests))
        _run(selector, WARM_UP)
        cpu = time.process_time()
        answered, took = _run(selector, seconds)
        return Load(answered / took, (time.process_time() - cpu) / took)


def _run(selector: selectors.BaseSelector, seconds: float) -> tuple[int, float]:
    """Keep all connections busy for so long; return how many requests were answered, and how long it took."""
    answered = 0
    start = now = time.perf_counter()
    while now - start < seconds:
        for key, _ in selector.select():
            connection, requests = cast(tuple[Connection, Iterator[bytes]], key.data)
            if connection.receive():
                if connection.marked:
                    raise BadAnswerError("a CIM error came back under load")
                answered += 1
                connection.send(next(requests))
        now = time.perf_counter()
    return answered, now - start
