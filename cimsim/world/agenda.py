"""What is still to happen in a world: steps that wait for a time, or for clients to have read an instance so many times.

The agenda is part of the world, so a snapshot of a world holds what goes on in it, and a transaction that is dropped leaves no
step behind.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from cimsim.world.paths import Identity
from cimsim.world.pmap import PersistentMap

_MICROSECONDS: Final = 6


def to_microseconds(seconds: float) -> float:
    """Return a time rounded to microseconds, as datetimes have it: sums of times that are the same time are equal then."""
    return round(seconds, _MICROSECONDS)


Step = Callable[..., object]
"""Called as ``step(transaction, *arguments)`` when it is its turn."""


class Wait(msgspec.Struct, frozen=True):
    """A step that waits.

    ``due`` is the time in seconds since 1970-01-01 UTC, None for a step that waits for ``reads``: so many more reads of any of
    the ``subjects``. ``namespace`` is that of its transaction. It is forgotten when its ``owner`` is deleted; None: it stays.
    """

    number: int
    namespace: str
    due: float | None
    reads: int
    subjects: tuple[Identity, ...]
    step: Step
    arguments: tuple[Any, ...]
    owner: Identity | None = None


class Agenda(msgspec.Struct, frozen=True):
    """All steps that wait; immutable.

    Attributes:
        waits: by number.
        times: pairs of time and number of the steps that wait for a time, sorted: of those due at once the older comes first.
        of: the numbers of the steps that an instance is a subject of.
        readers: how many steps wait for reads.
        last: the number given last.
    """

    waits: PersistentMap[int, Wait] = msgspec.field(default_factory=PersistentMap)
    times: tuple[tuple[float, int], ...] = ()
    of: PersistentMap[Identity, tuple[int, ...]] = msgspec.field(default_factory=PersistentMap)
    readers: int = 0
    last: int = 0

    def adding(
        self,
        step: Step,
        arguments: tuple[Any, ...],
        subjects: Iterable[Identity],
        namespace: str = "",
        *,
        due: float | None = None,
        reads: int = 0,
        outlives: bool = False,
    ) -> "Agenda":
        """Return the agenda with one more step, whose number is ``last``.

        It is forgotten when the first of its subjects is deleted, unless it ``outlives`` them.
        """
        number = self.last + 1
        watched = tuple(dict.fromkeys(subjects))
        owner = watched[0] if watched and not outlives else None
        wait = Wait(number, namespace, due, reads, watched, step, arguments, owner)
        of = self.of
        for subject in wait.subjects:
            of = of.set(subject, (*of.get(subject, ()), number))
        times = self.times
        if due is not None:
            place = bisect_left(times, (due, number))
            times = (*times[:place], (due, number), *times[place:])
        return Agenda(self.waits.set(number, wait), times, of, self.readers + (due is None), number)

    def without(self, number: int) -> "Agenda":
        """Return the agenda without a step; the same one if there is none of that number."""
        wait = self.waits.get(number)
        if wait is None:
            return self
        of = self.of
        for subject in wait.subjects:
            left = tuple(each for each in of[subject] if each != number)
            of = of.set(subject, left) if left else of.delete(subject)
        times = self.times
        if wait.due is not None:
            place = bisect_left(times, (wait.due, number))
            times = times[:place] + times[place + 1 :]
        return replace(self, waits=self.waits.delete(number), times=times, of=of, readers=self.readers - (wait.due is None))

    def without_owner(self, identity: Identity) -> "Agenda":
        """Return the agenda without the steps of an instance that is deleted."""
        agenda = self
        for number in self.of.get(identity, ()):
            if self.waits[number].owner == identity:
                agenda = agenda.without(number)
        return agenda

    def concerning(self, identity: Identity) -> list[Wait]:
        """Return the steps that an instance is a subject of, oldest first."""
        return [self.waits[number] for number in self.of.get(identity, ())]

    @property
    def next_due(self) -> float | None:
        """When the next step is due, None if none waits for a time."""
        return self.times[0][0] if self.times else None

    def first_due(self, now: float) -> Wait | None:
        """Return the step that is due first, None if none is due by now."""
        if not self.times or self.times[0][0] > now:
            return None
        return self.waits[self.times[0][1]]

    def reading(self, identities: Iterable[Identity]) -> tuple["Agenda", list[Wait]]:
        """Count a read of each instance; return the agenda after it, and the steps that have waited long enough, oldest first.

        One answer that shows several subjects of a step is one read of it.
        """
        numbers = sorted({number for identity in identities for number in self.of.get(identity, ())})
        waits, ready = self.waits, []
        for number in numbers:
            wait = waits[number]
            if wait.due is None:
                waits = waits.set(number, replace(wait, reads=wait.reads - 1))
                if wait.reads <= 1:
                    ready.append(wait)
        return (self if waits is self.waits else replace(self, waits=waits)), ready
