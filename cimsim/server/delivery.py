"""Indications over HTTP and HTTPS: who may get them, and how each delivery ended (rules I15 to I17, I26, SEC14)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from cimsim.behaviours.listeners import ListenerUrl, parse_listener_url
from cimsim.cimom.outbox import Done, Outgoing
from cimsim.cimxml.encode_instances import filled_in
from cimsim.cimxml.export import ExportError, check_reply, export_message, export_payload
from cimsim.server.allowed import AllowedListener

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from cimsim.server.listener_client import ListenerClient

_TIME_SLICE: Final = 0.003
"""Seconds for which deliveries are begun at a stretch."""
_ATTEMPT_DELAY: Final = 0.02
"""Seconds until the next address of a name is tried, too: ``localhost`` is often ``::1`` first, where few listen."""


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """How indications are delivered.

    Attributes:
        queue: indications that may wait for one listener.
        timeout: seconds for one delivery, from the lookup of the name to the last byte of the answer.
        allowed: the listeners that may be reached; none: all (rule SEC14).
        verify: whether certificates of listeners are verified (rule I26).
        ca: a PEM file of the authorities for this; None: those of the system.
    """

    queue: int = 1000
    timeout: float = 10.0
    allowed: tuple[AllowedListener, ...] = ()
    verify: bool = True
    ca: Path | None = None


class HttpSender:
    """Sends indications.

    Args:
        reactor: makes connections and tells the time.
        options: how to deliver.
        connect: returns the endpoint of a URL, to connect to; for tests.
    """

    log = Logger()

    def __init__(self, reactor: Any, options: DeliveryOptions, connect: Callable[[ListenerUrl], Any] | None = None) -> None:
        self._reactor = reactor
        self._options = options
        self._connect = connect or self._endpoint
        self._client: ListenerClient | None = None
        self._policy: Any = None
        self._sent = 0
        self._waiting: deque[tuple[str, str, Outgoing, Done]] = deque()
        self._stopped = False

    def prepare(self) -> None:
        """Have the client loaded soon, so that the first indication need not wait for it."""
        if self._client is None:
            self._reactor.callLater(0, self._loaded)

    def send(self, url: str, outgoing: Outgoing, done: Done) -> None:
        """Begin to send an indication; see ``outbox.Send``."""
        self._sent += 1
        self._waiting.append((str(self._sent), url, outgoing, done))
        if len(self._waiting) == 1:
            # What caused it is answered first.
            self._reactor.callLater(0, self._begin_some)

    def stop(self) -> None:
        """Break off what is under way, and tell nobody."""
        self._stopped = True
        self._waiting.clear()
        if self._client is not None:
            self._client.stop()

    def _begin_some(self) -> None:
        """Begin deliveries for some milliseconds: there may be hundreds at once, and others are to be answered meanwhile."""
        until = self._reactor.seconds() + _TIME_SLICE
        while self._waiting:
            self._begin(*self._waiting[0])
            # Only now, so that what is sent meanwhile does not plan this once more.
            if self._waiting:
                self._waiting.popleft()
            if self._waiting and self._reactor.seconds() >= until:
                self._reactor.callLater(0, self._begin_some)
                return

    def _begin(self, identifier: str, url: str, outgoing: Outgoing, done: Done) -> None:
        if self._stopped:
            return
        delivery = maybeDeferred(self._deliver, identifier, url, outgoing)
        delivery.addCallbacks(lambda _: None, self._reason)
        delivery.addCallback(partial(self._tell, done))
        delivery.addErrback(partial(self.log.failure, "what follows a delivery failed"))

    def _deliver(self, identifier: str, url: str, outgoing: Outgoing) -> Deferred[None]:
        target = parse_listener_url(url)
        if self._options.allowed and not any(each.permits(target) for each in self._options.allowed):
            raise ValueError("the server may not send to this listener")
        answer = self._loaded().post(target, export_message(identifier, _rendered(outgoing)))
        return answer.addCallback(check_reply, identifier)

    def _reason(self, failure: Failure) -> str:
        if not isinstance(failure.value, ExportError | ValueError):
            self.log.failure("a delivery failed", failure)
        return failure.getErrorMessage()

    def _tell(self, done: Done, reason: str | None) -> None:
        if not self._stopped:
            done(reason)

    def _loaded(self) -> ListenerClient:
        if self._client is None:
            from cimsim.server.listener_client import ListenerClient

            self._client = ListenerClient(self._reactor, self._connect, self._options.timeout)
        return self._client

    def _endpoint(self, url: ListenerUrl) -> Any:
        from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS

        timeout = self._options.timeout
        endpoint: Any = HostnameEndpoint(self._reactor, url.host, url.port, timeout, attemptDelay=_ATTEMPT_DELAY)
        if url.scheme == "http":
            return endpoint
        if self._policy is None:
            from cimsim.server.listener_tls import listener_policy

            self._policy = listener_policy(self._options.verify, self._options.ca)
        return wrapClientTLS(self._policy.creatorForNetloc(url.host.encode("ascii"), url.port), endpoint)


def _rendered(outgoing: Outgoing) -> bytes:
    """Return the INSTANCE for one listener; what all listeners get is rendered for the first of them."""
    payload = outgoing.payload
    if payload.memo is None:
        payload.memo = export_payload(payload.indication, payload.columns)
    return filled_in(payload.indication.cls, payload.memo, outgoing.own)
