r"""LIKE: patterns as automata, so that no pattern takes longer than its length times that of the text (rule SEC6).

What a match takes is counted as it goes on, a long text piece by piece: it may be decided by its first characters.

WQL has wildcards: ``%`` any characters, ``_`` one, ``[abc]``, ``[a-f]`` or ``[a=f]`` one of these, ``[^abc]`` none of these.

DMTF:CQL and DMTF:FQL have the regular expressions of DSP1001: ``.``, ``[abc]`` one of these (there are no ranges), ``[abc]^``
none of these, ``* + ? {n} {n,} {n,m}``, groups, ``|``, ``\`` before a special character, and ``^`` and ``$`` at the ends. A
pattern has to fit the whole string, so these two change nothing.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from cimsim.query.work import SHORT, Meter

Accepts = Callable[[str], bool]

_MAX_STATES: Final = 500
_MAX_NESTING: Final = 50
# Subsets of states met so far; what does not fit is found again.
_MAX_MOVES: Final = 20_000
# Characters of a long text that are matched at a stretch.
_PIECE: Final = 4096
# What it takes to find a subset for the first time.
_UNITS_OF_MOVE: Final = 10
_UNITS_OF_STATE: Final = 8


class TooComplexError(ValueError):
    """A pattern that would cost too much."""


class _Symbol(msgspec.Struct, frozen=True):
    accepts: Accepts


class _Sequence(msgspec.Struct, frozen=True):
    parts: tuple["_Node", ...]


class _Choice(msgspec.Struct, frozen=True):
    parts: tuple["_Node", ...]


class _Repeat(msgspec.Struct, frozen=True):
    part: "_Node"
    least: int
    most: int | None


_Node = _Symbol | _Sequence | _Choice | _Repeat


def _any(_: str) -> bool:
    return True


class Pattern:
    """A pattern of LIKE: a nondeterministic automaton, whose sets of states are kept as texts lead to them."""

    def __init__(self, node: _Node, *, fold: bool) -> None:
        self._fold = fold
        self._symbols: list[tuple[Accepts, int]] = []
        self._empty: dict[int, list[int]] = {}
        self._moves: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._work = 0
        self._end = self._state()
        self._start = self._closure({self._build(node, self._end)})
        self._sure = self._accepting(node)

    @property
    def steps(self) -> int:
        """How many steps the pattern has: what building it takes, and at most each move of the automaton."""
        return self._work

    def matches(self, text: str, meter: Meter | None = None) -> bool:
        """Return whether the pattern fits the whole text; ``meter`` counts the characters looked at.

        Raises:
            CIMError: CIM_ERR_SERVER_LIMITS_EXCEEDED, when the meter has none left.
        """
        meter = meter or Meter()
        if len(text) <= SHORT:
            meter.left -= len(text)
            return self._end in self._after(self._start, text, meter)
        states = self._start
        for place in range(0, len(text), _PIECE):
            if self._sure in states:
                return True
            piece = text[place : place + _PIECE]
            meter.spend(len(piece))
            states = self._after(states, piece, meter)
            if not states:
                return False
        return self._end in states

    def _after(self, states: frozenset[int], text: str, meter: Meter) -> frozenset[int]:
        """Return the states that a text leads to from others."""
        moves = self._moves
        for character in text.lower() if self._fold else text:
            key = (states, character)
            found = moves.get(key)
            if found is None:
                if len(moves) >= _MAX_MOVES:
                    moves.clear()
                meter.spend(_UNITS_OF_MOVE + _UNITS_OF_STATE * len(states))
                found = moves[key] = self._move(states, character)
            if not found:
                return found
            states = found
        return states

    def _accepting(self, node: "_Node") -> int:
        """Return the state from which every text is accepted, where the pattern ends with anything; -1 where it does not."""
        last = node.parts[-1] if isinstance(node, _Sequence) and node.parts else None
        # The parts are built from the last to the first: its state is the one behind the end.
        return self._end + 1 if last == _ANYTHING else -1

    def _move(self, states: frozenset[int], character: str) -> frozenset[int]:
        following = set()
        for state in states:
            accepts, target = self._symbols[state]
            if accepts(character):
                following.add(target)
        return self._closure(following)

    def _closure(self, states: set[int]) -> frozenset[int]:
        found = set(states)
        pending = list(states)
        while pending:
            for target in self._empty.get(pending.pop(), ()):
                if target not in found:
                    found.add(target)
                    pending.append(target)
        return frozenset(found)

    def _state(self, accepts: Accepts | None = None, target: int = 0) -> int:
        self._symbols.append((accepts or _never, target))
        return len(self._symbols) - 1

    def _join(self, state: int, *targets: int) -> int:
        self._empty.setdefault(state, []).extend(targets)
        return state

    def _build(self, node: _Node, end: int) -> int:
        """Return the state from which what fits ``node`` leads to ``end``."""
        # Counts what is built, not the states: a group of nothing, repeated many times, takes time but no state.
        self._work += 1
        if self._work > _MAX_STATES:
            raise TooComplexError(f"a pattern of more than {_MAX_STATES} steps")
        match node:
            case _Symbol(accepts):
                return self._state(accepts, end)
            case _Sequence(parts):
                for part in reversed(parts):
                    end = self._build(part, end)
                return end
            case _Choice(parts):
                return self._join(self._state(), *[self._build(part, end) for part in parts])
            case _Repeat(part, least, most):
                start = end
                if most is None:
                    start = self._state()
                    self._join(start, self._build(part, start), end)
                else:
                    for _ in range(most - least):
                        start = self._join(self._state(), self._build(part, start), end)
                for _ in range(least):
                    start = self._build(part, start)
                return start


def _never(_: str) -> bool:
    return False


_ANYTHING: Final = _Repeat(_Symbol(_any), 0, None)


def wildcards(text: str) -> Pattern:
    """Return the pattern that WQL writes so; upper and lower case are one."""
    parts: list[_Node] = []
    folded = text.lower()
    place = 0
    while place < len(folded):
        character = folded[place]
        close = folded.find("]", place + 2) if character == "[" else -1
        if character == "%":
            parts.append(_ANYTHING)
        elif character == "_":
            parts.append(_Symbol(_any))
        elif close > 0:
            parts.append(_Symbol(_set(folded[place + 1 : close])))
            place = close
        else:
            parts.append(_Symbol(character.__eq__))
        place += 1
        if len(parts) > _MAX_STATES:
            raise TooComplexError(f"a pattern of more than {_MAX_STATES} steps")
    return Pattern(_Sequence(tuple(parts)), fold=True)


def _set(content: str) -> Accepts:
    negated = content.startswith("^") and len(content) > 1
    content = content[negated:]
    singles, ranges = set(), []
    place = 0
    while place < len(content):
        if place + 2 < len(content) and content[place + 1] in "-=":
            ranges.append((content[place], content[place + 2]))
            place += 3
        else:
            singles.add(content[place])
            place += 1
    return lambda character: (character in singles or any(low <= character <= high for low, high in ranges)) is not negated


def regular_expression(text: str) -> Pattern:
    """Return the pattern that DSP1001 writes so.

    Raises:
        ValueError: it is not such a regular expression; ``TooComplexError``: it is one that would cost too much.
    """
    return Pattern(_PatternReader(text).read(), fold=False)


class _PatternReader:
    """Reads a regular expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._nesting = 0

    def read(self) -> _Node:
        self._take("^")
        node = self._choice()
        self._take("$")
        if self._place < len(self._text):
            raise ValueError(f"{self._text[self._place]!r} is not expected at character {self._place + 1} of the pattern")
        return node

    def _take(self, character: str) -> bool:
        found = self._text[self._place : self._place + 1] == character
        self._place += found
        return found

    def _choice(self) -> _Node:
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else _Choice(tuple(parts))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self._place < len(self._text) and self._text[self._place] not in "|)$":
            parts.append(self._multiplied(self._single()))
            if len(parts) > _MAX_STATES:
                raise TooComplexError(f"a pattern of more than {_MAX_STATES} steps")
        return _Sequence(tuple(parts))

    def _single(self) -> _Node:
        character = self._text[self._place]
        if character == "[":
            return self._class()
        if character == "(":
            return self._group()
        if character in "]^*+?{}":
            raise ValueError(f"{character!r} is not expected at character {self._place + 1} of the pattern")
        if character == ".":
            self._place += 1
            return _Symbol(_any)
        return _Symbol(self._simple().__eq__)

    def _simple(self) -> str:
        character = self._text[self._place]
        self._place += 1
        if character != "\\":
            return character
        if self._place == len(self._text):
            raise ValueError("the pattern ends with a backslash")
        self._place += 1
        return self._text[self._place - 1]

    def _class(self) -> _Node:
        opened = self._place + 1
        self._place += 1
        members = set()
        while not self._take("]"):
            if self._place == len(self._text):
                raise ValueError(f"the bracket at character {opened} of the pattern is not closed")
            if self._text[self._place] == "^":
                raise ValueError(f"'^' at character {self._place + 1} of the pattern: the contrary of [ab] is written [ab]^")
            members.add(self._simple())
        accepted = frozenset(members)
        if self._take("^"):
            return _Symbol(lambda character: character not in accepted)
        return _Symbol(accepted.__contains__)

    def _group(self) -> _Node:
        opened = self._place + 1
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise TooComplexError(f"groups nested more than {_MAX_NESTING} deep in a pattern")
        self._place += 1
        node = self._choice()
        if not self._take(")"):
            raise ValueError(f"the parenthesis at character {opened} of the pattern is not closed")
        self._nesting -= 1
        return node

    def _multiplied(self, node: _Node) -> _Node:
        if self._take("*"):
            return _Repeat(node, 0, None)
        if self._take("+"):
            return _Repeat(node, 1, None)
        if self._take("?"):
            return _Repeat(node, 0, 1)
        if self._take("{"):
            return self._counted(node)
        return node

    def _counted(self, node: _Node) -> _Node:
        close = self._text.find("}", self._place)
        least, comma, most = self._text[self._place : max(close, self._place)].partition(",")
        numbers = [number for number in (least, most) if number]
        if close < 0 or not least or not all(number.isdecimal() and len(number) < 6 for number in numbers):
            raise ValueError(f"{{n}}, {{n,}} or {{n,m}} is expected at character {self._place} of the pattern")
        self._place = close + 1
        first = int(least)
        last = (int(most) if most else None) if comma else first
        if last is not None and last < first:
            raise ValueError(f"{{{least},{most}}} in the pattern is the wrong way round")
        if max(first, last or 0) > _MAX_STATES:
            raise TooComplexError(f"a pattern of more than {_MAX_STATES} steps")
        return _Repeat(node, first, last)
