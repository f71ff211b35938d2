"""The subscriptions that are active, read from the instances of the Interop namespace (rules I1 to I3, I10, I11)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pywbem import CIMError
from twisted.logger import Logger

from cimsim.query.indications import IndicationFilter, parse_indication_filter
from cimsim.world.instances import Instance
from cimsim.world.names import INTEROP_NAMES, fold, fold_namespace
from cimsim.world.paths import Identity, InstancePath
from cimsim.world.world import InstanceMap, Namespace, World

SUBSCRIPTION: Final = "CIM_AbstractIndicationSubscription"
_CLASSES: Final = (SUBSCRIPTION, "CIM_IndicationFilter", "CIM_ListenerDestination", "CIM_MemberOfCollection")
_COLLECTION: Final = "cim_filtercollection"
_MEMBER: Final = "CIM_MemberOfCollection"
_NAMES: Final = tuple(sorted(INTEROP_NAMES))
_CIM_XML: Final = 2
_TRANSIENT: Final = 3
_DELIVERING: Final = (None, 2, 3)  # SubscriptionState: enabled, enabled degraded


@dataclass(frozen=True, slots=True)
class Destination:
    """A listener. ``transient``: it is not expected to come back once it cannot be reached (rule I25)."""

    identity: Identity
    url: str
    transient: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter of a subscription: what is wanted, whence, and where it goes. ``namespaces`` are folded names."""

    subscription: Identity
    destination: Destination
    name: str | None
    query: IndicationFilter
    namespaces: frozenset[str]


def interop(world: World) -> Namespace | None:
    """Return the Interop namespace, None if there is none that knows subscriptions."""
    for name in _NAMES:
        namespace = world.namespaces.get(name)
        if namespace is not None and namespace.schema.get(SUBSCRIPTION) is not None:
            return namespace
    return None


def value(instance: Instance, name: str) -> Any:
    """Return the value of a property, None also where the class does not have it."""
    place = instance.cls.index.get(fold(name))
    return None if place is None else instance.values[place]


class Subscriptions:
    """The table of active subscriptions. ``refresh`` reads it anew when what it is made from has changed.

    Attributes:
        wanted: the filters of all active subscriptions, by folded source namespace; in order of creation.
        active: the identities of these subscriptions, with their destinations.
    """

    log = Logger()

    def __init__(self) -> None:
        self.wanted: dict[str, list[Wanted]] = {}
        self.active: dict[Identity, Destination] = {}
        self._namespace: Namespace | None = None
        self._stored: list[InstanceMap] = []
        self._queries: dict[tuple[str, str], IndicationFilter | None] = {}

    def refresh(self, world: World) -> bool:
        """Bring the table up to date; return whether it may have changed. Costs next to nothing if nothing did."""
        if self._namespace is not None and world.namespaces.get(fold_namespace(self._namespace.name)) is self._namespace:
            return False
        self._namespace = namespace = interop(world)
        stored = _stored(namespace) if namespace is not None else []
        if len(stored) == len(self._stored) and all(map(_is, stored, self._stored)):
            return False
        self._stored = stored
        self._read(world, namespace)
        return True

    def _read(self, world: World, namespace: Namespace | None) -> None:
        self.wanted, self.active = {}, {}
        queries, self._queries = self._queries, {}
        for subscription in namespace.instances_of(namespace.cls(SUBSCRIPTION)) if namespace is not None else ():
            destination = _destination(world, subscription)
            if destination is None or value(subscription, "SubscriptionState") not in _DELIVERING:
                continue
            self.active[subscription.identity] = destination
            for each in _filters(world, subscription):
                query = self._query(each, queries)
                if query is None:
                    continue
                sources = _sources(each)
                wanted = Wanted(subscription.identity, destination, value(each, "Name"), query, sources)
                for source in sources:
                    self.wanted.setdefault(source, []).append(wanted)

    def _query(self, instance: Instance, known: dict[tuple[str, str], IndicationFilter | None]) -> IndicationFilter | None:
        """Return the query of a filter, None if it is no query: then it did not come by a client."""
        text = (str(value(instance, "QueryLanguage") or ""), str(value(instance, "Query") or ""))
        if text in known:
            self._queries[text] = known[text]
        elif text not in self._queries:
            try:
                self._queries[text] = parse_indication_filter(*text)
            except CIMError as error:
                reason = error.status_description
                self.log.warn("{path}: {reason}", path=instance.path, reason=reason)  # noqa: G010 - Twisted's name
                self._queries[text] = None
        return self._queries[text]


def _is(one: object, other: object) -> bool:
    return one is other


def _stored(namespace: Namespace) -> list[InstanceMap]:
    """Return the maps that hold the instances which subscriptions are made of."""
    families = (sorted(namespace.schema.family(name)) for name in _CLASSES)
    maps = (namespace.instances.get(classname) for family in families for classname in family)
    return [each for each in maps if each]


def _end(world: World, subscription: Instance, name: str) -> Instance | None:
    path = value(subscription, name)
    return world.find(path.identity) if isinstance(path, InstancePath) else None


def _destination(world: World, subscription: Instance) -> Destination | None:
    instance = _end(world, subscription, "Handler")
    url = value(instance, "Destination") if instance is not None else None
    if instance is None or url is None or value(instance, "Protocol") not in (None, _CIM_XML):
        return None
    return Destination(instance.identity, url, value(instance, "PersistenceType") == _TRANSIENT)


def _filters(world: World, subscription: Instance) -> Iterator[Instance]:
    """Yield the filter of a subscription, or those of its collection."""
    wanted = _end(world, subscription, "Filter")
    if wanted is None:
        return
    if not wanted.cls.is_a(_COLLECTION):
        yield wanted
        return
    namespace = world.namespace(wanted.namespace)
    for member in namespace.referring_to(wanted.identity, namespace.schema.family(_MEMBER)):
        found = _end(world, member, "Member")
        if found is not None and "Query" in found:
            yield found


def _sources(instance: Instance) -> frozenset[str]:
    """Return the folded names of the namespaces that a filter takes indications from (rule I2)."""
    names = [name for name in value(instance, "SourceNamespaces") or () if name]
    if not names:
        names = [value(instance, "SourceNamespace") or instance.namespace]
    return frozenset(map(fold_namespace, names))
