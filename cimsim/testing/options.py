"""The keywords of a simulator: those of ``cimsim serve``, and what only tests need."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, TypedDict, cast, get_args, get_origin

from cimsim.cimom.journal import MAX_BYTES, MAX_EXCHANGES
from cimsim.simulation.options import OptionsError, SimulationOptions
from cimsim.world.names import did_you_mean

_PATHS: Final = frozenset(
    {"schema", "cache_dir", "certificate", "key", "client_ca", "state_dir", "users_file", "kerberos_keytab", "listener_ca"}
)
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


_LEAST: Final[Mapping[str, int]] = {
    "max_exchanges": 0,
    "max_exchange_bytes": 0,
    "seed": 0,
    "max_body": 1,
    "max_bodies": 1,
    "max_header": 1024,
    "max_batch": 0,
    "max_connections": 1,
    "max_failed_logins": 1,
    "pull_timeout": 1,
    "max_pull_timeout": 1,
    "max_contexts": 0,
    "max_user_contexts": 0,
    "indication_queue": 1,
}
"""The least values of numbers, those of the options of ``cimsim serve``."""
_SHAPES: Final[Mapping[Any, str]] = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Path: "a path",
    type(None): "None",
}


_SEVERAL: Final[Mapping[Any, str]] = {str: "texts", Path: "paths", Mapping: "dictionaries"}


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
    kerberos_keytab: str | Path | None
    kerberos_principal: str
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
    packs = [packs] if isinstance(packs, str | Path) else packs
    if not _fits(packs, Sequence[str | Path]):
        raise OptionsError(f"packs: {_shape(Sequence[str | Path])} is expected, not {packs!r}")
    for name, value in given.items():
        if name not in known:
            raise TypeError(f"there is no keyword {name}{did_you_mean(name, known)}")
        # A scenario may be named without a list around it.
        if not _fits(value, known[name]) and not (name == "scenarios" and isinstance(value, str | Path)):
            raise OptionsError(f"{name}: {_shape(known[name])} is expected, not {value!r}")
        least = _LEAST.get(name)
        if least is not None and isinstance(value, int | float) and value < least:
            raise OptionsError(f"{name}: {least} or more is expected, not {value}")
    values: dict[str, Any] = {**_DEFAULTS, **given}
    for name in _PATHS.intersection(values):
        values[name] = None if values[name] is None else Path(values[name])
    values["set"] = values.pop("settings", {})
    scenarios = values.pop("scenarios", ())
    values["scenario"] = [str(each) for each in ([scenarios] if isinstance(scenarios, str | Path) else scenarios)]
    values.pop("faults", None)
    values.pop("max_exchanges", None)
    values.pop("max_exchange_bytes", None)
    return SimulationOptions(packs=tuple(packs), **values)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type as ``CimomOptions`` writes it; choices are compared where they are used."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any or origin is Literal:
        return True
    if origin is UnionType:
        return any(_fits(value, each) for each in arguments)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(_fits(each, arguments[0]) for each in value)
    if origin is Sequence:
        return isinstance(value, list | tuple) and all(_fits(each, arguments[0]) for each in value)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, hint) and (hint is bool or not isinstance(value, bool))


def _shape(hint: Any) -> str:
    """Return in words what a type is."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return " or ".join(_shape(each) for each in arguments)
    if origin is Mapping:
        return "a dictionary by name"
    if origin is Sequence:
        (items,) = arguments
        several = get_args(items) if get_origin(items) is UnionType else [get_origin(items) or items]
        return f"a list of {' or '.join(_SEVERAL[each] for each in several)}"
    return _SHAPES.get(hint, str(hint))


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
