"""From a request to its outcome."""

from cimsim.operations.call import Call, Outcome, Policy
from cimsim.operations.methods import Implementations, invoke
from cimsim.operations.request import ExtrinsicRequest, Request
from cimsim.operations.table import OPERATIONS
from cimsim.world.errors import not_supported
from cimsim.world.names import fold
from cimsim.world.world import World


def perform(world: World, request: Request, implementations: Implementations, now: float, policy: Policy) -> Outcome:
    """Carry out a request; ``now`` is in seconds since 1970-01-01 UTC.

    Raises:
        CIMError: the first that applies of CIM_ERR_NOT_SUPPORTED for an unknown operation (rules G2, G8),
            CIM_ERR_INVALID_NAMESPACE, CIM_ERR_INVALID_PARAMETER (G7), and what the operation raises.
    """
    if isinstance(request, ExtrinsicRequest):
        call = Call(world, world.namespace(request.namespace), now, policy)
        return invoke(call, request, implementations)
    operation = OPERATIONS.get(fold(request.name))
    if operation is None:
        raise not_supported(f"operation {request.name} is not supported")
    call = Call(world, world.namespace(request.namespace), now, policy)
    return operation.run(call, **operation.bind(request.arguments))
