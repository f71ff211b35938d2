"""``cimsim coverage``: which rules of CIM-XML over HTTP the simulator keeps, and the tests that show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cimsim.cli.rules import Rule


@click.command()
@click.option("--missing", is_flag=True, help="Show only rules that are demanded and that no test shows.")
@click.option("--rule", metavar="PREFIX", default="", help="Show only rules whose identifiers begin with this.")
def coverage(missing: bool, rule: str) -> None:
    """Print as a Markdown table which rules the simulator keeps: the rule, whether it is supported, the test that shows it."""
    from cimsim.cli.rules import rules

    shown = [each for each in rules() if each.identifier.startswith(rule.upper()) and not (missing and each.status != "no")]
    for line in table(shown):
        click.echo(line)


def table(shown: Iterable[Rule]) -> list[str]:
    """Return the lines of the table and of a summary."""
    rows = list(shown)
    lines = ["| rule | what | supported | shown by |", "|---|---|---|---|"]
    lines += [f"| {rule.identifier} | {rule.title} | {rule.status} | {_evidence(rule)} |" for rule in rows]
    counts = Counter(rule.status for rule in rows)
    summary = ", ".join(f"{status}: {count}" for status, count in sorted(counts.items()))
    return [*lines, "", f"{len(rows)} rules ({summary})" if rows else "No rules."]


def _evidence(rule: Rule) -> str:
    """Return the name of one test, and how many more there are."""
    if not rule.supported:
        return ""
    first, *further = rule.tests
    return f"`{first}`" + (f" and {len(further)} more" if further else "")
