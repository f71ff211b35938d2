"""``cimsim conformance``, the page that it reads, and the tests that show its rules."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cimsim.cli.conformance import conformance
from cimsim.control.conformance import Status, parse, rules
from cimsim.operations.table import OPERATIONS
from tests.conformance import cited, cited_by_name, named_in, rules_of, scan

ROOT = Path(__file__).parent.parent.parent
SOURCE = '''"""Of a module: {0}1 to {0}3."""

# Between tests: {0}4


# Above a test: {0}5
@mark("{0}6")  # in a decorator: {0}7
def test_one():
    """In a docstring: {0}8."""
    assert True, "{0}9"


class TestOthers:
    def test_{1}10_two(self):  # beside it: {0}11
        pass
'''


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("rules {0}2 and {0}1", [1, 2]),
        ("{0}9 to {0}11", [9, 10, 11]),
        ("{0}9..11", [9, 10, 11]),
        ("({0}3/{0}4)", [3, 4]),
        ("{0}3a X-{0}3 {0}3-4", []),
    ],
)
@pytest.mark.parametrize("family", ["HC", "H", "OP-GI-", "PL-", "SEC", "M", "WM-R-", "WM-ID-"])
def test_what_a_text_cites(written: str, expected: list[int], family: str) -> None:
    assert cited(written.format(family)) == {f"{family}{number}" for number in expected}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test_hc10_paths", {"HC10"}),
        ("test_op_gi_3_pl_22", {"OP-GI-3", "PL-22"}),
        ("test_m10_to_m12_frames", {"M10", "M11", "M12"}),
        ("test_g5", {"G5"}),
        ("test_wm_id_1_wm_e_2_wm_v_4_to_wm_v_6", {"WM-ID-1", "WM-E-2", "WM-V-4", "WM-V-5", "WM-V-6"}),
        ("test_utf_8_and_sha256_of_64_bits", set()),
    ],
)
def test_what_a_name_cites(name: str, expected: set[str]) -> None:
    assert cited_by_name(name) == expected


def test_what_shows_what() -> None:
    # The identifiers are put together here: this file must not cite what it does not show.
    shown = rules_of(SOURCE.format("HC", "hc"), "tests/test_x.py")
    assert {int(rule.removeprefix("HC")): next(iter(tests)) for rule, tests in shown.items()} == {
        **dict.fromkeys((1, 2, 3, 4), "tests/test_x.py"),
        **dict.fromkeys((5, 7, 8), "tests/test_x.py::test_one"),
        **dict.fromkeys((10, 11), "tests/test_x.py::TestOthers::test_two".replace("two", "hc10_two")),
    }


def test_every_operation_has_its_rule() -> None:
    named = {rule.text.partition("(")[0] for rule in rules()}
    assert {operation.name for operation in OPERATIONS.values()} <= named


def test_rules_stand_once() -> None:
    identifiers = [rule.identifier for rule in rules()]
    assert len(identifiers) == len(set(identifiers)) > 400


@pytest.mark.longer
def test_every_rule_that_code_or_tests_cite_is_on_the_page() -> None:
    known = {rule.identifier for rule in rules()}
    assert {each for folder in ("cimsim", "mocks", "tests") for each in named_in(ROOT / folder)} - known == set()


@pytest.mark.longer
def test_every_supported_rule_is_shown_by_a_test() -> None:
    shown = scan(ROOT / "tests")
    assert [rule.identifier for rule in rules() if rule.status is Status.SUPPORTED and rule.identifier not in shown] == []


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("| HC1 | text | from |", "rule HC1 has 3 columns, not 4"),
        (r"| HC1 | a \| b | from | perhaps |", "perhaps"),
    ],
)
def test_a_row_that_is_wrong_is_named(row: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(parse(row))


def test_what_is_no_rule_is_passed_over() -> None:
    page = r"""
| rule | what | from | status |
|---|---|---|---|
| HC1 | a \| b | decided | later |
| specification | what it means |
"""
    assert [(rule.identifier, rule.text, rule.source, rule.status) for rule in parse(page)] == [
        ("HC1", r"a \| b", "decided", Status.LATER)
    ]


def test_the_table() -> None:
    done = CliRunner().invoke(conformance)
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[:2] == ["| rule | what | from | status |", "|---|---|---|---|"]
    assert [rule.identifier for rule in parse(done.output)] == [rule.identifier for rule in rules()]
    assert lines[-1].startswith(f"{len(rules())} rules (")


def test_the_table_of_some_rules() -> None:
    one = CliRunner().invoke(conformance, ["--rule", "op-gi-2"]).output.splitlines()
    assert one[2].startswith("| OP-GI-2 |")
    assert one[-1] == "1 rules (supported: 1)"
    assert CliRunner().invoke(conformance, ["--missing", "--rule", "OP-GI"]).output.splitlines()[-1] == "No rules."
