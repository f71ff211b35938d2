"""How many requests there have been, by what was asked and what came of it, and how long they took."""

from bisect import bisect_left
from collections import Counter
from typing import Final

import msgspec

from cimsim.operations.table import OPERATIONS
from cimsim.server.recording import HttpExchange
from cimsim.world.names import fold

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the groups of durations, in seconds; one more group has what is above."""
METHOD: Final = "InvokeMethod"
_MAX_STATUS: Final = 29


class Durations(msgspec.Struct):
    """Durations in groups: how many each of ``BOUNDS`` has, then those above; and their sum in seconds."""

    groups: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


class RequestCounts:
    """Counts exchanges (a ``Recorder``). What clients choose the names of is counted together, so that there is an end to it.

    Attributes:
        calls: by operation, ``InvokeMethod`` for all methods, and CIM status, ``none`` where there is none and ``other`` for
            what DSP0200 does not define.
        exchanges: by protocol and HTTP status, ``none`` where the client left.
        durations: of exchanges by protocol.
        request_bytes, response_bytes: of bodies.
    """

    def __init__(self) -> None:
        self.bodies = False
        self.calls: Counter[tuple[str, str]] = Counter()
        self.exchanges: Counter[tuple[str, str]] = Counter()
        self.durations: dict[str, Durations] = {}
        self.request_bytes = 0
        self.response_bytes = 0

    def record(self, exchange: HttpExchange, request: bytes, response: bytes) -> None:
        """Count it."""
        for call in exchange.calls:
            operation = OPERATIONS.get(fold(call.operation))
            self.calls[METHOD if operation is None else operation.name, _status(call.status)] += 1
        self.exchanges[exchange.protocol, "none" if exchange.status is None else str(exchange.status)] += 1
        durations = self.durations.setdefault(exchange.protocol, Durations())
        durations.groups[bisect_left(BOUNDS, exchange.seconds)] += 1
        durations.seconds += exchange.seconds
        self.request_bytes += exchange.request_bytes
        self.response_bytes += exchange.response_bytes


def _status(status: int | None) -> str:
    if status is None:
        return "none"
    return str(status) if 0 <= status <= _MAX_STATUS else "other"
