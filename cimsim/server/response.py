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
        self._batches: deque[tuple[tuple[bytes, ...], int]] = deque()
        self.length = 0

    def collect(self) -> bool:
        """Take one batch, an empty one where there is none yet; return whether there may be more."""
        batch = next(self.source, None)
        if batch is None:
            return False
        if batch:
            length = sum(map(len, batch))
            # As tuples: the collector of garbage looks once at each and then, since bytes refer to nothing, no more.
            self._batches.append((tuple(batch), length))
            self.length += length
        return True

    def join(self) -> bytes:
        """Return the whole body, and keep nothing of it."""
        body = b"".join([b"".join(batch) for batch, _ in self._batches])
        self._batches.clear()
        return body

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield pieces of at least ``size`` and less than twice as many bytes, the last one shorter; keep nothing of them."""
        part: list[bytes] = []
        length = 0
        while self._batches:
            batch, more = self._batches.popleft()
            part += batch
            length += more
            # Its fragments are held by whoever rendered them; here they are to be held no longer than needed.
            del batch
            if length < size:
                continue
            joined = b"".join(part)
            part.clear()
            if length < 2 * size:
                yield joined
                length = 0
                continue
            length %= size
            end = len(joined) - length
            if length:
                part.append(joined[end:])
            for start in range(0, end, size):
                yield joined[start : start + size]
        if length:
            yield b"".join(part)
