"""The journal of a CIMOM: the newest exchanges, bounded by count and bytes, and whoever waits for the next one."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from cimsim.cimom.exchanges import Exchange

MAX_EXCHANGES: Final = 1_000
MAX_BYTES: Final = 16 * 1024 * 1024
_OVERHEAD: Final = 1_000
"""Bytes that a record takes beside its bodies, roughly."""
_PER_BYTE: Final = 4
"""Bytes that a request takes in memory for each byte of its body, roughly."""
_MAX_REQUEST: Final = 64 * 1024
"""Requests with longer bodies are not kept, but what a record shows of them is."""


class Entry(msgspec.Struct, frozen=True):
    """An exchange in the journal.

    Attributes:
        number: counted from 1 by the journal.
        exchange: what happened.
        request, response: the bodies, as far as they are kept.
    """

    number: int
    exchange: Exchange
    request: bytes = b""
    response: bytes = b""

    @property
    def rule(self) -> int | None:
        """The number of the fault rule that acted, None for none."""
        return next((call.rule for call in self.exchange.calls if call.rule is not None), None)

    @property
    def size(self) -> int:
        """How many bytes it counts for."""
        return _OVERHEAD + len(self.request) + len(self.response) + _PER_BYTE * min(self.exchange.request_bytes, _MAX_REQUEST)

    @property
    def has_bodies(self) -> bool:
        """Whether a body is kept."""
        return bool(self.request or self.response)

    @property
    def is_whole(self) -> bool:
        """Whether the body of the request is kept to its end."""
        return bool(self.request) and len(self.request) == self.exchange.request_bytes


class Journal:
    """Keeps the newest exchanges.

    Args:
        max_exchanges, max_bytes: beyond these the oldest are forgotten; 0 exchanges: nothing is kept.
        bodies: whether bodies are kept.

    Attributes:
        recorded: how many exchanges there have been.
    """

    def __init__(self, max_exchanges: int = MAX_EXCHANGES, max_bytes: int = MAX_BYTES, *, bodies: bool = True) -> None:
        self.bodies = bodies
        self.recorded = 0
        self._max_exchanges = max_exchanges
        self._max_bytes = max_bytes
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._followers: dict[int, Callable[[Entry], object]] = {}
        self._last_follower = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def record(self, exchange: Exchange, request: bytes, response: bytes) -> None:
        """Keep an exchange, forget the oldest where there are too many, and hand it to the followers."""
        self.recorded += 1
        if exchange.request_bytes > _MAX_REQUEST:
            for call in exchange.calls:
                call.forget_request()
        entry = Entry(self.recorded, exchange, request, response)
        self._entries.append(entry)
        self._bytes += entry.size
        while self._entries and (len(self._entries) > self._max_exchanges or self._bytes > self._max_bytes):
            self._bytes -= self._entries.popleft().size
        for follower in tuple(self._followers.values()):
            follower(entry)

    def follow(self, follower: Callable[[Entry], object]) -> Callable[[], None]:
        """Have every exchange from now on handed to a follower; the function that is returned ends that."""
        self._last_follower += 1
        number = self._last_follower
        self._followers[number] = follower

        def end() -> None:
            self._followers.pop(number, None)

        return end

    def since(self, number: int) -> list[Entry]:
        """Return the entries after the one of that number."""
        return [entry for entry in self._entries if entry.number > number]

    def get(self, number: int) -> Entry | None:
        """Return the entry of a number, None when it never was or is forgotten."""
        return next((entry for entry in self._entries if entry.number == number), None)

    def clear(self) -> None:
        """Forget all exchanges; numbers go on."""
        self._entries.clear()
        self._bytes = 0
