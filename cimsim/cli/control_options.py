"""The options of ``cimsim serve`` about its control plane: where it listens, and who may use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from cimsim.cli.config import all_of, setting

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: Final = (
    setting(
        "--console/--no-console",
        default=True,
        show_default=True,
        help="Show the simulation in a browser; --no-console opens no control plane, unless something else asks for it.",
    ),
    setting(
        "--control-port",
        type=click.IntRange(0, 65535),
        help="Port of the control plane and its console; 0 picks a free one.  [default: 0]",
    ),
    setting(
        "--control-address",
        default="127.0.0.1",
        show_default=True,
        help="Address of the control plane; elsewhere than on this computer it demands a token.",
    ),
    setting(
        "--control-token",
        metavar="TOKEN",
        help="Demand this token of those who use the control plane.  [default: none; with users or another address a new one]",
    ),
    setting(
        "--control-host",
        multiple=True,
        metavar="NAME",
        help="A name by which the control plane is called, beside localhost and its address; may be repeated.",
    ),
)


def control_options(command: F) -> F:
    """Declare the settings of the control plane."""
    return all_of(command, _OPTIONS)
