"""The options of a simulation: one field for each setting of ``cimsim serve``, with the name of its TOML key."""

from __future__ import annotations

import math
import os
import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import fields, replace

from cimsim.world.names import did_you_mean

MANUAL_START: Final = datetime(2025, 3, 10, 12, tzinfo=UTC).timestamp()
"""When a manual clock begins by default: some hours after the past that the shipped packs show."""

_CHOICES: Final = {
    "clock": ("real", "manual"),
    "error_instances": ("none", "given", "all"),
    "log_level": ("debug", "info", "warn", "error"),
    "log_format": ("text", "json"),
    "mof_dialect": ("dmtf", "windows"),
    "ready_format": ("lines", "json"),
}
_PORTS: Final = ("port", "tls_port", "wsman_port", "wsman_tls_port", "control_port")
_WSMAN_PORT: Final = 5985
_WSMAN_TLS_PORT: Final = 5986
_MAX_PORT: Final = 65535
_TIMES: Final = ("idle_timeout", "request_timeout", "listener_timeout", "watchdog")


OF_SERVER: Final = frozenset(
    {
        "cimom",
        "ready_file",
        "ready_format",
        "console",
        "control_port",
        "control_address",
        "control_token",
        "control_host",
        "state_dir",
        "cache",
        "cache_dir",
        "log_level",
        "log_format",
    }
)
"""Options of the server as a whole: no CIMOM has its own."""
_PORTS_OF_ONE: Final = ("port", "tls_port", "wsman_port", "wsman_tls_port")
# What RFC 6750 takes as the token of a bearer, in bounds; it goes into a header, a line of a file and a URL.
_BEARER: Final = r"[A-Za-z0-9._~+/-]{8,200}={0,4}"
_HOST: Final = r"[A-Za-z0-9.:_-]{1,255}"
_CIMOM_NAME: Final = r"[\w.-]{1,64}"


class OptionsError(ValueError):
    """Options that cannot be, alone or together; the message names the option as the command line does."""


class SimulationOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to serve, and how. Defaults are those of ``cimsim serve``, which its help page and the settings page describe.

    Times are in seconds, sizes in bytes. ``set`` holds settings of packs by ``PACK.NAME``, ``start_time`` seconds since
    1970-01-01 UTC. A port of 0 is replaced by a free one. ``cimom`` holds, by the name of each CIMOM, what it has otherwise
    than all: any of these fields that is not of the server as a whole; empty: there is one CIMOM.

    Raises:
        OptionsError: a value is not one of those that an option has.
    """

    packs: Sequence[str | Path] = ()
    set: Mapping[str, Any] = msgspec.field(default_factory=dict)
    scenario: Sequence[str] = ()
    namespace: str = "root/cimv2"
    schema: Path | None = None
    mof_dialect: str = "dmtf"
    lenient: bool | None = None
    cache_dir: Path | None = None
    cache: bool = True
    reload: bool = False

    address: str = "127.0.0.1"
    port: int = 5988
    host_name: str = "localhost"
    ready_file: Path | None = None
    ready_format: str = "lines"
    console: bool = True
    control_port: int | None = None
    control_address: str = "127.0.0.1"
    control_token: str | None = None
    control_host: Sequence[str] = ()
    cimom: Mapping[str, Mapping[str, Any]] = msgspec.field(default_factory=dict)
    wsman: bool = True
    wsman_port: int | None = None
    wsman_tls_port: int | None = None

    http: bool | None = None
    tls: bool = False
    tls_port: int = 5989
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    state_dir: Path | None = None
    user: Sequence[str] = ()
    users_file: Path | None = None
    kerberos_keytab: Path | None = None
    kerberos_principal: str = ""
    role: Sequence[str] = ()
    allow_plain_passwords: bool = False
    max_failed_logins: int = 60

    clock: str = "real"
    start_time: float | None = None
    seed: int | None = None

    quirks: str | None = None
    enforce_write: bool | None = None
    null_outputs: bool = False
    error_instances: str = "given"
    m_post: bool = True

    max_body: int = 64 * 2**20
    max_bodies: int = 256 * 2**20
    max_header: int = 64 * 2**10
    max_batch: int = 1000
    max_connections: int = 1000
    idle_timeout: float = 60.0
    request_timeout: float = 30.0
    pull_timeout: int = 30
    max_pull_timeout: int = 3600
    max_contexts: int = 1000
    max_user_contexts: int = 250
    rotate_contexts: bool = False
    watchdog: float = 5.0

    indication_queue: int = 1000
    listener_timeout: float = 10.0
    allow_listener: Sequence[str] = ()
    listener_ca: Path | None = None
    verify_listeners: bool = True

    log_level: str = "warn"
    log_format: str = "text"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise OptionsError(f"{option(name)} {getattr(self, name)!r} is not one of {', '.join(choices)}")
        for name in _PORTS:
            port = getattr(self, name)
            if port is not None and not 0 <= port <= _MAX_PORT:
                raise OptionsError(f"{option(name)} {port} is not between 0 and {_MAX_PORT}")
        for name in _TIMES:
            if not math.isfinite(getattr(self, name)):
                raise OptionsError(f"{option(name)} {getattr(self, name)} is not a length of time")
        if self.control_token is not None and not re.fullmatch(_BEARER, self.control_token):
            raise OptionsError("--control-token: write 8 to 200 letters, digits, and . _ ~ + / - with = at the end only")
        for name in self.control_host:
            if not re.fullmatch(_HOST, name):
                raise OptionsError(f"--control-host {name!r} is not the name of a host")

    def by_cimom(self, name: str) -> dict[str, SimulationOptions]:
        """Return the options of each CIMOM by its name, which is ``name`` where ``cimom`` has none.

        A CIMOM has the options of all but for its own; settings of packs are looked at one by one. Only the first one has the
        ports of all: no two can have the same, so that the others have free ones, unless they have their own.

        Raises:
            OptionsError: a CIMOM has an option that does not exist, is of the server, or has a wrong value; or a wrong name.
        """
        if not self.cimom:
            return {name: self}
        found: dict[str, SimulationOptions] = {}
        for each, own in self.cimom.items():
            if not re.fullmatch(_CIMOM_NAME, each):
                raise OptionsError(f"--cimom {each!r}: a name has 1 to 64 letters, digits, _, - or .")
            known = [entry.name for entry in fields(self) if entry.name not in OF_SERVER]
            for key in own:
                if key in OF_SERVER:
                    raise OptionsError(f"cimom.{each}.{key}: {option(key)} is of the server, not of one CIMOM")
                if key not in known:
                    raise OptionsError(f"cimom.{each}.{key}: there is no setting {key}{did_you_mean(key, known)}")
            ports = dict.fromkeys(_PORTS_OF_ONE, 0) if found else {}
            settings = {**self.set, **own.get("set", {})}
            try:
                found[each] = replace(self, **{**ports, **own, "set": settings, "cimom": {}})
            except OptionsError as error:
                raise OptionsError(f"CIMOM {each}: {error}") from None
        return found

    @property
    def serves_http(self) -> bool:
        """Whether plain HTTP is served: it would be a way round client certificates, so with these only if it is asked for."""
        return self.client_ca is None if self.http is None else self.http

    @property
    def effective_wsman_port(self) -> int:
        """The port of WS-Management over HTTP: a free one where that of CIM-XML is."""
        return (_WSMAN_PORT if self.port else 0) if self.wsman_port is None else self.wsman_port

    @property
    def effective_wsman_tls_port(self) -> int:
        """The port of WS-Management over HTTPS: a free one where one of CIM-XML's is."""
        return (_WSMAN_TLS_PORT if self.port and self.tls_port else 0) if self.wsman_tls_port is None else self.wsman_tls_port

    @property
    def effective_start_time(self) -> float | None:
        """The time that the clock begins with, in seconds since 1970-01-01 UTC; None: the time it is then."""
        return MANUAL_START if self.start_time is None and self.clock == "manual" else self.start_time

    @property
    def effective_control_port(self) -> int | None:
        """The port of the control plane, None for none. The console needs one, and a manual clock to be advanced by."""
        wanted = self.console or self.clock == "manual"
        return 0 if self.control_port is None and wanted else self.control_port

    def new_seed(self) -> int:
        """Return what generated identifiers are made from: the seed, or a number that no other server has."""
        return int.from_bytes(os.urandom(16)) if self.seed is None else self.seed

    def new_random(self) -> Callable[[int], bytes]:
        """Return what names enumeration sessions: nobody can foresee it, unless there is a seed."""
        return os.urandom if self.seed is None else random.Random(self.seed).randbytes  # noqa: S311 - the same names each time


def option(name: str) -> str:
    """Return the name of a setting as an option of the command line."""
    return "--" + name.replace("_", "-")
