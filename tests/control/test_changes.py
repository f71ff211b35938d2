"""Instances that are created, changed and deleted, and methods that are called, by the control API in the way of a client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from pywbem import Uint16

from cimsim.control.client import ControlClient, RefusedError
from cimsim.testing.simulator import Simulator
from tests.control.conftest import NAMESPACE
from tests.control.served import served

INTEROP = "root/interop"
FILTER = "CIM_IndicationFilter"
QUERY = {"Query": "SELECT * FROM CIM_InstCreation", "QueryLanguage": "WQL", "SourceNamespaces": [NAMESPACE]}


def guest(client: ControlClient) -> str:
    return client.instances(NAMESPACE, "Msvm_GuestFileService", where="Started = TRUE").instances[0].path


def value(client: ControlClient, path: str, name: str) -> object:
    return next(each.value for each in client.instance(path).properties if each.name == name)


def refusal(error: pytest.ExceptionInfo[RefusedError]) -> tuple[int, int, str, str]:
    return error.value.status, error.value.cim_status, error.value.field, error.value.nearest


def test_an_instance_is_created_changed_and_deleted(client: ControlClient) -> None:
    created = client.create(INTEROP, FILTER, {"Name": "x", **QUERY})
    assert (created.classname, value(client, created.path, "SourceNamespaces")) == (FILTER, [NAMESPACE])
    changed = client.modify(created.path, {"Query": "SELECT * FROM CIM_InstDeletion"})
    assert changed.path == created.path
    assert value(client, created.path, "Query") == "SELECT * FROM CIM_InstDeletion"
    client.delete(created.path)
    with pytest.raises(RefusedError) as refused:
        client.delete(created.path)
    assert refusal(refused)[:3] == (404, 6, "path")
    records = client.calls().exchanges
    assert [(each.protocol, each.calls[0].operation, each.calls[0].status) for each in records] == [
        ("control", "CreateInstance", 0),
        ("control", "ModifyInstance", 0),
        ("control", "DeleteInstance", 0),
    ]


def test_what_a_client_is_refused_is_refused(client: ControlClient) -> None:
    path = client.create(INTEROP, FILTER, {"Name": "x", **QUERY}).path
    for properties, expected in (
        ({"Name": "x", **QUERY}, (409, 11, "properties", "")),
        ({"Nam": "x"}, (400, 4, "properties.Nam", "Name")),
        ({"Name": 5}, (400, 4, "properties.Name", "")),
        ({"Name": ["x"]}, (400, 4, "properties.Name", "")),
        ({"Name": {"clas": "X"}}, (400, 4, "properties.Name", "")),
    ):
        with pytest.raises(RefusedError) as refused:
            client.create(INTEROP, FILTER, properties)
        assert refusal(refused) == expected
    with pytest.raises(RefusedError) as refused:
        client.modify(path, {"ElementName": "x"})
    assert refusal(refused) == (400, 4, "properties.ElementName", "")
    assert "read-only" in str(refused.value)
    with pytest.raises(RefusedError) as refused:
        client.create(INTEROP, "CIM_IndicationFiltr", {})
    assert refusal(refused) == (404, 5, "classname", FILTER)


def test_a_method_is_called_and_says_what_it_returned(client: ControlClient) -> None:
    path = guest(client)
    done = client.invoke(path, "stopservice")
    assert (done.returned, done.outputs) == (0, {})
    assert value(client, path, "Started") is False
    machine = client.instances(NAMESPACE, "Msvm_ComputerSystem", where="ElementName = 'web01'").instances[0].path
    begun = client.invoke(machine, "RequestStateChange", {"RequestedState": 3})
    assert (begun.returned, begun.text) == (4096, "Method Parameters Checked - Transition Started")
    assert client.instance(begun.outputs["Job"]).classname == "Msvm_ConcreteJob"


def test_references_are_read_from_json(client: ControlClient) -> None:
    services = client.instances(NAMESPACE, "Msvm_VirtualSystemManagementService").instances
    machine = client.instances(NAMESPACE, "Msvm_ComputerSystem", where="ElementName = 'web01'").instances[0].path
    refused_by_provider = client.invoke(services[0].path, "DestroySystem", {"AffectedSystem": machine})
    assert (refused_by_provider.returned, refused_by_provider.text) == (5, "Invalid State")  # it runs
    with pytest.raises(RefusedError) as refused:
        client.invoke(services[0].path, "DestroySystem", {"AffectedSystem": "nothing"})
    assert refusal(refused)[:3] == (400, 4, "parameters.AffectedSystem")


def test_a_fault_acts_on_a_call_as_a_client_only(client: ControlClient) -> None:
    path = guest(client)
    client.add_fault(method="StopService", error=["failed", "the guest is busy"])
    with pytest.raises(RefusedError) as refused:
        client.invoke(path, "StopService")
    assert (refused.value.status, refused.value.cim_status, str(refused.value)) == (409, 1, "the guest is busy")
    assert refused.value.fault == client.faults()[0].number
    recorded = client.status().exchanges
    assert client.invoke(path, "StopService", as_client=False).returned == 0
    assert client.status().exchanges == recorded
    assert client.faults()[0].matched == 1


@pytest.mark.parametrize(
    "words",
    [{"delay": 3600}, {"delay": "3600s clock", "trickle": 1}, {"reset": "before"}, {"truncate": 1}, {"stale": True}],
    ids=str,
)
def test_what_a_rule_does_to_an_answer_it_does_not_do_to_that_of_the_control_plane(
    client: ControlClient, words: dict[str, Any]
) -> None:
    """The answer says which rule acted."""
    path = guest(client)
    rule = client.add_fault(**words)
    number = client.faults()[0].number
    assert client.invoke(path, "StopService").fault == number
    assert client.modify(path, {}).fault == number
    assert client.invoke(path, "StartService", as_client=False).fault is None
    assert client.instance(path).fault is None
    assert rule.number == number


def test_an_http_status_of_a_rule_is_a_refusal(client: ControlClient) -> None:
    path = guest(client)
    client.add_fault(http=503)
    with pytest.raises(RefusedError, match="503") as refused:
        client.invoke(path, "StopService")
    assert (refused.value.status, refused.value.cim_status) == (409, 1)
    assert refused.value.fault == client.faults()[0].number


def test_what_is_called_has_to_exist(client: ControlClient) -> None:
    path = guest(client)
    with pytest.raises(RefusedError) as refused:
        client.invoke(path, "StopServce")
    assert refusal(refused) == (404, 17, "method", "StopService")
    with pytest.raises(RefusedError) as refused:
        client.invoke(path, "RequestStateChange", {"RequestdState": 2})
    assert refusal(refused) == (400, 4, "parameters.RequestdState", "RequestedState")
    with pytest.raises(RefusedError) as refused:
        client.invoke_static(NAMESPACE, "Msvm_GuestFileService", "StopService")
    assert refusal(refused)[:2] == (409, 16)
    for body, field in (
        ({"method": "StopService"}, "namespace"),
        ({"method": "StopService", "namespace": NAMESPACE}, "classname"),
        ({"method": "StopService", "path": path, "classname": "X"}, "path"),
        ({"path": path}, "method"),
        ({"method": "StopService", "path": path, "as_client": "yes"}, "as_client"),
    ):
        with pytest.raises(RefusedError) as refused:
            client._send("POST", "/invoke", dict, body)
        assert refused.value.status == 400
        assert field in {refused.value.field, *str(refused.value).split("`")}


def test_who_may_do_nothing_as_a_client_may_do_it_by_the_control_plane() -> None:
    with served("interop", user=["eve:x"], role=["eve=read"], clock="manual") as (_, client):
        created = client.create(INTEROP, FILTER, {"Name": "x", "Query": QUERY["Query"], "QueryLanguage": "WQL"})
        assert client.instance(created.path).path == created.path


@contextmanager
def heard(sim: Simulator) -> Iterator[list[str]]:
    """Hold what subscribers are notified of."""
    kinds: list[str] = []
    listener = lambda _, events: kinds.extend(type(each).__name__ for each in events)  # noqa: E731
    sim.in_reactor(sim.controlled.cimom.listeners.append, listener)
    yield kinds
    sim.in_reactor(sim.controlled.cimom.listeners.remove, listener)


@pytest.mark.parametrize("as_client", [True, False])
@pytest.mark.parametrize("silent", [True, False])
def test_subscribers_are_notified_unless_it_is_done_silently(
    client: ControlClient, sim: Simulator, *, as_client: bool, silent: bool
) -> None:
    how: Any = {"as_client": as_client, "silent": silent}
    path, recorded, changes = guest(client), client.status().exchanges, 0
    there = client.instances(INTEROP, FILTER)
    keys = {**there.instances[0].properties, "Name": "x"}
    keys = {name: keys[name] for name in ("SystemCreationClassName", "SystemName", "CreationClassName", "Name")}
    with heard(sim) as kinds:
        for change in (
            lambda: client.invoke(path, "StopService", **how),
            lambda: client.create(INTEROP, FILTER, {**keys, **QUERY}, **how),
            lambda: client.modify(made(client), {"Query": "SELECT * FROM CIM_InstDeletion"}, **how),
            lambda: client.delete(made(client), **how),
        ):
            change()
            changes += 1
            assert (kinds == []) is silent
            kinds.clear()
    assert value(client, path, "Started") is False
    assert client.instances(INTEROP, FILTER).total == there.total
    assert client.status().exchanges == recorded + (changes if as_client else 0)


def made(client: ControlClient) -> str:
    return client.instances(INTEROP, FILTER, where="Name = 'x'").instances[0].path


def test_what_comes_of_a_method_later_is_reported_all_the_same(sim: Simulator, client: ControlClient) -> None:
    machine = sim.find("Msvm_ComputerSystem", ElementName="web01")[0].path
    with heard(sim) as kinds:
        sim.invoke(machine, "RequestStateChange", RequestedState=Uint16(3), silent=True)
        assert kinds == []
        sim.advance(3600)
        assert "Change" in kinds
        assert sim.get(machine)["EnabledState"] == 3
        kinds.clear()
        sim.invoke(machine, "RequestStateChange", RequestedState=Uint16(2))
        assert "Change" in kinds


def test_read_only_properties_are_changed_where_nobody_is_a_client(client: ControlClient) -> None:
    path = guest(client)
    with pytest.raises(RefusedError) as refused:
        client.modify(path, {"Started": False})
    assert refused.value.field == "properties.Started"
    assert client.modify(path, {"Started": False}, as_client=False).path == path
    assert value(client, path, "Started") is False
    for properties, field in (({"Startd": True}, "properties.Startd"), ({"Started": "maybe"}, "properties.Started")):
        with pytest.raises(RefusedError) as refused:
            client.modify(path, properties, as_client=False)
        assert (refused.value.status, refused.value.field) == (400, field)
    with pytest.raises(RefusedError) as refused:
        client._send("DELETE", f"/instance?path={quote(path)}&silently=true", dict)
    assert (refused.value.status, refused.value.nearest) == (400, "silent")
