"""Indications and events over HTTP and HTTPS: who may get them, and how each delivery ended (rules I15 to I17, I26, SEC14)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from twisted.internet.defer import maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from cimsim.cimom.delivery_queues import Done, Outgoing
from cimsim.cimxml.encode.instance_writer import filled_in
from cimsim.cimxml.indication_export import ExportError, check_reply, export_message, export_payload
from cimsim.delivery.allowed_listeners import AllowedListener
from cimsim.providers.listener_url import ListenerUrl, parse_listener_url

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from cimsim.delivery.listener_client import ListenerClient

_MAX_FRESH: Final = 8
"""How many deliveries may be fresh at once: there may be hundreds to begin, and others are to be answered meanwhile.

Each takes some milliseconds of work until its listener has answered: mostly soon, and then another takes its place.
"""
_FRESH: Final = 0.1
"""Seconds after which a delivery counts no longer: a listener that does not answer holds nobody up."""
_ATTEMPT_DELAY: Final = 0.02
"""Seconds until the next address of a name is tried, too: ``localhost`` is often ``::1`` first, where few listen."""


class DeliveryOptions(msgspec.Struct, frozen=True):
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


class NotAcceptedError(Exception):
    """The answer to a message is not one that accepts it; the text says why."""


class _Message(msgspec.Struct, frozen=True):
    """A message that waits to be sent; ``begin`` does it, and returns what fires or fails once its answer was judged."""

    identifier: str
    begin: Callable[[], Deferred[None]]
    done: Done


class HttpSender:
    """Sends indications and events.

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
        self._waiting: deque[_Message] = deque()
        # When each was begun that has not ended.
        self._fresh: dict[str, float] = {}
        self._planned: Any = None
        self._stopped = False

    def prepare(self) -> None:
        """Have the client loaded soon, so that the first indication need not wait for it."""
        if self._client is None:
            self._reactor.callLater(0, self._loaded)

    def send(self, url: str, outgoing: Outgoing, done: Done) -> None:
        """Begin to send an indication; see ``delivery_queues.Send``."""
        identifier = str(self._sent + 1)
        self._enqueue(partial(self._deliver, identifier, url, outgoing), done)

    def post(self, url: str, message: Callable[[], bytes], check: Callable[[bytes], None], done: Done) -> None:
        """Begin to send a SOAP message to a URL.

        Args:
            url: where to.
            message: returns it; called when it is sent.
            check: judges the body of the answer: raises NotAcceptedError if it does not accept the message.
            done: see ``delivery_queues.Send``.
        """
        self._enqueue(partial(self._post, url, message, check), done)

    def check_destination(self, url: str) -> None:
        """Refuse a URL to which nothing may be sent.

        Raises:
            ValueError: it is no URL of a listener, or not one that is allowed (rule SEC14).
        """
        self._target(url)

    def _enqueue(self, begin: Callable[[], Deferred[None]], done: Done) -> None:
        if self._stopped:
            return
        self._sent += 1
        self._waiting.append(_Message(str(self._sent), begin, done))
        if len(self._fresh) < _MAX_FRESH:
            # What caused it is answered first.
            self._plan(0)

    def stop(self) -> None:
        """Break off what is under way, and tell nobody."""
        self._stopped = True
        self._waiting.clear()
        if self._planned is not None and self._planned.active():
            self._planned.cancel()
        if self._client is not None:
            self._client.stop()

    def _plan(self, delay: float) -> None:
        """Have deliveries begun after some seconds, unless that is planned already."""
        if self._planned is None or not self._planned.active():
            self._planned = self._reactor.callLater(delay, self._begin_some)
        elif delay == 0:
            self._planned.reset(0)

    def _begin_some(self) -> None:
        """Begin the deliveries that wait, as many as may be fresh at once."""
        now = self._reactor.seconds()
        self._fresh = {each: begun for each, begun in self._fresh.items() if now - begun < _FRESH}
        while self._waiting and len(self._fresh) < _MAX_FRESH:
            message = self._waiting.popleft()
            self._fresh[message.identifier] = now
            self._begin(message)
        if self._waiting:
            self._plan(_FRESH)

    def _begin(self, message: _Message) -> None:
        delivery = maybeDeferred(message.begin)
        delivery.addCallbacks(lambda _: None, self._reason)
        delivery.addCallback(self._ended, message.identifier)
        delivery.addCallback(partial(self._tell, message.done))
        delivery.addErrback(partial(self.log.failure, "what follows a delivery failed"))

    def _ended(self, reason: str | None, identifier: str) -> str | None:
        self._fresh.pop(identifier, None)
        if self._waiting:
            self._plan(0)
        return reason

    def _deliver(self, identifier: str, url: str, outgoing: Outgoing) -> Deferred[None]:
        answer = self._loaded().post(self._target(url), export_message(identifier, _rendered(outgoing)))
        return answer.addCallback(check_reply, identifier)

    def _post(self, url: str, message: Callable[[], bytes], check: Callable[[bytes], None]) -> Deferred[None]:
        from cimsim.delivery.listener_client import SOAP

        return self._loaded().post(self._target(url), message(), SOAP).addCallback(check)

    def _target(self, url: str) -> ListenerUrl:
        target = parse_listener_url(url)
        if self._options.allowed and not any(each.permits(target) for each in self._options.allowed):
            raise ValueError("the server may not send to this listener")
        return target

    def _reason(self, failure: Failure) -> str:
        if not isinstance(failure.value, ExportError | NotAcceptedError | ValueError):
            self.log.failure("a delivery failed", failure)
        return failure.getErrorMessage()

    def _tell(self, done: Done, reason: str | None) -> None:
        if not self._stopped:
            done(reason)

    def _loaded(self) -> ListenerClient:
        if self._client is None:
            from cimsim.delivery.listener_client import ListenerClient

            self._client = ListenerClient(self._reactor, self._connect, self._options.timeout)
        return self._client

    def _endpoint(self, url: ListenerUrl) -> Any:
        from twisted.internet.abstract import isIPAddress
        from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint

        timeout = self._options.timeout
        endpoint: Any
        # An address is not looked up, which would take another thread.
        if isIPAddress(url.host):
            endpoint = TCP4ClientEndpoint(self._reactor, url.host, url.port, timeout)
        else:
            endpoint = HostnameEndpoint(self._reactor, url.host, url.port, timeout, attemptDelay=_ATTEMPT_DELAY)
        if url.scheme == "http":
            return endpoint
        from cimsim.delivery.listener_tls import TlsEndpoint, listener_policy

        if self._policy is None:
            self._policy = listener_policy(self._options.verify, self._options.ca)
        creator = self._policy.creatorForNetloc(url.host.encode("ascii"), url.port)
        return TlsEndpoint(endpoint, creator, self._reactor)


def _rendered(outgoing: Outgoing) -> bytes:
    """Return the INSTANCE for one listener; what all listeners get is rendered for the first of them."""
    payload = outgoing.payload
    if payload.memo is None:
        payload.memo = export_payload(payload.indication, payload.columns)
    return filled_in(payload.indication.cls, payload.memo, outgoing.own)
