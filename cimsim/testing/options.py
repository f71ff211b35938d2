"""The keywords of a simulator: those of ``cimsim serve``, and what only tests need."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypedDict, cast

from cimsim.cimom.journal import MAX_BYTES, MAX_EXCHANGES
from cimsim.simulation.options import SimulationOptions
from cimsim.world.names import did_you_mean

_PATHS: Final = frozenset({"schema", "cache_dir", "certificate", "key", "client_ca", "state_dir", "users_file", "listener_ca"})
_DEFAULTS: Final[Mapping[str, Any]] = {
    "port": 0,
    "tls_port": 0,
    "wsman_port": 0,
    "wsman_tls_port": 0,
    "watchdog": 0.0,
    "console": False,
}
"""Tests run side by side: ports are free ones, and there is a control plane only where it is asked for."""
_OF_CONTROL: Final = ("console", "control_port", "control_address", "control_token", "control_host")


class CimomOptions(TypedDict, total=False):
    """What a CIMOM of a simulator may be given, by keyword. The page about settings describes each but the first ones.

    Attributes:
        settings: of packs, by ``PACK.NAME``.
        scenarios: names of scenarios, or paths of TOML files.
        faults: rules to begin with, each as the words of ``fault`` by name.
        max_exchanges, max_exchange_bytes: how much the journal keeps.
    """

    settings: Mapping[str, Any]
    scenarios: Sequence[str | Path]
    faults: Sequence[Mapping[str, Any]]
    max_exchanges: int
    max_exchange_bytes: int

    namespace: str
    schema: str | Path | None
    mof_dialect: Literal["dmtf", "windows"]
    lenient: bool | None
    cache_dir: str | Path | None
    cache: bool

    address: str
    port: int
    host_name: str
    wsman: bool
    wsman_port: int | None
    wsman_tls_port: int | None

    console: bool
    control_port: int | None
    control_address: str
    control_token: str | None
    control_host: Sequence[str]

    http: bool | None
    tls: bool
    tls_port: int
    certificate: str | Path | None
    key: str | Path | None
    client_ca: str | Path | None
    state_dir: str | Path | None
    user: Sequence[str]
    users_file: str | Path | None
    role: Sequence[str]
    allow_plain_passwords: bool
    max_failed_logins: int

    clock: Literal["real", "manual"]
    start_time: float | None
    seed: int | None

    quirks: str | None
    enforce_write: bool | None
    null_outputs: bool
    error_instances: Literal["none", "given", "all"]
    m_post: bool

    max_body: int
    max_bodies: int
    max_header: int
    max_batch: int
    max_connections: int
    idle_timeout: float
    request_timeout: float
    pull_timeout: int
    max_pull_timeout: int
    max_contexts: int
    max_user_contexts: int
    rotate_contexts: bool

    indication_queue: int
    listener_timeout: float
    allow_listener: Sequence[str]
    listener_ca: str | Path | None
    verify_listeners: bool


class JournalBounds(TypedDict):
    """How much a journal keeps: the keywords of ``Journal``."""

    max_exchanges: int
    max_bytes: int


def simulation_options(packs: Sequence[str | Path], given: CimomOptions) -> SimulationOptions:
    """Return the options of a simulation.

    Raises:
        TypeError: there is no such keyword; the text has the nearest that exists.
        OptionsError: a value is wrong.
    """
    known = CimomOptions.__annotations__
    for name in given:
        if name not in known:
            raise TypeError(f"there is no keyword {name}{did_you_mean(name, known)}")
    values: dict[str, Any] = {**_DEFAULTS, **given}
    for name in _PATHS.intersection(values):
        values[name] = None if values[name] is None else Path(values[name])
    values["set"] = values.pop("settings", {})
    scenarios = values.pop("scenarios", ())
    values["scenario"] = [str(each) for each in ([scenarios] if isinstance(scenarios, str | Path) else scenarios)]
    values.pop("faults", None)
    values.pop("max_exchanges", None)
    values.pop("max_exchange_bytes", None)
    return SimulationOptions(packs=[packs] if isinstance(packs, str | Path) else tuple(packs), **values)


def forked(given: CimomOptions) -> CimomOptions:
    """Return what a fork is given: what the CIMOM was, but for the control plane, of which there is one."""
    return cast(CimomOptions, {name: value for name, value in given.items() if name not in _OF_CONTROL})


def control_keywords(given: CimomOptions) -> list[str]:
    """Return the keywords that ask for a control plane."""
    return [name for name in _OF_CONTROL if name in given]


def journal_bounds(given: CimomOptions) -> JournalBounds:
    """Return how much the journal of a CIMOM keeps."""
    return {
        "max_exchanges": given.get("max_exchanges", MAX_EXCHANGES),
        "max_bytes": given.get("max_exchange_bytes", MAX_BYTES),
    }
