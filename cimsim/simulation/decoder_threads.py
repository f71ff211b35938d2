"""Work that would keep other clients waiting, done in threads of its own.

Only pure functions may be given: all state is owned by the reactor's thread. A thread that computes lets that one run every few
milliseconds (``sys.getswitchinterval``). Each piece of work gets a new thread, since parsing leaves behind in its thread what
only the end of the thread gives back (see ``cimxml.decode.known_names``).
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cimsim.cimxml.decode.xml_parser import ParserThread

_MAX_THREADS: Final = 2
"""They share one interpreter, so more would only share its time, and each would hold its memory longer."""


class DecoderThreads:
    """Does work in threads, a few pieces at once; the others wait in the order in which they came."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._waiting: deque[tuple[Callable[[], Any], Deferred[Any]]] = deque()
        self._running = 0

    def run(self, work: Callable[[], Any]) -> "Deferred[Any]":
        """Do some work; the Deferred fires in the reactor's thread with what it returns or raises.

        Once it is cancelled, the work is not begun any more, or its outcome is dropped.
        """
        deferred: Deferred[Any] = Deferred()
        self._waiting.append((work, deferred))
        self._begin()
        return deferred

    def _begin(self) -> None:
        while self._waiting and self._running < _MAX_THREADS:
            work, deferred = self._waiting.popleft()
            if not deferred.called:
                self._running += 1
                ParserThread(target=self._do, args=(work, deferred)).start()

    def _do(self, work: Callable[[], Any], deferred: "Deferred[Any]") -> None:
        outcome: Any
        try:
            outcome = work()
        except Exception:  # noqa: BLE001 - it is raised again where it belongs
            outcome = Failure()  # type: ignore[no-untyped-call]
        self._reactor.callFromThread(self._done, deferred, outcome)

    def _done(self, deferred: "Deferred[Any]", outcome: Any) -> None:
        self._running -= 1
        self._begin()
        if not deferred.called:
            deferred.callback(outcome)
