"""The subscriptions that are active, read from the instances of the Interop namespace (rules I1 to I3, I10, I11).

The table follows the changes of these instances: what is read anew is what a change concerns, however many subscriptions there
are. It is indexed by namespace and indication class; under each stand the distinct queries, and under each query who wants what
it selects. What an event finds there stays as it is when the table changes, so that it may be looked at later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

import msgspec
from pywbem import CIMError
from twisted.logger import Logger

from cimsim.world.events import Change, Event
from cimsim.world.instances import Instance
from cimsim.world.names import INTEROP_NAMES, fold, fold_namespace
from cimsim.world.paths import Identity, InstancePath
from cimsim.world.pmap import PersistentMap
from cimsim.world.schema import ResolvedClass, Schema
from cimsim.world.world import InstanceMap, Namespace, World

if TYPE_CHECKING:
    from cimsim.query.indication_queries import IndicationFilter

SUBSCRIPTION: Final = "CIM_AbstractIndicationSubscription"
_COLLECTION: Final = "cim_filtercollection"
_MEMBER: Final = "CIM_MemberOfCollection"
_CLASSES: Final = (SUBSCRIPTION, "CIM_IndicationFilter", "CIM_ListenerDestination", _COLLECTION, _MEMBER)
_NAMES: Final = tuple(sorted(INTEROP_NAMES))
_CIM_XML: Final = 2
_TRANSIENT: Final = 3
_DELIVERING: Final = (None, 2, 3)  # SubscriptionState: enabled, enabled degraded


class Destination(msgspec.Struct, frozen=True):
    """A listener. ``transient``: it is not expected to come back once it cannot be reached (rule I25)."""

    identity: Identity
    url: str
    transient: bool


class Wanted(msgspec.Struct, frozen=True):
    """A filter of a subscription: where what it selects goes. ``order``: older subscriptions come first."""

    order: tuple[int, int]
    subscription: Identity
    destination: Destination
    name: str | None


class Group(msgspec.Struct, frozen=True):
    """A query, and all who want what it selects of one namespace."""

    query: IndicationFilter
    wanted: PersistentMap[tuple[Identity, int], Wanted]


class _SubscriptionEntry(msgspec.Struct, frozen=True):
    """Where something wanted stands in the index."""

    place: tuple[str, str]
    query: tuple[str, str]
    member: tuple[Identity, int]


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


class ActiveSubscriptions:
    """The table of active subscriptions.

    Attributes:
        active: the identities of these subscriptions, with their destinations.
    """

    log = Logger()

    def __init__(self) -> None:
        self.active: dict[Identity, Destination] = {}
        self._namespace: Namespace | None = None
        self._schema: Schema | None = None
        self._families: list[list[str]] = []
        self._stored: list[InstanceMap] = []
        self._index: dict[tuple[str, str], PersistentMap[tuple[str, str], Group]] = {}
        # How many classes are wanted from each namespace.
        self._places: Counter[str] = Counter()
        # All subscriptions there are, active or not: what stands in the index for each, and which number it has.
        self._entries: dict[Identity, list[_SubscriptionEntry]] = {}
        self._numbers: dict[Identity, int] = {}
        self._last = 0
        self._queries: WeakValueDictionary[tuple[str, str], IndicationFilter] = WeakValueDictionary()

    def __bool__(self) -> bool:
        """Whether anything is wanted."""
        return bool(self._index)

    def concern(self, namespace: str) -> bool:
        """Return whether anything is wanted from a namespace, whose name is folded."""
        return namespace in self._places

    def wanted(self, namespace: str, cls: ResolvedClass) -> list[Group]:
        """Return who may want an indication of a class from a namespace, whose name is folded; nobody changes it afterwards."""
        found = [self._index.get((namespace, name)) for name in cls.lineage]
        return [group for groups in found if groups is not None for group in groups.all()]

    def refresh(self, world: World, events: Sequence[Event]) -> Iterable[Identity]:
        """Bring the table up to date after ``events``, which led to a world; return the subscriptions that may have changed.

        It costs next to nothing if no instance of subscriptions did, and else what the changes concern. Where these do not
        explain the world, such as after another one was swapped in, all is read anew.
        """
        if self._namespace is not None and world.namespaces.get(fold_namespace(self._namespace.name)) is self._namespace:
            return ()
        self._namespace = namespace = interop(world)
        schema = namespace.schema if namespace is not None else None
        known = schema is not None and schema is self._schema
        if not known:
            self._families = [sorted(schema.family(name)) for name in _CLASSES] if schema is not None else []
            self._schema = schema
        stored = self._maps(namespace, self._families)
        if len(stored) == len(self._stored) and all(map(_is, stored, self._stored)):
            return ()
        self._stored = stored
        if namespace is None or not known:
            return self._read_all(world, namespace)
        concerned = self._concerned(namespace, events)
        if not concerned:
            return self._read_all(world, namespace)
        for identity in concerned:
            self._read(world, identity)
        if len(self._entries) != sum(map(len, self._maps(namespace, self._families[:1]))):
            return self._read_all(world, namespace)
        return concerned

    @staticmethod
    def _maps(namespace: Namespace | None, families: list[list[str]]) -> list[InstanceMap]:
        """Return the maps that hold the instances of some families of classes."""
        if namespace is None:
            return []
        maps = (namespace.instances.get(classname) for family in families for classname in family)
        return [each for each in maps if each]

    def _concerned(self, namespace: Namespace, events: Sequence[Event]) -> dict[Identity, None]:
        """Return the identities of what has changed, and of the subscriptions that this concerns.

        None at all: the events do not explain why the instances differ.
        """
        concerned: dict[Identity, None] = {}
        for event in events:
            if not isinstance(event, Change):
                continue
            instance = event.after or event.before
            if instance is None or fold_namespace(instance.namespace) != fold_namespace(namespace.name):
                continue
            if any(instance.cls.folded in family for family in self._families):
                concerned.update(dict.fromkeys(self._around(namespace, instance)))
        return concerned

    def _around(self, namespace: Namespace, instance: Instance) -> Iterator[Identity]:
        yield instance.identity
        subscriptions, members = self._families[0], self._families[-1]
        if instance.cls.folded in subscriptions:
            return
        ends = [instance.identity]
        if instance.cls.folded in members:
            path = value(instance, "Collection")
            ends = [path.identity] if isinstance(path, InstancePath) else []
        else:
            for member in namespace.referring_to(instance.identity, frozenset(members)):
                path = value(member, "Collection")
                if isinstance(path, InstancePath):
                    ends.append(path.identity)
        for end in ends:
            for subscription in namespace.referring_to(end, frozenset(subscriptions)):
                yield subscription.identity

    def _read_all(self, world: World, namespace: Namespace | None) -> Iterable[Identity]:
        """Read the whole table anew; return all subscriptions that were or are active."""
        before = self.active
        self.active, self._index, self._entries, self._numbers = {}, {}, {}, {}
        self._places.clear()
        for subscription in namespace.instances_of(namespace.cls(SUBSCRIPTION)) if namespace is not None else ():
            self._add(world, subscription)
        return {**before, **self.active}

    def _read(self, world: World, identity: Identity) -> None:
        """Read a subscription anew; an identity of anything else has no effect."""
        for entry in self._entries.pop(identity, ()):
            self._remove(entry)
        self.active.pop(identity, None)
        subscription = world.find(identity)
        if subscription is None:
            self._numbers.pop(identity, None)
        elif subscription.cls.folded in self._families[0]:
            self._add(world, subscription)

    def _add(self, world: World, subscription: Instance) -> None:
        identity = subscription.identity
        entries = self._entries[identity] = []
        number = self._numbers.get(identity)
        if number is None:
            self._last += 1
            number = self._numbers[identity] = self._last
        destination = _destination(world, subscription)
        if destination is None or value(subscription, "SubscriptionState") not in _DELIVERING:
            return
        self.active[identity] = destination
        for place, each in enumerate(_filters(world, subscription)):
            text = (str(value(each, "QueryLanguage") or ""), str(value(each, "Query") or ""))
            query = self._query(each, text)
            if query is None:
                continue
            wanted = Wanted((number, place), identity, destination, value(each, "Name"))
            for source in _sources(each):
                entry = _SubscriptionEntry((source, fold(query.classname)), text, (identity, place))
                self._put(entry, query, wanted)
                entries.append(entry)

    def _put(self, entry: _SubscriptionEntry, query: IndicationFilter, wanted: Wanted) -> None:
        groups = self._index.get(entry.place) or PersistentMap()
        group = groups.get(entry.query) or Group(query, PersistentMap())
        if entry.place not in self._index:
            self._places[entry.place[0]] += 1
        self._index[entry.place] = groups.set(entry.query, Group(group.query, group.wanted.set(entry.member, wanted)))

    def _remove(self, entry: _SubscriptionEntry) -> None:
        groups = self._index[entry.place]
        group = groups[entry.query]
        left = group.wanted.delete(entry.member)
        groups = groups.set(entry.query, Group(group.query, left)) if left else groups.delete(entry.query)
        if groups:
            self._index[entry.place] = groups
        else:
            del self._index[entry.place]
            self._places[entry.place[0]] -= 1
            if not self._places[entry.place[0]]:
                del self._places[entry.place[0]]

    def _query(self, instance: Instance, text: tuple[str, str]) -> IndicationFilter | None:
        """Return the query of a filter, None if it is not a query: then it did not come by a client."""
        query = self._queries.get(text)
        if query is None:
            try:
                # Few CIMOMs have subscriptions, and the grammars of queries are not cheap to import.
                from cimsim.query.indication_queries import parse_indication_filter

                query = self._queries[text] = parse_indication_filter(*text)
            except CIMError as error:
                reason = error.status_description
                self.log.warn("{path}: {reason}", path=instance.path, reason=reason)  # noqa: G010 - Twisted's name
        return query


def _is(one: object, other: object) -> bool:
    return one is other


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
