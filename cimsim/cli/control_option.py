"""The option ``--control`` of the commands about a running ``cimsim serve``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from cimsim.cli.config import setting
from cimsim.cli.failure import fail
from cimsim.control.client import ControlClient, ControlClientError, NoControlPlaneError

F = TypeVar("F", bound=Callable[..., Any])


def control_option(command: F) -> F:
    """Declare the URL of the control plane."""
    option = setting("--control", metavar="URL", required=True, help="URL of the control plane, as `cimsim serve` prints it.")
    return option(command)


@contextmanager
def controlling(url: str) -> Iterator[ControlClient]:
    """Return a client of the control plane; what is not done ends the process with status 2 and a line."""
    try:
        client = ControlClient(url)
    except NoControlPlaneError as error:
        fail(f"--control {error}")
    try:
        yield client
    except ControlClientError as error:
        fail(str(error))
