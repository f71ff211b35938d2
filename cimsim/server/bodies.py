"""How much memory the bodies of requests take, over all connections of a server (rules SEC4, T9).

Bodies of up to 64 KiB are never refused: the number of connections bounds them, and almost every client sends no others. So
somebody who fills the memory with long ones keeps only those out that send long ones, too. What counts are the bytes that have
arrived, not those that are announced: nobody can take memory away by announcing much and sending nothing.

The answer beyond the limit is 503. To stop reading instead would leave connections waiting for each other, with half a body.
"""

from typing import Final

MAX_SMALL_BODY: Final = 64 * 1024


class Bodies:
    """The bodies of all connections of a server.

    Args:
        limit: how many bytes the long ones may take together.

    Attributes:
        held: how many they take.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0


class Share:
    """The bodies of one connection: those that arrive, wait to be answered, or are answered."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._held = 0

    def take(self, count: int) -> bool:
        """Count so many bytes more; False, and nothing is counted, if they are too many."""
        bodies = self._bodies
        if bodies.held + count > bodies.limit:
            return False
        bodies.held += count
        self._held += count
        return True

    def fits(self, count: int) -> bool:
        """Whether there is room for so many bytes now."""
        return self._bodies.held + count <= self._bodies.limit

    def give_back(self, count: int) -> None:
        """Count so many bytes less."""
        count = min(count, self._held)
        self._bodies.held -= count
        self._held -= count

    def give_all_back(self) -> None:
        """Count nothing any more: the connection is gone."""
        self.give_back(self._held)
