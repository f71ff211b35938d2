"""The behaviour API: a Python class whose methods are the extrinsic methods of a CIM class.

A behaviour is bound to a CIM class, and thereby to its subclasses, in a namespace. Each of its methods that has the name of a
CIM method takes an :class:`~cimsim.operations.methods.Invocation` and returns the return value, or a pair of it and the output
parameters::

    class Lamp(Behaviour):
        def Switch(self, call: Invocation) -> int:
            call.transaction.modify(call.target, Lit=call.arguments["On"])
            return 0

Nothing it changed is visible when it raises. A ``pywbem.CIMError`` reaches the client as it is, any other exception as
CIM_ERR_FAILED.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from cimsim.operations.methods import Implementation, Invocation
from cimsim.world.names import fold, fold_namespace
from cimsim.world.schema import ResolvedClass


class Behaviour:
    """Base class of behaviours. ``settings`` are those of the pack, by name, typed as the pack declares them."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def methods(self) -> dict[str, Implementation]:
        """Return the methods that this behaviour carries out, by folded name: those whose names begin with a capital."""
        names = (name for name in dir(type(self)) if name[0].isupper())
        found: dict[str, Implementation] = {}
        for name in names:
            method: Callable[[Invocation], Any] = getattr(self, name)
            if callable(method):
                found[fold(name)] = method
        return found


class Binding(NamedTuple):
    """A behaviour and the class that it acts for."""

    namespace: str
    classname: str
    behaviour: Behaviour


class Fault(NamedTuple):
    """A method that shall only return a number, and change nothing."""

    namespace: str
    classname: str
    method: str
    return_value: int


class Behaviours:
    """Who carries out which method: the behaviours and faults of all packs (an ``Implementations``)."""

    def __init__(self, bindings: Iterable[Binding] = (), faults: Iterable[Fault] = ()) -> None:
        self._methods: dict[tuple[str, str], dict[str, Implementation]] = {}
        for binding in bindings:
            place = fold_namespace(binding.namespace), fold(binding.classname)
            self._methods.setdefault(place, {}).update(binding.behaviour.methods())
        # A fault is an implementation that comes before those of any behaviour.
        self._faults: dict[tuple[str, str], dict[str, Implementation]] = {}
        for fault in faults:
            place = fold_namespace(fault.namespace), fold(fault.classname)
            self._faults.setdefault(place, {})[fold(fault.method)] = _returning(fault.return_value)

    def find(self, namespace: str, cls: ResolvedClass, method: str) -> Implementation | None:
        """Return who carries out ``method`` (folded) for ``cls``: the binding nearest to it in its line of superclasses."""
        for table in (self._faults, self._methods):
            if table:
                for classname in cls.lineage:
                    found = table.get((namespace, classname), {}).get(method)
                    if found is not None:
                        return found
        return None


def _returning(value: int) -> Implementation:
    def implementation(_: Invocation) -> int:
        return value

    return implementation
