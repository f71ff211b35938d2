"""Commands about the world of a running ``cimsim serve``: status, reset, snapshots and calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from cimsim.cli.config import Seconds
from cimsim.cli.control_option import Target, control_option, controlling
from cimsim.cli.variables import SettingsCommand
from cimsim.control.client import NoControlPlaneError

if TYPE_CHECKING:
    from cimsim.control.client import ControlClient
    from cimsim.control.messages import CallRecord, ExchangeRecord, Status

_INTERVAL: Final = 0.5


@click.command(cls=SettingsCommand)
@control_option
def status(control: Target) -> None:
    """Show what a running `cimsim serve` serves."""
    with controlling(control) as client:
        _show_status(client.status())
        names = [each.name for each in client.cimoms()]
        if len(names) > 1:
            click.echo(f"CIMOMs: {', '.join(names)}")


@click.command(cls=SettingsCommand)
@control_option
def reset(control: Target) -> None:
    """Go back to the world and the faults of the start; forget all calls."""
    with controlling(control) as client:
        _show_status(client.reset())


@click.command(cls=SettingsCommand)
@control_option
@click.argument("name")
def snapshot(control: Target, name: str) -> None:
    """Keep the current world as NAME, in place of what had that name."""
    with controlling(control) as client:
        kept = client.snapshot(name)
    click.echo(f"{kept.name} kept at {kept.time}")


@click.command(cls=SettingsCommand)
@control_option
@click.argument("name")
def restore(control: Target, name: str) -> None:
    """Go back to the world that was kept as NAME."""
    with controlling(control) as client:
        kept = client.restore(name)
    click.echo(f"{kept.name} of {kept.time} restored")


@click.command(cls=SettingsCommand)
@control_option
@click.option("--since", type=click.IntRange(0), default=0, help="Leave out exchanges up to this number.")
@click.option("--follow", is_flag=True, help="Go on with new calls until Ctrl-C.")
@click.option(
    "--interval",
    type=Seconds(0.01),
    default=_INTERVAL,
    show_default=True,
    help="Seconds between two looks with --follow.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl", "har"]),
    default="text",
    show_default=True,
    help="Lines of text, or the whole exchanges with their bodies: as JSON lines, or as a HAR file.",
)
@click.argument("name", required=False)
def calls(control: Target, since: int, follow: bool, interval: float, form: str, name: str | None) -> None:
    """Show what clients called, all or the operation or method NAME: number, time, user, call, status."""
    if follow and form != "text":
        raise click.UsageError(f"--follow shows lines of text, not --format {form}")
    with controlling(control) as client:
        if form != "text":
            exported = client.calls_as_har if form == "har" else client.calls_as_json_lines
            click.echo(exported(since, name), nl=False)
            return
        place = _show_calls(client, name, Place(since))
        if follow:
            with suppress(KeyboardInterrupt):
                follow_calls(client, name, place, lambda: time.sleep(interval))


class Place(NamedTuple):
    """How far calls have been shown: the number of the last exchange, and the instance of the CIMOM that counted it."""

    since: int
    instance: str | None = None


def follow_calls(client: ControlClient, name: str | None, place: Place, wait: Callable[[], object]) -> None:
    """Show new calls, waiting before each look; ends with what ``wait`` raises.

    A server that is gone may come back, on the same port: its calls are shown from their beginning.
    """
    there = True
    while True:
        wait()
        try:
            place = _show_calls(client, name, place)
        except NoControlPlaneError as error:
            if there:
                click.echo(f"cimsim: {error}; waiting for it", err=True)
            there = False
        else:
            there = True


def _show_calls(client: ControlClient, name: str | None, place: Place) -> Place:
    """Show all calls after a place; return the one after them."""
    while True:
        found = client.calls(name, place.since)
        if place.instance not in (None, found.instance):
            # The server was started again: what was asked for are numbers of another count.
            place = Place(0, found.instance)
            continue
        for exchange in found.exchanges:
            _show_exchange(exchange)
        place = Place(found.last, found.instance)
        if not found.more:
            return place


def _show_exchange(exchange: ExchangeRecord) -> None:
    head = f"{exchange.number} {exchange.time} {exchange.user or '-'}@{exchange.address or '-'}"
    for call in exchange.calls:
        click.echo(f"{head} {call.operation} {call.target}: {_outcome(exchange, call)}")
    if not exchange.calls:
        outcome = "the client left" if exchange.http_status is None else f"HTTP {exchange.http_status}"
        click.echo(f"{head} -: {outcome}" + (f" ({exchange.detail})" if exchange.detail else ""))


def _outcome(exchange: ExchangeRecord, call: CallRecord) -> str:
    fault = "" if call.fault is None else f", by fault {call.fault}"
    if call.status is None:
        return f"HTTP {exchange.http_status}{fault}"
    returned = "" if call.returned is None else f", returned {call.returned}"
    return f"{call.status}" + (f" ({call.description})" if call.description else "") + returned + fault


def _show_status(state: Status) -> None:
    click.echo(f"cimsim {state.version} on {', '.join(state.urls)}")
    click.echo(f"clock: {state.clock.now} {'running' if state.clock.running else 'standing'}, {state.clock.waiting} waiting")
    for name, instances in sorted(state.namespaces.items()):
        click.echo(f"{name}: {instances} instances")
    click.echo(f"{state.faults} faults, {state.snapshots} snapshots, {state.exchanges} exchanges")
