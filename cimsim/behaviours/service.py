"""The life cycle of a service: StartService, StopService and RequestStateChange on any CIM_Service.

The rules are those of CIM_Service and CIM_EnabledLogicalElement: the state properties change together on success and not at all
on a refusal. What a class refuses, and with which number, is a matter of the subclass: override the hooks.
"""

from dataclasses import dataclass
from typing import Any, Final

from cimsim.behaviours.api import Behaviour
from cimsim.operations.methods import Invocation
from cimsim.world.errors import method_not_available, not_supported
from cimsim.world.instances import Instance
from cimsim.world.values import DateTime

# RequestStateChange and RequestedState (DMTF value maps).
ENABLED: Final = 2
DISABLED: Final = 3
SHUT_DOWN: Final = 4
REBOOT: Final = 10
RESET: Final = 11
REQUESTABLE: Final = frozenset({2, 3, 4, 6, 7, 8, 9, 10, 11})
"""The values of RequestStateChange's parameter that DMTF defines; 32768 and above are the vendor's."""

# EnabledState.
NOT_APPLICABLE: Final = 5
IN_TRANSITION: Final = frozenset({4, 10})

# Return values of StartService and StopService.
COMPLETED: Final = 0
NOT_SUPPORTED: Final = 1
FAILED: Final = 2

# Return values of RequestStateChange.
INVALID_PARAMETER: Final = 5
JOB_STARTED: Final = 4096
INVALID_TRANSITION: Final = 4097
TIMEOUT_NOT_SUPPORTED: Final = 4098
BUSY: Final = 4099


@dataclass(frozen=True, slots=True)
class State:
    """What the state properties of a service say together."""

    EnabledState: int
    Started: bool
    OperationalStatus: tuple[int, ...]
    StatusDescriptions: tuple[str, ...]
    Status: str

    def properties(self) -> dict[str, Any]:
        """Return the properties by name."""
        return {name: getattr(self, name) for name in State.__slots__}


RUNNING: Final = State(2, True, (2,), ("OK",), "OK")
STOPPED: Final = State(3, False, (10,), ("Stopped",), "Stopped")


def timeout_refusal(timeout: DateTime | None, *, supported: bool = False) -> int | None:
    """Return the number with which RequestStateChange refuses a TimeoutPeriod, or None to go ahead.

    NULL and an interval of no length ask for nothing; a point in time is no period. What is done at once keeps any timeout.
    """
    if timeout is None or (timeout.is_interval and (supported or not timeout[:21].strip("0."))):
        return None
    return TIMEOUT_NOT_SUPPORTED if timeout.is_interval else INVALID_PARAMETER


class ServiceLifeCycle(Behaviour):
    """Starts and stops a service at once.

    ``utc`` ends the timestamps it writes, ``stopped_requested_state`` is what StopService leaves in RequestedState, and
    ``supports_timeout`` whether RequestStateChange takes a TimeoutPeriod. The setting ``not_supported_answer`` of the pack, if
    it has one, chooses how to say that a method is not supported: ``return-1`` (default), ``cim-error-7`` or ``cim-error-16``.
    """

    utc = "+000"
    stopped_requested_state = DISABLED
    supports_timeout = False

    def unsupported(self, call: Invocation) -> int:
        """Say that StartService or StopService is not supported, in the way that the settings want it said.

        RequestStateChange has a return value for it, which it gives whatever the settings say.
        """
        if call.method.name == "RequestStateChange":
            return NOT_SUPPORTED
        text = f"{call.cls.name}.{call.method.name} is not supported"
        match self.settings.get("not_supported_answer"):
            case "cim-error-7":
                raise not_supported(text)
            case "cim-error-16":
                raise method_not_available(text)
        return NOT_SUPPORTED

    # Hooks

    def refuses_start(self, call: Invocation, service: Instance) -> int | None:
        """Return the number with which StartService refuses in this situation, or None to go ahead."""
        return self.refuses(call, service)

    def refuses_stop(self, call: Invocation, service: Instance) -> int | None:
        """Return the number with which StopService refuses in this situation, or None to go ahead."""
        return self.refuses(call, service)

    def refuses(self, call: Invocation, service: Instance) -> int | None:
        """Return the number with which both refuse: services without a managed state (EnabledState 5) do, as do busy ones."""
        if service["EnabledState"] == NOT_APPLICABLE:
            return self.unsupported(call)
        return FAILED if service["EnabledState"] in IN_TRANSITION else None

    def refuses_request(self, call: Invocation, service: Instance, requested: int | None) -> int | None:
        """Return the number with which RequestStateChange refuses before it looks at start or stop, or None to go ahead."""
        if requested not in REQUESTABLE:
            return INVALID_PARAMETER
        if service["EnabledState"] == NOT_APPLICABLE:
            return NOT_SUPPORTED
        return BUSY if service["EnabledState"] in IN_TRANSITION else None

    def other_request(self, call: Invocation, service: Instance, requested: int) -> Any:
        """Answer RequestStateChange for a value other than Enabled, Disabled and Shut Down."""
        return NOT_SUPPORTED

    # Extrinsic methods

    def StartService(self, call: Invocation) -> int:
        """Place the service in the started state."""
        service = _target(call)
        refusal = self.refuses_start(call, service)
        if refusal is None and service["Started"] is not True:
            self.enter(call, service, RUNNING, ENABLED)
        return COMPLETED if refusal is None else refusal

    def StopService(self, call: Invocation) -> int:
        """Place the service in the stopped state."""
        service = _target(call)
        refusal = self.refuses_stop(call, service)
        if refusal is None and service["Started"] is not False:
            self.enter(call, service, STOPPED, self.stopped_requested_state)
        return COMPLETED if refusal is None else refusal

    def RequestStateChange(self, call: Invocation) -> Any:
        """Ask for a state: Enabled starts, Disabled and Shut Down stop."""
        service = _target(call)
        requested = call.arguments["RequestedState"]
        refusal = self.refuses_request(call, service, requested)
        if refusal is None:
            refusal = timeout_refusal(call.arguments.get("TimeoutPeriod"), supported=self.supports_timeout)
        if refusal is not None:
            return refusal
        if requested == ENABLED:
            return self._request(call, service, RUNNING, ENABLED, self.refuses_start(call, service))
        if requested in (DISABLED, SHUT_DOWN):
            return self._request(call, service, STOPPED, requested, self.refuses_stop(call, service))
        return self.other_request(call, service, requested)

    def _request(self, call: Invocation, service: Instance, state: State, requested: int, refusal: int | None) -> int:
        if refusal is None:
            self.enter(call, service, state, requested)
        return COMPLETED if refusal is None else refusal

    # Steps

    def enter(self, call: Invocation, service: Instance, state: State, requested: int) -> Instance:
        """Change the state properties together; the time of change moves only when EnabledState does."""
        place = service.cls.index
        values = _typed(call, service, state) | {place["requestedstate"]: requested}
        if service["EnabledState"] != state.EnabledState:
            values[place["timeoflaststatechange"]] = DateTime.at(call.transaction.now, self.utc)
        return call.transaction.replace(service, values)


def _typed(call: Invocation, service: Instance, state: State) -> dict[int, Any]:
    """Return the values of a state by their places in the class, worked out once for each class."""
    known: dict[State, dict[int, Any]] = service.cls.memo.setdefault("behaviours.service", {})
    values = known.get(state)
    if values is None:
        values = known[state] = call.transaction.typed(service.cls, state.properties())
    return values


def _target(call: Invocation) -> Instance:
    # The methods of services are not static, so the operation has made sure of an instance (rule X5).
    if call.target is None:
        raise ValueError(f"{call.cls.name}.{call.method.name} needs an instance")
    return call.target
