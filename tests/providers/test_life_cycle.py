"""The life cycle of a service whose transitions take time."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cimsim.operations.methods import Invocation
from cimsim.providers.jobs import JobKind, JobLifeCycle
from cimsim.providers.service_life_cycle import (
    DISABLED,
    REBOOT,
    RUNNING,
    SHUT_DOWN,
    STARTING,
    STOPPED,
    STOPPING,
    ServiceLifeCycle,
    ServiceState,
)
from cimsim.world.instances import Instance
from cimsim.world.timing import Timing
from cimsim.world.values import DateTime

SLOW = {"transition": Timing(6.0)}
INTERVALS = {seconds: DateTime(f"000000000000{seconds:02d}.000000:000") for seconds in (0, 5, 6, 7)}


class Service(ServiceLifeCycle):
    supports_timeout = True

    def other_request(self, call: Invocation, service: Instance, requested: int, timing: Timing) -> Any:
        return self.restart(call, service, requested, timing) if requested == REBOOT else 1


class WithJobs(Service):
    job_kind = JobKind("T_Job", affected="T_Affected", owning="T_Owning")
    keeps_late_request = True


class Case:
    """A stage with one service."""

    def __init__(self, make: Any, provider: ServiceLifeCycle, classname: str = "T_Service") -> None:
        self.stage = make({"T_Service": provider, "T_Job": JobLifeCycle({})})
        self.service: Instance = self.stage.do(lambda transaction: transaction.create(classname, {"Name": "a"}))
        self.stage.told.clear()

    def call(self, method: str, requested: int | None = None, timeout: DateTime | None = None) -> int:
        arguments: Mapping[str, Any] = {} if requested is None else {"RequestedState": requested, "TimeoutPeriod": timeout}
        returned, outputs = self.stage.call(self.service, method, **arguments)
        job = outputs.get("Job")
        self.job = None if job is None else self.stage.cimom.world.find(job.identity)
        assert (returned == 4096) == (self.job is not None)  # 3.5: Job is filled only with 4096
        return int(returned)

    def state(self) -> tuple[ServiceState, int]:
        stored = self.stage.stored(self.service)
        return ServiceState(*(stored[name] for name in ServiceState.__struct_fields__)), stored["RequestedState"]

    def since(self) -> Any:
        return self.stage.stored(self.service)["TimeOfLastStateChange"]

    def states_told(self) -> list[tuple[int, int]]:
        """EnabledState and RequestedState after each change of the service."""
        changes = [change.after for change in self.stage.told if change.after and change.after.cls.is_a("t_service")]
        return [(each["EnabledState"], each["RequestedState"]) for each in changes]


Start = Callable[..., Case]


@pytest.fixture
def start(stage: Any) -> Start:
    def run(provider: ServiceLifeCycle, classname: str = "T_Service") -> Case:
        return Case(stage, provider, classname)

    return run


# Start and stop


def test_a_slow_stop_passes_shutting_down(start: Start) -> None:
    case = start(Service(SLOW))
    assert case.call("StopService") == 0
    assert (case.state(), case.since()) == ((STOPPING, DISABLED), DateTime.at(1000.0))
    case.stage.clock.advance(5.9)
    assert case.state() == (STOPPING, DISABLED)
    case.stage.clock.advance(0.1)
    assert (case.state(), case.since()) == ((STOPPED, DISABLED), DateTime.at(1006.0))
    assert case.states_told() == [(4, 3), (3, 3)]


def test_a_slow_start_passes_starting(start: Start) -> None:
    case = start(Service({"timings": ["T_Service.StartService=2s"]}))
    case.call("StopService")
    assert case.call("StartService") == 0
    assert case.state() == (STARTING, 2)
    case.stage.clock.advance(2)
    assert case.state() == (RUNNING, 2)


def test_a_transition_may_wait_for_reads(start: Start) -> None:
    case = start(Service({"timings": ["T_Service.StopService=2 reads"]}))
    case.call("StopService")
    assert [case.stage.read(case.service)["EnabledState"] for _ in range(3)] == [4, 4, 3]


def test_without_timings_everything_happens_at_once(start: Start) -> None:
    case = start(Service({}))
    assert (case.call("StopService"), case.states_told()) == (0, [(3, 3)])


def test_a_service_in_transition_is_busy(start: Start) -> None:
    case = start(Service(SLOW))
    case.call("StopService")
    told = len(case.stage.told)
    answers = [case.call("StartService"), case.call("StopService"), case.call("RequestStateChange", 2)]
    assert (answers, len(case.stage.told)) == ([2, 2, 4099], told)


def test_the_answers_of_a_busy_service_can_be_others(start: Start) -> None:
    class Busy(Service):
        busy_code = 7
        busy_state_code = 6

    case = start(Busy(SLOW))
    case.call("StopService")
    assert [case.call("StartService"), case.call("RequestStateChange", 2)] == [7, 6]


def test_repeated_requests_can_be_refused(start: Start) -> None:
    class Strict(Service):
        repeated_code = 5
        repeated_state_code = 4097

    case = start(Strict(SLOW))
    assert [case.call("StartService"), case.call("RequestStateChange", 2), case.stage.told] == [5, 4097, []]


@pytest.mark.parametrize(("call", "opposite", "expected"), [("StopService", 2, (3, 3)), ("StartService", 4, (2, 2))])
@pytest.mark.parametrize("settings", [{}, SLOW])
def test_a_repeated_start_or_stop_records_the_request_once(
    start: Start, call: str, opposite: int, expected: tuple[int, int], settings: Mapping[str, Any]
) -> None:
    case = start(Service(settings))
    if call == "StopService":
        case.call("StopService")
        case.stage.clock.advance(6)
    case.stage.do(lambda transaction: transaction.modify(case.service.path, RequestedState=opposite))
    case.stage.told.clear()
    since = case.since()
    assert [case.call(call), case.call(call)] == [0, 0]
    assert (case.states_told(), case.since()) == ([expected], since)


def test_transitioningtostate_tells_of_the_transition_where_the_class_has_it(start: Start) -> None:
    case = start(Service(SLOW), "T_LaterService")
    case.call("StopService")
    assert case.stage.stored(case.service)["TransitioningToState"] == 3
    case.stage.clock.advance(6)
    assert case.stage.stored(case.service)["TransitioningToState"] == 5


def test_a_service_that_is_deleted_does_not_come_back(start: Start) -> None:
    case = start(Service(SLOW))
    case.call("StopService")
    case.stage.delete(case.service)
    case.stage.clock.advance(10)
    assert case.stage.stored(case.service) is None


# RequestStateChange


def test_a_slow_request_has_a_job(start: Start) -> None:
    case = start(WithJobs(SLOW))
    assert case.call("RequestStateChange", SHUT_DOWN) == 4096
    assert case.state() == (STOPPING, SHUT_DOWN)
    case.stage.clock.advance(3)
    assert (case.stage.read(case.job)["JobState"], case.stage.read(case.job)["PercentComplete"]) == (4, 50)
    case.stage.clock.advance(3)
    assert (case.stage.read(case.job)["JobState"], case.state()) == (7, (STOPPED, SHUT_DOWN))
    assert case.states_told() == [(4, 4), (3, 4)]


def test_the_job_waits_for_reads_of_itself_or_of_the_service(start: Start) -> None:
    case = start(WithJobs({"timings": ["T_Service.RequestStateChange=3 reads"]}))
    case.call("RequestStateChange", 3)
    case.stage.read(case.job)
    case.stage.read(case.service)
    case.stage.read(case.job)
    assert (case.stage.read(case.job)["JobState"], case.state()) == (7, (STOPPED, 3))


def test_without_a_kind_of_jobs_a_slow_request_returns_0(start: Start) -> None:
    case = start(Service(SLOW))
    assert (case.call("RequestStateChange", 3), case.state()) == (0, (STOPPING, 3))
    case.stage.clock.advance(6)
    assert case.state() == (STOPPED, 3)


def test_a_request_for_the_state_that_is_takes_no_time(start: Start) -> None:
    case = start(WithJobs(SLOW))
    assert (case.call("RequestStateChange", 2), case.stage.told) == (0, [])


def test_a_terminated_request_leaves_the_service_as_it_was(start: Start) -> None:
    case = start(WithJobs(SLOW))
    case.call("RequestStateChange", 3)
    case.stage.clock.advance(1)
    assert case.stage.call(case.job, "RequestStateChange", RequestedState=4)[0] == 0
    assert (case.state(), case.since()) == ((RUNNING, 2), DateTime.at(1001.0))
    case.stage.clock.advance(10)
    assert (case.stage.read(case.job)["JobState"], case.state()) == (8, (RUNNING, 2))


@pytest.mark.parametrize(("seconds", "returned"), [(0, 4096), (5, 3), (6, 4096), (7, 4096)])
def test_a_timeout_shorter_than_the_transition(start: Start, seconds: int, returned: int) -> None:
    case = start(WithJobs(SLOW))
    assert case.call("RequestStateChange", 3, INTERVALS[seconds]) == returned
    if returned == 3:
        assert (case.state(), case.states_told()) == ((RUNNING, 3), [(2, 3)])


def test_a_late_request_may_be_forgotten(start: Start) -> None:
    case = start(Service(SLOW))
    assert (case.call("RequestStateChange", 3, INTERVALS[5]), case.stage.told) == (3, [])


def test_a_transition_by_reads_keeps_any_timeout(start: Start) -> None:
    case = start(WithJobs({"transition": Timing(reads=9)}))
    assert case.call("RequestStateChange", 3, INTERVALS[5]) == 4096


# Restart


@pytest.mark.parametrize("provider", [Service, WithJobs])
def test_a_restart_passes_shutting_down_disabled_starting_enabled(start: Start, provider: type[ServiceLifeCycle]) -> None:
    case = start(provider(SLOW))
    case.call("RequestStateChange", REBOOT)
    seen = []
    for _ in range(4):
        seen.append(case.state())
        case.stage.clock.advance(2)
    assert seen == [(STOPPING, 10), (STOPPED, 10), (STARTING, 10), (RUNNING, 2)]
    assert case.states_told() == [(4, 10), (3, 10), (10, 10), (2, 2)]


def test_a_service_is_busy_all_through_a_restart(start: Start) -> None:
    case = start(WithJobs(SLOW))
    case.call("RequestStateChange", REBOOT)
    for _ in range(3):
        told = len(case.stage.told)
        assert [case.call("StartService"), case.call("StopService"), case.call("RequestStateChange", 2)] == [2, 2, 4099]
        assert len(case.stage.told) == told
        case.stage.clock.advance(2)
    assert case.call("StartService") == 0


def test_an_immediate_restart_passes_them_at_once(start: Start) -> None:
    case = start(WithJobs({}))
    assert case.call("RequestStateChange", REBOOT) == 4096
    assert case.job is not None
    assert case.job["JobState"] == 7
    assert case.states_told() == [(4, 10), (3, 10), (10, 10), (2, 2)]


@pytest.mark.parametrize(("reads", "seen"), [(1, [4, 2]), (3, [4, 3, 10, 2]), (4, [4, 4, 3, 10, 2])])
def test_a_restart_may_wait_for_reads(start: Start, reads: int, seen: list[int]) -> None:
    case = start(WithJobs({"transition": Timing(reads=reads)}))
    case.call("RequestStateChange", REBOOT)
    assert [case.stage.read(case.service)["EnabledState"] for _ in range(reads + 1)] == seen


def test_a_killed_restart_leaves_the_service_as_it_was(start: Start) -> None:
    case = start(WithJobs(SLOW))
    case.call("RequestStateChange", REBOOT)
    case.stage.clock.advance(3)
    assert case.stage.call(case.job, "KillJob")[0] == 0
    case.stage.clock.advance(10)
    assert case.state() == (RUNNING, 2)


def test_a_restart_may_be_late(start: Start) -> None:
    case = start(WithJobs(SLOW))
    assert (case.call("RequestStateChange", REBOOT, INTERVALS[5]), case.state()) == (3, (RUNNING, REBOOT))
