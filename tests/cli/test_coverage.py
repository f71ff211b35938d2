"""``cimsim coverage``, and the list of tests that it reads."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cimsim.cli.rules import identifiers, rules
from cimsim.operations.table import OPERATIONS
from tests.coverage import PAGE, WRITTEN, cited, cited_by_name, page, rules_of, scan, text

if TYPE_CHECKING:
    from tests.cli.conftest import Cimsim

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


def test_the_list_of_tests_is_up_to_date() -> None:
    assert WRITTEN.read_text(encoding="utf-8") == text(), "run: python -m tests.coverage"
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.coverage"


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
@pytest.mark.parametrize("family", ["HC", "H", "OP-GI-", "PL-", "SEC", "M"])
def test_what_a_text_cites(written: str, expected: list[int], family: str) -> None:
    assert cited(written.format(family)) == {f"{family}{number}" for number in expected}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test_hc10_paths", {"HC10"}),
        ("test_op_gi_3_pl_22", {"OP-GI-3", "PL-22"}),
        ("test_m10_to_m12_frames", {"M10", "M11", "M12"}),
        ("test_g5", {"G5"}),
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
    titles = {rule.title.partition("(")[0] for rule in rules()}
    assert {operation.name for operation in OPERATIONS.values()} <= titles
    assert all(rule.possible for rule in rules())


def test_rules_that_nobody_knows_are_not_in_the_list() -> None:
    assert set(scan(ROOT / "tests")) <= set(identifiers())


def test_every_rule_that_is_demanded_is_shown() -> None:
    assert [rule.identifier for rule in rules() if rule.status == "no"] == []


def test_the_table(cimsim: "Cimsim") -> None:
    done = cimsim("coverage")
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:2] == ["| rule | what | supported | shown by |", "|---|---|---|---|"]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:] if line.startswith("|")]
    assert [row[0] for row in rows] == list(identifiers())
    assert all((row[2] == "yes") == row[3].startswith("`tests/") for row in rows)
    shown = next(row for row in rows if row[0] == "OP-GI-1")
    assert shown[1].startswith("GetInstance(InstanceName, LocalOnly=TRUE, ")
    assert lines[-1].startswith(f"{len(rows)} rules (")


def test_the_table_of_some_rules(cimsim: "Cimsim") -> None:
    one = cimsim("coverage", "--rule", "op-gi-2").out.splitlines()
    assert one[2].startswith("| OP-GI-2 |")
    assert one[-1] == "1 rules (yes: 1)"
    assert cimsim("coverage", "--missing", "--rule", "OP-GI").out.splitlines()[-1] == "No rules."
