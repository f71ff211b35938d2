"""The settings of the delivery of indications: their options, and what the server gets of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cimsim.cli.config import Seconds, all_of, setting
from cimsim.cli.failure import fail

if TYPE_CHECKING:
    from cimsim.delivery.sender import DeliveryOptions

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    setting(
        "--indication-queue",
        type=click.IntRange(1),
        default=1000,
        show_default=True,
        help="Most indications that wait for one listener; beyond it the oldest is dropped.",
    ),
    setting(
        "--listener-timeout",
        type=Seconds(0.1),
        default=10.0,
        show_default=True,
        help="Seconds for one delivery of an indication.",
    ),
    setting(
        "--allow-listener",
        multiple=True,
        metavar="HOST[:PORT]",
        help="Deliver indications only to this name, address or network; may be repeated.",
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


def delivery_of(options: Mapping[str, Any]) -> DeliveryOptions:
    """Return how indications are delivered; ends the command if that cannot be."""
    from cimsim.delivery.allowed_listeners import parse_allowed
    from cimsim.delivery.sender import DeliveryOptions

    ca: Path | None = options["listener_ca"]
    if ca is not None:
        _check_authorities(ca)
    try:
        allowed = tuple(parse_allowed(each) for each in options["allow_listener"])
    except ValueError as error:
        fail(f"--allow-listener: {error}")
    return DeliveryOptions(
        queue=options["indication_queue"],
        timeout=options["listener_timeout"],
        allowed=allowed,
        verify=options["verify_listeners"],
        ca=ca,
    )


def _check_authorities(path: Path) -> None:
    from cimsim.server.pem import CertificateError, read_certificates

    try:
        read_certificates(path)
    except CertificateError as error:
        fail(f"--listener-ca: {error}")
