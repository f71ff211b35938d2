"""From a condition to a function of the values of an instance, made once for each class.

SQL's logic has three values; here it needs two. A function is made that returns whether a condition is *definitely true*, or
whether it is *definitely false*, the unknown being neither. NOT swaps the two, so that it vanishes, and AND and OR are those of
Python.

A term takes little time, unless what it looks at is long. So the meter of the scope counts long values and arrays; a literal is
never long, as a query is not, and no more of a value is looked at than the literal has characters.
"""

from collections.abc import Callable
from typing import Any, Final

from pywbem import CIMClass, CIMInstance

from cimsim.query.comparison import (
    Compare,
    ValueKind,
    compared_with_moment,
    compared_with_text,
    comparison,
    kind_of_value,
    typed,
)
from cimsim.query.property_access import PropertyAccess, Scope, Values, accessed
from cimsim.query.syntax import ArrayLiteral, Comparison, Condition, IsA, IsNull, Junction, Like, Not, Path, QueryLiteral
from cimsim.query.system_properties import named_by
from cimsim.query.wmi_paths import PathError, is_named, lies_in, parse_object_path
from cimsim.query.work import SHORT, Meter
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass

Test = Callable[[Values], bool]
_OnValue = Callable[[Any], bool]
_OnPair = Callable[[Any, Any], bool]

_EQUALITY: Final = frozenset({"=", "<>"})
_LONG: Final = frozenset({ValueKind.STRING, ValueKind.REFERENCE})
_UNITS_OF_ELEMENT: Final = 5
_UNITS_OF_PATH: Final = 50
_ARRAYS_COMPARE: Final = "an array compares with = and <> only"
_MIRRORED: Final = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compiled(condition: Condition, cls: ResolvedClass, scope: Scope) -> Test:
    """Return the function that returns whether the condition holds for the values of an instance of ``cls``.

    A property that the class does not have is NULL.

    Raises:
        CIMError: CIM_ERR_INVALID_QUERY for what does not fit the types of the properties, CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED.
    """
    return _Compiler(cls, scope).test(condition, True)


class _Compiler:
    def __init__(self, cls: ResolvedClass, scope: Scope) -> None:
        self._cls = cls
        self._scope = scope
        self._dialect = scope.dialect
        self._meter = scope.meter

    def test(self, condition: Condition, wanted: bool) -> Test:
        """Return the function that returns whether the condition definitely is as wanted."""
        match condition:
            case Not(term):
                return self.test(term, not wanted)
            case Junction(conjunction, terms):
                tests = [self.test(term, wanted) for term in terms]
                return _all(tests) if conjunction is wanted else _any(tests)
            case IsNull(path):
                read = accessed(path, self._cls, self._scope).read
                return (lambda values: read(values) is None) if wanted else (lambda values: read(values) is not None)
            case IsA():
                return self._is_a(condition, wanted)
            case Like():
                return self._like(condition, wanted)
            case Comparison():
                return self._comparison(condition, wanted)

    # Comparisons

    def _comparison(self, condition: Comparison, wanted: bool) -> Test:
        left, symbol, right = condition.left, condition.operator, condition.right
        if not isinstance(left, Path):
            if not isinstance(right, Path):
                raise left.at.unsupported("a comparison of two constants is not supported")
            left, symbol, right = right, _MIRRORED[symbol], left
        every = condition.every
        if isinstance(right, QueryLiteral) and right.value is None:
            return self._compared_with_null(accessed(left, self._cls, self._scope), symbol, right, every, wanted)
        access = self._access(left)
        if isinstance(right, ArrayLiteral):
            return self._compared_with_array(access, symbol, right, every, wanted)
        if isinstance(right, QueryLiteral) and (named := self._named(left, symbol, right)) is not None:
            return lambda values: named(values) is wanted
        if isinstance(right, Path):
            return self._compared_with_path(access, symbol, self._access(right), every, wanted)
        return self._quantified(access, self._against(access, symbol, right, wanted), every, wanted)

    def _named(self, path: Path, symbol: str, literal: QueryLiteral) -> Test | None:
        """Return the function that returns whether a literal names the instance, where the path is that of the instance."""
        location, steps = self._scope.location, self._scope.steps(path, self._cls)
        if symbol not in _EQUALITY or location is None or len(steps) != 1 or not isinstance(literal.value, str):
            return None
        named = named_by(steps[0].name, literal.value, self._cls, location, self._meter)
        if named is None or symbol == "=":
            return named
        return lambda values: not named(values)

    def _compared_with_null(
        self, access: PropertyAccess, symbol: str, literal: QueryLiteral, every: bool | None, wanted: bool
    ) -> Test:
        if symbol not in _EQUALITY:
            raise literal.at.invalid("NULL compares with = and <> only")
        read = access.read
        null = (symbol == "=") is wanted
        if every is not None:
            return self._quantified(access, lambda value: (value is None) is null, every, wanted)
        return lambda values: (read(values) is None) is null

    def _compared_with_array(
        self, access: PropertyAccess, symbol: str, literal: ArrayLiteral, every: bool | None, wanted: bool
    ) -> Test:
        if every is not None or (access.kind is not None and not access.is_array):
            raise literal.at.invalid(f"{access.path} compares with a single value")
        if symbol not in _EQUALITY:
            raise literal.at.invalid(_ARRAYS_COMPARE)
        equal = (symbol == "=") is wanted
        read = access.read
        tests = [self._against(access, "=", item, equal) for item in literal.items]

        def holds(values: Values) -> bool:
            value = read(values)
            if not isinstance(value, tuple):
                return False
            if len(value) != len(tests):
                return not equal
            answers = [test(item) for test, item in zip(tests, value, strict=True)]
            return all(answers) if equal else any(answers)

        return holds

    def _compared_with_path(
        self, access: PropertyAccess, symbol: str, other: PropertyAccess, every: bool | None, wanted: bool
    ) -> Test:
        if access.kind and other.kind and access.kind is not other.kind:
            raise access.invalid(f"{access.path} is {access.kind.value}, {other.path} is {other.kind.value}")
        if other.is_array and (every is not None or (access.kind is not None and not access.is_array)):
            raise other.invalid(f"{other.path} is an array: an index is needed")
        if every is not None or (other.kind is not None and not other.is_array):
            self._check_quantifier(access, every)
        if symbol not in _EQUALITY and (other.is_array or (access.is_array and every is None)):
            raise access.invalid(_ARRAYS_COMPARE)
        self._compare(access, symbol, access.kind or other.kind or ValueKind.STRING)
        holds, first, second = self._on_pairs(symbol, wanted), access.read, other.read
        if every is None:
            return lambda values: holds(first(values), second(values))
        combine, meter = all if every is wanted else any, self._meter

        def test(values: Values) -> bool:
            found, single = first(values), second(values)
            if not isinstance(found, tuple):
                return False
            _spend_on_array(meter, found)
            return combine([holds(item, single) for item in found])

        return test

    def _on_pairs(self, symbol: str, wanted: bool) -> _OnPair:
        """Return the function that compares two values whose kinds show only now; arrays compare with = and <>."""
        compares: dict[ValueKind, Compare | None] = {}
        dialect, meter = self._dialect, self._meter

        def made(kind: ValueKind) -> Compare | None:
            try:
                return comparison(kind, symbol, dialect)
            except ValueError:
                return None

        def holds(first: Any, second: Any) -> bool:
            kind = kind_of_value(first)
            if kind is None or kind_of_value(second) is not kind:
                return False
            if kind not in compares:
                compares[kind] = made(kind)
            compare = compares[kind]
            if kind in _LONG:
                meter.spend(_length(first) + _length(second))
            return compare is not None and compare(first, second) is wanted

        if symbol not in _EQUALITY:
            return holds
        equal = (symbol == "=") is wanted

        def holds_of_any(first: Any, second: Any) -> bool:
            if not isinstance(first, tuple) or not isinstance(second, tuple):
                return holds(first, second)
            if len(first) != len(second):
                return not equal
            _spend_on_array(meter, first)
            answers = map(holds, first, second)
            return all(answers) if equal else any(answers)

        return holds_of_any

    def _against(self, access: PropertyAccess, symbol: str, literal: QueryLiteral, wanted: bool) -> _OnValue:
        """Return the function that compares a single value with a literal."""
        if access.kind is None:
            return self._against_dynamic(symbol, literal, wanted)
        compare = self._compare(access, symbol, access.kind)
        if access.kind is ValueKind.REFERENCE and self._dialect.system and isinstance(literal.value, str):
            return self._against_object_path(access, literal, (symbol == "=") is wanted)
        constant = self._typed(literal, access, access.kind)
        if symbol == "=" and wanted and access.kind in {ValueKind.NUMBER, ValueKind.BOOLEAN}:
            return lambda value: bool(value == constant)
        if access.kind is ValueKind.STRING:
            holds = compared_with_text(symbol, constant, ignores_case=self._dialect.ignores_case)
            return lambda value: value is not None and holds(value) is wanted
        if access.kind is ValueKind.DATETIME:
            answer = compared_with_moment(symbol, constant)
            return lambda value: value is not None and answer(value) is wanted
        if access.kind is ValueKind.REFERENCE:
            return self._against_path(compare, constant, wanted)
        return lambda value: value is not None and compare(value, constant) is wanted

    def _against_object_path(self, access: PropertyAccess, literal: QueryLiteral, equal: bool) -> _OnValue:
        """Return the function that tells whether a reference is to what a literal names, as WMI writes paths."""
        meter, text = self._meter, str(literal.value)
        try:
            path = parse_object_path(text, strict=self._dialect.wmi)
        except PathError as error:
            raise literal.at.invalid(f"{access.path} is {access.type}, and {text!r} is not an object path: {error}") from None
        location = self._scope.location if self._dialect.wmi else None
        server = path.server if path.server and not (location and location.is_server(path.server)) else None

        def holds(value: Any) -> bool:
            if value is None:
                return False
            meter.spend(len(text) + _length(value))
            # A host that a property holds is that of another server, and must be named (rule D23).
            host = (server or "").lower() == value.host.lower() if value.host else server is None or location is None
            return (host and lies_in(path, value.namespace) and is_named(path, value.classname, value.keys, meter)) is equal

        return holds

    def _against_path(self, compare: Compare, constant: Any, wanted: bool) -> _OnValue:
        meter, length = self._meter, _length(constant)

        def holds(value: Any) -> bool:
            if value is None:
                return False
            # A key that is a reference is read from its text anew each time.
            meter.spend(length + _length(value))
            return compare(value, constant) is wanted

        return holds

    def _against_dynamic(self, symbol: str, literal: QueryLiteral, wanted: bool) -> _OnValue:
        tests: dict[ValueKind, _OnValue] = {}
        dialect = self._dialect

        def made(kind: ValueKind) -> _OnValue:
            try:
                compare, constant = comparison(kind, symbol, dialect), typed(literal, kind, dialect)
            except ValueError:
                # What an embedded object holds is known too late to refuse the query.
                return lambda _: False
            if kind is ValueKind.STRING:
                answer = compared_with_text(symbol, constant, ignores_case=dialect.ignores_case)
                return lambda value: answer(value) is wanted
            if kind is ValueKind.REFERENCE:
                return self._against_path(compare, constant, wanted)
            return lambda value: compare(value, constant) is wanted

        def holds(value: Any) -> bool:
            kind = kind_of_value(value)
            if kind is None:
                return False
            test = tests.get(kind)
            if test is None:
                test = tests[kind] = made(kind)
            return test(value)

        return holds

    def _compare(self, access: PropertyAccess, symbol: str, kind: ValueKind) -> Compare:
        try:
            return comparison(kind, symbol, self._dialect)
        except ValueError as error:
            raise access.invalid(f"{access.path}: {error}") from None

    def _typed(self, literal: QueryLiteral, access: PropertyAccess, kind: ValueKind) -> Any:
        try:
            return typed(literal, kind, self._dialect)
        except ValueError as error:
            raise literal.at.invalid(f"{access.path} is {access.type}: {error}") from None

    # LIKE and ISA

    def _like(self, condition: Like, wanted: bool) -> Test:
        access = self._access(condition.path)
        if access.kind not in {None, ValueKind.STRING}:
            raise access.invalid(f"LIKE is for strings, but {access.path} is {(access.kind or ValueKind.STRING).value}")
        matches, strings, meter = condition.pattern.matches, access.kind is ValueKind.STRING, self._meter

        def holds(value: Any) -> bool:
            # An embedded object may hold a datetime there, which is text to Python.
            return (
                isinstance(value, str)
                and (strings or kind_of_value(value) is ValueKind.STRING)
                and matches(value, meter) is wanted
            )

        return self._quantified(access, holds, condition.every, wanted)

    def _is_a(self, condition: IsA, wanted: bool) -> Test:
        folded = fold(condition.classname)
        if not self._scope.steps(condition.path, self._cls):
            known = self._cls.is_a(folded) is wanted
            return lambda _: known
        access = self._access(condition.path)
        if access.kind not in {None, ValueKind.EMBEDDED} or access.is_array:
            raise access.invalid(f"ISA is for embedded objects, but {access.path} is none")
        read, family = access.read, self._scope.family(condition.classname)

        def holds(values: Values) -> bool:
            value = read(values)
            return isinstance(value, CIMInstance | CIMClass) and (fold(value.classname) in family) is wanted

        return holds

    # Paths

    def _access(self, path: Path) -> PropertyAccess:
        """Return how to read a path; raises CIM_ERR_INVALID_QUERY for an array where the language has no conditions on it."""
        access = accessed(path, self._cls, self._scope)
        if access.is_array and not self._dialect.arrays:
            raise access.invalid(f"{path} is {access.type}, and {self._dialect.name} has no conditions on arrays but IS NULL")
        return access

    def _check_quantifier(self, access: PropertyAccess, every: bool | None) -> None:
        if access.kind is None:
            return
        if every is None and access.is_array:
            raise access.invalid(f"{access.path} is an array: ANY, EVERY or an index is needed")
        if every is not None and not access.is_array:
            raise access.invalid(f"{access.path} is not an array")

    def _quantified(self, access: PropertyAccess, holds: _OnValue, every: bool | None, wanted: bool) -> Test:
        """Return the function that applies ``holds`` to the value, or to ANY or EVERY element of an array."""
        self._check_quantifier(access, every)
        read = access.read
        if every is None:
            return lambda values: holds(read(values))
        combine, meter = all if every is wanted else any, self._meter

        def test(values: Values) -> bool:
            value = read(values)
            if not isinstance(value, tuple):
                return False
            _spend_on_array(meter, value)
            return combine(map(holds, value))

        return test


def _spend_on_array(meter: Meter, value: tuple[Any, ...]) -> None:
    if len(value) > SHORT:
        meter.spend(len(value) * _UNITS_OF_ELEMENT)


def _length(value: Any) -> int:
    """Return how long a text, or the text of a path, is."""
    if isinstance(value, InstancePath):
        return _UNITS_OF_PATH + sum(len(name) + _length(key) for name, key in value.keys)
    return len(value) if isinstance(value, str) else 1


def _all(tests: list[Test]) -> Test:
    def holds(values: Values) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would cost more than most tests
            if not test(values):
                return False
        return True

    return holds


def _any(tests: list[Test]) -> Test:
    def holds(values: Values) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(values):
                return True
        return False

    return holds
