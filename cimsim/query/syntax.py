"""What a query says, whatever its language: one syntax tree for WQL, DMTF:CQL and DMTF:FQL."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace
from pywbem import CIMError

from cimsim.query.patterns import Pattern
from cimsim.query.work import STEP, TERM
from cimsim.world.errors import invalid_query, query_feature_not_supported, server_limits_exceeded


class QueryDialect(msgspec.Struct, frozen=True):
    """What the languages do not have in common.

    ``ignores_case``: strings compare without regard to case, as Windows does it. ``coerces``: a literal may be of another type
    than the property, if its text is a value of that type. ``wildcards``: LIKE takes ``% _ []``, not a regular expression.
    ``arrays``: there are conditions on arrays and their elements. ``system``: instances have all system properties of WMI.
    ``wmi``: what is refused, and with which status, is as in WMI rather than as in DSP0200. ``events``: the statements are
    event queries, which may say WITHIN. ``classes``: the rows are classes, as those FROM meta_class are.
    """

    name: str
    ignores_case: bool = False
    coerces: bool = False
    wildcards: bool = False
    arrays: bool = True
    system: bool = False
    wmi: bool = False
    events: bool = False
    classes: bool = False


WQL: Final = QueryDialect("WQL", ignores_case=True, coerces=True, wildcards=True, arrays=False, system=True)
WMI: Final = replace(WQL, wmi=True)
WMI_LANGUAGE: Final = "WMI:WQL"
"""The name by which a codec asks for WQL as WMI speaks it; no protocol knows it."""
WMI_EVENTS: Final = replace(WMI, events=True)
WMI_EVENT_LANGUAGE: Final = "WMI:WQL:events"
"""The same for event queries."""
WMI_CLASSES: Final = replace(WMI, classes=True)
WMI_CLASS_LANGUAGE: Final = "WMI:WQL:classes"
"""The same for queries whose rows are classes."""
CQL: Final = QueryDialect("DMTF:CQL")
FQL: Final = QueryDialect("DMTF:FQL")


class QueryPosition(NamedTuple):
    """A place in the text of a query; both count from 1."""

    line: int
    column: int

    def located(self, text: str) -> str:
        """Return a text about what stands here, with the place."""
        return f"line {self.line}, column {self.column}: {text}"

    def after(self, text: str) -> "QueryPosition":
        """Return the place behind a text that starts here."""
        lines = text.count("\n")
        return QueryPosition(self.line + lines, len(text) - text.rfind("\n") if lines else self.column + len(text))

    def invalid(self, text: str) -> CIMError:
        """Return CIM_ERR_INVALID_QUERY for what stands here (rule OP-EQ-2)."""
        return invalid_query(self.located(text))

    def unsupported(self, text: str) -> CIMError:
        """Return CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED for what stands here (rule OP-EQ-2)."""
        return query_feature_not_supported(self.located(text))

    def too_much(self, text: str) -> CIMError:
        """Return CIM_ERR_SERVER_LIMITS_EXCEEDED for what stands here (rule SEC6)."""
        return server_limits_exceeded(self.located(text))


class Step(msgspec.Struct, frozen=True):
    """A name in a path to a value, and the index of the element that is meant of an array.

    ``scope`` is the class of which the property is meant: to an object of another class it is NULL.
    """

    name: str
    index: int | None = None
    scope: str | None = None

    def __str__(self) -> str:
        """The step as a query writes it."""
        name = self.name if self.scope is None else f"{self.scope}::{self.name}"
        return name if self.index is None else f"{name}[{self.index}]"


class Path(msgspec.Struct, frozen=True):
    """The way to a value: a property, or a property of an object embedded in it."""

    steps: tuple[Step, ...]
    at: QueryPosition

    def __str__(self) -> str:
        """The path as a query writes it."""
        return ".".join(map(str, self.steps))


class QueryLiteral(msgspec.Struct, frozen=True):
    """A value that stands in the query; ``text`` is how it is written there, without quotes."""

    value: str | int | float | bool | None
    text: str
    at: QueryPosition


class ArrayLiteral(msgspec.Struct, frozen=True):
    """An array that stands in the query."""

    items: tuple[QueryLiteral, ...]
    at: QueryPosition


Operand = Path | QueryLiteral | ArrayLiteral


class Comparison(msgspec.Struct, frozen=True):
    """Two operands and what is asked of them; ``every``: of EVERY (True) or ANY element of the array on the left."""

    left: Operand
    operator: str
    right: Operand
    every: bool | None = None


class Like(msgspec.Struct, frozen=True):
    """Whether a string, or ANY or EVERY of an array, fits a pattern."""

    path: Path
    pattern: Pattern
    every: bool | None = None


class IsNull(msgspec.Struct, frozen=True):
    """Whether there is no value."""

    path: Path


class IsA(msgspec.Struct, frozen=True):
    """Whether an object is of a class or a subclass of it."""

    path: Path
    classname: str


class Not(msgspec.Struct, frozen=True):
    """The contrary of a condition."""

    term: "Condition"
    depth: int


class Junction(msgspec.Struct, frozen=True):
    """All (AND) or one at least (OR) of some conditions."""

    conjunction: bool
    terms: tuple["Condition", ...]
    depth: int


Condition = Comparison | Like | IsNull | IsA | Not | Junction


def depth(condition: Condition) -> int:
    """Return how deep AND, OR and NOT are nested in a condition."""
    return condition.depth if isinstance(condition, Not | Junction) else 0


def place(condition: Condition) -> QueryPosition:
    """Return where a condition starts, as far as NOT and parentheses are left out."""
    match condition:
        case Comparison():
            return condition.left.at
        case Like() | IsNull() | IsA():
            return condition.path.at
        case Not(term):
            return place(term)
        case Junction(_, terms):
            return place(terms[0])


def paths(condition: Condition) -> Iterator[Path]:
    """Yield every path of a condition."""
    match condition:
        case Comparison(left, _, right):
            yield from (operand for operand in (left, right) if isinstance(operand, Path))
        case Like() | IsNull() | IsA():
            yield condition.path
        case Not(term):
            yield from paths(term)
        case Junction(_, terms):
            for term in terms:
                yield from paths(term)


def units(condition: Condition) -> int:
    """Return what it takes to evaluate a condition for an instance whose values are short, in units of ``query.work``."""
    return TERM + sum(TERM + STEP * (len(path.steps) - 1) for path in paths(condition))


class Select(msgspec.Struct, frozen=True):
    """A SELECT statement. ``columns`` None is ``*``; ``at`` is where the name of the class stands.

    ``within`` is the number of seconds behind WITHIN, which only event queries have.
    """

    columns: tuple[Path, ...] | None
    classname: str
    alias: str | None
    where: Condition | None
    at: QueryPosition
    within: float | None = None


class Option(msgspec.Struct, frozen=True):
    """A keyword behind the WHERE of a traversal, with its value if it has one."""

    name: str
    value: str | None
    at: QueryPosition


class Traversal(msgspec.Struct, frozen=True):
    """ASSOCIATORS OF, or REFERENCES OF, the object whose path, at ``start``, stands in the braces, ``at``."""

    associators: bool
    source: str
    options: tuple[Option, ...]
    at: QueryPosition
    start: QueryPosition


Statement = Select | Traversal
