"""How the simulated Hyper-V host acts: what pack.toml binds. The README.md of this pack says where answers come from."""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import ENABLED, Transaction, describe_answers

from .components import GuestServiceInterfaceComponent, IntegrationComponent, ShutdownComponent
from .devices import Device
from .guest_services import GuestCommunicationService, GuestFileService
from .guests import Guests
from .host_jobs import ConcreteJob, CopyFileToGuestJob
from .host_services import FixedHostService, HostService
from .inventory import populate_machines
from .keyboard import Keyboard
from .machines import VirtualMachine
from .management_service import VirtualSystemManagementService
from .terms import NAMESPACE
from .topology import interface_of

__all__ = [
    "ConcreteJob",
    "CopyFileToGuestJob",
    "Device",
    "FixedHostService",
    "GuestCommunicationService",
    "GuestFileService",
    "GuestServiceInterfaceComponent",
    "HostService",
    "IntegrationComponent",
    "Keyboard",
    "ShutdownComponent",
    "VirtualMachine",
    "VirtualSystemManagementService",
    "populate",
]

ANSWERS: Final = {"0": "Completed with No Error", "1": "Not Supported"}
"""What the page of Msvm_GuestService says of StartService and StopService."""


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Make as many virtual machines as the settings want, and remove the guest services that they will not have."""
    if settings["value_maps"]:
        describe_answers(transaction, "Msvm_GuestService", NAMESPACE, ANSWERS)
    populate_machines(transaction, settings)
    if Guests.of(settings).keeps_disabled:
        return
    for service in transaction.instances("Msvm_GuestService", NAMESPACE):
        component = interface_of(transaction, service)
        if component is None or component["EnabledState"] != ENABLED:
            transaction.delete(service)
