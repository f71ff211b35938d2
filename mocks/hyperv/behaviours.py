"""How the simulated Hyper-V host acts. What each answer rests on stands in this pack's README.md."""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.behaviours.api import Behaviour
from cimsim.behaviours.service import (
    COMPLETED,
    DISABLED,
    ENABLED,
    INVALID_PARAMETER,
    INVALID_TRANSITION,
    NOT_SUPPORTED,
    REQUESTABLE,
    RUNNING,
    STOPPED,
    TIMEOUT_NOT_SUPPORTED,
    ServiceLifeCycle,
    timeout_refusal,
)
from cimsim.operations.methods import Invocation
from cimsim.world.instances import Instance
from cimsim.world.transaction import Transaction
from cimsim.world.values import DateTime

NAMESPACE: Final = "root/virtualization/v2"
# Windows writes the offset of UTC with a minus sign.
WINDOWS_UTC: Final = "-000"
# RequestedState at rest: no change is wanted.
NO_REQUEST: Final = 12
# The vendor's return value for a requested state that the element does not support.
STATE_NOT_SUPPORTED: Final = 32775
# DefaultEnabledStatePolicy and EnabledStatePolicy.
POLICY_DISABLED: Final = 3
POLICY_DEFERRED: Final = 8


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Remove what a Windows host would not have: a guest file service behind a disabled guest service interface."""
    if settings["profile"] != "windows-strict":
        return
    for service in transaction.instances("Msvm_GuestFileService", NAMESPACE):
        component = _component(transaction, service)
        if component is None or component["EnabledState"] != ENABLED:
            transaction.delete(service)


def _component(transaction: Transaction, service: Instance) -> Instance | None:
    """Return the guest service interface component that a guest service is registered with."""
    found = transaction.associators(service, "Msvm_RegisteredGuestService", "Msvm_GuestServiceInterfaceComponent")
    return found[0] if found else None


class HypervService(ServiceLifeCycle):
    """What all services of the host share."""

    utc = WINDOWS_UTC

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.strict = settings["profile"] == "windows-strict"
        self.stopped_requested_state = settings["stopped_requested_state"]


class GuestService(HypervService):
    """A service in a guest, which the guest service interface of its virtual machine lets run."""

    def refuses_start(self, call: Invocation, service: Instance) -> int | None:
        """Refuse while the guest service interface is disabled."""
        component = _component(call.transaction, service)
        if component is None or component["EnabledState"] != ENABLED or self.forbidden(call.transaction, component, service):
            return self.unsupported(call)
        return None

    def forbidden(self, transaction: Transaction, component: Instance, service: Instance) -> bool:
        """Return whether anything but the state of the guest service interface forbids the service to start."""
        return False

    def refuses_stop(self, call: Invocation, service: Instance) -> int | None:
        """Never refuse."""
        return None

    def refuses_request(self, call: Invocation, service: Instance, requested: int | None) -> int | None:
        """Refuse any timeout, and then any state but Enabled and Disabled."""
        if timeout_refusal(call.arguments["TimeoutPeriod"]) is not None:
            return TIMEOUT_NOT_SUPPORTED
        return None if requested in (ENABLED, DISABLED) else STATE_NOT_SUPPORTED


class GuestFileService(GuestService):
    """Msvm_GuestFileService: startable as its abstract parent is documented, or not at all as its own page says."""

    def refuses_start(self, call: Invocation, service: Instance) -> int | None:
        """Refuse always under ``windows-strict``."""
        return self.unsupported(call) if self.strict else super().refuses_start(call, service)

    def refuses_stop(self, call: Invocation, service: Instance) -> int | None:
        """Refuse always under ``windows-strict``."""
        return self.unsupported(call) if self.strict else super().refuses_stop(call, service)


class GuestCommunicationService(GuestService):
    """Msvm_GuestCommunicationService: a registered socket service, which its settings may forbid to start."""

    def forbidden(self, transaction: Transaction, component: Instance, service: Instance) -> bool:
        """Return whether the policy of the service, or the one that it defers to, is Disabled."""
        return _policy(transaction, component, service) == POLICY_DISABLED


def _policy(transaction: Transaction, component: Instance, service: Instance) -> int | None:
    """Return the policy of a guest service's settings, followed to where it defers to; None where it has no settings."""
    for interface in _settings_of(transaction, component):
        for setting in transaction.associators(interface, "Msvm_GuestServiceInterfaceSettingDataComponent"):
            if setting["Name"] == service["Name"]:
                policy: int | None = setting["EnabledStatePolicy"]
                return interface["DefaultEnabledStatePolicy"] if policy == POLICY_DEFERRED else policy
    return None


def _settings_of(transaction: Transaction, component: Instance) -> list[Instance]:
    return transaction.associators(component, "Msvm_SettingsDefineState", role="ManagedElement")


class IntegrationComponent(Behaviour):
    """An integration component of a running virtual machine: Enabled and Disabled at will, together with its settings.

    Of these classes the documents promise 0 and 1 only. RequestedState always stays 12.
    """

    def RequestStateChange(self, call: Invocation) -> int:
        """Enable or disable the component and its settings."""
        component = call.target
        assert component is not None  # noqa: S101 - the method is not static (rule X5)
        requested = call.arguments["RequestedState"]
        refusal = self.refuses(component, requested, call.arguments["TimeoutPeriod"])
        if refusal is None and component["EnabledState"] != requested:
            self.enter(call.transaction, component, requested)
        return COMPLETED if refusal is None else refusal

    def refuses(self, component: Instance, requested: int | None, timeout: DateTime | None) -> int | None:
        """Return the number with which the request is refused, or None to go ahead."""
        return None if requested in (ENABLED, DISABLED) else NOT_SUPPORTED

    def enter(self, transaction: Transaction, component: Instance, state: int) -> None:
        """Put the component and its settings into the state; the virtual machine notes a change of its configuration."""
        changed = DateTime.at(transaction.now, WINDOWS_UTC)
        transaction.modify(component, EnabledState=state, TimeOfLastStateChange=changed)
        for setting in _settings_of(transaction, component):
            transaction.modify(setting, EnabledState=state)
        for machine in transaction.associators(component, "Msvm_SystemDevice", "Msvm_ComputerSystem"):
            transaction.modify(machine, TimeOfLastConfigurationChange=changed)


class GuestServiceInterfaceComponent(IntegrationComponent):
    """Msvm_GuestServiceInterfaceComponent: has the full list of return values, and takes its guest services along."""

    def refuses(self, component: Instance, requested: int | None, timeout: DateTime | None) -> int | None:
        """Refuse what is no state, what is not supported, any timeout, and the state that it has already."""
        if requested not in REQUESTABLE:
            return INVALID_PARAMETER
        if requested not in (ENABLED, DISABLED):
            return NOT_SUPPORTED
        if component["EnabledState"] == requested:
            return INVALID_TRANSITION
        return timeout_refusal(timeout)

    def enter(self, transaction: Transaction, component: Instance, state: int) -> None:
        """Start or stop the guest services as well; what they were asked before is forgotten."""
        super().enter(transaction, component, state)
        changed = DateTime.at(transaction.now, WINDOWS_UTC)
        for service in transaction.associators(component, "Msvm_RegisteredGuestService", "Msvm_GuestService"):
            starts = state == ENABLED and _policy(transaction, component, service) != POLICY_DISABLED
            follows = RUNNING if starts else STOPPED
            if service["EnabledState"] != follows.EnabledState:
                transaction.modify(service, **follows.properties(), RequestedState=NO_REQUEST, TimeOfLastStateChange=changed)


class HostService(HypervService):
    """A management service of the host whose page says that it starts and stops."""

    def refuses(self, call: Invocation, service: Instance) -> int | None:
        """Refuse under ``windows-strict``, whose values for EnabledState and RequestedState are fixed."""
        return self.unsupported(call) if self.strict else None

    def refuses_request(self, call: Invocation, service: Instance, requested: int | None) -> int | None:
        """Refuse every state."""
        return NOT_SUPPORTED


class FixedHostService(HypervService):
    """A management service of the host whose page says that it does not start or stop."""

    def refuses(self, call: Invocation, service: Instance) -> int | None:
        """Refuse always."""
        return self.unsupported(call)

    def refuses_request(self, call: Invocation, service: Instance, requested: int | None) -> int | None:
        """Refuse every state."""
        return NOT_SUPPORTED
