"""The patterns of LIKE, and that none of them takes long (issue item 2, SEC6)."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cimsim.query.patterns import TooComplexError, regular_expression, wildcards


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("", ["", ""], ["a"]),
        ("abc", ["abc", "ABC"], ["ab", "abcd"]),
        ("a%", ["a", "abc", "A\nb"], ["ba"]),
        ("%a", ["a", "ba"], ["ab"]),
        ("%a%b%", ["ab", "xaxbx"], ["ba"]),
        ("a_c", ["abc", "axc"], ["ac", "abbc"]),
        ("[ab]c", ["ac", "bc", "BC"], ["cc"]),
        ("[a-c]", ["a", "b", "c"], ["d", "-"]),
        ("[a=c]", ["a", "b", "c"], ["d", "="]),
        ("[^a-c]", ["d", "^"], ["a", "b"]),
        ("[_][%]", ["_%"], ["ab"]),
        ("%[_][_]%", ["x__y"], ["xaay"]),
        ("a[b", ["a[b"], ["ab"]),
        ("[]]", ["]"], ["[]"]),
        ("a.b*", ["a.b*"], ["axb", "a.bb"]),
    ],
)
def test_issue_item_2_wildcards_of_wql(pattern: str, fitting: list[str], others: list[str]) -> None:
    compiled = wildcards(pattern)
    assert all(compiled.matches(text) for text in fitting)
    assert not any(compiled.matches(text) for text in others)


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("abc", ["abc"], ["ABC", "xabc", "abcx"]),
        ("^abc$", ["abc"], ["xabc"]),
        ("D.F", ["DAF", "D.F"], ["DF"]),
        ("ABC*", ["AB", "ABC", "ABCCC"], ["A"]),
        ("GH[IJ]", ["GHI", "GHJ"], ["GHK"]),
        ("r[au]^t", ["ret", "r.t"], ["rat", "rut", "rt"]),
        ("1[.]{2,3}n", ["1..n", "1...n"], ["1.n", "1....n", "1xxn"]),
        ("a{2}", ["aa"], ["a", "aaa"]),
        ("a{2,}", ["aa", "aaaaa"], ["a"]),
        ("(XYZ)+", ["XYZ", "XYZXYZ"], ["", "XY"]),
        ("(DEF)?|GHI", ["", "DEF", "GHI"], ["DE"]),
        ("a\\.b", ["a.b"], ["axb"]),
        ("[\\]]", ["]"], ["\\"]),
        ("[a-c]", ["a", "-", "c"], ["b"]),
        ("(a|b)*c", ["c", "abbac"], ["abd"]),
        ("", [""], ["a"]),
        ("%_", ["%_"], ["ab"]),
    ],
)
def test_issue_item_2_regular_expressions_of_dsp1001(pattern: str, fitting: list[str], others: list[str]) -> None:
    compiled = regular_expression(pattern)
    assert all(compiled.matches(text) for text in fitting)
    assert not any(compiled.matches(text) for text in others)


@pytest.mark.parametrize(
    "pattern", ["(", ")", "[a", "a**", "*", "a{", "a{x}", "a{3,2}", "a$b", "a^", "[^a]", "a\\", "]", "a{,2}"]
)
def test_op_eq_2_what_is_no_regular_expression(pattern: str) -> None:
    with pytest.raises(ValueError):
        regular_expression(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["a{5000}", "((a{100}){100}){100}", "(" * 30 + ")" + "{499})" * 29 + "{499}", "(" * 60 + "a" + ")" * 60, "a" * 5000],
)
def test_sec6_patterns_that_would_cost_too_much(pattern: str) -> None:
    with pytest.raises(TooComplexError):
        regular_expression(pattern)


def test_sec6_wildcards_that_would_cost_too_much() -> None:
    with pytest.raises(TooComplexError):
        wildcards("%a" * 5000)


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|a)*b", "(a?){30}a{30}b", "(.*)*(.*)*(.*)*b", ".*a.*a.*a.*a.*a.*a.*b"])
def test_sec6_no_pattern_takes_exponential_time(pattern: str) -> None:
    before = time.process_time()
    assert not regular_expression(pattern).matches("a" * 2000)
    # Backtracking would take longer than anyone can wait.
    assert time.process_time() - before < 5


@given(st.text("ab%_", max_size=12), st.text("abC", max_size=12))
def test_issue_item_2_wildcards_are_those_of_a_simple_model(pattern: str, text: str) -> None:
    model = "".join({"%": ".*", "_": "."}.get(character, character) for character in pattern)
    assert wildcards(pattern).matches(text) is bool(re.fullmatch(model, text, re.IGNORECASE | re.DOTALL))


@given(st.from_regex(r"(?:[ab.]|\[ab\])(?:[*+?]?(?:[ab.]|\[ab\]|\(ab\|a\))){0,6}", fullmatch=True), st.text("abc", max_size=10))
def test_issue_item_2_regular_expressions_are_those_of_python(pattern: str, text: str) -> None:
    assert regular_expression(pattern).matches(text) is bool(re.fullmatch(pattern, text, re.DOTALL))


@given(st.text("ab().[]{}*+?|^$\\0123,", max_size=20), st.text("ab", max_size=5))
def test_op_eq_2_any_text_is_a_pattern_or_refused(pattern: str, text: str) -> None:
    try:
        expression = regular_expression(pattern)
    except ValueError as error:
        assert str(error)
    else:
        assert expression.matches(text) in (True, False)
    # Without % and _ a pattern is the text it stands for.
    assert wildcards(pattern).matches(text) is (pattern == text)
    assert wildcards(pattern).matches(pattern)
