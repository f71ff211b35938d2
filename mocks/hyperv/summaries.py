"""Msvm_SummaryInformation: what GetSummaryInformation returns of virtual machines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pywbem import CIMInstance

from cimsim.providers import ENABLED, Instance, InstancePath, ResolvedClass, Transaction, is_running

from .guests import HEARTBEAT
from .machines import on_time
from .terms import OK, PAUSED
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


Reader = Callable[[Transaction, Instance], Any]
"""Returns the value of a property for a virtual machine."""


class Summaries:
    """Makes instances of Msvm_SummaryInformation.

    Args:
        transaction: what they are read from.
        settings: of the pack, for what the world does not say.
        requested: the numbers of ``REQUESTED`` that a client asks for.
    """

    def __init__(self, transaction: Transaction, settings: Mapping[str, Any], requested: Iterable[int]) -> None:
        self._transaction = transaction
        self._settings = settings
        self._names = {"Name", *(REQUESTED[number] for number in requested)}
        self._readers: dict[str, Reader] = {
            **_READERS,
            "NumberOfProcessors": self._processors,
            "MemoryUsage": self._memory,
            "GuestOperatingSystem": self._guest_system,
        }

    def of(self, paths: Sequence[InstancePath | None] | None) -> list[CIMInstance]:
        """Return a summary for each of the settings at these paths, in this order; without paths, for each virtual machine."""
        transaction = self._transaction
        machines = [_machine(transaction, path) for path in paths] if paths else _all(transaction)
        return [self._summary(machine) for machine in machines]

    def _summary(self, machine: Instance | None) -> CIMInstance:
        cls = self._transaction.cls(CLASS)
        if machine is None:
            return _instance(self._transaction, cls, {"Name": ""})
        known = [name for name in sorted(self._names) if name in self._readers]
        return _instance(self._transaction, cls, {name: self._readers[name](self._transaction, machine) for name in known})

    def _processors(self, _: Transaction, machine: Instance) -> int:
        return self._quantity("processors", machine)

    def _memory(self, _: Transaction, machine: Instance) -> int:
        return self._quantity("memory", machine) if _is_up(machine) else 0

    def _guest_system(self, _: Transaction, machine: Instance) -> str | None:
        return str(self._settings["guest_operating_system"]) if _is_up(machine) else None

    def _quantity(self, setting: str, machine: Instance) -> int:
        """Return how much of a resource a machine has; without settings of the resource, the setting of the pack counts."""
        for settings in component_settings(self._transaction, machine):
            if settings.cls.name == _RESOURCES[setting] and settings["VirtualQuantity"] is not None:
                return int(settings["VirtualQuantity"])
        return int(self._settings[setting])


def _is_up(machine: Instance) -> bool:
    return machine["ProcessID"] is not None


# Which machines


def _all(transaction: Transaction) -> list[Instance]:
    systems = transaction.instances("Msvm_ComputerSystem")
    return [each for each in systems if machine_settings(transaction, each) is not None]


def _machine(transaction: Transaction, path: InstancePath | None) -> Instance | None:
    settings = found(transaction, path)
    return None if settings is None else machine_of_settings(transaction, settings)


# How properties are read


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
"""How each property is read; those that are missing here stay NULL."""


def _instance(transaction: Transaction, cls: ResolvedClass, values: Mapping[str, Any]) -> CIMInstance:
    typed = transaction.typed(cls, values)
    record = Instance(cls, transaction.namespace, tuple(typed.get(place) for place in range(len(cls.properties))))
    return record.to_cim()
