"""How the simulated iSCSI target server acts. What each answer rests on stands in this pack's README.md.

Profile M is a service whose state is managed (EnabledState 2 or 3), profile N one whose state is not (EnabledState 5): the life
cycle of a service tells them apart by EnabledState, so a profile is a matter of the population.
"""

from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from cimsim.behaviours.service import (
    ENABLED,
    INVALID_TRANSITION,
    JOB_STARTED,
    NOT_APPLICABLE,
    REBOOT,
    RESET,
    RUNNING,
    ServiceLifeCycle,
)
from cimsim.operations.methods import Invocation
from cimsim.world.instances import Instance
from cimsim.world.transaction import Transaction
from cimsim.world.values import DateTime, zero_interval

NAMESPACE: Final = "root/cimv2/storage/iscsitarget"
# Windows writes the offset of UTC with a minus sign.
WINDOWS_UTC: Final = "-000"
STORAGE_SERVICES: Final = (
    "MSISCSITARGET_ControllerConfigurationService",
    "MSISCSITARGET_iSCSIConfigurationService",
    "MSISCSITARGET_StorageConfigurationService",
    "MSISCSITARGET_ReplicationService",
    "MSISCSITARGET_StorageHardwareIDManagementService",
)
# RequestedState of an element that does not track it.
NOT_TRACKED: Final = 12
JOB_COMPLETED: Final = 7


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Put the object manager and the storage services into the profile that the settings ask for."""
    if settings["profile"] == "windows-strict":
        for manager in transaction.instances("MSFTSM_ObjectManager", NAMESPACE):
            transaction.modify(manager, EnabledState=NOT_APPLICABLE, RequestedState=NOT_TRACKED, TimeOfLastStateChange=None)
    if settings["storage_services_profile"] == "M":
        for classname in STORAGE_SERVICES:
            for service in transaction.instances(classname, NAMESPACE):
                transaction.modify(service, EnabledState=ENABLED, RequestedState=ENABLED, TimeOfLastStateChange=zero_interval())


class StorageService(ServiceLifeCycle):
    """A service of the iSCSI target server."""

    utc = WINDOWS_UTC

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.stopped_requested_state = settings["stopped_requested_state"]
        self.supports_timeout = settings["timeout_supported"]

    def other_request(self, call: Invocation, service: Instance, requested: int) -> Any:
        """Restart on Reboot and Reset, leaving a job that is done already; refuse the other states."""
        if requested not in (REBOOT, RESET):
            return self.settings["unsupported_state_code"]
        if service["Started"] is not True:
            return INVALID_TRANSITION
        now = DateTime.at(call.transaction.now, WINDOWS_UTC)
        # The service was down and is up again, so the time of change moves although the state is what it was.
        call.transaction.modify(service, **RUNNING.properties(), RequestedState=ENABLED, TimeOfLastStateChange=now)
        return JOB_STARTED, {"Job": _finished_job(call.transaction, service, now)}


class ObjectManager(StorageService):
    """MSFTSM_ObjectManager. Stopping it stops nothing: the CIMOM that simulates it goes on answering."""


def _finished_job(transaction: Transaction, service: Instance, now: DateTime) -> Instance:
    """Create the job of a request that was carried out at once."""
    # Clients may have deleted jobs, so their number alone does not tell a free name.
    taken = {job["InstanceID"] for job in transaction.instances("MSISCSITARGET_ConcreteJob")}
    names = (f"MSISCSITARGET:{service['SystemName']}:Job:{number}" for number in count(len(taken) + 1))
    return transaction.create(
        "MSISCSITARGET_ConcreteJob",
        {
            "InstanceID": next(name for name in names if name not in taken),
            "Name": f"RequestStateChange of {service['Name']}",
            "JobState": JOB_COMPLETED,
            "PercentComplete": 100,
            "StartTime": now,
            "TimeOfLastStateChange": now,
            "ErrorCode": 0,
            "OperationalStatus": [2],
            "StatusDescriptions": ["OK"],
            "HealthState": 5,
        },
    )
