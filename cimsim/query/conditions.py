"""From a condition to a function of the values of an instance, made once for each class.

SQL's logic has three values; here it needs two. A function is made to tell whether a condition is *definitely true*, or whether
it is *definitely false*, the unknown being neither. NOT swaps the two, so that it vanishes, and AND and OR are those of Python.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pywbem import CIMClass, CIMError, CIMInstance

from cimsim.query.syntax import (
    ArrayLiteral,
    Comparison,
    Condition,
    Dialect,
    IsA,
    IsNull,
    Junction,
    Like,
    Literal,
    Not,
    Path,
    Step,
)
from cimsim.query.values import Kind, compared_with_moment, comparison, kind_of_property, kind_of_value, native, typed
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass, Schema

Values = tuple[Any, ...]
Test = Callable[[Values], bool]
_OnValue = Callable[[Any], bool]

_MIRRORED: Final = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names in a condition mean.

    ``itself`` holds the folded names that stand for the instance: its class in the query, an alias. ``schema`` knows the
    classes of embedded objects.
    """

    dialect: Dialect
    itself: frozenset[str] = frozenset()
    schema: Schema | None = None

    def steps(self, path: Path, cls: ResolvedClass) -> tuple[Step, ...]:
        """Return the steps of a path without a leading name that stands for the instance; empty for the instance."""
        first = path.steps[0]
        if first.index is None and fold(first.name) in self.itself and fold(first.name) not in cls.index:
            return path.steps[1:]
        return path.steps


@dataclass(frozen=True, slots=True)
class _Access:
    """How to read what a path leads to. ``kind`` is None where only the value tells, so that ``is_array`` says nothing."""

    read: Callable[[Values], Any]
    kind: Kind | None
    is_array: bool
    path: Path

    def invalid(self, text: str) -> CIMError:
        return self.path.at.invalid(text)


def compiled(condition: Condition, cls: ResolvedClass, scope: Scope) -> Test:
    """Return the function that tells whether the condition holds for the values of an instance of ``cls``.

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

    def test(self, condition: Condition, wanted: bool) -> Test:
        """Return the function that tells whether the condition definitely is as wanted."""
        match condition:
            case Not(term):
                return self.test(term, not wanted)
            case Junction(conjunction, terms):
                tests = [self.test(term, wanted) for term in terms]
                return _all(tests) if conjunction is wanted else _any(tests)
            case IsNull(path):
                read = self._access(path).read
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
        access = self._access(left)
        if isinstance(right, Literal) and right.value is None:
            return self._compared_with_null(access, symbol, right, wanted)
        if isinstance(right, ArrayLiteral):
            return self._compared_with_array(access, symbol, right, condition.every, wanted)
        if isinstance(right, Path):
            return self._compared_with_path(access, symbol, self._access(right), condition.every, wanted)
        return _quantified(access, self._against(access, symbol, right, wanted), condition.every, wanted)

    def _compared_with_null(self, access: _Access, symbol: str, literal: Literal, wanted: bool) -> Test:
        if symbol not in {"=", "<>"}:
            raise literal.at.invalid("NULL compares with = and <> only")
        read = access.read
        null = (symbol == "=") is wanted
        return lambda values: (read(values) is None) is null

    def _compared_with_array(
        self, access: _Access, symbol: str, literal: ArrayLiteral, every: bool | None, wanted: bool
    ) -> Test:
        kind = access.kind
        if every is not None or (kind is not None and not access.is_array):
            raise literal.at.invalid(f"{access.path} compares with a single value")
        if symbol not in {"=", "<>"}:
            raise literal.at.invalid("an array compares with = and <> only")
        equal = (symbol == "=") is wanted
        read = access.read
        items = [self._against(access, "=", item, True) for item in literal.items]

        def holds(values: Values) -> bool:
            value = read(values)
            if not isinstance(value, tuple):
                return False
            same = len(value) == len(items) and all(test(item) for test, item in zip(items, value, strict=True))
            return same is equal

        return holds

    def _compared_with_path(self, access: _Access, symbol: str, other: _Access, every: bool | None, wanted: bool) -> Test:
        if other.is_array and other.kind is not None:
            raise other.invalid(f"{other.path} is an array: an index is needed")
        if access.kind is not None and other.kind is not None and access.kind is not other.kind:
            raise access.invalid(f"{access.path} is {access.kind.value}, {other.path} is {other.kind.value}")
        self._compare(access, symbol, access.kind or other.kind or Kind.STRING)
        dialect, read = self._dialect, other.read

        def against(values: Values) -> _OnValue:
            second = read(values)

            def holds(first: Any) -> bool:
                if first is None or second is None or isinstance(first, tuple) or isinstance(second, tuple):
                    return False
                kind = kind_of_value(first)
                if kind_of_value(second) is not kind:
                    return False
                try:
                    return comparison(kind, symbol, dialect)(first, second) is wanted
                except ValueError:
                    return False

            return holds

        _check_quantifier(access, every)
        first_read = access.read
        if every is None:
            return lambda values: against(values)(first_read(values))
        combine = all if every is wanted else any

        def holds(values: Values) -> bool:
            found = first_read(values)
            return isinstance(found, tuple) and combine(map(against(values), found))

        return holds

    def _against(self, access: _Access, symbol: str, literal: Literal, wanted: bool) -> _OnValue:
        """Return the function that compares a single value with a literal."""
        if access.kind is None:
            return self._against_dynamic(symbol, literal, wanted)
        compare = self._compare(access, symbol, access.kind)
        constant = self._typed(literal, access.kind)
        if symbol == "=" and wanted and access.kind in {Kind.NUMBER, Kind.BOOLEAN}:
            return lambda value: bool(value == constant)
        if access.kind is Kind.STRING and symbol in {"=", "<>"}:
            return _text_test(constant, (symbol == "=") is wanted, lower=self._dialect.ignores_case)
        if access.kind is Kind.DATETIME:
            answer = compared_with_moment(symbol, constant)
            return lambda value: value is not None and answer(value) is wanted
        return lambda value: value is not None and compare(value, constant) is wanted

    def _against_dynamic(self, symbol: str, literal: Literal, wanted: bool) -> _OnValue:
        tests: dict[Kind, _OnValue] = {}
        dialect = self._dialect

        def made(kind: Kind) -> _OnValue:
            try:
                compare, constant = comparison(kind, symbol, dialect), typed(literal, kind, dialect)
            except ValueError:
                # What an embedded object holds is known too late to refuse the query.
                return lambda _: False
            return lambda value: compare(value, constant) is wanted

        def holds(value: Any) -> bool:
            if value is None or isinstance(value, tuple):
                return False
            kind = kind_of_value(value)
            test = tests.get(kind)
            if test is None:
                test = tests[kind] = made(kind)
            return test(value)

        return holds

    def _compare(self, access: _Access, symbol: str, kind: Kind) -> Callable[[Any, Any], bool | None]:
        try:
            return comparison(kind, symbol, self._dialect)
        except ValueError as error:
            raise access.invalid(f"{access.path}: {error}") from None

    def _typed(self, literal: Literal, kind: Kind) -> Any:
        try:
            return typed(literal, kind, self._dialect)
        except ValueError as error:
            raise literal.at.invalid(str(error)) from None

    # LIKE and ISA

    def _like(self, condition: Like, wanted: bool) -> Test:
        access = self._access(condition.path)
        if access.kind not in {None, Kind.STRING}:
            raise access.invalid(f"LIKE is for strings, but {access.path} is {(access.kind or Kind.STRING).value}")
        matches = condition.pattern.matches

        def holds(value: Any) -> bool:
            return isinstance(value, str) and matches(value) is wanted

        return _quantified(access, holds, condition.every, wanted)

    def _is_a(self, condition: IsA, wanted: bool) -> Test:
        folded = fold(condition.classname)
        if not self._scope.steps(condition.path, self._cls):
            known = self._cls.is_a(folded) is wanted
            return lambda _: known
        access = self._access(condition.path)
        if access.kind not in {None, Kind.EMBEDDED} or access.is_array:
            raise access.invalid(f"ISA is for embedded objects, but {access.path} is none")
        read, schema = access.read, self._scope.schema

        def holds(values: Values) -> bool:
            value = read(values)
            if not isinstance(value, CIMInstance | CIMClass):
                return False
            cls = schema.get(value.classname) if schema else None
            return (cls.is_a(folded) if cls else fold(value.classname) == folded) is wanted

        return holds

    # Paths

    def _access(self, path: Path) -> _Access:
        steps = self._scope.steps(path, self._cls)
        if not steps:
            raise path.at.invalid(f"{path} is the instance, not one of its properties")
        first, *rest = steps
        if first.name.startswith("__"):
            name = system_property(self._cls, first, path)
            if rest:
                raise path.at.invalid(f"{first.name} has no properties")
            return _Access(lambda _: name, Kind.STRING, False, path)
        place = self._cls.index.get(fold(first.name))
        if place is None:
            return _Access(lambda _: None, None, False, path)
        prop = self._cls.properties[place]
        kind, is_array = kind_of_property(prop), prop.is_array
        if first.index is not None and not is_array:
            raise path.at.invalid(f"{prop.name} is not an array")
        if not rest:
            if first.index is not None:
                return _Access(lambda values: _element(values[place], first.index), kind, False, path)
            return _Access(lambda values: values[place], kind, is_array, path)
        if kind is not Kind.EMBEDDED:
            raise path.at.invalid(f"{prop.name} is {kind.value}, which has no properties")
        if is_array and first.index is None:
            raise path.at.invalid(f"{prop.name} is an array: an index is needed")
        return _Access(lambda values: _embedded(_element(values[place], first.index), rest), None, False, path)


def system_property(cls: ResolvedClass, step: Step, path: Path) -> str | None:
    """Return the value of a system property for instances of a class: ``__CLASS``, ``__SUPERCLASS`` or ``__DYNASTY``.

    Raises:
        CIMError: CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED for the others.
    """
    match fold(step.name):
        case "__class":
            return cls.name
        case "__superclass":
            return cls.superclass.name if cls.superclass else None
        case "__dynasty":
            top = cls
            while top.superclass:
                top = top.superclass
            return top.name
    raise path.at.unsupported(f"{step.name} is not supported; __CLASS, __SUPERCLASS and __DYNASTY are")


def _element(value: Any, index: int | None) -> Any:
    if index is None or value is None:
        return value
    return value[index] if isinstance(value, tuple) and index < len(value) else None


def _embedded(value: Any, steps: list[Step]) -> Any:
    for step in steps:
        if not isinstance(value, CIMInstance):
            return None
        if fold(step.name) == "__class":
            value = value.classname
            continue
        prop = value.properties.get(step.name)
        try:
            value = None if prop is None else _element(native(prop.value), step.index)
        except ValueError:
            return None
    return value


def _check_quantifier(access: _Access, every: bool | None) -> None:
    if access.kind is None:
        return
    if every is None and access.is_array:
        raise access.invalid(f"{access.path} is an array: ANY, EVERY or an index is needed")
    if every is not None and not access.is_array:
        raise access.invalid(f"{access.path} is not an array")


def _quantified(access: _Access, holds: _OnValue, every: bool | None, wanted: bool) -> Test:
    """Return the function that applies ``holds`` to the value, or to ANY or EVERY element of an array."""
    _check_quantifier(access, every)
    read = access.read
    if every is None:
        return lambda values: holds(read(values))
    combine = all if every is wanted else any

    def test(values: Values) -> bool:
        value = read(values)
        return isinstance(value, tuple) and combine(map(holds, value))

    return test


def _text_test(constant: str, equal: bool, *, lower: bool) -> _OnValue:
    if lower:
        return lambda value: value is not None and (value.lower() == constant) is equal
    return lambda value: value is not None and (value == constant) is equal


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
