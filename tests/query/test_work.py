"""What a condition may look at is counted: no value and no number of instances holds the server (rule SEC6)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMError, CIMInstance, CIMProperty

from cimsim.query.filters import Filter, parse_filter
from cimsim.query.parse import parse_statement
from cimsim.query.patterns import regular_expression, wildcards
from cimsim.query.property_access import Scope
from cimsim.query.syntax import Select
from cimsim.query.wmi_paths import Location
from cimsim.query.work import Meter
from cimsim.world.instances import Instance
from cimsim.world.transaction import Transaction

LONG = "ab " * 3_000_000
OTHER = LONG[:-1] + "\u0130"
Thing = Callable[..., Instance]


@pytest.fixture(scope="module")
def thing(cim: Any) -> Thing:
    """Makes an instance with these properties."""
    world = cim.world(
        cim.cls("T_Part", cim.prop("Label"), cim.prop("Marks", "string[]"), cim.prop("Size", "uint8")),
        cim.cls(
            "T_Long",
            cim.prop("Id", "string", "Key"),
            cim.prop("Text"),
            cim.prop("Same"),
            cim.prop("Number", "uint32"),
            cim.prop("Codes", "uint32[]"),
            cim.prop("Others", "uint32[]"),
            cim.prop("Words", "string[]"),
            cim.prop("Part", "string", EmbeddedInstance="T_Part"),
            cim.ref("Peer", "T_Long"),
            cim.ref("Mate", "T_Long"),
        ),
    )

    def make(**properties: Any) -> Instance:
        return Transaction(world, "root/test").create("T_Long", {"Id": "x", **properties})

    return make


@pytest.fixture(scope="module")
def whole(thing: Thing) -> Instance:
    """An instance with much in every property."""
    numbers = list(range(1, 100_001))
    part = CIMInstance("T_Part", properties=[CIMProperty("Label", LONG), CIMProperty("Marks", ["m"] * 100_000)])
    words = ["w" * 100] * 100_000
    instance = thing(Text=LONG, Same=OTHER, Number=7, Codes=numbers, Others=[*numbers[:-1], 0], Words=words, Part=part)
    key, index = thing(Id=LONG).path, instance.cls.index
    return instance.with_values({index["peer"]: key, index["mate"]: key})


def made(language: str, condition: str) -> Filter:
    if language == "FQL":
        return parse_filter("DMTF:FQL", condition)
    dialect, query = parse_statement({"CQL": "DMTF:CQL"}.get(language, language), f"SELECT * FROM T_Long WHERE {condition}")
    assert isinstance(query, Select)
    assert query.where is not None
    location = Location("HVHOST01", "root/test") if dialect.system else None
    return Filter(query.where, Scope(dialect, frozenset({"t_long"}), location=location))


@pytest.mark.parametrize(
    ("language", "condition"),
    [
        ("WQL", " OR ".join(f"Text LIKE '%{number}%'" for number in range(20))),
        ("WQL", "Text LIKE '%x'"),
        ("WQL", "Text LIKE '[^x]_%y'"),
        ("WQL", "NOT Text LIKE '%_x'"),
        ("WQL", "Part.Label LIKE '%x'"),
        ("WQL", "Text < Same OR Text > Same"),
        ("CQL", "Text LIKE '.*x'"),
        ("CQL", "Text LIKE '.*a.{200}x'"),
        ("CQL", " AND ".join(["Text = Same"] * 240)),
        ("CQL", "ANY Words LIKE '.*x'"),
        ("CQL", "EVERY Words <> Text"),
        ("CQL", "ANY Codes = 1"),
        ("CQL", "Codes = Others"),
        ("CQL", "Codes <> Others"),
        ("CQL", "Part.Marks = Part.Marks"),
        ("CQL", "Part.Marks[3] = 'x'"),
        ("CQL", "Peer = Mate"),
        ("WQL", "Peer = 'T_Long.Id=\"a\"'"),
        ("WMI:WQL", "Peer = 'T_Long.Id=\"a\"'"),
        ("WMI:WQL", "Peer <> 'T_Long=\"a\"'"),
        ("FQL", "Text LIKE '(a|b| )*x'"),
        ("FQL", "EVERY Codes > 0"),
        ("FQL", " OR ".join(f"Text LIKE '.*{number}.*'" for number in range(20))),
    ],
)
def test_what_is_looked_at_for_one_instance_is_bounded(whole: Instance, language: str, condition: str) -> None:
    with pytest.raises(CIMError) as caught:
        made(language, condition).select([whole])
    assert caught.value.status_code == 27
    assert "too long" in str(caught.value.status_description)


@pytest.mark.longer
@pytest.mark.parametrize(
    ("language", "condition", "found"),
    [
        ("WQL", "Text = 'ab'", False),
        ("WQL", "Text <> 'AB'", True),
        ("WQL", "Text > 'AB '", True),
        ("WQL", "Text >= 'ac'", False),
        ("WQL", "Text < 'AC' AND 'aa' < Text", True),
        ("WQL", "Text LIKE 'Ab %'", True),
        ("WQL", "Text LIKE '_b%' AND NOT Text LIKE 'x%'", True),
        ("WQL", "Part.Label = 'ab' OR Part.Label <> 'ab'", True),
        ("CQL", "Text LIKE 'ab .*'", True),
        ("CQL", "Text LIKE 'b.*'", False),
        ("CQL", "Text > 'ab' AND Codes[3] = 4", True),
        ("FQL", "Text = 'ab' OR Codes IS NOT NULL", True),
        ("FQL", " OR ".join(["Text = 'ab'"] * 240), False),
    ],
)
def test_long_values_are_no_matter_where_little_of_them_tells(thing: Thing, language: str, condition: str, found: bool) -> None:
    part = CIMInstance("T_Part", properties=[CIMProperty("Label", LONG)])
    instance = thing(Text=LONG, Codes=list(range(1, 100_001)), Part=part)
    assert bool(made(language, condition).select([instance])) is found


@pytest.mark.parametrize("condition", ["__PATH LIKE '%x'", "__RELPATH > 'T'", "__PATH = Text"])
def test_keys_too_long_for_a_path_to_be_looked_at(thing: Thing, condition: str) -> None:
    with pytest.raises(CIMError) as caught:
        made("WMI:WQL", condition).select([thing(Id=LONG)])
    assert caught.value.status_code == 27


def test_long_keys_are_no_matter_where_a_path_is_another(thing: Thing) -> None:
    instances = [thing(Id=LONG), thing(Id="a")]
    assert made("WMI:WQL", "__RELPATH = 'T_Long.Id=\"A\"'").select(instances) == instances[1:]
    assert made("WMI:WQL", "NOT __RELPATH = 'T_Long.Id=\"A\"'").select(instances) == instances[:1]


def test_many_instances_are_selected_little_by_little(thing: Thing) -> None:
    instances = [thing(Id=f"{number}", Number=number, Text=f"number {number}" * 20) for number in range(500)]
    found: list[Instance] = []
    steps = made("WQL", "Text LIKE '%7 %' OR Number > 400").selecting(instances, found)
    assert found == [], "nothing is done before the first step"
    seen = []
    for _ in steps:
        seen.append(len(found))
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[0] < len(found)
    assert found == [each for each in instances if "7 " in each["Text"] or each["Number"] > 400]


def test_all_instances_together_are_bounded(thing: Thing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cimsim.query.work.IN_ALL", 300_000)
    instances = [thing(Text="a" * 50_000)] * 10
    steps = made("WQL", "Text LIKE '%x'").selecting(instances, [])
    assert [next(steps) for _ in range(5)] == [None] * 5
    with pytest.raises(CIMError, match="too many instances") as caught:
        next(steps)
    assert caught.value.status_code == 27


def test_what_does_not_fit_is_refused_before_the_first_step(thing: Thing) -> None:
    with pytest.raises(CIMError, match="no property Nope"):
        made("WQL", "Nope = 1").selecting([thing()], [])


def test_a_pattern_with_ever_new_states_counts_these() -> None:
    pattern = regular_expression(".*a.{200}")
    meter = Meter(10**9)
    text = "".join("ab"[(number * number // 7) % 2] for number in range(2_000))
    pattern.matches(text, meter)
    assert 10**9 - meter.left > 20 * len(text)
    # The second time they are known.
    meter.left = 10**9
    pattern.matches(text, meter)
    assert 10**9 - meter.left == len(text)


@given(
    st.text("ab%_[]^", max_size=6),
    st.integers(0, 3).map(lambda number: number * 3000),
    st.text("aB", max_size=5),
    st.text("aB", max_size=5),
)
def test_long_texts_match_as_short_ones_do(pattern: str, more: int, start: str, end: str) -> None:
    def answer(middle: str) -> bool:
        return wildcards(pattern).matches(start + middle + end)

    # A pattern of six characters sees no difference between many and very many in the middle.
    assert answer("ab" * (50 + more)) is answer("ab" * 50)
