"""GetSummaryInformation, as os-win and libvirt ask for it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.hyperv.conftest import Host, MakeHost


def summaries(host: "Host", requested: list[int], settings: Any = None) -> list[dict[str, Any]]:
    vmms = host.the("Msvm_VirtualSystemManagementService")
    value, outputs = host.call(vmms, "GetSummaryInformation", SettingData=settings, RequestedInformation=requested)
    assert value == 0
    found = outputs["SummaryInformation"]
    assert all(each.classname == "Msvm_SummaryInformation" for each in found)
    return [{name: value for name, value in each.items() if value is not None} for each in found]


def test_all_machines_without_setting_data(make_host: "MakeHost") -> None:
    host = make_host()
    host.ask(host.machine("web01"), 11)
    host.clock.advance(5)
    found = {each["ElementName"]: each for each in summaries(host, [1, 4, 100, 103, 104, 105, 106])}
    assert list(found) == ["web01", "db01", "old01"]
    web01 = {**found["web01"]}
    assert web01.pop("Name") == host.machine("web01")["Name"]
    assert web01 == {
        "ElementName": "web01",
        "NumberOfProcessors": 2,
        "EnabledState": 2,
        "MemoryUsage": 2048,
        "Heartbeat": 2,
        "UpTime": 5000,
        "GuestOperatingSystem": "Windows Server 2022 Standard",
    }
    old01 = {name: value for name, value in found["old01"].items() if name not in ("Name", "ElementName")}
    assert old01 == {"NumberOfProcessors": 2, "EnabledState": 3, "MemoryUsage": 0, "UpTime": 0}


def test_the_machines_of_setting_data_in_their_order(make_host: "MakeHost") -> None:
    host = make_host()
    settings = [host.the("Msvm_VirtualSystemSettingData", name) for name in ("old01", "web01")]
    assert [each["Name"] for each in summaries(host, [], settings)] == [
        host.machine(name)["Name"] for name in ("old01", "web01")
    ]


def test_settings_that_are_not_there_have_an_empty_name(make_host: "MakeHost") -> None:
    host = make_host()
    path = host.the("Msvm_VirtualSystemSettingData", "old01").path
    unknown = type(path)(path.classname, (("InstanceID", "Microsoft:none"),))
    assert summaries(host, [1], [unknown]) == [{"Name": ""}]


def test_jobs_that_run_are_embedded(make_host: "MakeHost") -> None:
    host = make_host(machine_transition="10s")
    job = host.ask(host.machine("old01"), 2)
    (found,) = summaries(host, [108, 110, 111], [host.the("Msvm_VirtualSystemSettingData", "old01")])
    (task,) = found["AsynchronousTasks"]
    assert (task["InstanceID"], task["JobType"]) == (job["InstanceID"], 12)
    assert (found["OperationalStatus"], found["StatusDescriptions"]) == ([11], ["In service"])
    host.clock.advance(10)
    assert "Heartbeat" in summaries(host, [104], [host.the("Msvm_VirtualSystemSettingData", "old01")])[0]


def test_every_documented_number_is_taken_and_others_are_refused(make_host: "MakeHost") -> None:
    host = make_host()
    everything = [*range(12), *range(100, 124), 132, 133]
    (web01, *_) = summaries(host, everything)
    assert {"CreationTime", "Version", "HealthState", "ProcessorLoad", "ReplicationState"} <= set(web01)
    vmms = host.the("Msvm_VirtualSystemManagementService")
    assert host.call(vmms, "GetSummaryInformation", RequestedInformation=[99])[0] == 32773
