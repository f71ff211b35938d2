"""Checking a loaded pack: its classes, which methods have a provider, and what its author may want to know."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
from pywbem import CIMError

from cimsim.operations.call import OperationCall
from cimsim.operations.hooks import HookError, run_hook
from cimsim.packs.load import Loaded, LoadedPack
from cimsim.providers.registry import ProviderRegistry
from cimsim.world.checks import check_declared, check_whole
from cimsim.world.names import fold, fold_namespace
from cimsim.world.schema import Method, ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.world import Namespace, World


class CheckedMethod(msgspec.Struct, frozen=True):
    """A method, and the Python function that carries it out; None: none does."""

    name: str
    provider: str | None


class CheckedClass(msgspec.Struct, frozen=True):
    """A class that can have instances, how many there are of it alone, and its methods."""

    name: str
    instances: int
    methods: tuple[CheckedMethod, ...]


class CheckedNamespace(msgspec.Struct, frozen=True):
    """A namespace of a pack, with the classes that have instances or methods, and what was noticed about it."""

    name: str
    classes: tuple[CheckedClass, ...]
    warnings: tuple[str, ...]


ClassNames = AbstractSet[tuple[str, str]]
"""Classes as pairs of folded namespace and folded name."""


def check_pack(pack: LoadedPack, loaded: Loaded, now: float, below: ClassNames = frozenset()) -> list[CheckedNamespace]:
    """Return what the namespaces of a pack hold, whoever put it there.

    Every hook of the pack's providers that reads is called once, on a world that is dropped.

    Args:
        pack: one of those that were loaded.
        loaded: all of them.
        now: the time for hooks, in seconds since 1970-01-01 UTC.
        below: the classes of a schema that the packs build on: looked at only as far as they have instances.
    """
    return [_checked(loaded.world.namespace(name), loaded, now, below) for name in pack.files]


def check_others(loaded: Loaded, now: float) -> list[CheckedNamespace]:
    """Return the same of namespaces that no pack names: those that mock scripts fill."""
    named = {fold_namespace(name) for pack in loaded.packs for name in pack.files}
    return [_checked(each, loaded, now) for folded, each in loaded.world.namespaces.items() if folded not in named]


def _checked(namespace: Namespace, loaded: Loaded, now: float, below: ClassNames = frozenset()) -> CheckedNamespace:
    folded = fold_namespace(namespace.name)
    classes = [cls for cls in namespace.schema if (folded, cls.folded) not in below or namespace.of_class(cls)]
    warnings = [*_of_classes(namespace, classes), *_of_values(namespace), *_of_hooks(loaded, namespace, now)]
    return CheckedNamespace(namespace.name, tuple(_classes(namespace, classes, loaded.providers)), tuple(warnings))


def _classes(namespace: Namespace, classes: Sequence[ResolvedClass], providers: ProviderRegistry) -> Iterator[CheckedClass]:
    for cls in classes:
        if cls.abstract or cls.indication:
            continue
        methods = tuple(_method(namespace, cls, each, providers) for each in cls.methods.values())
        count = len(namespace.of_class(cls))
        if count or any(each.provider for each in methods) or _declares_methods(cls):
            yield CheckedClass(cls.name, count, methods)


def _declares_methods(cls: ResolvedClass) -> bool:
    return any(method.origin == cls.name for method in cls.methods.values())


def _method(namespace: Namespace, cls: ResolvedClass, method: Method, providers: ProviderRegistry) -> CheckedMethod:
    found = providers.find(fold_namespace(namespace.name), cls, fold(method.name))
    return CheckedMethod(method.name, None if found is None else getattr(found, "__qualname__", "a function"))


def _of_classes(namespace: Namespace, classes: Sequence[ResolvedClass]) -> Iterator[str]:
    """Yield what CreateClass would refuse."""
    for cls in classes:
        try:
            check_declared(cls.declared, namespace)
            check_whole(cls)
        except CIMError as error:
            yield str(error.status_description)
        if not cls.keys and not cls.abstract and not cls.indication and cls.methods:
            yield f"class {cls.name} has no key: it can have one instance only"


def _of_values(namespace: Namespace) -> Iterator[str]:
    """Yield values that are not among those of the ValueMap of their property."""
    for cls in namespace.schema:
        maps = {place: allowed for place, name in _names(cls) if (allowed := _value_map(cls, name)) is not None}
        for instance in namespace.of_class(cls) if maps else ():
            for place, allowed in maps.items():
                value = instance.values[place]
                for each in value if isinstance(value, tuple) else (value,):
                    if each is not None and not allowed.has(each):
                        yield f"{instance.path}: {cls.properties[place].name} is {each}, which its ValueMap does not have"


def _names(cls: ResolvedClass) -> Iterator[tuple[int, str]]:
    for place, prop in enumerate(cls.properties):
        if prop.type != "boolean" and not prop.embedded:
            yield place, prop.name


class _ValueMap(msgspec.Struct, frozen=True):
    """The values of a ValueMap: texts, and ranges of integers."""

    texts: frozenset[str]
    ranges: tuple[tuple[float, float], ...]

    def has(self, value: Any) -> bool:
        if str(value) in self.texts:
            return True
        return isinstance(value, int) and any(low <= value <= high for low, high in self.ranges)


def _value_map(cls: ResolvedClass, name: str) -> _ValueMap | None:
    """Return the ValueMap of a property; None without one, and for one that leaves the rest open (``..``)."""
    qualifier = cls.full.properties[name].qualifiers.get("ValueMap")
    if qualifier is None or not qualifier.value or ".." in qualifier.value:
        return None
    texts: set[str] = set()
    ranges: list[tuple[float, float]] = []
    for item in qualifier.value:
        low, dots, high = str(item).partition("..")
        if not dots:
            texts.add(low)
            continue
        try:
            ranges.append((float(low or "-inf"), float(high or "inf")))
        except ValueError:
            texts.add(str(item))
    return _ValueMap(frozenset(texts), tuple(ranges))


def _of_hooks(loaded: Loaded, namespace: Namespace, now: float) -> Iterator[str]:
    """Yield what goes wrong when instances are refreshed and read."""
    providers = loaded.providers
    world = loaded.world
    for classname, refresh in providers.refreshers(fold_namespace(namespace.name)).items():
        transaction = Transaction(world, namespace.name, now)
        try:
            run_hook(refresh, transaction)
            world = transaction.world
        except (CIMError, HookError) as error:
            yield f"refreshing {namespace.cls(classname).name} fails: {_reason(error)}"
    yield from _of_reading(world, namespace.name, providers, now)


def _of_reading(world: World, name: str, providers: ProviderRegistry, now: float) -> Iterator[str]:
    namespace = world.namespace(name)
    call = OperationCall(world, namespace, now, hooks=providers)
    for cls in namespace.schema:
        for instance in namespace.of_class(cls):
            try:
                call.live_one(instance)
            except (CIMError, HookError) as error:
                yield f"reading {instance.path} fails: {_reason(error)}"
                break


def _reason(error: CIMError | HookError) -> str:
    if isinstance(error, CIMError):
        return f"{error.status_code_name}: {error.status_description}"
    cause = error.__cause__
    return f"{type(cause).__name__}: {cause}"
