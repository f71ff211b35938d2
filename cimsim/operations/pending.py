"""A result that is still being worked on: the rows of a query that takes long are selected little by little.

An operation looks at one world, which is a value, so that it can stop between two instances and go on later, whatever others
have done to the world meanwhile. Whoever waits for the result advances it, and may drop it at any time.
"""

from collections.abc import Callable, Iterator

from pywbem import CIMError

from cimsim.operations.results import Result


class Pending:
    """A result in the making.

    Args:
        steps: does the work; each step takes some milliseconds. It may raise CIMError.
        finish: returns the result when there are no more steps; may raise CIMError.
    """

    __slots__ = ("_finish", "_steps", "check")

    def __init__(self, steps: Iterator[None], finish: Callable[[], Result]) -> None:
        self._steps = steps
        self._finish = finish
        self.check: Callable[[], None] | None = None

    def advance(self) -> bool:
        """Do a little; return whether all is done.

        Raises:
            CIMError: what the work raises, and ``check`` where there is one: the server may be about to stop.
        """
        if self.check is not None:
            self.check()
        return next(self._steps, self) is self

    def finished(self) -> Result:
        """Return the result, once all is done; raises CIMError."""
        return self._finish()

    def then(self, change: Callable[[Result], Result]) -> "Pending":
        """Return this with a result that is changed when it is there."""
        pending = Pending(self._steps, lambda: change(self._finish()))
        pending.check = self.check
        return pending


def begun(steps: Iterator[None], finish: Callable[[], Result]) -> Result | Pending:
    """Do a little; return the result if that was all, or else what is left to do."""
    pending = Pending(steps, finish)
    return pending.finished() if pending.advance() else pending


def completed(result: Result | Pending) -> Result:
    """Return a result after all the work for it."""
    if not isinstance(result, Pending):
        return result
    while not result.advance():
        pass
    return result.finished()


def settled(change: Callable[[Result], Result], result: Result | Pending) -> Result | Pending:
    """Return a result changed, now or when it is there."""
    return result.then(change) if isinstance(result, Pending) else change(result)


def steps_to(result: Result | Pending) -> Iterator[Result | CIMError | None]:
    """Yield None while there is work to do, then the result or the error that it came to."""
    if isinstance(result, Pending):
        try:
            while not result.advance():
                yield None
            result = result.finished()
        except CIMError as error:
            yield error
            return
    yield result
