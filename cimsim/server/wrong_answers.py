"""Answers that are wrong on purpose: late, slow, cut off, or of another length than they say.

A mount asks for one by handing ``Affected`` on as its response. Nothing here holds the reactor: what waits, waits with a timer.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, Protocol

import msgspec

from cimsim.server.interfaces import ReactorTime

Cancel = Callable[[], object]
_SECOND: Final = 1.0


class HttpStatus(msgspec.Struct, frozen=True):
    """An HTTP status instead of an answer.

    Attributes:
        status: of the class 4xx or 5xx, usually.
        code: what a protocol has for it in its header lines, such as the value of CIMError; None: no such lines are sent.
    """

    status: int
    code: str | None = None


class Effects(msgspec.Struct, frozen=True):
    """What happens to one answer on its way.

    Attributes:
        wait: calls a function later, and returns what keeps that from happening; None: the answer is sent at once.
        http: is sent instead of the answer.
        trickle: bytes of the body that are sent in a second.
        reset: the connection is reset ``before``, ``within`` or ``after`` the answer.
        truncate: the connection is closed after so many bytes of the body.
        malformed: half of the body is missing, and Content-Length is that of the rest.
        length: Content-Length says so many bytes more (or fewer, below 0) than there are; the connection is closed then.
        stale: the connection is closed after the answer although the answer says that it stays open.
    """

    wait: Callable[[Callable[[], None]], Cancel] | None = None
    http: HttpStatus | None = None
    trickle: int | None = None
    reset: str | None = None
    truncate: int | None = None
    malformed: bool = False
    length: int | None = None
    stale: bool = False


class Affected:
    """A response whose answer may be wrong on purpose: batches like others, and what happens to them.

    Args:
        batches: the fragments.
        effects: returns what happens to the answer, once all fragments are there; None: nothing.
    """

    def __init__(self, batches: Iterator[list[bytes]], effects: Callable[[], Effects | None]) -> None:
        self._batches = batches
        self._effects = effects

    @property
    def effects(self) -> Effects | None:
        """What happens to the answer, once all fragments are there; None: nothing."""
        return self._effects()

    def __iter__(self) -> Iterator[list[bytes]]:
        return self

    def __next__(self) -> list[bytes]:
        return next(self._batches)


class Sends(Protocol):
    """Where the bytes go."""

    def write(self, data: bytes) -> object:
        """Send bytes."""
        ...


class WrongAnswer:
    """Sends one answer as its effects have it.

    Args:
        effects: what happens to it.
        clock: the reactor; drives what trickles.
        wire: takes the bytes.
        head: returns the head for a length of the body.
        body: whole and right.
        done: is called in the end, in a turn of its own: with None if the connection goes on as the answer says, else with
            ``close`` or ``reset``.
    """

    def __init__(
        self,
        effects: Effects,
        clock: ReactorTime,
        wire: Sends,
        head: Callable[[int], bytes],
        body: bytes,
        done: Callable[[str | None], object],
    ) -> None:
        self._effects = effects
        self._clock = clock
        self._wire = wire
        self._done = done
        if effects.malformed:
            body = body[: len(body) // 2]
        self._head = head(max(0, len(body) + (effects.length or 0)))
        self._body = body
        self._cancel: Cancel | None = None

    @property
    def takes_time(self) -> bool:
        """Whether it is late or slow on purpose: nobody who stops the server waits for it."""
        return self._effects.wait is not None or self._effects.trickle is not None

    def start(self) -> None:
        """Begin."""
        if self._effects.wait is None:
            self._send()
        else:
            self._cancel = self._effects.wait(self._send)

    def cancel(self) -> None:
        """Do no more."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _send(self) -> None:
        self._cancel = None
        effects = self._effects
        if effects.reset == "before":
            self._finish("reset")
            return
        body = self._body if effects.truncate is None else self._body[: effects.truncate]
        if effects.reset == "within":
            body = body[: len(body) // 2]
        if effects.trickle is None:
            self._wire.write(self._head + body)
            self._end()
        else:
            self._wire.write(self._head)
            self._trickle(body, effects.trickle)

    def _trickle(self, rest: bytes, size: int) -> None:
        self._cancel = None
        self._wire.write(rest[:size])
        if len(rest) <= size:
            self._end()
        else:
            self._cancel = self._clock.callLater(_SECOND, partial(self._trickle, rest[size:], size)).cancel

    def _end(self) -> None:
        effects = self._effects
        if effects.reset is not None:
            # What was written leaves in the turn after this one, and a reset would drop it before.
            self._cancel = self._clock.callLater(0, partial(self._finish, "reset")).cancel
        elif effects.stale or effects.truncate is not None or effects.length is not None:
            self._finish("close")
        else:
            self._finish(None)

    def _finish(self, ending: str | None) -> None:
        self._cancel = self._clock.callLater(0, partial(self._done, ending)).cancel
