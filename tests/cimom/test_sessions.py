"""Enumeration sessions through the CIMOM: what the world does meanwhile, who asks, and what sweeping and stopping do."""

from typing import Any

import pytest
from pywbem import CIMError

from cimsim.cimom.clock import Clock
from cimsim.cimom.contexts import ContextOptions
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.request import Argument, ClassName, IntrinsicRequest
from cimsim.operations.results import Pulled, Void
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.paths import InstancePath


class NoImplementations:
    def find(self, namespace: str, cls: Any, method: str) -> None:
        return None


class Client:
    """Sends intrinsic operations to a CIMOM whose clock only moves when told."""

    def __init__(self, world: Any) -> None:
        self.clock = Clock(1000.0)
        self.names = iter(range(1, 1000))
        self.cimom = Cimom(
            world,
            NoImplementations(),
            self.clock,
            random=lambda size: next(self.names).to_bytes(size, "big"),
            contexts=ContextOptions(timeout=30, most=3),
        )

    def __call__(self, name: str, namespace: str = "root/test", user: str | None = None, /, **arguments: Any) -> Any:
        given = tuple(Argument(each, value) for each, value in arguments.items())
        return self.cimom.perform(IntrinsicRequest(name, namespace, given), user)

    def open(self, most: int = 2, **arguments: Any) -> str:
        opened = self("OpenEnumerateInstances", ClassName=ClassName("T_Thing"), MaxObjectCount=most, **arguments)
        assert isinstance(opened, Pulled)
        assert opened.context is not None
        return opened.context

    def code(self, name: str, /, *more: Any, **arguments: Any) -> int:
        with pytest.raises(CIMError) as error:
            self(name, *more, **arguments)
        return int(error.value.status_code)


@pytest.fixture
def client(cim: Any) -> Client:
    transaction = cim.transaction(
        cim.cls("T_Thing", cim.prop("Id", "string", "Key"), cim.prop("Name", "string", "Write", value="old"))
    )
    for number in range(6):
        transaction.create("T_Thing", {"Id": str(number)})
    return Client(transaction.world)


def path(identifier: str) -> InstancePath:
    return InstancePath("T_Thing", (("Id", identifier),))


def pull(client: Client, context: str, most: int = 10) -> Any:
    return client("PullInstancesWithPath", EnumerationContext=context, MaxObjectCount=most)


def test_pl_39_a_session_shows_the_moment_it_was_opened(client: Client) -> None:
    context = client.open()
    client("DeleteInstance", InstanceName=path("3"))
    new = InstanceData("T_Thing", (PropertyData("Id", "string", False, "new"),))
    client("CreateInstance", NewInstance=new)
    client("SetProperty", InstanceName=path("4"), PropertyName="Name", NewValue="changed")
    rest = pull(client, context)
    assert [(each["Id"], each["Name"]) for each in rest.instances] == [(number, "old") for number in "2345"]
    assert rest.context is None


def test_pl_32_names_of_namespaces_are_compared_folded(client: Client) -> None:
    context = client.open()
    arguments = {"EnumerationContext": context, "MaxObjectCount": 1}
    assert len(client("PullInstancesWithPath", "ROOT/Test", **arguments).instances) == 1


def test_pl_32_the_user_of_a_session(client: Client) -> None:
    context = client.open()
    assert client.code("CloseEnumeration", "root/test", "mallory", EnumerationContext=context) == 21
    assert client("CloseEnumeration", EnumerationContext=context) == Void()
    assert client.code("CloseEnumeration", EnumerationContext=context) == 21  # PL-31


def test_pl_32_another_run_of_the_server_knows_no_context(client: Client) -> None:
    context = client.open()
    assert Client(client.cimom.world).code("CloseEnumeration", EnumerationContext=context) == 21


def test_pl_12_the_count(client: Client) -> None:
    assert client("EnumerationCount", EnumerationContext=client.open()).value == 4


def test_pl_29_sessions_expire_on_the_clock_of_the_cimom(client: Client) -> None:
    context, patient = client.open(), client.open(OperationTimeout=100)
    client.clock.advance(31)
    client.cimom.sweep()
    arguments = {"EnumerationContext": context, "MaxObjectCount": 1}
    assert client.code("PullInstancesWithPath", **arguments) == 21
    assert len(pull(client, patient).instances) == 4


def test_pl_40_as_many_as_are_allowed(client: Client) -> None:
    for _ in range(3):
        client.open()
    wanted = {"ClassName": ClassName("T_Thing"), "MaxObjectCount": 1}
    assert client.code("OpenEnumerateInstances", **wanted) == 27
    # PL-20: what is wrong with the request comes first.
    assert client.code("OpenEnumerateInstances", **{**wanted, "ClassName": ClassName("T_NoSuch")}) == 5


def test_pl_40_a_cimom_that_stops(client: Client) -> None:
    context = client.open()
    client.cimom.stop()
    assert client.code("PullInstancesWithPath", EnumerationContext=context, MaxObjectCount=1) == 28
    assert client.code("OpenEnumerateInstances", ClassName=ClassName("T_Thing")) == 28
    assert len(client("EnumerateInstances", ClassName=ClassName("T_Thing")).instances) == 6


def test_pl_30_an_error_of_a_pull_ends_the_session(client: Client) -> None:
    context = client.open()
    assert client.code("PullInstancesWithPath", EnumerationContext=context) == 4
    assert client.code("PullInstancesWithPath", EnumerationContext=context, MaxObjectCount=1) == 21


def test_pl_30_a_session_goes_on_after_an_error_if_it_was_opened_so(client: Client) -> None:
    context = client.open(ContinueOnError=True)
    assert client.code("PullInstancesWithPath", EnumerationContext=context) == 4
    assert len(client("PullInstancesWithPath", EnumerationContext=context, MaxObjectCount=1).instances) == 1


def test_pl_30_pl_32_nobody_ends_the_session_of_another_by_an_error(client: Client) -> None:
    context = client.open()
    assert client.code("PullInstancesWithPath", "root/test", "mallory", EnumerationContext=context) == 4
    assert len(client("PullInstancesWithPath", EnumerationContext=context, MaxObjectCount=1).instances) == 1
