"""Conditions in all languages: coercion, order, datetimes, NULL, arrays, embedded objects (issue item 2; PL-36, PL-38)."""

from collections.abc import Callable

import pytest
from pywbem import CIMError

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
def test_issue_item_2_conditions_of_every_language(ask: Ask, language: str, condition: str, found: str) -> None:
    if language == "WQL" and condition == "Name > 'Alpha' AND Name < 'B'":
        found = "ab"
    if language == "WQL" and condition == "Part.Size = 'seven'":
        found = ""
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
    ],
)
def test_issue_item_2_datetimes_compare_as_dsp0004_has_it(ask: Ask, language: str, condition: str, found: str) -> None:
    assert "".join(ask(language, condition)) == found


def test_issue_item_2_strings_ignore_case_in_wql_only(ask: Ask) -> None:
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
def test_issue_item_2_wql_coerces_literals(ask: Ask, condition: str, found: str) -> None:
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
    ],
)
def test_issue_item_2_arrays(ask: Ask, language: str, condition: str, found: str) -> None:
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
def test_issue_item_2_isa_and_qualified_names(ask: Ask, language: str, condition: str, found: str) -> None:
    assert "".join(ask(language, condition)) == found


@pytest.mark.parametrize("language", ALL)
@pytest.mark.parametrize(
    "path",
    [
        'T_Thing.Id=\\"a\\"',
        'root/test:t_thing.id=\\"a\\"',
        '\\\\\\\\HOST\\\\root\\\\test:T_Thing.Id=\\"a\\"',
    ],
)
def test_issue_item_2_references_compare_with_paths_however_spelt(ask: Ask, language: str, path: str) -> None:
    assert ask(language, f'Peer = "{path}"') == ["b"]
    assert ask(language, f'Peer <> "{path}"') == []
    assert ask(language, 'Peer = "T_Thing.Id=\\"z\\""') == []


@pytest.mark.parametrize(
    ("language", "condition", "text"),
    [
        ("FQL", "Stat = 2", "line 1, column 1: no property Stat; did you mean State?"),
        ("FQL", "On = TRUE AND\n Stat = 2", "line 2, column 2: no property Stat; did you mean State?"),
        ("FQL", "State = 'two'", "line 1, column 9: 'two' is not a number"),
        ("WQL", "State = 'two'", "is not"),
        ("CQL", "Name = 5", "'5' is not a string"),
        ("FQL", "On < TRUE", "On: a boolean compares with = and <> only"),
        ("FQL", "On = 1", "'1' is not a boolean"),
        ("FQL", "Since > 'yesterday'", "is not a datetime"),
        ("FQL", "Peer = 'nobody'", "is not an instance path"),
        ("FQL", "Codes = 2", "Codes is an array: ANY, EVERY or an index is needed"),
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


@pytest.mark.parametrize("condition", ["1 = 1", "__PATH = 'x'", "Name LIKE 'a{5000}'"])
def test_op_eq_2_pl_36_features_left_out(ask: Ask, condition: str) -> None:
    with pytest.raises(CIMError) as error:
        ask("FQL", condition)
    assert error.value.status_code == 29
    assert error.value.status_description.startswith("line 1, column")
