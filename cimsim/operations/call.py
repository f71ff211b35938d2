"""What an operation gets and gives."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from pywbem import CIMError

from cimsim.operations.hooks import NO_HOOKS, Hooks, ReadHook, run_hook
from cimsim.operations.pending import Pending, completed
from cimsim.operations.results import Reported, Result, Void
from cimsim.operations.session_commands import SessionCommand
from cimsim.world.counts import Counts
from cimsim.world.errors import failed, invalid_parameter
from cimsim.world.events import Event
from cimsim.world.instances import Instance
from cimsim.world.names import fold_namespace
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.timing import Timing
from cimsim.world.transaction import Transaction, same, same_key
from cimsim.world.world import Namespace, World

_STEP: Final = 50
"""Instances whose values are computed in a step: a provider may take 0.1 ms for each."""


class Policy(msgspec.Struct, frozen=True):
    """How a CIMOM treats what the specifications leave to it: settings, which stay as they are while it runs.

    ``enforce_write``: refuse to change properties without the Write qualifier (rule OP-MI-5); None: where the class says so.
    ``max_pull_timeout``: the longest OperationTimeout in seconds that a client may ask for; 0, never, is allowed too (PL-29).
    ``continue_on_error``: enumeration sessions may survive an error when the client wants it (rule PL-30).
    ``server_name``: that of the simulated host, ``__SERVER`` in WQL; by default as the shipped packs call it.
    ``keyless_class``: where a class or an instance may stand, the path of an instance that lacks keys is its class (rule Q7).
    """

    enforce_write: bool | None = None
    max_pull_timeout: int = 3600
    continue_on_error: bool = True
    keyless_class: bool = False
    server_name: str = "HVHOST01"


class RunState(msgspec.Struct, frozen=True):
    """In what state a CIMOM is; it changes while the CIMOM runs.

    ``stopping``: it is about to stop: it opens no enumeration session and goes on with none (rule PL-40).
    ``reports_calls``: the changes of an outcome include calls of methods, which nobody may be interested in (rule I19).
    ``timing``: how long that takes which the method begins; None: as the settings of packs say.
    """

    stopping: bool = False
    reports_calls: bool = True
    timing: Timing | None = None


class OperationCall(msgspec.Struct, frozen=True):
    """One request on its way through an operation: the world it meets, its namespace, the time in seconds since 1970.

    ``hooks`` are what acts when instances are read or written, ``counts`` what the CIMOM has carried out. ``hides`` returns
    whether a namespace is hidden from the user: nothing of its classes may show (rule SEC13); None: no namespace is.
    """

    world: World
    namespace: Namespace
    now: float = 0.0
    policy: Policy = Policy()
    hooks: Hooks = NO_HOOKS
    counts: Counts | None = None
    state: RunState = RunState()
    hides: Callable[[str], bool] | None = None

    def enforces_write(self, cls: ResolvedClass) -> bool:
        """Whether the properties of a class that have no Write qualifier may not be changed."""
        forced = self.policy.enforce_write
        return cls.enforces_write if forced is None else forced

    def transaction(self) -> Transaction:
        """Return a new transaction on the call's world and namespace."""
        return Transaction(self.world, self.namespace.name, self.now, self.counts, hides=self.hides)

    def knows(self, classname: str) -> bool:
        """Return whether any namespace that is not hidden has a class of that name: results may lie in each."""
        hides = self.hides
        found = (name for name, each in self.world.namespaces.items() if each.schema.get(classname))
        return any(hides is None or not hides(name) for name in found)

    def live(self, instances: Sequence[Instance], classes: Iterable[ResolvedClass] | None = None) -> Sequence[Instance]:
        """Return instances as ``living`` does, at a stretch; raises as it."""
        return completed(self.living(instances, classes))

    def living(
        self, instances: Sequence[Instance], classes: Iterable[ResolvedClass] | None = None
    ) -> Generator[None, None, Sequence[Instance]]:
        """Return instances, in steps, as a client reads them: with the values that providers compute on reading.

        ``classes`` are those that the instances may be of; None: whoever calls this does not know them.

        Raises:
            CIMError: what a provider raises; CIM_ERR_FAILED for values that do not fit.
            HookError: a provider failed.
        """
        # There are few classes: that none of them has a hook must cost nothing for each instance.
        if not self._reading() or not self.computes({each.cls for each in instances} if classes is None else classes):
            return instances
        transaction = self.transaction()
        live = []
        for number, each in enumerate(instances):
            if number and number % _STEP == 0:
                yield
            live.append(self._read(transaction, each))
        return live

    def computes(self, classes: Iterable[ResolvedClass]) -> bool:
        """Return whether a provider computes values of any of these classes on reading."""
        reading = self._reading()
        return bool(reading) and any(self.hooks.reader(name, cls) for cls in classes for name in reading)

    def _reading(self) -> list[str]:
        return [name for name in self.world.namespaces if self.hooks.reads(name)]

    def live_one(self, instance: Instance) -> Instance:
        """Return an instance likewise; raises as ``live``."""
        if self.hooks.reader(instance.namespace, instance.cls) is None:
            return instance
        return self._read(self.transaction(), instance)

    def _read(self, transaction: Transaction, instance: Instance) -> Instance:
        hook = self.hooks.reader(instance.namespace, instance.cls)
        if hook is None:
            return instance
        computed = _computed(transaction, instance, hook)
        changed = {place: value for place, value in computed.items() if not same(instance.values[place], value)}
        # A record of its own would have to be rendered anew.
        return instance.with_values(changed) if changed else instance


def _computed(transaction: Transaction, instance: Instance, hook: ReadHook) -> dict[int, Any]:
    """Return the values that a hook computes, typed, by place; like outputs of methods they must fit (rule X13)."""
    values = run_hook(hook, transaction, instance)
    if not values:
        return {}
    cls = instance.cls
    where = f"the provider of {cls.name} that computes values on reading"
    if not isinstance(values, Mapping):
        raise failed(f"{where} returned {type(values).__name__}, not values by property")
    try:
        typed = transaction.typed(cls, values, instance.namespace)
    except CIMError as error:
        raise failed(f"{where} returned what does not fit: {error.status_description}") from None
    for place, value in typed.items():
        if cls.properties[place].key and not same_key(instance.values[place], value):
            raise failed(f"{where} returned another value of key {cls.properties[place].name}")
    return typed


def check_local(path: InstancePath, namespace: str, what: str) -> None:
    """Refuse the path of an object that lies elsewhere: a request is for one namespace of this server (rule G5).

    Args:
        path: the path of the object that an operation or a method is for.
        namespace: that of the request.
        what: how the error text names the path.

    Raises:
        CIMError: CIM_ERR_INVALID_PARAMETER.
    """
    if path.host is not None:
        raise invalid_parameter(f"{what} must not name a host, such as {path.host}")
    if path.namespace not in (None, namespace) and fold_namespace(str(path.namespace)) != fold_namespace(namespace):
        raise invalid_parameter(f"{what} lies in namespace {path.namespace}, but the request is for {namespace}")


Answer = Result | SessionCommand | Reported


class Outcome(msgspec.Struct, frozen=True):
    """What a request came to: the next world (the same one for a read), the result, and what changed.

    The result of a read may still be pending; a pull operation has a command to the keeper of the sessions in its place, a
    method that worked in steps what subscribers learn of it besides.
    """

    world: World
    result: Answer | Pending[Answer]
    changes: Sequence[Event] = ()


def changed(transaction: Transaction, result: Result | None = None) -> Outcome:
    """Return the outcome of a write."""
    return Outcome(transaction.world, result or Void(), transaction.changes)
