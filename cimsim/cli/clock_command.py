"""``cimsim clock``, and the options of ``cimsim serve`` about time: what clock it goes by, from when on, and the seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cimsim.cli.config import all_of, setting
from cimsim.cli.control_option import Target, control_option, controlling
from cimsim.cli.failure import fail
from cimsim.cli.variables import SettingsGroup

if TYPE_CHECKING:
    from cimsim.control.messages import ClockState

F = TypeVar("F", bound=Callable[..., Any])


class Time(click.ParamType):
    """An ISO 8601 time, as seconds since 1970-01-01 UTC; without an offset it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds; raises as the other types of click do."""
        if isinstance(value, float):
            return value
        try:
            moment = datetime.fromisoformat(value)
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
            # An offset may lead out of the calendar.
            datetime.fromtimestamp(seconds, UTC)
            return seconds
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not an ISO 8601 time, such as 2025-03-10T12:00:00Z", param, ctx)


def clock_options(command: F) -> F:
    """Declare the options about time and the seed."""
    return all_of(
        command,
        (
            setting(
                "--clock",
                type=click.Choice(["real", "manual"]),
                default="real",
                show_default=True,
                help="What the simulation goes by: real time, or a clock that stands still until it is advanced.",
            ),
            setting("--start-time", type=Time(), help="When the clock begins.  [default: now; manual: 2025-03-10T12:00:00Z]"),
            setting(
                "--seed",
                type=click.IntRange(0),
                help="Make all generated identifiers from this number.  [default: a random one]",
            ),
        ),
    )


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
