"""``cimsim clock``: the clock of a running ``cimsim serve``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from cimsim.cli.control_option import Target, control_option, controlling
from cimsim.cli.failure import fail
from cimsim.cli.variables import SettingsGroup

if TYPE_CHECKING:
    from cimsim.control.messages import ClockState


@click.group(cls=SettingsGroup)
@control_option
@click.pass_context
def clock(context: click.Context, control: Target) -> None:
    """Show, advance, stop or resume the clock of a running `cimsim serve`."""
    context.obj = control


@clock.command()
@click.pass_obj
def show(control: Target) -> None:
    """Show the time, whether the clock runs, and when something is due next."""
    with controlling(control) as client:
        _show(client.clock())


# Otherwise a negative number would be an unknown option, which says nothing about what is wanted.
@clock.command(context_settings={"ignore_unknown_options": True})
@click.argument("seconds", metavar="SECONDS|next")
@click.pass_obj
def advance(control: Target, seconds: str) -> None:
    """Advance the clock by SECONDS, or to when something is due next."""
    if seconds == "next":
        with controlling(control) as client:
            _show(client.advance(to="next"))
        return
    try:
        number = float(seconds)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        fail(f"advance {seconds}: write a number of seconds, 0 or more, or next")
    with controlling(control) as client:
        _show(client.advance(number))


@clock.command()
@click.pass_obj
def stop(control: Target) -> None:
    """Stop the clock."""
    with controlling(control) as client:
        _show(client.stop_clock())


@clock.command()
@click.pass_obj
def resume(control: Target) -> None:
    """Let the clock go on by itself."""
    with controlling(control) as client:
        _show(client.resume_clock())


def _show(state: ClockState) -> None:
    click.echo(f"{state.now} {'running' if state.running else 'standing'}")
    click.echo(f"{state.waiting} waiting" + (f", next at {state.due}" if state.due else ""))
