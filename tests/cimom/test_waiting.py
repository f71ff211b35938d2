"""What waits in a CIMOM: steps by its clock and by reads of clients, and what is computed when a client reads."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from pywbem import CIMError
from twisted.logger import globalLogPublisher

from cimsim.cimom.clock import Clock
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.methods import Invocation
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest, IntrinsicRequest, NamedInstance
from cimsim.providers.provider import Provider
from cimsim.providers.registry import ProviderBinding, ProviderRegistry
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.events import Change, Event
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

A = InstancePath("T_Thing", (("Id", "a"),))
B = InstancePath("T_Thing", (("Id", "b"),))


class Slow(Provider):
    """Its methods plan what comes later."""

    def Later(self, call: Invocation) -> int:
        call.transaction.after(5, self.note, A, "later", subjects=[call.transaction.get(A)])
        return 0

    def Polled(self, call: Invocation) -> int:
        call.transaction.after_reads(2, self.note, A, "polled", subjects=[call.transaction.get(A)])
        return 0

    def Broken(self, call: Invocation) -> int:
        call.transaction.after(1, self.fail, A)
        return 0

    def Circle(self, call: Invocation) -> int:
        call.transaction.after(1, self.circle)
        return 0

    def Leave(self, call: Invocation) -> int:
        sys.exit("left")

    def Misuse(self, call: Invocation) -> int:
        wrong: Any = call.cls.name
        raise CIMError(1, wrong, instances=[wrong])

    def circle(self, transaction: Transaction) -> None:
        transaction.after(0, self.circle)

    def note(self, transaction: Transaction, path: InstancePath, text: str) -> None:
        transaction.modify(path, Note=f"{text} at {transaction.now:g}")

    def fail(self, transaction: Transaction, path: InstancePath) -> None:
        transaction.modify(path, Note="half done")
        raise KeyError("broken step")


class Live(Provider):
    """Computes an age when somebody reads."""

    def read_instance(self, transaction: Transaction, instance: Instance) -> Mapping[str, Any] | None:
        return {"Age": int(transaction.now) - 1000} if instance["Id"] == "a" else None


class Odd(Provider):
    """Computes what ``result`` holds; an exception is raised."""

    result: Any = None

    def read_instance(self, transaction: Transaction, instance: Instance) -> Any:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Catalogue(Provider):
    """Its instances are one for each thing."""

    def refresh(self, transaction: Transaction) -> None:
        things = transaction.instances("T_Thing", "root/test")
        transaction.synchronize("T_Entry", [{"Name": f"entry of {each['Id']}"} for each in things], "root/test")


class Client:
    def __init__(self, world: World) -> None:
        self.odd = Odd({})
        providers = ProviderRegistry(
            [
                ProviderBinding("root/test", "T_Thing", Slow({})),
                ProviderBinding("root/test", "T_Thing", Live({})),
                ProviderBinding("root/test", "T_Entry", Catalogue({})),
                ProviderBinding("root/test", "T_Odd", self.odd),
            ]
        )
        self.clock = Clock(1000.0)
        self.told: list[Event] = []
        self.cimom = Cimom(world, providers, self.clock, random=bytes, hooks=providers)
        self.cimom.listeners.append(self._listen)

    def _listen(self, world: World, events: Sequence[Event]) -> None:
        assert world is self.cimom.world
        self.told.extend(event for event in events if isinstance(event, Change))

    def __call__(self, name: str, /, **arguments: Any) -> Any:
        given = tuple(Argument(each, value) for each, value in arguments.items())
        return self.cimom.perform(IntrinsicRequest(name, "root/test", given))

    def invoke(self, method: str) -> None:
        self.cimom.perform(ExtrinsicRequest(method, "root/test", A))

    @property
    def note(self) -> Any:
        found = self.cimom.world.instance(A, self.cimom.world.namespace("root/test"))
        return found["Note"]


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """The events that were logged."""
    events: list[Any] = []
    observer: Any = events.append
    globalLogPublisher.addObserver(observer)
    yield events
    globalLogPublisher.removeObserver(observer)


@pytest.fixture
def client(cim: Any) -> Client:
    transaction = cim.transaction(
        cim.cls(
            "T_Thing",
            cim.prop("Id", "string", "Key"),
            cim.prop("Note", "string", "Write"),
            cim.prop("Age", "uint32"),
            cim.method("Later", "uint32"),
            cim.method("Polled", "uint32"),
            *(cim.method(name, "uint32") for name in ("Broken", "Circle", "Leave", "Misuse")),
        ),
        cim.cls("T_Odd", cim.prop("Id", "string", "Key"), cim.prop("Age", "uint32")),
        cim.cls("T_Entry", cim.prop("Name", "string", "Key")),
        cim.cls("T_Link", cim.ref("Left", "T_Thing", "Key"), cim.ref("Right", "T_Thing", "Key"), flags=["Association"]),
    )
    for each in ("a", "b"):
        transaction.create("T_Thing", {"Id": each})
    transaction.create("T_Odd", {"Id": "odd"})
    transaction.create("T_Link", {"Left": A, "Right": B})
    return Client(transaction.world)


# Time


def test_a_step_happens_at_exactly_its_time(client: Client) -> None:
    client.invoke("Later")
    client.clock.advance(4.9)
    assert client.note is None
    client.clock.advance(10)
    assert client.note == "later at 1005"


def test_a_request_meets_what_was_due_before_it_however_late_the_clock_calls(client: Client, monkeypatch: Any) -> None:
    client.invoke("Later")
    monkeypatch.setattr(client.clock, "now", lambda: 1007.5)
    found = client("GetInstance", InstanceName=A)
    assert found.instance["Note"] == "later at 1005"


def test_a_step_that_fails_changes_nothing_is_logged_and_does_not_come_again(client: Client, logged: list[Any]) -> None:
    client.invoke("Broken")
    client.clock.advance(1)
    assert client.note is None
    assert client.cimom.world.agenda.next_due is None
    (event,) = logged
    assert event["step"] == "Slow.fail"
    assert "broken step" in event["log_failure"].getTraceback()


def test_a_step_that_plans_itself_for_the_same_moment_is_dropped_and_named(client: Client, logged: list[Any]) -> None:
    client.invoke("Circle")
    client.invoke("Later")
    client.clock.advance(10)
    assert client.cimom.world.agenda.next_due is None
    assert [event["step"] for event in logged] == ["Slow.circle"]
    assert client.note == "later at 1005"


def test_whatever_a_method_raises_is_an_error_for_the_client(client: Client, logged: list[Any]) -> None:  # E7
    for method, text in (
        ("Leave", "the provider of Leave failed: SystemExit: left"),
        ("Misuse", "raised a CIMError that cannot be sent"),
    ):
        with pytest.raises(CIMError, match=text) as error:
            client.invoke(method)
        assert error.value.status_code == 1
    assert len(logged) == 2


def test_swapping_the_world_swaps_what_waits(client: Client) -> None:
    before = client.cimom.world
    client.invoke("Later")
    planned = client.cimom.world
    client.cimom.world = before
    client.clock.advance(60)
    assert client.note is None
    client.cimom.world = planned
    client.clock.advance(0)
    assert client.note == "later at 1005"


def test_listeners_hear_of_steps_and_requests_but_not_of_refused_ones(client: Client) -> None:
    client.invoke("Later")
    assert client.told == []
    client.clock.advance(5)
    assert len(client.told) == 1
    with pytest.raises(CIMError):
        client("DeleteInstance", InstanceName=InstancePath("T_Thing", (("Id", "none"),)))
    client("DeleteInstance", InstanceName=B)
    assert len(client.told) == 3


def test_run_changes_the_world_or_tells_that_it_failed(client: Client) -> None:
    assert client.cimom.run(lambda transaction: transaction.modify(A, Note="by the server"), "root/test")
    assert client.note == "by the server"
    assert not client.cimom.run(lambda transaction: transaction.delete(InstancePath("T_None", ())), "root/test")


# Reads

READS: list[tuple[str, dict[str, Any]]] = [
    ("GetInstance", {"InstanceName": A}),
    ("EnumerateInstances", {"ClassName": ClassName("T_Thing")}),
    ("Associators", {"ObjectName": B}),
    ("OpenEnumerateInstances", {"ClassName": ClassName("T_Thing"), "MaxObjectCount": 5}),
    ("GetProperty", {"InstanceName": A, "PropertyName": "Id"}),
    ("ExecQuery", {"QueryLanguage": "WQL", "Query": "SELECT * FROM T_Thing WHERE Id = 'a'"}),
]
NO_READS: list[tuple[str, dict[str, Any]]] = [
    ("GetInstance", {"InstanceName": B}),
    ("EnumerateInstanceNames", {"ClassName": ClassName("T_Thing")}),
    ("AssociatorNames", {"ObjectName": B}),
    ("OpenEnumerateInstances", {"ClassName": ClassName("T_Thing"), "MaxObjectCount": 0}),
    ("OpenEnumerateInstancePaths", {"ClassName": ClassName("T_Thing"), "MaxObjectCount": 5}),
    ("GetProperty", {"InstanceName": B, "PropertyName": "Id"}),
    ("GetClass", {"ClassName": ClassName("T_Thing")}),
]


@pytest.mark.parametrize(("name", "arguments"), READS, ids=[name for name, _ in READS])
def test_so_many_reads_later_the_step_happens_and_the_last_read_still_shows_what_was(
    client: Client, name: str, arguments: dict[str, Any]
) -> None:
    client.invoke("Polled")
    client(name, **arguments)
    assert client.note is None
    result = client(name, **arguments)
    for instance in getattr(result, "instances", ()):
        assert instance["Note"] is None
    assert client.note == "polled at 1000"


@pytest.mark.parametrize(("name", "arguments"), NO_READS, ids=[name for name, _ in NO_READS])
def test_what_shows_no_properties_of_the_instance_is_no_read(client: Client, name: str, arguments: dict[str, Any]) -> None:
    client.invoke("Polled")
    for _ in range(3):
        client(name, **arguments)
    assert client.note is None


# What is computed on reading


def ages(result: Any) -> dict[str, Any]:
    return {each["Id"]: each["Age"] for each in result.instances}


def test_values_are_computed_in_every_answer_with_properties(client: Client) -> None:
    client.clock.advance(7)
    assert client("GetInstance", InstanceName=A).instance["Age"] == 7
    assert client("GetProperty", InstanceName=A, PropertyName="Age").value == 7
    assert ages(client("EnumerateInstances", ClassName=ClassName("T_Thing"))) == {"a": 7, "b": None}
    assert ages(client("Associators", ObjectName=B)) == {"a": 7}


ODD: list[tuple[Any, str]] = [
    (KeyError("lost"), "the provider Odd.read_instance failed: KeyError: 'lost'"),
    (ValueError(), "the provider Odd.read_instance failed: ValueError"),
    ({"Nothing": 1}, "computes values on reading returned what does not fit: class T_Odd has no property Nothing"),
    ({"Age": "old"}, "returned what does not fit: property T_Odd.Age: 'old' is not a uint32"),
    ({"Id": "other"}, "returned another value of key Id"),
    ([1], "returned list, not values by property"),
]


@pytest.mark.parametrize(("result", "text"), ODD, ids=[text for _, text in ODD])
def test_what_cannot_be_shown_is_an_error_that_says_why(
    client: Client, logged: list[Any], result: Any, text: str
) -> None:  # E7
    client.odd.result = result
    with pytest.raises(CIMError) as error:
        client("EnumerateInstances", ClassName=ClassName("T_Odd"))
    assert error.value.status_code == 1
    assert text in str(error.value.status_description)
    if isinstance(result, Exception):
        (event,) = logged
        assert event["log_failure"].value is result
        assert "read_instance" in event["log_failure"].getTraceback()


@pytest.mark.parametrize("result", [None, {}, {"Age": None}, {"Id": "odd"}])
def test_an_instance_for_which_nothing_is_computed_is_shown_as_it_is_stored(client: Client, result: Any) -> None:
    client.odd.result = result
    (shown,) = client("EnumerateInstances", ClassName=ClassName("T_Odd")).instances
    assert shown is client.cimom.world.find(shown.identity)


def test_enumerating_other_classes_asks_no_hook_about_instances(client: Client) -> None:
    client.odd.result = KeyError("never called")
    entries = client("EnumerateInstances", ClassName=ClassName("T_Entry")).instances
    assert all(each is client.cimom.world.find(each.identity) for each in entries)


def test_a_refresh_that_fails_is_an_error_that_says_why_and_changes_nothing(client: Client, monkeypatch: Any) -> None:  # E7
    def broken(*_: Any) -> None:
        raise RuntimeError("no catalogue today")

    before = client.cimom.world
    monkeypatch.setattr(Transaction, "synchronize", broken)
    with pytest.raises(CIMError, match=r"Catalogue.refresh failed: RuntimeError: no catalogue today"):
        names(client)
    assert client.cimom.world is before


def test_queries_and_filters_see_computed_values(client: Client) -> None:
    client.clock.advance(7)
    text = "SELECT * FROM T_Thing WHERE Age = 7"
    assert ages(client("ExecQuery", QueryLanguage="WQL", Query=text)) == {"a": 7}
    arguments = {"ClassName": ClassName("T_Thing"), "FilterQueryLanguage": "DMTF:FQL", "FilterQuery": "Age = 7"}
    assert ages(client("OpenEnumerateInstances", **arguments, MaxObjectCount=9)) == {"a": 7}
    assert [each["Id"] for each in client("OpenEnumerateInstancePaths", **arguments, MaxObjectCount=9).instances] == ["a"]


def test_a_client_may_send_back_what_it_read_although_the_value_has_moved_on(client: Client) -> None:
    client.clock.advance(7)
    read = client("GetInstance", InstanceName=A).instance
    client.clock.advance(1)
    properties = [PropertyData("Age", "uint32", False, read["Age"]), PropertyData("Note", "string", False, "written")]
    client("ModifyInstance", ModifiedInstance=NamedInstance(A, InstanceData("T_Thing", tuple(properties))))
    assert client.note == "written"
    stored = client.cimom.world.instance(A, client.cimom.world.namespace("root/test"))
    assert stored["Age"] is None


def names(client: Client) -> list[str]:
    return [each["Name"] for each in client("EnumerateInstances", ClassName=ClassName("T_Entry")).instances]


def test_refreshed_instances_are_those_of_the_moment_and_nobody_is_told(client: Client) -> None:
    assert names(client) == ["entry of a", "entry of b"]
    client("DeleteInstance", InstanceName=B)
    told = len(client.told)
    assert names(client) == ["entry of a"]
    assert len(client.told) == told
    path = InstancePath("T_Entry", (("Name", "entry of a"),))
    assert client("GetInstance", InstanceName=path).instance["Name"] == "entry of a"


def test_what_is_refreshed_is_what_an_operation_is_for_not_what_it_writes(client: Client) -> None:
    path = InstancePath("T_Entry", (("Name", "entry of a"),))
    with pytest.raises(CIMError) as error:
        client("SetProperty", NewValue=A, InstanceName=path, PropertyName="Name")
    assert error.value.status_code == 13  # and not 6: the instance was found


def test_other_classes_are_read_without_refreshing(client: Client) -> None:
    before = client.cimom.world
    client("GetInstance", InstanceName=A)
    client("EnumerateClassNames")
    assert client.cimom.world is before


# Counting


def test_operations_are_counted_well_or_not_if_that_is_wanted(client: Client) -> None:
    client("GetInstance", InstanceName=A)
    assert client.cimom.counts.operations == {}
    client.cimom.counts.wanted = True
    client("GetInstance", InstanceName=A)
    with pytest.raises(CIMError):
        client("getinstance", InstanceName=InstancePath("T_Thing", (("Id", "none"),)))
    with pytest.raises(CIMError):
        client("Nonsense")
    client.invoke("Later")
    counted = {name: count.operations for name, count in client.cimom.counts.operations.items()}
    assert counted == {"GetInstance": 2, "Unknown": 1, "InvokeMethod": 1}


def test_time_is_that_of_the_clock_and_lengths_are_those_told(client: Client, monkeypatch: Any) -> None:
    client.cimom.counts.wanted = True
    times = iter([1000.0, 1000.25])
    monkeypatch.setattr(client.clock, "now", lambda: next(times))
    client("GetInstance", InstanceName=A)
    client.cimom.measured(IntrinsicRequest("GetInstance", "root/test"), 100, 2000)
    count = client.cimom.counts.operations["GetInstance"]
    assert (count.operations, count.seconds, count.request_bytes, count.response_bytes) == (1, 0.25, 100, 2000)
