"""Jobs: their course, their end, their errors and their removal."""

from collections.abc import Callable
from typing import Any

import pytest
from pywbem import CIMError
from twisted.logger import globalLogPublisher

from cimsim.providers.jobs import JobFailure, JobKind, JobLifeCycle, begin_job, fail_job
from cimsim.world.events import ChangeKind
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.timing import IMMEDIATE, Timing
from cimsim.world.transaction import Transaction
from cimsim.world.values import DateTime

KIND = JobKind("T_Job", affected="T_Affected", owning="T_Owning", utc="-000")
NOT_FOUND = 6
MINUTE = DateTime("00000000000100.000000:000")


def note(transaction: Transaction, path: InstancePath, text: str) -> None:
    transaction.modify(path, Note=text)


def undo(transaction: Transaction, path: InstancePath, text: str) -> None:
    transaction.modify(path, Note=f"not {text}")


def fail(transaction: Transaction, path: InstancePath, text: str) -> None:
    transaction.modify(path, Note="half done")
    raise JobFailure(32768, f"cannot make it {text}")


def lose(transaction: Transaction, path: InstancePath, text: str) -> None:
    transaction.modify(path, Note="half done")
    transaction.get(InstancePath("T_Thing", (("Id", "nowhere"),)))


def stumble(transaction: Transaction, path: InstancePath, text: str) -> None:
    transaction.modify(path, Note="half done")
    raise ZeroDivisionError("a defect")


class Jobs:
    """A stage with a thing on which jobs work."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.thing: Instance = stage.do(lambda transaction: transaction.create("T_Thing", {"Id": "a"}))

    def begin(
        self, timing: Timing, finish: Any = note, *, kind: JobKind = KIND, affected: bool = True, **properties: Any
    ) -> Instance:
        def step(transaction: Transaction) -> Instance:
            return begin_job(
                transaction,
                kind,
                timing,
                identifier="job 1",
                name="a job",
                owner=self.thing,
                affected=[self.thing] if affected else [],
                finish=finish,
                cancelled=undo,
                arguments=(self.thing.path, "done"),
                properties=properties,
            )

        job = self.stage.do(step)
        assert isinstance(job, Instance)
        return job

    @property
    def note(self) -> Any:
        return self.stage.stored(self.thing)["Note"]


@pytest.fixture
def jobs(stage: Callable[..., Any]) -> Jobs:
    return Jobs(stage({"T_Job": JobLifeCycle({})}))


# The course of a job


def test_a_job_runs_and_completes(jobs: Jobs) -> None:
    job = jobs.begin(Timing(10.0))
    started = DateTime.at(1000.0, "-000")
    assert (job["JobState"], job["PercentComplete"], job["StartTime"], job["TimeSubmitted"]) == (4, 0, started, started)
    assert (job["OperationalStatus"], job["ErrorCode"], jobs.note) == ((2,), None, None)
    jobs.stage.clock.advance(10)
    ended = jobs.stage.read(job)
    assert (ended["JobState"], ended["PercentComplete"], ended["ErrorCode"], jobs.note) == (7, 100, 0, "done")
    assert ended["TimeOfLastStateChange"] == DateTime.at(1010.0, "-000")
    assert ended["ElapsedTime"] == "00000000000010.000000:000"


def test_a_job_is_linked_to_what_it_affects_and_to_its_owner(jobs: Jobs) -> None:
    job = jobs.begin(Timing(10.0))
    (affected,) = jobs.stage.do(lambda transaction: transaction.associators(job, "T_Affected", role="AffectingElement"))
    (owner,) = jobs.stage.do(lambda transaction: transaction.associators(job, "T_Owning", role="OwnedElement"))
    assert affected.identity == owner.identity == jobs.thing.identity


@pytest.mark.parametrize(("seconds", "percent"), [(0.0, 0), (2.5, 25), (9.99, 99)])
def test_a_client_sees_the_progress_by_time(jobs: Jobs, seconds: float, percent: int) -> None:
    job = jobs.begin(Timing(10.0))
    jobs.stage.clock.advance(seconds)
    assert jobs.stage.read(job)["PercentComplete"] == percent
    assert jobs.stage.read(job)["ElapsedTime"].startswith(f"0000000000000{int(seconds)}.")
    assert jobs.stage.stored(job)["PercentComplete"] == 0


def test_a_client_sees_the_progress_by_reads_of_the_job_or_of_what_it_affects(jobs: Jobs) -> None:
    job = jobs.begin(Timing(reads=3))
    seen = [jobs.stage.read(job)["PercentComplete"]]
    jobs.stage.read(jobs.thing)
    seen.append(jobs.stage.read(job)["PercentComplete"])
    assert seen == [0, 66]
    assert jobs.stage.read(job)["JobState"] == 7
    assert jobs.note == "done"


def test_an_immediate_job_is_complete_at_once_and_can_be_read(jobs: Jobs) -> None:
    job = jobs.begin(IMMEDIATE)
    assert (job["JobState"], job["PercentComplete"], jobs.note) == (7, 100, "done")
    assert jobs.stage.read(job)["JobState"] == 7


def test_indications_tell_of_the_course(jobs: Jobs) -> None:
    job = jobs.begin(Timing(1.0))
    jobs.stage.clock.advance(301)
    kinds = [
        (change.kind, change.after["JobState"] if change.after else None)
        for change in jobs.stage.told
        if (change.after or change.before).cls.name == "T_Job"
    ]
    states = [(ChangeKind.CREATED, 2), (ChangeKind.MODIFIED, 4), (ChangeKind.MODIFIED, 7)]
    assert kinds == [*states, (ChangeKind.DELETED, None)]
    assert jobs.stage.stored(job) is None


def test_the_work_of_a_job_may_delete_it(jobs: Jobs) -> None:
    job = jobs.begin(IMMEDIATE, lambda transaction, *_: transaction.delete(InstancePath("T_Job", (("InstanceID", "job 1"),))))
    assert (job["JobState"], jobs.stage.stored(job)) == (4, None)


# Failures


@pytest.mark.parametrize(("finish", "code", "text"), [(fail, 32768, "cannot make it done"), (lose, NOT_FOUND, "nowhere")])
@pytest.mark.parametrize("timing", [IMMEDIATE, Timing(5.0)], ids=["immediate", "slow"])
def test_a_failing_job_ends_in_an_exception_and_has_done_nothing(
    jobs: Jobs, timing: Timing, finish: Any, code: int, text: str
) -> None:
    job = jobs.begin(timing, finish)
    jobs.stage.clock.advance(5)
    ended = jobs.stage.read(job)
    assert (ended["JobState"], ended["ErrorCode"], ended["OperationalStatus"]) == (10, code, (6,))
    assert text in ended["ErrorDescription"]
    assert ended["PercentComplete"] == (0 if timing.immediate else 99), "clients have seen as much"
    assert jobs.note is None


@pytest.mark.parametrize(("finish", "statuses"), [(note, (17, 2)), (fail, (17, 6))])
@pytest.mark.parametrize("timing", [IMMEDIATE, Timing(5.0)], ids=["immediate", "slow"])
def test_a_kind_of_jobs_may_report_their_completion(jobs: Jobs, timing: Timing, finish: Any, statuses: tuple[int, ...]) -> None:
    """DMTF has 17 Completed combined with OK or Error, which clients of SMI-S rely on."""
    job = jobs.begin(timing, finish, kind=JobKind("T_Job", reports_completion=True))
    jobs.stage.clock.advance(4)
    assert timing.immediate or jobs.stage.read(job)["OperationalStatus"] == (2,)
    jobs.stage.clock.advance(1)
    ended = jobs.stage.read(job)
    assert ended["OperationalStatus"] == statuses


def test_a_cancelled_job_has_not_come_to_its_end(jobs: Jobs) -> None:
    job = jobs.begin(Timing(5.0), kind=JobKind("T_Job", reports_completion=True))
    assert jobs.stage.call(job, "RequestStateChange", RequestedState=4)[0] == 0
    assert jobs.stage.read(job)["OperationalStatus"] == (14,)


def test_a_job_can_fail_before_its_time(jobs: Jobs) -> None:
    job = jobs.begin(Timing(10.0))
    jobs.stage.clock.advance(5)
    jobs.stage.do(lambda transaction: fail_job(transaction, job, JobFailure(32775, "in no state for it")))
    jobs.stage.clock.advance(5)
    ended = jobs.stage.read(job)
    assert (ended["JobState"], ended["ErrorCode"], ended["ErrorDescription"]) == (10, 32775, "in no state for it")
    assert (ended["PercentComplete"], ended["ElapsedTime"]) == (50, "00000000000005.000000:000")
    assert jobs.note is None, "neither what it should do nor what is done instead"


def test_a_defect_ends_the_job_and_is_logged(jobs: Jobs) -> None:
    logged: list[Any] = []
    observer: Any = logged.append
    globalLogPublisher.addObserver(observer)
    try:
        job = jobs.begin(Timing(5.0), stumble)
        jobs.stage.clock.advance(5)
    finally:
        globalLogPublisher.removeObserver(observer)
    assert (jobs.stage.read(job)["JobState"], jobs.note) == (10, None)
    assert [str(event["log_failure"].value) for event in logged] == ["a defect"]


def test_a_job_fails_when_what_it_affects_is_gone(jobs: Jobs) -> None:
    job = jobs.begin(Timing(5.0))
    jobs.stage.delete(jobs.thing)
    jobs.stage.clock.advance(5)
    ended = jobs.stage.read(job)
    assert ended["JobState"] == 10
    assert "any more" in ended["ErrorDescription"]


@pytest.mark.parametrize("affected", [True, False])
def test_the_work_of_a_job_that_a_client_deletes_is_done(jobs: Jobs, affected: bool) -> None:
    job = jobs.begin(Timing(5.0), affected=affected)
    jobs.stage.delete(job)
    jobs.stage.clock.advance(5)
    assert (jobs.note, jobs.stage.stored(job)) == ("done", None)


@pytest.mark.parametrize("method", ["GetError", "GetErrorEx"])
def test_the_error_is_null_unless_the_job_failed(jobs: Jobs, method: str) -> None:
    job = jobs.begin(Timing(5.0))
    returned, outputs = jobs.stage.call(job, method)
    assert (returned, list(outputs.values())) == (0, [None])
    jobs.stage.clock.advance(5)
    assert list(jobs.stage.call(job, method)[1].values()) == [None]


def test_the_error_tells_code_and_text(jobs: Jobs) -> None:
    job = jobs.begin(IMMEDIATE, fail)
    error = jobs.stage.call(job, "GetError")[1]["Error"]
    assert (error.classname, error["MessageID"], error["Message"]) == ("T_Error", "32768", "cannot make it done")
    (only,) = jobs.stage.call(job, "GetErrorEx")[1]["Errors"]
    assert only["Message"] == error["Message"]


def test_the_kind_of_jobs_chooses_the_class_of_errors(stage: Callable[..., Any]) -> None:
    class Special(JobLifeCycle):
        kind = JobKind("T_Job", error_class="T_SpecialError")

    jobs = Jobs(stage({"T_Job": Special({})}))
    job = jobs.begin(IMMEDIATE, fail)
    assert jobs.stage.call(job, "GetError")[1]["Error"].classname == "T_SpecialError"


# Cancelling


@pytest.mark.parametrize(("requested", "state"), [(4, 8), (5, 9)])
def test_a_client_terminates_or_kills_a_job(jobs: Jobs, requested: int, state: int) -> None:
    job = jobs.begin(Timing(10.0))
    jobs.stage.clock.advance(4)
    assert jobs.stage.call(job, "RequestStateChange", RequestedState=requested)[0] == 0
    ended = jobs.stage.read(job)
    assert (ended["JobState"], ended["PercentComplete"], ended["ErrorCode"], jobs.note) == (state, 40, 1, "not done")
    jobs.stage.clock.advance(100)
    assert (jobs.stage.read(job)["JobState"], jobs.note) == (state, "not done")
    assert jobs.stage.call(job, "GetError")[1]["Error"] is not None


@pytest.mark.parametrize(
    ("requested", "timeout", "returned"),
    [(2, None, 1), (3, None, 1), (6, None, 1), (7, None, 5), (0, None, 5), (4, MINUTE, 4098), (4, DateTime.at(0.0), 5)],
)
def test_what_a_job_refuses(jobs: Jobs, requested: int, timeout: DateTime | None, returned: int) -> None:
    job = jobs.begin(Timing(10.0))
    assert jobs.stage.call(job, "RequestStateChange", RequestedState=requested, TimeoutPeriod=timeout)[0] == returned
    assert jobs.stage.read(job)["JobState"] == 4


@pytest.mark.parametrize("requested", [2, 3, 4, 5, 6])
def test_an_ended_job_refuses_every_state(jobs: Jobs, requested: int) -> None:
    job = jobs.begin(IMMEDIATE)
    assert jobs.stage.call(job, "RequestStateChange", RequestedState=requested)[0] == 4097
    assert jobs.stage.call(job, "KillJob")[0] == 4


@pytest.mark.parametrize(("cancellable", "returned"), [(True, 0), (False, 1), (None, 1)])
def test_only_a_cancellable_job_can_be_cancelled(jobs: Jobs, cancellable: bool | None, returned: int) -> None:
    job = jobs.begin(Timing(5.0), kind=JobKind("T_FussyJob"), Cancellable=cancellable)
    assert jobs.stage.call(job, "KillJob")[0] == returned
    assert jobs.stage.call(job, "RequestStateChange", RequestedState=4)[0] == (4097 if cancellable else 1)
    jobs.stage.clock.advance(5)
    assert jobs.stage.read(job)["Cancellable"] is False


def test_killjob_deletes_the_job_if_it_shall(jobs: Jobs) -> None:
    job = jobs.begin(Timing(5.0))
    assert jobs.stage.call(job, "KillJob", DeleteOnKill=True)[0] == 0
    assert (jobs.stage.stored(job), jobs.note) == (None, "not done")


def test_killjob_may_be_unsupported(stage: Callable[..., Any]) -> None:
    class Unkillable(JobLifeCycle):
        supports_kill_job = False

    jobs = Jobs(stage({"T_Job": Unkillable({})}))
    assert jobs.stage.call(jobs.begin(Timing(5.0)), "KillJob")[0] == 1


def test_a_job_of_the_population_can_be_terminated(jobs: Jobs) -> None:
    job = jobs.stage.do(lambda transaction: transaction.create("T_Job", {"InstanceID": "old", "JobState": 4}))
    assert jobs.stage.call(job, "RequestStateChange", RequestedState=4)[0] == 0
    assert jobs.stage.read(job)["JobState"] == 8


# Removal


def test_an_ended_job_is_kept_for_five_minutes_and_removed_with_its_links(jobs: Jobs) -> None:
    job = jobs.begin(Timing(10.0))
    jobs.stage.clock.advance(10 + 299.9)
    assert jobs.stage.read(job)["JobState"] == 7
    jobs.stage.clock.advance(0.1)
    with pytest.raises(CIMError) as caught:
        jobs.stage.read(job)
    assert caught.value.status_code == NOT_FOUND
    assert jobs.stage.do(lambda transaction: transaction.references(jobs.thing)) == []


def test_a_client_changes_how_long_a_job_is_kept_before_and_after_its_end(jobs: Jobs) -> None:
    job = jobs.begin(Timing(10.0), DeleteOnCompletion=True)
    jobs.stage.write(job, TimeBeforeRemoval="00000000000200.000000:000")
    jobs.stage.clock.advance(10 + 60)
    jobs.stage.write(job, TimeBeforeRemoval="00000000000130.000000:000")
    jobs.stage.clock.advance(29.9)
    assert jobs.stage.stored(job) is not None
    jobs.stage.clock.advance(0.1)
    assert jobs.stage.stored(job) is None


def test_a_job_that_shall_not_be_deleted_stays(jobs: Jobs) -> None:
    job = jobs.begin(Timing(10.0), DeleteOnCompletion=False)
    jobs.stage.clock.advance(10000)
    assert jobs.stage.read(job)["JobState"] == 7


def test_a_point_in_time_is_no_time_before_removal(jobs: Jobs) -> None:
    job = jobs.begin(IMMEDIATE, TimeBeforeRemoval=DateTime.at(0.0))
    jobs.stage.clock.advance(299)
    assert jobs.stage.stored(job) is not None
    jobs.stage.clock.advance(1)
    assert jobs.stage.stored(job) is None
