"""The text of one MOF file while it is compiled: which token is being read, and where things stand.

pywbem's compiler forgets where a declaration began, and its line numbers go wrong after a block comment. This keeps the tokens
of the declaration that is being read, from which every place follows. The parser looks one token ahead, so a declaration is
complete when the first token of the next one has been read.
"""

import re
from bisect import bisect_left
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from cimsim.packs.declarations import Position
from cimsim.world.names import fold

_NEWLINE: Final = re.compile("\n")
_HEADS: Final = frozenset({"CLASS", "INSTANCE", "QUALIFIER"})
_SIGNS: Final = frozenset("{}()[];,=")
_AFTER_NAME: Final = frozenset(";=[(,)")
# Qualifiers or the size of an array, and a default value.
_PASSED_OVER: Final = {"[": "]", "=": ";"}


class Source:
    """One MOF text being compiled; ``name`` is its file relative to the pack's folder."""

    def __init__(self, path: Path, name: str, text: str) -> None:
        self.path = path
        self.name = name
        self.text = text
        self._newlines = [match.start() for match in _NEWLINE.finditer(text)]
        self._tokens: list[Any] = []
        self._previous: list[Any] = []
        self._depth = 0
        self._ended = True
        self._at_end = False

    def note(self, token: Any) -> None:
        """Take notice of the next token, or of the end of the text for None."""
        if token is None:
            self._at_end = True
            return
        if self._ended:
            self._previous, self._tokens = self._tokens, []
            self._depth, self._ended = 0, False
        self._tokens.append(token)
        if token.type == "{":
            self._depth += 1
        elif token.type == "}":
            self._depth -= 1
        elif token.type == ";":
            self._ended = self._depth == 0
        elif token.type == ")":
            self._ended = self._tokens[0].type == "#"

    @property
    def in_namespace_pragma(self) -> bool:
        """Whether the token to come is the name in ``#pragma namespace("NAME")``."""
        # Asked for at each string, of which large classes have thousands.
        if len(self._tokens) != 4 or self._ended:
            return False
        return [str(token.value).lower() for token in self._tokens] == ["#", "pragma", "namespace", "("]

    @property
    def in_pragma(self) -> bool:
        """Whether the current declaration is a ``#pragma``."""
        return bool(self._current) and self._current[0].type == "#"

    def position(self, place: int) -> Position:
        """Return the position of a place in the text."""
        line = bisect_left(self._newlines, place)
        start = self._newlines[line - 1] + 1 if line else 0
        return Position(self.name, line + 1, place - start + 1)

    @property
    def _current(self) -> list[Any]:
        """The tokens of the declaration that is being worked on."""
        only_looked_ahead = len(self._tokens) == 1 and self._previous
        return self._previous if only_looked_ahead else self._tokens

    @property
    def last(self) -> Position:
        """Where the token stands that was read last, or the end of the text if that was reached."""
        return self.position(len(self.text) if self._at_end or not self._tokens else self._tokens[-1].lexpos)

    @property
    def before_last(self) -> Position:
        """Where the token before that one stands: the end of what the parser has put together."""
        tokens = [*self._previous, *self._tokens]
        return self.position(tokens[-1 if self._at_end else -2].lexpos) if len(tokens) > 1 else self.last

    @property
    def last_text(self) -> str:
        """How that token reads."""
        return str(self._tokens[-1].value) if self._tokens else ""

    @property
    def declaration(self) -> Position:
        """Where the current declaration stands: its word ``class``, ``instance`` or ``Qualifier``, else its first token."""
        if not self._current:
            return self.last
        head = next((token for token in self._current if token.type in _HEADS), self._current[0])
        return self.position(head.lexpos)

    def word(self, text: str) -> Position:
        """Return where a word stands in the current declaration the first time; the declaration's place if it does not."""
        return self._found(token for token in self._current if _is(token, text))

    def last_word(self, text: str) -> Position:
        """Return where a word stands in the current declaration the last time."""
        return self._found(token for token in reversed(self._current) if _is(token, text))

    def assignment(self, name: str, count: int = 1) -> Position:
        """Return where a value is given to a property for the ``count``-th time: the place of its name.

        Without such a place, where the name stands first.
        """
        following = zip(self._current, self._current[1:], strict=False)
        names = [token for token, next_token in following if next_token.type == "=" and _is(token, name)]
        return self._found(iter(names[count - 1 :])) if len(names) >= count else self.word(name)

    def repeated(self) -> tuple[str, Position] | None:
        """Return the first name that two properties of the current class have, two methods, or two parameters of a method."""
        tokens = self._current
        head = next((place for place, token in enumerate(tokens) if token.type == "CLASS"), len(tokens))
        # A method may have the name of a property.
        features: set[tuple[bool, str]] = set()
        names = features
        passed_over: str | None = None
        for token, following in pairwise(tokens[head:]):
            if passed_over is not None:
                passed_over = None if token.type == passed_over else passed_over
            elif token.type in _PASSED_OVER:
                passed_over = _PASSED_OVER[token.type]
            elif token.type in ("(", ")"):
                names = set() if token.type == "(" else features
            elif following.type in _AFTER_NAME and token.type not in _SIGNS:
                name = following.type == "(", fold(token.value)
                if name in names:
                    return token.value, self.position(token.lexpos)
                names.add(name)
        return None

    def _found(self, tokens: Any) -> Position:
        token = next(tokens, None)
        return self.declaration if token is None else self.position(token.lexpos)


def _is(token: Any, text: str) -> bool:
    return isinstance(token.value, str) and token.value.lower() == text.lower()
