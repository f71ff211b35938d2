"""Slow transitions of the services of the simulated iSCSI target server, and their jobs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from pywbem import CIM_ERR_NOT_FOUND, CIMDateTime, CIMError, CIMInstanceName, Uint16, WBEMConnection

from cimsim.cimom.clock import Clock
from cimsim.cimom.object_manager import Cimom
from cimsim.operations.request import Argument, ExtrinsicRequest
from cimsim.packs.load import load
from cimsim.world.events import Change, ChangeKind
from cimsim.world.instances import Instance
from cimsim.world.values import DateTime
from tests.clients.services import invoke

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Launch, Server

NAMESPACE: Final = "root/cimv2/storage/iscsitarget"
MANAGER: Final = "MSFTSM_ObjectManager"
JOB: Final = "MSISCSITARGET_ConcreteJob"


# Over the wire: transitions that wait for reads


@pytest.fixture(scope="module")
def conn(launch: "Launch", connect: "Connect") -> Iterator[WBEMConnection]:
    """A server whose transitions take three reads."""
    with launch("--set", "iscsitarget.transition=3 reads") as server:
        yield connect(server, NAMESPACE)


@pytest.fixture
def manager(conn: WBEMConnection) -> CIMInstanceName:
    """The object manager, started and at rest."""
    (path,) = conn.EnumerateInstanceNames(MANAGER)
    while conn.GetInstance(path)["EnabledState"] in {4, 10}:
        pass
    conn.InvokeMethod("StartService", path)
    while conn.GetInstance(path)["EnabledState"] != 2:
        pass
    return path


def poll(conn: WBEMConnection, path: CIMInstanceName, name: str, times: int) -> list[Any]:
    return [conn.GetInstance(path)[name] for _ in range(times)]


def test_a_slow_stop_is_polled(conn: WBEMConnection, manager: CIMInstanceName) -> None:
    assert invoke(conn, manager, "StopService") == (0, None)
    seen = [conn.GetInstance(manager) for _ in range(4)]
    assert [each["EnabledState"] for each in seen] == [4, 4, 4, 3]
    assert [each["Started"] for each in seen] == [True, True, True, False]
    assert [each["Status"] for each in seen] == ["Stopping", "Stopping", "Stopping", "Stopped"]
    assert [each["OperationalStatus"] for each in seen] == [[9], [9], [9], [10]]


def test_a_slow_request_is_polled_by_its_job(conn: WBEMConnection, manager: CIMInstanceName) -> None:
    returned, job = invoke(conn, manager, "RequestStateChange(4)")
    assert (returned, job.classname) == (4096, JOB)
    assert invoke(conn, manager, "StopService")[0] == 2
    assert invoke(conn, manager, "RequestStateChange(3)")[0] == 4099
    assert poll(conn, job, "PercentComplete", 4) == [0, 33, 66, 100]
    stopped = conn.GetInstance(manager)
    assert (stopped["EnabledState"], stopped["RequestedState"], stopped["Started"]) == (3, 4, False)
    ended = conn.GetInstance(job)
    assert (ended["JobState"], ended["ErrorCode"], ended["OperationalStatus"]) == (7, 0, [17, 2])
    assert (ended["StatusDescriptions"], ended["Status"]) == (["Completed", "OK"], "OK")
    assert ended["TimeBeforeRemoval"] == CIMDateTime("00000000000500.000000:000")
    assert "Error" not in conn.InvokeMethod("GetError", job)[1]


def test_a_job_leads_to_its_service_and_back(conn: WBEMConnection, manager: CIMInstanceName) -> None:
    _, job = invoke(conn, manager, "RequestStateChange(3)")
    (service,) = conn.AssociatorNames(job, AssocClass="MSISCSITARGET_AffectedJobElement", Role="AffectingElement")
    assert service.classname == MANAGER
    jobs = conn.AssociatorNames(manager, AssocClass="CIM_AffectedJobElement", ResultClass="CIM_Job")
    assert job["InstanceID"] in [each["InstanceID"] for each in jobs]


@pytest.mark.parametrize(("call", "state"), [("RequestStateChange(4)", 8), ("RequestStateChange(5)", 9), ("KillJob", 9)])
def test_a_client_ends_a_job(conn: WBEMConnection, manager: CIMInstanceName, call: str, state: int) -> None:
    _, job = invoke(conn, manager, "RequestStateChange(3)")
    if call == "KillJob":
        assert conn.InvokeMethod("KillJob", job, DeleteOnKill=False)[0] == 0
    else:
        requested = Uint16(4 if state == 8 else 5)
        assert conn.InvokeMethod("RequestStateChange", job, RequestedState=requested)[0] == 0
        assert conn.InvokeMethod("RequestStateChange", job, RequestedState=requested)[0] == 4097
    assert conn.GetInstance(job)["JobState"] == state
    error = conn.InvokeMethod("GetError", job)[1]["Error"]
    assert (error.classname, error["CIMStatusCode"]) == ("CIM_Error", 1)
    assert conn.GetInstance(manager)["EnabledState"] == 2


def test_a_reset_passes_all_states(conn: WBEMConnection, manager: CIMInstanceName) -> None:
    returned, job = invoke(conn, manager, "RequestStateChange(11)")
    assert returned == 4096
    seen = [conn.GetInstance(manager) for _ in range(4)]
    assert [(each["EnabledState"], each["RequestedState"]) for each in seen] == [(4, 11), (3, 11), (10, 11), (2, 2)]
    assert conn.GetInstance(job)["JobState"] == 7


# By the clock


class Target:
    """The pack on a clock that stands still."""

    def __init__(self, cache_dir: Path, settings: dict[str, str]) -> None:
        overrides = {f"iscsitarget.{name}": value for name, value in settings.items()}
        loaded = load(["iscsitarget"], overrides, cache_dir=cache_dir, now=1000.0)
        self.clock = Clock(1000.0)
        self.cimom = Cimom(loaded.world, loaded.providers, self.clock, random=bytes, hooks=loaded.providers)
        (self.manager,) = self.instances(MANAGER)
        self.told: list[Change] = []
        self.cimom.listeners.append(lambda _, events: self.told.extend(each for each in events if isinstance(each, Change)))

    def instances(self, classname: str) -> list[Instance]:
        namespace = self.cimom.world.namespace(NAMESPACE)
        return namespace.instances_of(namespace.cls(classname))

    def call(self, method: str, requested: int | None = None, timeout: str | None = None) -> tuple[int, Any]:
        """Return what a method of the object manager returns, and the job."""
        arguments: tuple[Argument, ...] = ()
        if requested is not None:
            arguments = (Argument("RequestedState", requested), Argument("TimeoutPeriod", timeout and DateTime(timeout)))
        answer: Any = self.cimom.perform(ExtrinsicRequest(method, NAMESPACE, self.manager.path, arguments))
        job = next((each.value for each in answer.outputs), None)
        return answer.return_value.value, None if job is None else self.cimom.world.find(job.identity)

    def now(self) -> Instance:
        (manager,) = self.instances(MANAGER)
        return manager

    def course(self) -> list[tuple[str, int]]:
        """Return what happened to the object manager and to jobs: EnabledState or JobState, -1 after a deletion."""
        course = []
        for change in self.told:
            instance = change.after or change.before
            if instance is not None and instance.cls.name in (MANAGER, JOB):
                name = "EnabledState" if instance.cls.name == MANAGER else "JobState"
                course.append((name, -1 if change.kind is ChangeKind.DELETED else instance[name]))
        return course


MakeTarget = Callable[..., Target]


@pytest.fixture
def make_target(cache_dir: Path) -> MakeTarget:
    """Make a target with settings of the pack."""
    return lambda **settings: Target(cache_dir, settings)


def test_two_modifications_and_a_job(make_target: MakeTarget) -> None:
    target = make_target(transition="10s")
    returned, job = target.call("RequestStateChange", 4)
    assert (returned, target.now()["TimeOfLastStateChange"]) == (4096, "19700101001640.000000-000")
    target.clock.advance(10)
    assert target.now()["TimeOfLastStateChange"] == "19700101001650.000000-000"
    target.clock.advance(300)
    assert target.course() == [
        ("EnabledState", 4),
        ("JobState", 2),
        ("JobState", 4),
        ("EnabledState", 3),
        ("JobState", 7),
        ("JobState", -1),
    ]
    assert target.instances("MSISCSITARGET_AffectedJobElement") == []
    assert job["InstanceID"] == "MSISCSITARGET:ISCSISRV01:Job:1"


def test_jobs_are_named_alike_on_every_start(make_target: MakeTarget) -> None:
    names = []
    for _ in range(2):
        target = make_target(transition="10s")
        for _ in range(2):
            names.append(target.call("RequestStateChange", 10)[1]["InstanceID"])
            target.clock.advance(10)
    assert names == ["MSISCSITARGET:ISCSISRV01:Job:1", "MSISCSITARGET:ISCSISRV01:Job:2"] * 2


def test_a_timeout_shorter_than_the_delay_keeps_the_request(make_target: MakeTarget) -> None:
    target = make_target(transition="10s")
    assert target.call("RequestStateChange", 3, "00000000000009.000000:000")[0] == 3
    assert [target.now()[name] for name in ("EnabledState", "RequestedState", "Started")] == [2, 3, True]
    assert target.course() == [("EnabledState", 2)]
    assert target.call("RequestStateChange", 3, "00000000000010.000000:000")[0] == 4096


def test_rules_choose_the_timing_of_a_call(make_target: MakeTarget) -> None:
    target = make_target(timings="MSFTSM_ObjectManager.StopService=5s,MSFTSM_ObjectManager.StopService#2=immediate")
    target.call("StopService")
    assert target.now()["EnabledState"] == 4
    target.clock.advance(5)
    target.call("StartService")
    target.call("StopService")
    assert [state for _, state in target.course()] == [4, 3, 2, 3]


def stopped(target: Target) -> None:
    target.call("StopService")


@pytest.mark.parametrize(
    ("settings", "given", "call", "returned"),
    [
        ({"repeated_code": "2"}, None, ("StartService",), 2),
        ({"repeated_code": "2"}, stopped, ("StopService",), 2),
        ({"repeated_state_code": "4097"}, None, ("RequestStateChange", 2), 4097),
        ({"transition": "10s", "busy_code": "7"}, stopped, ("StartService",), 7),
        ({"transition": "10s", "busy_state_code": "6"}, stopped, ("RequestStateChange", 2), 6),
        ({"profile": "windows-strict"}, None, ("StopService",), 1),
        ({"profile": "windows-strict", "unmanaged_services": "manage"}, None, ("StopService",), 0),
        ({"profile": "windows-strict", "unmanaged_services": "manage"}, None, ("RequestStateChange", 3), 0),
        ({"profile": "windows-strict", "unmanaged_services": "manage"}, stopped, ("StartService",), 0),
    ],
)
def test_settings_for_what_is_assumed(
    make_target: MakeTarget,
    settings: dict[str, str],
    given: Callable[[Target], None] | None,
    call: tuple[Any, ...],
    returned: int,
) -> None:
    target = make_target(**settings)
    if given is not None:
        given(target)
    assert target.call(*call)[0] == returned


def test_started_may_change_when_a_transition_begins(make_target: MakeTarget) -> None:
    target = make_target(transition="10s", started_changes="begin")
    target.call("StopService")
    assert (target.now()["EnabledState"], target.now()["Started"]) == (4, False)
    target.clock.advance(10)
    target.call("StartService")
    assert (target.now()["EnabledState"], target.now()["Started"]) == (10, True)


def test_a_restart_may_leave_no_request(make_target: MakeTarget) -> None:
    target = make_target(restarted_requested_state="12")
    target.call("RequestStateChange", 10)
    assert (target.now()["EnabledState"], target.now()["RequestedState"]) == (2, 12)


@pytest.mark.longer
@pytest.mark.parametrize("system", ["MSFTSM_System", "MSFTSM_ComputerSystem"])
def test_either_system_may_host_the_services(launch: "Launch", connect: "Connect", system: str) -> None:
    names = ("object_manager_system", "storage_services_system")
    with launch(*(word for name in names for word in ("--set", f"iscsitarget.{name}={system}"))) as server:
        conn = connect(server, NAMESPACE)
        services = conn.EnumerateInstanceNames("CIM_Service")
        assert len(services) == 6
        for service in services:
            (host,) = conn.AssociatorNames(service, AssocClass="CIM_HostedService", Role="Dependent")
            assert service["SystemCreationClassName"] == host.classname == system
        (path,) = conn.EnumerateInstanceNames(MANAGER)
        associated = conn.AssociatorNames(path)
        assert len(associated) == 6  # system, two namespaces, protocol, profile, software
        assert {each["SystemCreationClassName"] for each in associated if "SystemCreationClassName" in each} == {system}
        (profile,) = conn.AssociatorNames(path, AssocClass="CIM_ElementConformsToProfile")
        assert path["Name"] in [each["Name"] for each in conn.AssociatorNames(profile) if "Name" in each]
        assert invoke(conn, path, "StopService")[0] == 0


def test_the_classes_may_have_a_value_map(launch: "Launch", connect: "Connect") -> None:
    with launch("--set", "iscsitarget.value_maps=true") as server:
        conn = connect(server, NAMESPACE)
        (path,) = conn.EnumerateInstanceNames(MANAGER)
        for method in ("StartService", "StopService"):
            qualifiers = conn.GetClass(MANAGER, LocalOnly=False).methods[method].qualifiers
            assert qualifiers["ValueMap"].value == ["0", "1", "2.."]
        assert len(conn.AssociatorNames(path)) == 6
        assert invoke(conn, path, "StopService")[0] == 0


# Over the wire, by a clock that is advanced by hand


@pytest.fixture(scope="module")
def manual(launch: "Launch") -> "Iterator[Server]":
    """A server whose clock stands still, and whose transitions take 30 seconds."""
    with launch("--clock", "manual", "--set", "iscsitarget.transition=30s", "iscsitarget") as server:
        yield server


def test_a_slow_request_by_the_clock(manual: "Server", connect: "Connect") -> None:
    conn = connect(manual, NAMESPACE)
    (path,) = conn.EnumerateInstanceNames(MANAGER)
    _, job = invoke(conn, path, "RequestStateChange(4)")
    begun = conn.GetInstance(path)["TimeOfLastStateChange"].datetime
    manual.advance(15)
    running = conn.GetInstance(job)
    assert (running["JobState"], running["PercentComplete"]) == (4, 50)
    assert running["ElapsedTime"].timedelta.total_seconds() == 15
    assert conn.GetInstance(path)["EnabledState"] == 4
    manual.advance("next")
    stopped = conn.GetInstance(path)
    assert (stopped["EnabledState"], stopped["Started"]) == (3, False)
    assert (stopped["TimeOfLastStateChange"].datetime - begun).total_seconds() == 30
    assert conn.GetInstance(job)["JobState"] == 7
    manual.advance(299)
    assert conn.GetInstance(job)["PercentComplete"] == 100
    manual.advance(1)
    with pytest.raises(CIMError) as caught:
        conn.GetInstance(job)
    assert caught.value.status_code == CIM_ERR_NOT_FOUND
    assert conn.EnumerateInstanceNames("MSISCSITARGET_AffectedJobElement") == []


def test_a_client_deletes_a_running_job(manual: "Server", connect: "Connect") -> None:
    conn = connect(manual, NAMESPACE)
    (path,) = conn.EnumerateInstanceNames(MANAGER)
    conn.InvokeMethod("StartService", path)
    manual.advance(30)
    _, job = invoke(conn, path, "RequestStateChange(3)")
    conn.DeleteInstance(job)
    manual.advance(30)
    assert conn.GetInstance(path)["EnabledState"] == 3
