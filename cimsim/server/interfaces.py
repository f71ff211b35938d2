"""What the data plane needs of its surroundings, and no more; type checkers do not understand Twisted's own interfaces."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from cimsim.cimom.exchanges import Called
from cimsim.cimxml.headers import CimHeaders


class Service(Protocol):
    """What answers the requests: ``service.CimService``."""

    def respond(
        self, headers: CimHeaders, body: bytes, user: str | None, calls: list[Called] | None = None
    ) -> Iterator[list[bytes]]:
        """Return the response in batches of fragments, or raise MessageError; add a record of each request to ``calls``."""
        ...

    def respond_later(
        self, headers: CimHeaders, body: bytes, user: str | None, calls: list[Called] | None = None
    ) -> "Deferred[Iterator[list[bytes]]] | None":
        """Return the same for a long body, which others need not wait for; None: it must be answered by ``respond``."""
        ...


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
        """Tell the producer to pause when too much is queued, and to resume."""
        ...

    def unregisterProducer(self) -> None:
        """Tell it no more."""
        ...

    def pauseProducing(self) -> None:
        """Stop reading."""
        ...

    def resumeProducing(self) -> None:
        """Read again."""
        ...
