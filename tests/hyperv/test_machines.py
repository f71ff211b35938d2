"""States of virtual machines and what lives in them."""

from typing import TYPE_CHECKING, Any

import pytest
from pywbem import CIMError, Uint16

if TYPE_CHECKING:
    from tests.hyperv.conftest import Host, MakeHost

STATUS = ("EnabledState", "RequestedState", "OperationalStatus", "StatusDescriptions", "Status")
RESTING = (12, [2], ["Operating normally"], "OK")
CHANGING = ([11], ["In service"], "Service")
WHEN = "TimeOfLastStateChange"
COMPONENTS = {
    "Msvm_GuestServiceInterfaceComponent",
    "Msvm_HeartbeatComponent",
    "Msvm_KvpExchangeComponent",
    "Msvm_ShutdownComponent",
    "Msvm_TimeSyncComponent",
    "Msvm_VssComponent",
}


def status(host: "Host", name: str) -> tuple[Any, ...]:
    read = host.read(host.machine(name))
    return tuple(read[each] for each in STATUS)


def components(host: "Host", name: str) -> set[str]:
    return {each.cls.name for each in host.all("CIM_LogicalDevice", name) if each.cls.name.endswith("Component")}


def links(host: "Host", classname: str, name: str) -> int:
    """Return how many links of a class a machine's components and services have."""
    return sum(
        f'.SystemName="{host.machine(name)["Name"]}"' in str(each.path) or _of(host, each, name) for each in host.all(classname)
    )


def _of(host: "Host", link: Any, name: str) -> bool:
    guid = host.machine(name)["Name"]
    return any(("SystemName", guid) in end.keys for end in (link.values[place] for place in link.cls.references))


@pytest.fixture
def slow(make_host: "MakeHost") -> "Host":
    return make_host(machine_transition="10s")


def test_a_start_takes_its_time(slow: "Host") -> None:
    slow.told()
    job = slow.ask(slow.machine("old01"), 2)
    assert status(slow, "old01") == (10, 2, *CHANGING)
    assert slow.machine("old01")[WHEN] == "20250310120000.000000-000"
    assert (job["JobType"], job["JobState"], job["PercentComplete"]) == (12, 4, 0)
    assert not components(slow, "old01")
    slow.clock.advance(5)
    assert slow.read(job)["PercentComplete"] == 50
    assert slow.told().count("modified Msvm_ComputerSystem") == 1
    slow.clock.advance(5)
    assert status(slow, "old01") == (2, *RESTING)
    assert slow.machine("old01")[WHEN] == "20250310120010.000000-000"
    assert slow.machine("old01")["ProcessID"] is not None
    assert slow.now(job)["JobState"] == 7
    assert components(slow, "old01") == COMPONENTS
    told = slow.told()
    assert told.count("modified Msvm_ComputerSystem") == 1
    assert told.index("modified Msvm_ComputerSystem") < told.index("created Msvm_HeartbeatComponent")
    assert told.index("created Msvm_HeartbeatComponent") < told.index("modified Msvm_HeartbeatComponent")  # {12} then {2}


def test_a_machine_is_turned_off(slow: "Host") -> None:
    job = slow.ask(slow.machine("web01"), 3)
    assert status(slow, "web01") == (4, 3, *CHANGING)
    assert job["JobType"] == 13
    assert components(slow, "web01") == COMPONENTS
    slow.told()
    slow.clock.advance(10)
    assert status(slow, "web01") == (3, *RESTING)
    machine = slow.read(slow.machine("web01"))
    assert (machine["ProcessID"], machine["OnTimeInMilliseconds"]) == (None, 0)
    assert (components(slow, "web01"), slow.services("web01")) == (set(), {})
    told = slow.told()
    for classname in (*COMPONENTS, "Msvm_GuestFileService", "Msvm_GuestCommunicationService", "Msvm_RegisteredGuestService"):
        assert f"deleted {classname}" in told


def test_section_7_what_is_there_while_a_machine_runs_and_while_it_is_off(make_host: "MakeHost") -> None:
    """Turned off and on again, a machine has the links that it had before."""
    host = make_host()
    classes = ("Msvm_SystemDevice", "Msvm_ElementSettingData", "Msvm_SettingsDefineState", "Msvm_RegisteredGuestService")
    before = {each: links(host, each, "web01") for each in classes}
    kept = {each: len(host.all(each)) for each in ("CIM_SettingData", "CIM_VirtualSystemSettingDataComponent")}
    # Six components and twelve devices; the video head has no settings.
    assert before == {"Msvm_SystemDevice": 18, "Msvm_ElementSettingData": 6, "Msvm_SettingsDefineState": 17, classes[3]: 2}
    values = {each.cls.name: each for each in host.all("CIM_EnabledLogicalElement", "web01")}
    host.ask(host.machine("web01"), 3)
    assert {each: links(host, each, "web01") for each in classes} == dict.fromkeys(classes, 0)
    assert {each: len(host.all(each)) for each in kept} == kept
    host.ask(host.machine("web01"), 2)
    assert {each: links(host, each, "web01") for each in classes} == before
    assert host.services("web01") == {"Msvm_GuestFileService": True, "Msvm_GuestCommunicationService": True}
    after = {each.cls.name: each for each in host.all("CIM_EnabledLogicalElement", "web01")}
    volatile = {WHEN, "ProcessID"}
    for name, instance in values.items():
        differing = {
            prop.name
            for prop, old, new in zip(instance.cls.properties, instance.values, after[name].values, strict=True)
            if old != new
        }
        assert differing <= volatile, name


def test_a_start_with_the_interface_disabled_keeps_the_file_service_stopped(make_host: "MakeHost") -> None:
    host = make_host()
    host.ask(host.machine("old01"), 2)
    assert host.the("Msvm_GuestServiceInterfaceComponent", "old01")["EnabledState"] == 3
    assert host.services("old01") == {"Msvm_GuestFileService": False}


@pytest.mark.parametrize("settings", [{"profile": "windows-strict"}, {"disabled_guest_services": "absent"}])
def test_section_11_the_file_service_may_be_absent_while_the_interface_is_disabled(
    make_host: "MakeHost", settings: dict[str, str]
) -> None:
    host = make_host(**settings)
    assert host.services("db01") == {}
    host.ask(host.machine("old01"), 2)
    assert host.services("old01") == {}


@pytest.mark.parametrize(
    ("requested", "passing", "goal", "job_type"),
    [(9, 32776, 9, 20), (6, 32773, 6, 14), (11, 10, 2, 28), (10, 10, 2, 29)],
    ids=["pause", "save", "reset", "reboot"],
)
def test_pause_save_reset_and_reboot(slow: "Host", requested: int, passing: int, goal: int, job_type: int) -> None:
    job = slow.ask(slow.machine("web01"), requested)
    assert status(slow, "web01") == (passing, requested, *CHANGING)
    assert job["JobType"] == job_type
    slow.clock.advance(10)
    assert status(slow, "web01") == (goal, *RESTING)
    assert bool(components(slow, "web01")) == (goal != 6)
    if goal != 2:
        back = slow.ask(slow.machine("web01"), 2)
        assert back["JobType"] == (21 if goal == 9 else 15)
        slow.clock.advance(10)
    assert status(slow, "web01") == (2, *RESTING)
    assert components(slow, "web01") == COMPONENTS


def test_documented_job_types_of_pause_and_resume(make_host: "MakeHost") -> None:
    host = make_host(pause_job_types="documented")
    assert host.ask(host.machine("web01"), 9)["JobType"] == 26
    assert host.ask(host.machine("web01"), 2)["JobType"] == 27


def test_enabled_state_may_stay_as_it_was_meanwhile(make_host: "MakeHost") -> None:
    host = make_host(machine_transition="10s", transition_states="unchanged")
    since = host.machine("web01")[WHEN]
    host.ask(host.machine("web01"), 9)
    assert status(host, "web01") == (2, 9, *CHANGING)
    assert host.machine("web01")[WHEN] == since
    host.clock.advance(10)
    assert status(host, "web01") == (9, *RESTING)


@pytest.mark.parametrize(("machine", "request_"), [("old01", 2), ("web01", 11)])
def test_a_start_may_show_the_state_of_the_vendor(make_host: "MakeHost", machine: str, request_: int) -> None:
    host = make_host(machine_transition="10s", starting_state=32770)
    host.ask(host.machine(machine), request_)
    assert status(host, machine) == (32770, request_, *CHANGING)
    host.clock.advance(10)
    assert status(host, machine) == (2, *RESTING)


def test_a_paused_guest_has_a_paused_heartbeat(make_host: "MakeHost") -> None:
    host = make_host()
    host.ask(host.machine("web01"), 9)
    assert host.read(host.the("Msvm_HeartbeatComponent", "web01"))["OperationalStatus"] == [15]
    host.ask(host.machine("web01"), 2)
    assert host.read(host.the("Msvm_HeartbeatComponent", "web01"))["OperationalStatus"] == [2, 2]


def test_wrong_requests_change_nothing(make_host: "MakeHost") -> None:
    host = make_host()
    for name, states in {
        "web01": (0, 1, 2, 4, 5, 7, 8, 12, 40000),
        "old01": (3, 4, 6, 9, 10, 11, 32768),
        "HVHOST01": (2, 3, 4, 6, 9, 10, 11),
    }.items():
        for state in states:
            assert host.request(host.machine(name), state) == (32775, None), (name, state)
    assert host.told() == []
    assert make_host(host_state_answer=1).request(host.machine("HVHOST01"), 3) == (1, None)


def test_the_requests_of_older_clients(make_host: "MakeHost") -> None:
    host = make_host()
    host.ask(host.machine("web01"), 32768)
    assert host.machine("web01")["EnabledState"] == 9
    host.ask(host.machine("web01"), 32769)
    assert host.machine("web01")["EnabledState"] == 6
    host.ask(host.machine("web01"), 3)
    assert host.machine("web01")["EnabledState"] == 3


@pytest.mark.parametrize("state", [2, 3, 6, 9, 10, 11])
def test_nothing_else_can_be_asked_for_meanwhile(slow: "Host", state: int) -> None:
    slow.ask(slow.machine("web01"), 3)
    assert slow.request(slow.machine("web01"), state) == (32775, None)


def test_timeout_period_is_not_used(slow: "Host") -> None:
    for period in ("00000000000001.000000:000", "20250310120000.000000+000"):
        value, _ = slow.call(
            slow.machine("web01" if period.endswith(":000") else "db01"),
            "RequestStateChange",
            RequestedState=Uint16(3),
            TimeoutPeriod=period,
        )
        assert value == 4096


@pytest.mark.longer
def test_the_on_time_counts_up_without_pauses(make_host: "MakeHost") -> None:
    host = make_host()

    def on_time() -> int:
        return int(host.read(host.machine("web01"))["OnTimeInMilliseconds"])

    start = on_time()
    assert start > 0
    host.clock.advance(2)
    assert on_time() == start + 2000
    host.ask(host.machine("web01"), 9)
    host.clock.advance(60)
    assert on_time() == start + 2000
    host.ask(host.machine("web01"), 2)
    host.clock.advance(1.5)
    assert on_time() == start + 3500
    host.ask(host.machine("web01"), 11)
    host.clock.advance(3)
    assert on_time() == 3000


def test_section_7_components_wait_for_the_guest(make_host: "MakeHost") -> None:
    host = make_host(guest_contact="30s")
    host.ask(host.machine("old01"), 2)
    heartbeat = host.the("Msvm_HeartbeatComponent", "old01")
    assert (heartbeat["OperationalStatus"], heartbeat["StatusDescriptions"]) == ((12,), ("No Contact",))
    host.clock.advance(29)
    host.ask(host.machine("old01"), 11)  # the guest boots anew
    host.clock.advance(29)
    assert host.now(heartbeat)["OperationalStatus"] == (12,)
    host.clock.advance(1)
    assert host.now(heartbeat)["OperationalStatus"] == (2, 2)
    assert host.the("Msvm_VssComponent", "old01")["StatusDescriptions"] == ("OK",)


def test_a_silent_guest_never_answers(make_host: "MakeHost") -> None:
    host = make_host(silent_guests=["OLD01"])
    host.ask(host.machine("old01"), 2)
    host.clock.advance(1000)
    assert host.the("Msvm_VssComponent", "old01")["OperationalStatus"] == (12,)
    assert host.call(host.the("Msvm_ShutdownComponent", "old01"), "InitiateShutdown", Force=True, Reason="")[0] == 32780


def test_a_transition_may_wait_for_reads_of_the_machine_or_the_job(make_host: "MakeHost") -> None:
    host = make_host(machine_transition="3 reads")
    job = host.ask(host.machine("old01"), 2)
    assert [host.read(job)["PercentComplete"], host.read(host.machine("old01"))["EnabledState"]] == [0, 10]
    assert host.read(job)["JobState"] == 4
    assert host.read(host.machine("old01"))["EnabledState"] == 2


def test_timings_choose_a_machine_and_a_call(make_host: "MakeHost") -> None:
    host = make_host(timings=["Msvm_ComputerSystem[ElementName=db01].RequestStateChange#2=7s"])
    host.ask(host.machine("web01"), 3)
    host.ask(host.machine("db01"), 3)
    assert [host.machine(each)["EnabledState"] for each in ("web01", "db01")] == [3, 3]
    host.ask(host.machine("db01"), 2)
    assert host.machine("db01")["EnabledState"] == 10
    host.clock.advance(7)
    assert host.machine("db01")["EnabledState"] == 2


def test_a_cancelled_start_leads_back(make_host: "MakeHost") -> None:
    host = make_host(machine_transition="10s", machine_jobs_cancellable=True)
    job = host.ask(host.machine("old01"), 2)
    host.clock.advance(3)
    assert host.request(job, 5) == (0, None)
    assert host.now(job)["JobState"] == 9
    assert status(host, "old01") == (3, *RESTING)
    host.clock.advance(20)
    assert status(host, "old01") == (3, *RESTING)


def test_the_jobs_of_machines_cannot_be_cancelled_by_default(slow: "Host") -> None:
    job = slow.ask(slow.machine("old01"), 2)
    assert slow.request(job, 4)[0] == 1
    assert slow.call(job, "KillJob", DeleteOnKill=True)[0] == 1
    slow.clock.advance(10)
    assert slow.request(job, 4)[0] == 4097


def test_a_job_is_linked_and_goes_after_five_minutes(slow: "Host") -> None:
    job = slow.ask(slow.machine("old01"), 2)
    (affected,) = slow.all("Msvm_AffectedJobElement")
    (owning,) = slow.all("Msvm_OwningJobElement")
    assert affected["AffectedElement"] == slow.machine("old01").path
    assert affected["ElementEffects"] == (0,)
    assert owning["OwningElement"] == slow.the("Msvm_VirtualSystemManagementService").path
    slow.clock.advance(10 + 299)
    assert slow.now(job)["JobState"] == 7
    slow.told()
    slow.clock.advance(1)
    assert sorted(slow.told()) == [
        "deleted Msvm_AffectedJobElement",
        "deleted Msvm_ConcreteJob",
        "deleted Msvm_OwningJobElement",
    ]
    with pytest.raises(CIMError):
        slow.read(job)


# Shutting the guest down


def test_a_guest_shuts_down(slow: "Host") -> None:
    component = slow.the("Msvm_ShutdownComponent", "web01")
    assert slow.call(component, "InitiateShutdown", Force=False, Reason="test") == (0, {})
    assert status(slow, "web01") == (4, 4, *CHANGING)
    assert slow.the("Msvm_ConcreteJob")["JobType"] == 16
    assert slow.call(component, "InitiateShutdown", Force=False, Reason="again")[0] == 32782
    slow.clock.advance(10)
    assert status(slow, "web01") == (3, *RESTING)
    assert not components(slow, "web01")
    with pytest.raises(CIMError) as error:
        slow.call(component, "InitiateShutdown", Force=False, Reason="off")
    assert error.value.status_code == 6


def test_a_guest_reboots(slow: "Host") -> None:
    component = slow.the("Msvm_ShutdownComponent", "web01")
    process = slow.machine("web01")["ProcessID"]
    assert slow.call(component, "InitiateReboot", Force=True, Reason="")[0] == 0
    slow.clock.advance(10)
    assert status(slow, "web01") == (2, *RESTING)
    assert slow.machine("web01")["ProcessID"] == process


def test_a_guest_hibernates(slow: "Host") -> None:
    component = slow.the("Msvm_ShutdownComponent", "web01")
    assert slow.call(component, "InitiateHibernate")[0] == 0
    assert slow.call(component, "InitiateHibernate")[0] == 32782
    slow.clock.advance(10)
    assert status(slow, "web01") == (3, *RESTING)


def test_a_guest_whose_shutdown_service_is_off_is_not_shut_down(make_host: "MakeHost") -> None:
    host = make_host()
    component = host.the("Msvm_ShutdownComponent", "web01")
    assert host.request(component, 3) == (0, None)
    assert host.call(component, "InitiateShutdown", Force=True, Reason="")[0] == 32775
    assert host.call(component, "InitiateHibernate")[0] == 32775
    assert host.request(component, 2) == (0, None)
    host.ask(host.machine("web01"), 9)
    assert host.call(component, "InitiateShutdown", Force=True, Reason="")[0] == 32775
