"""GetSummaryInformation: what a client wants to know of many virtual machines, in one answer."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pywbem import CIMInstance

from cimsim.operations.methods import Invocation
from cimsim.providers.jobs import is_running
from cimsim.providers.service_life_cycle import COMPLETED, ENABLED
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction

from .guests import HEARTBEAT
from .host_services import FixedHostService
from .machines import on_time
from .terms import INVALID_PARAMETER, OK, PAUSED
from .topology import component_settings, components, found, machine_of_settings, machine_settings

CLASS: Final = "Msvm_SummaryInformation"
REQUESTED: Final[Mapping[int, str]] = {
    0: "Name",
    1: "ElementName",
    2: "CreationTime",
    3: "Notes",
    4: "NumberOfProcessors",
    5: "ThumbnailImage",
    6: "ThumbnailImage",
    7: "ThumbnailImage",
    8: "AllocatedGPU",
    9: "VirtualSwitchNames",
    10: "Version",
    11: "Shielded",
    100: "EnabledState",
    101: "ProcessorLoad",
    102: "ProcessorLoadHistory",
    103: "MemoryUsage",
    104: "Heartbeat",
    105: "UpTime",
    106: "GuestOperatingSystem",
    107: "Snapshots",
    108: "AsynchronousTasks",
    109: "HealthState",
    110: "OperationalStatus",
    111: "StatusDescriptions",
    112: "MemoryAvailable",
    113: "AvailableMemoryBuffer",
    114: "ReplicationMode",
    115: "ReplicationState",
    116: "ReplicationHealth",
    117: "ApplicationHealth",
    118: "ReplicationStateEx",
    119: "ReplicationHealthEx",
    120: "SwapFilesInUse",
    121: "IntegrationServicesVersionState",
    122: "ReplicationProviderId",
    123: "MemorySpansPhysicalNumaNodes",
    132: "OtherEnabledState",
    133: "EnhancedSessionModeState",
}
"""The property that each number of RequestedInformation means."""
_RESOURCES: Final = {"processors": "Msvm_ProcessorSettingData", "memory": "Msvm_MemorySettingData"}
_HISTORY: Final = 100
"""How many values ProcessorLoadHistory has."""


class SummaryService(FixedHostService):
    """GetSummaryInformation of Msvm_VirtualSystemManagementService."""

    def GetSummaryInformation(self, call: Invocation) -> Any:
        """Return one summary for each of the given settings, or for each virtual machine; 32773 for an unknown number.

        A summary always has the Name; it is empty for settings that are not there.
        """
        transaction = call.transaction
        requested = call.arguments["RequestedInformation"] or ()
        if any(number not in REQUESTED for number in requested):
            return INVALID_PARAMETER
        names = {"Name", *(REQUESTED[number] for number in requested)}
        paths = call.arguments["SettingData"]
        machines = _all(transaction) if not paths else [_machine(transaction, path) for path in paths]
        summaries = [self._summary(transaction, machine, names) for machine in machines]
        return COMPLETED, {"SummaryInformation": summaries}

    def _summary(self, transaction: Transaction, machine: Instance | None, names: set[str]) -> CIMInstance:
        cls = transaction.cls(CLASS)
        if machine is None:
            return _instance(transaction, cls, {"Name": ""})
        readers: dict[str, Reader] = {
            **_READERS,
            "NumberOfProcessors": lambda *given: self._quantity("processors", *given),
            "MemoryUsage": lambda *given: self._quantity("memory", *given) if _is_up(given[1]) else 0,
            "GuestOperatingSystem": lambda _, machine: self._system(machine),
        }
        values = {name: readers[name](transaction, machine) for name in sorted(names) if name in readers}
        return _instance(transaction, cls, values)

    def _quantity(self, setting: str, transaction: Transaction, machine: Instance) -> int:
        """Return how much of a resource a machine has; the pack's setting says it for one without settings of the resource."""
        for settings in component_settings(transaction, machine):
            if settings.cls.name == _RESOURCES[setting] and settings["VirtualQuantity"] is not None:
                return int(settings["VirtualQuantity"])
        return int(self.settings[setting])

    def _system(self, machine: Instance) -> str | None:
        return str(self.settings["guest_operating_system"]) if _is_up(machine) else None


def _is_up(machine: Instance) -> bool:
    return machine["ProcessID"] is not None


# Which machines


def _all(transaction: Transaction) -> list[Instance | None]:
    systems = transaction.instances("Msvm_ComputerSystem")
    return [each for each in systems if machine_settings(transaction, each) is not None]


def _machine(transaction: Transaction, path: InstancePath | None) -> Instance | None:
    settings = found(transaction, path)
    return None if settings is None else machine_of_settings(transaction, settings)


# What they say

Reader = Callable[[Transaction, Instance], Any]


def _of_machine(name: str) -> Reader:
    return lambda _, machine: machine[name]


def _of_settings(name: str) -> Reader:
    def read(transaction: Transaction, machine: Instance) -> Any:
        settings = machine_settings(transaction, machine)
        return settings[name] if settings is not None else None

    return read


def _creation(transaction: Transaction, machine: Instance) -> Any:
    return _of_settings("CreationTime")(transaction, machine) or machine["InstallDate"]


def _notes(transaction: Transaction, machine: Instance) -> str | None:
    notes = _of_settings("Notes")(transaction, machine)
    return None if notes is None else "\n".join(note or "" for note in notes)


def _heartbeat(transaction: Transaction, machine: Instance) -> int | None:
    for component in components(transaction, machine):
        if component.cls.name == HEARTBEAT and component["EnabledState"] == ENABLED:
            return int(component["OperationalStatus"][0])
    return None


def _tasks(transaction: Transaction, machine: Instance) -> list[CIMInstance]:
    jobs = transaction.associators(machine, "Msvm_AffectedJobElement", "CIM_ConcreteJob")
    return [job.to_cim() for job in jobs if is_running(job)]


def _idle(_: Transaction, machine: Instance) -> int | None:
    return 0 if machine["EnabledState"] in (ENABLED, PAUSED) else None


def _idle_history(transaction: Transaction, machine: Instance) -> list[int]:
    return [0] * _HISTORY if _idle(transaction, machine) is not None else []


def _application_health(transaction: Transaction, machine: Instance) -> int | None:
    return OK if _heartbeat(transaction, machine) == OK else None


_READERS: Final[Mapping[str, Reader]] = {
    "Name": _of_machine("Name"),
    "ElementName": _of_machine("ElementName"),
    "CreationTime": _creation,
    "Notes": _notes,
    "Version": _of_settings("Version"),
    "EnabledState": _of_machine("EnabledState"),
    "OtherEnabledState": _of_machine("OtherEnabledState"),
    "ProcessorLoad": _idle,
    "ProcessorLoadHistory": _idle_history,
    "Heartbeat": _heartbeat,
    "UpTime": on_time,
    "Snapshots": lambda *_: [],
    "AsynchronousTasks": _tasks,
    "HealthState": _of_machine("HealthState"),
    "OperationalStatus": _of_machine("OperationalStatus"),
    "StatusDescriptions": _of_machine("StatusDescriptions"),
    "ReplicationMode": _of_machine("ReplicationMode"),
    "ReplicationState": _of_machine("ReplicationState"),
    "ReplicationHealth": _of_machine("ReplicationHealth"),
    "ApplicationHealth": _application_health,
    "SwapFilesInUse": lambda *_: False,
    "EnhancedSessionModeState": _of_machine("EnhancedSessionModeState"),
}
"""How the properties are found; those that are missing stay NULL."""


def _instance(transaction: Transaction, cls: ResolvedClass, values: Mapping[str, Any]) -> CIMInstance:
    typed = transaction.typed(cls, values)
    record = Instance(cls, transaction.namespace, tuple(typed.get(place) for place in range(len(cls.properties))))
    return record.to_cim()
