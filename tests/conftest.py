"""What all tests share: settings of hypothesis, builders, programs, and the check of what pywbem receives."""

import fcntl
import gc
import os
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings
from pywbem import CIMClass, CIMMethod, CIMParameter, CIMProperty, CIMQualifier, cimtype
from requests import Session

from cimsim.world.schema import Schema
from cimsim.world.transaction import Transaction
from cimsim.world.world import Namespace, World
from tests.examples import examples
from tests.programs import Programs
from tests.replies.http import Message, check_answer
from tests.spending import SpendingPlugin, spending

# The same examples in every run, and no limit to the time of one: a busy machine must not fail a test.
settings.register_profile(
    "cimsim", max_examples=examples(20), derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("cimsim")

# Folders of tests by the marker they get; all others, and modules at the top, are quick. What puts everything together, and the
# shipped packs, have none: with them a quick run would take a minute.
MARKED: Final = {
    "clients": "clients",
    "console": "clients",
    "hostile": "hostile",
    "differential": "",
    "cli": "",
    "control": "",
    "hyperv": "",
    "simulation": "",
    "testing": "",
    "windows": "",
    "replies": "quick",
}
# Modules in quick folders that start processes, wait for threads, or try thousands of examples.
SLOW: Final = frozenset(
    {
        "cimxml/test_robustness.py",
        "cimxml/test_roundtrip.py",
        "cimxml/test_xml.py",
        "hyperv/test_copying.py",
        "hyperv/test_inventory.py",
        "hyperv/test_settings.py",
        "operations/test_queries.py",
        "packs/test_cache.py",
        "packs/test_world_cache.py",
        "packs/test_write.py",
        "packs/test_mof_errors.py",
        "packs/test_lenient.py",
        "packs/test_load.py",
        "packs/test_overlay.py",
        "packs/test_schemas.py",
        "packs/test_scripts.py",
        "providers/test_mock_connection.py",
        "query/test_model.py",
        "query/test_work.py",
        "server/test_http_fuzz.py",
        "server/test_http_sockets.py",
        "simulation/test_front_page.py",
        "simulation/test_m_post.py",
        "server/test_passwords.py",
        "test_late_imports.py",
        "test_wheel.py",
        "world/test_schema_against_mock.py",
        "world/test_traverse.py",
    }
)


def marker_of(path: Path) -> str:
    """Return the marker of the tests in a file or folder, empty if there is none."""
    parts = path.relative_to(Path(__file__).parent).parts
    return MARKED.get(parts[0], "" if "/".join(parts) in SLOW else "quick")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what is not quick, if only that is wanted."""
    inside = collection_path.is_relative_to(Path(__file__).parent) and collection_path != Path(__file__).parent
    if config.option.markexpr == "quick" and inside and marker_of(collection_path) != "quick":
        return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the folder that it lies in."""
    for item in items:
        marker = marker_of(item.path)
        if marker and not (marker == "quick" and item.get_closest_marker("longer")):
            item.add_marker(marker)


# What a run costs beside its tests


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option for what a run costs."""
    parser.addoption("--cpu-report", action="store_true", help="Show how many seconds of CPU the tests of each file take.")


def pytest_configure(config: pytest.Config) -> None:
    """Count what the run spends, and keep bytecode in the cache folder of pytest where it may not be kept beside the modules.

    Every process would compile all modules anew otherwise.
    """
    config.pluginmanager.register(SpendingPlugin(config))
    if sys.dont_write_bytecode and hasattr(config, "cache"):
        folder = str(config.cache.mkdir("bytecode"))
        sys.pycache_prefix, sys.dont_write_bytecode = folder, False
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Import a module in one process at a time: what is the first compiles it, the others load that."""
    if not isinstance(collector, pytest.Module):
        return (yield)
    with collector.path.open("rb") as module:
        fcntl.flock(module, fcntl.LOCK_EX)
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, Any, Any]:
    """Collect without the garbage collector, which takes a quarter of the whole run else: what is collected stays for good."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
    return collected


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give all tests of a module to one process, unless another way is asked for: its servers start once."""
    from xdist.scheduler import LoadFileScheduling  # needed with -n only

    return LoadFileScheduling(config, log) if config.option.dist == "load" else None


RESTRICTED = {"Abstract", "Override", "Write"}


class Builder:
    """Builds pywbem declarations and worlds in few words."""

    def qualifier(self, name: str, value: Any = True) -> CIMQualifier:
        kind = "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else cimtype(value)
        return CIMQualifier(name, value, type=kind, tosubclass=name not in RESTRICTED, overridable=True)

    def qualifiers(self, flags: Iterable[str], values: Mapping[str, Any] | None = None) -> list[CIMQualifier]:
        return [self.qualifier(name, value) for name, value in {**dict.fromkeys(flags, True), **(values or {})}.items()]

    def prop(self, name: str, cim_type: str = "string", *flags: str, value: Any = None, **values: Any) -> CIMProperty:
        """A property; a type such as ``uint8[]`` or ``uint8[4]`` makes an array of it."""
        base, array, size = cim_type.rstrip("]").partition("[")
        return CIMProperty(
            name,
            value,
            type=base,
            is_array=bool(array),
            array_size=int(size) if size else None,
            qualifiers=self.qualifiers(flags, values),
        )

    def ref(self, name: str, target: str, *flags: str) -> CIMProperty:
        return CIMProperty(name, None, type="reference", reference_class=target, qualifiers=self.qualifiers(flags))

    def parameter(self, name: str, cim_type: str = "string", target: str | None = None, **values: Any) -> CIMParameter:
        base, array, size = cim_type.rstrip("]").partition("[")
        return CIMParameter(
            name,
            base,
            reference_class=target,
            is_array=bool(array),
            array_size=int(size) if size else None,
            qualifiers=self.qualifiers((), values),
        )

    def method(self, name: str, returns: str, *parameters: CIMParameter, **values: Any) -> CIMMethod:
        return CIMMethod(name, returns, parameters=parameters, qualifiers=self.qualifiers((), values))

    def cls(self, name: str, *elements: Any, of: str | None = None, flags: Iterable[str] = (), **values: Any) -> CIMClass:
        """A class of properties and methods; ``of`` is its superclass."""
        return CIMClass(
            name,
            superclass=of,
            properties=[element for element in elements if isinstance(element, CIMProperty)],
            methods=[element for element in elements if isinstance(element, CIMMethod)],
            qualifiers=self.qualifiers(flags, values),
        )

    def schema(self, *classes: CIMClass) -> Schema:
        schema = Schema()
        for cls in classes:
            schema = schema.with_class(cls)
        return schema

    def world(self, *classes: CIMClass, namespace: str = "root/test") -> World:
        return World().with_namespace(Namespace(namespace, self.schema(*classes)))

    def transaction(self, *classes: CIMClass) -> Transaction:
        return Transaction(self.world(*classes), "root/test")


@pytest.fixture(scope="session")
def cim() -> Builder:
    return Builder()


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest) -> Iterator[Programs]:
    """What starts ``cimsim`` and ``pywbemcli`` in processes of their own."""
    started = Programs(spending(request.config).spend)
    yield started
    started.close()


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for what servers leave for commands to find them by: that of the user has other servers."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for compiled packs that all tests share, those of other processes of pytest too."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "cimsim"


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_user(cache_dir: Path) -> Iterator[None]:
    """Let what nobody gives a folder use that one, and not the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache_dir.parent))
        yield


@pytest.fixture(scope="session")
def unchecked() -> set[str]:
    """The ``host:port`` of servers whose answers are wrong on purpose."""
    return set()


@pytest.fixture(scope="session", autouse=True)
def replies_are_checked(unchecked: set[str]) -> Iterator[None]:
    """Check every answer that pywbem gets, from whatever connection."""
    send = Session.send

    def checked(session: Session, request: Any, **options: Any) -> Any:
        answer = send(session, request, **options)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if urlsplit(request.url).netloc not in unchecked and urlsplit(request.url).path != "/wsman":
            check_answer(request.body, Message(answer.status_code, headers, answer.content))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "send", checked)
        yield
