"""The CIMOM: holds the current world, carries out one request after the other, and commits what each changed.

Between requests it carries out the steps that are due on its clock. A request meets a world in which everything that was due
before it has happened, however late the reactor is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, Final, TypeVar

from msgspec.structs import replace
from pywbem import CIM_ERR_INVALID_CLASS, CIM_ERR_INVALID_NAMESPACE, CIMError, CIMInstance, Uint32
from twisted.logger import Logger
from twisted.python.failure import Failure

from cimsim.cimom.authorization import Authorization, disowned, owned
from cimsim.cimom.clock import Alarm, Clock
from cimsim.cimom.contexts import ContextOptions, Contexts
from cimsim.cimom.fault_rules import Fault, FaultRule, FaultRules, Returned
from cimsim.cimom.reads import shown
from cimsim.operations.call import Answer, OperationCall, Outcome, Policy, RunState
from cimsim.operations.hooks import NO_HOOKS, HookError, Hooks
from cimsim.operations.methods import Implementation, Implementations
from cimsim.operations.operation import SessionUse
from cimsim.operations.pending import Pending
from cimsim.operations.perform import perform, viewed
from cimsim.operations.request import ExtrinsicRequest, IntrinsicRequest, Request
from cimsim.operations.results import Reported, Result
from cimsim.operations.selection import located, located_at_once
from cimsim.operations.session_commands import SessionCommand
from cimsim.operations.table import OPERATIONS
from cimsim.world.agenda import Wait
from cimsim.world.counts import Counts
from cimsim.world.errors import described, failed, invalid_enumeration_context, server_is_shutting_down
from cimsim.world.events import Event
from cimsim.world.names import fold, fold_namespace
from cimsim.world.paths import Identity
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

Listener = Callable[[World, Sequence[Event]], None]
"""Called with the world after something happened, and with what happened."""

_T = TypeVar("_T")
_FAILURES: Final = (Exception, SystemExit)
"""What a provider may raise: none of it ends the server, ``sys.exit`` included."""
_MAX_CODES: Final = 2**32
_CHANCE_BYTES: Final = 6
_MAX_ROUNDS: Final = 1000
"""How often steps may plan further steps for the same moment, before that is taken for a circle."""
_MAX_STEPS: Final = 100_000
"""How many steps are carried out at a stretch."""


class Cimom:
    """A simulated CIM object manager.

    ``random`` returns that many bytes that cannot be foreseen. ``authorization`` says which users may do what; None: everybody
    may do everything. All calls come from one thread; each is carried out completely.

    Attributes:
        authorization: may be replaced; what it then allows holds for the next request and the next event.
        world: what it knows now.
        clock: what it and everything in it goes by.
        counts: what it has carried out.
        doing: the request or the step that it is carrying out, None between them; for whoever watches.
        turn: counts these: the same request may come again and again.
        faults: the rules by which it does wrong on purpose.
        acted: the rule that acted on the request that was started last, None if none did.
        replaced: called when time has gone back, or on with other packs: see ``replace_world``.
        stopped: called by ``stop``.
    """

    log = Logger()

    def __init__(
        self,
        world: World,
        implementations: Implementations,
        clock: Clock,
        policy: Policy | None = None,
        *,
        random: Callable[[int], bytes],
        contexts: ContextOptions | None = None,
        authorization: Authorization | None = None,
        hooks: Hooks = NO_HOOKS,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self.clock = clock
        self.faults = FaultRules(chance or partial(_chance, random))
        self.acted: Fault | None = None
        self.counts = Counts()
        self.doing: Request | Wait | None = None
        self.turn = 0
        self.listeners: list[Listener] = []
        self.replaced: list[Callable[[], None]] = []
        self.stopped: list[Callable[[], None]] = []
        self._wants_calls: set[int] = set()
        self._alarm: Alarm | None = None
        self._implementations = implementations
        self._hooks = hooks
        self._policy = policy or Policy()
        self._state = RunState()
        self.authorization = authorization
        self._contexts = Contexts(random, contexts or ContextOptions())
        self._world = world
        self._plan()

    @property
    def world(self) -> World:
        """The current world; setting it swaps in another one, with all that goes on in it, and notifies no listener."""
        return self._world

    @world.setter
    def world(self, world: World) -> None:
        self._world = world
        self._plan()

    def perform(self, request: Request, user: str | None = None) -> Result:
        """Carry out a request as ``start`` does, to its end."""
        result = self.start(request, user, "")
        return result.completed() if isinstance(result, Pending) else result

    def locate(self, request: Request, user: str | None = None) -> Request | Pending[Request]:
        """Return a request with a path in place of every selection, or what is left to do for that; ``start`` follows.

        What ``start`` refuses before it looks anything up is left as it is, and so is what it fails with.
        """
        if self._world.agenda.times:
            self._catch_up(self.clock.now())
        namespace = self._world.namespaces.get(fold_namespace(request.namespace))
        if namespace is None:
            return request
        at_once = located_at_once(request, self._world, namespace)
        if at_once is not None:
            return at_once
        try:
            if self.authorization is not None:
                self.authorization.check(user, request, self._world)
            call = self.view(request)
        except _FAILURES:
            return request
        found = located(request, call.world, call.namespace)
        # Where there is no such class, nothing was searched, and it is for the operation to say so.
        return found if isinstance(found, Pending) or not _is_nowhere(found) else request

    def start(
        self,
        request: Request,
        user: str | None = None,
        protocol: str = "cim-xml",
        *,
        trusted: bool = False,
        faults: bool = True,
        silent: bool = False,
    ) -> Result | Pending[Result]:
        """Carry out a request of ``user`` (None: not authenticated) and commit what it changed.

        ``protocol`` is what a fault rule calls it; "": it came by none. ``trusted``: whoever asks may do everything.
        ``faults``: whether fault rules apply. ``silent``: nobody is notified of what it changes at once.

        The result of a long read may be pending. It is refused with CIM_ERR_SERVER_IS_SHUTTING_DOWN once ``stop`` is called.

        Raises:
            CIMError: the request is refused or failed; the world is as before (rule G14). Any other exception is a defect, ours
                or a provider's: it is logged with its traceback, and the client gets CIM_ERR_FAILED (rule E7).
        """
        now = self.clock.now()
        if self._world.agenda.times:
            self._catch_up(now)
        self.turn += 1
        self.doing = request
        acts = faults and bool(self.faults)
        fault = self.acted = self.faults.acting(request, user, protocol, self._world) if acts else None
        rule = None if fault is None else self.faults.deciding(fault, request, user, protocol, self._world)
        authorization = None if trusted else self.authorization
        try:
            outcome = self._carry_out(request, user, now, rule, authorization)
        except CIMError as error:
            self._end_session(request, user)
            if not _can_be_sent(error):
                self.log.failure("{name!r} failed", name=request.name)
                raise failed(f"the provider of {request.name} raised a CIMError that cannot be sent: {error.args!r}") from error
            raise
        except _FAILURES as error:
            raise self._failed(request, error) from error
        finally:
            self.doing = None
            if self.counts.wanted:
                self._count(request, self.clock.now() - now)
        world = outcome.world
        if outcome.changes and self.authorization is not None:
            world = owned(world, outcome.changes, user)
        if world is not self._world or outcome.changes:
            self._commit(world, outcome.changes, silent=silent)
        result = outcome.result
        if isinstance(result, Pending):
            steps = self._working(request, result)
            return Pending(steps, lambda: self._completed(request, user, result, silent), self._check_running)
        return self._answered(request, user, result, now, silent=silent)

    def _working(self, request: Request, pending: Pending[Any]) -> Iterator[None]:
        """Do the steps of a pending result, and treat what they raise as ``start`` does."""
        try:
            while not pending.advance():
                yield
        except CIMError:
            raise
        except _FAILURES as error:
            raise self._failed(request, error) from error

    def _completed(self, request: Request, user: str | None, pending: Pending[Any], silent: bool) -> Result:
        try:
            result = pending.finished()
        except CIMError:
            raise
        except _FAILURES as error:
            raise self._failed(request, error) from error
        return self._answered(request, user, result, silent=silent)

    def _failed(self, request: Request, error: BaseException) -> CIMError:
        """Log what is a defect; return what the client learns of it."""
        self.log.failure("{name!r} failed", _failure(error), name=request.name)
        return failed(_explanation(request, error))

    def _answered(
        self, request: Request, user: str | None, result: Answer, now: float | None = None, *, silent: bool
    ) -> Result:
        """Return what the client gets; ``now`` None: the time has gone on since the request was begun."""
        now = self.clock.now() if now is None else now
        if isinstance(result, Reported):
            self._commit(self._world, result.events, silent=silent)
            result = result.result
        if isinstance(result, SessionCommand):
            room = request.room if isinstance(request, IntrinsicRequest) else None
            result = self._contexts.answer(result, user, fold_namespace(request.namespace), now, room)
        if self._world.agenda.readers:
            self._count_reads(request, result, now)
        return result

    def _check_running(self) -> None:
        if self._state.stopping:
            raise server_is_shutting_down("the server is about to stop")

    def view(self, request: Request) -> OperationCall:
        """Return a call through which to look at what a request of a client would meet; nothing happens by looking.

        Raises:
            CIMError: CIM_ERR_INVALID_NAMESPACE.
            HookError: a provider failed.
        """
        return viewed(self._world, request, self.clock.now(), self._policy, self._hooks)

    @property
    def open_contexts(self) -> int:
        """How many enumeration sessions are open."""
        return len(self._contexts)

    def provides(self, namespace: str, cls: ResolvedClass, method: str) -> bool:
        """Return whether something carries a method of a class out; ``namespace`` is the declared name."""
        return self._implementations.find(namespace, cls, fold(method)) is not None

    def interfere(self, request: Request, user: str | None, protocol: str) -> None:
        """Have a fault rule act on a request that is not for the CIMOM to carry out, as ``start`` does.

        Raises:
            CIMError: the error of the rule.
        """
        fault = self.acted = self.faults.acting(request, user, protocol, self._world) if self.faults else None
        if fault is not None:
            _refuse_by(fault.rule)

    def change(self, step: Callable[[Transaction], _T], namespace: str = "", *, silent: bool = False) -> _T:
        """Change the world from outside of any request, whole or not at all; return what the step returns.

        ``silent``: nobody is notified.

        Raises:
            Exception: what the step raises; the world is as before.
        """
        now = self.clock.now()
        if self._world.agenda.times:
            self._catch_up(now)
        self.acted = None
        transaction = Transaction(self._world, namespace, now, self.counts)
        result = step(transaction)
        self._commit(transaction.world, transaction.changes, silent=silent)
        return result

    def change_world(self, world: World) -> None:
        """Put another world in the place of the current one; nobody is notified, but subscriptions are those of the new one."""
        self.world = world
        for listener in self.listeners:
            listener(world, ())

    def replace_world(self, world: World) -> None:
        """Go back to a world, or on with that of other packs: as ``change_world``, and what watched the old one ends."""
        self.change_world(world)
        for each in list(self.replaced):
            each()

    def run(self, step: Callable[[Transaction], object], namespace: str = "") -> bool:
        """Change the world from within the server, as a step of its own; return whether it did not fail.

        An exception is logged, and the world is as before.
        """
        return self._attempt(step, (), namespace, self.clock.now())

    # What waits

    def _catch_up(self, now: float) -> None:
        """Carry out the steps that are due, each at its time.

        A step that plans itself anew must not hold the server for ever. One for the same moment is dropped after a thousand
        rounds; of those that come faster than they are carried out, the rest is left for later.
        """
        moment, newest, rounds = -inf, 0, 0
        for _ in range(_MAX_STEPS):
            wait = self._world.agenda.first_due(now)
            if wait is None:
                return
            due = wait.due if wait.due is not None else now
            if due > moment:
                moment, newest, rounds = due, self._world.agenda.last, 0
            elif wait.number > newest:
                newest, rounds = self._world.agenda.last, rounds + 1
            if rounds > _MAX_ROUNDS:
                self.log.error(
                    "{step} is planned for the same moment again and again: it is dropped", step=_step_name(wait.step)
                )
                self._drop(wait)
            else:
                self._take(wait, due)
        if wait is not None:
            self.log.error("{count} steps were due at once, {step} the last", count=_MAX_STEPS, step=_step_name(wait.step))

    def _drop(self, wait: Wait) -> None:
        self._world = replace(self._world, agenda=self._world.agenda.without(wait.number))
        self._plan()

    def _take(self, wait: Wait, now: float) -> None:
        """Carry out a step that has waited. One that fails has changed nothing, and does not come again."""
        self._world = replace(self._world, agenda=self._world.agenda.without(wait.number))
        self.turn += 1
        self.doing = wait
        try:
            self._attempt(wait.step, wait.arguments, wait.namespace, now)
        finally:
            self.doing = None
        self._plan()

    def _attempt(self, step: Callable[..., object], arguments: tuple[object, ...], namespace: str, now: float) -> bool:
        transaction = Transaction(self._world, namespace, now, self.counts)
        # What happens now is not of the request that a fault rule acted on.
        acted, self.acted = self.acted, None
        try:
            step(transaction, *arguments)
            self._commit(transaction.world, transaction.changes)
        except _FAILURES:
            self.log.failure("{step!r} failed", step=_step_name(step))
            return False
        finally:
            self.acted = acted
        return True

    def may_report(self, subscription: Identity, namespace: str) -> bool:
        """Return whether the owner of a subscription may read in a namespace (rule SEC13); the server itself may everywhere."""
        owners = self._world.owners
        if self.authorization is None or subscription not in owners:
            return True
        return not self.authorization.hides(owners[subscription], namespace)

    def _commit(self, world: World, events: Sequence[Event], *, silent: bool = False) -> None:
        if events and world.owners:
            world = disowned(world, events)
        before, self._world = self._world, world
        if world.agenda is not before.agenda:
            self._plan()
        if events:
            for listener in self.listeners:
                listener(world, () if silent else events)

    def _plan(self) -> None:
        """Have the clock call when the next step is due."""
        due = self._world.agenda.next_due
        if self._alarm is not None and self._alarm.active:
            if self._alarm.when == due:
                return
            self._alarm.cancel()
        self._alarm = None if due is None else self.clock.call_at(due, self._wake)

    def _wake(self) -> None:
        self._catch_up(self.clock.now())

    def _count_reads(self, request: Request, result: Result, now: float) -> None:
        agenda, ready = self._world.agenda.reading(shown(request, result, self._world))
        if agenda is not self._world.agenda:
            self._world = replace(self._world, agenda=agenda)
        for wait in ready:
            if wait.number in self._world.agenda.waits:
                self._take(wait, now)

    def measured(self, request: Request, request_bytes: int, response_bytes: int) -> None:
        """Count the lengths of the bodies of a request that was carried out and of its response."""
        count = self.counts.of(_counted_as(request))
        count.request_bytes += request_bytes
        count.response_bytes += response_bytes

    def _count(self, request: Request, seconds: float) -> None:
        count = self.counts.of(_counted_as(request))
        count.operations += 1
        count.seconds += seconds

    def report_calls(self, listener: object, wanted: bool) -> None:
        """Report calls of methods from now on, or no longer as far as this listener is concerned."""
        if wanted:
            self._wants_calls.add(id(listener))
        else:
            self._wants_calls.discard(id(listener))
        if self._state.reports_calls is not bool(self._wants_calls):
            self._state = replace(self._state, reports_calls=bool(self._wants_calls))

    def _end_session(self, request: Request, user: str | None) -> None:
        """End the enumeration session that a failed pull operation was for (rule PL-30)."""
        operation = OPERATIONS.get(fold(request.name)) if isinstance(request, IntrinsicRequest) else None
        if operation is not None and operation.session is SessionUse.PULL:
            for argument in request.arguments:
                if fold(argument.name) == "enumerationcontext" and isinstance(argument.value, str):
                    self._contexts.failed(str(argument.value), user, fold_namespace(request.namespace))

    def renew(self, world: World, implementations: Implementations, hooks: Hooks) -> None:
        """Go on with another world and other providers; enumeration sessions keep what they have."""
        self._implementations, self._hooks = implementations, hooks
        self.replace_world(world)

    def sweep(self) -> None:
        """Forget the enumeration sessions that have expired; each pull operation does so too (rule PL-29)."""
        self._contexts.sweep(self.clock.now())

    def stop(self) -> None:
        """From now on refuse pull operations, and what is pending, with CIM_ERR_SERVER_IS_SHUTTING_DOWN (rule PL-40)."""
        self._state = replace(self._state, stopping=True)
        for each in list(self.stopped):
            each()

    def _carry_out(
        self, request: Request, user: str | None, now: float, rule: FaultRule | None, authorization: Authorization | None
    ) -> Outcome:
        """Return the outcome of a request, as far as the roles of its user and a fault rule allow it (rules G7, SEC13)."""
        implementations, state = self._implementations, self._state
        if rule is not None:
            _refuse_by(rule)
            if rule.returns is not None:
                implementations = _Returning(rule.returns)
            if rule.timing is not None:
                state = replace(state, timing=rule.timing)
        world = self._world
        hides = None if authorization is None else partial(authorization.hides, user)
        carry_out = partial(perform, world, request, implementations, now, self._policy, self._hooks, self.counts, state, hides)
        return carry_out() if authorization is None else authorization.guard(user, request, world, carry_out)


def _refuse_by(rule: FaultRule) -> None:
    """Raise the error that a fault rule has for a request."""
    if rule.error is not None:
        instances = [_cim_error(properties) for properties in rule.error.instances]
        raise CIMError(rule.error.code, rule.error.description, instances or None)
    if rule.http is not None:
        # The data plane has the status; this is for whoever looks at the exchange, and for requests among others in a message.
        raise failed(f"a fault rule answers with HTTP status {rule.http.status}")
    if rule.expire:
        raise invalid_enumeration_context("a fault rule has this enumeration session expired")


def _cim_error(properties: Mapping[str, Any]) -> CIMInstance:
    """Return the instance of CIM_Error that a fault rule writes; its numbers are uint32."""
    typed = {name: Uint32(value) if type(value) is int else value for name, value in properties.items()}
    return CIMInstance("CIM_Error", properties=typed)


def _is_nowhere(request: Request) -> bool:
    error = request.unlocated
    return error is not None and error.status_code in (CIM_ERR_INVALID_CLASS, CIM_ERR_INVALID_NAMESPACE)


def _chance(random: Callable[[int], bytes]) -> float:
    """Return a number from 0 to 1 made of random bytes."""
    return int.from_bytes(random(_CHANCE_BYTES), "big") / 256**_CHANCE_BYTES


class _Returning:
    """Has every method return what a fault rule says (an ``Implementations``)."""

    def __init__(self, returned: Returned) -> None:
        self._returned = returned.value, dict(returned.outputs)

    def find(self, namespace: str, cls: ResolvedClass, method: str) -> Implementation:
        """Return the implementation of every method."""
        return lambda _: self._returned


def _counted_as(request: Request) -> str:
    """Return the name under which a request is counted; extrinsic methods and unknown operations share one each."""
    if isinstance(request, ExtrinsicRequest):
        return "InvokeMethod"
    operation = OPERATIONS.get(fold(request.name))
    return operation.name if operation is not None else "Unknown"


def _step_name(step: Callable[..., object]) -> str:
    return str(getattr(step, "__qualname__", step))


def _failure(error: BaseException) -> Any:
    """Return an exception as Twisted logs it: that of a provider rather than of what called it."""
    make: Any = Failure  # it carries no types
    return make(error.__cause__ if isinstance(error, HookError) and error.__cause__ else error)


def _can_be_sent(error: CIMError) -> bool:
    """Whether an error is one for clients: pywbem takes anything for its parts."""
    code, description, instances = error.status_code, error.status_description, error.instances
    if not (isinstance(code, int) and 0 < code < _MAX_CODES and isinstance(description, str)):
        return False
    return instances is None or (
        isinstance(instances, list | tuple) and all(isinstance(each, CIMInstance) for each in instances)
    )


def _explanation(request: Request, error: BaseException) -> str:
    """Return what the client learns: the words of a provider, but nothing of our own insides (rule E6)."""
    if isinstance(error, HookError):
        return str(error)
    if isinstance(request, ExtrinsicRequest):
        return f"the provider of {request.name} failed: {described(error)}"
    return f"{request.name} failed for an internal reason, which is in the log of the server"
