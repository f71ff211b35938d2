"""Which instances an answer shows to a client, for steps that wait for reads."""

from collections.abc import Iterable
from typing import Any

from pywbem import CIMError

from cimsim.operations.request import ExtrinsicRequest, Request
from cimsim.operations.results import (
    NamedInstances,
    ObjectsWithPath,
    OneInstance,
    Pulled,
    QueryObjects,
    Result,
    Value,
)
from cimsim.operations.table import OPERATIONS
from cimsim.world.names import fold
from cimsim.world.paths import Identity, InstancePath
from cimsim.world.world import World


def shown(request: Request, result: Result, world: World) -> Iterable[Identity]:
    """Return the identities of the instances that a result holds, rather than their paths; however few properties of them."""
    operation = None if isinstance(request, ExtrinsicRequest) else OPERATIONS.get(fold(request.name))
    if operation is None or not operation.counts_as_read:
        return ()
    match result:
        case OneInstance(instance=instance):
            return (instance.identity,)
        case NamedInstances() | ObjectsWithPath() | QueryObjects() | Pulled():
            return [each.identity for each in result.instances]
        case Value():
            identity = _identity(operation.subject_of(request.arguments), request, world)
            return () if identity is None else (identity,)
    return ()


def _identity(value: Any, request: Request, world: World) -> Identity | None:
    """Return the identity of the instance that a path of the request names, None for another value."""
    if not isinstance(value, InstancePath):
        return None
    try:
        return world.instance(value, world.namespace(request.namespace)).identity
    except CIMError:
        return None
