"""Following the associations of the host: which machine, component, service or settings belong to which."""

from collections.abc import Sequence

from pywbem import CIMError

from cimsim.providers import Instance, InstancePath, Transaction

from .terms import NAMESPACE

INTERFACE = "Msvm_GuestServiceInterfaceComponent"
INTERFACE_SETTINGS = "Msvm_GuestServiceInterfaceComponentSettingData"
SERVICE_SETTINGS = "Msvm_GuestCommunicationServiceSettingData"


def _first(found: list[Instance]) -> Instance | None:
    return found[0] if found else None


# From a virtual machine


def machine_settings(transaction: Transaction, machine: Instance) -> Instance | None:
    """Return the settings of a virtual machine; the host has none."""
    return _first(transaction.associators(machine, "Msvm_SettingsDefineState", "Msvm_VirtualSystemSettingData"))


def component_settings(transaction: Transaction, machine: Instance) -> list[Instance]:
    """Return the settings of the resources and components of a virtual machine."""
    settings = machine_settings(transaction, machine)
    return [] if settings is None else parts_of_settings(transaction, settings)


def parts_of_settings(transaction: Transaction, settings: Instance) -> list[Instance]:
    """Return the settings of the resources and components that belong to the settings of a virtual machine."""
    return transaction.associators(settings, "Msvm_VirtualSystemSettingDataComponent", role="GroupComponent")


def components(transaction: Transaction, machine: Instance) -> list[Instance]:
    """Return the integration components and the other devices of a system: a virtual machine has none while it is off."""
    return transaction.associators(machine, "Msvm_SystemDevice", "CIM_LogicalDevice", role="GroupComponent")


# From a component


def settings_of(transaction: Transaction, component: Instance) -> list[Instance]:
    """Return the settings of a component."""
    return transaction.associators(component, "Msvm_SettingsDefineState", role="ManagedElement")


def machine_of(transaction: Transaction, component: Instance) -> Instance | None:
    """Return the virtual machine of a component."""
    return _first(transaction.associators(component, "Msvm_SystemDevice", "Msvm_ComputerSystem"))


def services_of(transaction: Transaction, component: Instance) -> list[Instance]:
    """Return the guest services that are registered with a guest service interface."""
    return transaction.associators(component, "Msvm_RegisteredGuestService", "Msvm_GuestService")


# From a guest service


def interface_of(transaction: Transaction, service: Instance) -> Instance | None:
    """Return the guest service interface component that a guest service is registered with."""
    return _first(transaction.associators(service, "Msvm_RegisteredGuestService", INTERFACE))


# From settings


def machine_of_settings(transaction: Transaction, settings: Instance) -> Instance | None:
    """Return the virtual machine of any of its settings: its own, those of a component, those of a guest service."""
    if settings.cls.name == SERVICE_SETTINGS:
        above = transaction.associators(settings, "Msvm_GuestServiceInterfaceSettingDataComponent", role="PartComponent")
        return machine_of_settings(transaction, above[0]) if above else None
    if not settings.cls.is_a("cim_virtualsystemsettingdata"):
        above = transaction.associators(settings, "Msvm_VirtualSystemSettingDataComponent", role="PartComponent")
        return machine_of_settings(transaction, above[0]) if above else None
    return _first(transaction.associators(settings, "Msvm_SettingsDefineState", "Msvm_ComputerSystem"))


def component_of_settings(transaction: Transaction, settings: Instance) -> Instance | None:
    """Return the component that settings are of, None while its virtual machine is off."""
    return _first(transaction.associators(settings, "Msvm_SettingsDefineState", "CIM_LogicalDevice", role="SettingData"))


def service_settings(transaction: Transaction, interface_settings: Instance) -> list[Instance]:
    """Return the settings of the socket services below the settings of a guest service interface."""
    return transaction.associators(
        interface_settings, "Msvm_GuestServiceInterfaceSettingDataComponent", SERVICE_SETTINGS, role="GroupComponent"
    )


def machines_of_settings(transaction: Transaction, settings: Sequence[Instance]) -> list[Instance]:
    """Return the virtual machines that settings belong to, each once."""
    found = (machine_of_settings(transaction, each) for each in settings)
    return list({machine.identity: machine for machine in found if machine is not None}.values())


# From a reference


def found(transaction: Transaction, path: InstancePath | None) -> Instance | None:
    """Return the instance that a reference leads to, None if there is none."""
    try:
        return None if path is None else transaction.get(path)
    except CIMError:
        return None


def configuration(transaction: Transaction, path: InstancePath | None) -> Instance | None:
    """Return the settings of a virtual machine that a reference leads to, or else the machine that they are of."""
    instance = found(transaction, path)
    if instance is not None and instance.cls.is_a("msvm_computersystem"):
        return machine_settings(transaction, instance)
    return instance


# The host


def management_service(transaction: Transaction) -> Instance | None:
    """Return the virtual system management service."""
    return _first(transaction.instances("Msvm_VirtualSystemManagementService", NAMESPACE))


def is_virtual(transaction: Transaction, system: Instance) -> bool:
    """Return whether a computer system is a virtual machine, not the host."""
    return machine_settings(transaction, system) is not None
