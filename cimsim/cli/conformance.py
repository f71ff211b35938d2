"""``cimsim conformance``: the rules that the simulator is held to, where each comes from, and whether it keeps it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cimsim.control.conformance import Rule


@click.command()
@click.option("--missing", is_flag=True, help="Show only rules that the simulator does not keep.")
@click.option("--rule", metavar="PREFIX", default="", help="Show only rules whose identifiers begin with this.")
def conformance(missing: bool, rule: str) -> None:
    """Print the rules as a Markdown table: identifier, what it demands, where it comes from, and its status."""
    from cimsim.control.conformance import Status, rules

    kept = {Status.SUPPORTED, Status.INFORMATIONAL}
    shown = [each for each in rules() if each.identifier.startswith(rule.upper()) and not (missing and each.status in kept)]
    for line in table(shown):
        click.echo(line)


def table(shown: Iterable[Rule]) -> list[str]:
    """Return the lines of the table and of a summary."""
    rows = list(shown)
    lines = ["| rule | what | from | status |", "|---|---|---|---|"]
    lines += [f"| {rule.identifier} | {rule.text} | {rule.source} | {rule.status.value} |" for rule in rows]
    counts = Counter(rule.status.value for rule in rows)
    summary = ", ".join(f"{status}: {count}" for status, count in sorted(counts.items()))
    return [*lines, "", f"{len(rows)} rules ({summary})" if rows else "No rules."]
