"""TLS, users and roles of a simulation, from its options."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from twisted.logger import Logger

from cimsim.cimom.authorization import ANYBODY, Authorization, parse_grant
from cimsim.packs.permissions import writable_by_others
from cimsim.server.auth import parse_user, read_users_file
from cimsim.server.state_dir import default_state_dir
from cimsim.simulation.options import OptionsError, SimulationOptions, option
from cimsim.world.names import did_you_mean

_log = Logger(namespace="cimsim.security")
_FOR_TLS: Final = ("certificate", "key", "client_ca")


def users_of(options: SimulationOptions) -> dict[str, str]:
    """Return the passwords, or their hashes, by user name.

    Raises:
        OptionsError: they cannot be read, or would cross the network in the clear.
    """
    users = _users_of_file(options.users_file)
    users.update(_given_users(options))
    exposed = options.serves_http and not options.allow_plain_passwords and not is_loopback(options.address)
    if users and exposed:
        raise OptionsError(
            f"passwords would cross the network in the clear to {options.address}: serve --tls --no-http, "
            "or allow it by --allow-plain-passwords"
        )
    return users


def _users_of_file(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        users = dict(read_users_file(file))
    except OSError as error:
        raise OptionsError(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise OptionsError(str(error)) from None
    if not users:
        raise OptionsError(f"{file}: names no user")
    if writable_by_others(file):
        _log.warn("others may write the users file {file}, and so let anybody in; use chmod go-w", file=file)
    return users


def _given_users(options: SimulationOptions) -> dict[str, str]:
    users: dict[str, str] = {}
    for each in options.user:
        try:
            name, password = parse_user(each)
        except ValueError as error:
            raise OptionsError(str(error)) from None
        if name in users:
            raise OptionsError(f"--user: user {name} is given twice")
        users[name] = password
    return users


def authorization_of(options: SimulationOptions, users: Mapping[str, str]) -> Authorization | None:
    """Return who may do what, None for everybody everything.

    Raises:
        OptionsError: a role cannot be read, or is that of a user who does not exist.
    """
    if not options.role:
        return None
    if not users:
        raise OptionsError("--role needs users: add --user or --users-file")
    try:
        grants = [parse_grant(each) for each in options.role]
    except ValueError as error:
        raise OptionsError(str(error)) from None
    for grant in grants:
        if grant.user != ANYBODY and grant.user not in users:
            raise OptionsError(f"--role: there is no user {grant.user!r}{did_you_mean(grant.user, users)}")
    return Authorization(grants)


def tls_of(options: SimulationOptions, now: float) -> Any:
    """Return the ``server.tls.ServerContext`` of HTTPS, None without it.

    Args:
        options: of the simulation.
        now: the time for which certificates must be valid, in seconds since 1970-01-01 UTC.

    Raises:
        OptionsError: a certificate or key cannot be used, or options of TLS are there without it.
    """
    if not options.tls:
        given = [name for name in _FOR_TLS if getattr(options, name) is not None]
        if given:
            raise OptionsError(f"{option(given[0])} needs --tls")
        if not options.serves_http:
            raise OptionsError("--no-http leaves nothing to serve: add --tls")
        return None
    # OpenSSL is not loaded where it is not wanted.
    from cimsim.server.certificates import keep
    from cimsim.server.pem import CertificateError, read_identity
    from cimsim.server.tls import ServerContext

    certificate, key = options.certificate, options.key
    if key is not None and certificate is None:
        raise OptionsError("--key needs --certificate")
    try:
        if certificate is not None:
            identity = read_identity(certificate, key or certificate, now)
        else:
            names = host_names(options.host_name, options.address)
            identity = keep(state_dir_of(options.state_dir), names, now).server
        return ServerContext(identity, options.client_ca)
    except CertificateError as error:
        raise OptionsError(str(error)) from None


def state_dir_of(given: Path | None) -> Path:
    """Return the state folder: the one that is given, or that of the user."""
    return given or default_state_dir()


def host_names(host_name: str, address: str) -> list[str]:
    """Return what clients may call a server: the name of the computer, the HOST of paths, the address unless it is any."""
    names = [os.uname().nodename, host_name.rpartition(":")[0] or host_name]
    try:
        if not ipaddress.ip_address(address).is_unspecified:
            names.append(address)
    except ValueError:
        names.append(address)
    return [name for name in names if name]


def is_loopback(address: str) -> bool:
    """Return whether an address, or the name localhost, is that of the loopback interface."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address.lower() == "localhost"
