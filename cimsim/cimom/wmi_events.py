"""WMI's intrinsic events: what happened to instances, classes and namespaces, as event queries see it (rule WM-EV-6).

Their classes are part of WMI itself, not of any namespace: they are made here, once for each CIMOM that is asked for them.
"""

from typing import Final

from pywbem import CIMClass, CIMInstance, CIMProperty, CIMQualifier

from cimsim.world.events import Change, ChangeKind, ClassChange, Event, NamespaceChange
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass, Schema

TARGET: Final = "TargetInstance"
_FILETIME_OF_1970: Final = 116_444_736_000_000_000
"""TIME_CREATED counts 100 ns since 1601."""
_KINDS: Final = {ChangeKind.CREATED: "Creation", ChangeKind.MODIFIED: "Modification", ChangeKind.DELETED: "Deletion"}
_SUBJECTS: Final = ("Namespace", "Class", "Instance")
AT_ONCE: Final = frozenset({"__classoperationevent", "__namespaceoperationevent"})
"""The folded names of classes of events that WMI reports when they happen, whatever WITHIN says."""


def _object(name: str) -> CIMProperty:
    return CIMProperty(name, None, type="string", qualifiers=[CIMQualifier("EmbeddedObject", True)])


def event_schema() -> Schema:
    """Return the classes of WMI's intrinsic events, with their superclasses."""
    security = CIMProperty("SECURITY_DESCRIPTOR", None, type="uint8", is_array=True)
    created = CIMProperty("TIME_CREATED", None, type="uint64")
    abstract, indication = CIMQualifier("Abstract", True), CIMQualifier("Indication", True)
    declared = [
        CIMClass("__SystemClass", qualifiers=[abstract]),
        CIMClass("__IndicationRelated", superclass="__SystemClass", qualifiers=[abstract]),
        CIMClass("__Event", [security, created], superclass="__IndicationRelated", qualifiers=[indication]),
    ]
    for subject in _SUBJECTS:
        above = f"__{subject}OperationEvent"
        declared.append(CIMClass(above, [_object(f"Target{subject}")], superclass="__Event"))
        for kind, name in _KINDS.items():
            previous = [_object(f"Previous{subject}")] if kind is ChangeKind.MODIFIED else []
            declared.append(CIMClass(f"__{subject}{name}Event", previous, superclass=above))
    schema = Schema()
    for each in declared:
        schema = schema.with_class(each)
    return schema


def wmi_event(event: Event, schema: Schema, namespace: str, now: float) -> Instance | None:
    """Return the event that reports what happened; None: WMI has none for it.

    Args:
        event: what happened.
        schema: that of ``event_schema``.
        namespace: the name of the one in which it happened.
        now: the time of the event in seconds since 1970-01-01 UTC.
    """
    match event:
        case Change(kind, before, after):
            subject, target = "Instance", _embedded(after or before)
            previous = _embedded(before)
        case ClassChange(kind, _, old, new):
            subject, target = "Class", _definition(new or old)
            previous = _definition(old)
        case NamespaceChange(kind):
            subject, target, previous = "Namespace", CIMInstance("__NAMESPACE", {"Name": event.child}), None
        case _:
            return None
    cls = schema.get(f"__{subject}{_KINDS[kind]}Event")
    if cls is None or target is None:
        raise ValueError("a change of nothing, or classes of something else")
    values = list(cls.defaults)
    _put(values, cls, f"Target{subject}", target)
    _put(values, cls, "TIME_CREATED", round(now * 10_000_000) + _FILETIME_OF_1970)
    if kind is ChangeKind.MODIFIED:
        _put(values, cls, f"Previous{subject}", previous)
    return Instance(cls, namespace, tuple(values))


def _put(values: list[object], cls: ResolvedClass, name: str, value: object) -> None:
    values[cls.index[fold(name)]] = value


def _embedded(instance: Instance | None) -> object:
    if instance is None:
        return None
    embedded = instance.to_cim()
    embedded.path = None
    return embedded


def _definition(cls: ResolvedClass | None) -> object:
    return None if cls is None else cls.full
