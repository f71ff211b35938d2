"""Integration components: enabled and disabled by clients, and shutting the guest down."""

from collections.abc import Mapping
from typing import Any

from cimsim.providers import (
    BUSY,
    COMPLETED,
    DISABLED,
    ENABLED,
    JOB_STARTED,
    NOT_SUPPORTED,
    REQUESTABLE,
    Instance,
    InstancePath,
    Invocation,
    Provider,
    Transaction,
    is_running,
    timeout_refusal,
    unsupported,
)

from . import host_jobs
from .guests import Guests, is_answering, switch
from .machines import REBOOT, SHUT_DOWN, Power, Transition, is_changing
from .terms import INVALID_STATE, NOT_READY, SHUTDOWN_IN_PROGRESS, SHUTTING_DOWN
from .topology import machine_of


class IntegrationComponent(Provider):
    """An integration component of a running virtual machine: Enabled and Disabled at will, together with its settings.

    Of these classes the documents promise 0 and 1 only, so a change is done at once. RequestedState is always 12.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._guests = Guests.of(settings)

    def RequestStateChange(self, call: Invocation) -> Any:
        """Enable or disable the component and its settings."""
        component, requested = call.instance, call.arguments["RequestedState"]
        refusal = self.refuses(call, component, requested)
        if refusal is not None:
            return refusal
        return COMPLETED if component["EnabledState"] == requested else self.enter(call, component, requested)

    def Reset(self, call: Invocation) -> int:
        """Not supported."""
        return unsupported(call, self.settings["not_supported_answer"])

    def SetPowerState(self, call: Invocation) -> int:
        """Not supported."""
        return unsupported(call, self.settings["not_supported_answer"])

    def refuses(self, call: Invocation, component: Instance, requested: int | None) -> int | None:
        """Return the number with which the request is refused, or None to go ahead."""
        return None if requested in (ENABLED, DISABLED) else NOT_SUPPORTED

    def enter(self, call: Invocation, component: Instance, state: int) -> Any:
        """Put the component and its settings into the state."""
        switch(call.transaction, component, state, self._guests)
        return COMPLETED


class GuestServiceInterfaceComponent(IntegrationComponent):
    """Msvm_GuestServiceInterfaceComponent: has the full list of return values, and takes its guest services along."""

    def refuses(self, call: Invocation, component: Instance, requested: int | None) -> int | None:
        """Refuse a value that is not a state, what is not supported, any timeout, and the state that it has already."""
        if requested not in REQUESTABLE:
            return int(self.settings["interface_invalid_answer"])
        if requested not in (ENABLED, DISABLED):
            return int(self.settings["interface_other_answer"])
        if any(is_running(job) for job in call.transaction.associators(component, "Msvm_AffectedJobElement")):
            return BUSY
        if component["EnabledState"] == requested:
            return int(self.settings["interface_same_answer"])
        return timeout_refusal(call.arguments["TimeoutPeriod"])

    def enter(self, call: Invocation, component: Instance, state: int) -> Any:
        """Change at once, or by a job."""
        timing = self.timing(call.transaction, component, "RequestStateChange", self.settings["settings_transition"])
        if timing.immediate:
            return super().enter(call, component, state)
        machine = machine_of(call.transaction, component)
        job = host_jobs.start_job(
            call.transaction,
            timing,
            host_jobs.MODIFY_RESOURCES,
            affected=[component] if machine is None else [component, machine],
            finish=self._switch,
            arguments=(component.path, state),
        )
        return JOB_STARTED, {"Job": job}

    def _switch(self, transaction: Transaction, path: InstancePath, state: int) -> None:
        switch(transaction, transaction.get(path), state, self._guests)


class ShutdownComponent(IntegrationComponent):
    """Msvm_ShutdownComponent: has the guest shut down, reboot or hibernate, which is a transition of its machine."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._power = Power(settings)

    def InitiateShutdown(self, call: Invocation) -> int:
        """Have the guest shut down: its machine is off when the transition is over."""
        return self._initiate(call, SHUT_DOWN)

    def InitiateReboot(self, call: Invocation) -> int:
        """Have the guest reboot."""
        return self._initiate(call, REBOOT)

    def InitiateHibernate(self, call: Invocation) -> int:
        """Have the guest hibernate: its machine is off then, as after a shutdown."""
        return self._initiate(call, SHUT_DOWN)

    def _initiate(self, call: Invocation, transition: Transition) -> int:
        component, transaction = call.instance, call.transaction
        machine = machine_of(transaction, component)
        if machine is not None and is_changing(machine):
            return SHUTDOWN_IN_PROGRESS if machine["EnabledState"] == SHUTTING_DOWN else INVALID_STATE
        if machine is None or component["EnabledState"] != ENABLED or machine["EnabledState"] not in transition.sources:
            return INVALID_STATE
        if not is_answering(component):
            return NOT_READY
        timing = self.timing(transaction, component, call.method.name, self._power.timing)
        self._power.begin(transaction, machine, transition, timing)
        return COMPLETED
