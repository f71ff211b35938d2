"""WQL as WMI speaks it: system properties, strings without case, coercion, LIKE, paths."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMError

from cimsim.query.filters import Filter
from cimsim.query.parse import parse_statement
from cimsim.query.patterns import wildcards
from cimsim.query.property_access import Scope
from cimsim.query.syntax import WMI, WMI_LANGUAGE, WQL, Select, Traversal
from cimsim.query.wmi_paths import Location
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

Ask = Callable[..., list[str]]
PATH = r"\\\\HVHOST01\\root\\test:"
"""The beginning of a path in a literal, where each backslash is doubled."""


@pytest.mark.parametrize("language", ["WMI", "WQL"])
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        # system properties, in any case
        ("__CLASS = 'T_Special'", "c"),
        ("__class <> 't_special'", "abd"),
        ("__SUPERCLASS IS NULL", "abd"),
        ("__SUPERCLASS = 'T_Thing'", "c"),
        ("__DYNASTY = 'T_Thing'", "abcd"),
        ("__GENUS = 2", "abcd"),
        ("__GENUS = 1", ""),
        ("__PROPERTY_COUNT > 15", "c"),
        ("__DERIVATION IS NOT NULL", "abcd"),
        ("__SERVER = 'hvhost01'", "abcd"),
        ("Name = __SERVER", ""),
        ("Name != __SERVER", "abc"),
        ("__SERVER != Name", "abc"),
        ("Name > __CLASS", ""),
        ("__NAMESPACE = 'ROOT\\\\Test'", "abcd"),
        ("__NAMESPACE = 'root\\other'", ""),
        ("__RELPATH = 'T_Thing.Id=\"a\"'", "a"),
        ("__RELPATH = 't_thing.ID=\"A\"'", "a"),
        ("__RELPATH = 'T_Thing=\"a\"'", "a"),
        ("__RELPATH <> 'T_Thing.Id=\"a\"'", "bcd"),
        ("NOT __RELPATH = 'T_Thing.Id=\"a\"'", "bcd"),
        ("__RELPATH = \"T_Thing.Id='a'\"", "a"),
        ("__RELPATH = 'T_Thing.Id=\\\"a\\\"'", "a"),
        ("__RELPATH LIKE '%\"[a-b]\"'", "ab"),
        ("__RELPATH = 'nonsense'", ""),
        (f"__PATH = '{PATH}T_Thing.Id=\"b\"'", "b"),
        (f"'{PATH}t_thing.id=\"B\"' = __PATH", "b"),
        (f"__PATH = '{PATH.lower()}T_Special.Id=\"c\"'", "c"),
        (f"__PATH = '{PATH.replace('HVHOST01', '.')}T_Special.Id=\"c\"'", "c"),
        (f"__PATH = '{PATH.replace('HVHOST01', 'OTHER')}T_Special.Id=\"c\"'", ""),
        (f"__PATH = '{PATH.replace('test', 'other')}T_Special.Id=\"c\"'", ""),
        (f"__PATH = '{PATH}T_Thing.Id=\"c\"'", ""),
        (f'__PATH = \'{PATH}T_Thing.Id="a",Name="x"\'', ""),
        ("__PATH = 'T_Thing.Id=\"a\"'", ""),
        ("__PATH LIKE '%test:%\"d\"'", "d"),
        ("__PATH > 'z'", ""),
        # references
        (f"Peer = '{PATH}T_Thing.Id=\"A\"'", "b"),
        ("Peer = 'T_Thing=\"a\"'", "b"),
        ("Peer <> 'T_Thing=\"a\"'", ""),
        ("Peer <> 'T_Thing=\"d\"'", "b"),
        # strings without case, quotes of both kinds, doubled backslashes
        ("Name = 'ALPHA ONE'", "a"),
        ('"alpha TWO" = Name', "b"),
        ("Name >= 'ALPHA T'", "bc"),
        ("Name <> 'it\\'s \\\\ x'", "abc"),
        # numbers and booleans as text, TRUE and FALSE as numbers
        ("State = '2'", "ac"),
        ('State >= "0x3"', "b"),
        ("Offset < '-4'", "a"),
        ("On = 'TRUE'", "a"),
        ('On = "False"', "b"),
        ("On <> 1", "b"),
        ("On = 0", "b"),
        ("Extra = TRUE", "c"),
        ("State > TRUE", "abc"),
        # LIKE
        ("Name LIKE 'alpha%'", "ab"),
        ("NOT Name LIKE 'alpha%'", "c"),
        ("Name LIKE '[a-b]%[eo]'", "ab"),
        ("Name LIKE '[^a]%'", "c"),
        ("Name LIKE 'bet_'", "c"),
        ("Name LIKE 'bet[_]'", ""),
        ("Name LIKE 'beta_'", ""),
        # ISA
        ('Part ISA "T_Part"', "ab"),
        ("Part ISA t_screw", "a"),
        ("NOT Part ISA T_Screw", "b"),
        ('__this ISA "T_Special"', "c"),
        ("Part.Nothing = 1", ""),
        # datetimes in DMTF's form are times
        ("Since = '20240101120000.000000+000'", "ab"),
        ("Since < '20240101130000.000000+000'", "ab"),
    ],
)
def test_conditions(ask: Ask, language: str, condition: str, found: str) -> None:
    assert ask(language, condition) == list(found)


@pytest.mark.parametrize(
    ("condition", "place", "expected"),
    [
        ("__SERVR = 'x'", 29, "no system property __SERVR; did you mean __SERVER?"),
        ("State = 1 AND __PAHT = 'x'", 43, "did you mean __PATH?"),
        ("__DERIVATION = 'T_Thing'", 29, "string[]"),
        ("__PATH.Name = 'x'", 29, "has no properties"),
        ("On > TRUE", 29, "= and <>"),
        ("On = 'maybe'", 34, "not a boolean"),
        ("State = 'two'", 37, "not a number"),
        ("Nam = 'x'", 29, "did you mean Name?"),
        ("Codes = 1", 29, "uint8[]"),
        ("Name NOT LIKE 'a%'", 34, "NOT stands before the name"),
        ("Name IS 'x'", 37, "NULL"),
        ("Peer = 'nonsense.'", 36, "not an object path"),
        ("State + 1 = 2", 35, ""),
    ],
)
def test_what_is_refused_says_where(ask: Ask, condition: str, place: int, expected: str) -> None:
    with pytest.raises(CIMError) as error:
        ask("WMI", condition)
    assert error.value.status_code in {15, 29}
    assert f"line 1, column {place}: " in error.value.status_description
    assert expected in error.value.status_description


def test_cql_has_only_the_system_properties_of_classes(ask: Ask) -> None:
    assert ask("CQL", "__CLASS = 'T_Special'") == ["c"]
    with pytest.raises(CIMError, match="__CLASS, __SUPERCLASS and __DYNASTY are"):
        ask("CQL", "Name = __SERVER")


@pytest.mark.parametrize("language", [WMI_LANGUAGE, WMI_LANGUAGE.lower()])
def test_the_dialect_by_its_name(language: str) -> None:
    dialect, statement = parse_statement(language, "SELECT * FROM C WHERE NOT Name LIKE 'a%'")
    assert dialect is WMI
    assert dialect != WQL
    assert isinstance(statement, Select)


def test_where_the_path_in_braces_begins() -> None:
    _, statement = parse_statement(WMI_LANGUAGE, "ASSOCIATORS OF {\n  C.K='x'\n} WHERE ResultClass=D KeysOnly")
    assert isinstance(statement, Traversal)
    assert (statement.source, statement.at, statement.start) == ("C.K='x'", (1, 16), (2, 3))
    assert [(option.name, option.value) for option in statement.options] == [("ResultClass", "D"), ("KeysOnly", None)]


# Against a plain model

texts = st.text("abAB_%[]^-", max_size=4)


def expression(pattern: str) -> str:
    """Return the regular expression that a pattern of LIKE stands for, from the rules of the reference."""
    found, place = "", 0
    while place < len(pattern):
        close = pattern.find("]", place + 2)
        match pattern[place]:
            case "%":
                found += ".*"
            case "_":
                found += "."
            case "[" if close > 0:
                content = pattern[place + 1 : close]
                negated = content.startswith("^") and len(content) > 1
                found += f"(?{'!' if negated else '='}{alternatives(content[negated:])})."
                place = close
            case character:
                found += re.escape(character)
        place += 1
    return found


def alternatives(content: str) -> str:
    found, place = [], 0
    while place < len(content):
        if content[place + 1 : place + 2] == "-" and place + 2 < len(content):
            low, high = content[place].lower(), content[place + 2].lower()
            found += [re.escape(chr(each)) for each in range(ord(low), ord(high) + 1)]
            place += 3
        else:
            found.append(re.escape(content[place]))
            place += 1
    return "|".join(found) or "(?!)"


@given(pattern=texts, text=texts)
def test_like_is_what_the_model_says(pattern: str, text: str) -> None:
    model = re.fullmatch(expression(pattern.lower()), text.lower(), re.DOTALL) is not None
    assert wildcards(pattern).matches(text) is model


rows = st.lists(st.tuples(st.text("abAB", min_size=1, max_size=2), st.integers(0, 3)), min_size=1, max_size=6, unique=True)


@st.composite
def literal_paths(draw: Any) -> tuple[str, tuple[str, int]]:
    """A literal that is a path with two keys, and the folded keys."""
    name, number = draw(st.text("abAB", min_size=1, max_size=2)), draw(st.integers(0, 3))
    quote = draw(st.sampled_from(["'", '\\"', '"']))
    keys = draw(st.permutations([f"{draw(st.sampled_from(['Id', 'ID', 'id']))}={quote}{name}{quote}", f"No={number}"]))
    outer = '"' if quote == "'" else "'"
    server = draw(st.sampled_from(["HVHOST01", "hvhost01", "."]))
    return f"{outer}\\\\\\\\{server}\\\\Root\\\\TEST:t_pair.{','.join(keys)}{outer}", (name.lower(), number)


@pytest.fixture(scope="module")
def pairs(cim: Any) -> World:
    world: World = cim.world(cim.cls("T_Pair", cim.prop("Id", "string", "Key"), cim.prop("No", "uint8", "Key")))
    return world


@given(rows=rows, literal=literal_paths(), symbol=st.sampled_from(["=", "<>", "!="]), negated=st.booleans())
def test_a_path_selects_what_the_model_says(pairs: World, rows: Any, literal: Any, symbol: str, negated: bool) -> None:
    transaction = Transaction(pairs, "root/test")
    # Keys that differ in case only are two instances to CIM.
    for name, number in rows:
        transaction.create("T_Pair", {"Id": name, "No": number})
    namespace = transaction.world.namespace("root/test")
    cls = namespace.cls("T_Pair")
    text, wanted = literal
    _, statement = parse_statement(WMI_LANGUAGE, f"SELECT * FROM T_Pair WHERE {'NOT ' * negated}__PATH {symbol} {text}")
    assert isinstance(statement, Select)
    assert statement.where is not None
    scope = Scope(WMI, schema=namespace.schema, location=Location("HVHOST01", "root/test"))
    found = {(each["Id"], each["No"]) for each in Filter(statement.where, scope).select(namespace.instances_of(cls))}
    equal = (symbol == "=") is not negated
    assert found == {(name, number) for name, number in rows if ((name.lower(), number) == wanted) is equal}
