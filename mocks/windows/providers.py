"""How the simulated Windows Server HVHOST01 acts in root/cimv2. The README.md of this pack says where answers come from."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import DateTime, Instance, Provider, SettingError, Transaction

from .population import DRIVERS, HOST, ISCSI_TARGET, NAMESPACE, PROCESSES, SERVICES, SERVICES_PROCESS, generated
from .processes import add_process, executable
from .service_control import WindowsService
from .services import LINKS, install, link_dependencies

__all__ = ["OperatingSystem", "ProcessesOfMachines", "VirtualProcessors", "WindowsService", "populate"]

HYPERV: Final = "root/virtualization/v2"
COUNTERS: Final = "Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor"
WORKER: Final = "vmwp.exe"
COMPUTE_PROCESS: Final = 3052


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Install services, drivers and processes.

    Raises:
        SettingError: ``services`` is neither 0 nor at least the number of services that are always there.
    """
    services = list(SERVICES)
    if settings["iscsi_target"]:
        services.append(ISCSI_TARGET)
    wanted = settings["services"]
    if wanted and wanted < len(services):
        text = f"{wanted} is less than the {len(services)} that are always there: write 0, or a number from {len(services)} on"
        raise SettingError("services", text)
    services += [generated(number) for number in range(1, wanted - len(services) + 1)]
    for driver in DRIVERS:
        transaction.create(
            "Win32_SystemDriver",
            {
                "Name": driver.name,
                "DisplayName": driver.display_name,
                "Caption": driver.display_name,
                "Description": driver.display_name,
                "CreationClassName": "Win32_SystemDriver",
                "SystemCreationClassName": "Win32_ComputerSystem",
                "SystemName": HOST,
                "Status": "OK",
                "State": "Running",
                "Started": True,
                "StartMode": "Manual",
                "ServiceType": "Kernel Driver",
                "ErrorControl": "Normal",
                "PathName": driver.path,
                "AcceptStop": True,
                "AcceptPause": False,
                "ExitCode": 0,
                "ServiceSpecificExitCode": 0,
                "TagId": 0,
                "DesktopInteract": False,
            },
            NAMESPACE,
        )
    for process in PROCESSES:
        add_process(transaction, process.number, process.name, process.parent, process.command)
    known = {process.number for process in PROCESSES}
    for service in services:
        install(transaction, service)
        if service.process and service.process not in known:
            known.add(service.process)
            add_process(transaction, service.process, executable(service.path), SERVICES_PROCESS, service.path)
    link_dependencies(transaction, services)
    if settings["linked_services"]:
        transaction.set_note(LINKS, True)


class OperatingSystem(Provider):
    """Win32_OperatingSystem: its properties that follow from the clock and the processes."""

    def read_instance(self, transaction: Transaction, instance: Instance) -> Mapping[str, Any]:
        """Return the local time, and how many processes there are."""
        processes = [each for each in transaction.instances("Win32_Process", NAMESPACE) if each["Name"] != WORKER]
        return {
            "LocalDateTime": DateTime.at(transaction.now),
            "NumberOfProcesses": len(processes) + len(_running_machines(transaction)),
        }


class ProcessesOfMachines(Provider):
    """Win32_Process: each running virtual machine of the pack hyperv has a worker process, as long as it runs."""

    def refresh(self, transaction: Transaction) -> None:
        """Create and delete worker processes, so that there is one for each virtual machine that runs."""
        machines = _running_machines(transaction)
        for process in list(transaction.select("Win32_Process", NAMESPACE, Name=WORKER)):
            if machines.pop(process["ProcessId"], None) is None:
                transaction.delete(process)
        for number, guid in machines.items():
            add_process(transaction, number, WORKER, COMPUTE_PROCESS, rf"C:\Windows\System32\vmwp.exe {guid}")


class VirtualProcessors(Provider):
    """The counters of virtual processors: an instance for each one of a virtual machine that runs, all counters 0."""

    def refresh(self, transaction: Transaction) -> None:
        """Create and delete instances, so that there is one for each virtual processor."""
        transaction.synchronize(COUNTERS, [{"Name": name} for name in _processors(transaction)])


def _processors(transaction: Transaction) -> list[str]:
    """Return the names of the virtual processors, as the hypervisor numbers them in each machine."""
    running = set(_running_machines(transaction).values())
    if not running:
        return []
    names = {each["Name"]: each["ElementName"] for each in transaction.instances("Msvm_ComputerSystem", HYPERV)}
    counts = Counter(each["SystemName"] for each in transaction.instances("Msvm_Processor", HYPERV))
    return [f"{names[guid]}:Hv VP {number}" for guid in names if guid in running for number in range(counts[guid])]


def _running_machines(transaction: Transaction) -> dict[int, str]:
    """Return the GUIDs of the virtual machines that have a process, by its number."""
    if HYPERV not in transaction.world.namespaces:
        return {}
    machines = transaction.instances("Msvm_ComputerSystem", HYPERV)
    return {each["ProcessID"]: each["Name"] for each in machines if each["ProcessID"]}
