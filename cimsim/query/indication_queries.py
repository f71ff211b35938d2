"""The queries of indication filters (rules I6 and I21).

Such a query is a SELECT statement about an indication class. Its rows are indications, in which the instances that they report
about are embedded; what class these are of, the schema of their own namespace knows.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from pywbem import CIMError

from cimsim.query.conditions import Test, compiled
from cimsim.query.filters import check_known
from cimsim.query.parse import parse_statement
from cimsim.query.selection import column_name, scope_of, shown
from cimsim.query.syntax import IsA, Junction, Path, QueryDialect, QueryPosition, Select, paths, units
from cimsim.query.work import AT_ONCE, COMPILED, MAX_FITTED, Meter
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass, Schema

_MAX_TESTS: Final = 32
"""Pairs of an indication class and a schema for which the condition is kept; both are replaced as classes change."""


class IndicationFilter:
    """A query about indications.

    ``classname`` is that of the indication class, as the query spells it, and ``at`` where it stands. ``columns`` are the names
    of the properties that an indication shall show, as the query spells them, without system properties; None for all.
    ``within`` is the number of seconds behind WITHIN, None where it says nothing of it.
    """

    def __init__(self, dialect: QueryDialect, query: Select) -> None:
        self.classname = query.classname
        self.at: QueryPosition = query.at
        self.columns = _columns(query)
        self.within = query.within
        self._folded = fold(query.classname)
        self._dialect = dialect
        self._query = query
        self._tests: dict[tuple[ResolvedClass, Schema], Test] = {}
        self._meter = Meter()
        self._fitting = 0
        self._units = 0 if query.where is None else units(query.where)

    def required(self, name: str) -> list[IsA]:
        """Return what every indication must fulfil of the form ``name ISA CLASS``: the terms that AND joins at the top."""
        where = self._query.where
        terms = where.terms if isinstance(where, Junction) and where.conjunction else () if where is None else (where,)
        return [term for term in terms if isinstance(term, IsA) and fold(str(term.path).rpartition(".")[2]) == fold(name)]

    def check(self, cls: ResolvedClass, schema: Schema) -> None:
        """Refuse what does not fit the indication class and its subclasses; as ``check_all``, for one namespace."""
        self.check_all([(cls, schema)])

    def check_all(self, sources: Collection[tuple[ResolvedClass, Schema]]) -> None:
        """Refuse what does not fit the indication class and its subclasses.

        Args:
            sources: for each source namespace the class that ``classname`` names, and the classes of the namespace, which are
                those of the instances that the indications report.

        Raises:
            CIMError: CIM_ERR_INVALID_QUERY for a property that none of these classes has and for a literal that is not a value
                of a property's type, CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED; each with its line and column;
                CIM_ERR_SERVER_LIMITS_EXCEEDED for too many terms for so many classes (rule SEC6).
        """
        sources = dict.fromkeys(sources)
        terms = len(self._query.columns or ()) + (0 if self._query.where is None else sum(1 for _ in paths(self._query.where)))
        classes = sum(1 + len(schema.descendants(cls.name)) for cls, schema in sources)
        if terms * classes > MAX_FITTED:
            raise self.at.too_much(f"a query of {terms} terms and columns about {classes} classes is too much work")
        for cls, schema in sources:
            self._check(cls, schema)

    def _check(self, cls: ResolvedClass, schema: Schema) -> None:
        classes = (cls, *schema.descendants(cls.name))
        scope = scope_of(self._dialect, self._query, cls, schema)
        for column in self._query.columns or ():
            shown(column, classes, scope)
        if self._query.where is None:
            return
        for path in paths(self._query.where):
            check_known(path, classes, scope)
        for each in classes:
            compiled(self._query.where, each, scope)

    def matches(self, indication: Instance, schema: Schema) -> bool:
        """Return whether an indication is of the class, or a subclass of it, and the condition holds for it.

        A property that it or an embedded instance does not have is NULL. Where the condition is unknown, it does not hold.

        Args:
            indication: the indication, its values those of its class.
            schema: the classes of the namespace whose instances the indication reports.

        Raises:
            CIMError: CIM_ERR_SERVER_LIMITS_EXCEEDED for values too long (rule SEC6).
        """
        self._meter.left, self._fitting = AT_ONCE - self._units, 0
        key = (indication.cls, schema)
        test = self._tests.get(key)
        if test is None:
            if len(self._tests) >= _MAX_TESTS:
                self._tests.clear()
            test = self._tests[key] = self._test(indication.cls, schema)
            self._fitting = COMPILED * self._units
        return test(indication.values)

    @property
    def spent(self) -> int:
        """What the last indication took, in units of ``query.work``."""
        return AT_ONCE - self._meter.left + self._fitting

    def _test(self, cls: ResolvedClass, schema: Schema) -> Test:
        if not cls.is_a(self._folded):
            return lambda _: False
        if self._query.where is None:
            return lambda _: True
        try:
            scope = replace(scope_of(self._dialect, self._query, cls, schema), meter=self._meter)
            return compiled(self._query.where, cls, scope)
        except CIMError:
            # The class came or changed after the query was checked; no client waits for an answer.
            return lambda _: False


def parse_indication_filter(language: str, text: str) -> IndicationFilter:
    """Return the filter that a query in WQL, DMTF:CQL, CIM:CQL or the WQL of WMI's events states (rule I6).

    Raises:
        CIMError: CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED; CIM_ERR_INVALID_QUERY and CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED, each with
            its line and column.
    """
    dialect, statement = parse_statement(language, text)
    if not isinstance(statement, Select):
        raise statement.at.invalid("an indication filter is a SELECT statement")
    return IndicationFilter(dialect, statement)


def _columns(query: Select) -> tuple[str, ...] | None:
    if query.columns is None:
        return None
    names = [_name(path, query) for path in query.columns]
    return tuple([name for name in names if not name.startswith("__")])


def _name(path: Path, query: Select) -> str:
    steps = path.steps
    if len(steps) > 1 and str(steps[0]).lower() in {fold(query.classname), fold(query.alias or "")}:
        steps = steps[1:]
    return column_name(path, steps)
