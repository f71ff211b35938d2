"""Which instances an answer shows to a client, for steps that wait for reads."""

from collections.abc import Iterable
from typing import Any

from pywbem import CIMError

from cimsim.operations.request import Request
from cimsim.operations.results import (
    NamedInstances,
    ObjectsWithPath,
    OneInstance,
    Pulled,
    PullForm,
    QueryObjects,
    Result,
    Value,
)
from cimsim.world.names import fold
from cimsim.world.paths import Identity, InstancePath
from cimsim.world.world import World


def shown(request: Request, result: Result, world: World) -> Iterable[Identity]:
    """Return the identities of the instances that a result holds, rather than their paths; however few properties of them."""
    match result:
        case OneInstance(instance=instance):
            return (instance.identity,)
        case NamedInstances() | ObjectsWithPath() | QueryObjects():
            return [each.identity for each in result.instances]
        case Pulled() if result.form is not PullForm.PATHS:
            return [each.identity for each in result.instances]
        case Value() if fold(request.name) == "getproperty":
            return [identity for argument in request.arguments if (identity := _identity(argument.value, request, world))]
    return ()


def _identity(value: Any, request: Request, world: World) -> Identity | None:
    """Return the identity of the instance that a path of the request names, None if it is none."""
    if not isinstance(value, InstancePath):
        return None
    try:
        return world.instance(value, world.namespace(request.namespace)).identity
    except CIMError:
        return None
