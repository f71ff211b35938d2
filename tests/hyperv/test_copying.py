"""Copying files into a guest: the service, its job and what it refuses."""

from typing import TYPE_CHECKING, Any

import pytest
from pywbem import CIMError, CIMInstance

from cimsim.packs.pack_errors import PackError

if TYPE_CHECKING:
    from cimsim.world.instances import Instance
    from tests.hyperv.conftest import Host, MakeHost

FILES = "Msvm_GuestFileService"
INTERFACE = "Msvm_GuestServiceInterfaceComponent"
TARGET = "C:\\in\\report.txt"


def file(destination: Any = TARGET, source: Any = "D:\\out\\report.txt", **more: Any) -> CIMInstance:
    given = {"SourcePath": source, "DestinationPath": destination, **more}
    present = {name: value for name, value in given.items() if value is not None}
    return CIMInstance("Msvm_CopyFileToGuestSettingData", present)


def copy(host: "Host", *files: CIMInstance, machine: str = "web01") -> tuple[int, "Instance | None"]:
    value, outputs = host.call(host.the(FILES, machine), "CopyFilesToGuest", CopyFileToGuestSettings=list(files))
    return value, host.transaction().get(outputs["Job"]) if "Job" in outputs else None


def start(host: "Host", *files: CIMInstance) -> "Instance":
    value, job = copy(host, *files)
    assert value == 4096
    assert job is not None
    return job


def end(job: "Instance") -> tuple[Any, ...]:
    return job["JobState"], job["ErrorCode"], job["OperationalStatus"]


DONE = (7, 0, (2,))


def test_a_copy_runs_and_completes(make_host: "MakeHost") -> None:
    host = make_host(copy_duration="8s")
    job = start(host, file())
    assert (job["JobState"], job["JobType"], job["Cancellable"]) == (4, 180, True)
    host.clock.advance(2)
    assert host.read(job)["PercentComplete"] == 25
    host.clock.advance(6)
    assert end(host.now(job)) == DONE
    assert host.now(job)["PercentComplete"] == 100
    assert host.call(job, "GetErrorEx") == (0, {})


def test_a_copy_tells_of_the_job_and_of_the_machine(make_host: "MakeHost") -> None:
    host = make_host(copy_duration="8s")
    start(host, file())
    links = ["created Msvm_OwningJobElement", "created Msvm_AffectedJobElement"]
    assert host.told() == ["created Msvm_ConcreteJob", *links, "modified Msvm_ConcreteJob"]
    host.clock.advance(8)
    assert host.told() == ["modified Msvm_ComputerSystem", "modified Msvm_ConcreteJob"]
    assert host.machine("web01")["TimeOfLastConfigurationChange"] == "20250310120008.000000-000"


def test_a_second_copy_finds_the_file(make_host: "MakeHost") -> None:
    host = make_host()
    assert end(start(host, file())) == DONE
    failed = start(host, file(TARGET.upper().replace("\\", "/")))
    assert end(failed) == (10, 32768, (6,))
    assert "0x80070050" in failed["ErrorDescription"]
    (error,) = host.call(failed, "GetErrorEx")[1]["Errors"]
    assert error.classname == "Msvm_Error"
    assert "0x80070050" in error["Message"]
    assert host.call(failed, "GetError")[1]["Error"]["Message"] == failed["ErrorSummaryDescription"]
    assert end(start(host, file(OverwriteExisting=True))) == DONE
    host.ask(host.machine("web01"), 11)
    assert end(start(host, file()))[0] == 10


def test_a_directory_keeps_the_name_of_the_file(make_host: "MakeHost") -> None:
    host = make_host()
    assert end(start(host, file("C:\\in\\"))) == DONE
    assert end(start(host, file()))[0] == 10


def test_several_files_are_copied_all_or_none(make_host: "MakeHost") -> None:
    host = make_host()
    assert end(start(host, file("C:\\a"), file("C:\\b"), file("C:\\a")))[0] == 10
    assert end(start(host, file("C:\\a"), file("C:\\b"))) == DONE


@pytest.mark.parametrize(
    "files",
    [[], [file(None)], [file("")], [file(source=None)], [file("C:\\a"), file(source="")]],
    ids=["none", "no destination", "empty destination", "no source", "second without source"],
)
def test_settings_without_paths_are_invalid(make_host: "MakeHost", files: list[CIMInstance]) -> None:
    host = make_host()
    assert copy(host, *files) == (32773, None)
    assert host.told() == []


def test_the_interface_or_the_service_does_not_run(make_host: "MakeHost") -> None:
    host = make_host()
    assert copy(host, file(), machine="db01") == (32775, None)
    host.call(host.the(FILES, "web01"), "StopService")
    assert copy(host, file()) == (32775, None)
    host.call(host.the(FILES, "web01"), "StartService")
    host.ask(host.machine("web01"), 9)
    assert copy(host, file()) == (32775, None)
    assert copy(make_host(copy_refused_answer=32777), file(), machine="db01") == (32777, None)


def test_of_a_machine_that_is_off_nothing_is_found(make_host: "MakeHost") -> None:
    host = make_host()
    service = host.the(FILES, "web01")
    host.ask(host.machine("web01"), 3)
    with pytest.raises(CIMError) as error:
        host.call(service, "CopyFilesToGuest", CopyFileToGuestSettings=[file()])
    assert error.value.status_code == 6


def test_windows_strict_copies_too(make_host: "MakeHost") -> None:
    assert end(start(make_host(profile="windows-strict"), file())) == DONE


@pytest.mark.longer
@pytest.mark.parametrize("duration", ["immediate", "5s", "1 reads"])
def test_a_guest_that_does_not_answer(make_host: "MakeHost", duration: str) -> None:
    host = make_host(silent_guests=["web01"], copy_duration=duration)
    job = start(host, file())
    if duration == "1 reads":
        host.read(job)
    host.clock.advance(5)
    assert end(host.now(job)) == (10, 32777, (6,))
    component = host.the(INTERFACE, "web01")
    assert (component["OperationalStatus"], component["StatusDescriptions"]) == ((13,), ("Lost Communication",))


def test_a_guest_that_has_not_answered_yet(make_host: "MakeHost") -> None:
    host = make_host(guest_contact="30s")
    host.ask(host.machine("web01"), 11)
    assert end(start(host, file()))[:2] == (10, 32777)
    host.clock.advance(30)
    assert end(start(host, file())) == DONE


def test_a_machine_turned_off_ends_its_copies(make_host: "MakeHost") -> None:
    host = make_host(copy_duration="5s")
    job = start(host, file())
    host.clock.advance(1)
    host.ask(host.machine("web01"), 3)
    assert end(host.now(job)) == (10, 32775, (6,))
    assert host.now(job)["PercentComplete"] == 20


@pytest.mark.parametrize("request_", [10, 11, 6], ids=["reboot", "reset", "save"])
@pytest.mark.parametrize("classname", ["Msvm_ConcreteJob", "Msvm_CopyFileToGuestJob"])
def test_a_copy_does_not_outlive_a_restart(make_host: "MakeHost", request_: int, classname: str) -> None:
    host = make_host(copy_duration="5s", copy_job_class=classname)
    other = start(host, file())
    host.clock.advance(5)
    job = start(host, file("C:\\in\\other.txt"))
    host.ask(host.machine("web01"), request_)
    host.clock.advance(5)
    assert end(host.now(job)) == (10, 32775, (6,))
    assert end(host.now(other)) == DONE
    if request_ != 6:
        job = start(host, file("C:\\in\\other.txt"))
        host.clock.advance(5)
        assert end(host.now(job)) == DONE, "nothing was left half-done"


def test_a_failure_can_be_set(make_host: "MakeHost") -> None:
    job = start(make_host(copy_failure="112: The disk is full."), file())
    assert end(job) == (10, 112, (6,))
    assert job["ErrorDescription"] == "The disk is full."
    with pytest.raises(PackError, match="CODE: DESCRIPTION"):
        make_host(copy_failure="full")


# Jobs


def test_a_copy_can_be_cancelled(make_host: "MakeHost") -> None:
    host = make_host(copy_duration="5s")
    job = start(host, file())
    assert host.request(job, 3)[0] == 1
    assert host.request(job, 9)[0] == 5
    assert host.request(job, 4) == (0, None)
    assert host.now(job)["JobState"] == 8
    assert host.request(job, 4)[0] == 4097
    host.clock.advance(5)
    job = start(host, file())
    host.clock.advance(5)
    assert end(host.now(job)) == DONE


def test_section_11_the_job_may_be_of_the_older_class(make_host: "MakeHost") -> None:
    host = make_host(copy_job_class="Msvm_CopyFileToGuestJob", copy_duration="5s")
    job = start(host, file())
    assert job.cls.name == "Msvm_CopyFileToGuestJob"
    assert job["VirtualSystemName"] == host.machine("web01")["Name"]
    (text,) = job["CopyFileToGuestSettingData"]
    assert "D:\\out\\report.txt" in text
    assert host.request(job, 3)[0] == 32770
    assert host.request(job, 9)[0] == 32773
    assert host.request(job, 5) == (0, None)
    assert host.request(job, 5)[0] == 32775
    assert host.call(job, "GetError")[1]["Error"].classname == "Msvm_Error"
    host.clock.advance(301)
    assert host.all("CIM_ConcreteJob") == []
