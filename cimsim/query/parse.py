r"""From the text of a query to its syntax tree.

A string is delimited by ``'`` or ``"``. A backslash before either of these or another backslash stands for what follows it;
before anything else it stands for itself, since many clients of Windows do not double it.
"""

import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec
from pywbem import CIMError

from cimsim.query.grammar import GRAMMARS
from cimsim.query.patterns import Pattern, TooComplexError, regular_expression, wildcards
from cimsim.query.syntax import (
    CQL,
    FQL,
    WMI,
    WMI_CLASS_LANGUAGE,
    WMI_CLASSES,
    WMI_EVENT_LANGUAGE,
    WMI_EVENTS,
    WMI_LANGUAGE,
    WQL,
    ArrayLiteral,
    Comparison,
    Condition,
    IsA,
    IsNull,
    Junction,
    Like,
    Not,
    Option,
    Path,
    QueryDialect,
    QueryLiteral,
    QueryPosition,
    Select,
    Statement,
    Step,
    Traversal,
    depth,
    place,
)
from cimsim.world.errors import query_language_not_supported
from cimsim.world.names import fold

if TYPE_CHECKING:
    from lark import Lark, Token
    from lark.exceptions import UnexpectedInput

_MAX_LENGTH: Final = 65_536
_MAX_DEPTH: Final = 100
_MAX_DIGITS: Final = 100
_MAX_WITHIN: Final = 30 * 86_400
"""Seconds between two looks of an event query."""
_MAX_TOKENS: Final = 1_000
"""Words, values and signs of a query. Each takes some 25 us to parse, and nobody else is answered meanwhile."""
_MAX_STEPS: Final = 2_000
"""Steps of all patterns of a query, each some 4 us."""
_LEXEME: Final = r"""(?s)\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\w+|[^\w\s])"""

_STATEMENT_LANGUAGES: Final = {
    fold(WMI_LANGUAGE): WMI,
    fold(WMI_EVENT_LANGUAGE): WMI_EVENTS,
    fold(WMI_CLASS_LANGUAGE): WMI_CLASSES,
    "wql": WQL,
    "dmtf:cql": CQL,
    "cim:cql": CQL,
}
_ESCAPE: Final = r"""\\([\\'"])"""
# Words of SQL and of the languages themselves that stand for features left out.
_FEATURES: Final = frozenset(
    {
        "by",
        "distinct",
        "exists",
        "first",
        "group",
        "having",
        "in",
        "join",
        "limit",
        "order",
        "satisfies",
        "top",
        "union",
        "within",
        "between",
    }
)
_NOT_FUNCTIONS: Final = frozenset(
    {"select", "from", "where", "and", "or", "not", "like", "is", "isa", "any", "every", "as", "of"}
)
_TERMINALS: Final = {
    "NAME": "a name",
    "STRING": "a string",
    "INTEGER": "a whole number",
    "REAL": "a number",
    "OBJECT": "a path in braces",
    "COMPARISON": "a comparison",
    "STAR": "*",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "LBRACE": "{",
    "RBRACE": "}",
    "COMMA": ",",
    "DOT": ".",
    "EQUAL": "=",
    "_SCOPE": "::",
    "$END": "the end",
}


def parse_statement(language: str, text: str) -> tuple[QueryDialect, Statement]:
    """Return the statement of a query in WQL, DMTF:CQL or CIM:CQL (rule OP-EQ-2), or in WQL as WMI speaks it.

    Raises:
        CIMError: CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, CIM_ERR_INVALID_QUERY, CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED.
    """
    dialect = _STATEMENT_LANGUAGES.get(fold(language))
    if dialect is None:
        raise query_language_not_supported(f"query language {language} is not supported; WQL and DMTF:CQL are")
    statement: Statement = _parse(dialect, text)
    return dialect, statement


def parse_condition(language: str, text: str) -> Condition:
    """Return the condition that a filter in DMTF:FQL states (rules PL-36, PL-37); raises as ``parse_statement`` does."""
    if fold(language) != fold(FQL.name):
        raise query_language_not_supported(f"filter query language {language} is not supported; DMTF:FQL is")
    condition: Condition = _parse(FQL, text)
    return condition


def _parse(dialect: QueryDialect, text: str) -> Any:
    from lark.exceptions import UnexpectedInput

    if len(text) > _MAX_LENGTH:
        raise _position_of(text, _MAX_LENGTH).invalid(f"a query of more than {_MAX_LENGTH} characters")
    surplus = next(islice(re.finditer(_LEXEME, text), _MAX_TOKENS, None), None)
    if surplus is not None:
        raise _position_of(text, surplus.start(1)).too_much(f"a query of more than {_MAX_TOKENS} words, values and signs")
    parser, builder = _parser(dialect)
    builder.begin()
    try:
        parsed: Any = parser.parse(text)
    except UnexpectedInput as error:
        raise _unexpected(dialect, text, error) from None
    return parsed


@cache
def _parser(dialect: QueryDialect) -> "tuple[Lark, _TreeBuilder]":
    # Imported by the first query: lark takes a good part of the time in which a server is up.
    from lark import Lark, Transformer

    class Builder(_TreeBuilder, Transformer):  # type: ignore[type-arg] # its parameters exist for type checkers only
        """Builds the tree while the text is parsed, so that no depth of nesting costs a Python stack."""

    builder = Builder(dialect)
    options: Any = {"parser": "lalr", "lexer": "contextual", "maybe_placeholders": False}
    return Lark(GRAMMARS[dialect], transformer=builder, **options), builder


def _unexpected(dialect: QueryDialect, text: str, error: "UnexpectedInput") -> CIMError:
    """Return the error for what the grammar does not foresee; what SQL has beyond the language is a feature left out."""
    start = error.pos_in_stream
    at_end = start is None or start >= len(text) or getattr(getattr(error, "token", None), "type", "") == "$END"
    place = len(text) if at_end or start is None else start
    at = _position_of(text, place)
    if text[place : place + 1] in {"'", '"'} and not hasattr(error, "token"):
        return at.invalid("the string that starts here is not closed")
    word = re.compile(r"\w+|.?", re.DOTALL).match(text, place)
    found = word[0] if word else ""
    before = re.search(r"(\w*)\s*$", text[max(0, place - 200) : place])
    previous = before[1].lower() if before else ""
    function = found == "(" and bool(previous) and previous not in _NOT_FUNCTIONS and not previous.isdigit()
    operator = (bool(found) and found in "+-*/|:" and bool(previous)) or (found == "#" and dialect is CQL)
    features = _FEATURES - {"within"} if dialect.events else _FEATURES
    if dialect is not FQL and (fold(found) in features or previous in features or function or operator):
        return at.unsupported(f"what {_shown(found)} belongs to is not supported in {dialect.name}")
    if dialect.wmi and fold(found) == "not":
        return at.invalid("NOT stands before the name in WMI's WQL: NOT Name LIKE 'a%'")
    expected = getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None) or ()
    return at.invalid(f"{_shown(found)} is not expected here{_expectation(expected)}")


def _position_of(text: str, place: int) -> QueryPosition:
    line = text.count("\n", 0, place) + 1
    return QueryPosition(line, place - (text.rfind("\n", 0, place) + 1) + 1)


def _shown(found: str) -> str:
    return f"{found[:40]!r}" if found else "the end of the query"


def _expectation(expected: Any) -> str:
    names = sorted({_TERMINALS.get(name, name.strip("_")) for name in expected})
    return f", but {' or '.join(names)}" if names else ""


def _unquoted(token: "Token") -> str:
    return re.sub(_ESCAPE, r"\1", str(token)[1:-1])


def _at(token: "Token") -> QueryPosition:
    return QueryPosition(token.line or 1, token.column or 1)


class _Star(msgspec.Struct, frozen=True):
    """A star among the columns, behind the name ``of`` a class or alone."""

    of: Path | None
    at: QueryPosition


class _Interval(msgspec.Struct, frozen=True):
    """The seconds behind WITHIN."""

    seconds: float


class _TreeBuilder:
    """What each rule of the grammars comes to; the methods have the names of the rules."""

    def __init__(self, dialect: QueryDialect) -> None:
        super().__init__()
        self._dialect = dialect
        self._steps_left = _MAX_STEPS

    def begin(self) -> None:
        """Begin another query."""
        self._steps_left = _MAX_STEPS

    # Values

    def step(self, tokens: "list[Token]") -> tuple[Step, QueryPosition]:
        at = _at(tokens[0])
        names = [str(token) for token in tokens if token.type == "NAME"]
        index = None
        if len(tokens) > len(names):
            literal = self.literal(tokens[-1:])
            if not isinstance(literal.value, int) or literal.value < 0:
                raise literal.at.invalid("an index counts from 0")
            index = literal.value
        return Step(names[-1], index, names[0] if len(names) > 1 else None), at

    def property(self, parts: list[Any]) -> Path:
        if len(parts) == 1:
            step, at = parts[0]
            return Path((step,), at)
        path, (step, _) = parts
        if len(path.steps) >= _MAX_DEPTH:
            raise path.at.invalid(f"a path of more than {_MAX_DEPTH} names")
        return Path((*path.steps, step), path.at)

    def literal(self, tokens: "list[Token]") -> QueryLiteral:
        token = tokens[0]
        at = _at(token)
        text = str(token)
        match token.type:
            case "STRING":
                text = _unquoted(token)
                return QueryLiteral(text, text, at)
            case "NULL":
                return QueryLiteral(None, text, at)
            case "TRUE" | "FALSE":
                return QueryLiteral(token.type == "TRUE", text, at)
        if len(text) > _MAX_DIGITS:
            raise at.invalid(f"a number of more than {_MAX_DIGITS} characters")
        return QueryLiteral(float(text) if token.type == "REAL" else _integer(text), text, at)

    def array(self, parts: list[Any]) -> ArrayLiteral:
        brace, *items = parts
        for item in items:
            if item.value is None:
                raise item.at.invalid("NULL is not an element of an array here")
        return ArrayLiteral(tuple(items), _at(brace))

    # Conditions

    def comparison(self, parts: list[Any]) -> Condition:
        left, operator, right = parts
        return Comparison(left, _operator(operator), right)

    def quantifier(self, tokens: "list[Token]") -> bool:
        return tokens[0].type == "EVERY"

    def quantified(self, parts: list[Any]) -> Condition:
        every, left, operator, right = parts
        return Comparison(left, _operator(operator), right, every)

    def like(self, parts: list[Any]) -> Condition:
        path, token = parts
        return Like(path, self._pattern(token))

    def not_like(self, parts: list[Any]) -> Condition:
        return self.negated([self.like(parts)])

    def quantified_like(self, parts: list[Any]) -> Condition:
        every, path, token = parts
        return Like(path, self._pattern(token), every)

    def quantified_not_like(self, parts: list[Any]) -> Condition:
        # Every element fits not: that is the contrary of "any element fits", and the other way round.
        every, path, token = parts
        return self.negated([self.quantified_like([not every, path, token])])

    def _pattern(self, token: "Token") -> Pattern:
        text = _unquoted(token)
        try:
            pattern = wildcards(text) if self._dialect.wildcards else regular_expression(text)
            self._steps_left -= pattern.steps
            if self._steps_left < 0:
                raise _at(token).too_much(f"patterns of more than {_MAX_STEPS} steps in all")
            return pattern
        except TooComplexError as error:
            raise _at(token).unsupported(str(error)) from None
        except ValueError as error:
            raise _at(token).invalid(str(error)) from None

    def is_null(self, parts: list[Any]) -> Condition:
        return IsNull(parts[0])

    def is_not_null(self, parts: list[Any]) -> Condition:
        return self.negated([self.is_null(parts)])

    def is_a(self, parts: list[Any]) -> Condition:
        path, token = parts
        return IsA(path, _unquoted(token) if token.type == "STRING" else str(token))

    def negated(self, terms: list[Condition]) -> Condition:
        term = terms[0]
        return term.term if isinstance(term, Not) else Not(term, _deeper(terms))

    def conjunction(self, terms: list[Condition]) -> Condition:
        return Junction(True, tuple(terms), _deeper(terms))

    def disjunction(self, terms: list[Condition]) -> Condition:
        return Junction(False, tuple(terms), _deeper(terms))

    # Statements

    def column(self, parts: list[Any]) -> Path | _Star:
        path: Path = parts[0]
        if len(parts) == 1:
            return path
        token = parts[1]
        if token.type != "STAR":
            raise _at(token).unsupported("column names (AS) are not supported")
        return _Star(path, _at(token))

    def columns(self, parts: list[Any]) -> list[Any]:
        return [part if isinstance(part, Path | _Star) else _Star(None, _at(part)) for part in parts]

    def source(self, tokens: "list[Token]") -> "list[Token]":
        return tokens

    def sources(self, sources: "list[list[Token]]") -> "list[Token]":
        if len(sources) > 1:
            raise _at(sources[1][0]).unsupported("a query of more than one class is not supported")
        return sources[0]

    def select(self, parts: list[Any]) -> Select:
        columns, (name, *alias) = parts[:2]
        rest = parts[2:]
        within = rest.pop(0).seconds if rest and isinstance(rest[0], _Interval) else None
        where = rest[0] if rest else None
        for column in columns:
            if isinstance(column, _Star):
                self._check_star(column, {fold(str(each)) for each in (name, *alias)}, alone=len(columns) == 1)
        whole = isinstance(columns[0], _Star)
        return Select(None if whole else tuple(columns), str(name), str(alias[0]) if alias else None, where, _at(name), within)

    def within(self, tokens: "list[Token]") -> _Interval:
        literal = self.literal(tokens)
        try:
            seconds = float(literal.value or 0)
        except OverflowError:
            seconds = _MAX_WITHIN + 1
        if not 0 < seconds <= _MAX_WITHIN:
            raise literal.at.invalid(f"WITHIN {literal.text}: the interval is more than 0 and at most {_MAX_WITHIN} seconds")
        return _Interval(seconds)

    def _check_star(self, star: _Star, classnames: set[str], *, alone: bool) -> None:
        """Refuse a star that does not mean all columns: alone it does, and behind the name of the class."""
        if not alone:
            raise star.at.unsupported("a star beside other columns is not supported")
        if star.of is not None and fold(str(star.of)) not in classnames:
            raise star.at.unsupported(f"{star.of}.* is not supported")

    def option(self, tokens: "list[Token]") -> Option:
        value = None
        if len(tokens) > 1:
            value = _unquoted(tokens[1]) if tokens[1].type == "STRING" else str(tokens[1])
        return Option(str(tokens[0]), value, _at(tokens[0]))

    def traversal(self, parts: list[Any]) -> Traversal:
        kind, source, *options = parts
        text = str(source)[1:-1]
        start = _at(source).after(str(source)[: len(text) - len(text.lstrip()) + 1])
        return Traversal(kind.type == "ASSOCIATORS", text.strip(), tuple(options), _at(source), start)


def _operator(token: "Token") -> str:
    symbol = str(token)
    return "<>" if symbol == "!=" else symbol


def _integer(text: str) -> int:
    digits = text.lstrip("+-").lower()
    if digits.startswith("0x"):
        value = int(digits, 16)
    elif digits.endswith("b"):
        value = int(digits[:-1], 2)
    else:
        value = int(digits)
    return -value if text.startswith("-") else value


def _deeper(terms: list[Condition]) -> int:
    found = max(map(depth, terms)) + 1
    if found > _MAX_DEPTH:
        raise place(terms[0]).invalid(f"AND, OR and NOT are nested more than {_MAX_DEPTH} deep")
    return found
