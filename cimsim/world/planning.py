"""The part of a transaction that plans: steps for later, and identifiers that are the same on every start."""

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from math import isfinite
from typing import Any
from uuid import UUID

from cimsim.world.agenda import Agenda, Step, Wait, to_microseconds
from cimsim.world.instances import Instance
from cimsim.world.world import World


class Planning:
    """Plans in ``world``, which each step replaces.

    ``now`` is the time in seconds since 1970-01-01 UTC, ``namespace`` the name of the namespace meant where none is said.
    """

    def __init__(self, world: World, namespace: str, now: float) -> None:
        self.world = world
        self.namespace = namespace
        self.now = now

    def after(self, seconds: float, step: Step, *arguments: Any, subjects: Iterable[Instance] = ()) -> int:
        """Have ``step(transaction, *arguments)`` called once the clock has advanced by so many seconds; return its number.

        It gets a transaction of its own then, at exactly that time. ``arguments`` are best paths and plain values, since the
        world may have changed by then. The step is forgotten when the first of ``subjects`` is deleted. If it raises, what it
        did is dropped and the log tells; a path that leads nowhere any more raises, too. Less than no time is none; times are
        rounded to microseconds.

        Raises:
            ValueError: ``seconds`` is no finite number.
        """
        if not isfinite(seconds):
            raise ValueError(f"nothing can happen after {seconds} seconds")
        return self._wait(step, arguments, subjects, due=to_microseconds(self.now + max(seconds, 0.0)))

    def after_reads(self, reads: int, step: Step, *arguments: Any, subjects: Iterable[Instance]) -> int:
        """Have a step called once clients have read any of ``subjects`` so many times; otherwise as ``after``.

        The last of these reads still shows what was before. Every answer that holds the instance with its properties is a read:
        by itself, in an enumeration, as an associated instance, or as the row of a query.

        Raises:
            ValueError: there are no subjects, so that it would wait for ever.
        """
        watched = list(subjects)
        if not watched:
            raise ValueError("a step that waits for reads needs a subject")
        return self._wait(step, arguments, watched, reads=max(reads, 1))

    def cancel(self, number: int) -> None:
        """Forget a step that waits; does nothing if it does no longer."""
        self._plan(self.world.agenda.without(number))

    def waiting(self, instance: Instance) -> list[Wait]:
        """Return the steps that wait and have the instance among their subjects, oldest first."""
        return self.world.agenda.concerning(instance.identity)

    def _wait(
        self, step: Step, arguments: tuple[Any, ...], subjects: Iterable[Instance], *, due: float | None = None, reads: int = 0
    ) -> int:
        identities = [each.identity for each in subjects]
        self._plan(self.world.agenda.adding(step, arguments, identities, self.namespace, due=due, reads=reads))
        return self.world.agenda.last

    def _plan(self, agenda: Agenda) -> None:
        if agenda is not self.world.agenda:
            self.world = replace(self.world, agenda=agenda)

    def serial(self, name: str) -> int:
        """Return 1, 2, 3... for each name: the number of calls with it in the history of this world."""
        number: int = self.world.serials.get(name, 0) + 1
        self.world = replace(self.world, serials=self.world.serials.set(name, number))
        return number

    def guid(self) -> str:
        """Return a new GUID in upper case: the same one on every start with the same seed and history."""
        text = f"{self.world.seed} {self.serial('guid')}".encode()
        return str(UUID(bytes=sha256(text).digest()[:16], version=4)).upper()
