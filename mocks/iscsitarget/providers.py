"""How the simulated iSCSI target server acts. The README.md of this pack says where answers come from.

Profile M is a service whose state is managed (EnabledState 2 or 3), profile N one whose state is not (EnabledState 5): the life
cycle of a service tells them apart by EnabledState, so a profile is chosen by the values of the instances.
"""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import (
    ENABLED,
    NOT_APPLICABLE,
    DateTime,
    JobLifeCycle,
    Transaction,
    describe_answers,
)

from .configuration_service import IscsiConfigurationService
from .hosting import host
from .storage_service import JOB, StorageService

__all__ = ["IscsiConfigurationService", "Job", "ObjectManager", "StorageService", "populate"]

NAMESPACE: Final = "root/cimv2/storage/iscsitarget"
STORAGE_SERVICES: Final = (
    "MSISCSITARGET_ControllerConfigurationService",
    "MSISCSITARGET_iSCSIConfigurationService",
    "MSISCSITARGET_StorageConfigurationService",
    "MSISCSITARGET_ReplicationService",
    "MSISCSITARGET_StorageHardwareIDManagementService",
)
# What the object manager brings along when it moves to another system.
OF_MANAGER: Final = ("MSFTSM_ObjectManager", "MSFTSM_Namespace", "MSFTSM_WSManCommunicationMechanism")
# What the pages say of StartService and StopService.
ANSWERS: Final = {"0": "Success", "1": "Not Supported", "2..": "Error"}
# RequestedState of an element that does not track it.
NOT_TRACKED: Final = 12


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Put the object manager, the storage services and their capabilities into the state that the settings ask for."""
    if settings["profile"] == "windows-strict":
        for manager in transaction.instances("MSFTSM_ObjectManager", NAMESPACE):
            transaction.modify(manager, EnabledState=NOT_APPLICABLE, RequestedState=NOT_TRACKED, TimeOfLastStateChange=None)
    if settings["storage_services_profile"] == "M":
        for classname in STORAGE_SERVICES:
            for service in transaction.instances(classname, NAMESPACE):
                values = {"EnabledState": ENABLED, "RequestedState": ENABLED, "TimeOfLastStateChange": DateTime.interval(0)}
                transaction.modify(service, **values)
    for capabilities in transaction.instances("MSISCSITARGET_iSCSIConfigurationCapabilities", NAMESPACE):
        transaction.modify(
            capabilities,
            iSCSINodeCreationSupported=settings["node_creation_supported"],
            iSCSIProtocolEndpointCreationSupported=settings["port_creation_supported"],
            IdentifierSelectionSupported=settings["identifier_selection_supported"],
        )
    if settings["object_manager_system"] != "MSFTSM_System":
        host(transaction, OF_MANAGER, settings["object_manager_system"])
    if settings["storage_services_system"] != "MSFTSM_ComputerSystem":
        host(transaction, STORAGE_SERVICES, settings["storage_services_system"])
    if settings["value_maps"]:
        for classname in ("MSFTSM_ObjectManager", *STORAGE_SERVICES):
            describe_answers(transaction, classname, NAMESPACE, ANSWERS)


class ObjectManager(StorageService):
    """MSFTSM_ObjectManager. Stopping it stops nothing: the CIMOM that simulates it goes on answering."""


class Job(JobLifeCycle):
    """MSISCSITARGET_ConcreteJob."""

    kind = JOB

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.supports_timeout = settings["timeout_supported"]
