"""Providers of pywbem_mock as providers: what they get, what becomes of what they return, and what stays of what they did."""

from collections.abc import Callable
from typing import Any

import pytest
import pywbem
from pywbem import CIMError, CIMInstance, CIMInstanceName, CIMParameter
from pywbem_mock import InstanceWriteProvider, MethodProvider

from cimsim.operations.call import Policy
from cimsim.operations.methods import Invocation
from cimsim.operations.perform import perform
from cimsim.operations.request import Argument, ExtrinsicRequest, IntrinsicRequest, NamedInstance, Request
from cimsim.operations.request import ClassName as ClassTarget
from cimsim.providers.provider import Provider
from cimsim.providers.pywbem_mock.mock_connection import ScriptConnection
from cimsim.providers.pywbem_mock.registered_providers import RegisteredProviders
from cimsim.providers.pywbem_mock.stage import Stage
from cimsim.providers.registry import ProviderBinding
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction
from cimsim.world.values import Untyped
from cimsim.world.world import World

NAMESPACE = "root/test"


class Methods(MethodProvider):  # type: ignore[misc] # pywbem has no type information
    """Calls ``act`` with the provider and what it got, and returns what that returns."""

    provider_classnames = "T_Thing"

    def __init__(self, repository: Any, act: Callable[..., Any]) -> None:
        super().__init__(repository)
        self.act = act

    def InvokeMethod(self, methodname: str, localobject: Any, params: Any) -> Any:
        return self.act(self, methodname, localobject, params)


class Writes(InstanceWriteProvider):  # type: ignore[misc] # pywbem has no type information
    """Writes down what it gets."""

    provider_classnames = "T_Thing"

    def __init__(self, repository: Any) -> None:
        super().__init__(repository)
        self.got: list[Any] = []

    def CreateInstance(self, namespace: str, new_instance: CIMInstance) -> Any:
        self.got.append((namespace, new_instance.copy()))
        return super().CreateInstance(namespace, new_instance)

    def ModifyInstance(self, modified_instance: CIMInstance, IncludeQualifiers: bool | None = None) -> Any:
        self.got.append(modified_instance.copy())
        return super().ModifyInstance(modified_instance)

    def DeleteInstance(self, InstanceName: CIMInstanceName) -> Any:
        self.got.append(InstanceName)
        return super().DeleteInstance(InstanceName)


class Simulator:
    """A world, the connection of its scripts, and the operations of a client."""

    def __init__(self, world: World, *bindings: ProviderBinding) -> None:
        self.world = world
        self.stage = Stage()
        with self.stage.using(Transaction(world, NAMESPACE)):
            self.conn = ScriptConnection(self.stage, NAMESPACE)
        self.providers = RegisteredProviders(self.conn, self.stage, bindings)

    def register(self, provider: type[Any], *arguments: Any) -> Any:
        made = provider(self.conn.cimrepository, *arguments)
        with self.stage.using(Transaction(self.world, NAMESPACE)):
            self.conn.register_provider(made)
        return made

    policy = Policy()

    def methods(self, act: Callable[..., Any]) -> None:
        self.register(Methods, act)

    def __call__(self, operation: str, **arguments: Any) -> Any:
        given = tuple(Argument(name, value) for name, value in arguments.items())
        return self.perform(IntrinsicRequest(operation, NAMESPACE, given))

    def invoke(self, method: str, target: Any, **arguments: Any) -> Any:
        given = tuple(Argument(name, value) for name, value in arguments.items())
        return self.perform(ExtrinsicRequest(method, NAMESPACE, target, given))

    def perform(self, request: Request) -> Any:
        outcome = perform(self.world, request, self.providers, 0.0, self.policy, self.providers)
        self.world = outcome.world
        return outcome.result


@pytest.fixture
def world(cim: Any) -> World:
    thing = cim.cls(
        "T_Thing",
        cim.prop("Id", "uint32", "Key"),
        cim.prop("Note", "string", "Write", value="as declared"),
        cim.prop("Sizes", "uint8[]", "Write"),
        cim.prop("Fixed", "string"),
        cim.method(
            "Act",
            "sint16",
            cim.parameter("Size", "uint8"),
            cim.parameter("Names", "string[]"),
            cim.parameter("Other", "reference", "T_Thing"),
            cim.parameter("Count", "uint64", In=False, Out=True),
            cim.parameter("Found", "reference", "T_Thing", In=False, Out=True),
        ),
        cim.method("Stand", "boolean", Static=True),
    )
    link = cim.cls("T_Link", cim.ref("Left", "T_Thing", "Key"), cim.ref("Right", "T_Thing", "Key"), flags=["Association"])
    made: World = cim.world(thing, cim.cls("T_Sub", of="T_Thing"), link)
    transaction = Transaction(made, NAMESPACE)
    one, two = (transaction.create("T_Thing", {"Id": number, "Note": "first"}) for number in (1, 2))
    transaction.create("T_Sub", {"Id": 3})
    transaction.create("T_Link", {"Left": one, "Right": two})
    return transaction.world


@pytest.fixture
def simulator(world: World) -> Simulator:
    return Simulator(world)


def path(number: int, classname: str = "T_Thing") -> InstancePath:
    return InstancePath(classname, (("Id", number),))


def refused(code: int, run: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    with pytest.raises(CIMError) as error:
        run(*arguments, **named)
    assert error.value.status_code == code, error.value
    return str(error.value.status_description)


# Methods


def test_what_a_method_provider_gets(simulator: Simulator) -> None:
    """The target with its namespace, and the given arguments only, typed (X8)."""
    got: list[Any] = []

    def act(_: Any, *arguments: Any) -> Any:
        got.extend(arguments)
        return 5, {}

    simulator.methods(act)
    result = simulator.invoke("act", path(1), size=Untyped("7"), NAMES=["a", None])
    assert result.return_value.value == 5
    method, target, params = got
    assert method == "Act"
    assert target == CIMInstanceName("T_Thing", {"Id": 1}, namespace=NAMESPACE)
    assert {name: (param.type, param.is_array, param.value) for name, param in params.items()} == {
        "Size": ("uint8", False, 7),
        "Names": ("string", True, ["a", None]),
    }
    assert isinstance(params["sIZe"].value, pywbem.Uint8)


def test_a_reference_as_argument_and_as_output(simulator: Simulator) -> None:
    simulator.methods(lambda _, __, ___, params: (0, [CIMParameter("Found", "reference", value=params["Other"].value)]))
    result = simulator.invoke("Act", path(1), Other=path(2))
    assert [(each.name, str(each.value)) for each in result.outputs if each.value is not None] == [
        ("Found", "root/test:T_Thing.Id=2")
    ]


def test_a_static_method_gets_the_class(simulator: Simulator) -> None:
    got: list[Any] = []

    def act(_: Any, *arguments: Any) -> Any:
        got.extend(arguments)
        return True, []

    simulator.methods(act)
    assert simulator.invoke("Stand", ClassTarget("T_Thing")).return_value.value is True
    assert got[1] == pywbem.CIMClassName("T_Thing", namespace=NAMESPACE)


@pytest.mark.parametrize("outputs", [{"Count": pywbem.Uint64(9)}, {"COUNT": CIMParameter("Count", "uint64", value=9)}])
def test_outputs_as_a_mapping(simulator: Simulator, outputs: Any) -> None:
    simulator.methods(lambda *_: [0, outputs])
    assert {each.name: each.value for each in simulator.invoke("Act", path(1)).outputs} == {"Count": 9, "Found": None}


def test_a_return_value_as_a_parameter(simulator: Simulator) -> None:
    simulator.methods(lambda *_: (CIMParameter("ReturnValue", "uint32", value=7), []))
    assert simulator.invoke("Act", path(1)).return_value.value == 7


@pytest.mark.parametrize("returned", [None, 0, (0, None), (0, [("Count", 5)]), (0, {}, 1)])
def test_what_is_no_result_fails(simulator: Simulator, returned: Any) -> None:
    simulator.methods(lambda *_: returned)
    with pytest.raises(TypeError):
        simulator.invoke("Act", path(1))


def test_an_unknown_output_fails(simulator: Simulator) -> None:
    simulator.methods(lambda *_: (0, {"Cont": 5}))
    assert "unknown output parameter Cont" in refused(pywbem.CIM_ERR_FAILED, simulator.invoke, "Act", path(1))


def test_a_provider_changes_the_world(simulator: Simulator) -> None:
    def act(provider: Any, _: str, target: Any, __: Any) -> Any:
        store = provider.cimrepository.get_instance_store(target.namespace)
        instance = store.get(target)
        instance["Note"] += "+"
        store.update(target, instance)
        simulator.conn.CreateInstance(CIMInstance("T_Thing", {"Id": pywbem.Uint32(len(list(store.iter_names())))}))
        return 0, []

    simulator.methods(act)
    simulator.invoke("Act", path(1))
    assert simulator("GetInstance", InstanceName=path(1)).instance["Note"] == "first+"
    assert simulator("GetInstance", InstanceName=path(4)).instance["Note"] is None


def test_what_a_failing_provider_did_is_dropped(simulator: Simulator) -> None:  # G14
    def act(provider: Any, _: str, target: Any, __: Any) -> Any:
        provider.cimrepository.get_instance_store(target.namespace).delete(target)
        provider.cimrepository.add_namespace("root/new")
        simulator.conn.CreateInstance(CIMInstance("T_Thing", {"Id": pywbem.Uint32(9)}))
        raise ValueError("half done")

    simulator.methods(act)
    before = simulator.world
    with pytest.raises(ValueError, match="half done"):
        simulator.invoke("Act", path(1))
    assert simulator.world is before


def test_an_error_of_a_provider_is_the_clients(simulator: Simulator) -> None:  # E6
    def act(*_: Any) -> Any:
        raise CIMError(pywbem.CIM_ERR_SERVER_LIMITS_EXCEEDED, "enough")

    simulator.methods(act)
    assert refused(pywbem.CIM_ERR_SERVER_LIMITS_EXCEEDED, simulator.invoke, "Act", path(1)) == "enough"


def test_a_provider_is_for_its_own_class_and_comes_before_providers(world: World) -> None:
    class Thing(Provider):
        def Act(self, _: Invocation) -> int:
            return 77

    simulator = Simulator(world, ProviderBinding(NAMESPACE, "T_Thing", Thing({})))
    assert simulator.invoke("Act", path(1)).return_value.value == 77
    simulator.methods(lambda *_: (1, []))
    assert simulator.invoke("Act", path(1)).return_value.value == 1
    assert simulator.invoke("Act", path(3, "T_Sub")).return_value.value == 77


# Writing


def given(**properties: Any) -> InstanceData:
    return InstanceData("T_Thing", tuple(PropertyData(name, None, False, value) for name, value in properties.items()))


def test_what_a_write_provider_gets(simulator: Simulator) -> None:  # OP-CI-2, OP-MI-3
    provider = simulator.register(Writes)
    created = simulator("CreateInstance", NewInstance=given(iD=pywbem.Uint32(5), sizes=[pywbem.Uint8(1)], Note=None))
    assert str(created.instance.path) == "root/test:T_Thing.Id=5"
    namespace, instance = provider.got.pop()
    assert namespace == NAMESPACE
    assert (instance.classname, instance.path) == ("T_Thing", None)
    assert [(each.name, each.type, each.value) for each in instance.properties.values()] == [
        ("Id", "uint32", 5),
        ("Sizes", "uint8", [1]),
        ("Note", "string", None),
    ]
    changed = NamedInstance(path(5), given(Note="new", Sizes=None))
    simulator("ModifyInstance", ModifiedInstance=changed, PropertyList=["note"])
    modified = provider.got.pop()
    assert modified.path == CIMInstanceName("T_Thing", {"Id": 5}, namespace=NAMESPACE)
    assert [(each.name, each.value) for each in modified.properties.values()] == [("Note", "new")]
    assert simulator("GetInstance", InstanceName=path(5)).instance["Sizes"] == (1,)
    simulator("DeleteInstance", InstanceName=path(5))
    assert provider.got.pop() == CIMInstanceName("T_Thing", {"Id": 5}, namespace=NAMESPACE)
    refused(pywbem.CIM_ERR_NOT_FOUND, simulator, "GetInstance", InstanceName=path(5))


def test_keys_and_read_only_properties_stay(simulator: Simulator) -> None:  # OP-MI-4, OP-MI-5
    provider = simulator.register(Writes)
    simulator.policy = Policy(enforce_write=True)
    for properties in ({"Id": pywbem.Uint32(9)}, {"Fixed": "new"}):
        changed = NamedInstance(path(1), given(**properties))
        refused(pywbem.CIM_ERR_INVALID_PARAMETER, simulator, "ModifyInstance", ModifiedInstance=changed)
    assert provider.got == []


def test_associations_go_with_an_end(simulator: Simulator) -> None:  # OP-DI-2
    simulator.register(Writes)
    simulator("DeleteInstance", InstanceName=path(2))
    assert not simulator("EnumerateInstanceNames", ClassName=ClassTarget("T_Link")).instances


def test_a_provider_may_delete_associations_itself_or_keep_the_instance(simulator: Simulator) -> None:
    class Thorough(Writes):
        def DeleteInstance(self, InstanceName: CIMInstanceName) -> None:
            if InstanceName["Id"] == 1:
                return
            super().DeleteInstance(InstanceName)
            store = self.cimrepository.get_instance_store(NAMESPACE)
            for link in [each for each in store.iter_names() if each.classname == "T_Link"]:
                store.delete(link)

    simulator.register(Thorough)
    simulator("DeleteInstance", InstanceName=path(1))
    assert len(simulator("EnumerateInstanceNames", ClassName=ClassTarget("T_Link")).instances) == 1
    simulator("DeleteInstance", InstanceName=path(2))
    assert not simulator("EnumerateInstanceNames", ClassName=ClassTarget("T_Link")).instances
    assert simulator("GetInstance", InstanceName=path(1)).instance["Id"] == 1


@pytest.mark.parametrize("returned", [None, CIMInstanceName("T_Thing", {"Id": 99})])
def test_a_provider_that_creates_nothing_fails(simulator: Simulator, returned: Any) -> None:
    class Idle(Writes):
        def CreateInstance(self, namespace: str, new_instance: CIMInstance) -> Any:
            return returned

    simulator.register(Idle)
    text = refused(pywbem.CIM_ERR_FAILED, simulator, "CreateInstance", NewInstance=given(Id=pywbem.Uint32(5)))
    assert "provider of T_Thing" in text


def test_other_classes_are_written_plainly(simulator: Simulator) -> None:
    provider = simulator.register(Writes)
    simulator("DeleteInstance", InstanceName=path(3, "T_Sub"))
    new = InstanceData.of(CIMInstance("T_Sub", {"Id": pywbem.Uint32(4)}))
    assert simulator("CreateInstance", NewInstance=new).instance["Note"] == "as declared"
    assert provider.got == []


def test_a_provider_registers_another(simulator: Simulator) -> None:
    def act(provider: Any, *_: Any) -> Any:
        simulator.conn.register_provider(Writes(provider.cimrepository))
        return 0, []

    simulator.methods(act)
    simulator.invoke("Act", path(1))
    assert simulator.providers.deleter(NAMESPACE, simulator.world.namespace(NAMESPACE).cls("T_Thing")) is not None


def test_the_connection_is_of_no_use_outside_of_operations(simulator: Simulator) -> None:
    assert "only in its setup" in refused(pywbem.CIM_ERR_FAILED, simulator.conn.EnumerateClassNames)
