"""Copying a file into a guest over the wire, as clients of Hyper-V do it: find the service, copy, poll the job."""

from typing import TYPE_CHECKING

import pytest
from pywbem import CIMInstance, CIMInstanceName

from tests.clients.hyperv_host import DB01, WEB01, Client, component

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.conftest import Connect, Launch, Server


@pytest.fixture(scope="module")
def manual(launch: "Launch") -> "Iterator[Server]":
    with launch("--clock", "manual", "--set", "hyperv.copy_duration=8s") as running:
        yield running


@pytest.fixture
def client(connect: "Connect", manual: "Server") -> Client:
    return Client(connect(manual))


def settings(destination: str, overwrite: bool = False) -> CIMInstance:
    properties = {
        "SourcePath": "C:\\setup\\agent.msi",
        "DestinationPath": destination,
        "OverwriteExisting": overwrite,
        "CreateFullPath": True,
    }
    return CIMInstance("Msvm_CopyFileToGuestSettingData", properties)


def copy(client: Client, service: CIMInstanceName, given: CIMInstance) -> CIMInstanceName:
    value, job = client.call(service, "CopyFilesToGuest", CopyFileToGuestSettings=[given])
    assert value == 4096
    return job


def test_copied_once_and_refused_the_second_time(client: Client, manual: "Server") -> None:
    (service,) = client.conn.ExecQuery("WQL", f"SELECT * FROM Msvm_GuestFileService WHERE SystemName = '{WEB01}'")
    job = copy(client, service.path, settings("C:\\temp\\"))
    progress = []
    for _ in range(4):
        manual.advance(2)
        progress.append(client.read(job, "PercentComplete", "JobState"))
    assert progress == [[25, 4], [50, 4], [75, 4], [100, 7]]
    assert client.conn.InvokeMethod("GetErrorEx", job) == (0, {})
    job = copy(client, service.path, settings("C:\\temp\\agent.msi"))
    manual.advance(8)
    state, code, description = client.read(job, "JobState", "ErrorCode", "ErrorDescription")
    assert (state, code) == (10, 32768)
    value, outputs = client.conn.InvokeMethod("GetErrorEx", job)
    (error,) = outputs["Errors"]
    assert (value, error.classname, error["Message"]) == (0, "Msvm_Error", description)
    job = copy(client, service.path, settings("C:\\temp\\agent.msi", overwrite=True))
    manual.advance(8)
    assert client.read(job, "JobState") == [7]


def test_section_8_the_way_from_machine_to_service(client: Client) -> None:
    for guid, started in ((WEB01, True), (DB01, False)):
        services = client.conn.Associators(
            component(guid), AssocClass="Msvm_RegisteredGuestService", ResultClass="Msvm_GuestFileService"
        )
        (service,) = services
        assert service["Started"] is started
    value = client.call(service.path, "CopyFilesToGuest", CopyFileToGuestSettings=[settings("C:\\x")])
    assert value == (32775, None)
    value = client.call(service.path, "CopyFilesToGuest", CopyFileToGuestSettings=[])
    assert value == (32773, None)


def test_a_copy_is_cancelled(client: Client, manual: "Server") -> None:
    (service,) = client.conn.ExecQuery("WQL", f"SELECT * FROM Msvm_GuestFileService WHERE SystemName = '{WEB01}'")
    job = copy(client, service.path, settings("C:\\cancelled"))
    assert client.request(job, 4) == (0, None)
    assert client.read(job, "JobState") == [8]
    job = copy(client, service.path, settings("C:\\cancelled"))
    manual.advance(8)
    assert client.read(job, "JobState") == [7]
