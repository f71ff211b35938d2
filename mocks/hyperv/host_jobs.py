"""Jobs of the Hyper-V host: their kinds, how they begin, and what clients can do with them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from cimsim.providers import Instance, JobKind, JobLifeCycle, Step, Timing, Transaction, begin_job

from .terms import INVALID_PARAMETER, INVALID_STATE, NOT_SUPPORTED, WINDOWS_UTC
from .topology import management_service

JOBS: Final = JobKind(
    "Msvm_ConcreteJob", "Msvm_AffectedJobElement", "Msvm_OwningJobElement", error_class="Msvm_Error", utc=WINDOWS_UTC
)
COPY_JOBS: Final = JobKind("Msvm_CopyFileToGuestJob", error_class="Msvm_Error", utc=WINDOWS_UTC)
"""Without links: their ends are declared for Msvm_ConcreteJob, from which this class does not derive."""

# JobType, and what it says.
DEFINE: Final = 1
MODIFY: Final = 2
DESTROY: Final = 3
START: Final = 12
TURN_OFF: Final = 13
SAVE: Final = 14
RESTORE: Final = 15
SHUT_DOWN: Final = 16
PAUSE: Final = 20
RESUME: Final = 21
DOCUMENTED_PAUSE: Final = 26
DOCUMENTED_RESUME: Final = 27
RESET: Final = 28
REBOOT: Final = 29
ADD_RESOURCES: Final = 30
MODIFY_RESOURCES: Final = 31
REMOVE_RESOURCES: Final = 32
GUEST_SERVICE_INTERFACE: Final = 180

_NAMES: Final[Mapping[int, str]] = {
    DEFINE: "Creating Virtual Machine",
    MODIFY: "Modifying Virtual Machine",
    DESTROY: "Destroying Virtual Machine",
    START: "Starting Virtual Machine",
    TURN_OFF: "Turning Off Virtual Machine",
    SAVE: "Saving Virtual Machine",
    RESTORE: "Restoring Virtual Machine",
    SHUT_DOWN: "Shutting Down Virtual Machine",
    PAUSE: "Pausing Virtual Machine",
    RESUME: "Resuming Virtual Machine",
    DOCUMENTED_PAUSE: "Pausing Virtual Machine",
    DOCUMENTED_RESUME: "Resuming Virtual Machine",
    RESET: "Resetting Virtual Machine",
    REBOOT: "Rebooting Virtual Machine",
    ADD_RESOURCES: "Adding Virtual Machine Resources",
    MODIFY_RESOURCES: "Modifying Virtual Machine Resources",
    REMOVE_RESOURCES: "Removing Virtual Machine Resources",
    GUEST_SERVICE_INTERFACE: "Copying Files to the Guest",
}

_CHANGING: Final = "Changing the State of a Guest Service"
CHANGING_GUEST_SERVICE: Final[Mapping[str, Any]] = MappingProxyType(
    {"JobType": GUEST_SERVICE_INTERFACE, "ElementName": _CHANGING, "Caption": _CHANGING, "Cancellable": False}
)
"""Properties of the jobs of RequestStateChange of guest services."""

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def start_job(
    transaction: Transaction,
    timing: Timing,
    job_type: int,
    *,
    affected: Sequence[Instance],
    finish: Step,
    arguments: tuple[Any, ...],
    cancelled: Step | None = None,
    cancellable: bool = False,
    owner: Instance | None = None,
    kind: JobKind = JOBS,
    identifier: str | None = None,
    properties: Mapping[str, Any] = _NOTHING,
) -> Instance:
    """Begin a job of the host, as ``cimsim.providers.jobs.begin`` does; it belongs to vmms unless to another ``owner``."""
    name = _NAMES[job_type]
    values = {"ElementName": name, "Caption": name, "Cancellable": cancellable, **properties}
    if kind is JOBS:
        values["JobType"] = job_type
    return begin_job(
        transaction,
        kind,
        timing,
        identifier=identifier or transaction.guid(),
        name=name,
        owner=owner or management_service(transaction),
        affected=affected,
        finish=finish,
        cancelled=cancelled,
        arguments=arguments,
        properties=values,
    )


class ConcreteJob(JobLifeCycle):
    """Msvm_ConcreteJob: KillJob is not supported, RequestStateChange has the return values of DMTF."""

    kind = JOBS
    supports_kill_job = False


class CopyFileToGuestJob(JobLifeCycle):
    """Msvm_CopyFileToGuestJob: the same with the return values of the vendor."""

    kind = COPY_JOBS
    supports_kill_job = False
    ended_code = INVALID_STATE
    unsupported_code = NOT_SUPPORTED
    invalid_code = INVALID_PARAMETER
