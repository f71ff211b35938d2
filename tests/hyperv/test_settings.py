"""Changing settings of virtual machines, and what follows from it."""

from typing import TYPE_CHECKING, Any

import pytest
from pywbem import CIMInstance, Uint16

if TYPE_CHECKING:
    from tests.hyperv.conftest import Host, MakeHost

INTERFACE = "Msvm_GuestServiceInterfaceComponent"
INTERFACE_SETTINGS = "Msvm_GuestServiceInterfaceComponentSettingData"
SOCKET_SETTINGS = "Msvm_GuestCommunicationServiceSettingData"
SOCKET = "Msvm_GuestCommunicationService"
FILES = "Msvm_GuestFileService"
OTHER = "11111111-2222-3333-4444-555555555555"


def settings(host: "Host", machine: str, classname: str = INTERFACE_SETTINGS, /, **changed: int) -> CIMInstance:
    """Return settings as a client sends them back: read, and changed."""
    instance = host.the(classname, machine).to_cim()
    instance.update({name: Uint16(value) for name, value in changed.items()})
    return instance


def modify(host: "Host", *instances: CIMInstance, method: str = "ModifyResourceSettings") -> tuple[int, dict[str, Any]]:
    parameter = "ResourceSettings" if method == "ModifyResourceSettings" else "GuestServiceSettings"
    return host.call(host.the("Msvm_VirtualSystemManagementService"), method, **{parameter: list(instances)})


@pytest.fixture
def host(make_host: "MakeHost") -> "Host":
    return make_host()


@pytest.mark.parametrize("method", ["ModifyResourceSettings", "ModifyGuestServiceSettings"])
def test_the_component_and_its_services_follow_the_settings(host: "Host", method: str) -> None:
    host.clock.advance(60)
    host.told()
    value, outputs = modify(host, settings(host, "web01", EnabledState=3), method=method)
    (result,) = outputs.values()
    assert (value, result) == (0, (host.the(INTERFACE_SETTINGS, "web01").path,))
    component = host.the(INTERFACE, "web01")
    assert (component["EnabledState"], component["RequestedState"], component["OperationalStatus"]) == (3, 12, (2,))
    assert component["TimeOfLastStateChange"] == "20250310120100.000000-000"
    assert host.machine("web01")["TimeOfLastConfigurationChange"] == "20250310120100.000000-000"
    assert host.the(INTERFACE_SETTINGS, "web01")["EnabledState"] == 3
    assert host.services("web01") == {FILES: False, SOCKET: False}
    assert set(host.told()) == {
        f"modified {name}" for name in (INTERFACE, INTERFACE_SETTINGS, FILES, SOCKET, "Msvm_ComputerSystem")
    }
    assert modify(host, settings(host, "web01", EnabledState=2), method=method)[0] == 0
    assert host.services("web01") == {FILES: True, SOCKET: True}
    assert host.the(INTERFACE, "web01")["OperationalStatus"] == (2,)


def test_an_enabled_interface_waits_for_the_guest(make_host: "MakeHost") -> None:
    host = make_host(guest_contact="5s")
    assert modify(host, settings(host, "db01", EnabledState=2))[0] == 0
    assert host.the(INTERFACE, "db01")["OperationalStatus"] == (12,)
    host.clock.advance(5)
    assert host.the(INTERFACE, "db01")["OperationalStatus"] == (2,)


def test_section_7_services_appear_with_the_interface(host: "Host") -> None:
    modify(host, settings(host, "db01", EnabledState=2))
    assert host.services("db01") == {FILES: True, SOCKET: True}


def test_services_go_where_the_settings_will_not_keep_them(make_host: "MakeHost") -> None:
    host = make_host(disabled_guest_services="absent")
    modify(host, settings(host, "web01", EnabledState=3))
    assert host.services("web01") == {}
    assert {"deleted Msvm_GuestFileService", "deleted Msvm_RegisteredGuestService"} <= set(host.told())
    modify(host, settings(host, "web01", EnabledState=2))
    assert host.services("web01") == {FILES: True, SOCKET: True}
    assert "created Msvm_GuestFileService" in host.told()


def test_of_a_machine_that_is_off_only_the_settings_change(host: "Host") -> None:
    assert modify(host, settings(host, "old01", EnabledState=2))[0] == 0
    assert host.told() == [f"modified {INTERFACE_SETTINGS}"]
    host.ask(host.machine("old01"), 2)
    assert host.the(INTERFACE, "old01")["EnabledState"] == 2
    assert host.services("old01") == {FILES: True}


def test_settings_of_other_components(host: "Host") -> None:
    vss = settings(host, "web01", "Msvm_VssComponentSettingData", EnabledState=3)
    heartbeat = settings(host, "web01", "Msvm_HeartbeatComponentSettingData", EnabledState=3)
    assert modify(host, vss, heartbeat)[0] == 0
    assert [host.the(f"Msvm_{each}Component", "web01")["EnabledState"] for each in ("Vss", "Heartbeat")] == [3, 3]


@pytest.mark.parametrize("changed", [{"EnabledState": 1}, {"EnabledState": 6}, {"DefaultEnabledStatePolicy": 8}], ids=str)
def test_values_that_are_none_change_nothing(host: "Host", changed: dict[str, int]) -> None:
    good = settings(host, "db01", EnabledState=2)
    assert modify(host, good, settings(host, "web01", **changed))[0] == 4
    assert host.told() == []


def test_settings_that_are_not_there(make_host: "MakeHost") -> None:
    unknown = CIMInstance(INTERFACE_SETTINGS, {"InstanceID": "Microsoft:none", "EnabledState": Uint16(2)})
    host = make_host()
    assert modify(host, unknown)[0] == 4
    assert modify(host)[0] == 4
    assert modify(host, CIMInstance(INTERFACE_SETTINGS, {"EnabledState": Uint16(2)}))[0] == 4
    assert host.told() == []
    host = make_host(unknown_settings_answer="job-10")
    value, outputs = modify(host, unknown)
    job = host.transaction().get(outputs["Job"])
    assert (value, job["JobState"], job["ErrorCode"]) == (4096, 10, 32773)


def test_a_slow_change_has_a_job(make_host: "MakeHost") -> None:
    host = make_host(settings_transition="4s")
    value, outputs = modify(host, settings(host, "web01", EnabledState=3))
    job = host.transaction().get(outputs["Job"])
    assert (value, job["JobType"], job["JobState"]) == (4096, 31, 4)
    assert host.the(INTERFACE, "web01")["EnabledState"] == 2
    host.clock.advance(4)
    assert host.the(INTERFACE, "web01")["EnabledState"] == 3
    assert host.now(job)["JobState"] == 7
    component = host.the(INTERFACE, "web01")
    job = host.ask(component, 2)
    assert job["JobType"] == 31
    assert host.request(component, 2) == (4099, None)
    host.clock.advance(4)
    assert host.now(component)["EnabledState"] == 2


def test_a_machine_on_its_way_is_in_no_state_for_it(make_host: "MakeHost") -> None:
    host = make_host(machine_transition="10s")
    changed = settings(host, "web01", EnabledState=3)
    host.ask(host.machine("web01"), 3)
    assert modify(host, changed)[0] == 5


@pytest.mark.parametrize("setting", ["interface_same_answer", "interface_other_answer", "interface_invalid_answer"])
def test_the_answers_of_the_interface_are_settings(make_host: "MakeHost", setting: str) -> None:
    requested, usual, other = {
        "interface_same_answer": (2, 4097, 0),
        "interface_other_answer": (9, 1, 4097),
        "interface_invalid_answer": (5, 5, 1),
    }[setting]
    for host, expected in ((make_host(), usual), (make_host(**{setting: other}), other)):
        assert host.request(host.the(INTERFACE, "web01"), requested) == (expected, None)


@pytest.mark.parametrize(("method", "parameters"), [("Reset", {}), ("SetPowerState", {"PowerState": Uint16(1)})])
def test_what_devices_do_not_support(make_host: "MakeHost", method: str, parameters: dict[str, Any]) -> None:
    host = make_host()
    assert host.call(host.the(INTERFACE, "web01"), method, **parameters) == (1, {})


# Guest services


def service(host: "Host", machine: str, name: str) -> Any:
    return next(each for each in host.all(SOCKET, machine) if each["Name"] == name)


@pytest.mark.parametrize("changed", ["the service's own policy", "the default policy"])
def test_policies_stop_and_start_socket_services(host: "Host", changed: str) -> None:
    def set_policy(value: int) -> None:
        if changed == "the default policy":
            assert modify(host, settings(host, "web01", DefaultEnabledStatePolicy=value))[0] == 0
        else:
            own = settings(host, "web01", SOCKET_SETTINGS, EnabledStatePolicy=value)
            assert modify(host, own, method="ModifyGuestServiceSettings")[0] == 0

    set_policy(3)
    assert host.services("web01") == {FILES: True, SOCKET: False}
    assert host.call(host.the(SOCKET, "web01"), "StartService")[0] == 1
    set_policy(2)
    assert host.services("web01") == {FILES: True, SOCKET: True}


def test_a_service_that_was_stopped_stays_so_when_other_settings_change(host: "Host") -> None:
    host.call(host.the(FILES, "web01"), "StopService")
    modify(host, settings(host, "web01", DefaultEnabledStatePolicy=3))
    assert host.services("web01") == {FILES: False, SOCKET: False}


def test_settings_of_guest_services_are_added_and_removed(host: "Host") -> None:
    vmms = host.the("Msvm_VirtualSystemManagementService")
    system = host.the("Msvm_VirtualSystemSettingData", "web01")
    added = CIMInstance(SOCKET_SETTINGS, {"Name": OTHER, "ElementName": "Other", "InstanceID": ""})
    value, outputs = host.call(vmms, "AddGuestServiceSettings", AffectedConfiguration=system, GuestServiceSettings=[added])
    (path,) = outputs["ResultingGuestServiceSettings"]
    settings = host.transaction().get(path)
    assert (value, settings["Name"], settings["EnabledStatePolicy"]) == (0, OTHER, 8)
    assert service(host, "web01", OTHER)["Started"] is True
    again = host.call(vmms, "AddGuestServiceSettings", AffectedConfiguration=system, GuestServiceSettings=[added])
    assert again == (4, {})
    host.ask(host.machine("web01"), 3)
    host.ask(host.machine("web01"), 2)
    assert service(host, "web01", OTHER)["ElementName"] == "Other"
    assert host.call(vmms, "RemoveGuestServiceSettings", GuestServiceSettings=[settings.path])[0] == 0
    assert [each["Name"] for each in host.all(SOCKET, "web01")] != [OTHER]
    assert len(host.all(SOCKET, "web01")) == 1
    assert host.call(vmms, "RemoveGuestServiceSettings", GuestServiceSettings=[settings.path])[0] == 4


def test_what_cannot_be_added_or_removed(host: "Host") -> None:
    vmms = host.the("Msvm_VirtualSystemManagementService")
    system = host.the("Msvm_VirtualSystemSettingData", "web01")
    nameless = CIMInstance(SOCKET_SETTINGS, {"ElementName": "x"})
    odd = CIMInstance(SOCKET_SETTINGS, {"Name": OTHER, "EnabledStatePolicy": Uint16(4)})
    interface = host.the(INTERFACE_SETTINGS, "web01")
    for given in ([], [nameless], [odd], [interface.to_cim()]):
        answer = host.call(vmms, "AddGuestServiceSettings", AffectedConfiguration=system, GuestServiceSettings=given)
        assert answer == (4, {})
    for refused in ([], [interface.path]):
        assert host.call(vmms, "RemoveGuestServiceSettings", GuestServiceSettings=refused) == (4, {})
    assert host.told() == []


# Slow services


def test_a_slow_stop_of_a_guest_service(make_host: "MakeHost") -> None:
    host = make_host(transition="5s")
    assert host.call(host.the(SOCKET, "web01"), "StopService")[0] == 0
    passing = host.the(SOCKET, "web01")
    assert (passing["EnabledState"], passing["Started"], passing["Status"]) == (4, True, "Stopping")
    assert [host.call(passing, name)[0] for name in ("StartService", "StopService")] == [2, 2]
    assert host.request(passing, 2) == (32775, None)
    host.clock.advance(5)
    assert host.services("web01") == {FILES: True, SOCKET: False}
    job = host.ask(host.the(SOCKET, "web01"), 2)
    assert (job.cls.name, job["JobType"], job["Cancellable"]) == ("Msvm_ConcreteJob", 180, False)
    assert (host.request(job, 4), job["ElementName"]) == ((1, None), "Changing the State of a Guest Service")
    host.clock.advance(5)
    assert host.services("web01") == {FILES: True, SOCKET: True}
    assert host.now(job)["JobState"] == 7


def test_the_interface_cuts_a_slow_start_off(make_host: "MakeHost") -> None:
    host = make_host(transition="5s")
    host.call(host.the(FILES, "web01"), "StopService")
    host.call(host.the(SOCKET, "web01"), "StopService")
    host.clock.advance(5)
    host.call(host.the(FILES, "web01"), "StartService")
    job = host.ask(host.the(SOCKET, "web01"), 2)
    assert host.request(host.the(INTERFACE, "web01"), 3) == (0, None)
    assert host.services("web01") == {FILES: False, SOCKET: False}
    assert (host.now(job)["JobState"], host.now(job)["ErrorCode"]) == (10, 32775)
    assert {each["RequestedState"] for each in host.all("Msvm_GuestService", "web01")} == {12}
    host.clock.advance(60)
    assert host.services("web01") == {FILES: False, SOCKET: False}
    assert {each["EnabledState"] for each in host.all("Msvm_GuestService", "web01")} == {3}


@pytest.mark.parametrize("way", ["off", "interface"])
def test_the_job_of_a_service_that_goes_away_fails_at_once(make_host: "MakeHost", way: str) -> None:
    host = make_host(transition="5s", disabled_guest_services="absent")
    job = host.ask(host.the(SOCKET, "web01"), 3)
    if way == "off":
        host.ask(host.machine("web01"), 3)
    else:
        assert host.request(host.the(INTERFACE, "web01"), 3) == (0, None)
    assert (host.now(job)["JobState"], host.now(job)["ErrorCode"]) == (10, 32775)
    host.clock.advance(60)
    assert host.services("web01") == {}


def stop(host: "Host") -> None:
    host.call(host.the(SOCKET, "web01"), "StopService")


def disable(host: "Host") -> None:
    host.request(host.the(INTERFACE, "web01"), 3)


@pytest.mark.longer
@pytest.mark.parametrize(
    ("chosen", "given", "answers"),
    [
        ({}, None, {"StartService": 0, 2: 0}),
        ({"repeated_code": 7, "repeated_state_code": 32775}, None, {"StartService": 7, 2: 32775}),
        ({"repeated_code": 7, "repeated_state_code": 32775}, stop, {"StopService": 7, 3: 32775}),
        ({"transition": "9s"}, stop, {"StartService": 2, "StopService": 2, 2: 32775, 3: 32775}),
        ({"transition": "9s", "busy_code": 7, "busy_state_code": 1}, stop, {"StartService": 7, "StopService": 7, 2: 1, 3: 1}),
        ({}, disable, {"StartService": 1, 2: 1}),
        ({"refused_state_code": 32775}, disable, {"StartService": 1, 2: 32775}),
    ],
)
def test_assumed_answers_are_settings(
    make_host: "MakeHost", chosen: dict[str, Any], given: Any, answers: dict[Any, int]
) -> None:
    host = make_host(**chosen)
    if given is not None:
        given(host)
    service = host.the(SOCKET, "web01")
    for request, expected in answers.items():
        returned, _ = host.call(service, request) if isinstance(request, str) else host.request(service, request)
        assert returned == expected, request


def test_windows_strict_may_refuse_requests_with_another_code(make_host: "MakeHost") -> None:
    host = make_host(profile="windows-strict", refused_state_code=32775)
    assert [host.request(host.the(FILES, "web01"), state)[0] for state in (2, 3, 4)] == [32775] * 3


def test_started_may_change_when_a_transition_begins(make_host: "MakeHost") -> None:
    host = make_host(transition="9s", started_changes="begin")
    stop(host)
    assert (host.the(SOCKET, "web01")["EnabledState"], host.the(SOCKET, "web01")["Started"]) == (4, False)
