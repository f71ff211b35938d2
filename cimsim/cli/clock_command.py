"""``cimsim clock``, and the options of ``cimsim serve`` about time: what clock it goes by, from when on, and the seed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any, Final, NoReturn, TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import click

from cimsim.cli.config import all_of, setting
from cimsim.cli.failure import fail
from cimsim.cli.variables import SettingsGroup

F = TypeVar("F", bound=Callable[..., Any])

_WAIT: Final = 60.0
_STATE: Final = frozenset({"now", "running", "due", "waiting"})
_OF_CIM: Final = "CIMErrorDescription"
"""A header that every refusal of a CIM port has."""


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
    """Declare the options about time, the seed and the control plane."""
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
            setting(
                "--control-port",
                type=click.IntRange(0, 65535),
                help="Port of the control plane, on 127.0.0.1; 0 picks a free one.  [default: none; 0 with a manual clock]",
            ),
        ),
    )


@click.group(cls=SettingsGroup)
@setting("--control", metavar="URL", required=True, help="URL of the control plane, as `cimsim serve` prints it.")
@click.pass_context
def clock(context: click.Context, control: str) -> None:
    """Show, advance, stop or resume the clock of a running `cimsim serve`."""
    context.obj = control


@clock.command()
@click.pass_obj
def show(control: str) -> None:
    """Show the time, whether the clock runs, and when something is due next."""
    _show(_request(control, "/clock", None))


# Otherwise a negative number would be an unknown option, which says nothing about what is wanted.
@clock.command(context_settings={"ignore_unknown_options": True})
@click.argument("seconds", metavar="SECONDS|next")
@click.pass_obj
def advance(control: str, seconds: str) -> None:
    """Advance the clock by SECONDS, or to when something is due next."""
    if seconds == "next":
        _show(_request(control, "/clock/advance", {"to": "next"}))
        return
    try:
        number = float(seconds)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        fail(f"advance {seconds}: write a number of seconds, 0 or more, or next")
    _show(_request(control, "/clock/advance", {"seconds": number}))


@clock.command()
@click.pass_obj
def stop(control: str) -> None:
    """Stop the clock."""
    _show(_request(control, "/clock/stop", {}))


@clock.command()
@click.pass_obj
def resume(control: str) -> None:
    """Let the clock go on by itself."""
    _show(_request(control, "/clock/resume", {}))


def _request(control: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    """Return the answer of the control plane: a GET without a body, else a POST."""
    if not control.startswith("http://"):
        fail(f"--control {control}: write http://127.0.0.1:PORT")
    data = None if body is None else json.dumps(body).encode()
    request = Request(control.rstrip("/") + path, data, {"Content-Type": "application/json"})  # noqa: S310 - checked above
    try:
        # The control plane is on this computer: no proxy is asked.
        with build_opener(ProxyHandler({})).open(request, timeout=_WAIT) as response:
            answer: dict[str, Any] = json.load(response)
    except HTTPError as error:
        _refused(control, error)
    except (URLError, OSError, ValueError, HTTPException) as error:
        fail(f"no control plane at {control}: {getattr(error, 'reason', None) or error}")
    if not isinstance(answer, dict) or not answer.keys() >= _STATE:
        fail(f"no control plane at {control}: what answers there is something else")
    return answer


def _refused(control: str, error: HTTPError) -> NoReturn:
    """Pass on why the control plane refuses; but what refuses may be something else, most likely the CIM port."""
    try:
        text = json.load(error)["error"]
    except (ValueError, KeyError, TypeError, OSError, HTTPException):
        if error.headers.get(_OF_CIM) is None:
            fail(f"no control plane at {control}: what answers there is something else (HTTP {error.code})")
        fail(
            f"{control} is the port of CIM clients, not the control plane: use the URL in the line "
            "`control plane on ...` of cimsim serve; it has one with --control-port or --clock manual"
        )
    fail(str(text))


def _show(answer: dict[str, Any]) -> None:
    click.echo(f"{answer['now']} {'running' if answer['running'] else 'standing'}")
    due = answer["due"]
    click.echo(f"{answer['waiting']} waiting" + (f", next at {due}" if due else ""))
