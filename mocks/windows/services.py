"""The services of the simulated host: finding, installing and removing them, and putting them into a state.

Win32_Service does not show everything that decides what a service does: the controls that it accepts while it runs, the names
of what it needs, whether it is marked for deletion. This stands in a note for each service, a ``Record``.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from cimsim.providers import Instance, InstancePath, Transaction

from .population import HOST, NAMESPACE, PAUSE, SERVICES_PROCESS, STOP, Service
from .processes import add_process, end_process, executable

CLASS: Final = "Win32_Service"

# Values of State.
STOPPED: Final = "Stopped"
START_PENDING: Final = "Start Pending"
STOP_PENDING: Final = "Stop Pending"
RUNNING: Final = "Running"
CONTINUE_PENDING: Final = "Continue Pending"
PAUSE_PENDING: Final = "Pause Pending"
PAUSED: Final = "Paused"

LINKED: Final = {"vmms": "root/virtualization/v2", "wintarget": "root/cimv2/storage/iscsitarget"}
"""The namespaces that services provide, by the folded name of the service."""
LINKS: Final = "windows linked services"
"""The note that says whether they follow their services."""
WAIT_HINT: Final = 2000
"""WaitHint of a pending service, in milliseconds."""
FIRST_PROCESS: Final = 6000


class Record(NamedTuple):
    """What Win32_Service does not show of a service.

    Attributes:
        controls: those that it accepts while it runs.
        needs: names of the services and drivers that must run first.
        marked: it is deleted as soon as it has stopped.
    """

    controls: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    marked: bool = False


# States


def enter_at(transaction: Transaction, path: InstancePath, state: str) -> None:
    """Put the service at a path into a state."""
    enter(transaction, transaction.get(path), state)


def enter(transaction: Transaction, service: Instance, state: str) -> Instance:
    """Put a service into a state, with all properties that follow; delete one that has stopped and is marked for deletion."""
    pending = state.endswith("Pending")
    accepted = record_of(transaction, service).controls
    listening = state in (RUNNING, PAUSED, PAUSE_PENDING, CONTINUE_PENDING)
    process = service["ProcessId"]
    if state in (RUNNING, START_PENDING) and not process:
        process = FIRST_PROCESS + 4 * transaction.serial("windows process")
    changed = transaction.modify(
        service,
        State=state,
        Started=state not in (STOPPED, START_PENDING),
        AcceptStop=listening and STOP in accepted,
        AcceptPause=listening and PAUSE in accepted,
        ProcessId=0 if state == STOPPED else process,
        ExitCode=0,
        CheckPoint=1 if pending else 0,
        WaitHint=WAIT_HINT if pending else 0,
    )
    _follow(transaction, service, changed)
    _link(transaction, changed)
    if state == STOPPED and record_of(transaction, changed).marked:
        remove(transaction, changed)
    return changed


def _link(transaction: Transaction, service: Instance) -> None:
    """Suspend the namespace of a service that does not run, or resume it, if that is wanted."""
    namespace = LINKED.get(service["Name"].lower())
    if namespace is None or not transaction.note(LINKS):
        return
    if service["State"] in (STOPPED, START_PENDING):
        transaction.suspend(namespace, f"the service {service['Name']}, which provides {namespace}, does not run")
    else:
        transaction.resume(namespace)


def _follow(transaction: Transaction, before: Instance, after: Instance) -> None:
    """Start the process of a service that has been started, and end that of a stopped one which no other service shares."""
    old, new = before["ProcessId"], after["ProcessId"]
    if old == new:
        return
    if new:
        add_process(transaction, new, executable(after["PathName"]), SERVICES_PROCESS, after["PathName"])
    if old and not any(transaction.select(CLASS, ProcessId=old)):
        end_process(transaction, old)


# Installed services


def find(transaction: Transaction, name: str) -> Instance | None:
    """Return the service or driver of a name, in any spelling."""
    for classname in (CLASS, "Win32_SystemDriver"):
        for each in transaction.instances(classname, NAMESPACE):
            if each["Name"].lower() == name.lower():
                return each
    return None


def record_of(transaction: Transaction, service: Instance) -> Record:
    """Return the record of a service."""
    return Record(*(transaction.note(_note(service)) or ()))


def set_record(transaction: Transaction, service: Instance, record: Record | None) -> None:
    """Replace the record of a service; None forgets it."""
    transaction.set_note(_note(service), None if record is None else tuple(record))


def _note(service: Instance) -> str:
    return f"windows service {service['Name'].lower()}"


def dependents(transaction: Transaction, service: Instance) -> list[Instance]:
    """Return the services that need a service."""
    return transaction.associators(service, "Win32_DependentService", role="Antecedent")


def install(transaction: Transaction, service: Service) -> Instance:
    """Install a service in the state that it has."""
    running = service.process > 0
    created = transaction.create(
        CLASS,
        {
            "Name": service.name,
            "DisplayName": service.display_name,
            "Caption": service.display_name,
            "Description": f"{service.display_name} of the simulated host.",
            "CreationClassName": CLASS,
            "SystemCreationClassName": "Win32_ComputerSystem",
            "SystemName": HOST,
            "Status": "OK",
            "StartMode": service.mode,
            "Started": running,
            "State": RUNNING if running else STOPPED,
            "AcceptStop": running and STOP in service.controls,
            "AcceptPause": running and PAUSE in service.controls,
            "DesktopInteract": service.interactive,
            "ErrorControl": service.error_control,
            "ExitCode": 0 if running else service.exit_code,
            "ServiceSpecificExitCode": 0,
            "PathName": service.path,
            "ServiceType": service.kind,
            "StartName": service.account,
            "TagId": 0,
            "ProcessId": service.process,
            "CheckPoint": 0,
            "WaitHint": 0,
            "DelayedAutoStart": service.delayed,
        },
        NAMESPACE,
    )
    set_record(transaction, created, Record(tuple(service.controls), tuple(service.needs)))
    (system,) = transaction.instances("Win32_ComputerSystem", NAMESPACE)
    transaction.create("Win32_SystemServices", {"GroupComponent": system.path, "PartComponent": created.path}, NAMESPACE)
    return created


def link_dependencies(transaction: Transaction, services: Sequence[Service]) -> None:
    """Link services to the services and drivers that they need, as far as these are installed."""
    for service in services:
        link_to(transaction, service.name, service.needs)


def link_to(transaction: Transaction, name: str, needs: tuple[str, ...]) -> None:
    """Link a service to the services and drivers that it needs, as far as they are installed; both by name."""
    dependent = find(transaction, name)
    for each in needs:
        antecedent = find(transaction, each)
        if dependent is not None and antecedent is not None:
            ends = {"Antecedent": antecedent.path, "Dependent": dependent.path}
            transaction.create("Win32_DependentService", ends, NAMESPACE)


def remove(transaction: Transaction, service: Instance) -> None:
    """Delete a service with its record and its links."""
    set_record(transaction, service, None)
    transaction.delete(service)
