"""From a request to its outcome."""

from cimsim.operations.call import Call, Outcome, Policy
from cimsim.operations.hooks import NO_HOOKS, Hooks, run_hook
from cimsim.operations.methods import Implementations, invoke
from cimsim.operations.operation import Operation, SessionUse
from cimsim.operations.pull import check_session
from cimsim.operations.refresh import needed
from cimsim.operations.request import ExtrinsicRequest, Request
from cimsim.operations.selection import resolved
from cimsim.operations.table import OPERATIONS
from cimsim.world.counts import Counts
from cimsim.world.errors import not_supported, server_is_shutting_down
from cimsim.world.names import fold
from cimsim.world.transaction import Transaction
from cimsim.world.world import World


def perform(
    world: World,
    request: Request,
    implementations: Implementations,
    now: float,
    policy: Policy,
    hooks: Hooks = NO_HOOKS,
    counts: Counts | None = None,
) -> Outcome:
    """Carry out a request; ``now`` is in seconds since 1970-01-01 UTC, ``counts`` what was carried out before.

    Raises:
        CIMError: the first that applies of CIM_ERR_NOT_SUPPORTED for an unknown operation (rules G2, G8),
            CIM_ERR_INVALID_NAMESPACE, CIM_ERR_INVALID_PARAMETER (G7), and what the operation raises.
        HookError: a hook failed.
    """
    if isinstance(request, ExtrinsicRequest):
        call = _call(world, request, None, now, policy, hooks, counts)
        if request.selects:
            request = resolved(request, call.world, call.namespace)
        return _settled(call, invoke(call, request, implementations))
    operation = OPERATIONS.get(fold(request.name))
    if operation is None:
        raise not_supported(f"operation {request.name} is not supported")
    if operation.session is not SessionUse.NONE and not policy.sessions:
        raise server_is_shutting_down("the server is about to stop")
    call = _call(world, request, operation, now, policy, hooks, counts)
    if operation.session is not SessionUse.NONE:
        check_session(policy, request.arguments)
    if request.selects:
        request = resolved(request, call.world, call.namespace)
    return _settled(call, operation.run(call, **operation.bind(request.arguments, request.namespace)))


def _call(
    world: World,
    request: Request,
    operation: Operation | None,
    now: float,
    policy: Policy,
    hooks: Hooks,
    counts: Counts | None,
) -> Call:
    """Return the call of a request, on a world in which the instances that it may look at are refreshed."""
    call = Call(world, world.namespace(request.namespace), now, policy, hooks, counts)
    refreshers = hooks.refreshers(call.namespace.name)
    if not refreshers:
        return call
    transaction = call.transaction()
    for refresh in needed(refreshers, request, operation, call.namespace):
        run_hook(refresh, transaction)
    # Nobody is told of these changes: they are not events, but how the simulated system is at this moment.
    return call._replace(world=transaction.world, namespace=transaction.world.namespace(request.namespace))


def _settled(call: Call, outcome: Outcome) -> Outcome:
    """Return the outcome after the hooks have heard of namespaces that came or went (rule W5)."""
    if outcome.world is call.world or outcome.world.namespaces.keys() == call.world.namespaces.keys():
        return outcome
    transaction = Transaction(outcome.world, now=call.now)
    run_hook(call.hooks.namespaces_changed, transaction)
    return Outcome(transaction.world, outcome.result, (*outcome.changes, *transaction.changes))
