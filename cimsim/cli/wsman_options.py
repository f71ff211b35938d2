"""The options of WS-Management."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from cimsim.cli.config import all_of, setting

F = TypeVar("F", bound=Callable[..., Any])

_PORT: Final = click.IntRange(0, 65535)
_OPTIONS: Final = (
    setting(
        "--wsman/--no-wsman",
        default=True,
        show_default=True,
        help="Serve WS-Management at /wsman: on ports of its own, and on those of CIM-XML.",
    ),
    setting(
        "--wsman-port",
        type=_PORT,
        help="Port of WS-Management over HTTP; 0 picks a free one.  [default: 5985 if it is free; 0 with --port 0]",
    ),
    setting(
        "--wsman-tls-port",
        type=_PORT,
        help="Port of WS-Management over HTTPS.  [default: 5986 if it is free; 0 with --port 0 or --tls-port 0]",
    ),
)


def wsman_options(command: F) -> F:
    """Declare the settings of WS-Management."""
    return all_of(command, _OPTIONS)
