"""The plugin of pytest: simulated CIMOMs as fixtures.

Importing this module costs a run of tests that do not use it next to nothing: what it needs is imported by the fixtures.
"""

import json
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from pywbem import WBEMConnection

    from cimsim.testing import SimulatedCimom
    from cimsim.testing.hosting import Hosting

SEED: Final = 1
"""Of the CIMOMs of fixtures, unless a marker has another: identifiers are the same in every run."""
_MAX_SHOWN: Final = 50
_CIMOMS: Final = pytest.StashKey[list[tuple[str, "SimulatedCimom"]]]()


class UnusedFaultWarning(pytest.PytestWarning):
    """A fault rule of a test met no request."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of the command line, and their namesakes in the configuration of pytest."""
    group = parser.getgroup("cimsim", "simulated CIMOMs")
    group.addoption(
        "--cimsim-packs",
        metavar="PACK,...",
        help="Packs of the CIMOMs of tests that do not say theirs; default: all shipped ones.",
    )
    group.addoption(
        "--cimsim-log", metavar="FILE", type=Path, help="Append a JSON line for each exchange of each test to this file."
    )
    parser.addini("cimsim_packs", "Packs of the CIMOMs of tests that do not say theirs.", type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        "cimsim(packs, settings, scenarios, clock, seed, users, faults, ...): what the CIMOM of the fixture cimsim is given; "
        "the keywords of cimsim.testing.Simulator, users as passwords by name, and fault rules as mappings",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Add the exchanges of a test that failed to its report."""
    report = yield
    if report.failed:
        for name, cimom in item.stash.get(_CIMOMS, []):
            report.sections.append((f"exchanges of {name}, {cimom.urls[0]}", _exchanges(cimom)))
    return report


def _exchanges(cimom: "SimulatedCimom") -> str:
    entries = cimom.exchanges()
    shown = [f"{entry.number}. {entry.exchange.line()}" for entry in entries[-_MAX_SHOWN:]]
    if len(entries) > len(shown):
        shown.insert(0, f"({len(entries) - len(shown)} earlier ones)")
    return "\n".join(shown) or "none"


@pytest.fixture(scope="session")
def _cimsim_hosting() -> Iterator["Hosting"]:
    from cimsim.testing.hosting import Hosting
    from cimsim.testing.reactor_thread import ReactorThread

    thread = ReactorThread("cimsim of pytest")
    thread.start()
    hosting = Hosting(thread)
    yield hosting
    hosting.close()
    thread.stop()


@pytest.fixture
def make_cimsim(_cimsim_hosting: "Hosting", request: pytest.FixtureRequest) -> Iterator[Callable[..., "SimulatedCimom"]]:
    """Return a function that makes CIMOMs; they are stopped at the end of the test.

    It takes packs and the keywords of ``cimsim.testing.Simulator``, and as well ``name`` and ``users`` (passwords by name).
    """
    made = request.node.stash.setdefault(_CIMOMS, [])

    def make(*packs: str | Path, name: str | None = None, **options: Any) -> "SimulatedCimom":
        cimom = _made(_cimsim_hosting, name or f"cimsim {len(made) + 1}", packs or _packs(request.config), options)
        made.append((cimom.name, cimom))
        return cimom

    yield make
    for _, cimom in reversed(made):
        _end(cimom, request)


@pytest.fixture
def cimsim(make_cimsim: Callable[..., "SimulatedCimom"], request: pytest.FixtureRequest) -> "SimulatedCimom":
    """Return a fresh CIMOM, a ``cimsim.testing.SimulatedCimom``, which the marker ``cimsim`` describes."""
    packs, options = _marked(request.node)
    return make_cimsim(*packs, name="cimsim", **options)


@pytest.fixture(scope="session")
def cimsim_session(_cimsim_hosting: "Hosting", request: pytest.FixtureRequest) -> Iterator["SimulatedCimom"]:
    """Return the CIMOM that all tests of the session share; its packs are those of the command line or configuration."""
    cimom = _made(_cimsim_hosting, "cimsim session", _packs(request.config), {})
    yield cimom
    cimom.stop()


@pytest.fixture
def cimsim_connection(cimsim: "SimulatedCimom") -> Iterator["WBEMConnection"]:
    """Return a connection of pywbem to the CIMOM of the fixture ``cimsim``; its default namespace is the CIMOM's first."""
    with cimsim.connect() as connection:
        yield connection


def _packs(config: pytest.Config) -> Sequence[str]:
    given: str | None = config.getoption("--cimsim-packs")
    packs: Sequence[str] = config.getini("cimsim_packs") if given is None else [each for each in given.split(",") if each]
    return packs


def _marked(item: pytest.Item) -> tuple[Sequence[str | Path], dict[str, Any]]:
    """Return the packs and options of the markers of a test, the nearest first."""
    options: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("cimsim"))):
        if marker.args:
            raise TypeError(f"the marker cimsim takes keywords only, such as packs=[...], not {marker.args[0]!r}")
        options.update(marker.kwargs)
    packs = options.pop("packs", ())
    return ([packs] if isinstance(packs, str | Path) else packs), options


def _made(hosting: "Hosting", name: str, packs: Sequence[str | Path], options: Mapping[str, Any]) -> "SimulatedCimom":
    from cimsim.testing import SimulatedCimom

    given: Any = {"seed": SEED, **options}
    users = given.pop("users", {})
    if not isinstance(users, Mapping) or not all(isinstance(each, str) for pair in users.items() for each in pair):
        raise TypeError(f"users: passwords by name are expected, not {users!r}")
    if users:
        given["user"] = [*given.get("user", ()), *(f"{user}:{password}" for user, password in users.items())]
    return SimulatedCimom(name, hosting, hosting.host(name, packs, given))


def _end(cimom: "SimulatedCimom", request: pytest.FixtureRequest) -> None:
    for handle in cimom.unused_faults():
        warnings.warn(UnusedFaultWarning(f"no request of {request.node.nodeid} met {handle!r}"), stacklevel=2)
    log: Path | None = request.config.getoption("--cimsim-log")
    if log is not None:
        lines = [
            json.dumps({"test": request.node.nodeid, "cimom": cimom.name, "number": each.number, **each.exchange.fields()})
            for each in cimom.exchanges()
        ]
        with log.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    cimom.stop()
