"""Creating and destroying virtual machines: what a new one consists of, and what is deleted with one."""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import DISABLED, DateTime, Instance, Transaction

from .guests import DEVICES, POLICY_DEFERRED, create_service_settings, remove_components
from .resources import COMPONENT, GENERATIONS, create_fixed_resources, delete_resource
from .system_values import system_values
from .terms import NO_REQUEST, moment
from .topology import (
    INTERFACE_SETTINGS,
    component_settings,
    is_virtual,
    machine_settings,
    management_service,
    service_settings,
)

REALIZED: Final = "Microsoft:Hyper-V:System:Realized"
UNNAMED: Final = "New Virtual Machine"
SESSION_SERVICE: Final = "999E53D4-3D5C-4C3E-8779-BED06EC056E1"
NEVER: Final = DateTime("16010101000000.000000-000")


def create_machine(
    transaction: Transaction, guid: str, values: Mapping[str, Any], generation: int, *, interface: int = DISABLED
) -> Instance:
    """Create a virtual machine that is off, with its settings and links.

    Args:
        transaction: where it is created, in its namespace.
        guid: Name of the machine.
        values: of its Msvm_VirtualSystemSettingData, as far as they are not the defaults.
        generation: 1 or 2.
        interface: EnabledState of the settings of the guest service interface.
    """
    now = moment(transaction)
    title = values.get("ElementName") or UNNAMED
    machine = transaction.create(
        "Msvm_ComputerSystem",
        {
            "CreationClassName": "Msvm_ComputerSystem",
            "Name": guid,
            "ElementName": title,
            "Caption": "Virtual Machine",
            "Description": "Microsoft Virtual Machine",
            "EnabledState": DISABLED,
            "RequestedState": NO_REQUEST,
            "EnabledDefault": DISABLED,
            "TransitioningToState": None,
            "HealthState": 5,
            "OperationalStatus": [2],
            "StatusDescriptions": ["Operating normally"],
            "Status": "OK",
            "InstallDate": now,
            "TimeOfLastStateChange": now,
            "TimeOfLastConfigurationChange": now,
            "OnTimeInMilliseconds": 0,
            "NumberOfNumaNodes": 1,
            "ResetCapability": 1,
            "ReplicationState": 0,
            "ReplicationHealth": 0,
            "ReplicationMode": 0,
            "FailedOverReplicationType": 0,
            "LastReplicationType": 0,
            "LastReplicationTime": NEVER,
            "LastApplicationConsistentReplicationTime": NEVER,
            "EnhancedSessionModeState": 3,
        },
    )
    own = {
        "InstanceID": f"Microsoft:{guid}",
        "ElementName": title,
        "VirtualSystemIdentifier": guid,
        "VirtualSystemType": REALIZED,
        "VirtualSystemSubType": GENERATIONS[generation],
        "ConfigurationID": guid,
    }
    system = transaction.create("Msvm_VirtualSystemSettingData", {**system_values(guid, now, generation), **values, **own})
    _link(transaction, machine, system)
    for classname, device in DEVICES.items():
        properties: dict[str, Any] = {"InstanceID": f"Microsoft:{guid}\\{device}"}
        if classname == INTERFACE_SETTINGS:
            properties |= {"ElementName": "Guest Service Interface", "EnabledState": interface}
        part = transaction.create(classname, properties)
        transaction.create(COMPONENT, {"GroupComponent": system, "PartComponent": part})
    create_fixed_resources(transaction, system, generation)
    return machine


def _link(transaction: Transaction, machine: Instance, system: Instance) -> None:
    transaction.create("Msvm_SettingsDefineState", {"ManagedElement": machine, "SettingData": system})
    service = management_service(transaction)
    if service is None:
        return
    for host in transaction.associators(service, "Msvm_HostedService", "Msvm_ComputerSystem"):
        transaction.create("Msvm_HostedDependency", {"Antecedent": host, "Dependent": machine})
    ends = {"AffectedElement": machine, "AffectingElement": service}
    effects = {"ElementEffects": [5], "OtherElementEffectsDescriptions": []}
    transaction.create("Msvm_ServiceAffectsElement", ends | effects)


def destroy_machine(transaction: Transaction, machine: Instance) -> None:
    """Delete a virtual machine and all that belongs to it; links go with what they link."""
    remove_components(transaction, machine)
    for settings in component_settings(transaction, machine):
        if settings.cls.name == INTERFACE_SETTINGS:
            for service in service_settings(transaction, settings):
                transaction.delete(service)
        delete_resource(transaction, settings)
    system = machine_settings(transaction, machine)
    if system is not None:
        transaction.delete(system)
    transaction.delete(machine)


def machines(transaction: Transaction) -> list[Instance]:
    """Return the virtual machines, in the order of their creation."""
    return [each for each in transaction.instances("Msvm_ComputerSystem") if is_virtual(transaction, each)]


def add_session_service(transaction: Transaction, machine: Instance) -> None:
    """Give a virtual machine the settings of the socket service that the shipped ones have."""
    for interface in component_settings(transaction, machine):
        if interface.cls.name == INTERFACE_SETTINGS:
            create_service_settings(transaction, interface, SESSION_SERVICE, "VM Session Service", POLICY_DEFERRED)
