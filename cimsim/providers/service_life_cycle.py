"""The life cycle of a service: StartService, StopService and RequestStateChange on any CIM_Service.

The rules are those of CIM_Service and CIM_EnabledLogicalElement: the state properties change together on success and not at all
on a refusal. What a class refuses, and with which number, is a matter of the subclass: override the hooks.

A transition may take time: meanwhile EnabledState is 4 or 10, and Started what it was. StartService and StopService have no Job
output, so they return 0 when it begins; RequestStateChange returns 4096 and a job where the pack has a kind of jobs.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from cimsim.operations.methods import Invocation
from cimsim.providers.jobs import JobKind, begin_job
from cimsim.providers.provider import Provider
from cimsim.providers.timing import INVALID_PARAMETER, seconds_of, timeout_refusal
from cimsim.world.errors import method_not_available, not_supported
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.timing import IMMEDIATE, Timing
from cimsim.world.transaction import Transaction
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

# Return values of RequestStateChange, beside those of ``timeout_refusal``.
NOT_IN_TIME: Final = 3
JOB_STARTED: Final = 4096
INVALID_TRANSITION: Final = 4097
BUSY: Final = 4099


class ServiceState(msgspec.Struct, frozen=True):
    """The values of the state properties of a service in one state."""

    EnabledState: int
    Started: bool
    OperationalStatus: tuple[int, ...]
    StatusDescriptions: tuple[str, ...]
    Status: str

    def properties(self) -> dict[str, Any]:
        """Return the properties by name."""
        return {name: getattr(self, name) for name in ServiceState.__struct_fields__}


RUNNING: Final = ServiceState(2, True, (2,), ("OK",), "OK")
STOPPED: Final = ServiceState(3, False, (10,), ("Stopped",), "Stopped")
STOPPING: Final = ServiceState(4, True, (9,), ("Stopping",), "Stopping")
STARTING: Final = ServiceState(10, False, (8,), ("Starting",), "Starting")

# TransitioningToState when no transition runs.
NO_TRANSITION: Final = 5


def is_busy(service: Instance) -> bool:
    """Return whether a service is in transition to another state."""
    state = service["EnabledState"]
    # A service that is asked to restart passes Disabled as well.
    return state in IN_TRANSITION or (state == DISABLED and service["RequestedState"] in (REBOOT, RESET))


_CONFIGURABLE: Final = (
    "stopped_requested_state",
    "restarted_requested_state",
    "repeated_code",
    "repeated_state_code",
    "busy_code",
    "busy_state_code",
    "refused_state_code",
)
"""Attributes of the life cycle for which a pack may have settings."""


def unsupported(call: Invocation, answer: str | None) -> int:
    """Answer that a method is not supported, as ``answer`` has it: ``return-1`` (or None), ``cim-error-7`` or ``cim-error-16``.

    Returns:
        1, if that is the answer.

    Raises:
        CIMError: CIM_ERR_NOT_SUPPORTED or CIM_ERR_METHOD_NOT_AVAILABLE, if that is.
    """
    text = f"{call.cls.name}.{call.method.name} is not supported"
    match answer:
        case "cim-error-7":
            raise not_supported(text)
        case "cim-error-16":
            raise method_not_available(text)
    return NOT_SUPPORTED


class ServiceLifeCycle(Provider):
    """Starts and stops a service, at once or in the time that the setting ``transition`` of the pack gives.

    The setting ``timings`` may say otherwise for a call. Settings that a pack may have besides: ``not_supported_answer``
    (``return-1``, ``cim-error-7`` or ``cim-error-16``) is the answer of a method that is not supported; ``started_changes``
    (``end`` or ``begin``) when Started changes in a slow transition; those with the names of attributes marked * replace these.
    Subclasses set the attributes.

    Attributes:
        utc: how the timestamps that it writes end.
        stopped_requested_state*: what StopService leaves in RequestedState.
        supports_timeout: whether RequestStateChange takes a TimeoutPeriod. One shorter than the transition is refused with 3; a
            transition that waits for reads keeps any.
        keeps_late_request: whether a request that was refused for its TimeoutPeriod is stored in RequestedState.
        starting, stopping: the states during a transition.
        restarted_requested_state*: what a restart leaves in RequestedState.
        repeated_code*: what StartService and StopService return for a service that is started or stopped already; with 0 the
            request is recorded in RequestedState, else nothing changes.
        repeated_state_code*: what RequestStateChange returns for the state that the service has; unless it is 0, nothing
            changes.
        busy_code*, busy_state_code*: what StartService and StopService, and RequestStateChange, return during a transition.
        refused_state_code*: what RequestStateChange returns where starting or stopping is not supported.
        job_kind: the kind of the jobs of RequestStateChange; None: there are none, and it returns 0 when a transition begins.
        job_properties: more properties of these jobs.
    """

    utc = "+000"
    stopped_requested_state = DISABLED
    supports_timeout = False
    keeps_late_request = False
    starting = STARTING
    stopping = STOPPING
    restarted_requested_state = ENABLED
    repeated_code = COMPLETED
    repeated_state_code = COMPLETED
    busy_code = FAILED
    busy_state_code = BUSY
    refused_state_code = NOT_SUPPORTED
    job_kind: JobKind | None = None
    job_properties: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._transition: Timing = settings.get("transition", IMMEDIATE)
        for name in _CONFIGURABLE:
            if name in settings:
                setattr(self, name, settings[name])
        if settings.get("started_changes") == "begin":
            self.starting = replace(self.starting, Started=True)
            self.stopping = replace(self.stopping, Started=False)

    def unsupported(self, call: Invocation) -> int:
        """Answer that StartService or StopService is not supported, as the setting ``not_supported_answer`` has it.

        RequestStateChange has return values for it.
        """
        if call.method.name == "RequestStateChange":
            return self.refused_state_code
        return unsupported(call, self.settings.get("not_supported_answer"))

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
        return self.busy_code if is_busy(service) else None

    def refuses_request(self, call: Invocation, service: Instance, requested: int | None) -> int | None:
        """Return the number with which RequestStateChange refuses before it looks at start or stop, or None to go ahead."""
        if requested not in REQUESTABLE:
            return INVALID_PARAMETER
        if service["EnabledState"] == NOT_APPLICABLE:
            return NOT_SUPPORTED
        return self.busy_state_code if is_busy(service) else None

    def other_request(self, call: Invocation, service: Instance, requested: int, timing: Timing) -> Any:
        """Answer RequestStateChange for a value other than Enabled, Disabled and Shut Down."""
        return NOT_SUPPORTED

    def job_identifier(self, transaction: Transaction, service: Instance) -> str:
        """Return the InstanceID of a new job for a service."""
        return transaction.guid()

    # Extrinsic methods

    def StartService(self, call: Invocation) -> int:
        """Place the service in the started state, or begin to."""
        service = call.instance
        timing = self._time(call, service)
        refusal = self.refuses_start(call, service)
        if refusal is not None:
            return refusal
        if service["Started"] is True:
            return self._repeat(call.transaction, service, ENABLED)
        self._change(call.transaction, service, RUNNING, ENABLED, timing)
        return COMPLETED

    def StopService(self, call: Invocation) -> int:
        """Place the service in the stopped state, or begin to."""
        service = call.instance
        timing = self._time(call, service)
        refusal = self.refuses_stop(call, service)
        if refusal is not None:
            return refusal
        if service["Started"] is False:
            return self._repeat(call.transaction, service, self.stopped_requested_state)
        self._change(call.transaction, service, STOPPED, self.stopped_requested_state, timing)
        return COMPLETED

    def _repeat(self, transaction: Transaction, service: Instance, requested: int) -> int:
        """Answer StartService or StopService where it has nothing to do; one that succeeds records the request."""
        if self.repeated_code == COMPLETED:
            transaction.replace(service, {service.cls.index["requestedstate"]: requested})
        return self.repeated_code

    def RequestStateChange(self, call: Invocation) -> Any:
        """Ask for a state: Enabled starts, Disabled and Shut Down stop."""
        service = call.instance
        requested = call.arguments["RequestedState"]
        timing = self._time(call, service)
        refusal = self.refuses_request(call, service, requested)
        if refusal is None:
            refusal = timeout_refusal(call.arguments.get("TimeoutPeriod"), supported=self.supports_timeout)
        if refusal is not None:
            return refusal
        if requested == ENABLED:
            return self._request(call, service, RUNNING, ENABLED, timing, self.refuses_start(call, service))
        if requested in (DISABLED, SHUT_DOWN):
            return self._request(call, service, STOPPED, requested, timing, self.refuses_stop(call, service))
        return self.other_request(call, service, requested, timing)

    def _request(
        self, call: Invocation, service: Instance, state: ServiceState, requested: int, timing: Timing, refusal: int | None
    ) -> Any:
        if refusal is not None:
            return refusal
        repeated = service["EnabledState"] == state.EnabledState
        if repeated and self.repeated_state_code != COMPLETED:
            return self.repeated_state_code
        if repeated or timing.immediate:
            self.enter(call.transaction, service, state, requested)
            return COMPLETED
        if self.is_late(call, service, requested, timing):
            return NOT_IN_TIME
        transition = _Transition(service.path, _state_of(service), service["RequestedState"], state, requested)
        service = self._depart(call.transaction, service, self.starting if state is RUNNING else self.stopping, requested)
        return self._plan_arrival(call.transaction, service, transition, timing)[0]

    # Transitions

    def _time(self, call: Invocation, service: Instance) -> Timing:
        # Most servers have no rules. Without this short cut, StopService takes measurably longer.
        if self._rules or call.transaction.timing is not None:
            return self.timing(call.transaction, service, call.method.name, self._transition)
        return self._transition

    def is_late(self, call: Invocation, service: Instance, requested: int, timing: Timing) -> bool:
        """Return whether a transition takes longer than TimeoutPeriod allows; if so, note the request where that is kept."""
        timeout = call.arguments.get("TimeoutPeriod")
        late = timeout is not None and 0 < seconds_of(timeout) < timing.seconds
        if late and self.keeps_late_request:
            call.transaction.modify(service, RequestedState=requested)
        return late

    def restart(self, call: Invocation, service: Instance, requested: int, timing: Timing) -> Any:
        """Stop and start the service again: Shutting Down, Disabled and Starting take a third of the time each.

        Returns:
            What RequestStateChange returns. RequestedState is ``requested`` until the end.
        """
        if self.is_late(call, service, requested, timing):
            return NOT_IN_TIME
        transaction = call.transaction
        transition = _Transition(
            service.path, _state_of(service), service["RequestedState"], RUNNING, self.restarted_requested_state
        )
        service = self._depart(transaction, service, self.stopping, requested)
        if timing.immediate:
            for state in (STOPPED, self.starting):
                service = self.enter(transaction, service, state, requested)
        answer, subjects = self._plan_arrival(transaction, service, transition, timing)
        if not timing.immediate:
            for share, state in ((1 / 3, STOPPED), (2 / 3, self.starting)):
                timing.part(share).plan(transaction, self._pass, service.path, state, requested, subjects=subjects)
        return answer

    def enter(self, transaction: Transaction, service: Instance, state: ServiceState, requested: int) -> Instance:
        """Change the state properties together; the time of change moves only when EnabledState does."""
        place = service.cls.index
        values = _typed(transaction, service, state) | {place["requestedstate"]: requested}
        if service["EnabledState"] != state.EnabledState:
            values[place["timeoflaststatechange"]] = DateTime.at(transaction.now, self.utc)
        return transaction.replace(service, values)

    def _change(self, transaction: Transaction, service: Instance, state: ServiceState, requested: int, timing: Timing) -> None:
        """Enter a state when it is time."""
        if timing.immediate:
            self.enter(transaction, service, state, requested)
        else:
            transition = _Transition(service.path, _state_of(service), service["RequestedState"], state, requested)
            service = self._depart(transaction, service, self.starting if state is RUNNING else self.stopping, requested)
            timing.plan(transaction, self._arrive, transition, subjects=[service])

    def _depart(self, transaction: Transaction, service: Instance, state: ServiceState, requested: int) -> Instance:
        """Enter a state that is only passed."""
        return _transitioning(transaction, self.enter(transaction, service, state, requested), requested)

    def _plan_arrival(
        self, transaction: Transaction, service: Instance, transition: "_Transition", timing: Timing
    ) -> tuple[Any, list[Instance]]:
        """Plan the end of a transition; return what RequestStateChange answers, and the instances whose reads count."""
        if self.job_kind is None:
            timing.plan(transaction, self._arrive, transition, subjects=[service])
            return COMPLETED, [service]
        job = begin_job(
            transaction,
            self.job_kind,
            timing,
            identifier=self.job_identifier(transaction, service),
            name=f"RequestStateChange of {service['Name']}",
            owner=service,
            affected=[service],
            finish=self._arrive,
            cancelled=self._go_back,
            arguments=(transition,),
            properties=self.job_properties,
        )
        return (JOB_STARTED, {"Job": job}), [service, job]

    # Steps

    def _pass(self, transaction: Transaction, path: InstancePath, state: ServiceState, requested: int) -> None:
        self.enter(transaction, transaction.get(path), state, requested)

    def _arrive(self, transaction: Transaction, transition: "_Transition") -> None:
        self._rest(transaction, transition.service, transition.after, transition.requested)

    def _go_back(self, transaction: Transaction, transition: "_Transition") -> None:
        self._rest(transaction, transition.service, transition.before, transition.requested_before)

    def _rest(self, transaction: Transaction, path: InstancePath, state: ServiceState, requested: int) -> None:
        service = transaction.get(path)
        for wait in transaction.waiting(service):
            if wait.step == self._pass:
                transaction.cancel(wait.number)
        _transitioning(transaction, self.enter(transaction, service, state, requested), NO_TRANSITION)


class _Transition(msgspec.Struct, frozen=True):
    """A service between two states: what it was before, and what it will be."""

    service: InstancePath
    before: ServiceState
    requested_before: int
    after: ServiceState
    requested: int


def _state_of(service: Instance) -> ServiceState:
    return ServiceState(*(service[name] for name in ServiceState.__struct_fields__))


def _transitioning(transaction: Transaction, service: Instance, to: int) -> Instance:
    """Set TransitioningToState, where the schema level of the class has it."""
    place = service.cls.index.get("transitioningtostate")
    return service if place is None else transaction.replace(service, {place: to})


def _typed(transaction: Transaction, service: Instance, state: ServiceState) -> dict[int, Any]:
    """Return the values of a state by their places in the class, worked out once for each class."""
    known: dict[ServiceState, dict[int, Any]] = service.cls.memo.setdefault("providers.service", {})
    values = known.get(state)
    if values is None:
        values = known[state] = transaction.typed(service.cls, state.properties())
    return values
