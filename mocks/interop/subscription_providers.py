"""Indication filters, listener destinations and subscriptions (rules I1 to I13)."""

import math
from collections.abc import Mapping
from typing import Any, Final

from pywbem import CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, CIMError

from cimsim.providers import (
    DateTime,
    Instance,
    InstancePath,
    Namespace,
    Provider,
    ResolvedClass,
    Transaction,
    did_you_mean,
    failed,
    fold,
    fold_namespace,
    invalid_parameter,
    not_supported,
    parse_indication_filter,
    parse_listener_url,
)

from .manager import NAMESPACE, object_manager

QUERY_LANGUAGES: Final = ("WQL", "DMTF:CQL", "CIM:CQL")
STATIC: Final = "cimsim:"
"""How the names of static filters begin."""
_MANAGES: Final = 5  # of ElementEffects
_CIM_XML: Final = 2  # of Protocol


def manage_all(transaction: Transaction) -> None:
    """Tie the filters and destinations that packs have brought to the indication service.

    The queries are not checked: that would make every start slower. A wrong one is reported when a client subscribes to it.
    """
    for classname in ("CIM_IndicationFilter", "CIM_ListenerDestination"):
        for each in transaction.instances(classname, NAMESPACE):
            # Packs may be loaded later than this one.
            if not transaction.associators(each, "CIM_ServiceAffectsElement"):
                _manage(transaction, each)


def _manage(transaction: Transaction, instance: Instance) -> None:
    for service in transaction.instances("CIM_IndicationService", NAMESPACE):
        affects = {"AffectedElement": instance, "AffectingElement": service, "ElementEffects": [_MANAGES]}
        transaction.create("CIM_ServiceAffectsElement", affects, NAMESPACE)


class _Subscribable(Provider):
    """What a subscription refers to: it stays as it is while one does (rule I8)."""

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Create one, with the keys of this system whatever the client gave for them (rule I4)."""
        created = super().create_instance(transaction, cls, {**properties, **_system_keys(transaction, cls.name)})
        self.check(transaction, created)
        _manage(transaction, created)
        return created

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change one that no subscription refers to, and that is not the server's own."""
        before = len(transaction.changes)
        super().modify_instance(transaction, instance, properties)
        if len(transaction.changes) > before:
            _check_dynamic(instance)
            _check_free(transaction, instance)
            self.check(transaction, transaction.get(instance))

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        """Delete one that no subscription refers to, and that is not the server's own."""
        _check_dynamic(instance)
        _check_free(transaction, instance)
        super().delete_instance(transaction, instance)

    def check(self, transaction: Transaction, instance: Instance) -> None:
        """Refuse one that could never work; raises CIMError."""


class Destinations(_Subscribable):
    """CIM_ListenerDestination: what it leads to must be a URL (rules I3, SEC14)."""

    def check(self, transaction: Transaction, instance: Instance) -> None:
        """Refuse a URL that indications cannot be sent to."""
        if instance["Protocol"] not in (None, _CIM_XML):
            return
        try:
            parse_listener_url(instance["Destination"])
        except ValueError as error:
            raise invalid_parameter(f"Destination {error}") from None


class Filters(_Subscribable):
    """CIM_IndicationFilter: its query must be one for indications, of the classes of its namespaces (rules I6, I7)."""

    def check(self, transaction: Transaction, instance: Instance) -> None:
        """Refuse a query that could never select anything."""
        language = instance["QueryLanguage"]
        if fold(language) not in map(fold, QUERY_LANGUAGES):
            text = f"query language {language} is not for indications; these are: {', '.join(QUERY_LANGUAGES)}"
            raise CIMError(CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, text)
        query = parse_indication_filter(language, instance["Query"])
        sources = _sources(transaction, instance)
        query.check_all([(_indication_class(transaction, each, query.classname), each.schema) for each in sources])


class Subscriptions(Provider):
    """CIM_AbstractIndicationSubscription: the server writes when it began and changed, and ends it in time (rules I11, I12)."""

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Create a subscription; its ends have the keys of this system, whatever the client wrote for them (rule I4)."""
        now = DateTime.at(transaction.now)
        times = {"SubscriptionStartTime": now, "TimeOfLastStateChange": now}
        ends = {name: _ours(transaction, value) for name, value in properties.items() if isinstance(value, InstancePath)}
        created = super().create_instance(transaction, cls, {**properties, **ends, **times})
        self._plan_end(transaction, created, transaction.now)
        return created

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change a subscription; the time of change follows the state, the end follows the duration."""
        super().modify_instance(transaction, instance, properties)
        changed = transaction.get(instance)
        if changed["SubscriptionState"] != instance["SubscriptionState"]:
            transaction.modify(changed, TimeOfLastStateChange=DateTime.at(transaction.now))
        if changed["SubscriptionDuration"] != instance["SubscriptionDuration"]:
            for wait in transaction.waiting(instance):
                transaction.cancel(wait.number)
            self._plan_end(transaction, changed, _seconds(changed["SubscriptionStartTime"], transaction.now))

    def read_instance(self, transaction: Transaction, instance: Instance) -> Mapping[str, Any] | None:
        """Compute how long a subscription still lasts."""
        ends = [wait.due for wait in transaction.waiting(instance) if wait.due is not None]
        duration = instance["SubscriptionDuration"]
        if not ends or duration is None:
            return None
        # The longest durations are not exact as seconds since 1970.
        return {"SubscriptionTimeRemaining": min(duration, math.ceil(max(0.0, min(ends) - transaction.now)))}

    def end(self, transaction: Transaction, path: InstancePath) -> None:
        """Remove a subscription whose time is over."""
        transaction.delete(path)

    def _plan_end(self, transaction: Transaction, instance: Instance, start: float) -> None:
        duration = instance["SubscriptionDuration"]
        if duration is not None:
            transaction.after(start + duration - transaction.now, self.end, instance.path, subjects=[instance])


def _system_keys(transaction: Transaction, classname: str) -> dict[str, Any]:
    """Return the keys that an instance of this class has on this system, but for its Name."""
    manager = object_manager(transaction)
    return {
        "SystemCreationClassName": manager["SystemCreationClassName"],
        "SystemName": manager["SystemName"],
        "CreationClassName": classname,
    }


def _ours(transaction: Transaction, path: InstancePath) -> InstancePath:
    """Return the path of a filter or destination that a client names by a system, or a host, that it takes for this one.

    A client that made one with a name of its own for the system refers to it by that. What there is, is left as it is.
    """
    if fold_namespace(path.namespace or "") != NAMESPACE or transaction.world.find(path.identity) is not None:
        return path
    own = {fold(name): value for name, value in _system_keys(transaction, path.classname).items()}
    keys = tuple([(name, own.get(fold(name), value)) for name, value in path.keys])
    return InstancePath(path.classname, keys, path.namespace)


def _seconds(start: DateTime | None, now: float) -> float:
    """Return a timestamp in seconds since 1970-01-01 UTC; ``now`` where there is none."""
    if start is None:
        return now
    kind, instant = start.instant
    epoch = DateTime.at(0.0).instant[1]
    return (instant - epoch) / 1e6 if kind == "instant" and isinstance(instant, int) and isinstance(epoch, int) else now


def _check_dynamic(instance: Instance) -> None:
    """Refuse to change what is static: as in DSP1054, its name begins with the organization that made it."""
    if str(instance["Name"]).startswith(STATIC):
        raise not_supported(f"{instance['Name']} is static: clients cannot change or delete it")


def _check_free(transaction: Transaction, instance: Instance) -> None:
    if transaction.references(instance, "CIM_AbstractIndicationSubscription"):
        raise failed(f"a subscription refers to {instance.path}: delete that first")


def _sources(transaction: Transaction, instance: Instance) -> list[Namespace]:
    """Return the namespaces that a filter takes indications from (rule I2), of those that the user may read (SEC13)."""
    namespaces = transaction.visible_namespaces()
    names = [name for name in instance["SourceNamespaces"] or () if name] or [instance["SourceNamespace"] or instance.namespace]
    for name in names:
        if fold_namespace(name) not in namespaces:
            hint = did_you_mean(name, (each.name for each in namespaces.values()))
            raise invalid_parameter(f"source namespace {name} does not exist{hint}")
    return [namespaces[name] for name in dict.fromkeys(map(fold_namespace, names))]


def _indication_class(transaction: Transaction, source: Namespace, name: str) -> ResolvedClass:
    """Return an indication class of a namespace, or else of the Interop namespace (rule I7)."""
    home = transaction.world.namespace(NAMESPACE)
    found = source.schema.get(name) or home.schema.get(name)
    if found is None:
        raise invalid_parameter(f"the query is about {home.no_class(name)}, nor in {source.name}")
    if not found.indication:
        raise invalid_parameter(f"the query is about class {found.name}, which is not an indication class")
    return found
