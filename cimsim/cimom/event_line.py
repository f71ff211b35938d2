"""Events in line: what happened waits until the request that caused it is answered, then is dealt with a little at a time.

A fault rule that acted on the request may have its events come twice, late, or after the next ones.
"""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Generic, TypeVar

from twisted.logger import Logger

from cimsim.cimom.object_manager import Cimom
from cimsim.query.work import SLICE

_T = TypeVar("_T")

Later = Callable[[Callable[[], None]], object]
"""Has something called soon, when what waits already has been done."""


class EventLine(Generic[_T]):
    """What happened, in order.

    Args:
        cimom: in which it did.
        later: has a part of the work done, such as ``callLater(0, ...)`` of the reactor.
        handle: deals with one event; yields what each step took, in units of ``query.work``.
    """

    log = Logger()

    def __init__(self, cimom: Cimom, later: Later, handle: Callable[[_T], Iterator[int]]) -> None:
        self._cimom = cimom
        self._later = later
        self._handle = handle
        self._happened: deque[_T] = deque()
        # Events that a fault rule wants to come after the next one.
        self._overtaken: list[_T] = []
        self._steps: Iterator[None] | None = None

    def arrange(self, it: _T) -> None:
        """Put an event in line, or do to it what a fault rule says that acted on its request."""
        fault = self._cimom.acted
        wrong = None if fault is None else fault.rule.indication
        if fault is None or wrong is None:
            self.enqueue(it, *self._overtaken)
            self._overtaken.clear()
        elif wrong == "duplicated":
            self.enqueue(it, it)
        elif wrong == "reordered":
            self._overtaken.append(it)
        elif wrong == "delayed":
            clock = self._cimom.clock
            clock.call_at(clock.now() + self._cimom.faults.delay(fault.rule), partial(self.enqueue, it))

    def enqueue(self, *events: _T) -> None:
        """Put events in line as they are."""
        self._happened.extend(events)
        if self._steps is None:
            self._steps = self._work()
            self._later(self._go_on)

    def clear(self) -> None:
        """Forget what is not dealt with yet."""
        self._happened.clear()
        self._overtaken.clear()
        self._steps = None

    def _go_on(self) -> None:
        steps = self._steps
        if steps is None:
            return
        for _ in steps:
            self._later(self._go_on)
            return
        self._steps = None

    def _work(self) -> Iterator[None]:
        """Deal with all that has happened; yield every few milliseconds."""
        spent = 0
        while self._happened:
            try:
                for units in self._handle(self._happened.popleft()):
                    spent += units
                    if spent >= SLICE:
                        spent = 0
                        yield
            except Exception:  # noqa: BLE001 - the others are not to suffer from it
                self.log.failure("an indication failed")
