"""What the services of the iSCSI target server share: their life cycle and the jobs of their state changes."""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import (
    INVALID_TRANSITION,
    NOT_APPLICABLE,
    NOT_SUPPORTED,
    REBOOT,
    RESET,
    Instance,
    Invocation,
    JobKind,
    ServiceLifeCycle,
    Timing,
    Transaction,
)

# Windows writes the offset of UTC with a minus sign.
WINDOWS_UTC: Final = "-000"
JOB: Final = JobKind(
    "MSISCSITARGET_ConcreteJob", affected="MSISCSITARGET_AffectedJobElement", utc=WINDOWS_UTC, reports_completion=True
)


class StorageService(ServiceLifeCycle):
    """A service of the iSCSI target server."""

    utc = WINDOWS_UTC
    keeps_late_request = True
    job_kind = JOB

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.supports_timeout = settings["timeout_supported"]
        self.manages_all = settings["unmanaged_services"] == "manage"

    def refuses(self, call: Invocation, service: Instance) -> int | None:
        """Refuse in state profile N, unless the settings have its services managed from the first change on."""
        return None if self._becomes_managed(service) else super().refuses(call, service)

    def refuses_request(self, call: Invocation, service: Instance, requested: int | None) -> int | None:
        """Refuse likewise."""
        refusal = super().refuses_request(call, service, requested)
        return None if refusal == NOT_SUPPORTED and self._becomes_managed(service) else refusal

    def _becomes_managed(self, service: Instance) -> bool:
        return self.manages_all and bool(service["EnabledState"] == NOT_APPLICABLE)

    def other_request(self, call: Invocation, service: Instance, requested: int, timing: Timing) -> Any:
        """Restart on Reboot and Reset; refuse the other states."""
        if requested not in (REBOOT, RESET):
            return self.settings["unsupported_state_code"]
        if service["Started"] is not True:
            return INVALID_TRANSITION
        return self.restart(call, service, requested, timing)

    def job_identifier(self, transaction: Transaction, service: Instance) -> str:
        """Number the jobs of each system; clients may have created jobs, so a number may be taken."""
        taken = {job["InstanceID"] for job in transaction.instances(JOB.classname)}
        while True:
            number = transaction.serial(f"job of {service['SystemName']}")
            identifier = f"MSISCSITARGET:{service['SystemName']}:Job:{number}"
            if identifier not in taken:
                return identifier
