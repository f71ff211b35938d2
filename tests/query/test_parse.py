"""From text to syntax tree: what is refused, where and with which status (rules OP-EQ-2, PL-36, PL-37, VR-7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMError

from cimsim.query.parse import parse_condition, parse_statement
from cimsim.query.syntax import CQL, WMI_EVENT_LANGUAGE, WQL, Comparison, QueryLiteral, Select, Traversal

QUERY = "SELECT * FROM C WHERE "


def refused(code: int, language: str, text: str) -> str:
    with pytest.raises(CIMError) as error:
        parse_condition(language, text) if language == "DMTF:FQL" else parse_statement(language, text)
    assert error.value.status_code == code, error.value
    return str(error.value.status_description)


@pytest.mark.parametrize("language", ["WQL", "wql", "Wql", "DMTF:CQL", "dmtf:cql", "CIM:CQL", "cim:cql"])
def test_op_eq_2_languages_by_name_in_any_case(language: str) -> None:
    dialect, statement = parse_statement(language, "SELECT * FROM C")
    assert dialect is (WQL if language.lower() == "wql" else CQL)
    assert isinstance(statement, Select)
    assert (statement.columns, statement.classname, statement.where) == (None, "C", None)


@pytest.mark.parametrize("language", ["", "SQL", "CQL", "DMTF:FQL", "WQL2"])
def test_op_eq_2_unknown_language(language: str) -> None:
    with pytest.raises(CIMError) as error:
        parse_statement(language, "nonsense")
    assert error.value.status_code == 14


@pytest.mark.parametrize("language", ["", "WQL", "DMTF:CQL", "FQL"])
def test_pl_37_filters_are_in_fql_only(language: str) -> None:
    with pytest.raises(CIMError) as error:
        parse_condition(language, "A = 1")
    assert error.value.status_code == 14


@pytest.mark.parametrize(
    ("language", "text", "place", "expected"),
    [
        ("WQL", "", "line 1, column 1: the end of the query", "SELECT"),
        ("WQL", "SELEC * FROM C", "line 1, column 1: 'SELEC'", "SELECT"),
        ("WQL", "SELECT * FROM", "line 1, column 14: the end of the query", "a name"),
        ("WQL", "SELECT *\nFROM C\n  WHERE A = = 1", "line 3, column 13: '='", "a string"),
        ("WQL", "SELECT * FROM C WHERE A LIKE 5", "line 1, column 30: '5'", "a string"),
        ("WQL", "SELECT * FROM C WHERE A IS 5", "line 1, column 28: '5'", "NULL"),
        ("WQL", "SELECT * FROM C WHERE (A = 1", "line 1, column 29: the end of the query", ")"),
        ("WQL", "SELECT * FROM C WHERE A = 'x", "line 1, column 27: the string", "not closed"),
        ("WQL", "SELECT * FROM C WHERE A = 1 B", "line 1, column 29: 'B'", "AND"),
        ("WQL", "SELECT A AS N FROM C", "line 1, column 10: 'AS'", "FROM"),
        ("DMTF:CQL", "SELECT A AS FROM C", "line 1, column 18: 'C'", "FROM"),
        ("DMTF:CQL", "SELECT * FROM C WHERE D:: = 1", "line 1, column 27: '='", "a name"),
        ("WQL", "ASSOCIATORS OF C.Id='a'", "line 1, column 16: 'C'", "a path in braces"),
        ("WQL", "SELECT * FROM C WHERE ANY A = 1", "line 1, column 27: 'A'", "a comparison"),
        ("DMTF:CQL", "ASSOCIATORS OF {C.Id='a'}", "line 1, column 1: 'ASSOCIATORS'", "SELECT"),
        ("DMTF:FQL", "SELECT * FROM C", "line 1, column 8: '*'", "a comparison"),
        ("DMTF:FQL", "A", "line 1, column 2: the end of the query", "a comparison"),
        ("DMTF:FQL", "A = ", "line 1, column 5: the end of the query", "a string"),
        ("DMTF:FQL", "A[x] = 1", "line 1, column 3: 'x'", "a whole number"),
        ("DMTF:FQL", "A ISA B", "line 1, column 3: 'ISA'", "LIKE"),
    ],
)
def test_op_eq_2_pl_36_bad_syntax_is_told_with_line_and_column(language: str, text: str, place: str, expected: str) -> None:
    description = refused(15, language, text)
    assert description.startswith(place)
    assert expected in description


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("WQL", "SELECT * FROM C WITHIN 5 WHERE A = 1"),
        ("WQL", "SELECT COUNT(*) FROM C"),
        ("WQL", "SELECT * FROM C GROUP BY A"),
        ("WQL", "SELECT * FROM C WHERE A = 1 ORDER BY A"),
        ("WQL", "SELECT * FROM C WHERE A BETWEEN 1 AND 2"),
        ("WQL", "SELECT * FROM C, D"),
        ("WQL", "SELECT C.*, A FROM C"),
        ("WQL", "SELECT * FROM C WHERE A + 1 = 2"),
        ("DMTF:CQL", "SELECT DISTINCT A FROM C"),
        ("DMTF:CQL", "SELECT FIRST 5 A FROM C"),
        ("DMTF:CQL", "SELECT OBJECTPATH(x) FROM C x"),
        ("DMTF:CQL", "SELECT * FROM C WHERE UPPERCASE(A) = 'X'"),
        ("DMTF:CQL", "SELECT x.A AS N FROM C x"),
        ("DMTF:CQL", "SELECT A, B AS N FROM C WHERE N = 1"),
        ("DMTF:CQL", "SELECT D.* FROM C"),
        ("DMTF:CQL", "SELECT C.D.* FROM C"),
        ("DMTF:CQL", "SELECT * FROM C WHERE A = #'Enabled'"),
        ("DMTF:CQL", "SELECT * FROM C WHERE A#'Enabled' = A"),
        ("WQL", "SELECT * FROM C WHERE D::A = 1"),
        ("DMTF:CQL", "SELECT * FROM C x, D AS y WHERE x.A = y.A"),
    ],
)
def test_op_eq_2_vr_7_features_left_out(language: str, text: str) -> None:
    assert refused(29, language, text).startswith("line 1, column")


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("SELECT s.Name AS N\nFROM C s", "line 1, column 18", "column names (AS)"),
        ("SELECT\n A, C.* FROM C", "line 2, column 7", "a star beside other columns"),
        ("SELECT D.* FROM C", "line 1, column 10", "D.*"),
        ("SELECT * FROM C\n, D", "line 2, column 3", "more than one class"),
    ],
)
def test_op_eq_2_features_left_out_are_told_with_line_and_column(text: str, place: str, expected: str) -> None:
    description = refused(29, "DMTF:CQL", text)
    assert description.startswith(place)
    assert expected in description


def test_op_eq_2_a_star_behind_the_class_or_its_alias_means_all_columns() -> None:
    for text in ("SELECT c.* FROM C", "SELECT x.* FROM C AS x", "SELECT C.* FROM C x", "SELECT * FROM C"):
        _, statement = parse_statement("DMTF:CQL", text)
        assert isinstance(statement, Select)
        assert statement.columns is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"'C:\\temp'", r"C:\temp"),
        (r"'C:\temp'", r"C:\temp"),
        (r"'it\'s'", "it's"),
        ('"it\'s"', "it's"),
        (r'"a \"b\""', 'a "b"'),
        ("'two\nlines'", "two\nlines"),
        ("''", ""),
        ("'\u00e4\U0001f600'", "\u00e4\U0001f600"),
    ],
)
@pytest.mark.parametrize("language", ["WQL", "DMTF:CQL"])
def test_op_eq_2_strings_and_their_escapes(language: str, text: str, value: str) -> None:
    _, statement = parse_statement(language, f"{QUERY}A = {text}")
    assert isinstance(statement, Select)
    assert isinstance(statement.where, Comparison)
    assert isinstance(statement.where.right, QueryLiteral)
    assert statement.where.right.value == value


def test_op_eq_2_keywords_are_names_where_no_keyword_can_stand() -> None:
    _, statement = parse_statement(
        "WQL", f"{QUERY}Role = 1 AND Of = 2 AND Associators = 3 AND Any = 4 AND Android = 5 AND Isa.Is_ = 6"
    )
    assert isinstance(statement, Select)


def test_op_eq_2_traversal() -> None:
    text = "references of {C.Id='a{1}',N=5} where ResultClass = D Role = 'Left' KeysOnly"
    _, statement = parse_statement("WQL", text)
    assert isinstance(statement, Traversal)
    assert (statement.associators, statement.source) == (False, "C.Id='a{1}',N=5")
    assert [(option.name, option.value) for option in statement.options] == [
        ("ResultClass", "D"),
        ("Role", "Left"),
        ("KeysOnly", None),
    ]


def test_sec6_length_is_bounded() -> None:
    assert refused(15, "WQL", "\n" + QUERY + "A = '" + "x" * 70_000 + "'") == (
        "line 2, column 65536: a query of more than 65536 characters"
    )
    assert "100 characters" in refused(15, "WQL", QUERY + "A = " + "1" * 5000)


def test_sec6_nesting_is_bounded() -> None:
    parse_statement("WQL", QUERY + "NOT (A = 1 AND " * 40 + "A = 1" + ")" * 40)
    deep = "A = 1 AND\n" + "NOT (A = 1 AND " * 80 + "A = 1" + ")" * 80
    assert refused(15, "WQL", QUERY + deep).startswith("line 2, column ")
    assert "100 deep" in refused(15, "WQL", QUERY + deep)
    assert "100 names" in refused(15, "WQL", QUERY + "A" + ".A" * 200 + " = 1")


@pytest.mark.parametrize(
    ("language", "text", "place"),
    [
        ("WQL", QUERY + "\nOR ".join(["A = 1"] * 900), "line 250, column 1:"),
        ("WQL", QUERY + "\nOR ".join(["A LIKE '%a OR b%'"] * 900), "line 250, column 1:"),
        ("DMTF:CQL", QUERY + " AND ".join(["A.B.C.D[3] <> 'it''s'"] * 900), "line 1, column "),
        ("DMTF:FQL", " AND ".join(["(A = 1 OR A IS NULL)"] * 500), "line 1, column "),
        ("WQL", "SELECT " + ",".join(["A"] * 30_000) + " FROM C", "line 1, column 1007:"),
        ("DMTF:FQL", "A = {" + ",".join(["1"] * 30_000) + "}", "line 1, column "),
        ("WQL", QUERY + "(" * 20_000 + "A = 1" + ")" * 20_000, "line 1, column "),
        ("WQL", QUERY + "'" * 3_000, "line 1, column "),
    ],
)
def test_sec6_the_number_of_tokens_is_bounded(language: str, text: str, place: str) -> None:
    reason = refused(27, language, text)
    assert reason.startswith(place)
    assert "more than 1000 words" in reason


def test_sec6_all_patterns_together_are_bounded() -> None:
    assert "2000 steps in all" in refused(27, "WQL", QUERY + " OR ".join([f"A LIKE '{'_a' * 200}%'"] * 10))
    assert "2000 steps in all" in refused(27, "DMTF:FQL", " OR ".join(["A LIKE '(a{20}){20}'"] * 10))
    # Each query counts its own.
    for _ in range(5):
        parse_statement("WQL", QUERY + " OR ".join([f"A LIKE '{'_a' * 180}%'"] * 5))


def test_sec6_wide_conditions_and_many_parentheses_are_no_deep_ones() -> None:
    parse_statement("WQL", QUERY + " OR ".join(["A = 1"] * 240))
    parse_statement("WQL", QUERY + "(" * 450 + "A = 1" + ")" * 450)
    parse_statement("WQL", QUERY + "NOT " * 900 + "A = 1")


KEYWORDS = "SELECT FROM WHERE AND OR NOT LIKE IS NULL ISA ANY EVERY ASSOCIATORS OF REFERENCES AS TRUE FALSE ResultClass"
OTHERS = "A B.C D::E F.G::H :: # X[1] * , ( ) = <> < >= { } 'x' \"y\" 5 -1.5 0x1F {C.Id=1} . [ ] : + 'x"
WORDS = f"{KEYWORDS} {OTHERS}".split(" ")
TEXTS = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(WORDS), max_size=15).map(" ".join))


@given(TEXTS, st.sampled_from(["WQL", "DMTF:CQL", "DMTF:FQL"]))
def test_op_eq_2_any_text_is_a_query_or_refused(text: str, language: str) -> None:
    for query in (text, QUERY + text):
        try:
            parse_condition(language, query) if language == "DMTF:FQL" else parse_statement(language, query)
        except CIMError as error:
            assert error.status_code in {15, 29}
            assert error.status_description


@pytest.mark.parametrize(("text", "seconds"), [("WITHIN 2", 2.0), ("within 0.5", 0.5), ("WITHIN 1e3", 1000.0), ("", None)])
def test_wm_ev_6_an_event_query_says_within(text: str, seconds: float | None) -> None:
    _, select = parse_statement(
        WMI_EVENT_LANGUAGE, f"SELECT * FROM __InstanceCreationEvent {text} WHERE TargetInstance ISA 'C'"
    )
    assert isinstance(select, Select)
    assert (select.classname, select.within) == ("__InstanceCreationEvent", seconds)
    assert select.where is not None


@pytest.mark.parametrize("seconds", ["0", "0.0", "-1", "2592001", "1e400", "x", "'2'"])
def test_wm_ev_6_an_interval_that_is_none(seconds: str) -> None:
    with pytest.raises(CIMError) as caught:
        parse_statement(WMI_EVENT_LANGUAGE, f"SELECT * FROM C WITHIN {seconds}")
    assert caught.value.status_code == 15
    assert caught.value.status_description.startswith("line 1, column 24: ")
