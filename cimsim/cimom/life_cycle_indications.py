"""From what happened to the indication that reports it (rules I19, I20)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pywbem import CIMInstance

from cimsim.world.convert import to_cim_property
from cimsim.world.events import Change, ChangeKind, ClassChange, Event, MethodCall, NamespaceChange, Raised
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.values import DateTime
from cimsim.world.world import Namespace, World

_INSTANCE: Final = {
    ChangeKind.CREATED: "CIM_InstCreation",
    ChangeKind.MODIFIED: "CIM_InstModification",
    ChangeKind.DELETED: "CIM_InstDeletion",
}
_CLASS: Final = {
    ChangeKind.CREATED: "CIM_ClassCreation",
    ChangeKind.MODIFIED: "CIM_ClassModification",
    ChangeKind.DELETED: "CIM_ClassDeletion",
}
_PARAMETERS: Final = "__MethodParameters"
_INFORMATION: Final = 2  # of PerceivedSeverity


def namespace_of(event: Event) -> str:
    """Return the name of the namespace in which something happened."""
    if isinstance(event, Change):
        return _current(event).namespace
    return event.namespace


def class_of(event: Event) -> str:
    """Return the name of the indication class that reports an event; empty: none does."""
    match event:
        case Change():
            return _INSTANCE[event.kind]
        case ClassChange():
            return _CLASS[event.kind]
        case MethodCall():
            return "CIM_InstMethodCall"
        case NamespaceChange():
            return ""
        case Raised():
            return event.classname


def resolved_class_of(event: Event, source: Namespace, interop: Namespace | None) -> ResolvedClass | None:
    """Return the class of the indication of an event: that of its namespace or else of the Interop one; None: there is none."""
    name = class_of(event)
    return source.schema.get(name) or (interop.schema.get(name) if interop is not None else None)


def indication_of(
    event: Event, cls: ResolvedClass, world: World, source: Namespace, *, identifier: str, now: float, host: str
) -> Instance:
    """Return the indication of an event.

    Args:
        event: what happened.
        cls: the class of the indication; what it does not have is left out.
        world: the world after the event.
        source: the namespace in which it happened.
        identifier: becomes IndicationIdentifier, unless the event has one.
        now: the time in seconds since 1970-01-01 UTC, likewise of IndicationTime.
        host: how this server calls itself.

    Raises:
        CIMError: an indication that a provider raised does not fit its class.
    """
    values = list(cls.defaults)
    properties: dict[str, Any] = {"IndicationIdentifier": identifier, "IndicationTime": DateTime.at(now)}
    if isinstance(event, Raised):
        for given, value in Transaction(world, source.name, now).typed(cls, event.properties).items():
            values[given] = value
    else:
        properties |= _properties(event, host)
    for name, value in properties.items():
        place = cls.index.get(fold(name))
        if place is not None and (values[place] is None or not isinstance(event, Raised)):
            values[place] = value
    return Instance(cls, source.name, tuple(values))


def _properties(event: Change | ClassChange | NamespaceChange | MethodCall, host: str) -> dict[str, Any]:
    properties: dict[str, Any] = {"PerceivedSeverity": _INFORMATION}
    match event:
        case Change():
            properties |= _about(_current(event), host)
            if event.kind is ChangeKind.MODIFIED and event.before is not None:
                properties["PreviousInstance"] = _embedded(event.before)
        case ClassChange():
            current = event.after or event.before
            properties["ClassDefinition"] = current.full if current is not None else None
            if event.kind is ChangeKind.MODIFIED and event.before is not None:
                properties["PreviousClassDefinition"] = event.before.full
        case MethodCall():
            about = {"SourceInstance": event.cls.full} if event.target is None else _about(event.target, host)
            properties |= about
            properties["MethodName"] = event.method.name
            properties["PreCall"] = not event.made
            properties["MethodParameters"] = _parameters(event)
            if event.made and event.returned is not None:
                properties["ReturnValue"] = _text(event.returned)
    return properties


def _current(event: Change) -> Instance:
    current = event.after or event.before
    if current is None:
        raise ValueError("a change of nothing")
    return current


def _about(instance: Instance, host: str) -> dict[str, Any]:
    path = f"{replace(instance.path, host=host)}"
    return {"SourceInstance": _embedded(instance), "SourceInstanceModelPath": path, "SourceInstanceHost": host}


def _embedded(instance: Instance) -> CIMInstance:
    embedded = instance.to_cim()
    embedded.path = None
    return embedded


def _parameters(event: MethodCall) -> CIMInstance:
    """Return the values of the parameters that were given, and after the call of those that were returned, as properties."""
    given: Mapping[str, Any] = {**event.arguments, **event.outputs}
    parameters = [each for each in event.method.parameters.values() if each.name in given]
    return CIMInstance(_PARAMETERS, [to_cim_property(each, given[each.name]) for each in parameters])


def _text(value: Any) -> str:
    return ("TRUE" if value else "FALSE") if isinstance(value, bool) else str(value)
