r"""The tokens of MOF (DSP0004, annex A.3), each with its place in the text.

A text is cut up as a whole, which is fast. What is not a token becomes one of the kind ``ERROR`` that says why; it counts when
the parser reaches it, so that the reported error is the first in the text.
"""

import re
from typing import Any, Final, NamedTuple

from cimsim.packs.mof.mof_errors import MofError

NAME: Final = "name"
STRING: Final = "string"
CHARACTER: Final = "character"
INTEGER: Final = "integer"
REAL: Final = "real"
SIGN: Final = "sign"
END: Final = "end"
ERROR: Final = "error"


class Token(NamedTuple):
    """A token: its kind, what it says (a number as such, a string without its quotation marks), and where it stands."""

    kind: str
    value: Any
    offset: int
    end: int


# DSP0004: letters, digits, the underscore, and U+0080 to U+FFEF.
_TOKEN: Final = re.compile(
    r"""
    (?P<blank> [ \t\r\n\f\v\ufeff]+ | //[^\r\n]* | /\*(?s:.*?)\*/ )
  | (?P<name> [A-Za-z_\u0080-\uffef][0-9A-Za-z_\u0080-\uffef]* )
  | (?P<string> "(?:[^"\\\r\n]|\\[^\r\n])*" )
  | (?P<sign> [#(){}\[\];,$:=] )
  | (?P<number> [+-]?(?:[0-9]|\.[0-9])(?:[eE][+-](?=[0-9])|[0-9A-Za-z_.])* )
  | (?P<character> '(?:[^'\\\r\n]|\\[^\r\n])*' )
    """,
    re.VERBOSE,
)
_INTEGERS: Final = (
    (re.compile(r"[+-]?0[xX][0-9a-fA-F]+"), 16),
    (re.compile(r"[+-]?[01]+[bB]"), 2),
    (re.compile(r"[+-]?0[0-7]+"), 8),
    (re.compile(r"[+-]?(?:[1-9][0-9]*|0)"), 10),
)
_REAL: Final = re.compile(r"[+-]?[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?")
_BINARY_LIKE: Final = re.compile(r"[+-]?[0-9]+[bB]")
_OCTAL_LIKE: Final = re.compile(r"[+-]?0[0-9]+")
_MAX_DIGITS: Final = 400
_ESCAPE: Final = re.compile(r"\\(?:[xX]([0-9a-fA-F]{1,4})|(.))", re.DOTALL)
_ESCAPED: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a text; the last one is of the kind ``END``, or ``ERROR`` at what is not a token."""
    tokens: list[Token] = []
    match_at = _TOKEN.match
    offset = 0
    try:
        while match := match_at(text, offset):
            kind: Any = match.lastgroup
            end = match.end()
            if kind in (NAME, SIGN):
                tokens.append(Token(kind, match[0], offset, end))
            elif kind == STRING:
                tokens.append(Token(kind, _string(match[0][1:-1], offset + 1), offset, end))
            elif kind == "number":
                tokens.append(_number(match[0], offset, end))
            elif kind == CHARACTER:
                tokens.append(Token(kind, _character(match[0], offset), offset, end))
            offset = end
        if offset < len(text):
            raise _no_token(text, offset)
    except MofError as error:
        tokens.append(Token(ERROR, error.text, error.offset, error.offset))
    else:
        tokens.append(Token(END, "", len(text), len(text)))
    return tokens


def _string(inner: str, offset: int) -> str:
    """Return what a string says; ``inner`` stands between its quotation marks."""
    if "\\" not in inner:
        return inner

    def unescaped(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        known = _ESCAPED.get(match[2])
        if known is None:
            raise MofError(offset + match.start(), rf"unknown escape {match[0]} in a string; a backslash is written \\")
        return known

    said = _ESCAPE.sub(unescaped, inner)
    # Beyond the basic plane a character is written as two, as UTF-16 has it.
    said = _PAIR.sub(lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), said)
    if _SURROGATE.search(said):
        raise MofError(offset - 1, "half a pair of surrogates in a string is not a character")
    return said


def _character(literal: str, offset: int) -> str:
    said = _string(literal[1:-1], offset + 1)
    if len(said) != 1:
        raise MofError(offset, f"a character expected between the marks, not {len(said)}: {literal}")
    return said


def _number(literal: str, offset: int, end: int) -> Token:
    if len(literal) > _MAX_DIGITS:
        raise MofError(offset, f"a number of {len(literal)} characters is out of the range of every type")
    for pattern, base in _INTEGERS:
        if pattern.fullmatch(literal):
            return Token(INTEGER, int(literal.rstrip("bB") if base == 2 else literal, base), offset, end)
    if _REAL.fullmatch(literal):
        return Token(REAL, float(literal), offset, end)
    kind = "a binary" if _BINARY_LIKE.fullmatch(literal) else "an octal" if _OCTAL_LIKE.fullmatch(literal) else "a"
    raise MofError(offset, f"{literal} is not {kind} number")


def _no_token(text: str, offset: int) -> MofError:
    """Return the error for what no token begins with."""
    if text.startswith("/*", offset):
        return MofError(offset, "the comment that begins here is not closed: */ is missing")
    mark = text[offset]
    if mark == '"':
        line = re.compile(r"[^\r\n]*").match(text, offset)
        hint = r" (\" is a mark within it)" if line and '\\"' in line[0] else ""
        return MofError(offset, f"the string that begins here is not closed on its line{hint}")
    if mark == "'":
        return MofError(offset, "the character that begins here is not closed")
    return MofError(offset, f"illegal character {mark!r}")
