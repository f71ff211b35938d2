"""Makes copies of a guest's socket service and of a host service, so that each connection has its own to start and stop.

A copy of the socket service has all that StartService looks at: the guest service interface, its settings, and the settings of
the service.
"""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import Instance, Transaction

NAMESPACE: Final = "root/virtualization/v2"
CLASS: Final = "Msvm_GuestCommunicationService"
WEB01: Final = "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"
HOST_CLASS: Final = "Msvm_ImageManagementService"
HOST: Final = "HVHOST01"
SERVICE: Final = "999E53D4-3D5C-4C3E-8779-BED06EC056E1"


def system_name(number: int) -> str:
    """Return the SystemName of a copy."""
    return f"{number:08X}{WEB01[8:]}"


def host_service_name(number: int) -> str:
    """Return the Name of a copy of the host service."""
    return f"vhdsvc{number}"


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Copy the service and what it hangs on, as many times as the setting ``count`` says."""
    service = next(transaction.select(CLASS, NAMESPACE, SystemName=WEB01))
    (component,) = transaction.associators(service, "Msvm_RegisteredGuestService")
    (interface,) = transaction.associators(component, "Msvm_SettingsDefineState", role="ManagedElement")
    (setting,) = transaction.associators(interface, "Msvm_GuestServiceInterfaceSettingDataComponent", role="GroupComponent")
    for number in range(settings["count"]):
        new = [_copy(transaction, each, system_name(number)) for each in (service, component, interface, setting)]
        _link(transaction, "Msvm_RegisteredGuestService", Antecedent=new[1], Dependent=new[0])
        _link(transaction, "Msvm_SettingsDefineState", ManagedElement=new[1], SettingData=new[2])
        _link(transaction, "Msvm_GuestServiceInterfaceSettingDataComponent", GroupComponent=new[2], PartComponent=new[3])

    (host_service,) = transaction.instances(HOST_CLASS, NAMESPACE)
    for number in range(settings["count"]):
        pairs = zip(host_service.cls.properties, host_service.values, strict=True)
        values = {prop.name: value for prop, value in pairs} | {"Name": host_service_name(number)}
        transaction.create(HOST_CLASS, values, NAMESPACE)


def _copy(transaction: Transaction, original: Instance, system: str) -> Instance:
    pairs = zip(original.cls.properties, original.values, strict=True)
    values = {prop.name: value.replace(WEB01, system) if type(value) is str else value for prop, value in pairs}
    return transaction.create(original.cls.name, values, NAMESPACE)


def _link(transaction: Transaction, association: str, **ends: Instance) -> None:
    transaction.create(association, ends, NAMESPACE)
