"""A CIMOM on a clock that stands still, with jobs and services of a small model, and a client that uses it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from cimsim.cimom.clock import Clock
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.request import Argument, ExtrinsicRequest, IntrinsicRequest, NamedInstance
from cimsim.providers.provider import Provider
from cimsim.providers.registry import ProviderBinding, ProviderRegistry
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.events import Change, Event
from cimsim.world.instances import Instance
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

NAMESPACE = "root/test"


class Stage:
    """A CIMOM and its client. ``told`` holds the changes that it told of, in order."""

    def __init__(self, world: World, providers: Mapping[str, Provider]) -> None:
        bound = ProviderRegistry([ProviderBinding(NAMESPACE, classname, provider) for classname, provider in providers.items()])
        self.clock = Clock(1000.0)
        self.cimom = Cimom(world, bound, self.clock, random=bytes, hooks=bound)
        self.told: list[Change] = []
        self.cimom.listeners.append(self._listen)

    def _listen(self, _: World, events: Sequence[Event]) -> None:
        self.told.extend(event for event in events if isinstance(event, Change))

    def do(self, step: Callable[[Transaction], Any]) -> Any:
        """Return what a step returns that runs within the server."""
        results: list[Any] = []
        assert self.cimom.run(lambda transaction: results.append(step(transaction)), NAMESPACE)
        return results[0]

    def stored(self, instance: Instance) -> Instance | None:
        """Return an instance as it is stored, None if it is gone."""
        return self.cimom.world.find(instance.identity)

    def read(self, instance: Instance) -> Instance:
        """Return an instance as a client reads it."""
        request = IntrinsicRequest("GetInstance", NAMESPACE, (Argument("InstanceName", instance.path),))
        answer: Any = self.cimom.perform(request)
        read = answer.instance
        assert isinstance(read, Instance)
        return read

    def delete(self, instance: Instance) -> None:
        self.cimom.perform(IntrinsicRequest("DeleteInstance", NAMESPACE, (Argument("InstanceName", instance.path),)))

    def write(self, instance: Instance, **values: Any) -> None:
        data = InstanceData(instance.cls.name, tuple(PropertyData(name, None, False, each) for name, each in values.items()))
        named = NamedInstance(instance.path, data)
        self.cimom.perform(IntrinsicRequest("ModifyInstance", NAMESPACE, (Argument("ModifiedInstance", named),)))

    def call(self, instance: Instance, method: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
        """Return what a method returns, and its output parameters."""
        given = tuple(Argument(name, value) for name, value in arguments.items())
        answer: Any = self.cimom.perform(ExtrinsicRequest(method, NAMESPACE, instance.path, given))
        return answer.return_value.value, {each.name: each.value for each in answer.outputs}


@pytest.fixture(scope="session")
def stage(cim: Any) -> Callable[..., Stage]:
    """Make a stage: ``stage(providers)``, by the names of the classes that they are bound to."""
    ask = cim.method(
        "RequestStateChange", "uint32", cim.parameter("RequestedState", "uint16"), cim.parameter("TimeoutPeriod", "datetime")
    )
    ask_service = cim.method(
        "RequestStateChange",
        "uint32",
        cim.parameter("RequestedState", "uint16"),
        cim.parameter("Job", "reference", "T_Job", In=False, Out=True),
        cim.parameter("TimeoutPeriod", "datetime"),
    )
    error = cim.parameter("Error", "string", In=False, Out=True, EmbeddedInstance="T_Error")
    errors = cim.parameter("Errors", "string[]", In=False, Out=True, EmbeddedInstance="T_Error")
    classes = [
        cim.cls("T_Element", flags=["Abstract"]),
        cim.cls(
            "T_Error",
            cim.prop("MessageID", "string"),
            cim.prop("Message", "string"),
            cim.prop("CIMStatusCode", "uint32"),
        ),
        cim.cls("T_SpecialError", of="T_Error"),
        cim.cls(
            "T_Job",
            cim.prop("InstanceID", "string", "Key"),
            cim.prop("Name", "string"),
            cim.prop("JobState", "uint16"),
            cim.prop("StartTime", "datetime"),
            cim.prop("TimeSubmitted", "datetime"),
            cim.prop("ElapsedTime", "datetime"),
            cim.prop("TimeOfLastStateChange", "datetime"),
            cim.prop("TimeBeforeRemoval", "datetime", "Write", value="00000000000500.000000:000"),
            cim.prop("DeleteOnCompletion", "boolean", "Write"),
            cim.prop("PercentComplete", "uint16"),
            cim.prop("ErrorCode", "uint16"),
            cim.prop("ErrorDescription", "string"),
            cim.prop("OperationalStatus", "uint16[]"),
            ask,
            cim.method("KillJob", "uint32", cim.parameter("DeleteOnKill", "boolean")),
            cim.method("GetError", "uint32", error),
            cim.method("GetErrorEx", "uint32", errors),
            of="T_Element",
        ),
        cim.cls("T_FussyJob", cim.prop("Cancellable", "boolean"), of="T_Job"),
        cim.cls("T_Thing", cim.prop("Id", "string", "Key"), cim.prop("Note", "string", "Write"), of="T_Element"),
        cim.cls(
            "T_Affected",
            cim.ref("AffectedElement", "T_Element", "Key"),
            cim.ref("AffectingElement", "T_Job", "Key"),
            flags=["Association"],
        ),
        cim.cls(
            "T_Owning",
            cim.ref("OwningElement", "T_Element", "Key"),
            cim.ref("OwnedElement", "T_Job", "Key"),
            flags=["Association"],
        ),
        cim.cls(
            "T_Service",
            cim.prop("Name", "string", "Key"),
            cim.prop("EnabledState", "uint16", value=2),
            cim.prop("RequestedState", "uint16", value=2),
            cim.prop("Started", "boolean", value=True),
            cim.prop("OperationalStatus", "uint16[]", value=[2]),
            cim.prop("StatusDescriptions", "string[]", value=["OK"]),
            cim.prop("Status", "string", value="OK"),
            cim.prop("TimeOfLastStateChange", "datetime"),
            cim.method("StartService", "uint32"),
            cim.method("StopService", "uint32"),
            ask_service,
            of="T_Element",
        ),
        cim.cls("T_LaterService", cim.prop("TransitioningToState", "uint16", value=12), of="T_Service"),
    ]
    world = cim.world(*classes)

    def make(providers: Mapping[str, Provider]) -> Stage:
        return Stage(world, providers)

    return make
