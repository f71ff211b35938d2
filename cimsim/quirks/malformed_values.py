"""Values in a request that do not fit the type they are sent with; some servers refuse the whole message (rules Q1, HE15)."""

from typing import Any

from cimsim.operations.request import ExtrinsicRequest, NamedInstance, Request
from cimsim.operations.table import OPERATIONS
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.names import fold
from cimsim.world.values import SCALAR_TYPES, Malformed, convert_scalar


def wrong_value(request: Request) -> str | None:
    """Return what is wrong with the first value that does not fit the type it is sent with; None: no value is wrong.

    What only the class knows is not looked at: the types of keys, and of values that are sent without a type.
    """
    operation = None if isinstance(request, ExtrinsicRequest) else OPERATIONS.get(fold(request.name))
    for argument in request.arguments:
        reason = _reason(argument.value, argument.type)
        if reason is None and operation is not None and not operation.fits(argument):
            reason = "it is of another kind"
        if reason is not None:
            return f"parameter {argument.name}: {reason}"
    return None


def _reason(value: Any, cim_type: str | None) -> str | None:
    match value:
        case Malformed():
            return value.reason
        case NamedInstance():
            return _reason(value.instance, None)
        case InstanceData():
            return _first(map(_reason_of_property, value.properties))
        case list():
            return _first(_reason(item, cim_type) for item in value)
        case str() if cim_type in SCALAR_TYPES:
            try:
                convert_scalar(value, cim_type)
            except ValueError as error:
                return str(error)
    return None


def _reason_of_property(data: PropertyData) -> str | None:
    reason = _reason(data.value, data.type)
    return None if reason is None else f"property {data.name}: {reason}"


def _first(reasons: Any) -> str | None:
    return next((reason for reason in reasons if reason is not None), None)
