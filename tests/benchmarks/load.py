"""The load generator: a closed loop over several connections, driven by one thread of a process that does nothing else."""

import selectors
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Final, cast

from tests.benchmarks.client import BadAnswerError, Connection

WARM_UP: Final = 0.2


@dataclass(frozen=True, slots=True)
class Load:
    """What a closed loop achieved: requests per second, and which share of a processor the client used for them.

    ``requests`` is how many were answered, those of the time to warm up among them.
    """

    rate: float
    client_share: float
    requests: int


class _Stream:
    """A connection with the requests that go over it again and again."""

    def __init__(self, connection: Connection, requests: Sequence[bytes]) -> None:
        self.connection = connection
        self.sent = 0
        self._requests = cycle(requests)

    def send(self) -> None:
        """Send the next request."""
        self.connection.send(next(self._requests))
        self.sent += 1

    def finish(self, together: int) -> int:
        """Read the answer that is due, and go on to the end of a group; return how many answers came."""
        came = 0
        while True:
            while not self.connection.receive():
                pass
            came += 1
            if self.sent % together == 0:
                return came
            self.send()


def closed_loop(port: int, streams: Sequence[Sequence[bytes]], seconds: float, together: int = 1) -> Load:
    """Open a connection for each stream and send its requests over and over, each as soon as the one before is answered.

    So many requests of a stream belong ``together``: none of them is left out at the end.

    Raises:
        BadAnswerError: an answer is not status 200, or holds a CIM error.
    """
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        running = []
        for requests in streams:
            stream = _Stream(stack.enter_context(Connection(port)), requests)
            selector.register(stream.connection.socket, selectors.EVENT_READ, stream)
            running.append(stream)
            stream.send()
        before, _ = _run(selector, WARM_UP)
        cpu = time.process_time()
        answered, took = _run(selector, seconds)
        share = (time.process_time() - cpu) / took
        after = sum(stream.finish(together) for stream in running)
        return Load(answered / took, share, before + answered + after)


def _run(selector: selectors.BaseSelector, seconds: float) -> tuple[int, float]:
    """Keep all connections busy for so long; return how many requests were answered, and how long it took."""
    answered = 0
    start = now = time.perf_counter()
    while now - start < seconds:
        for key, _ in selector.select():
            stream = cast(_Stream, key.data)
            if stream.connection.receive():
                if stream.connection.marked:
                    raise BadAnswerError("a CIM error came back under load")
                answered += 1
                stream.send()
        now = time.perf_counter()
    return answered, now - start
