"""The settings of TLS, users and roles: their options, and what the server gets of them."""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from cimsim.cli.config import all_of, setting
from cimsim.cli.failure import fail

if TYPE_CHECKING:
    from cimsim.cimom.authorization import Authorization

F = TypeVar("F", bound=Callable[..., Any])

_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_FOR_TLS: Final = ("certificate", "key", "client_ca")

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


def serves_http(options: Mapping[str, Any]) -> bool:
    """Return whether plain HTTP is served: it would be a way round client certificates, so with these only if it is said."""
    said: bool | None = options["http"]
    return options["client_ca"] is None if said is None else said


def users_of(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the passwords by user name; ends the command if they cannot be read."""
    from twisted.logger import Logger

    from cimsim.packs.permissions import writable_by_others
    from cimsim.server.auth import parse_user, read_users_file

    file: Path | None = options["users_file"]
    try:
        users = dict(read_users_file(file)) if file is not None else {}
        if file is not None and not users:
            fail(f"{file}: names no user")
        given = [parse_user(each) for each in options["user"]]
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except ValueError as error:
        fail(str(error))
    if file is not None and writable_by_others(file):
        Logger(namespace="cimsim.security").warn(
            "others may write the users file {file}, and so let anybody in; use chmod go-w", file=file
        )
    for name, _ in given:
        if sum(other == name for other, _ in given) > 1:
            fail(f"--user: user {name} is given twice")
    users.update(given)
    plain = serves_http(options) and not options["allow_plain_passwords"] and not _is_loopback(options["address"])
    if users and plain:
        fail(
            f"passwords would cross the network in the clear to {options['address']}: serve --tls --no-http, "
            "or allow it by --allow-plain-passwords"
        )
    return users


def access_of(options: Mapping[str, Any], users: Mapping[str, str]) -> Authorization | None:
    """Return who may do what, None for everybody everything; ends the command if a role cannot be read."""
    if not options["role"]:
        return None
    from cimsim.cimom.authorization import ANYBODY, Authorization, parse_grant
    from cimsim.world.names import did_you_mean

    if not users:
        fail("--role needs users: add --user or --users-file")
    try:
        grants = [parse_grant(each) for each in options["role"]]
    except ValueError as error:
        fail(str(error))
    for grant in grants:
        if grant.user != ANYBODY and grant.user not in users:
            fail(f"--role: there is no user {grant.user!r}{did_you_mean(grant.user, users)}")
    return Authorization(grants)


def tls_of(options: Mapping[str, Any]) -> Any:
    """Return the context factory of HTTPS, None without it; ends the command if a certificate or key cannot be used."""
    if not options["tls"]:
        given = [name for name in _FOR_TLS if options[name] is not None]
        if given:
            fail(f"--{given[0].replace('_', '-')} needs --tls")
        if not serves_http(options):
            fail("--no-http leaves nothing to serve: add --tls")
        return None
    # OpenSSL is not loaded where it is not wanted.
    from cimsim.server.certificates import keep
    from cimsim.server.pem import CertificateError, read_identity
    from cimsim.server.tls import ServerContext

    certificate, key = options["certificate"], options["key"]
    if key is not None and certificate is None:
        fail("--key needs --certificate")
    try:
        if certificate is not None:
            identity = read_identity(certificate, key or certificate, time.time())
        else:
            names = host_names(options["host_name"], options["address"])
            identity = keep(state_dir_of(options), names, time.time()).server
        return ServerContext(identity, options["client_ca"])
    except CertificateError as error:
        fail(str(error))


def state_dir_of(options: Mapping[str, Any]) -> Path:
    """Return the state folder."""
    from cimsim.server.certificates import default_state_dir

    return options["state_dir"] or default_state_dir()


def ca_of(options: Mapping[str, Any]) -> Path:
    """Return the file with the certificate of the local CA."""
    from cimsim.server.certificates import ca_file

    return ca_file(state_dir_of(options))


def host_names(host_name: str, address: str) -> list[str]:
    """Return what clients may call this server: the name of the computer, the HOST of paths, the address unless it is any."""
    names = [os.uname().nodename, host_name.rpartition(":")[0] or host_name]
    try:
        if not ipaddress.ip_address(address).is_unspecified:
            names.append(address)
    except ValueError:
        names.append(address)
    return [name for name in names if name]


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"
