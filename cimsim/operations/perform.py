"""From a request to its outcome."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace
from pywbem import CIMError

from cimsim.operations.call import OperationCall, Outcome, Policy, RunState
from cimsim.operations.hooks import NO_HOOKS, Hooks, run_hook
from cimsim.operations.methods import Implementations, invoke
from cimsim.operations.operation import Operation, Reach, SessionUse
from cimsim.operations.pull import check_session
from cimsim.operations.refresh import needed
from cimsim.operations.request import ExtrinsicRequest, Request
from cimsim.operations.selection import resolved
from cimsim.operations.table import OPERATIONS
from cimsim.operations.wmi_namespaces import system_view
from cimsim.world.counts import Counts
from cimsim.world.errors import failed, not_supported, server_is_shutting_down
from cimsim.world.names import fold, fold_namespace
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

_RUNNING: Final = RunState()


def perform(
    world: World,
    request: Request,
    implementations: Implementations,
    now: float,
    policy: Policy,
    hooks: Hooks = NO_HOOKS,
    counts: Counts | None = None,
    state: RunState = _RUNNING,
    hides: Callable[[str], bool] | None = None,
) -> Outcome:
    """Carry out a request.

    Args:
        world: what it meets.
        request: what a client asks.
        implementations: who carries out which method.
        now: the time in seconds since 1970-01-01 UTC.
        policy: the settings of the CIMOM.
        hooks: what acts when instances are read or written.
        counts: what was carried out before; None: not known.
        state: in what state the CIMOM is.
        hides: returns whether a namespace is hidden from the user (rule SEC13); None: no namespace is.

    Raises:
        CIMError: the first that applies of CIM_ERR_NOT_SUPPORTED for an unknown operation (rules G2, G8),
            CIM_ERR_INVALID_NAMESPACE, CIM_ERR_INVALID_PARAMETER (G7), and what the operation raises.
        HookError: a hook failed.
    """
    view = system_view(world, request, hides) if request.selects else None
    if view is None:
        return _performed(world, request, implementations, now, policy, hooks, counts, state, hides)
    try:
        outcome = _performed(view.world, request, implementations, now, policy, NO_HOOKS, counts, state, hides)
    except CIMError as error:
        raise view.refusal(request, error) from None
    if outcome.world is not view.world:
        raise not_supported("instances of __NAMESPACE show which namespaces there are; they cannot be changed")
    return Outcome(world, outcome.result)


def _performed(
    world: World,
    request: Request,
    implementations: Implementations,
    now: float,
    policy: Policy,
    hooks: Hooks,
    counts: Counts | None,
    state: RunState,
    hides: Callable[[str], bool] | None,
) -> Outcome:
    if isinstance(request, ExtrinsicRequest):
        if world.suspended:
            _check_provided(world, request)
        call = OperationCall(world, world.namespace(request.namespace), now, policy, hooks, counts, state, hides)
        call = _refreshed(call, request, None)
        if request.selects:
            request = resolved(request, call.world, call.namespace)
        return _settled(call, invoke(call, request, implementations))
    operation = OPERATIONS.get(fold(request.name))
    if operation is None:
        raise not_supported(f"operation {request.name} is not supported")
    if operation.session is not SessionUse.NONE and state.stopping:
        raise server_is_shutting_down("the server is about to stop")
    call = OperationCall(world, world.namespace(request.namespace), now, policy, hooks, counts, state, hides)
    if world.suspended and operation.reach is not Reach.NOTHING:
        _check_provided(world, request)
    call = _refreshed(call, request, operation)
    if operation.session is not SessionUse.NONE:
        check_session(policy, request.arguments)
    if request.selects:
        request = resolved(request, call.world, call.namespace)
    return _settled(call, operation.run(call, **operation.bind(request.arguments, request.namespace)))


def _check_provided(world: World, request: Request) -> None:
    """Raise CIM_ERR_FAILED if the namespace of a request is suspended (``Transaction.suspend``)."""
    reason = world.suspended.get(fold_namespace(request.namespace))
    if reason is not None:
        raise failed(reason)


def viewed(world: World, request: Request, now: float, policy: Policy, hooks: Hooks) -> OperationCall:
    """Return a call through which to look at what a request would meet, without carrying anything out.

    Raises:
        CIMError: CIM_ERR_INVALID_NAMESPACE.
        HookError: a hook failed.
    """
    call = OperationCall(world, world.namespace(request.namespace), now, policy, hooks)
    return _refreshed(call, request, None if isinstance(request, ExtrinsicRequest) else OPERATIONS.get(fold(request.name)))


def _refreshed(call: OperationCall, request: Request, operation: Operation | None) -> OperationCall:
    """Return the call on a world in which the instances that the request may look at are refreshed."""
    refreshers = call.hooks.refreshers(call.namespace.name)
    if not refreshers:
        return call
    transaction = call.transaction()
    for refresh in needed(refreshers, request, operation, call.namespace):
        run_hook(refresh, transaction)
    # These changes are not reported: they are not events, but how the simulated system is at this moment.
    return replace(call, world=transaction.world, namespace=transaction.world.namespace(request.namespace))


def _settled(call: OperationCall, outcome: Outcome) -> Outcome:
    """Return the outcome after the hooks were notified of namespaces that came or went (rule W5)."""
    if outcome.world is call.world or outcome.world.namespaces.keys() == call.world.namespaces.keys():
        return outcome
    transaction = Transaction(outcome.world, now=call.now)
    run_hook(call.hooks.namespaces_changed, transaction)
    return Outcome(transaction.world, outcome.result, (*outcome.changes, *transaction.changes))
