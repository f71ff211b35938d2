"""Virtual machines over the wire, as libvirt and os-win use them: ask for a state, poll the job, read the machine."""

from typing import TYPE_CHECKING, Any

import pytest
from pywbem import CIM_ERR_NOT_FOUND, CIMError, Uint16, Uint32

from tests.clients.hyperv_host import (
    DB01,
    DEVICES,
    OLD01,
    VMMS,
    WEB01,
    Client,
    component,
    file_service,
    interface_settings,
    machine,
    system_settings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pywbem import CIMInstance

    from tests.clients.conftest import Connect, Launch, Server


@pytest.fixture(scope="module")
def manual(launch: "Launch") -> "Iterator[Server]":
    """A server whose clock is advanced by hand, with machines and settings that take their time."""
    settings = ("hyperv.machine_transition=10s", "hyperv.settings_transition=4s")
    with launch("--clock", "manual", *(word for setting in settings for word in ("--set", setting))) as running:
        yield running


@pytest.fixture
def client(connect: "Connect", manual: "Server") -> Client:
    return Client(connect(manual))


def status(client: Client, guid: str) -> list[Any]:
    return client.read(machine(guid), "EnabledState", "RequestedState", "OperationalStatus", "Status")


def test_a_machine_is_started_and_turned_off(client: Client, manual: "Server") -> None:
    for state, passing, job_type in ((2, 10, 12), (3, 4, 13)):
        job = client.ask(machine(OLD01), state)
        assert (job["JobType"], job["JobState"], job["PercentComplete"]) == (job_type, 4, 0)
        assert status(client, OLD01) == [passing, state, [11], "Service"]
        assert client.request(machine(OLD01), state) == (32775, None)
        manual.advance(4)
        assert client.read(job.path, "PercentComplete", "JobState") == [40, 4]
        manual.advance("next")
        assert client.read(job.path, "PercentComplete", "JobState", "ErrorCode") == [100, 7, 0]
        assert status(client, OLD01) == [state, 12, [2], "OK"]
        assert client.components(OLD01) == (list(DEVICES) if state == 2 else [])
        assert client.exists(file_service(OLD01)) == (state == 2)
    assert client.read(machine(OLD01), "ProcessID", "OnTimeInMilliseconds") == [None, 0]


def test_a_job_is_reached_from_the_machine_and_goes(client: Client, manual: "Server") -> None:
    job = client.ask(machine(DB01), 9)
    (affecting,) = client.conn.Associators(machine(DB01), AssocClass="Msvm_AffectedJobElement", ResultClass="CIM_ConcreteJob")
    assert affecting["InstanceID"] == job["InstanceID"]
    (owner,) = client.conn.AssociatorNames(job.path, AssocClass="Msvm_OwningJobElement")
    assert owner["Name"] == "vmms"
    manual.advance(10)
    assert status(client, DB01)[0] == 9
    manual.advance(301)
    with pytest.raises(CIMError) as error:
        client.get(job.path)
    assert error.value.status_code == CIM_ERR_NOT_FOUND
    client.ask(machine(DB01), 2)
    manual.advance(10)


def test_libvirt_shuts_a_guest_down(client: Client, manual: "Server") -> None:
    """It looks the component up by a query, and reads the state of the machine afterwards."""
    query = f"SELECT * FROM Msvm_ShutdownComponent WHERE SystemName = '{DB01}'"
    (found,) = client.conn.ExecQuery("WQL", query)
    assert client.call(component(DB01, "Msvm_ShutdownComponent"), "InitiateShutdown", Force=False, Reason="libvirt") == (
        0,
        None,
    )
    assert found["EnabledState"] == 2
    assert status(client, DB01)[0] == 4
    manual.advance(10)
    assert status(client, DB01)[0] == 3
    assert client.conn.ExecQuery("WQL", query) == []
    client.ask(machine(DB01), 2)
    manual.advance(10)
    assert status(client, DB01)[0] == 2


def test_enabling_the_interface_as_a_client_does(client: Client, manual: "Server") -> None:
    """Read the settings, change them, send them back as an embedded instance, poll the job."""
    for state in (2, 3):
        settings = client.get(interface_settings(DB01))
        settings["EnabledState"] = Uint16(state)
        settings.path = None
        value, job = client.call(VMMS, "ModifyResourceSettings", ResourceSettings=[settings])
        assert (value, client.read(job, "JobType", "JobState")) == (4096, [31, 4])
        manual.advance(4)
        assert client.read(job, "JobState") == [7]
        assert client.read(component(DB01), "EnabledState") == [state]
        assert client.read(file_service(DB01), "Started") == [state == 2]


def test_the_summary_of_all_machines(client: Client) -> None:
    value, outputs = client.conn.InvokeMethod(
        "GetSummaryInformation",
        VMMS,
        SettingData=[system_settings(each) for each in (WEB01, OLD01)],
        RequestedInformation=[Uint32(each) for each in (1, 4, 100, 103, 104, 105)],
    )
    summaries: list[CIMInstance] = outputs["SummaryInformation"]
    assert (value, [each["ElementName"] for each in summaries]) == (0, ["web01", "old01"])
    assert [each["EnabledState"] for each in summaries] == [2, 3]
    assert summaries[0]["UpTime"] > 0
    assert [each["Heartbeat"] for each in summaries] == [2, None]


def test_polling_alone_brings_a_machine_up(launch: "Launch", connect: "Connect") -> None:
    with launch("--set", "hyperv.machine_transition=3 reads") as server:
        client = Client(connect(server))
        job = client.ask(machine(OLD01), 2)  # reads it once
        assert [client.read(job.path, "JobState") for _ in range(3)] == [[4], [4], [7]]
        assert status(client, OLD01)[0] == 2
