"""The options of TLS, users and roles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from cimsim.cli.config import all_of, setting

F = TypeVar("F", bound=Callable[..., Any])

_FILE: Final = click.Path(path_type=Path, dir_okay=False)

state_dir_option = setting(
    "--state-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for what must outlive the server: its CA and certificate.  [default: user's state folder]",
)

_OPTIONS: Final = (
    setting(
        "--http/--no-http", default=None, show_default="http, but no-http with --client-ca", help="Serve plain HTTP on --port."
    ),
    setting("--tls/--no-tls", default=False, show_default=True, help="Serve HTTPS on --tls-port."),
    setting(
        "--tls-port", type=click.IntRange(0, 65535), default=5989, show_default=True, help="Port of HTTPS; 0 picks a free one."
    ),
    setting("--certificate", type=_FILE, help="PEM file of the server's certificate.  [default: one of a local CA]"),
    setting("--key", type=_FILE, help="PEM file of its private key.  [default: that of --certificate]"),
    setting(
        "--client-ca",
        type=_FILE,
        help="Demand client certificates that the CAs in this PEM file signed; no plain HTTP, unless --http is said.",
    ),
    state_dir_option,
    setting("--user", multiple=True, metavar="NAME:PASSWORD", help="Demand Basic authentication; may be repeated."),
    setting(
        "--users-file",
        type=_FILE,
        help="The same from lines NAME:PASSWORD of a file; for a PASSWORD also its hash, from cimsim password.",
    ),
    setting("--kerberos-keytab", type=_FILE, help="Let users of WS-Management log in by Kerberos: keytab of this service."),
    setting(
        "--kerberos-principal",
        default="",
        metavar="SERVICE/HOST[@REALM]",
        help="Principal of the keytab that clients have tickets for.  [default: any]",
    ),
    setting(
        "--role",
        multiple=True,
        metavar="USER=ROLE,...[@PATTERN]",
        help="Let a user only read, write, method, schema, administer; may be repeated.",
    ),
    setting(
        "--allow-plain-passwords/--no-allow-plain-passwords",
        default=False,
        show_default=True,
        help="Take passwords over HTTP on other addresses than those of this computer.",
    ),
    setting(
        "--max-failed-logins",
        type=click.IntRange(1),
        default=60,
        show_default=True,
        help="Most wrong passwords of one address in a minute.",
    ),
)


def security_options(command: F) -> F:
    """Declare the settings of TLS, users and roles."""
    return all_of(command, _OPTIONS)
