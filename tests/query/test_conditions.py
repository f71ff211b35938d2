"""Conditions in all languages: coercion, order, datetimes, NULL, arrays, embedded objects (PL-36, PL-38)."""

from collections.abc import Callable

import pytest
from pywbem import CIMError

from cimsim.query.comparison import same_path
from cimsim.query.syntax import CQL, FQL, WQL, QueryDialect
from cimsim.world.paths import InstancePath

Ask = Callable[..., list[str]]
ALL = ("FQL", "CQL", "WQL")


@pytest.mark.parametrize("language", ALL)
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("State = 2", "ac"),
        ("State <> 2", "b"),
        ("State != 2", "b"),
        ("NOT State = 2", "b"),
        ("State < 3", "ac"),
        ("State <= 3", "abc"),
        ("State > 2", "b"),
        ("State >= 2", "abc"),
        ("2 < State", "b"),
        ("State = 0x2", "ac"),
        ("State = 11b", "b"),
        ("State = 2.0", "ac"),
        ("State = 70000", ""),
        ("state=2", "ac"),
        ("Offset < -4", "a"),
        ("Offset = 1099511627776", "b"),
        ("Load = .5", "a"),
        ("Load > 1e8", "b"),
        ("On = TRUE", "a"),
        ("On <> true", "b"),
        ("Letter = 'x'", "a"),
        ('Name = "Beta"', "c"),
        ("Name = 'Beta'", "c"),
        ("Name > 'Alpha' AND Name < 'B'", "a"),
        # NULL makes a comparison unknown, whose contrary is unknown too
        ("NOT (State = 2 OR Offset = 1)", "b"),
        ("NOT (State = 2 AND On = TRUE)", "b"),
        ("State IS NULL", "d"),
        ("State IS NOT NULL", "abc"),
        ("NOT State IS NULL", "abc"),
        ("State = NULL", "d"),
        ("State <> NULL", "abc"),
        ("NULL = State", "d"),
        # AND binds closer than OR, NOT closest
        ("Id = 'a' OR Id = 'b' AND State = 2", "a"),
        ("(Id = 'a' OR Id = 'b') AND State = 2", "a"),
        ("NOT Id = 'a' AND State = 2", "c"),
        ("not (not Id = 'a')", "a"),
        # a property that only a subclass has
        ("Extra = 1", "c"),
        ("Extra IS NULL", "abd"),
        # two properties
        ("State = State", "abc"),
        ("Offset < Load", "a"),
        # embedded objects
        ("Part.Size = 7", "a"),
        ("Part.Size > 7", "b"),
        ("Part.Label = 'left'", "a"),
        ("Part.Label IS NULL", "bcd"),
        ("Part.Nonsense = 1", ""),
        ("Part.Size = 'seven'", ""),
        ("Part.__CLASS = 'T_Screw'", "a"),
        ("__CLASS = 'T_Special'", "c"),
        ("__SUPERCLASS = 'T_Thing'", "c"),
        ("__DYNASTY = 'T_Thing'", "abcd"),
    ],
)
def test_op_eq_2_conditions_of_every_language(ask: Ask, language: str, condition: str, found: str) -> None:
    if language == "WQL" and condition == "Name > 'Alpha' AND Name < 'B'":
        found = "ab"
    assert "".join(ask(language, condition)) == found


@pytest.mark.parametrize("language", ALL)
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        # the same instant, written with another offset
        ("Since = '20240101120000.000000+000'", "ab"),
        ("Since = '20240101140000.000000+120'", "ab"),
        ("Since <> '20240101120000.000000+000'", ""),
        ("Since >= '20240101120000.000000+000'", "ab"),
        ("Since < '20240101120001.000000+000'", "ab"),
        ("Since > '20231231235959.999999+000'", "ab"),
        ("Since > '20240101150000.000000+180'", ""),
        # an interval and a timestamp do not compare
        ("Since > '00000004000000.000000:000'", "c"),
        ("Since = '00000005000000.000000:000'", "c"),
        ("NOT Since = '00000005000000.000000:000'", ""),
        # unspecified digits: an answer only where they do not matter
        ("Since > '2023**********.******+000'", "ab"),
        ("Since < '2025**********.******+000'", "ab"),
        ("Since = '20240101******.******+000'", ""),
        ("NOT Since = '20240101******.******+000'", ""),
        ("Since <> '20240202******.******+000'", "ab"),
        ("Since <> '202402********.******+000'", "ab"),
        ("Since > '00000004******.******:000'", "c"),
        ("Since < '00000006******.******:000'", "c"),
        ("Since = '00000005******.******:000'", ""),
        ("NOT Since >= '00000005******.******:000'", ""),
    ],
)
def test_op_eq_2_datetimes_compare_as_dsp0004_has_it(ask: Ask, language: str, condition: str, found: str) -> None:
    assert "".join(ask(language, condition)) == found


def test_op_eq_2_strings_ignore_case_in_wql_only(ask: Ask) -> None:
    assert ask("WQL", "Name = 'BETA'") == ["c"]
    assert ask("CQL", "Name = 'BETA'") == []
    assert ask("FQL", "Name = 'BETA'") == []
    assert ask("WQL", "Name LIKE 'ALPHA%'") == ["a", "b"]
    assert ask("CQL", "Name LIKE 'alpha.*'") == ["b"]
    assert ask("FQL", "Name NOT LIKE 'alpha.*'") == ["a", "c"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [("State = '2'", "ac"), ("On = 1", "a"), ("On = 'false'", "b"), ("Name <> 5", "abc"), ("Load = '0.5'", "a")],
)
def test_op_eq_2_wql_coerces_literals(ask: Ask, condition: str, found: str) -> None:
    assert "".join(ask("WQL", condition)) == found


@pytest.mark.parametrize("language", ["FQL", "CQL"])
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Codes[0] = 1", "a"),
        ("Codes[0] = 2", "b"),
        ("Codes[9] = 1", ""),
        ("Codes[9] IS NULL", "abcd"),
        ("ANY Codes = 2", "ab"),
        ("EVERY Codes = 2", "b"),
        ("NOT ANY Codes = 1", "b"),
        ("NOT EVERY Codes = 2", "a"),
        ("ANY Codes > 5", ""),
        ("ANY Tags = 'red'", "a"),
        ("EVERY Tags = 'red'", "b"),
        ("ANY Tags LIKE 'gr.*n'", "a"),
        ("NOT ANY Tags LIKE 'gr.*n'", "b"),
        ("EVERY Tags NOT LIKE 'gr.*n'", "b"),
        ("Codes = {1, 2, 3}", "a"),
        ("Codes <> {1, 2, 3}", "b"),
        ("Tags = {}", "b"),
        ("Tags = {'red', 'green'}", "a"),
        ("ANY Days < '20240102000000.000000+000'", "a"),
        ("ANY Codes = State", "a"),
        ("ANY Part.Size = 7", ""),
        ("ANY Part.Size = State", ""),
        ("Part.Size = {7}", ""),
        ("Extra = 1 OR ANY Codes = 3", "ac"),
        ("Codes[1] = State", "a"),
        ("Parts[0].Label = 'zero'", "a"),
        ("Parts[1].Label = 'zero'", ""),
        # two arrays are equal element for element
        ("Codes = Codes", "ab"),
        ("Codes <> Codes", ""),
        ("Part.Codes = Codes", ""),
        # NULL among the elements
        ("ANY Holes = NULL", "a"),
        ("EVERY Holes <> NULL", "b"),
        ("NOT ANY Holes = NULL", "b"),
        ("EVERY Holes = 1", "b"),
        ("NOT EVERY Holes = 2", "ab"),
        ("Holes = {1, 2}", ""),
        ("Holes <> {1, 2}", "b"),
        ("Holes <> {2, 2}", "ab"),
        ("Holes <> {1, 2, 3}", "ab"),
    ],
)
def test_op_eq_2_arrays(ask: Ask, language: str, condition: str, found: str) -> None:
    assert "".join(ask(language, condition)) == found


@pytest.mark.parametrize("language", ["WQL", "CQL"])
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Part ISA T_Screw", "a"),
        ("Part ISA 'T_Part'", "ab"),
        ('NOT Part ISA "T_Screw"', "b"),
        ("Part ISA Nonsense", ""),
        ("T_Thing ISA T_Special", "c"),
        ("T_Thing.State = 3", "b"),
    ],
)
def test_op_eq_2_isa_and_qualified_names(ask: Ask, language: str, condition: str, found: str) -> None:
    assert "".join(ask(language, condition)) == found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("T_Thing::State = 2", "ac"),
        ("T_Special::State = 2", "c"),
        ("NOT T_Special::State = 3", "c"),
        ("T_Special::State IS NULL", "abd"),
        ("T_Thing.T_Special::Extra = 1", "c"),
        ("Part.T_Part::Size = 7", "a"),
        ("Part.T_Screw::Size > 0", "a"),
        ("Part.T_Screw::Size IS NULL", "bcd"),
        ("Part.T_Nonsense::Size IS NULL", "abcd"),
        ("T_Thing::Codes[1] = 2", "a"),
        ("T_Thing::Part.t_screw::thread = 'M5'", "a"),
    ],
)
def test_op_eq_2_cql_names_the_class_that_a_property_is_of(ask: Ask, condition: str, found: str) -> None:
    assert "".join(ask("CQL", condition)) == found


@pytest.mark.parametrize("condition", ["Part.Made LIKE '2024%'", "Part.Made LIKE '.*'", "NOT Part.Size LIKE '7'"])
def test_op_eq_2_like_is_unknown_for_embedded_values_that_are_no_strings(ask: Ask, condition: str) -> None:
    assert ask("WQL", condition) == []


@pytest.mark.parametrize("language", ALL)
@pytest.mark.parametrize(
    "path",
    [
        'T_Thing.Id=\\"a\\"',
        'root/test:t_thing.id=\\"a\\"',
        '\\\\\\\\HOST\\\\root\\\\test:T_Thing.Id=\\"a\\"',
    ],
)
def test_op_eq_2_references_compare_with_paths_however_spelt(ask: Ask, language: str, path: str) -> None:
    assert ask(language, f'Peer = "{path}"') == ["b"]
    assert ask(language, f'Peer <> "{path}"') == []
    assert ask(language, 'Peer = "T_Thing.Id=\\"z\\""') == []


@pytest.mark.parametrize("dialect", [FQL, CQL, WQL])
def test_d23_a_reference_to_another_server_compares_with_a_path_that_names_it(dialect: QueryDialect) -> None:
    keys = (("Id", "a"),)
    far, here = InstancePath("T_Thing", keys, "root/test", "Far"), InstancePath("T_Thing", keys, "root/test")
    assert same_path(far, InstancePath("t_thing", keys, None, "far"), dialect)
    assert same_path(here, InstancePath("t_thing", keys, None, "whoever"), dialect)
    assert not same_path(far, here, dialect)
    assert not same_path(far, InstancePath("t_thing", keys, None, "farther"), dialect)


@pytest.mark.parametrize(
    ("language", "condition", "text"),
    [
        ("FQL", "Stat = 2", "line 1, column 1: no property Stat; did you mean State?"),
        ("FQL", "On = TRUE AND\n Stat = 2", "line 2, column 2: no property Stat; did you mean State?"),
        ("CQL", "State = 2 AND T_Special::Stat = 2", "column 43: no property T_Special::Stat; did you mean State?"),
        ("CQL", "T_Nonsense::State = 2", "column 29: no property T_Nonsense::State"),
        ("FQL", "State = 'two'", "line 1, column 9: State is uint16: 'two' is not a number"),
        ("WQL", "On = TRUE AND\n State = 'two'", "line 2, column 10: State is uint16: 'two' is not a number"),
        ("WQL", "Load = 'x'", "Load is real64: 'x' is not a number"),
        ("WQL", "On = 'maybe'", "On is boolean: 'maybe' is not a boolean"),
        ("FQL", "ANY Codes = 'x'", "Codes is uint8[]: 'x' is not a number"),
        ("FQL", "Codes[0] = 'x'", "Codes[0] is uint8: 'x' is not a number"),
        ("FQL", "Codes = {1, 'x'}", "line 1, column 13: Codes is uint8[]: 'x' is not a number"),
        ("FQL", "Codes = {1, NULL}", "line 1, column 13: NULL is not an element of an array here"),
        ("FQL", "State = {}", "line 1, column 9: State compares with a single value"),
        ("FQL", "Letter = 5", "Letter is char16: '5' is not a string"),
        ("FQL", "__CLASS = 5", "__CLASS is string: '5' is not a string"),
        ("FQL", "__CLASS[0] = 'x'", "__CLASS is not an array"),
        ("FQL", "Part.__CLASS[0] = 'x'", "__CLASS is not an array"),
        ("FQL", "__CLASS.Name = 'x'", "__CLASS has no properties"),
        ("CQL", "Name = 5", "Name is string: '5' is not a string"),
        ("FQL", "On < TRUE", "On: a boolean compares with = and <> only"),
        ("FQL", "On = 1", "'1' is not a boolean"),
        ("FQL", "Since > 'yesterday'", "Since is datetime: 'yesterday' is not a datetime: 25 characters"),
        ("FQL", "Peer = 'nobody'", "Peer is reference: 'nobody' is not an instance path"),
        ("FQL", "Codes = 2", "Codes is an array: ANY, EVERY or an index is needed"),
        ("FQL", "Codes = State", "Codes is an array: ANY, EVERY or an index is needed"),
        ("FQL", "ANY Codes = Codes", "Codes is an array: an index is needed"),
        ("FQL", "Codes < Codes", "an array compares with = and <> only"),
        ("FQL", "ANY State = NULL", "State is not an array"),
        ("WQL", "Codes = 2", "column 29: Codes is uint8[], and WQL has no conditions on arrays"),
        ("WQL", "Tags LIKE 'r%'", "Tags is string[], and WQL has no conditions on arrays"),
        ("WQL", "Codes = Codes", "WQL has no conditions on arrays"),
        ("FQL", "ANY State = 2", "State is not an array"),
        ("FQL", "State[0] = 2", "State is not an array"),
        ("FQL", "State = {2}", "compares with a single value"),
        ("FQL", "Codes < {2}", "an array compares with = and <> only"),
        ("FQL", "State LIKE '2'", "LIKE is for strings"),
        ("FQL", "State < NULL", "NULL compares with = and <> only"),
        ("FQL", "Part = 'x'", "embedded objects do not compare"),
        ("FQL", "State.Part = 1", "State is a number, which has no properties"),
        ("FQL", "Parts.Label = 'x'", "an index is needed"),
        ("FQL", "State = Name", "State is a number, Name is a string"),
        ("FQL", "Name = Tags", "an index is needed"),
        ("CQL", "State ISA T_Part", "ISA is for embedded objects"),
        ("CQL", "T_Thing = 5", "is the instance"),
        ("FQL", "Name LIKE '['", "not closed"),
    ],
)
def test_op_eq_2_pl_36_what_does_not_fit_the_class_is_an_invalid_query(
    ask: Ask, language: str, condition: str, text: str
) -> None:
    with pytest.raises(CIMError) as error:
        ask(language, condition)
    assert error.value.status_code == 15
    assert text in error.value.status_description


def test_op_eq_2_wql_asks_of_an_array_whether_it_is_null(ask: Ask) -> None:
    assert ask("WQL", "Codes IS NOT NULL") == ["a", "b"]
    assert ask("WQL", "Codes <> NULL") == ["a", "b"]


@pytest.mark.parametrize(
    "condition",
    ["1 = 1", "__PATH = 'x'", "__namespace = 'x'", "__RELPATH LIKE 'x'", "Part.__PATH = 'x'", "Name LIKE 'a{5000}'"],
)
def test_op_eq_2_pl_36_features_left_out(ask: Ask, condition: str) -> None:
    with pytest.raises(CIMError) as error:
        ask("FQL", condition)
    assert error.value.status_code == 29
    assert error.value.status_description.startswith("line 1, column")
