"""What a CIMOM has carried out, counted by operation."""

import msgspec


class OperationCount(msgspec.Struct):
    """How often an operation was carried out, well or not, and what it took in all.

    ``seconds`` is the time spent on it; ``request_bytes`` and ``response_bytes`` are the lengths of bodies.
    """

    operations: int = 0
    seconds: float = 0.0
    request_bytes: int = 0
    response_bytes: int = 0


class Counts(msgspec.Struct):
    """The counters of a CIMOM, by the name of the operation as DSP0200 spells it; nothing is counted unless ``wanted``."""

    wanted: bool = False
    operations: dict[str, OperationCount] = msgspec.field(default_factory=dict)

    def of(self, name: str) -> OperationCount:
        """Return the counter of an operation, a new one if there is none yet."""
        count = self.operations.get(name)
        if count is None:
            count = self.operations[name] = OperationCount()
        return count
