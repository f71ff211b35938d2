"""Guest services: what StartService, StopService and RequestStateChange do in a guest, and copying files into it."""

from collections.abc import Mapping
from typing import Any

from cimsim.providers import (
    DISABLED,
    ENABLED,
    TIMEOUT_NOT_SUPPORTED,
    Instance,
    Invocation,
    Transaction,
    is_busy,
    timeout_refusal,
)

from .copying import Copying, files_of
from .guests import POLICY_DISABLED, policy
from .host_jobs import CHANGING_GUEST_SERVICE, JOBS
from .host_services import HypervService
from .terms import INVALID_PARAMETER, INVALID_STATE
from .topology import interface_of


class GuestService(HypervService):
    """A service in a guest, which the guest service interface of its virtual machine lets run."""

    job_kind = JOBS
    job_properties = CHANGING_GUEST_SERVICE

    def refuses_start(self, call: Invocation, service: Instance) -> int | None:
        """Refuse while the guest service interface is disabled, and during a transition."""
        component = _enabled_interface(call.transaction, service)
        if component is None or self.forbidden(call.transaction, component, service):
            return self.unsupported(call)
        return self.busy_code if is_busy(service) else None

    def forbidden(self, transaction: Transaction, component: Instance, service: Instance) -> bool:
        """Return whether anything but the state of the guest service interface forbids the service to start."""
        return False

    def refuses_stop(self, call: Invocation, service: Instance) -> int | None:
        """Refuse a stopped service while the guest service interface is disabled, and during a transition."""
        if service["Started"] is not True and _enabled_interface(call.transaction, service) is None:
            return self.unsupported(call)
        return self.busy_code if is_busy(service) else None

    def refuses_request(self, call: Invocation, service: Instance, requested: int | None) -> int | None:
        """Refuse any timeout, then any state but Enabled and Disabled, and anything during a transition."""
        if timeout_refusal(call.arguments["TimeoutPeriod"]) is not None:
            return TIMEOUT_NOT_SUPPORTED
        if requested not in (ENABLED, DISABLED):
            return INVALID_STATE
        return self.busy_state_code if is_busy(service) else None


class GuestFileService(GuestService):
    """Msvm_GuestFileService: startable as its abstract parent is documented, or not at all as its own page says."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._copying = Copying(settings)

    def refuses_start(self, call: Invocation, service: Instance) -> int | None:
        """Refuse always under ``windows-strict``."""
        return self.unsupported(call) if self.strict else super().refuses_start(call, service)

    def refuses_stop(self, call: Invocation, service: Instance) -> int | None:
        """Refuse always under ``windows-strict``."""
        return self.unsupported(call) if self.strict else super().refuses_stop(call, service)

    def CopyFilesToGuest(self, call: Invocation) -> Any:
        """Start copying files into the guest: 4096 and a job; 32773 for settings without paths, 32775 for a stopped service."""
        service, transaction = call.instance, call.transaction
        given = call.arguments["CopyFileToGuestSettings"]
        files = files_of(given)
        if files is None:
            return INVALID_PARAMETER
        timing = self.timing(transaction, service, "CopyFilesToGuest", self.settings["copy_duration"])
        return self._copying.begin(transaction, service, files, [each.tocimxmlstr() for each in given], timing)


class GuestCommunicationService(GuestService):
    """Msvm_GuestCommunicationService: a registered socket service, which its settings may forbid to start."""

    def forbidden(self, transaction: Transaction, component: Instance, service: Instance) -> bool:
        """Return whether the policy of the service, or the one that it defers to, is Disabled."""
        return policy(transaction, component, service) == POLICY_DISABLED


def _enabled_interface(transaction: Transaction, service: Instance) -> Instance | None:
    """Return the guest service interface that a service belongs to, if it is enabled."""
    component = interface_of(transaction, service)
    return component if component is not None and component["EnabledState"] == ENABLED else None
