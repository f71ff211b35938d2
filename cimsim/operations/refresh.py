"""Which instances are refreshed before a request is carried out: those of the classes that it may look at."""

from collections.abc import Iterable, Mapping

from cimsim.operations.hooks import RefreshHook
from cimsim.operations.operation import Operation, Reach
from cimsim.operations.request import NamedInstance, Request
from cimsim.world.paths import ClassName
from cimsim.world.world import Namespace


def needed(
    refreshers: Mapping[str, RefreshHook], request: Request, operation: Operation | None, namespace: Namespace
) -> Iterable[RefreshHook]:
    """Return the hooks, each once, whose instances a request may look at.

    Args:
        refreshers: the hooks of the namespace, by folded class name.
        request: that is about to be carried out.
        operation: the intrinsic operation that it calls; None: it calls a method, which may look at anything.
        namespace: in which it is carried out.
    """
    if operation is None or operation.reach is Reach.ANY_CLASS:
        return dict.fromkeys(refreshers.values())
    if operation.reach is Reach.NOTHING:
        return ()
    cls = namespace.schema.get(_class_name(operation.subject_of(request.arguments)) or "")
    if cls is None:
        return ()
    kin = {*cls.lineage, *(each.folded for each in namespace.schema.closure(cls))}
    return dict.fromkeys(hook for classname, hook in refreshers.items() if classname in kin)


def _class_name(subject: object) -> str | None:
    """Return the name of the class that the subject of an operation is, or is an instance of; None for another value."""
    if isinstance(subject, ClassName):
        return subject
    name = getattr(subject.path if isinstance(subject, NamedInstance) else subject, "classname", None)
    return name if isinstance(name, str) else None
