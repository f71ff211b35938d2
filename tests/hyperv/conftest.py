"""A simulated Hyper-V host in this process, whose clock moves only when a test moves it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from pywbem import CIMInstance, Uint16

from cimsim.cimom.clock import Clock
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.request import Argument, ExtrinsicRequest, IntrinsicRequest
from cimsim.operations.results import MethodResult
from cimsim.packs.load import Loaded, load
from cimsim.world.convert import InstanceData, to_cim_value
from cimsim.world.events import Change, Event
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

NAMESPACE: Final = "root/virtualization/v2"
NOON: Final = 1741608000.0  # 2025-03-10 12:00:00 UTC
WEB01: Final = "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"
DB01: Final = "7D94B2E3-05C6-4F7A-A1D8-2B7F1C8E3A02"
OLD01: Final = "C0A8E4F5-6D17-4B8C-B2E9-3C801D9F4B03"
MACHINES: Final = {"web01": WEB01, "db01": DB01, "old01": OLD01}


class Host:
    """A Hyper-V host and a client of it."""

    def __init__(self, loaded: Loaded) -> None:
        self.clock = Clock(NOON)
        self.events: list[Event] = []
        self.cimom = Cimom(loaded.world, loaded.providers, self.clock, random=lambda size: b"r" * size, hooks=loaded.providers)
        self.cimom.listeners.append(self._listen)

    def _listen(self, _: World, events: Sequence[Event]) -> None:
        self.events += events

    # What there is

    def transaction(self) -> Transaction:
        return Transaction(self.cimom.world, NAMESPACE, self.clock.now())

    def the(self, classname: str, machine: str | None = None) -> Instance:
        """Return the one instance of a class, or the one of a machine."""
        (found,) = self.all(classname, machine)
        return found

    def all(self, classname: str, machine: str | None = None) -> list[Instance]:
        """Return the instances of a class as they are stored, or those that name a machine."""
        found = self.transaction().instances(classname)
        guid = None if machine is None else MACHINES[machine]
        return [each for each in found if guid is None or any(guid in str(each.values[place]) for place in each.cls.keys)]

    def machine(self, name: str) -> Instance:
        return next(self.transaction().select("Msvm_ComputerSystem", ElementName=name))

    def read(self, instance: Instance | InstancePath) -> dict[str, Any]:
        """Return the properties of an instance as a client gets them."""
        path = instance.path if isinstance(instance, Instance) else instance
        result: Any = self.cimom.perform(IntrinsicRequest("GetInstance", NAMESPACE, (Argument("InstanceName", path),)))
        found: Instance = result.instance
        return {prop.name: to_cim_value(value) for prop, value in zip(found.cls.properties, found.values, strict=True)}

    def services(self, machine: str) -> dict[str, bool]:
        """Return which guest services a machine has, and whether they are started."""
        return {each.cls.name: each["Started"] for each in self.all("Msvm_GuestService", machine)}

    def told(self) -> list[str]:
        """Return what has happened since it was asked last: kind and class of each change."""
        told = [
            f"{each.kind.value} {(each.after or each.before).cls.name}"  # type: ignore[union-attr] # one of them is there
            for each in self.events
            if isinstance(each, Change)
        ]
        self.events.clear()
        return told

    # What a client asks for

    def call(self, target: Instance | InstancePath, method: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
        path = target.path if isinstance(target, Instance) else target
        given = tuple(Argument(name, _sent(value)) for name, value in arguments.items())
        result = self.cimom.perform(ExtrinsicRequest(method, NAMESPACE, path, given))
        assert isinstance(result, MethodResult)
        outputs = {each.name: each.value for each in result.outputs if each.value is not None}
        assert ("Job" in outputs) == (result.return_value.value == 4096)  # 3.5
        return int(result.return_value.value), outputs

    def request(self, target: Instance, state: int) -> tuple[int, Instance | None]:
        """Request a state; return the value and the job."""
        value, outputs = self.call(target, "RequestStateChange", RequestedState=Uint16(state))
        return value, self.transaction().get(outputs["Job"]) if "Job" in outputs else None

    def ask(self, target: Instance, state: int) -> Instance:
        """Request a state, which must start a job, and return the job."""
        value, job = self.request(target, state)
        assert value == 4096
        assert job is not None
        return job

    def now(self, instance: Instance) -> Instance:
        return self.transaction().get(instance)


def _sent(value: Any) -> Any:
    if isinstance(value, CIMInstance):
        return InstanceData.of(value)
    if isinstance(value, Instance):
        return value.path
    return [_sent(each) for each in value] if isinstance(value, list) else value


MakeHost = Callable[..., Host]


@pytest.fixture(scope="session")
def make_host(cache_dir: Path) -> MakeHost:
    """Make a host with settings of the pack: ``make_host(machine_transition="5s")``."""
    made: dict[str, Loaded] = {}

    def make(**settings: Any) -> Host:
        name = repr(sorted(settings.items()))
        if name not in made:
            made[name] = load(["hyperv"], {"hyperv": settings}, cache_dir=cache_dir, now=NOON)
        return Host(made[name])

    return make
