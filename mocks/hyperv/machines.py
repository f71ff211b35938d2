"""The states of a virtual machine, and what changes between them.

A transition begins at once, which the machine shows, and a job ends it. The components and services of the machine are created
and deleted at the end.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from cimsim.providers import (
    DISABLED,
    ENABLED,
    IMMEDIATE,
    JOB_STARTED,
    Instance,
    InstancePath,
    Invocation,
    Provider,
    Timing,
    Transaction,
)

from . import host_jobs
from .copying import cut_off_copies
from .guests import HEARTBEAT, Guests, create_components, remove_components, set_status
from .resources import PROCESSOR
from .terms import (
    DORMANT,
    IN_SERVICE,
    INVALID_STATE,
    NO_REQUEST,
    OK,
    PAUSED,
    SAVED,
    SHUTTING_DOWN,
    STARTING,
    moment,
)
from .topology import component_settings, components, is_virtual, machine_settings

# EnabledState during transitions to saved and paused, and from paused; values of the vendor.
SAVING: Final = 32773
PAUSING: Final = 32776
RESUMING: Final = 32777
# EnhancedSessionModeState.
SESSIONS_ALLOWED: Final = 2
SESSIONS_NOT_ALLOWED: Final = 3

_FIRST_PROCESS: Final = 6000
_MICROSECONDS_TO_1970: Final = 62_135_596_800_000_000


class Transition(msgspec.Struct, frozen=True):
    """A transition from one state to another.

    Attributes:
        requested: RequestedState during the transition.
        sources: EnabledState that it starts from.
        passing: EnabledState during the transition.
        goal: EnabledState at the end.
        job_type: JobType of its job.
        restarts: whether the guest starts afresh.
    """

    requested: int
    sources: frozenset[int]
    passing: int
    goal: int
    job_type: int
    restarts: bool = False


START: Final = Transition(2, frozenset({DISABLED}), STARTING, ENABLED, host_jobs.START, restarts=True)
RESTORE: Final = Transition(2, frozenset({SAVED}), STARTING, ENABLED, host_jobs.RESTORE)
RESUME: Final = Transition(2, frozenset({PAUSED}), RESUMING, ENABLED, host_jobs.RESUME)
TURN_OFF: Final = Transition(3, frozenset({ENABLED, PAUSED, SAVED}), SHUTTING_DOWN, DISABLED, host_jobs.TURN_OFF)
SAVE: Final = Transition(6, frozenset({ENABLED, PAUSED}), SAVING, SAVED, host_jobs.SAVE)
PAUSE: Final = Transition(9, frozenset({ENABLED}), PAUSING, PAUSED, host_jobs.PAUSE)
REBOOT: Final = Transition(10, frozenset({ENABLED}), STARTING, ENABLED, host_jobs.REBOOT, restarts=True)
RESET: Final = Transition(11, frozenset({ENABLED}), STARTING, ENABLED, host_jobs.RESET, restarts=True)
SHUT_DOWN: Final = Transition(4, frozenset({ENABLED}), SHUTTING_DOWN, DISABLED, host_jobs.SHUT_DOWN)
"""What the guest does when it is asked to shut down; RequestStateChange does not offer it."""

REQUESTABLE: Final = (START, RESTORE, RESUME, TURN_OFF, SAVE, PAUSE, REBOOT, RESET)
LEGACY_REQUESTS: Final[Mapping[int, int]] = {32768: 9, 32769: 6}
"""What older clients ask for: Paused and Suspended."""


def is_changing(machine: Instance) -> bool:
    """Return whether a virtual machine is in transition to another state."""
    return IN_SERVICE in (machine["OperationalStatus"] or ())


def on_time(transaction: Transaction, machine: Instance) -> int:
    """Return for how many milliseconds a machine has been running: what is stored, and the time since its last change."""
    stored: int = machine["OnTimeInMilliseconds"] or 0
    since = machine["TimeOfLastStateChange"]
    if machine["EnabledState"] != ENABLED or since is None:
        return stored
    kind, instant = since.instant
    if kind != "instant":
        return stored
    passed = transaction.now * 1000 - (instant - _MICROSECONDS_TO_1970) // 1000
    return stored + max(int(passed), 0)


# The end of a transition


def turn_on(transaction: Transaction, machine: Instance, guests: Guests) -> Instance:
    """Put a virtual machine that is off into the state of one that runs, at once, and return it; its guest has answered."""
    return _arrive(transaction, machine, START, replace(guests, contact=IMMEDIATE))


def _arrive(transaction: Transaction, machine: Instance, transition: Transition, guests: Guests) -> Instance:
    """Put a machine, with its components and guest services, into the state at the end of a transition."""
    goal = transition.goal
    values = _at_rest(transaction) | {"EnabledState": goal}
    process = machine["ProcessID"]
    if goal in (DISABLED, SAVED):
        values |= {
            "ProcessID": None,
            "OnTimeInMilliseconds": 0,
            "HwThreadsPerCoreRealized": None,
            "EnhancedSessionModeState": SESSIONS_NOT_ALLOWED,
        }
    elif goal == ENABLED:
        values |= {"EnhancedSessionModeState": SESSIONS_ALLOWED}
        if process is None:
            values["ProcessID"] = _FIRST_PROCESS + 4 * transaction.serial("process")
        if transition.restarts:
            values |= {"OnTimeInMilliseconds": 0, "HwThreadsPerCoreRealized": _threads_per_core(transaction, machine)}
    machine = transaction.modify(machine, **values)
    note_saved_state(transaction, machine)
    if transition.restarts or goal in (DISABLED, SAVED):
        cut_off_copies(transaction, machine)
        remove_components(transaction, machine)
    if goal == ENABLED and not components(transaction, machine):
        create_components(transaction, machine, guests)
    for component in components(transaction, machine):
        if component.cls.name == HEARTBEAT:
            _show_pause(transaction, component, paused=goal == PAUSED)
    return machine


def note_saved_state(transaction: Transaction, machine: Instance) -> None:
    """Let the settings of a machine tell whether there is a saved state."""
    system = machine_settings(transaction, machine)
    if system is not None:
        transaction.modify(system, IsSaved=machine["EnabledState"] == SAVED)


def _threads_per_core(transaction: Transaction, machine: Instance) -> int:
    """Return how many threads a core has for the guest: what the settings of the processors say, or else one."""
    settings = component_settings(transaction, machine)
    return next((each["HwThreadsPerCore"] or 1 for each in settings if each.cls.name == PROCESSOR.classname), 1)


def _at_rest(transaction: Transaction) -> dict[str, Any]:
    return {
        "RequestedState": NO_REQUEST,
        "OperationalStatus": [OK],
        "StatusDescriptions": ["Operating normally"],
        "Status": "OK",
        "TimeOfLastStateChange": moment(transaction),
    }


def _show_pause(transaction: Transaction, heartbeat: Instance, *, paused: bool) -> None:
    """Show in the heartbeat whether the machine is paused, unless there is no contact with the guest."""
    status = heartbeat["OperationalStatus"][:1]
    if paused and status == (OK,):
        set_status(transaction, heartbeat, DORMANT)
    elif not paused and status == (DORMANT,):
        set_status(transaction, heartbeat, OK)


# Transitions


class Power:
    """Takes virtual machines from state to state, as the settings of the pack have it."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._guests = Guests.of(settings)
        self._cancellable: bool = settings["machine_jobs_cancellable"]
        self._shows_transition = settings["transition_states"] == "vendor"
        self._starting: int = settings["starting_state"]
        self._documented_types = settings["pause_job_types"] == "documented"
        self.timing: Timing = settings["machine_transition"]

    def transition_to(self, machine: Instance, requested: int | None) -> Transition | None:
        """Return the transition of a machine, from its present state, that a request asks for; None if it cannot be made."""
        if is_changing(machine) or requested is None:
            return None
        wanted = LEGACY_REQUESTS.get(requested, requested)
        for transition in REQUESTABLE:
            if transition.requested == wanted and machine["EnabledState"] in transition.sources:
                return self._configured(transition)
        return None

    def _configured(self, transition: Transition) -> Transition:
        documented = {host_jobs.PAUSE: host_jobs.DOCUMENTED_PAUSE, host_jobs.RESUME: host_jobs.DOCUMENTED_RESUME}
        if self._documented_types and transition.job_type in documented:
            return replace(transition, job_type=documented[transition.job_type])
        return transition

    def begin(self, transaction: Transaction, machine: Instance, transition: Transition, timing: Timing) -> Instance:
        """Begin a transition of a machine, and return the job that ends it."""
        before = machine["EnabledState"]
        values: dict[str, Any] = {
            "RequestedState": transition.requested,
            "OperationalStatus": [IN_SERVICE],
            "StatusDescriptions": ["In service"],
            "Status": "Service",
        }
        if transition.passing in (SHUTTING_DOWN, STARTING) or self._shows_transition:
            values |= {
                "EnabledState": self._starting if transition.passing == STARTING else transition.passing,
                "TimeOfLastStateChange": moment(transaction),
                "OnTimeInMilliseconds": on_time(transaction, machine),
            }
        machine = transaction.modify(machine, **values)
        return host_jobs.start_job(
            transaction,
            timing,
            transition.job_type,
            affected=[machine],
            finish=self._finish,
            cancelled=self._cancelled,
            arguments=(machine.path, transition, before),
            cancellable=self._cancellable,
        )

    def _finish(self, transaction: Transaction, path: InstancePath, transition: Transition, _: int) -> None:
        machine = transaction.get(path)
        if machine["EnabledState"] == ENABLED:
            # EnabledState has not shown the transition, so the machine has been running until now.
            machine = transaction.modify(machine, OnTimeInMilliseconds=on_time(transaction, machine))
        _arrive(transaction, machine, transition, self._guests)

    def _cancelled(self, transaction: Transaction, path: InstancePath, _: Transition, before: int) -> None:
        """Bring a machine back to the state that it had before."""
        transaction.modify(transaction.get(path), **_at_rest(transaction), EnabledState=before)


class VirtualMachine(Provider):
    """Msvm_ComputerSystem: starts, turns off, saves, pauses, reboots and resets virtual machines, each with a job."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._power = Power(settings)

    def read_instance(self, transaction: Transaction, instance: Instance) -> Mapping[str, Any] | None:
        """Show for how long a machine has been running."""
        if instance["OnTimeInMilliseconds"] is None or instance["EnabledState"] != ENABLED:
            return None
        return {"OnTimeInMilliseconds": on_time(transaction, instance)}

    def RequestStateChange(self, call: Invocation) -> Any:
        """Ask a virtual machine for another state: 4096 and a job, or 32775; TimeoutPeriod is not used."""
        machine, transaction = call.instance, call.transaction
        if not is_virtual(transaction, machine):
            return self.settings["host_state_answer"]
        transition = self._power.transition_to(machine, call.arguments["RequestedState"])
        if transition is None:
            return INVALID_STATE
        timing = self.timing(transaction, machine, "RequestStateChange", self._power.timing)
        return JOB_STARTED, {"Job": self._power.begin(transaction, machine, transition, timing)}
