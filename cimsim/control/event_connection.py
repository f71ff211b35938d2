"""A connection on which events are sent, as long as its client reads them."""

from collections import deque
from typing import Any, Final

import msgspec
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from cimsim.control.api_errors import ControlError
from cimsim.control.event_feed import MAX_LISTENERS, EventFeed
from cimsim.control.event_messages import EventsQuery
from cimsim.simulation.controlled_cimom import ControlledCimom

MAX_QUEUED_BYTES: Final = 1024 * 1024
"""How many bytes wait for a client that does not read; a client with more is cut off, and may come back."""


class Listening(msgspec.Struct, frozen=True):
    """The answer that is a stream of events: of which CIMOM, and after which event; None: from now on."""

    controlled: ControlledCimom
    since: str | None


def events(controlled: ControlledCimom, query: EventsQuery) -> Listening:
    """Return the stream that a query asks for."""
    return Listening(controlled, query.since)


def serve(request: Any, stream: Listening, reactor: Any) -> None:
    """Answer a request of twisted.web with events until its client leaves.

    Raises:
        ControlError: 503, too many listen already.
    """
    feed = EventFeed.of(stream.controlled, reactor)
    if feed.is_full:
        raise ControlError(503, f"{MAX_LISTENERS} clients receive events already")
    request.setHeader("Content-Type", "text/event-stream; charset=utf-8")
    if request.method == b"HEAD":
        request.finish()
        return
    connection = _EventConnection(request, feed)
    request.registerProducer(connection, True)
    request.notifyFinish().addBoth(connection.left)
    feed.join(connection, request.getHeader("last-event-id") or stream.since)


@implementer(IPushProducer)
class _EventConnection:
    """A client that receives events (a ``Listens``); the transport pauses it while the client does not read."""

    def __init__(self, request: Any, feed: EventFeed) -> None:
        self._request = request
        self._feed = feed
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._paused = False
        self._left = False

    def send(self, data: bytes) -> None:
        if self._left:
            return
        if not self._paused:
            self._request.write(data)
            return
        self._queue.append(data)
        self._bytes += len(data)
        if self._bytes > MAX_QUEUED_BYTES:
            self._feed.leave(self)
            self._left = True
            self._queue.clear()
            self._request.transport.abortConnection()

    def end(self) -> None:
        if not self._left:
            self._left = True
            self._feed.leave(self)
            self._request.unregisterProducer()
            self._request.finish()

    def left(self, _: object) -> None:
        self._left = True
        self._feed.leave(self)

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        while self._queue and not self._paused:
            data = self._queue.popleft()
            self._bytes -= len(data)
            self._request.write(data)

    def stopProducing(self) -> None:
        self.left(None)
