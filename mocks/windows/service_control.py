"""How services of Windows act: Win32_Service with its methods, their return codes and its states.

Providers keep nothing themselves, so what Win32_Service does not show (the controls that a service accepts while it runs, the
names of what it needs, whether it is marked for deletion) stands in an instance of ``Cimsim_ServiceRecord`` beside it.
"""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import Instance, Invocation, Provider, ResolvedClass, Timing, Transaction, not_supported

from .population import HOST, OWN, SERVICES_PROCESS, SHARE, Service

CLASS: Final = "Win32_Service"
RECORD: Final = "Cimsim_ServiceRecord"
NAMESPACE: Final = "root/cimv2"

# Return codes of all methods (documented).
ACCEPTED: Final = 0
NOT_SUPPORTED: Final = 1
DEPENDENTS_RUNNING: Final = 3
INVALID_CONTROL: Final = 4
CANNOT_ACCEPT: Final = 5
TIMED_OUT: Final = 7
PATH_NOT_FOUND: Final = 9
ALREADY_RUNNING: Final = 10
DEPENDENCY_DELETED: Final = 12
DEPENDENCY_FAILED: Final = 13
DISABLED: Final = 14
LOGON_FAILED: Final = 15
MARKED: Final = 16
CIRCULAR: Final = 18
DUPLICATE_NAME: Final = 19
INVALID_NAME: Final = 20
INVALID_PARAMETER: Final = 21
INVALID_ACCOUNT: Final = 22
EXISTS: Final = 23
ALREADY_PAUSED: Final = 24

STOPPED: Final = "Stopped"
RUNNING: Final = "Running"
PAUSED: Final = "Paused"
NO_RESPONSE: Final = 1053
WAIT_HINT: Final = 2000
START_MODES: Final = {"automatic": "Auto", "manual": "Manual", "disabled": "Disabled"}
SERVICE_TYPES: Final = {16: OWN, 32: SHARE}
INTERACTIVE: Final = 256
ERROR_CONTROLS: Final = {0: "Ignore", 1: "Normal", 2: "Severe", 3: "Critical"}
BUILT_IN_ACCOUNTS: Final = frozenset(
    {"localsystem", r".\localsystem", r"nt authority\localservice", r"nt authority\networkservice", r"nt authority\system"}
)
MAX_NAME: Final = 256
FIRST_PROCESS: Final = 6000
FIRST_USER_CONTROL: Final = 128


class WindowsService(Provider):
    """Win32_Service."""

    # Methods

    def StartService(self, call: Invocation) -> int:
        """Start the service, and before it what it needs."""
        timing = self.timing(call.transaction, call.instance, "StartService", self.settings["transition"])
        return self._start(call.transaction, call.instance, timing, ())

    def StopService(self, call: Invocation) -> int:
        """Stop the service, unless something that runs needs it."""
        service = call.instance
        if any(each["State"] != STOPPED for each in dependents(call.transaction, service)):
            return DEPENDENTS_RUNNING
        refusal = self._refuses_control(call.transaction, service, "s")
        if refusal is not None:
            return refusal
        timing = self.timing(call.transaction, service, "StopService", self.settings["transition"])
        return self._pass(call.transaction, service, "Stop Pending", STOPPED, timing)

    def PauseService(self, call: Invocation) -> int:
        """Pause the service, if it accepts that."""
        service = call.instance
        if service["State"] == PAUSED:
            return ALREADY_PAUSED
        refusal = self._refuses_control(call.transaction, service, "p")
        if refusal is not None:
            return refusal
        timing = self.timing(call.transaction, service, "PauseService", self.settings["transition"])
        return self._pass(call.transaction, service, "Pause Pending", PAUSED, timing)

    def ResumeService(self, call: Invocation) -> int:
        """Let a paused service go on, even if it was disabled meanwhile."""
        service = call.instance
        if service["State"] == RUNNING:
            return ALREADY_RUNNING
        if service["State"] != PAUSED:
            return CANNOT_ACCEPT
        timing = self.timing(call.transaction, service, "ResumeService", self.settings["transition"])
        return self._pass(call.transaction, service, "Continue Pending", RUNNING, timing)

    def InterrogateService(self, call: Invocation) -> int:
        """Have the service report its state, which changes nothing."""
        return self.settings["control_of_stopped"] if call.instance["State"] == STOPPED else ACCEPTED

    def UserControlService(self, call: Invocation) -> int:
        """Send a control code of the service's own, which changes nothing here."""
        if call.instance["State"] == STOPPED:
            answer: int = self.settings["control_of_stopped"]
            return answer
        code = call.arguments["ControlCode"]
        return ACCEPTED if code is not None and code >= FIRST_USER_CONTROL else INVALID_CONTROL

    def ChangeStartMode(self, call: Invocation) -> int:
        """Change how the service is started; one that runs goes on."""
        mode = START_MODES.get(str(call.arguments["StartMode"]).lower())
        if mode is None:
            return INVALID_PARAMETER
        if record_of(call.transaction, call.instance)["MarkedForDeletion"]:
            return MARKED
        call.transaction.modify(call.instance, StartMode=mode, DelayedAutoStart=False)
        return ACCEPTED

    def Create(self, call: Invocation) -> int:
        """Install a service; it is stopped."""
        given = call.arguments
        name = given["Name"] or ""
        if not name or len(name) > MAX_NAME or any(each in name for each in "/\\"):
            return INVALID_NAME
        installed = {each["Name"].lower(): each for each in call.transaction.instances(CLASS)}
        if name.lower() in installed:
            return EXISTS
        display = given["DisplayName"] or name
        if _is_taken(display, installed.values()):
            return DUPLICATE_NAME
        values = _configured(given)
        if isinstance(values, int):
            return values
        if not given["PathName"]:
            return INVALID_PARAMETER
        service = Service(
            name,
            display,
            values.get("StartMode", "Manual"),
            0,
            "s",
            values.get("ServiceType", OWN),
            given["StartName"] or "LocalSystem",
            given["PathName"],
            tuple(given["ServiceDependencies"] or ()),
            error_control=values.get("ErrorControl", "Normal"),
            interactive=bool(given["DesktopInteract"]),
        )
        install(call.transaction, service)
        link_dependencies(call.transaction, [service])
        return ACCEPTED

    def Change(self, call: Invocation) -> int:
        """Change the configuration of the service; what is NULL stays as it is."""
        transaction, service, given = call.transaction, call.instance, call.arguments
        record = record_of(transaction, service)
        if record["MarkedForDeletion"]:
            return MARKED
        others = [each for each in transaction.instances(CLASS) if each.identity != service.identity]
        if given["DisplayName"] and _is_taken(given["DisplayName"], others):
            return DUPLICATE_NAME
        values = _configured(given, service)
        if isinstance(values, int):
            return values
        for name in ("DisplayName", "PathName", "StartName", "DesktopInteract"):
            if given[name] is not None:
                values[name] = given[name]
        if given["DisplayName"]:
            values["Caption"] = given["DisplayName"]
        transaction.modify(service, **values)
        if given["ServiceDependencies"] is not None:
            needs = tuple(each for each in given["ServiceDependencies"] if each)
            transaction.modify(record, Needs=needs)
            for link in list(transaction.references(service, "Win32_DependentService", role="Dependent")):
                transaction.delete(link)
            _link(transaction, service["Name"], needs)
        return ACCEPTED

    def Delete(self, call: Invocation) -> int:
        """Delete the service: at once, or, while it runs, as soon as it has stopped."""
        record = record_of(call.transaction, call.instance)
        if record["MarkedForDeletion"]:
            return MARKED
        if call.instance["State"] == STOPPED:
            remove(call.transaction, call.instance)
        else:
            call.transaction.modify(record, MarkedForDeletion=True)
        return ACCEPTED

    # Hooks

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Refuse: services are installed with the method Create."""
        raise not_supported(f"instances of {cls.name} are not created by clients; call its method Create")

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Refuse: services are changed with the method Change."""
        if any(instance[name] != value for name, value in properties.items()):
            raise not_supported(f"instances of {instance.cls.name} are not modified by clients; call its method Change")

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        """Do as the method Delete does."""
        record = record_of(transaction, instance)
        if instance["State"] == STOPPED:
            remove(transaction, instance)
        else:
            transaction.modify(record, MarkedForDeletion=True)

    # States

    def _refuses_control(self, transaction: Transaction, service: Instance, control: str) -> int | None:
        """Return the code with which a service refuses to stop (``s``) or to pause (``p``), None to go ahead."""
        if service["State"] in (STOPPED, "Start Pending", "Stop Pending"):
            return CANNOT_ACCEPT
        if control not in record_of(transaction, service)["Offers"]:
            return INVALID_CONTROL
        return TIMED_OUT if self._listed("hanging_services", service) else None

    def _start(self, transaction: Transaction, service: Instance, timing: Timing, waiting: tuple[str, ...]) -> int:
        """Start a service; ``waiting`` are the names of those that need it and are about to be started."""
        record = record_of(transaction, service)
        if record["MarkedForDeletion"]:
            return MARKED
        if service["State"] != STOPPED:
            return ALREADY_RUNNING
        if service["StartMode"] == "Disabled":
            return DISABLED
        if self._listed("missing_executables", service):
            return PATH_NOT_FOUND
        if str(service["StartName"]).lower() not in BUILT_IN_ACCOUNTS and self._listed(
            "unknown_accounts", service, "StartName"
        ):
            return LOGON_FAILED
        refusal = self._start_needed(transaction, service, record["Needs"] or (), waiting)
        if refusal is not None:
            return refusal
        if self._listed("hanging_services", service):
            transaction.modify(service, ExitCode=NO_RESPONSE)
            return TIMED_OUT
        return self._pass(transaction, service, "Start Pending", RUNNING, timing)

    def _start_needed(
        self, transaction: Transaction, service: Instance, needs: tuple[str, ...], waiting: tuple[str, ...]
    ) -> int | None:
        chain = (*waiting, service["Name"].lower())
        for name in needs:
            if name.lower() in chain:
                return CIRCULAR
            needed = find(transaction, name)
            if needed is None:
                return DEPENDENCY_DELETED
            if needed["State"] == STOPPED:
                code = self._start(transaction, needed, Timing(), chain)
                if code != ACCEPTED:
                    return code if code in (CIRCULAR, DEPENDENCY_DELETED) else DEPENDENCY_FAILED
        return None

    def _pass(self, transaction: Transaction, service: Instance, pending: str, after: str, timing: Timing) -> int:
        """Go to a state, through the pending one where that takes time."""
        if timing.immediate:
            enter(transaction, service, after)
        else:
            service = enter(transaction, service, pending)
            timing.plan(transaction, _arrive, service.path, after, subjects=[service])
        return ACCEPTED

    def _listed(self, setting: str, service: Instance, name: str = "Name") -> bool:
        return str(service[name]).lower() in {each.lower() for each in self.settings[setting]}


def _arrive(transaction: Transaction, path: Any, state: str) -> None:
    enter(transaction, transaction.get(path), state)


def enter(transaction: Transaction, service: Instance, state: str) -> Instance:
    """Put a service into a state, with all properties that go with it; one that was marked is gone once it has stopped."""
    pending = state.endswith("Pending")
    offers = record_of(transaction, service)["Offers"]
    listening = state in (RUNNING, PAUSED, "Pause Pending", "Continue Pending")
    process = service["ProcessId"]
    if state in (RUNNING, "Start Pending") and not process:
        process = FIRST_PROCESS + 4 * transaction.serial("windows process")
    changed = transaction.modify(
        service,
        State=state,
        Started=state not in (STOPPED, "Start Pending"),
        AcceptStop=listening and "s" in offers,
        AcceptPause=listening and "p" in offers,
        ProcessId=0 if state == STOPPED else process,
        ExitCode=0,
        CheckPoint=1 if pending else 0,
        WaitHint=WAIT_HINT if pending else 0,
    )
    _attend_process(transaction, service, changed)
    if state == STOPPED and record_of(transaction, changed)["MarkedForDeletion"]:
        remove(transaction, changed)
    return changed


def _attend_process(transaction: Transaction, before: Instance, after: Instance) -> None:
    """Have a process for each number that a running service names, and none that was for a stopped one only."""
    old, new = before["ProcessId"], after["ProcessId"]
    if old == new:
        return
    if new:
        add_process(transaction, new, executable(after["PathName"]), SERVICES_PROCESS, after["PathName"])
    if old and not any(transaction.select(CLASS, ProcessId=old)):
        for process in list(transaction.select("Win32_Process", ProcessId=old)):
            transaction.delete(process)


def executable(command: str) -> str:
    """Return the name of the program in a command line."""
    return command.split(" -k ", maxsplit=1)[0].strip('"').rpartition("\\")[2]


def add_process(transaction: Transaction, number: int, name: str, parent: int, command: str | None) -> None:
    """Have a process of that number."""
    if any(transaction.select("Win32_Process", ProcessId=number)):
        return
    system = next(iter(transaction.instances("Win32_OperatingSystem", NAMESPACE)), None)
    path = None if command is None else command.split(" -k ", maxsplit=1)[0]
    transaction.create(
        "Win32_Process",
        {
            "Handle": str(number),
            "ProcessId": number,
            "Name": name,
            "Caption": name,
            "Description": name,
            "CommandLine": command,
            "ExecutablePath": path,
            "ParentProcessId": parent,
            "CreationClassName": "Win32_Process",
            "CSCreationClassName": "Win32_ComputerSystem",
            "CSName": HOST,
            "OSCreationClassName": "Win32_OperatingSystem",
            "OSName": system["Name"] if system is not None else None,
            "SessionId": 0,
            "Priority": 8,
            "MaximumWorkingSetSize": 1380,
            "MinimumWorkingSetSize": 200,
            "WindowsVersion": "10.0.20348",
        },
        NAMESPACE,
    )


# Population


def find(transaction: Transaction, name: str) -> Instance | None:
    """Return the service or driver of a name, in any spelling."""
    for classname in (CLASS, "Win32_SystemDriver"):
        for each in transaction.instances(classname, NAMESPACE):
            if each["Name"].lower() == name.lower():
                return each
    return None


def record_of(transaction: Transaction, service: Instance) -> Instance:
    """Return what is kept of a service beside its instance."""
    return next(transaction.select(RECORD, NAMESPACE, Name=service["Name"]))


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
            "AcceptStop": running and "s" in service.offers,
            "AcceptPause": running and "p" in service.offers,
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
    transaction.create(
        RECORD,
        {"Name": service.name, "Offers": service.offers, "Needs": service.needs, "MarkedForDeletion": False},
        NAMESPACE,
    )
    (system,) = transaction.instances("Win32_ComputerSystem", NAMESPACE)
    transaction.create("Win32_SystemServices", {"GroupComponent": system.path, "PartComponent": created.path}, NAMESPACE)
    return created


def link_dependencies(transaction: Transaction, services: list[Service] | tuple[Service, ...]) -> None:
    """Tie services to what they need, as far as it is installed."""
    for service in services:
        _link(transaction, service.name, service.needs)


def _link(transaction: Transaction, name: str, needs: tuple[str, ...]) -> None:
    dependent = find(transaction, name)
    for each in needs:
        antecedent = find(transaction, each)
        if dependent is not None and antecedent is not None:
            ends = {"Antecedent": antecedent.path, "Dependent": dependent.path}
            transaction.create("Win32_DependentService", ends, NAMESPACE)


def remove(transaction: Transaction, service: Instance) -> None:
    """Delete a service with its record and its links."""
    transaction.delete(record_of(transaction, service))
    transaction.delete(service)


# What clients configure


def _is_taken(display_name: str, services: Any) -> bool:
    return any(str(each["DisplayName"]).lower() == display_name.lower() for each in services)


def _configured(given: Mapping[str, Any], service: Instance | None = None) -> dict[str, Any] | int:
    """Return the properties that arguments of Create and Change stand for, or the code that refuses them."""
    values: dict[str, Any] = {}
    interactive = bool(given["DesktopInteract"])
    kind = given["ServiceType"]
    if kind is not None:
        name = SERVICE_TYPES.get(kind)
        if name is None:
            return INVALID_PARAMETER
        values["ServiceType"] = name
    if given["ErrorControl"] is not None:
        if given["ErrorControl"] not in ERROR_CONTROLS:
            return INVALID_PARAMETER
        values["ErrorControl"] = ERROR_CONTROLS[given["ErrorControl"]]
    if given["StartMode"] is not None:
        mode = START_MODES.get(given["StartMode"].lower())
        if mode is None:
            return INVALID_PARAMETER
        values["StartMode"] = mode
    account = given["StartName"] or (service["StartName"] if service is not None else "LocalSystem")
    if interactive and account.lower() not in ("localsystem", r".\localsystem"):
        return INVALID_PARAMETER
    if given["StartName"] and "\\" not in given["StartName"] and given["StartName"].lower() != "localsystem":
        return INVALID_ACCOUNT
    return values
