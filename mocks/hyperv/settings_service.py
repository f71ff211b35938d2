"""Changing settings of components and guest services by the virtual system management service.

Whatever is wrong with the parameters is said at once; the change itself is done at once or by a job.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from pywbem import CIMInstance

from cimsim.operations.methods import Invocation
from cimsim.providers.jobs import JobFailure
from cimsim.providers.service_life_cycle import COMPLETED, DISABLED, ENABLED, JOB_STARTED
from cimsim.providers.timing import Timing
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction

from . import terms, work
from .changes import INVALID_PARAMETER, INVALID_STATE
from .guests import (
    DEVICES,
    POLICY_DEFERRED,
    POLICY_DISABLED,
    POLICY_ENABLED,
    SOCKET_SERVICE,
    Guests,
    create_service_settings,
    create_socket_service,
    forbidden,
    put,
    switch,
)
from .host_services import FixedHostService
from .machines import is_changing
from .terms import moment
from .topology import (
    INTERFACE_SETTINGS,
    SERVICE_SETTINGS,
    component_of_settings,
    component_settings,
    configuration,
    found,
    machine_of_settings,
    machines_of_settings,
    service_settings,
    services_of,
)

_CHANGEABLE: Final[dict[str, frozenset[int]]] = {
    "EnabledState": frozenset({ENABLED, DISABLED}),
    "DefaultEnabledStatePolicy": frozenset({POLICY_ENABLED, POLICY_DISABLED}),
    "EnabledStatePolicy": frozenset({POLICY_ENABLED, POLICY_DISABLED, POLICY_DEFERRED}),
}
"""The properties that can be changed, and the values they can have."""


class SettingsChange(NamedTuple):
    """Settings that are there, and the values their properties shall have."""

    path: InstancePath
    values: dict[str, int]


class SettingsService(FixedHostService):
    """The methods of Msvm_VirtualSystemManagementService for the settings of components and of guest services."""

    def ModifyResourceSettings(self, call: Invocation) -> Any:
        """Change settings of components; those of a running virtual machine follow."""
        return self._modify(call, "ResourceSettings", "ResultingResourceSettings")

    def ModifyGuestServiceSettings(self, call: Invocation) -> Any:
        """Change settings of guest services, and of the guest service interface."""
        return self._modify(call, "GuestServiceSettings", "ResultingGuestServiceSettings")

    def AddGuestServiceSettings(self, call: Invocation) -> Any:
        """Add settings of socket services to a virtual machine; a running one gets the services if its interface is enabled."""
        transaction = call.transaction
        system = configuration(transaction, call.arguments["AffectedConfiguration"])
        interface = None if system is None else _interface_settings(transaction, system)
        given: Sequence[CIMInstance | None] = call.arguments["GuestServiceSettings"] or ()
        if interface is None or not given:
            return INVALID_PARAMETER
        wanted: dict[str, tuple[str, int]] = {}
        taken = {str(each["Name"]).casefold() for each in service_settings(transaction, interface)}
        for each in given:
            name = None if each is None or each.classname != SERVICE_SETTINGS else each.get("Name")
            if each is None or not name or name.casefold() in taken:
                return INVALID_PARAMETER
            taken.add(name.casefold())
            policy = each.get("EnabledStatePolicy")
            if policy is not None and policy not in _CHANGEABLE["EnabledStatePolicy"]:
                return INVALID_PARAMETER
            wanted[name] = (each.get("ElementName") or name, POLICY_DEFERRED if policy is None else int(policy))
        identifiers = [f"{interface['InstanceID']}\\{name}" for name in wanted]
        return self._carry_out(
            call,
            work.ADD_RESOURCES,
            [interface],
            self._add,
            (interface.path, tuple((name, *rest) for name, rest in wanted.items())),
            "ResultingGuestServiceSettings",
            [InstancePath(SERVICE_SETTINGS, (("InstanceID", each),)) for each in identifiers],
        )

    def RemoveGuestServiceSettings(self, call: Invocation) -> Any:
        """Remove settings of socket services, and the services."""
        named = [found(call.transaction, path) for path in call.arguments["GuestServiceSettings"] or ()]
        settings = [each for each in named if each is not None and each.cls.name == SERVICE_SETTINGS]
        if not named or len(settings) < len(named):
            return INVALID_PARAMETER
        arguments = (tuple(dict.fromkeys(each.path for each in settings)),)
        return self._carry_out(call, work.REMOVE_RESOURCES, settings, self._remove, arguments)

    # Steps

    def _modify(self, call: Invocation, parameter: str, result: str) -> Any:
        changes, settings = [], []
        unknown: CIMInstance | None = None
        for given in call.arguments[parameter] or (None,):
            if given is None:
                return INVALID_PARAMETER
            known = _known(call.transaction, given)
            if known is None:
                unknown = given
                continue
            values = {name: given[name] for name in _CHANGEABLE if name in known and given.get(name) is not None}
            if any(value not in _CHANGEABLE[name] for name, value in values.items()):
                return INVALID_PARAMETER
            settings.append(known)
            changes.append(SettingsChange(known.path, {name: int(value) for name, value in values.items()}))
        if unknown is not None:
            return self._unknown(call, unknown)
        paths = [each.path for each in changes]
        return self._carry_out(call, work.MODIFY_RESOURCES, settings, self._apply, (tuple(changes),), result, paths)

    def _carry_out(
        self,
        call: Invocation,
        job_type: int,
        settings: Sequence[Instance],
        step: Callable[..., None],
        arguments: tuple[Any, ...],
        result: str | None = None,
        paths: Sequence[InstancePath] = (),
    ) -> Any:
        """Do a checked change at once, or have a job do it; return what the method returns.

        ``settings`` tell which virtual machines are concerned: none of them may be on its way to another state.
        """
        transaction = call.transaction
        machines = machines_of_settings(transaction, settings)
        if any(is_changing(machine) for machine in machines):
            return INVALID_STATE
        timing = self.timing(transaction, call.instance, call.method.name, self.settings["settings_transition"])
        if timing.immediate:
            step(transaction, *arguments)
            return COMPLETED, {} if result is None else {result: list(paths)}
        return self.begin_job(call, timing, job_type, machines, step, arguments)

    def begin_job(
        self,
        call: Invocation,
        timing: Timing,
        job_type: int,
        machines: Sequence[Instance],
        finish: Callable[..., object],
        arguments: tuple[Any, ...],
        identifier: str | None = None,
    ) -> Any:
        """Have a job of this service make a change of virtual machines, or of none; return what the method returns."""
        job = work.start_job(
            call.transaction,
            timing,
            job_type,
            affected=machines or [call.instance],
            owner=call.instance,
            finish=finish,
            arguments=arguments,
            identifier=identifier,
        )
        return JOB_STARTED, {"Job": job}

    def _unknown(self, call: Invocation, given: CIMInstance) -> Any:
        """Refuse settings that are not there, in the way that the pack's settings want."""
        if self.settings["unknown_settings_answer"] == "return-4":
            return INVALID_PARAMETER
        transaction = call.transaction
        timing = self.timing(transaction, call.instance, call.method.name, self.settings["settings_transition"])
        text = f"there are no settings {given.classname} {given.get('InstanceID')}"
        job = work.start_job(
            transaction, timing, work.MODIFY_RESOURCES, affected=[call.instance], finish=_fail, arguments=(text,)
        )
        return JOB_STARTED, {"Job": job}

    def _apply(self, transaction: Transaction, changes: tuple[SettingsChange, ...]) -> None:
        guests = Guests.of(self.settings)
        for path, values in changes:
            settings = transaction.get(path)
            component = component_of_settings(transaction, _holder(transaction, settings))
            state = values.get("EnabledState")
            if component is not None and state is not None and component["EnabledState"] != state:
                switch(transaction, component, state, guests)
            barred = frozenset() if component is None else forbidden(transaction, component)
            transaction.modify(path, **values)
            if component is not None:
                _follow_policies(transaction, component, barred)
                _note_change(transaction, settings)

    def _add(self, transaction: Transaction, interface_path: InstancePath, wanted: tuple[tuple[str, str, int], ...]) -> None:
        interface = transaction.get(interface_path)
        component = component_of_settings(transaction, interface)
        for name, title, policy in wanted:
            settings = create_service_settings(transaction, interface, name, title, policy)
            if component is not None and component["EnabledState"] == ENABLED:
                service = create_socket_service(transaction, component, settings)
                put(transaction, service, running=name not in forbidden(transaction, component))
        _note_change(transaction, interface)

    def _remove(self, transaction: Transaction, paths: tuple[InstancePath, ...]) -> None:
        for path in paths:
            settings = transaction.get(path)
            _note_change(transaction, settings)
            component = component_of_settings(transaction, _holder(transaction, settings))
            for service in services_of(transaction, component) if component is not None else ():
                if service.cls.name == SOCKET_SERVICE and service["Name"] == settings["Name"]:
                    transaction.delete(service)
            transaction.delete(settings)


def _fail(_: Transaction, text: str) -> None:
    raise JobFailure(terms.INVALID_PARAMETER, text)


# Finding


def _known(transaction: Transaction, given: CIMInstance) -> Instance | None:
    """Return the stored settings that embedded ones mean, if they are of a kind that can be changed."""
    if given.classname != SERVICE_SETTINGS and given.classname not in DEVICES:
        return None
    identifier = given.get("InstanceID")
    return None if identifier is None else found(transaction, InstancePath(given.classname, (("InstanceID", identifier),)))


def _interface_settings(transaction: Transaction, system: Instance) -> Instance | None:
    machine = machine_of_settings(transaction, system)
    for settings in () if machine is None else component_settings(transaction, machine):
        if settings.cls.name == INTERFACE_SETTINGS:
            return settings
    return None


def _holder(transaction: Transaction, settings: Instance) -> Instance:
    """Return the settings of a component: those given, or those of the interface that a socket service belongs to."""
    if settings.cls.name != SERVICE_SETTINGS:
        return settings
    above = transaction.associators(settings, "Msvm_GuestServiceInterfaceSettingDataComponent", role="PartComponent")
    return above[0] if above else settings


# What follows


def _follow_policies(transaction: Transaction, component: Instance, barred: frozenset[str]) -> None:
    """Stop the services that a policy forbids from now on, start those that it allows again."""
    now_barred = forbidden(transaction, component)
    for service in services_of(transaction, component):
        if (service["Name"] in barred) != (service["Name"] in now_barred):
            enabled = transaction.get(component)["EnabledState"] == ENABLED
            put(transaction, service, running=enabled and service["Name"] in barred)


def _note_change(transaction: Transaction, settings: Instance) -> None:
    """Let a virtual machine that is up tell when its configuration changed."""
    machine = machine_of_settings(transaction, settings)
    if machine is not None and component_of_settings(transaction, _holder(transaction, settings)) is not None:
        transaction.modify(machine, TimeOfLastConfigurationChange=moment(transaction))
