"""A response in the making: batches of fragments are collected, then handed on in pieces, so that nothing is held twice."""

from collections import deque
from collections.abc import Iterator


class Response:
    """The body of one response.

    ``collect`` it batch by batch; once it is complete, ``length`` is known and ``pieces`` gives it away.

    Args:
        batches: the fragments, rendered as they are taken.
    """

    __slots__ = ("_batches", "_source", "length")

    def __init__(self, batches: Iterator[list[bytes]]) -> None:
        self._source = batches
        self._batches: deque[list[bytes]] = deque()
        self.length = 0

    def collect(self) -> bool:
        """Take one batch, an empty one where there is none yet; return whether there may be more."""
        batch = next(self._source, None)
        if batch is None:
            return False
        if batch:
            self._batches.append(batch)
        self.length += sum(map(len, batch))
        return True

    def whole(self) -> bytes:
        """Give the whole body away."""
        body = b"".join([b"".join(batch) for batch in self._batches])
        self._batches.clear()
        return body

    def pieces(self, size: int) -> Iterator[bytes]:
        """Give the body away in pieces of ``size`` bytes, or less than that much more where a fragment ends later."""
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
