"""A simulated Windows Server in this process, whose clock moves only when a test moves it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from cimsim.cimom.clock import Clock
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest, IntrinsicRequest
from cimsim.packs.load import Loaded, load
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction

NAMESPACE: Final = "root/cimv2"
NOON: Final = 1741608000.0  # 2025-03-10 12:00:00 UTC


class Windows:
    """A Windows Server and a client of it."""

    def __init__(self, loaded: Loaded) -> None:
        self.clock = Clock(NOON)
        self.cimom = Cimom(loaded.world, loaded.providers, self.clock, random=lambda size: b"r" * size, hooks=loaded.providers)

    def transaction(self) -> Transaction:
        return Transaction(self.cimom.world, NAMESPACE, self.clock.now())

    def service(self, name: str) -> Instance:
        return next(each for each in self.transaction().instances("Win32_Service") if each["Name"] == name)

    def state(self, name: str) -> str:
        state: str = self.service(name)["State"]
        return state

    def names(self) -> set[str]:
        return {each["Name"] for each in self.transaction().instances("Win32_Service")}

    def processes(self) -> set[int]:
        found: Any = self.perform("EnumerateInstances", ClassName=ClassName("Win32_Process"))
        return {each["ProcessId"] for each in found.instances}

    def call(self, name: str, method: str, **arguments: Any) -> int:
        """Return what a method of a service returns."""
        return self._invoke(InstancePath("Win32_Service", (("Name", name),)), method, arguments)

    def create(self, **arguments: Any) -> int:
        """Return what Create returns."""
        return self._invoke(ClassName("Win32_Service"), "Create", arguments)

    def _invoke(self, target: Any, method: str, arguments: dict[str, Any]) -> int:
        given = tuple(Argument(name, value) for name, value in arguments.items())
        result: Any = self.cimom.perform(ExtrinsicRequest(method, NAMESPACE, target, given))
        value: int = result.return_value.value
        return value

    def perform(self, operation: str, **arguments: Any) -> Any:
        given = tuple(Argument(name, value) for name, value in arguments.items())
        return self.cimom.perform(IntrinsicRequest(operation, NAMESPACE, given))


MakeWindows = Callable[..., Windows]


@pytest.fixture
def make(cache_dir: Path) -> MakeWindows:
    """Make a server with settings of the pack."""

    def made(**settings: Any) -> Windows:
        overrides = {f"windows.{name}": value for name, value in settings.items()}
        return Windows(load(["windows", "hyperv"], overrides, cache_dir=cache_dir, now=NOON))

    return made


@pytest.fixture(scope="session")
def loaded(cache_dir: Path) -> Loaded:
    return load(["windows", "hyperv"], None, cache_dir=cache_dir, now=NOON)


@pytest.fixture
def windows(loaded: Loaded) -> Windows:
    return Windows(loaded)
