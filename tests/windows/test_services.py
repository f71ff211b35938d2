"""Win32_Service: what its methods return and which states they lead to, as Microsoft documents them."""

from typing import Any

import pytest
from pywbem import CIM_ERR_METHOD_NOT_AVAILABLE, CIM_ERR_NOT_SUPPORTED, CIMError

from cimsim.operations.request import ClassName
from cimsim.packs.pack_errors import PackError
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.paths import InstancePath
from tests.windows.conftest import MakeWindows, Windows


@pytest.mark.longer
def test_a_service_stops_and_starts_with_all_that_goes_with_it(windows: Windows) -> None:
    before = windows.service("Spooler")
    assert before["ProcessId"] in windows.processes()
    assert windows.call("Spooler", "StopService") == 0
    stopped = windows.service("Spooler")
    names = ("State", "Started", "ProcessId", "AcceptStop", "AcceptPause", "ExitCode", "Status")
    assert [stopped[name] for name in names] == ["Stopped", False, 0, False, False, 0, "OK"]
    assert before["ProcessId"] not in windows.processes()
    assert windows.call("Spooler", "StopService") == 5
    assert windows.call("Spooler", "StartService") == 0
    started = windows.service("Spooler")
    assert [started[name] for name in names if name != "ProcessId"] == ["Running", True, True, False, 0, "OK"]
    assert started["ProcessId"] in windows.processes()
    assert windows.call("Spooler", "StartService") == 10


@pytest.mark.parametrize(
    ("name", "method", "code"),
    [
        ("RemoteAccess", "StartService", 14),
        ("W32Time", "StopService", 5),
        ("Winmgmt", "StopService", 3),
        ("nsi", "StopService", 3),
        ("BFE", "StopService", 3),
        ("MpsSvc", "StopService", 4),
        ("SamSs", "StopService", 3),
        ("Spooler", "PauseService", 4),
        ("W32Time", "PauseService", 5),
        ("Spooler", "ResumeService", 10),
        ("W32Time", "ResumeService", 5),
        ("Spooler", "InterrogateService", 0),
        ("W32Time", "InterrogateService", 5),
    ],
)
def test_what_is_refused_changes_nothing(windows: Windows, name: str, method: str, code: int) -> None:
    before = windows.service(name)
    assert windows.call(name, method) == code
    assert windows.service(name) is before


def test_pause_and_resume(windows: Windows) -> None:
    assert windows.call("LanmanWorkstation", "PauseService") == 0
    assert windows.state("LanmanWorkstation") == "Paused"
    assert windows.call("LanmanWorkstation", "PauseService") == 24
    assert windows.call("LanmanWorkstation", "StartService") == 10
    assert windows.call("LanmanWorkstation", "ChangeStartMode", StartMode="Disabled") == 0
    assert windows.call("LanmanWorkstation", "ResumeService") == 0
    assert windows.state("LanmanWorkstation") == "Running"


def test_what_a_service_needs_is_started_first(windows: Windows) -> None:
    assert [windows.call(name, "StopService") for name in ("SENS", "EventSystem")] == [0, 0]
    assert windows.call("SENS", "StartService") == 0
    assert (windows.state("SENS"), windows.state("EventSystem")) == ("Running", "Running")


def test_what_it_needs_may_fail(windows: Windows) -> None:
    for name in ("SENS", "EventSystem"):
        windows.call(name, "StopService")
    windows.call("EventSystem", "ChangeStartMode", StartMode="Disabled")
    assert windows.call("SENS", "StartService") == 13
    assert windows.call("EventSystem", "Delete") == 0
    assert windows.call("SENS", "StartService") == 12


def test_services_that_need_one_another_do_not_start(windows: Windows) -> None:
    for name, other in (("One", "Two"), ("Two", "One")):
        assert windows.create(Name=name, PathName="x.exe", ServiceDependencies=[other]) == 0
    assert windows.call("One", "StartService") == 18


def test_settings_for_what_goes_wrong(make: MakeWindows) -> None:
    windows = make(missing_executables=["VSS"], hanging_services=["bits", "Spooler"])
    assert windows.call("VSS", "StartService") == 9
    assert windows.call("BITS", "StartService") == 7
    assert windows.service("BITS")["ExitCode"] == 1053
    assert windows.call("Spooler", "StopService") == 7
    assert windows.call("Spooler", "InterrogateService") == 7
    assert windows.call("Spooler", "UserControlService", ControlCode=128) == 7
    assert windows.call("Spooler", "UserControlService", ControlCode=1) == 4
    assert windows.state("Spooler") == "Running"


def test_a_slow_service_is_pending(make: MakeWindows) -> None:
    windows = make(transition="10s")
    assert windows.call("W32Time", "StartService") == 0
    assert windows.call("W32Time", "UserControlService", ControlCode=200) == 5
    assert windows.call("W32Time", "InterrogateService") == 0
    starting = windows.service("W32Time")
    assert [starting[name] for name in ("State", "Started", "AcceptStop", "CheckPoint")] == ["Start Pending", False, False, 1]
    assert windows.call("W32Time", "StopService") == 5
    windows.clock.advance(10)
    assert windows.state("W32Time") == "Running"
    assert windows.call("W32Time", "StopService") == 0
    stopping = windows.service("W32Time")
    assert (stopping["State"], stopping["Started"]) == ("Stop Pending", True)
    windows.clock.advance(10)
    assert windows.state("W32Time") == "Stopped"


@pytest.mark.parametrize(("code", "answer"), [(127, 4), (128, 0), (255, 0), (None, 4)])
def test_control_codes_of_the_services_own(windows: Windows, code: int | None, answer: int) -> None:
    assert windows.call("Spooler", "UserControlService", ControlCode=code) == answer


@pytest.mark.parametrize(
    ("mode", "code", "shown"), [("Automatic", 0, "Auto"), ("disabled", 0, "Disabled"), ("Auto", 21, "Manual")]
)
def test_start_modes(windows: Windows, mode: str, code: int, shown: str) -> None:
    assert windows.call("BITS", "ChangeStartMode", StartMode=mode) == code
    assert windows.service("BITS")["StartMode"] == shown


def test_a_service_is_installed_and_deleted(windows: Windows) -> None:
    assert windows.create(Name="New", DisplayName="New Service", PathName=r"C:\new.exe", StartMode="Manual") == 0
    new = windows.service("New")
    assert [new[name] for name in ("State", "ExitCode", "StartMode", "StartName")] == ["Stopped", 1077, "Manual", "LocalSystem"]
    assert windows.call("New", "StartService") == 0
    assert windows.call("New", "Delete") == 0
    assert windows.call("New", "Delete") == 16
    assert "New" in windows.names()
    assert windows.call("New", "StopService") == 0
    assert "New" not in windows.names()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"Name": "spooler", "PathName": "x"}, 23),
        ({"Name": "New", "DisplayName": "print spooler", "PathName": "x"}, 19),
        ({"Name": "", "PathName": "x"}, 20),
        ({"Name": r"a\b", "PathName": "x"}, 20),
        ({"Name": "x" * 257, "PathName": "x"}, 20),
        ({"Name": "New"}, 21),
        ({"Name": "New", "PathName": "x", "ServiceType": 3}, 21),
        ({"Name": "New", "PathName": "x", "ErrorControl": 9}, 21),
        ({"Name": "New", "PathName": "x", "StartMode": "Auto"}, 21),
        ({"Name": "New", "PathName": "x", "DesktopInteract": True, "StartName": r"NT AUTHORITY\LocalService"}, 21),
        ({"Name": "New", "PathName": "x", "StartName": "nobody"}, 22),
    ],
)
def test_services_that_are_not_installed(windows: Windows, arguments: dict[str, Any], code: int) -> None:
    before = windows.names()
    assert windows.create(**arguments) == code
    assert windows.names() == before


def test_change_leaves_what_is_null(windows: Windows) -> None:
    assert windows.call("BITS", "Change", DisplayName="Other") == 0
    changed = windows.service("BITS")
    assert (changed["DisplayName"], changed["Caption"], changed["StartMode"]) == ("Other", "Other", "Manual")
    assert windows.call("BITS", "Change", DisplayName="Print Spooler") == 19


def test_instances_are_not_written_but_by_methods(windows: Windows) -> None:
    path = InstancePath("Win32_Service", (("Name", "BITS"),))
    with pytest.raises(CIMError) as caught:
        windows.perform("CreateInstance", NewInstance=InstanceData("Win32_Service", (PropertyData("Name", None, False, "X"),)))
    assert caught.value.status_code == CIM_ERR_NOT_SUPPORTED
    windows.perform("DeleteInstance", InstanceName=path)
    assert "BITS" not in windows.names()


def test_security_descriptors_are_not_simulated(windows: Windows) -> None:
    with pytest.raises(CIMError) as caught:
        windows.call("BITS", "GetSecurityDescriptor")
    assert caught.value.status_code == CIM_ERR_METHOD_NOT_AVAILABLE


@pytest.mark.longer
def test_as_many_services_as_are_wanted(make: MakeWindows) -> None:
    assert len(make(services=500).names()) == 500
    assert "WinTarget" not in make(iscsi_target=False).names()


def test_running_machines_have_worker_processes(windows: Windows) -> None:
    found = windows.perform("EnumerateInstances", ClassName=ClassName("Win32_Process")).instances
    workers = {each["ProcessId"] for each in found if each["Name"] == "vmwp.exe"}
    machines = windows.transaction().instances("Msvm_ComputerSystem", "root/virtualization/v2")
    assert workers == {each["ProcessID"] for each in machines if each["ProcessID"]}
    assert workers


def test_the_operating_system_knows_the_time_and_its_processes(windows: Windows) -> None:
    (system,) = windows.perform("EnumerateInstances", ClassName=ClassName("Win32_OperatingSystem")).instances
    assert system["LocalDateTime"] == "20250310120000.000000+000"
    assert system["NumberOfProcesses"] == len(windows.processes())


def test_root_cimv2_has_only_classes_that_windows_has(windows: Windows) -> None:
    """What the simulator remembers of services is in notes, one for each service."""
    world = windows.cimom.world
    assert [each.name for each in world.namespaces.values() if "cimsim" in each.name] == []
    assert not [name for name in world.namespace("root/cimv2").schema.names() if name.lower().startswith("cimsim")]
    assert windows.create(Name="Mine", DisplayName="My service", PathName=r"C:\mine.exe") == 0
    assert set(windows.cimom.world.notes) == {f"windows service {each.lower()}" for each in windows.names()}
    assert windows.call("Mine", "Delete") == 0
    assert "windows service mine" not in windows.cimom.world.notes


def test_fewer_services_than_windows_has_are_refused_by_the_name_of_the_setting(make: Any) -> None:
    with pytest.raises(PackError, match=r"^setting windows\.services: 12 is less than the \d+ that are always there"):
        make(services=12)
    with pytest.raises(PackError, match=r"windows\.services"):
        make(services=-1)


def test_processors_of_running_machines_have_counters(windows: Windows) -> None:
    def names() -> list[str]:
        found = windows.perform("EnumerateInstances", ClassName=ClassName("Win32_PerfRawData"))
        return [each["Name"] for each in found.instances]

    counted = names()
    assert "web01:Hv VP 0" in counted
    assert not [each for each in counted if each.startswith("old01")], "it is off"
    assert names() == counted
