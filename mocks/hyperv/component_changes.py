"""Changes of the settings of components and guest services, for Msvm_VirtualSystemManagementService.

First come functions that check what a client asks for, and then the changes themselves, which take what these return.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
from pywbem import CIMInstance

from cimsim.providers import (
    DISABLED,
    ENABLED,
    Instance,
    InstancePath,
    JobFailure,
    Transaction,
)

from . import terms
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
    set_running,
    switch,
)
from .terms import moment
from .topology import (
    INTERFACE_SETTINGS,
    SERVICE_SETTINGS,
    component_of_settings,
    component_settings,
    found,
    machine_of_settings,
    service_settings,
    services_of,
)

RESOURCE_RESULT: Final = "ResultingResourceSettings"
GUEST_SERVICE_RESULT: Final = "ResultingGuestServiceSettings"
"""The output parameters for what has changed."""

_CHANGEABLE: Final[dict[str, frozenset[int]]] = {
    "EnabledState": frozenset({ENABLED, DISABLED}),
    "DefaultEnabledStatePolicy": frozenset({POLICY_ENABLED, POLICY_DISABLED}),
    "EnabledStatePolicy": frozenset({POLICY_ENABLED, POLICY_DISABLED, POLICY_DEFERRED}),
}
"""The properties that can be changed, and the values they can have."""


class SettingsChange(NamedTuple):
    """Settings that exist, and the values that their properties shall have."""

    path: InstancePath
    values: dict[str, int]


class RequestedChanges(msgspec.Struct, frozen=True):
    """What a client wants to change.

    Attributes:
        settings: the settings as they are.
        changes: what shall become of each of them, in the same order.
        unknown: the last of those given that do not exist, None if all do.
    """

    settings: tuple[Instance, ...]
    changes: tuple[SettingsChange, ...]
    unknown: CIMInstance | None


class NewService(NamedTuple):
    """A socket service to add: its name (a GUID), its ElementName, and its EnabledStatePolicy."""

    name: str
    title: str
    policy: int

    def settings_path(self, interface: Instance) -> InstancePath:
        """Return the path of its settings below those of a guest service interface."""
        return InstancePath(SERVICE_SETTINGS, (("InstanceID", f"{interface['InstanceID']}\\{self.name}"),))


# What clients ask for


def requested_changes(transaction: Transaction, given: Sequence[CIMInstance | None]) -> RequestedChanges | None:
    """Return the changes that embedded settings ask for; None if there are none, one is NULL, or a value is not allowed."""
    settings: list[Instance] = []
    changes: list[SettingsChange] = []
    unknown: CIMInstance | None = None
    for each in given or (None,):
        if each is None:
            return None
        known = _known(transaction, each)
        if known is None:
            unknown = each
            continue
        values = {name: each[name] for name in _CHANGEABLE if name in known and each.get(name) is not None}
        if any(value not in _CHANGEABLE[name] for name, value in values.items()):
            return None
        settings.append(known)
        changes.append(SettingsChange(known.path, {name: int(value) for name, value in values.items()}))
    return RequestedChanges(tuple(settings), tuple(changes), unknown)


def new_services(
    transaction: Transaction, interface: Instance, given: Sequence[CIMInstance | None]
) -> tuple[NewService, ...] | None:
    """Return the socket services that embedded settings ask for; None if there are none, or one cannot be added."""
    wanted: list[NewService] = []
    taken = {str(each["Name"]).casefold() for each in service_settings(transaction, interface)}
    for each in given:
        name = None if each is None or each.classname != SERVICE_SETTINGS else each.get("Name")
        if each is None or not name or name.casefold() in taken:
            return None
        taken.add(name.casefold())
        policy = each.get("EnabledStatePolicy")
        if policy is not None and policy not in _CHANGEABLE["EnabledStatePolicy"]:
            return None
        wanted.append(NewService(name, each.get("ElementName") or name, POLICY_DEFERRED if policy is None else int(policy)))
    return tuple(wanted) or None


def is_of_socket_service(settings: Instance) -> bool:
    """Return whether settings are those of a socket service."""
    return settings.cls.name == SERVICE_SETTINGS


# Changes


def modify(transaction: Transaction, changes: tuple[SettingsChange, ...], guests: Guests) -> None:
    """Change settings; the component and the services of a running virtual machine follow."""
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


def add(transaction: Transaction, interface_path: InstancePath, wanted: tuple[NewService, ...]) -> None:
    """Add the settings of socket services, and the services where the guest service interface is enabled."""
    interface = transaction.get(interface_path)
    component = component_of_settings(transaction, interface)
    for name, title, policy in wanted:
        settings = create_service_settings(transaction, interface, name, title, policy)
        if component is not None and component["EnabledState"] == ENABLED:
            service = create_socket_service(transaction, component, settings)
            set_running(transaction, service, running=name not in forbidden(transaction, component))
    _note_change(transaction, interface)


def remove(transaction: Transaction, paths: tuple[InstancePath, ...]) -> None:
    """Remove the settings of socket services, and the services."""
    for path in paths:
        settings = transaction.get(path)
        _note_change(transaction, settings)
        component = component_of_settings(transaction, _holder(transaction, settings))
        for service in services_of(transaction, component) if component is not None else ():
            if service.cls.name == SOCKET_SERVICE and service["Name"] == settings["Name"]:
                transaction.delete(service)
        transaction.delete(settings)


def fail_unknown(_: Transaction, text: str) -> None:
    """Let the job of a change of settings that do not exist fail."""
    raise JobFailure(terms.INVALID_PARAMETER, text)


# Finding


def _known(transaction: Transaction, given: CIMInstance) -> Instance | None:
    """Return the stored settings that embedded ones mean, if they are of a kind that can be changed."""
    if given.classname != SERVICE_SETTINGS and given.classname not in DEVICES:
        return None
    identifier = given.get("InstanceID")
    return None if identifier is None else found(transaction, InstancePath(given.classname, (("InstanceID", identifier),)))


def interface_settings(transaction: Transaction, system: Instance) -> Instance | None:
    """Return the settings of the guest service interface of the virtual machine that has these settings."""
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
            set_running(transaction, service, running=enabled and service["Name"] in barred)


def _note_change(transaction: Transaction, settings: Instance) -> None:
    """Note the time at which the configuration of a running virtual machine changed."""
    machine = machine_of_settings(transaction, settings)
    if machine is not None and component_of_settings(transaction, _holder(transaction, settings)) is not None:
        transaction.modify(machine, TimeOfLastConfigurationChange=moment(transaction))
