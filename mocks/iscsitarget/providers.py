"""How the simulated iSCSI target server acts. What each answer rests on stands in this pack's README.md.

Profile M is a service whose state is managed (EnabledState 2 or 3), profile N one whose state is not (EnabledState 5): the life
cycle of a service tells them apart by EnabledState, so a profile is a matter of the population.
"""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.operations.methods import Invocation
from cimsim.providers.jobs import JobKind, JobLifeCycle
from cimsim.providers.service_life_cycle import (
    ENABLED,
    INVALID_TRANSITION,
    NOT_APPLICABLE,
    NOT_SUPPORTED,
    REBOOT,
    RESET,
    ServiceLifeCycle,
)
from cimsim.providers.timing import Timing
from cimsim.providers.variants import describe_answers
from cimsim.world.instances import Instance
from cimsim.world.transaction import Transaction
from cimsim.world.values import zero_interval

from .nodes import NodeMethods
from .variants import host

__all__ = ["ConfigurationService", "Job", "ObjectManager", "StorageService", "populate"]

NAMESPACE: Final = "root/cimv2/storage/iscsitarget"
# Windows writes the offset of UTC with a minus sign.
WINDOWS_UTC: Final = "-000"
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
JOB: Final = JobKind(
    "MSISCSITARGET_ConcreteJob", affected="MSISCSITARGET_AffectedJobElement", utc=WINDOWS_UTC, reports_completion=True
)


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Put the object manager, the storage services and their capabilities into the state that the settings ask for."""
    if settings["profile"] == "windows-strict":
        for manager in transaction.instances("MSFTSM_ObjectManager", NAMESPACE):
            transaction.modify(manager, EnabledState=NOT_APPLICABLE, RequestedState=NOT_TRACKED, TimeOfLastStateChange=None)
    if settings["storage_services_profile"] == "M":
        for classname in STORAGE_SERVICES:
            for service in transaction.instances(classname, NAMESPACE):
                transaction.modify(service, EnabledState=ENABLED, RequestedState=ENABLED, TimeOfLastStateChange=zero_interval())
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


class StorageService(ServiceLifeCycle):
    """A service of the iSCSI target server."""

    utc = WINDOWS_UTC
    keeps_late_request = True
    job_kind = JOB

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.supports_timeout = settings["timeout_supported"]
        self.manages_all = settings["unmanaged_services"] == "manage"

    def refuses(self, call: Invocation, service: Instance) -> int | None:
        """Refuse in state profile N, unless the settings have its services managed from the first change on."""
        return None if self._becomes_managed(service) else super().refuses(call, service)

    def refuses_request(self, call: Invocation, service: Instance, requested: int | None) -> int | None:
        """Refuse likewise."""
        refusal = super().refuses_request(call, service, requested)
        return None if refusal == NOT_SUPPORTED and self._becomes_managed(service) else refusal

    def _becomes_managed(self, service: Instance) -> bool:
        return self.manages_all and bool(service["EnabledState"] == NOT_APPLICABLE)

    def other_request(self, call: Invocation, service: Instance, requested: int, timing: Timing) -> Any:
        """Restart on Reboot and Reset; refuse the other states."""
        if requested not in (REBOOT, RESET):
            return self.settings["unsupported_state_code"]
        if service["Started"] is not True:
            return INVALID_TRANSITION
        return self.restart(call, service, requested, timing)

    def job_identifier(self, transaction: Transaction, service: Instance) -> str:
        """Number the jobs of each system; clients may have created jobs, so a number may be taken."""
        taken = {job["InstanceID"] for job in transaction.instances(JOB.classname)}
        while True:
            number = transaction.serial(f"job of {service['SystemName']}")
            identifier = f"MSISCSITARGET:{service['SystemName']}:Job:{number}"
            if identifier not in taken:
                return identifier


class ConfigurationService(NodeMethods, StorageService):
    """MSISCSITARGET_iSCSIConfigurationService."""


class ObjectManager(StorageService):
    """MSFTSM_ObjectManager. Stopping it stops nothing: the CIMOM that simulates it goes on answering."""


class Job(JobLifeCycle):
    """MSISCSITARGET_ConcreteJob."""

    kind = JOB

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.supports_timeout = settings["timeout_supported"]
