"""What the commands about a running ``cimsim serve`` have in common: the options that say which one, and its client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from cimsim.cli.config import all_of, setting
from cimsim.cli.failure import fail
from cimsim.cli.security import state_dir_option
from cimsim.control.client import ControlClient, ControlClientError
from cimsim.server.state_dir import default_state_dir
from cimsim.simulation.running_servers import running_servers

_OPTIONS: Final = (
    setting(
        "--control",
        metavar="URL",
        help="URL of the control plane, as `cimsim serve` prints it.  [default: that of the one server that runs]",
    ),
    setting("--control-token", metavar="TOKEN", help="Token of the control plane.  [default: as the server left it]"),
    # Without a variable: that of this name holds the CIMOMs of a server.
    click.option("--cimom", metavar="NAME", help="The CIMOM that is meant.  [default: the first]"),
    state_dir_option,
)


class Target(msgspec.Struct, frozen=True):
    """Which server, and which CIMOM of it.

    Attributes:
        control: the URL of its control plane; None: that of the one server that runs.
        token: of the control plane; None: as the server left it.
        cimom: its name; None: the first.
        state_dir: where servers leave their files; None: the state folder of the user.
    """

    control: str | None
    token: str | None
    cimom: str | None
    state_dir: Path | None


def control_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options that say which server is meant; the command gets them as one, ``control``, a ``Target``."""

    @wraps(command)
    def with_target(
        *arguments: Any,
        control: str | None,
        control_token: str | None,
        cimom: str | None,
        state_dir: Path | None,
        **options: Any,
    ) -> Any:
        return command(*arguments, control=Target(control, control_token, cimom, state_dir), **options)

    return all_of(with_target, _OPTIONS)


@contextmanager
def controlling(target: Target) -> Iterator[ControlClient]:
    """Return a client of the control plane; what is not done ends the process with status 2 and a line."""
    url, token = _find(target)
    try:
        client = ControlClient(url, token=token, cimom=target.cimom)
    except ControlClientError as error:
        fail(f"--control {error}")
    try:
        yield client
    except ControlClientError as error:
        fail(str(error))


def _find(target: Target) -> tuple[str, str | None]:
    """Return the URL and the token of the server that is meant."""
    if target.control is not None and (target.token is not None or "#" in target.control):
        return target.control, target.token
    folder = target.state_dir or default_state_dir()
    servers = running_servers(folder)
    if target.control is not None:
        url = target.control.rstrip("/")
        return url, next((each.token for each in servers if each.control == url), None)
    if not servers:
        fail(f"no running cimsim serve has left a file in {folder}: start one, or give --control URL")
    if len(servers) > 1:
        listed = ", ".join(f"{each.control} (process {each.pid}, {' '.join(each.urls[:1])})" for each in servers)
        fail(f"{len(servers)} servers run; give --control URL with one of {listed}")
    return servers[0].control, target.token or servers[0].token
