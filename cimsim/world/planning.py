"""Planning in a world: steps for later, and identifiers that are the same on every start. Each returns the next world."""

from collections.abc import Iterable
from hashlib import sha256
from math import isfinite
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from cimsim.world.agenda import Step, to_microseconds
from cimsim.world.instances import Instance
from cimsim.world.world import GUID, World


def due_after(seconds: float, now: float) -> float:
    """Return the time that is so many seconds after now, rounded to microseconds; less than no time is none.

    Raises:
        ValueError: ``seconds`` is not a finite number.
    """
    if not isfinite(seconds):
        raise ValueError(f"nothing can happen after {seconds} seconds")
    return to_microseconds(now + max(seconds, 0.0))


def with_step(
    world: World,
    step: Step,
    arguments: tuple[Any, ...],
    subjects: Iterable[Instance],
    namespace: str,
    *,
    due: float | None = None,
    reads: int = 0,
    outlives: bool = False,
) -> World:
    """Return the world with a step planned, whose number is ``agenda.last``; see ``Agenda.adding``."""
    identities = [each.identity for each in subjects]
    agenda = world.agenda.adding(step, arguments, identities, namespace, due=due, reads=reads, outlives=outlives)
    return replace(world, agenda=agenda)


def without_step(world: World, number: int) -> World:
    """Return the world without a step that waits; the same one if there is none of that number."""
    agenda = world.agenda.without(number)
    return world if agenda is world.agenda else replace(world, agenda=agenda)


def counted(world: World, name: str) -> tuple[World, int]:
    """Return the next world and the next serial number of that name: 1, 2, 3..."""
    number: int = world.serials.get(name, 0) + 1
    return replace(world, serials=world.serials.set(name, number)), number


def with_guid(world: World) -> tuple[World, str]:
    """Return the next world and a new GUID in upper case: the same one on every start with the same seed and history."""
    world, number = counted(world, GUID)
    digest = sha256(f"{world.seed} {number}".encode()).digest()
    return world, str(UUID(bytes=digest[:16], version=4)).upper()
