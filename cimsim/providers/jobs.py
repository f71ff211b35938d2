"""Jobs: instances of CIM_ConcreteJob that report how far some work is, and end when it is done.

``begin_job`` creates a job and plans its end. The provider :class:`JobLifeCycle` lets clients follow, cancel and ask it.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec
from pywbem import CIMError, CIMInstance, CIMProperty

from cimsim.operations.methods import Invocation
from cimsim.providers.provider import Provider
from cimsim.providers.timing import seconds_of, timeout_refusal
from cimsim.world.agenda import Step, Wait
from cimsim.world.errors import described
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.timing import IMMEDIATE, Timing
from cimsim.world.transaction import Transaction
from cimsim.world.values import DateTime

# JobState.
NEW: Final = 2
RUNNING: Final = 4
COMPLETED: Final = 7
TERMINATED: Final = 8
KILLED: Final = 9
EXCEPTION: Final = 10
ENDED: Final = frozenset({COMPLETED, TERMINATED, KILLED, EXCEPTION})

# The parameter of a job's RequestStateChange.
TERMINATE: Final = 4
KILL: Final = 5
REQUESTABLE: Final = frozenset({2, 3, 4, 5, 6})

FIVE_MINUTES: Final = 300.0  # how long an ended job is kept where its TimeBeforeRemoval is not an interval
UNKNOWN_CODE: Final = 1  # ErrorCode of a job that was cancelled, or failed for a reason without a number

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_COMPLETION: Final[Mapping[int, Mapping[str, Any]]] = {
    COMPLETED: {"OperationalStatus": [17, 2], "StatusDescriptions": ["Completed", "OK"]},
    EXCEPTION: {"OperationalStatus": [17, 6], "StatusDescriptions": ["Completed", "Error"]},
}
"""The statuses of a job that came to its end, where its kind reports that."""


class JobFailure(Exception):  # noqa: N818 - what fails is the job, not the program
    """The work of a job failed: ``code`` (1 to 65535) becomes its ErrorCode, ``description`` its ErrorDescription."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


class JobKind(msgspec.Struct, frozen=True):
    """How the jobs of a pack look.

    Attributes:
        classname: the class of the jobs.
        affected: an association class with AffectedElement and AffectingElement (the job); None: no such links.
        owning: an association class with OwningElement and OwnedElement (the job); None: no such links.
        error_class: the class of what GetError returns.
        utc: how timestamps end.
        reports_completion: whether OperationalStatus of a job that came to its end begins with 17 Completed, which DMTF has
            combined with 2 OK or 6 Error; clients of SMI-S take 2 alone for a failure.
    """

    classname: str
    affected: str | None = None
    owning: str | None = None
    error_class: str = "CIM_Error"
    utc: str = "+000"
    reports_completion: bool = False


class _Work(msgspec.Struct, frozen=True):
    """What a running job does, kept in the step that ends it."""

    kind: JobKind
    timing: Timing
    started: float
    job: InstancePath
    affected: InstancePath | None = None
    finish: Step | None = None
    cancelled: Step | None = None
    arguments: tuple[Any, ...] = ()


def begin_job(
    transaction: Transaction,
    kind: JobKind,
    timing: Timing,
    *,
    identifier: str,
    name: str,
    owner: Instance | None = None,
    affected: Sequence[Instance] = (),
    finish: Step | None = None,
    cancelled: Step | None = None,
    arguments: tuple[Any, ...] = (),
    properties: Mapping[str, Any] = _NOTHING,
) -> Instance:
    """Create a job that runs, and plan its end.

    When ``timing`` is over, ``finish(transaction, *arguments)`` is called and the job completes (JobState 7). If it raises
    ``JobFailure`` or a CIMError, what it did is dropped and the job ends in JobState 10. When a client terminates or kills the
    job, ``cancelled(transaction, *arguments)`` is called instead. A timing by reads counts reads of the job and of the first
    affected instance. The work of a job that a client deletes goes on; a job whose first affected instance is
    gone at its end fails.

    Args:
        transaction: where the job is created, in its namespace.
        kind: how the job looks.
        timing: how long it runs; if immediate, it has ended when this returns.
        identifier: InstanceID.
        name: Name.
        owner: what the job belongs to, for the link ``kind.owning``.
        affected: what the job works on, for the links ``kind.affected``.
        finish: does the work.
        cancelled: does what there is to do instead.
        arguments: for both; paths rather than instances, which change.
        properties: more properties of the job, or other values for those that are set here.

    Returns:
        The job as it is now; as it was if ``finish`` has deleted it.
    """
    now = DateTime.at(transaction.now, kind.utc)
    values = {
        "InstanceID": identifier,
        "Name": name,
        "JobState": NEW,
        "TimeSubmitted": now,
        "TimeOfLastStateChange": now,
        "ElapsedTime": DateTime.interval(0),
        "PercentComplete": 0,
        "OperationalStatus": [2],
        "StatusDescriptions": ["OK"],
        "Status": "OK",
        "HealthState": 5,
    }
    job = transaction.create(kind.classname, {**_known(transaction.cls(kind.classname), values), **properties})
    if kind.owning is not None and owner is not None:
        transaction.create(kind.owning, {"OwningElement": owner, "OwnedElement": job})
    if kind.affected is not None:
        for each in affected:
            transaction.create(kind.affected, {"AffectedElement": each, "AffectingElement": job})
    job = transaction.modify(job, **_known(job.cls, {"JobState": RUNNING, "StartTime": now}))
    subject = affected[0].path if affected else None
    work = _Work(kind, timing, transaction.now, job.path, subject, finish, cancelled, arguments)
    if timing.immediate:
        _end(transaction, work)
    else:
        _plan_end(transaction, work, [*affected[:1], job])
    return transaction.world.find(job.identity) or job


def is_running(job: Instance) -> bool:
    """Return whether a job has not ended yet."""
    return job["JobState"] not in ENDED


def cancel_job(transaction: Transaction, job: Instance, state: int = TERMINATED) -> Instance:
    """End a running job before its time, in JobState 8 or 9, and return it; its step ``cancelled`` is called."""
    work, seen = _cut_off(transaction, job)
    if work.cancelled is not None:
        work.cancelled(transaction, *work.arguments)
    return _close(transaction, work.kind, transaction.get(job), state, seen | _cancellation(state))


def fail_job(transaction: Transaction, job: Instance, failure: JobFailure) -> Instance:
    """End a running job before its time, in JobState 10, and return it; none of its steps is called."""
    work, seen = _cut_off(transaction, job)
    return _close(transaction, work.kind, job, EXCEPTION, seen | _failure(failure.code, failure.description))


def _cut_off(transaction: Transaction, job: Instance) -> tuple[_Work, dict[str, Any]]:
    """Forget the end of a job; return its work and how far it is: none for a job of the population, which nothing ends."""
    wait = _ending(transaction, job)
    if wait is None:
        return _Work(JobKind(job.cls.name), IMMEDIATE, transaction.now, job.path), {}
    transaction.cancel(wait.number)
    return wait.arguments[0], _progress(wait.arguments[0], transaction.now, wait.reads)


class JobLifeCycle(Provider):
    """Lets clients follow a job, cancel it and ask for its error.

    A job can be cancelled if its Cancellable is true, or its class has no such property. Subclasses set the attributes.

    Attributes:
        kind: the kind of these jobs, which names the class of errors; None: the class that the method declares.
        ended_code: what RequestStateChange returns for a job that has ended.
        unsupported_code: what it returns for Start, Suspend and Service, and for a job that cannot be cancelled.
        invalid_code: what it returns for a value that cannot be requested.
        supports_timeout: whether it takes a TimeoutPeriod; if not, it returns 4098 for one that is not zero.
        supports_kill_job: whether KillJob does anything but return 1.
    """

    kind: JobKind | None = None
    ended_code = 4097
    unsupported_code = 1
    invalid_code = 5
    supports_timeout = False
    supports_kill_job = True

    # Hooks

    def read_instance(self, transaction: Transaction, instance: Instance) -> Mapping[str, Any] | None:
        """Show the progress of a job that runs."""
        wait = _ending(transaction, instance)
        return _known(instance.cls, _progress(wait.arguments[0], transaction.now, wait.reads)) if wait else None

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change a job; how long it is kept counts from its end, also when that is changed later."""
        super().modify_instance(transaction, instance, properties)
        for wait in transaction.waiting(instance):
            if wait.step is _remove:
                transaction.cancel(wait.number)
                _plan_removal(transaction, transaction.get(instance), wait.arguments[1])

    # Extrinsic methods

    def RequestStateChange(self, call: Invocation) -> int:
        """Terminate or kill a job that can be cancelled; it ends at once."""
        job = call.instance
        requested = call.arguments["RequestedState"]
        if requested not in REQUESTABLE:
            return self.invalid_code
        refusal = timeout_refusal(call.arguments.get("TimeoutPeriod"), supported=self.supports_timeout)
        if refusal is not None:
            return refusal
        if not is_running(job):
            return self.ended_code
        if requested not in (TERMINATE, KILL) or not self.can_be_cancelled(job):
            return self.unsupported_code
        cancel_job(call.transaction, job, TERMINATED if requested == TERMINATE else KILLED)
        return 0

    def KillJob(self, call: Invocation) -> int:
        """Kill a job, and delete it if DeleteOnKill asks for that: 0, 1 if that is not supported, 4 if it has ended."""
        job = call.instance
        if not self.supports_kill_job:
            return 1
        if not is_running(job):
            return 4
        if not self.can_be_cancelled(job):
            return 1
        job = cancel_job(call.transaction, job, KILLED)
        if call.arguments.get("DeleteOnKill"):
            call.transaction.delete(job)
        return 0

    def GetError(self, call: Invocation) -> tuple[int, Mapping[str, Any]]:
        """Return the error of a job that failed or was cancelled, else NULL."""
        job = call.instance
        return 0, ({"Error": self._error(call, job, "error")} if _failed(job) else {})

    def GetErrorEx(self, call: Invocation) -> tuple[int, Mapping[str, Any]]:
        """Return all errors, else NULL; a job has at most one."""
        job = call.instance
        return 0, ({"Errors": [self._error(call, job, "errors")]} if _failed(job) else {})

    # Steps

    def can_be_cancelled(self, job: Instance) -> bool:
        """Return whether clients may terminate or kill a job that runs."""
        return "Cancellable" not in job or job["Cancellable"] is True

    def _error(self, call: Invocation, job: Instance, parameter: str) -> CIMInstance:
        declared = call.method.parameters[parameter].embedded_class
        cls = call.transaction.cls(self.kind.error_class if self.kind is not None else declared or "CIM_Error")
        values = {
            "ErrorType": 4,
            "OwningEntity": "cimsim",
            "MessageID": str(job["ErrorCode"]),
            "Message": job["ErrorDescription"],
            "PerceivedSeverity": 5,
            "ProbableCause": 0,
            "ErrorSource": str(job.path),
            "ErrorSourceFormat": 2,
            "CIMStatusCode": 1,
            "CIMStatusCodeDescription": "CIM_ERR_FAILED",
        }
        places = [(cls.properties[cls.index[fold(name)]], value) for name, value in _known(cls, values).items()]
        return CIMInstance(cls.name, [CIMProperty(each.name, value, type=each.type) for each, value in places])


# The life of a job


def _plan_end(transaction: Transaction, work: _Work, subjects: Sequence[Instance]) -> None:
    # A job always ends, even if what it works on is deleted.
    if work.timing.reads:
        transaction.after_reads(work.timing.reads, _end, work, subjects=subjects, outlives=True)
    else:
        transaction.after(work.timing.seconds, _end, work, subjects=subjects, outlives=True)


def _ending(transaction: Transaction, job: Instance) -> Wait | None:
    """Return the step that will end a job, None if none will."""
    for wait in transaction.waiting(job):
        if wait.step is _end and wait.arguments[0].job.identity == job.identity:
            return wait
    return None


def _end(transaction: Transaction, work: _Work) -> None:
    """Do the work of a job and complete it, or let it fail."""
    state, values = COMPLETED, {"PercentComplete": 100, "ErrorCode": 0}
    try:
        if work.affected is not None and transaction.world.find(work.affected.identity) is None:
            raise JobFailure(UNKNOWN_CODE, f"there is no {work.affected} any more")
        if work.finish is not None:
            with transaction.savepoint():
                work.finish(transaction, *work.arguments)
    except JobFailure as error:
        state, values = EXCEPTION, _failure(error.code, error.description)
    except CIMError as error:
        state, values = EXCEPTION, _failure(error.status_code, error.status_description)
    except Exception as error:  # noqa: BLE001 - a defect of a pack must not leave a job running for ever
        state, values = EXCEPTION, _failure(UNKNOWN_CODE, described(error))
        transaction.after(0, _report, error)
    job = transaction.world.find(work.job.identity)
    if job is not None:
        statuses = _COMPLETION[state] if work.kind.reports_completion else _NOTHING
        _close(transaction, work.kind, job, state, _progress(work, transaction.now, 0) | values | dict(statuses))


def _report(_: Transaction, error: Exception) -> None:
    """Raise an error again in a separate step, so that it is logged."""
    raise error


def _close(transaction: Transaction, kind: JobKind, job: Instance, state: int, values: Mapping[str, Any]) -> Instance:
    """Give a job its last state, and plan its removal."""
    final = {
        "JobState": state,
        "TimeOfLastStateChange": DateTime.at(transaction.now, kind.utc),
        "Cancellable": False,
        **values,
    }
    job = transaction.modify(job, **_known(job.cls, final))
    _plan_removal(transaction, job, transaction.now)
    return job


def _plan_removal(transaction: Transaction, job: Instance, ended: float) -> None:
    if "DeleteOnCompletion" in job and job["DeleteOnCompletion"] is False:
        return
    kept = job["TimeBeforeRemoval"]
    seconds = FIVE_MINUTES if kept is None or not kept.is_interval else seconds_of(kept)
    transaction.after(ended + seconds - transaction.now, _remove, job.path, ended, subjects=[job])


def _remove(transaction: Transaction, job: InstancePath, _: float) -> None:
    transaction.delete(job)


# Values


def _progress(work: _Work, now: float, reads: int) -> dict[str, Any]:
    """Return PercentComplete (0 to 99) and ElapsedTime of a job that has not completed; clients have ``reads`` to go."""
    elapsed, timing = now - work.started, work.timing
    done, all_of_it = (timing.reads - reads, timing.reads) if timing.reads else (elapsed, timing.seconds)
    percent = int(100 * done / all_of_it) if all_of_it else 0
    return {"PercentComplete": max(0, min(percent, 99)), "ElapsedTime": DateTime.interval(elapsed)}


def _failure(code: int, description: str) -> dict[str, Any]:
    return {
        "ErrorCode": code,
        "ErrorDescription": description,
        "ErrorSummaryDescription": description,
        "OperationalStatus": [6],
        "StatusDescriptions": ["Error"],
        "Status": "Error",
    }


def _cancellation(state: int) -> dict[str, Any]:
    word = "terminated" if state == TERMINATED else "killed"
    statuses = {"OperationalStatus": [14], "StatusDescriptions": ["Aborted"]}
    return _failure(UNKNOWN_CODE, f"a client has {word} the job") | statuses


def _failed(job: Instance) -> bool:
    return job["JobState"] in ENDED and job["JobState"] != COMPLETED


def _known(cls: ResolvedClass, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values whose properties the class has: its schema level decides that."""
    return {name: value for name, value in values.items() if fold(name) in cls.index}
