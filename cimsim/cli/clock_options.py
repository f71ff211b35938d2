"""The options of ``cimsim serve`` about time: what clock it goes by, from when on, and the seed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from cimsim.cli.config import all_of, setting

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
