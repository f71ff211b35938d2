"""The options of the delivery of indications."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cimsim.cli.config import Seconds, all_of, setting

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    setting(
        "--indication-queue",
        type=click.IntRange(1),
        default=1000,
        show_default=True,
        help="Most indications or events that wait for one listener; beyond it the oldest is dropped.",
    ),
    setting(
        "--listener-timeout",
        type=Seconds(0.1),
        default=10.0,
        show_default=True,
        help="Seconds for one delivery of an indication or event.",
    ),
    setting(
        "--allow-listener",
        multiple=True,
        metavar="HOST[:PORT]",
        help="Deliver indications and events only to this name, address or network; may be repeated.",
    ),
    setting(
        "--listener-ca",
        type=click.Path(path_type=Path, dir_okay=False),
        help="PEM file of the CAs of listeners.  [default: those of the system]",
    ),
    setting(
        "--verify-listeners/--no-verify-listeners",
        default=True,
        show_default=True,
        help="Verify the certificates of listeners.",
    ),
)


def delivery_options(command: F) -> F:
    """Declare the settings of the delivery of indications."""
    return all_of(command, _OPTIONS)
