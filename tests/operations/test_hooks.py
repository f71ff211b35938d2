"""Hooks: what acts when instances are written, and when namespaces come or go."""

from collections.abc import Mapping
from typing import Any

import pytest
from pywbem import CIMError, CIMInstance

from cimsim.operations.call import Policy
from cimsim.operations.methods import Invocation
from cimsim.operations.pending import Pending
from cimsim.operations.perform import perform
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest, IntrinsicRequest, NamedInstance
from cimsim.providers.provider import Provider
from cimsim.providers.registry import ProviderBinding, ProviderRegistry
from cimsim.world.convert import InstanceData
from cimsim.world.errors import failed
from cimsim.world.events import Change
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.values import Untyped
from cimsim.world.world import World


class Recorder(Provider):
    """Writes down what it is told, and gives every device a serial number."""

    def __init__(self) -> None:
        super().__init__({})
        self.told: list[Any] = []

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        self.told.append(("create", cls.name, properties))
        return super().create_instance(transaction, cls, {**properties, "Serial": "S1"})

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        self.told.append(("modify", instance["Id"], properties))
        super().modify_instance(transaction, instance, properties)

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        self.told.append(("delete", instance["Id"]))
        if instance["Id"] == "a":
            raise failed("this one stays")
        super().delete_instance(transaction, instance)

    def namespaces_changed(self, transaction: Transaction) -> None:
        self.told.append([each.name for each in transaction.world.namespaces.values()])
        transaction.create("T_Lonely", {"Id": str(len(self.told))}, "root/test")


class OnlyDelete(Provider):
    """Refuses to delete; everything else is not its own."""

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        raise failed("no disk is deleted")

    def Format(self, call: Invocation) -> bool:
        call.transaction.create_namespace("root/formatted")
        return True


class Hooked:
    """Performs operations on ``world`` with the providers above."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.recorder = Recorder()
        self.providers = ProviderRegistry(
            [ProviderBinding("Root/Test", "t_device", self.recorder), ProviderBinding("root/test", "T_Disk", OnlyDelete({}))]
        )
        self.changes: Any = ()

    def __call__(self, name: str, namespace: str = "root/test", /, **arguments: Any) -> Any:
        given = tuple(Argument(key, value) for key, value in arguments.items())
        return self._perform(IntrinsicRequest(name, namespace, given))

    def invoke(self, request: ExtrinsicRequest) -> Any:
        return self._perform(request)

    def _perform(self, request: Any) -> Any:
        outcome = perform(self.world, request, self.providers, 5.0, Policy(), self.providers)
        self.world, self.changes = outcome.world, outcome.changes
        return outcome.result


@pytest.fixture
def hooked(start: World) -> Hooked:
    return Hooked(start)


def path(classname: str, identifier: str) -> InstancePath:
    return InstancePath(classname, (("Id", identifier),))


def new(classname: str, **properties: Any) -> InstanceData:
    return InstanceData.of(CIMInstance(classname, properties))


def test_creating(hooked: Hooked) -> None:
    instance = hooked("CreateInstance", NewInstance=new("t_disk", id="x", caption="c")).instance
    assert hooked.recorder.told == [("create", "T_Disk", {"Id": "x", "Caption": "c"})]
    assert (instance["Serial"], instance["State"]) == ("S1", 5)
    hooked("CreateInstance", NewInstance=new("T_Lonely", Id="y"))
    assert len(hooked.recorder.told) == 1


def test_modifying_by_every_operation(hooked: Hooked) -> None:  # OP-MI-1, OP-SP-1
    hooked("ModifyInstance", ModifiedInstance=NamedInstance(path("T_Device", "a"), new("T_Device", Caption="new")))
    hooked("SetProperty", InstanceName=path("T_Disk", "b"), PropertyName="caption", NewValue=Untyped("newer"))
    assert hooked.recorder.told == [("modify", "a", {"Caption": "new"}), ("modify", "b", {"Caption": "newer"})]
    assert hooked.world.instance(path("T_Disk", "b"), hooked.world.namespace("root/test"))["Caption"] == "newer"


def test_deleting_is_for_the_nearest_class(hooked: Hooked) -> None:  # G14
    for instance, text in (("T_Device", "this one stays"), ("T_Disk", "no disk is deleted")):
        before = hooked.world
        with pytest.raises(CIMError, match=text):
            hooked("DeleteInstance", InstanceName=path(instance, {"T_Device": "a", "T_Disk": "b"}[instance]))
        assert hooked.world is before
    assert hooked.recorder.told == [("delete", "a")]


def test_other_namespaces_are_not_concerned(hooked: Hooked) -> None:
    hooked("DeleteInstance", "root/other", InstanceName=path("T_Device", "far"))
    assert hooked.recorder.told == []


def test_a_namespace_made_by_a_method_is_told_of(hooked: Hooked) -> None:  # W5
    disk = hooked.world.namespace("root/test").cls("T_Disk")
    assert hooked.providers.find("root/test", disk, fold("Format")) is not None
    hooked.invoke(ExtrinsicRequest("Format", "root/test", path("T_Disk", "b"), ()))
    assert hooked.recorder.told == [["root/test", "root/other", "root/formatted"]]
    assert [change.after["Id"] for change in hooked.changes if isinstance(change, Change) and change.after] == ["1"]
    # Nothing comes or goes the second time.
    hooked.invoke(ExtrinsicRequest("Format", "root/test", path("T_Disk", "b"), ()))
    assert len(hooked.recorder.told) == 1


def test_abstract_classes_stay_abstract(hooked: Hooked) -> None:  # OP-CI-5
    with pytest.raises(CIMError, match="abstract"):
        hooked("CreateInstance", NewInstance=new("T_Element", Id="x"))


class Reader(Provider):
    """Computes the captions of devices, and counts how many."""

    def __init__(self) -> None:
        super().__init__({})
        self.count = 0

    def read_instance(self, transaction: Transaction, instance: Instance) -> Mapping[str, Any]:
        self.count += 1
        if instance["Id"] == "broken":
            raise failed("it cannot be read")
        return {"Caption": f"read {instance['Id']}"}


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("EnumerateInstances", {"ClassName": ClassName("T_Device")}),
        ("OpenEnumerateInstances", {"ClassName": ClassName("T_Device")}),
        ("OpenEnumerateInstancePaths", {"ClassName": ClassName("T_Device"), "FilterQuery": "Caption LIKE 'read .*'"}),
        ("ExecQuery", {"Query": "SELECT * FROM T_Device"}),
        ("ExecQuery", {"Query": "SELECT Id FROM T_Device WHERE Caption LIKE 'read %'"}),
        ("ExecQuery", {"Query": "ASSOCIATORS OF {T_Device.Id='a'}"}),
        ("Associators", {"ObjectName": InstancePath("T_Device", (("Id", "a"),))}),
    ],
)
def test_values_of_many_instances_are_computed_in_steps(start: World, operation: str, arguments: dict[str, Any]) -> None:
    reader = Reader()
    registry = ProviderRegistry([ProviderBinding("root/test", "T_Device", reader)])
    transaction = Transaction(start, "root/test")
    source = transaction.get(InstancePath("T_Device", (("Id", "a"),)))
    for number in range(120):
        made = transaction.create("T_Device", {"Id": str(number)})
        transaction.create("T_Link", {"Left": source, "Right": made})

    def begin(world: World) -> Any:
        if "FilterQuery" in arguments:
            language = {"FilterQueryLanguage": "DMTF:FQL"}
        else:
            language = {"QueryLanguage": "WQL"} if "Query" in arguments else {}
        given = tuple(Argument(name, value) for name, value in {**arguments, **language}.items())
        request = IntrinsicRequest(operation, "root/test", given)
        return perform(world, request, registry, 0.0, Policy(), registry).result

    pending = begin(transaction.world)
    assert isinstance(pending, Pending)
    most, before = reader.count, reader.count
    while not pending.advance():
        most, before = max(most, reader.count - before), reader.count
    assert 0 < most <= 50
    assert reader.count >= 120
    found = pending.finished().instances
    assert len(found) >= 120
    transaction.create("T_Link", {"Left": source, "Right": transaction.create("T_Device", {"Id": "broken"})})
    with pytest.raises(CIMError, match="it cannot be read"):
        begin(transaction.world).completed()
