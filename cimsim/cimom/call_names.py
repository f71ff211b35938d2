"""Names by which calls are looked for: what no operation, method, key or parameter is called is refused, with the nearest.

To look for what cannot be there is a mistake that would not be noticed: nothing is found. The checks are generators, with steps
of a few milliseconds, since classes of large schemas are resolved when they are first looked at.
"""

from collections.abc import Collection, Generator, Iterable
from typing import Final

from cimsim.cimom.exchanges import EVENTING, Called
from cimsim.operations.table import OPERATIONS
from cimsim.world.names import did_you_mean, fold, nearest
from cimsim.world.world import World

_RESOLVED_IN_A_STEP: Final = 10


class UnknownCallError(LookupError):
    """Nothing has a name by which calls are looked for.

    Attributes:
        nearest: what has one like it, empty if nothing has.
    """

    def __init__(self, what: str, name: str, known: Collection[str]) -> None:
        super().__init__(f"there is no {what} {name}{did_you_mean(name, known)}")
        self.nearest = nearest(name, known) or ""


def is_eventing(name: str) -> bool:
    """Whether it is what WS-Eventing has beside the operations of DSP0200."""
    return fold(name) in map(fold, EVENTING)


def checking_name(name: str, calls: Iterable[Called], world: World) -> Generator[None, None, None]:
    """Look for an operation or method of that name, in what was called as well.

    Raises:
        UnknownCallError: there is none.
    """
    wanted = fold(name)
    if wanted in OPERATIONS or is_eventing(name) or any(fold(call.operation) == wanted for call in calls):
        return
    known = [*(each.name for each in OPERATIONS.values()), *EVENTING]
    for namespace in world.namespaces.values():
        yield from namespace.schema.indexing_methods()
        methods = namespace.schema.method_names()
        if wanted in methods:
            return
        known += methods.values()
    raise UnknownCallError("operation and no method", name, known)


def checking_key(name: str, calls: Iterable[Called], world: World) -> Generator[None, None, None]:
    """Look for a key or parameter of that name, in what was called as well.

    Raises:
        UnknownCallError: there is none.
    """
    wanted = fold(name)
    known = {parameter.name for each in OPERATIONS.values() for parameter in each.parameters}
    if any(fold(each) == wanted for call in calls for each, _ in (*call.parameters, *call.keys)):
        return
    if any(fold(each) == wanted for each in known):
        return
    for namespace in world.namespaces.values():
        for number, cls in enumerate(namespace.schema, 1):
            if wanted in cls.key_names or any(wanted in method.parameters for method in cls.methods.values()):
                return
            known.update(cls.properties[place].name for place in cls.keys)
            known.update(parameter.name for method in cls.methods.values() for parameter in method.parameters.values())
            if number % _RESOLVED_IN_A_STEP == 0:
                yield
    raise UnknownCallError("key and no parameter", name, known)
