"""Random conditions on random values against a plain model of three-valued logic."""

import operator
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMClass, CIMProperty

from cimsim.query.conditions import compiled
from cimsim.query.filters import parse_filter
from cimsim.query.parse import parse_condition
from cimsim.query.property_access import Scope
from cimsim.query.syntax import FQL
from cimsim.world.instances import Instance
from cimsim.world.schema import ResolvedClass, resolve
from cimsim.world.values import DateTime

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
Model = Callable[[dict[str, Any]], bool | None]


@cache
def cls() -> ResolvedClass:
    """A class of two numbers, two strings, two arrays and two datetimes."""
    types = {
        "N": "sint32",
        "M": "uint8",
        "S": "string",
        "T": "string",
        "A": "uint8",
        "B": "uint8",
        "D": "datetime",
        "E": "datetime",
    }
    return resolve(
        CIMClass("C", properties=[CIMProperty(name, None, kind, is_array=name in "AB") for name, kind in types.items()]), None
    )


numbers = st.integers(0, 3)
strings = st.text("ab", max_size=2)
moments = st.integers(0, 3).map(lambda hour: DateTime(f"2024010112000{hour}.000000+000"))
symbols = st.sampled_from(sorted(OPERATORS))
values = st.fixed_dictionaries(
    {name: st.none() | numbers for name in "NM"}
    | {name: st.none() | strings for name in "ST"}
    | {name: st.none() | st.lists(st.none() | numbers, max_size=3).map(tuple) for name in "AB"}
    | {name: st.none() | moments for name in "DE"}
)


def in_order(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple([row[prop.name] for prop in cls().properties])


def compared(symbol: str, left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else OPERATORS[symbol](left, right)


def alike(left: tuple[Any, ...] | None, right: tuple[Any, ...] | None) -> bool | None:
    """Whether two arrays are equal: unknown where that depends on a NULL element."""
    if left is None or right is None:
        return None
    if len(left) != len(right):
        return False
    return every([compared("=", *pair) for pair in zip(left, right, strict=True)])


def some(answers: list[bool | None]) -> bool | None:
    return True if True in answers else None if None in answers else False


def contrary(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def every(answers: list[bool | None]) -> bool | None:
    return contrary(some([contrary(answer) for answer in answers]))


@st.composite
def leaves(draw: Any) -> tuple[str, Model]:
    form = draw(st.sampled_from(["literal", "mirrored", "pair", "null", "array", "arrays", "index", "any", "every", "anynull"]))
    symbol = draw(symbols)
    names, literals = draw(st.sampled_from([("NM", numbers), ("ST", strings), ("DE", moments)]))
    name, other, literal = draw(st.sampled_from(names)), draw(st.sampled_from(names)), draw(literals)
    text = f"'{literal}'" if isinstance(literal, str) else str(literal)
    array, number, place = draw(st.sampled_from("AB")), draw(numbers), draw(st.integers(0, 3))
    match form:
        case "literal":
            return f"{name} {symbol} {text}", lambda given: compared(symbol, given[name], literal)
        case "mirrored":
            return f"{text} {symbol} {name}", lambda given: compared(symbol, literal, given[name])
        case "pair":
            return f"{name} {symbol} {other}", lambda given: compared(symbol, given[name], given[other])
        case "null":
            return f"{array} IS NOT NULL", lambda given: given[array] is not None
        case "array":
            listed = ", ".join(map(str, range(number)))
            return f"{array} = {{{listed}}}", lambda given: alike(given[array], tuple(range(number)))
        case "arrays":
            return "A <> B", lambda given: contrary(alike(given["A"], given["B"]))
        case "anynull":
            return f"ANY {array} = NULL", lambda given: None if given[array] is None else None in given[array]
        case "index":

            def element(given: dict[str, Any]) -> Any:
                found = given[array] or ()
                return found[place] if place < len(found) else None

            return f"{array}[{place}] {symbol} {number}", lambda given: compared(symbol, element(given), number)
    combine = every if form == "every" else some
    return (
        f"{form} {array} {symbol} {number}",
        lambda given: None if given[array] is None else combine([compared(symbol, item, number) for item in given[array]]),
    )


def negated(term: tuple[str, Model]) -> tuple[str, Model]:
    text, model = term
    return f"NOT ({text})", lambda given: contrary(model(given))


def joined(terms: list[tuple[str, Model]], word: str) -> tuple[str, Model]:
    combine = every if word == "AND" else some
    models = [model for _, model in terms]
    return f" {word} ".join(f"({text})" for text, _ in terms), lambda given: combine([model(given) for model in models])


conditions = st.recursive(
    leaves(),
    lambda terms: st.one_of(
        terms.map(negated),
        st.builds(joined, st.lists(terms, min_size=1, max_size=3), st.sampled_from(["AND", "OR"])),
    ),
    max_leaves=8,
)


@given(conditions, st.lists(values, min_size=1, max_size=5))
def test_op_eq_2_conditions_are_those_of_a_plain_model(condition: tuple[str, Model], rows: list[dict[str, Any]]) -> None:
    text, model = condition
    test = compiled(parse_condition("DMTF:FQL", text), cls(), Scope(FQL))
    for row in rows:
        assert test(in_order(row)) is (model(row) is True), text


@given(conditions, st.lists(values, max_size=5))
def test_pl_38_a_filter_admits_what_its_condition_holds_for(condition: tuple[str, Model], rows: list[dict[str, Any]]) -> None:
    text, model = condition
    instances = [Instance(cls(), "root/test", in_order(row)) for row in rows]
    expected = [instance for instance, row in zip(instances, rows, strict=True) if model(row) is True]
    assert parse_filter("DMTF:FQL", text).select(instances) == expected


offsets = st.integers(-840, 840).map(lambda minutes: f"{'-' if minutes < 0 else '+'}{abs(minutes):03d}")
timestamps = st.builds(
    lambda moment, offset: DateTime(f"{moment.year:04d}{moment:%m%d%H%M%S}.{moment.microsecond:06d}{offset}"),
    st.one_of(st.datetimes(), st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 1, 2))),
    offsets,
)
intervals = st.integers(0, 99_999_999).map(lambda days: DateTime(f"{days:08d}000000.000000:000"))


@given(timestamps | intervals, timestamps | intervals, symbols)
def test_op_eq_2_datetimes_with_any_offset_compare_by_instant(left: DateTime, right: DateTime, symbol: str) -> None:
    (kind, first), (other, second) = left.instant, right.instant
    expected = kind == other and OPERATORS[symbol](first, second)
    row = dict.fromkeys("NMSTABDE") | {"D": left, "E": right}
    for text in (f"D {symbol} '{right}'", f"D {symbol} E"):
        assert compiled(parse_condition("DMTF:FQL", text), cls(), Scope(FQL))(in_order(row)) is expected


@given(timestamps, timestamps, st.integers(0, 5), symbols)
def test_op_eq_2_unspecified_digits_give_no_wrong_answer(left: DateTime, right: DateTime, kept: int, symbol: str) -> None:
    fields = (4, 6, 8, 10, 12, 14)[kept]
    vague = DateTime(f"{left[:fields]}{'*' * (14 - fields)}.{'*' * 6}{left[21:]}")
    holds = compiled(parse_condition("DMTF:FQL", f"D {symbol} '{right}'"), cls(), Scope(FQL))
    # What holds for the vague moment holds for each moment that it may stand for.
    if holds(in_order(dict.fromkeys("NMSTABDE") | {"D": vague})):
        assert holds(in_order(dict.fromkeys("NMSTABDE") | {"D": left}))
