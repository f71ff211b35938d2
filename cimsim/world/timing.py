"""How long things take: no time, some seconds of the CIMOM's clock, or a number of reads by clients.

A timing is written ``immediate``, ``2s``, ``500ms``, ``1.5`` (seconds) or ``3 reads``.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec

from cimsim.world.agenda import Step
from cimsim.world.instances import Instance

_TIMING: Final = r"(\d+(?:\.\d+)?)\s*(ms|s|reads?|)"


class Plans(Protocol):
    """What a timing needs of a ``transaction.Transaction``."""

    def after(self, seconds: float, step: Step, *arguments: Any, subjects: Sequence[Instance] = ()) -> int:
        """Plan a step for later; return its number."""
        ...

    def after_reads(self, reads: int, step: Step, *arguments: Any, subjects: Sequence[Instance]) -> int:
        """Plan a step for when clients have read; return its number."""
        ...


class Timing(msgspec.Struct, frozen=True):
    """Immediate if both are 0; after ``seconds`` of the clock; or after ``reads`` reads of the instance by clients."""

    seconds: float = 0.0
    reads: int = 0

    def __str__(self) -> str:
        if self.reads:
            return f"{self.reads} reads"
        return f"{self.seconds:.15g}s" if self.seconds else "immediate"

    @property
    def immediate(self) -> bool:
        """Whether it takes no time."""
        return not self.seconds and not self.reads

    def part(self, share: float) -> "Timing":
        """Return the timing of a share (0 to 1) of it; reads are rounded up."""
        return Timing(self.seconds * share, math.ceil(self.reads * share))

    def plan(self, transaction: Plans, step: Step, *arguments: Any, subjects: Sequence[Instance]) -> int | None:
        """Plan a call of ``step(transaction, *arguments)``.

        It is called now, in this transaction, if the timing is immediate, else later in a transaction of its own, as
        ``Transaction.after`` and ``after_reads`` have it. Reads are those of the ``subjects``; it is dropped when the first of
        them is deleted.

        Returns:
            The number of the step that waits, None if it was done now.
        """
        if self.reads:
            return transaction.after_reads(self.reads, step, *arguments, subjects=subjects)
        if self.seconds:
            return transaction.after(self.seconds, step, *arguments, subjects=subjects)
        step(transaction, *arguments)
        return None


IMMEDIATE: Final = Timing()


def parse_timing(text: str) -> Timing:
    """Return the timing that a text writes.

    Raises:
        ValueError: it is not a timing, or too long.
    """
    stripped = text.strip().lower()
    if stripped == "immediate":
        return IMMEDIATE
    match = re.fullmatch(_TIMING, stripped)
    if match is None:
        raise ValueError(f"{text!r} is not a timing: write immediate, 2s, 500ms or 3 reads")
    number, unit = match.groups()
    if unit.startswith("read"):
        if not number.isdigit():
            raise ValueError(f"{text!r}: reads are counted in whole numbers")
        return Timing(reads=int(number))
    seconds = float(number) / (1000 if unit == "ms" else 1)
    if not math.isfinite(seconds):
        raise ValueError(f"{text!r} is too long")
    return Timing(seconds=seconds)
