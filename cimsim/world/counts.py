"""What a CIMOM has carried out, counted by operation."""

from dataclasses import dataclass


@dataclass(slots=True)
class OperationCount:
    """How often an operation was carried out, well or not, and what it took in all.

    ``seconds`` is the time spent on it; ``request_bytes`` and ``response_bytes`` are the lengths of bodies.
    """

    operations: int = 0
    seconds: float = 0.0
    request_bytes: int = 0
    response_bytes: int = 0

    def reset(self) -> None:
        """Begin from zero."""
        self.operations = self.request_bytes = self.response_bytes = 0
        self.seconds = 0.0
