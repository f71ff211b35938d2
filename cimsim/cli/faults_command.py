"""``cimsim faults``: the fault rules of a running ``cimsim serve``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from cimsim.cli.control_option import Target, control_option, controlling
from cimsim.cli.failure import fail
from cimsim.cli.variables import SettingsGroup

if TYPE_CHECKING:
    from cimsim.control.messages import FaultState


@click.group(cls=SettingsGroup)
@control_option
@click.pass_context
def faults(context: click.Context, control: Target) -> None:
    """Add, list or remove fault rules of a running `cimsim serve`."""
    context.obj = control


@faults.command()
@click.argument("words", metavar="WORD=VALUE...", nargs=-1, required=True)
@click.pass_obj
def add(control: Target, words: tuple[str, ...]) -> None:
    """Put a rule into force.

    Each WORD is a condition or an action, each VALUE JSON, or else a text: method=StopService times=2 'error=["failed", "no"]'.
    A value of a key, a property or a parameter is where.NAME=VALUE or parameters.NAME=VALUE.
    """
    rule = parse_words(words)
    with controlling(control) as client:
        _show(client.add_fault(**rule))


@faults.command(name="list")
@click.pass_obj
def list_rules(control: Target) -> None:
    """List the rules in force, with how many requests met each, and on how many it acted."""
    with controlling(control) as client:
        for each in client.faults():
            _show(each)


@faults.command()
@click.argument("name", required=False)
@click.pass_obj
def scenario(control: Target, name: str | None) -> None:
    """Put the rules of the scenario NAME of a pack into force; without NAME, list the scenarios that there are."""
    with controlling(control) as client:
        if name is not None:
            for each in client.start_scenario(name):
                _show(each)
            return
        for found in client.scenarios():
            click.echo(f"{found.pack}.{found.name}: {found.description or f'{len(found.faults)} rules'}")


@faults.command()
@click.argument("numbers", metavar="NUMBER...", nargs=-1, type=click.IntRange(1))
@click.option("--all", "everything", is_flag=True, help="Remove all rules.")
@click.pass_obj
def remove(control: Target, numbers: tuple[int, ...], everything: bool) -> None:
    """Take rules out of force."""
    if everything == bool(numbers):
        fail("faults remove: give numbers, or --all")
    with controlling(control) as client:
        if everything:
            click.echo(f"{client.remove_faults()} removed")
            return
        known = [each.number for each in client.faults()]
        for number in numbers:
            if number not in known:
                listed = ", ".join(map(str, known)) or "none"
                fail(f"faults remove {number}: no fault rule {number} is in force; in force are: {listed}")
        for number in dict.fromkeys(numbers):
            _show(client.remove_fault(number))


def parse_words(words: Sequence[str]) -> dict[str, Any]:
    """Return the words of a rule by name; ends the process with a line about one that is not ``WORD=VALUE`` or comes twice."""
    rule: dict[str, Any] = {}
    for each in words:
        name, equals, text = each.partition("=")
        word, dot, part = name.partition(".")
        if not equals or not word or (dot and not part):
            fail(f"faults add {each}: write WORD=VALUE or WORD.NAME=VALUE")
        target = rule.setdefault(word, {}) if dot else rule
        if not isinstance(target, dict) or (part or word) in target:
            fail(f"faults add {each}: {word} is given twice")
        target[part or word] = _value(text)
    return rule


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return text


def _show(fault: FaultState) -> None:
    words = " ".join(f"{name}={_written(value)}" for name, value in fault.rule.items())
    origin = f", {fault.origin}" if fault.origin else ""
    click.echo(f"{fault.number}: {words} ({fault.matched} met, {fault.hits} hits{origin})")


def _written(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
