"""WMI's intrinsic events: what happened to instances, as WMI's event queries see it (rule WM-EV-6).

Their classes are part of WMI itself, not of any namespace: they are made here, once for each CIMOM that is asked for them.
"""

from typing import Final

from pywbem import CIMClass, CIMProperty, CIMQualifier

from cimsim.world.events import Change, ChangeKind
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass, Schema

TARGET: Final = "TargetInstance"
_PREVIOUS: Final = "PreviousInstance"
_FILETIME_OF_1970: Final = 116_444_736_000_000_000
"""TIME_CREATED counts 100 ns since 1601."""
_CLASSES: Final = {
    ChangeKind.CREATED: "__InstanceCreationEvent",
    ChangeKind.MODIFIED: "__InstanceModificationEvent",
    ChangeKind.DELETED: "__InstanceDeletionEvent",
}


def _object(name: str) -> CIMProperty:
    return CIMProperty(name, None, type="string", qualifiers=[CIMQualifier("EmbeddedObject", True)])


def event_schema() -> Schema:
    """Return the classes of WMI's intrinsic events of instances, with their superclasses."""
    security = CIMProperty("SECURITY_DESCRIPTOR", None, type="uint8", is_array=True)
    created = CIMProperty("TIME_CREATED", None, type="uint64")
    abstract, indication = CIMQualifier("Abstract", True), CIMQualifier("Indication", True)
    declared = (
        CIMClass("__SystemClass", qualifiers=[abstract]),
        CIMClass("__IndicationRelated", superclass="__SystemClass", qualifiers=[abstract]),
        CIMClass("__Event", [security, created], superclass="__IndicationRelated", qualifiers=[indication]),
        CIMClass("__InstanceOperationEvent", [_object(TARGET)], superclass="__Event"),
        CIMClass("__InstanceCreationEvent", superclass="__InstanceOperationEvent"),
        CIMClass("__InstanceModificationEvent", [_object(_PREVIOUS)], superclass="__InstanceOperationEvent"),
        CIMClass("__InstanceDeletionEvent", superclass="__InstanceOperationEvent"),
    )
    schema = Schema()
    for each in declared:
        schema = schema.with_class(each)
    return schema


def wmi_event(change: Change, schema: Schema, namespace: str, now: float) -> Instance:
    """Return the event that reports a change.

    Args:
        change: of an instance.
        schema: that of ``event_schema``.
        namespace: the name of the one in which it happened.
        now: the time of the event in seconds since 1970-01-01 UTC.
    """
    cls = schema.get(_CLASSES[change.kind])
    current = change.after or change.before
    if cls is None or current is None:
        raise ValueError("a change of nothing, or classes of something else")
    values = list(cls.defaults)
    _put(values, cls, TARGET, _embedded(current))
    _put(values, cls, "TIME_CREATED", round(now * 10_000_000) + _FILETIME_OF_1970)
    if change.kind is ChangeKind.MODIFIED and change.before is not None:
        _put(values, cls, _PREVIOUS, _embedded(change.before))
    return Instance(cls, namespace, tuple(values))


def _put(values: list[object], cls: ResolvedClass, name: str, value: object) -> None:
    values[cls.index[fold(name)]] = value


def _embedded(instance: Instance) -> object:
    embedded = instance.to_cim()
    embedded.path = None
    return embedded
