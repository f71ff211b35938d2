"""Win32_Service with all its methods: what each refuses and with which code; ``services`` has what they do to services."""

from collections.abc import Mapping
from typing import Any, Final

from cimsim.providers import Instance, Invocation, Provider, ResolvedClass, Timing, Transaction, not_supported

from .population import OWN, PAUSE, SHARE, STOP, Service
from .services import (
    CLASS,
    CONTINUE_PENDING,
    PAUSE_PENDING,
    PAUSED,
    RUNNING,
    START_PENDING,
    STOP_PENDING,
    STOPPED,
    dependents,
    enter,
    enter_at,
    find,
    install,
    link_dependencies,
    link_to,
    record_of,
    remove,
    set_record,
)

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
MARKED_FOR_DELETION: Final = 16
CIRCULAR_DEPENDENCY: Final = 18
DUPLICATE_NAME: Final = 19
INVALID_NAME: Final = 20
INVALID_PARAMETER: Final = 21
INVALID_ACCOUNT: Final = 22
SERVICE_EXISTS: Final = 23
ALREADY_PAUSED: Final = 24

NO_RESPONSE: Final = 1053  # ExitCode
START_MODES: Final = {"automatic": "Auto", "manual": "Manual", "disabled": "Disabled"}
SERVICE_TYPES: Final = {16: OWN, 32: SHARE}
INTERACTIVE: Final = 256
ERROR_CONTROLS: Final = {0: "Ignore", 1: "Normal", 2: "Severe", 3: "Critical"}
BUILT_IN_ACCOUNTS: Final = frozenset(
    {"localsystem", r".\localsystem", r"nt authority\localservice", r"nt authority\networkservice", r"nt authority\system"}
)
MAX_NAME: Final = 256
FIRST_USER_CONTROL: Final = 128


class WindowsService(Provider):
    """Win32_Service: its methods return the codes that Microsoft documents."""

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
        refusal = self._refuses_control(call.transaction, service, STOP)
        if refusal is not None:
            return refusal
        timing = self.timing(call.transaction, service, "StopService", self.settings["transition"])
        return self._go_to(call.transaction, service, STOP_PENDING, STOPPED, timing)

    def PauseService(self, call: Invocation) -> int:
        """Pause the service, if it accepts that."""
        service = call.instance
        if service["State"] == PAUSED:
            return ALREADY_PAUSED
        refusal = self._refuses_control(call.transaction, service, PAUSE)
        if refusal is not None:
            return refusal
        timing = self.timing(call.transaction, service, "PauseService", self.settings["transition"])
        return self._go_to(call.transaction, service, PAUSE_PENDING, PAUSED, timing)

    def ResumeService(self, call: Invocation) -> int:
        """Continue a paused service, even if it was disabled meanwhile."""
        service = call.instance
        if service["State"] == RUNNING:
            return ALREADY_RUNNING
        if service["State"] != PAUSED:
            return CANNOT_ACCEPT
        if self._listed("hanging_services", service):
            return TIMED_OUT
        timing = self.timing(call.transaction, service, "ResumeService", self.settings["transition"])
        return self._go_to(call.transaction, service, CONTINUE_PENDING, RUNNING, timing)

    def InterrogateService(self, call: Invocation) -> int:
        """Have the service report its state, which changes nothing."""
        if call.instance["State"] == STOPPED:
            answer: int = self.settings["control_of_stopped"]
            return answer
        return TIMED_OUT if self._listed("hanging_services", call.instance) else ACCEPTED

    def UserControlService(self, call: Invocation) -> int:
        """Send a control code of the service's own, which changes nothing here."""
        if call.instance["State"] == STOPPED:
            answer: int = self.settings["control_of_stopped"]
            return answer
        if call.instance["State"] in (START_PENDING, STOP_PENDING):
            return CANNOT_ACCEPT
        code = call.arguments["ControlCode"]
        if code is None or code < FIRST_USER_CONTROL:
            return INVALID_CONTROL
        return TIMED_OUT if self._listed("hanging_services", call.instance) else ACCEPTED

    def ChangeStartMode(self, call: Invocation) -> int:
        """Change how the service is started; one that runs goes on."""
        mode = START_MODES.get(str(call.arguments["StartMode"]).lower())
        if mode is None:
            return INVALID_PARAMETER
        if record_of(call.transaction, call.instance).marked:
            return MARKED_FOR_DELETION
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
            return SERVICE_EXISTS
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
            (STOP,),
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
        if record.marked:
            return MARKED_FOR_DELETION
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
            set_record(transaction, service, record._replace(needs=needs))
            for link in list(transaction.references(service, "Win32_DependentService", role="Dependent")):
                transaction.delete(link)
            link_to(transaction, service["Name"], needs)
        return ACCEPTED

    def Delete(self, call: Invocation) -> int:
        """Delete the service: at once, or, while it runs, as soon as it has stopped."""
        record = record_of(call.transaction, call.instance)
        if record.marked:
            return MARKED_FOR_DELETION
        if call.instance["State"] == STOPPED:
            remove(call.transaction, call.instance)
        else:
            set_record(call.transaction, call.instance, record._replace(marked=True))
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
            set_record(transaction, instance, record._replace(marked=True))

    # States

    def _refuses_control(self, transaction: Transaction, service: Instance, control: str) -> int | None:
        """Return the code with which a service refuses to stop or to pause (``control``), None to go ahead."""
        if service["State"] in (STOPPED, START_PENDING, STOP_PENDING):
            return CANNOT_ACCEPT
        if control not in record_of(transaction, service).controls:
            return INVALID_CONTROL
        return TIMED_OUT if self._listed("hanging_services", service) else None

    def _start(self, transaction: Transaction, service: Instance, timing: Timing, waiting: tuple[str, ...]) -> int:
        """Start a service; ``waiting`` are the names of those that need it and are started after it."""
        record = record_of(transaction, service)
        if record.marked:
            return MARKED_FOR_DELETION
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
        refusal = self._start_needed(transaction, service, record.needs, waiting)
        if refusal is not None:
            return refusal
        if self._listed("hanging_services", service):
            transaction.modify(service, ExitCode=NO_RESPONSE)
            return TIMED_OUT
        return self._go_to(transaction, service, START_PENDING, RUNNING, timing)

    def _start_needed(
        self, transaction: Transaction, service: Instance, needs: tuple[str, ...], waiting: tuple[str, ...]
    ) -> int | None:
        chain = (*waiting, service["Name"].lower())
        for name in needs:
            if name.lower() in chain:
                return CIRCULAR_DEPENDENCY
            needed = find(transaction, name)
            if needed is None:
                return DEPENDENCY_DELETED
            if needed["State"] == STOPPED:
                code = self._start(transaction, needed, Timing(), chain)
                if code != ACCEPTED:
                    return code if code in (CIRCULAR_DEPENDENCY, DEPENDENCY_DELETED) else DEPENDENCY_FAILED
        return None

    def _go_to(self, transaction: Transaction, service: Instance, pending: str, after: str, timing: Timing) -> int:
        """Put a service into a state, through the pending one where that takes time."""
        if timing.immediate:
            enter(transaction, service, after)
        else:
            service = enter(transaction, service, pending)
            timing.plan(transaction, enter_at, service.path, after, subjects=[service])
        return ACCEPTED

    def _listed(self, setting: str, service: Instance, name: str = "Name") -> bool:
        return str(service[name]).lower() in {each.lower() for each in self.settings[setting]}


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
