"""What a test expects of the calls that clients made; a mismatch shows the nearest ones and what differs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cimsim.cimom.exchanges import Called

_MAX_SHOWN: Final = 5


class Expectation:
    """Expects calls of one operation or method.

    Args:
        calls: all calls, oldest first.
        name: of the operation or method.
        where: values of keys and parameters that a call must have, compared as text.
    """

    def __init__(self, calls: Sequence[Called], name: str, where: Mapping[str, Any]) -> None:
        self._calls = calls
        self._name = name
        self._where = where
        self._found = [call for call in calls if _is(call, name) and call.has(where)]

    def times(self, count: int) -> list[Called]:
        """Assert that there are exactly so many, and return them; raises ValueError for what is not a number of calls."""
        _check_count(count)
        if len(self._found) != count:
            raise AssertionError(self._mismatch(f"{count} times"))
        return self._found

    def once(self) -> Called:
        """Assert that there is exactly one, and return it."""
        return self.times(1)[0]

    def never(self) -> None:
        """Assert that there is none."""
        self.times(0)

    def at_least(self, count: int) -> list[Called]:
        """Assert that there are no fewer than so many, and return them; raises as ``times`` does."""
        _check_count(count)
        if len(self._found) < count:
            raise AssertionError(self._mismatch(f"at least {count} times"))
        return self._found

    def _mismatch(self, expected: str) -> str:
        lines = [f"{_shown(self._name, self._where)} was expected {expected}, and called {len(self._found)} times"]
        named = [call for call in self._calls if _is(call, self._name) and call not in self._found]
        for call in named[-_MAX_SHOWN:]:
            differing = call.differences(self._where)
            what = ", ".join(f"{name} is {_text(value)}" for name, value in differing.items())
            lines.append(f"  not counted: {call.operation} of {call.target}: {what}")
        if not named and not self._found:
            others = dict.fromkeys(call.operation for call in self._calls)
            lines.append(f"  called was: {', '.join(others) or 'nothing'}")
        for call in self._found[-_MAX_SHOWN:]:
            lines.append(f"  counted: {call.operation} of {call.target}")
        return "\n".join(lines)


def expect_sequence(calls: Sequence[Called], names: Sequence[str]) -> None:
    """Assert that there are calls of these names in this order; others may lie between them.

    Raises:
        ValueError: no name is given, which no test could fail.
        AssertionError: it names the first that is missing, and what was called after the ones before it.
    """
    if not names:
        raise ValueError("name what is expected, one operation or method after the other")
    place = 0
    for number, name in enumerate(names):
        found = next((at for at in range(place, len(calls)) if _is(calls[at], name)), None)
        if found is None:
            before = f" after {', '.join(names[:number])}" if number else ""
            rest = ", ".join(call.operation for call in calls[place:]) or "nothing"
            raise AssertionError(f"{name} was expected{before}; called was {rest}")
        place = found + 1


def _check_count(count: int) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ValueError(f"a number of calls is expected, 0 or more, not {count!r}")


def _is(call: Called, name: str) -> bool:
    return call.operation.lower() == name.lower()


def _shown(name: str, where: Mapping[str, Any]) -> str:
    return f"{name} with {', '.join(f'{key}={value!r}' for key, value in where.items())}" if where else name


def _text(value: str | None) -> str:
    return "missing" if value is None else repr(value)
