"""Which instances are refreshed before a request is carried out: those of the classes that it may look at."""

from collections.abc import Iterable, Mapping
from typing import Final

from cimsim.operations.hooks import RefreshHook
from cimsim.operations.request import ExtrinsicRequest, NamedInstance, Request
from cimsim.world.names import fold
from cimsim.world.paths import ClassName
from cimsim.world.world import Namespace

_OF_ONE_CLASS: Final = frozenset(
    {
        "getinstance",
        "enumerateinstances",
        "enumerateinstancenames",
        "openenumerateinstances",
        "openenumerateinstancepaths",
        "getproperty",
        "setproperty",
        "createinstance",
        "modifyinstance",
        "deleteinstance",
    }
)
"""The operations that look at instances of the class that they name, and of its subclasses."""
_OF_ANY_CLASS: Final = frozenset(
    {
        "associators",
        "associatornames",
        "references",
        "referencenames",
        "openassociatorinstances",
        "openassociatorinstancepaths",
        "openreferenceinstances",
        "openreferenceinstancepaths",
        "execquery",
        "openqueryinstances",
    }
)


def needed(refreshers: Mapping[str, RefreshHook], request: Request, namespace: Namespace) -> Iterable[RefreshHook]:
    """Return the hooks, each once, whose instances a request may look at: all of them for a method, a query or associations."""
    name = fold(request.name)
    if isinstance(request, ExtrinsicRequest) or name in _OF_ANY_CLASS:
        return dict.fromkeys(refreshers.values())
    cls = namespace.schema.get(_named(request) or "") if name in _OF_ONE_CLASS else None
    if cls is None:
        return ()
    kin = {*cls.lineage, *(each.folded for each in namespace.schema.closure(cls))}
    return dict.fromkeys(hook for classname, hook in refreshers.items() if classname in kin)


def _named(request: Request) -> str | None:
    """Return the name of the class that an operation is about."""
    for argument in request.arguments:
        if fold(argument.name) == "newvalue":
            # That of SetProperty may be a reference to anything.
            continue
        value = argument.value
        if isinstance(value, ClassName):
            return value
        named = getattr(value.path if isinstance(value, NamedInstance) else value, "classname", None)
        if isinstance(named, str):
            return named
    return None
