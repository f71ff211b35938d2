"""The lengths of the bodies of messages and answers, which a CIMOM counts for its statistics."""

from collections.abc import Iterator
from typing import Protocol

from cimsim.operations.request import Request
from cimsim.world.counts import Counts


class Measures(Protocol):
    """What a service needs of a CIMOM that counts."""

    @property
    def counts(self) -> Counts:
        """What was carried out."""
        ...

    def measured(self, request: Request, request_bytes: int, response_bytes: int) -> None:
        """Count the lengths of two bodies."""
        ...


def measured(request: Request, length: int, batches: Iterator[list[bytes]], statistics: Measures) -> Iterator[list[bytes]]:
    """Yield the batches of an answer; at their end, or where it is dropped, report the lengths of both bodies.

    Args:
        request: whose answer it is.
        length: of the body of its message, in bytes.
        batches: the answer.
        statistics: gets the lengths.
    """
    sent = 0
    try:
        for fragments in batches:
            sent += sum(map(len, fragments))
            yield fragments
    finally:
        statistics.measured(request, length, sent)
