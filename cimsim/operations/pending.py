"""A result that is still being worked on: the rows of a query that takes long are selected little by little.

An operation looks at one world, which is a value, so that it can stop between two instances and go on later, whatever others
have done to the world meanwhile. Whoever waits for the result advances it, and may drop it at any time.
"""

from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

from pywbem import CIMError

T = TypeVar("T")
U = TypeVar("U")


class Pending(Generic[T]):
    """A result in the making.

    Args:
        steps: does the work; each step takes some milliseconds. It may raise CIMError.
        finish: returns the result when there are no more steps; may raise CIMError.
        check: called before each step; it raises CIMError to end the work. None: nothing does.
    """

    __slots__ = ("_check", "_finish", "_steps")

    def __init__(self, steps: Iterator[None], finish: Callable[[], T], check: Callable[[], None] | None = None) -> None:
        self._steps = steps
        self._finish = finish
        self._check = check

    def advance(self) -> bool:
        """Do a little; return whether all is done.

        Raises:
            CIMError: what the work raises, and ``check``.
        """
        if self._check is not None:
            self._check()
        return next(self._steps, self) is self

    def finished(self) -> T:
        """Return the result, once all is done; raises CIMError."""
        return self._finish()

    def completed(self) -> T:
        """Return the result after all the work for it; raises CIMError."""
        while not self.advance():
            pass
        return self._finish()

    def outcomes(self) -> Iterator[T | CIMError | None]:
        """Yield None while there is work to do, then the result or the error that it came to."""
        try:
            while not self.advance():
                yield None
            result = self._finish()
        except CIMError as error:
            yield error
            return
        yield result

    def then(self, change: Callable[[T], U], check: Callable[[], None] | None = None) -> "Pending[U]":
        """Return this with a result that is changed when it is there, and with another ``check`` if one is given."""
        return Pending(self._steps, lambda: change(self._finish()), check or self._check)


def begun(steps: Iterator[None], finish: Callable[[], T]) -> T | Pending[T]:
    """Do a little; return the result if that was all, or else what is left to do."""
    pending = Pending(steps, finish)
    return pending.finished() if pending.advance() else pending


def followed(further: Callable[[T], Pending[U]], result: T | Pending[T]) -> U | Pending[U]:
    """Return what further work makes of a result, now if both take little, or what is left to do."""
    if not isinstance(result, Pending):
        following = further(result)
        return following.finished() if following.advance() else following
    made: list[U] = []

    def work() -> Iterator[None]:
        while not result.advance():
            yield
        following = further(result.finished())
        while not following.advance():
            yield
        made.append(following.finished())

    return Pending(work(), lambda: made[0])


def working(steps: Generator[None, None, T]) -> T | Pending[T]:
    """Do a little of what steps do, one at a time; return what they return, or what is left to do for it."""
    returned: list[T] = []

    def work() -> Iterator[None]:
        returned.append((yield from steps))

    return begun(work(), lambda: returned[0])


def completed(steps: Generator[None, None, T]) -> T:
    """Do all that steps do at a stretch; return what they return."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: T = end.value
            return value


def settled(change: Callable[[T], U], result: T | Pending[T]) -> U | Pending[U]:
    """Return a result changed, now or when it is there."""
    return result.then(change) if isinstance(result, Pending) else change(result)
