"""The registry of providers: which of them carries out a method, and which acts when clients read and write."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from cimsim.operations.hooks import CreateHook, DeleteHook, ModifyHook, ReadHook, RefreshHook
from cimsim.operations.methods import Implementation
from cimsim.world.names import fold, fold_namespace
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction

MAX_KNOWN: Final = 10_000
"""How many results of searches are kept."""

_NONE: Final[Mapping[str, RefreshHook]] = MappingProxyType({})


class Acts(Protocol):
    """What the registry needs of a ``provider.Provider``."""

    def methods(self) -> dict[str, Implementation]:
        """Return what carries out each method, by folded name."""
        ...

    def hooks(self) -> dict[str, Callable[..., Any]]:
        """Return what acts on reads and writes, by the name of the hook."""
        ...


class ProviderBinding(NamedTuple):
    """A provider and the class that it acts for."""

    namespace: str
    classname: str
    provider: Acts


class ProviderRegistry:
    """The providers of all packs: what carries out which method, and what acts on reads and writes.

    Bindings come in the order in which packs are loaded, so those of a pack come after those of the packs it requires. Of the
    bindings of one class, each method and each hook is that of the last one that has it. Bindings of a class go before those of
    its superclasses, whichever pack they are of.

    An ``Implementations`` and a ``Hooks``.
    """

    def __init__(self, bindings: Iterable[ProviderBinding] = ()) -> None:
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

    def with_bindings(self, bindings: Iterable[ProviderBinding]) -> "ProviderRegistry":
        """Return a registry with these bindings in place of its own."""
        return ProviderRegistry(bindings)

    def find(self, namespace: str, cls: ResolvedClass, method: str) -> Implementation | None:
        """Return what carries out ``method`` (folded) for ``cls``: the binding nearest to it in its line of superclasses."""
        key = (namespace, cls, method)
        if key not in self._known:
            self._remember(key, _nearest(self._methods, fold_namespace(namespace), cls, method))
        return self._known[key]

    def creator(self, namespace: str, cls: ResolvedClass) -> CreateHook | None:
        """Return the hook ``create_instance`` of the binding nearest to the class, None for the plain operation."""
        return self._hook("create_instance", namespace, cls)

    def modifier(self, namespace: str, cls: ResolvedClass) -> ModifyHook | None:
        """Return the hook ``modify_instance`` of the binding nearest to the class, None for the plain operation."""
        return self._hook("modify_instance", namespace, cls)

    def deleter(self, namespace: str, cls: ResolvedClass) -> DeleteHook | None:
        """Return the hook ``delete_instance`` of the binding nearest to the class, None for the plain operation."""
        return self._hook("delete_instance", namespace, cls)

    def namespaces_changed(self, transaction: Transaction) -> None:
        """Call the hook ``namespaces_changed`` of every provider that has it."""
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
        if len(self._known) >= MAX_KNOWN:
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
