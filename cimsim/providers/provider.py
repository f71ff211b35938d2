"""The provider API: a Python class whose methods are the extrinsic methods of a CIM class.

A provider is bound to a CIM class, and thereby to its subclasses, in a namespace. Each of its methods that has the name of a
CIM method takes an :class:`~cimsim.operations.methods.Invocation` and returns the return value, or a pair of it and the output
parameters::

    class Lamp(Provider):
        def Switch(self, call: Invocation) -> int:
            call.transaction.modify(call.instance, Lit=call.arguments["On"])
            return 0

A method whose return value shall be NULL returns ``(None, {})``: just None is taken for a forgotten ``return``, and fails.
Instances are found by their paths, by following associations, or by their properties::

    lit = list(call.transaction.select("X_Lamp", Lit=True))

What they embed is read as a copy: only ``modify`` changes an instance.

Nothing a method changed is visible when it raises. A ``pywbem.CIMError`` reaches the client as it is, any other exception as
CIM_ERR_FAILED.

A provider may also act when a client writes instances of its class: it overrides ``create_instance``, ``modify_instance`` or
``delete_instance``, and calls the inherited method for the plain step. ``read_instance`` and ``refresh`` act when a client
reads. Hooks that a provider does not override are not its own: those of a provider of a superclass come into their own there.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from inspect import isfunction
from types import FunctionType, MappingProxyType
from typing import Any, Final, NamedTuple

from cimsim.operations.hooks import CreateHook, DeleteHook, ModifyHook, ReadHook, RefreshHook
from cimsim.operations.methods import Implementation, Invocation
from cimsim.providers.timing import IMMEDIATE, Timing, chosen, parse_rule
from cimsim.world.errors import method_not_available
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction


class Provider:
    """Base class of providers.

    ``settings`` are those of the pack, by name, typed as the pack declares them, and those of the packs that it requires.
    ``below`` is what acts without this pack: the providers of the packs that were loaded before it.
    """

    below: "Below"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self._rules = tuple(parse_rule(each) for each in settings.get("timings", ()))

    def methods(self) -> dict[str, Implementation]:
        """Return the methods that this provider carries out, by folded name: functions whose names begin with a capital."""
        kind = type(self)
        return {fold(name): getattr(self, name) for name in dir(kind) if _is_method(name, getattr(kind, name))}

    def own_methods(self) -> dict[str, FunctionType]:
        """Return those of them that its own class defines and does not inherit, by name."""
        return {name: value for name, value in vars(type(self)).items() if _is_method(name, value)}

    # Hooks

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Create an instance for a client; ``properties`` are those it gave, by declared name and typed."""
        return transaction.create(cls.name, properties)

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change an instance for a client, ``properties`` as above; those with an unchanged value may be among them."""
        transaction.modify(instance, **properties)

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        """Delete an instance for a client."""
        transaction.delete(instance)

    def read_instance(self, transaction: Transaction, instance: Instance) -> Mapping[str, Any] | None:
        """Return values to show a client in place of the stored ones, by property name.

        It is called for each instance that an answer or a condition of a query shows; nothing that it does is kept.
        Providers themselves see the stored values.
        """
        return None

    def refresh(self, transaction: Transaction) -> None:
        """Bring the stored instances of the class up to date before an operation looks at them.

        It may create, change and delete instances (``transaction.synchronize`` does all three); nobody is told of these changes
        by an indication. Associations computed on reading are instances like others.
        """

    def namespaces_changed(self, transaction: Transaction) -> None:
        """Act on namespaces that came or went, whoever made or deleted them."""

    # Time

    def timing(self, transaction: Transaction, instance: Instance, method: str, default: Timing = IMMEDIATE) -> Timing:
        """Return how long a transition takes that a method begins: as the pack's setting ``timings`` has it, else ``default``.

        Ask once for each call of a method, since rules for one call count them.
        """
        return chosen(self._rules, transaction, instance, method) or default

    def hooks(self) -> dict[str, Callable[..., Any]]:
        """Return the hooks that this provider overrides, by name."""
        return {name: getattr(self, name) for name in _HOOKS if getattr(type(self), name) is not getattr(Provider, name)}


def _is_method(name: str, value: object) -> bool:
    return name[0].isupper() and isfunction(value)


_HOOKS: Final = ("create_instance", "modify_instance", "delete_instance", "read_instance", "refresh", "namespaces_changed")


_MOST_KNOWN: Final = 10_000
_NONE: Final[Mapping[str, RefreshHook]] = MappingProxyType({})


class Binding(NamedTuple):
    """A provider and the class that it acts for."""

    namespace: str
    classname: str
    provider: Provider


class Below:
    """What acts below a pack: the providers of the packs loaded before it, and where these have none, the plain steps.

    So an overlay pack, which binds a provider to a class that has one already, can do more than that one instead of doing all
    itself. The nearest provider acts, as for clients; it sees what the caller has changed so far.
    """

    def __init__(self, bindings: Iterable[Binding] = ()) -> None:
        self._bindings = tuple(bindings)

    @cached_property
    def _providers(self) -> "Providers":
        return Providers(self._bindings)

    def invoke(self, call: Invocation) -> Any:
        """Carry out an extrinsic method; return what the provider below returns: a return value, or a pair of it and outputs.

        Raises:
            CIMError: CIM_ERR_METHOD_NOT_AVAILABLE if nothing below carries it out; and what it raises.
        """
        transaction = call.transaction
        found = self._providers.find(transaction.namespace, call.cls, fold(call.method.name))
        if found is None:
            raise method_not_available(
                f"method {call.cls.name}.{call.method.name} is declared, but nothing below carries it out"
            )
        return found(call if call.target is None else call._replace(target=transaction.get(call.target)))

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Create an instance for a client."""
        hook = self._providers.creator(fold_namespace(transaction.namespace), cls)
        return transaction.create(cls.name, properties) if hook is None else hook(transaction, cls, properties)

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change an instance for a client."""
        hook = self._providers.modifier(fold_namespace(instance.namespace), instance.cls)
        if hook is None:
            transaction.modify(instance, **properties)
        else:
            hook(transaction, transaction.get(instance), properties)

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        """Delete an instance for a client."""
        hook = self._providers.deleter(fold_namespace(instance.namespace), instance.cls)
        if hook is None:
            transaction.delete(instance)
        else:
            hook(transaction, transaction.get(instance))

    def read_instance(self, transaction: Transaction, instance: Instance) -> Mapping[str, Any]:
        """Return the values that a client is shown in place of the stored ones; none of them: no values."""
        hook = self._providers.reader(instance.namespace, instance.cls)
        return (hook(transaction, instance) if hook else None) or {}

    def refresh(self, transaction: Transaction, classname: str) -> None:
        """Bring the stored instances of a class up to date."""
        hook = self._providers.refreshers(transaction.namespace).get(fold(classname))
        if hook is not None:
            hook(transaction)


Provider.below = Below()


class Fault(NamedTuple):
    """A method that shall only return a number, and change nothing."""

    namespace: str
    classname: str
    method: str
    return_value: int


class Providers:
    """Who carries out which method, and who acts on reads and writes: the providers and faults of all packs.

    Bindings come in the order in which packs are loaded, so those of a pack come after those of the packs it requires. Of the
    bindings of one class, each method and each hook is that of the last one that has it. Bindings of a class go before those of
    its superclasses, whichever pack they are of.

    An ``Implementations`` and a ``Hooks``.
    """

    def __init__(self, bindings: Iterable[Binding] = (), faults: Iterable[Fault] = ()) -> None:
        bindings = tuple(bindings)
        self._known: dict[tuple[str, ResolvedClass, str], Callable[..., Any] | None] = {}
        self._methods: dict[tuple[str, str], dict[str, Implementation]] = {}
        for binding in bindings:
            place = fold_namespace(binding.namespace), fold(binding.classname)
            self._methods.setdefault(place, {}).update(binding.provider.methods())
        self._hooks: dict[tuple[str, str], dict[str, Callable[..., Any]]] = {}
        self._observers: dict[Callable[[Transaction], None], None] = {}
        self._refreshers: dict[str, dict[str, RefreshHook]] = {}
        # The same by declared name: there are few namespaces.
        self._refreshers_of: dict[str, Mapping[str, RefreshHook]] = {}
        self._reading: set[str] = set()
        for binding in bindings:
            hooks = binding.provider.hooks()
            namespace, classname = fold_namespace(binding.namespace), fold(binding.classname)
            observer = hooks.pop("namespaces_changed", None)
            if observer is not None:
                # One provider may be bound to several classes.
                self._observers[observer] = None
            refresh = hooks.pop("refresh", None)
            if refresh is not None:
                self._refreshers.setdefault(namespace, {})[classname] = refresh
            if "read_instance" in hooks:
                self._reading.add(namespace)
            if hooks:
                self._hooks.setdefault((namespace, classname), {}).update(hooks)
        # A fault is an implementation that comes before those of any provider.
        self._faults: dict[tuple[str, str], dict[str, Implementation]] = {}
        for fault in faults:
            place = fold_namespace(fault.namespace), fold(fault.classname)
            self._faults.setdefault(place, {})[fold(fault.method)] = _returning(fault.return_value)

    def find(self, namespace: str, cls: ResolvedClass, method: str) -> Implementation | None:
        """Return who carries out ``method`` (folded) for ``cls``: the binding nearest to it in its line of superclasses."""
        key = (namespace, cls, method)
        if key not in self._known:
            folded = fold_namespace(namespace)
            self._remember(key, _nearest(self._faults, folded, cls, method) or _nearest(self._methods, folded, cls, method))
        return self._known[key]

    def creator(self, namespace: str, cls: ResolvedClass) -> CreateHook | None:
        """Return the hook ``create_instance`` of the binding nearest to the class, None for the plain way."""
        return self._hook("create_instance", namespace, cls)

    def modifier(self, namespace: str, cls: ResolvedClass) -> ModifyHook | None:
        """Return the hook ``modify_instance`` of the binding nearest to the class, None for the plain way."""
        return self._hook("modify_instance", namespace, cls)

    def deleter(self, namespace: str, cls: ResolvedClass) -> DeleteHook | None:
        """Return the hook ``delete_instance`` of the binding nearest to the class, None for the plain way."""
        return self._hook("delete_instance", namespace, cls)

    def namespaces_changed(self, transaction: Transaction) -> None:
        """Tell every provider that wants to know."""
        for observer in self._observers:
            observer(transaction)

    def reads(self, namespace: str) -> bool:
        """Return whether any provider of the namespace computes values on reading."""
        return namespace in self._reading

    def reader(self, namespace: str, cls: ResolvedClass) -> ReadHook | None:
        """Return the hook ``read_instance`` of the binding nearest to the class, None for the stored values."""
        key = (namespace, cls, "")
        if key not in self._known:
            self._remember(key, self._hook("read_instance", fold_namespace(namespace), cls))
        return self._known[key]

    def refreshers(self, namespace: str) -> Mapping[str, RefreshHook]:
        """Return the hooks ``refresh`` of the namespace, by folded class name."""
        found = self._refreshers_of.get(namespace)
        if found is None:
            found = self._refreshers_of[namespace] = self._refreshers.get(fold_namespace(namespace), _NONE)
        return found

    def _hook(self, name: str, namespace: str, cls: ResolvedClass) -> Callable[..., Any] | None:
        return _nearest(self._hooks, namespace, cls, name)

    def _remember(self, key: tuple[str, ResolvedClass, str], found: Callable[..., Any] | None) -> None:
        """Keep what was found: reads and calls of methods come in great numbers."""
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[key] = found


def _nearest(
    table: Mapping[tuple[str, str], Mapping[str, Callable[..., Any]]], namespace: str, cls: ResolvedClass, name: str
) -> Callable[..., Any] | None:
    """Return what stands under a name in the table of the class (namespace and class folded), or the nearest one above it."""
    if table:
        for classname in cls.lineage:
            found = table.get((namespace, classname), {}).get(name)
            if found is not None:
                return found
    return None


def _returning(value: int) -> Implementation:
    def implementation(_: Invocation) -> int:
        return value

    return implementation
