"""Msvm_SummaryInformation: what GetSummaryInformation returns of virtual machines."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from pywbem import CIMInstance

from cimsim.providers import ENABLED, Instance, InstancePath, Transaction, is_running

from .guests import HEARTBEAT
from .machines import on_time
from .terms import OK, PAUSED
from .topology import components, found, machine_of_settings, machine_settings, parts_of_settings

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


_STEP: Final = 10
"""Machines that are looked at in a step; each takes up to 1 ms."""


class Machine:
    """A virtual machine and what belongs to it, each looked up when it is first asked for."""

    def __init__(self, transaction: Transaction, system: Instance) -> None:
        self.transaction = transaction
        self.system = system

    def __getitem__(self, name: str) -> Any:
        return self.system[name]

    @cached_property
    def settings(self) -> Instance | None:
        """The settings of the machine."""
        return machine_settings(self.transaction, self.system)

    @cached_property
    def resources(self) -> list[Instance]:
        """The settings of its resources and components."""
        return [] if self.settings is None else parts_of_settings(self.transaction, self.settings)

    @cached_property
    def heartbeat(self) -> int | None:
        """The status of its heartbeat component; None while it is disabled or missing."""
        for component in components(self.transaction, self.system):
            if component.cls.name == HEARTBEAT and component["EnabledState"] == ENABLED:
                return int(component["OperationalStatus"][0])
        return None

    @property
    def is_up(self) -> bool:
        """Whether it has a process."""
        return self["ProcessID"] is not None


Reader = Callable[[Machine], Any]
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
        self._cls = transaction.cls(CLASS)
        readers: dict[str, Reader] = {
            **_READERS,
            "NumberOfProcessors": self._processors,
            "MemoryUsage": self._memory,
            "GuestOperatingSystem": self._guest_system,
        }
        names = {"Name", *(REQUESTED[number] for number in requested)}
        self._readers = {name: readers[name] for name in sorted(names) if name in readers}

    def of(self, paths: Sequence[InstancePath | None] | None) -> Generator[None, None, list[Instance]]:
        """Return a summary for each of the settings at these paths, in this order; without paths, for each virtual machine.

        In steps of some milliseconds.
        """
        transaction = self._transaction
        summaries = []
        for number, each in enumerate(paths or transaction.instances("Msvm_ComputerSystem"), 1):
            if isinstance(each, Instance):
                machine = Machine(transaction, each)
                # The host has none.
                if machine.settings is not None:
                    summaries.append(self._summary(machine))
            else:
                system = _system(transaction, each)
                summaries.append(self._summary(None if system is None else Machine(transaction, system)))
            if number % _STEP == 0:
                yield
        return summaries

    def _summary(self, machine: Machine | None) -> Instance:
        values = {"Name": ""} if machine is None else {name: read(machine) for name, read in self._readers.items()}
        typed = self._transaction.typed(self._cls, values)
        properties = tuple(typed.get(place) for place in range(len(self._cls.properties)))
        return Instance(self._cls, self._transaction.namespace, properties)

    def _processors(self, machine: Machine) -> int:
        return self._quantity("processors", machine)

    def _memory(self, machine: Machine) -> int:
        return self._quantity("memory", machine) if machine.is_up else 0

    def _guest_system(self, machine: Machine) -> str | None:
        return str(self._settings["guest_operating_system"]) if machine.is_up else None

    def _quantity(self, setting: str, machine: Machine) -> int:
        """Return how much of a resource a machine has; without settings of the resource, the setting of the pack counts."""
        for settings in machine.resources:
            if settings.cls.name == _RESOURCES[setting] and settings["VirtualQuantity"] is not None:
                return int(settings["VirtualQuantity"])
        return int(self._settings[setting])


def _system(transaction: Transaction, path: InstancePath | None) -> Instance | None:
    settings = found(transaction, path)
    return None if settings is None else machine_of_settings(transaction, settings)


# How properties are read


def _of_machine(name: str) -> Reader:
    return lambda machine: machine[name]


def _of_settings(name: str) -> Reader:
    return lambda machine: None if machine.settings is None else machine.settings[name]


def _creation(machine: Machine) -> Any:
    return _of_settings("CreationTime")(machine) or machine["InstallDate"]


def _notes(machine: Machine) -> str | None:
    notes = _of_settings("Notes")(machine)
    return None if notes is None else "\n".join(note or "" for note in notes)


def _tasks(machine: Machine) -> list[CIMInstance]:
    jobs = machine.transaction.associators(machine.system, "Msvm_AffectedJobElement", "CIM_ConcreteJob")
    return [job.to_cim() for job in jobs if is_running(job)]


def _idle(machine: Machine) -> int | None:
    return 0 if machine["EnabledState"] in (ENABLED, PAUSED) else None


def _idle_history(machine: Machine) -> list[int]:
    return [0] * _HISTORY if _idle(machine) is not None else []


def _application_health(machine: Machine) -> int | None:
    return OK if machine.heartbeat == OK else None


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
    "Heartbeat": lambda machine: machine.heartbeat,
    "UpTime": lambda machine: on_time(machine.transaction, machine.system),
    "Snapshots": lambda _: [],
    "AsynchronousTasks": _tasks,
    "HealthState": _of_machine("HealthState"),
    "OperationalStatus": _of_machine("OperationalStatus"),
    "StatusDescriptions": _of_machine("StatusDescriptions"),
    "ReplicationMode": _of_machine("ReplicationMode"),
    "ReplicationState": _of_machine("ReplicationState"),
    "ReplicationHealth": _of_machine("ReplicationHealth"),
    "ApplicationHealth": _application_health,
    "SwapFilesInUse": lambda _: False,
    "EnhancedSessionModeState": _of_machine("EnhancedSessionModeState"),
}
"""How each property is read; those that are missing here stay NULL."""
