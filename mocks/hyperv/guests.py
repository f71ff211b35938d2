"""The guest of a running virtual machine: integration components, guest services, and whether it answers.

Components and guest services exist while the machine runs or is paused. They follow the settings: a component is enabled as its
settings are, a guest service runs if the guest service interface is enabled and no policy forbids it.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from cimsim.providers import (
    ENABLED,
    IMMEDIATE,
    IN_TRANSITION,
    NO_TRANSITION,
    RUNNING,
    STOPPED,
    Instance,
    InstancePath,
    JobFailure,
    Timing,
    Transaction,
    fail_job,
    is_running,
)

from .devices import create_devices
from .terms import DORMANT, INVALID_STATE, NO_CONTACT, NO_REQUEST, OK, moment
from .topology import (
    INTERFACE,
    INTERFACE_SETTINGS,
    SERVICE_SETTINGS,
    component_settings,
    components,
    machine_of,
    service_settings,
    services_of,
    settings_of,
)

# DefaultEnabledStatePolicy and EnabledStatePolicy.
POLICY_ENABLED: Final = 2
POLICY_DISABLED: Final = 3
POLICY_DEFERRED: Final = 8

DEVICES: Final[Mapping[str, str]] = {
    INTERFACE_SETTINGS: "6C09BB55-D683-4DA0-8931-C9BF705F6480",
    "Msvm_HeartbeatComponentSettingData": "84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47",
    "Msvm_KvpExchangeComponentSettingData": "2A34B1C2-FD73-4043-8A5B-DD2159BC743F",
    "Msvm_ShutdownComponentSettingData": "9F8233AC-BE49-4C79-8EE3-E7E1985B2077",
    "Msvm_TimeSyncComponentSettingData": "2497F4DE-E9FA-4204-80E4-4B75C46419C0",
    "Msvm_VssComponentSettingData": "5CED1297-4598-4915-A5FC-AD21BB4D02A4",
}
"""The GUID of the component that settings of a class are for; the class of the component is called without SettingData."""
HEARTBEAT: Final = "Msvm_HeartbeatComponent"
FILE_SERVICE: Final = "Msvm_GuestFileService"
FILE_SERVICE_NAME: Final = "34D14BE3-DEE4-41C8-9AE7-6B174977C192"
SOCKET_SERVICE: Final = "Msvm_GuestCommunicationService"

_STATUS_TEXTS: Final[Mapping[int, str]] = {
    OK: "OK",
    NO_CONTACT: "No Contact",
    13: "Lost Communication",
    DORMANT: "Paused",
}


class Guests(msgspec.Struct, frozen=True):
    """What guests do, as far as the settings of the pack say.

    Attributes:
        keeps_disabled: whether guest services stay, stopped, while the guest service interface is disabled.
        contact: how long a guest takes to answer after a start.
        silent: ElementName or Name of virtual machines whose guests never answer, folded.
    """

    keeps_disabled: bool = True
    contact: Timing = IMMEDIATE
    silent: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Guests":
        """Return what the settings say."""
        kept = settings["disabled_guest_services"]
        return cls(
            keeps_disabled=settings["profile"] == "documented" if kept == "by-profile" else kept == "kept",
            contact=settings["guest_contact"],
            silent=frozenset(name.casefold() for name in settings["silent_guests"]),
        )

    def answers(self, machine: Instance | None) -> bool:
        """Return whether the guest of a virtual machine answers at all."""
        return machine is None or not self.silent.intersection(
            str(machine[name]).casefold() for name in ("ElementName", "Name")
        )


# With the machine


def create_components(transaction: Transaction, machine: Instance, guests: Guests) -> None:
    """Create the components and devices that the settings of a machine call for, with their links and guest services."""
    created = []
    for settings in component_settings(transaction, machine):
        if settings.cls.name in DEVICES:
            classname = settings.cls.name.removesuffix("SettingData")
            created.append(_create_component(transaction, machine, classname, settings))
    for component in created:
        if component.cls.name == INTERFACE:
            align_services(transaction, component, guests)
    create_devices(transaction, machine)
    await_contact(transaction, machine, created, guests)


def remove_components(transaction: Transaction, machine: Instance) -> None:
    """Remove the components, guest services and devices of a machine; their links are deleted with them."""
    for component in components(transaction, machine):
        for service in services_of(transaction, component):
            _remove(transaction, service)
        _remove(transaction, component)


def _remove(transaction: Transaction, element: Instance) -> None:
    """Delete a component or a guest service; jobs that work on it fail."""
    _fail_jobs(transaction, element, f"{element.path} does not exist any more")
    transaction.delete(element)


def _fail_jobs(transaction: Transaction, element: Instance, reason: str) -> None:
    for job in transaction.associators(element, "Msvm_AffectedJobElement"):
        if is_running(job):
            fail_job(transaction, job, JobFailure(INVALID_STATE, reason))


def _create_component(transaction: Transaction, machine: Instance, classname: str, settings: Instance) -> Instance:
    component = transaction.create(
        classname,
        {
            "SystemCreationClassName": machine["CreationClassName"],
            "SystemName": machine["Name"],
            "CreationClassName": classname,
            "DeviceID": "Microsoft:" + settings["InstanceID"].rpartition("\\")[2],
            "EnabledState": settings["EnabledState"],
            "RequestedState": NO_REQUEST,
            "HealthState": 5,
            **_status(classname, NO_CONTACT),
            **({"Name": "Heartbeat", "Availability": 6} if classname == HEARTBEAT else {}),
        },
    )
    transaction.create("Msvm_SystemDevice", {"GroupComponent": machine, "PartComponent": component})
    ends = {"ManagedElement": component, "SettingData": settings}
    transaction.create("Msvm_SettingsDefineState", ends)
    transaction.create("Msvm_ElementSettingData", ends | {"IsDefault": 1, "IsCurrent": 1, "IsNext": 0})
    return component


# Contact


def _status(classname: str, status: int) -> dict[str, Any]:
    """Return the status properties of a component; the heartbeat has two values while all is well."""
    number = 2 if classname == HEARTBEAT and status == OK else 1
    return {"OperationalStatus": [status] * number, "StatusDescriptions": [_STATUS_TEXTS[status]] * number}


def set_status(transaction: Transaction, component: Instance, status: int) -> Instance:
    """Set the OperationalStatus of a component, and the descriptions that belong to it."""
    return transaction.modify(component, **_status(component.cls.name, status))


def await_contact(transaction: Transaction, machine: Instance | None, waiting: list[Instance], guests: Guests) -> None:
    """Plan that components without contact report OK as soon as the guest answers."""
    if waiting and guests.answers(machine):
        # Turning the machine off deletes the first subject, which drops the step.
        guests.contact.plan(transaction, _contact, tuple(each.path for each in waiting), subjects=waiting)


def _contact(transaction: Transaction, paths: tuple[InstancePath, ...]) -> None:
    for path in paths:
        component = transaction.get(path)
        if component["OperationalStatus"][0] == NO_CONTACT:
            set_status(transaction, component, OK)


def is_answering(component: Instance) -> bool:
    """Return whether the guest's part of a component is in contact with the host."""
    status = component["OperationalStatus"]
    return bool(status) and status[0] == OK


# Components


def switch(transaction: Transaction, component: Instance, state: int, guests: Guests) -> None:
    """Enable or disable a component together with its settings; the guest services of an interface follow.

    The virtual machine notes a change of its configuration. RequestedState of components is always 12.
    """
    changed = moment(transaction)
    component = transaction.modify(component, EnabledState=state, TimeOfLastStateChange=changed)
    for settings in settings_of(transaction, component):
        transaction.modify(settings, EnabledState=state)
    machine = machine_of(transaction, component)
    if component.cls.name == INTERFACE:
        align_services(transaction, component, guests)
    if machine is not None:
        transaction.modify(machine, TimeOfLastConfigurationChange=changed)
    if state == ENABLED:
        await_contact(transaction, machine, [set_status(transaction, component, NO_CONTACT)], guests)


# Guest services


def policy(transaction: Transaction, component: Instance, service: Instance) -> int | None:
    """Return the policy of a guest service's settings, followed to where it defers to; None where it has no settings."""
    for interface in settings_of(transaction, component):
        for settings in service_settings(transaction, interface):
            if settings["Name"] == service["Name"]:
                found: int | None = settings["EnabledStatePolicy"]
                return interface["DefaultEnabledStatePolicy"] if found == POLICY_DEFERRED else found
    return None


def forbidden(transaction: Transaction, component: Instance) -> frozenset[str]:
    """Return the names of the guest services of an interface that a policy forbids to run."""
    return frozenset(
        service["Name"]
        for service in services_of(transaction, component)
        if policy(transaction, component, service) == POLICY_DISABLED
    )


def align_services(transaction: Transaction, component: Instance, guests: Guests) -> None:
    """Bring the guest services of an interface in line with its state; requests that they have are dropped."""
    enabled = component["EnabledState"] == ENABLED
    known = {(each.cls.name, each["Name"]) for each in services_of(transaction, component)}
    if enabled or guests.keeps_disabled:
        if (FILE_SERVICE, FILE_SERVICE_NAME) not in known:
            _create_file_service(transaction, component)
        if enabled:
            for interface in settings_of(transaction, component):
                for settings in service_settings(transaction, interface):
                    if (SOCKET_SERVICE, settings["Name"]) not in known:
                        create_socket_service(transaction, component, settings)
        barred = forbidden(transaction, component)
        for service in services_of(transaction, component):
            set_running(transaction, service, running=enabled and service["Name"] not in barred)
    else:
        for service in services_of(transaction, component):
            _remove(transaction, service)


def set_running(transaction: Transaction, service: Instance, *, running: bool) -> None:
    """Start or stop a guest service without a request for it; a transition of it is ended."""
    if service["EnabledState"] in IN_TRANSITION:
        service = _interrupt(transaction, service)
    state = RUNNING if running else STOPPED
    if service["EnabledState"] != state.EnabledState:
        transaction.modify(service, **state.properties(), RequestedState=NO_REQUEST, TimeOfLastStateChange=moment(transaction))


def _interrupt(transaction: Transaction, service: Instance) -> Instance:
    _fail_jobs(transaction, service, f"{service.path} has been put into another state meanwhile")
    for wait in transaction.waiting(service):
        transaction.cancel(wait.number)
    return transaction.modify(service, TransitioningToState=NO_TRANSITION)


def _create_file_service(transaction: Transaction, component: Instance) -> None:
    texts = ("Guest File Service", "Copies files from the host to the guest")
    _register(transaction, component, FILE_SERVICE, FILE_SERVICE_NAME, *texts)


def create_service_settings(transaction: Transaction, interface: Instance, name: str, title: str, policy: int) -> Instance:
    """Create settings of a socket service below those of a guest service interface."""
    settings = transaction.create(
        SERVICE_SETTINGS,
        {
            "InstanceID": f"{interface['InstanceID']}\\{name}",
            "ElementName": title,
            "Name": name,
            "EnabledStatePolicy": policy,
        },
    )
    ends = {"GroupComponent": interface, "PartComponent": settings}
    transaction.create("Msvm_GuestServiceInterfaceSettingDataComponent", ends)
    return settings


def create_socket_service(transaction: Transaction, component: Instance, settings: Instance) -> Instance:
    """Create the guest service that settings of a socket service call for, in the state of the interface."""
    texts = (settings["ElementName"], "Opens sessions in the guest over a Hyper-V socket")
    return _register(transaction, component, SOCKET_SERVICE, settings["Name"], *texts)


def _register(
    transaction: Transaction, component: Instance, classname: str, name: str, title: str, description: str
) -> Instance:
    running = component["EnabledState"] == ENABLED
    service = transaction.create(
        classname,
        {
            "SystemCreationClassName": component["SystemCreationClassName"],
            "SystemName": component["SystemName"],
            "CreationClassName": classname,
            "Name": name,
            "ElementName": title,
            "Caption": title,
            "Description": description,
            "StartMode": "Manual",
            "RequestedState": NO_REQUEST,
            "EnabledDefault": ENABLED,
            "HealthState": 5,
            "TimeOfLastStateChange": moment(transaction),
            **(RUNNING if running else STOPPED).properties(),
        },
    )
    transaction.create("Msvm_RegisteredGuestService", {"Antecedent": component, "Dependent": service})
    return service
