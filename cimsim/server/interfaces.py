"""What the data plane needs of its surroundings, and no more; type checkers do not understand Twisted's own interfaces."""

from collections.abc import Callable
from typing import Any, Protocol


class DelayedCall(Protocol):
    """What the server needs of ``IDelayedCall``."""

    def cancel(self) -> None:
        """Do not make the call."""
        ...


class ReactorTime(Protocol):
    """What the server needs of ``IReactorTime``: a reactor, or ``task.Clock``."""

    def seconds(self) -> float:
        """Return the time in seconds since 1970."""
        ...

    def callLater(self, delay: float, callable: Callable[..., Any], /) -> DelayedCall:  # noqa: A002 - Twisted's name
        """Call something after a delay in seconds."""
        ...


class Wire(Protocol):
    """What the server needs of a transport: ``ITransport``, ``IConsumer`` and ``IPushProducer``."""

    def write(self, data: bytes) -> None:
        """Queue bytes to be sent."""
        ...

    def loseConnection(self) -> None:
        """Close once everything is sent."""
        ...

    def abortConnection(self) -> None:
        """Close now."""
        ...

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """Ask the producer to pause when too much is queued, and to resume."""
        ...

    def unregisterProducer(self) -> None:
        """Ask it no longer."""
        ...

    def pauseProducing(self) -> None:
        """Stop reading."""
        ...

    def resumeProducing(self) -> None:
        """Read again."""
        ...
