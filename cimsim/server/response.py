"""A response in the making: batches of fragments are collected, then handed on in pieces, so that nothing is held twice."""

from collections import deque
from collections.abc import Iterator


class Response:
    """The body of one response.

    ``collect`` it batch by batch; once it is complete, ``length`` is known and ``pieces`` or ``join`` hands it on.

    Args:
        batches: the fragments, rendered as they are taken.

    Attributes:
        length: of what is collected, in bytes.
        source: the ``batches``.
    """

    __slots__ = ("_batches", "length", "source")

    def __init__(self, batches: Iterator[list[bytes]]) -> None:
        self.source = batches
        self._batches: deque[list[bytes]] = deque()
        self.length = 0

    def collect(self) -> bool:
        """Take one batch, an empty one where there is none yet; return whether there may be more."""
        batch = next(self.source, None)
        if batch is None:
            return False
        if batch:
            self._batches.append(batch)
        self.length += sum(map(len, batch))
        return True

    def join(self) -> bytes:
        """Return the whole body, and keep nothing of it."""
        body = b"".join([b"".join(batch) for batch in self._batches])
        self._batches.clear()
        return body

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield pieces of ``size`` bytes, or less than ``size`` more where a fragment ends later; keep nothing of them."""
        part: list[bytes] = []
        length = 0
        while self._batches:
            for fragment in self._batches.popleft():
                for start in range(0, len(fragment), size):
                    part.append(fragment[start : start + size])
                    length += len(part[-1])
                    if length >= size:
                        yield b"".join(part)
                        part.clear()
                        length = 0
        if part:
            yield b"".join(part)
