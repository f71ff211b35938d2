"""Indication filters, listener destinations and subscriptions, as far as they need no delivery (rules I1 to I13)."""

from collections.abc import Mapping
from typing import Any, Final

from pywbem import CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, CIMError

from cimsim.behaviours.api import Behaviour
from cimsim.world.errors import failed
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.values import DateTime

from .manager import complete, object_manager

QUERY_LANGUAGES: Final = ("WQL", "DMTF:CQL", "CIM:CQL")


class _Subscribable(Behaviour):
    """What a subscription refers to: it stays as it is while one does (rule I8)."""

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Create one, with the keys of this system where the client gave none (rule I4)."""
        manager = object_manager(transaction)
        keys = {
            "SystemCreationClassName": manager["SystemCreationClassName"],
            "SystemName": manager["SystemName"],
            "CreationClassName": cls.name,
        }
        return super().create_instance(transaction, cls, complete(cls.name, properties, keys))

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change one that no subscription refers to."""
        before = len(transaction.changes)
        super().modify_instance(transaction, instance, properties)
        if len(transaction.changes) > before:
            _check_free(transaction, instance)

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        """Delete one that no subscription refers to."""
        _check_free(transaction, instance)
        super().delete_instance(transaction, instance)


class Destinations(_Subscribable):
    """CIM_ListenerDestination."""


class Filters(_Subscribable):
    """CIM_IndicationFilter: its query must be in a language for indications (rule I6)."""

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Create a filter."""
        _check_language(properties)
        return super().create_instance(transaction, cls, properties)

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change a filter."""
        _check_language(properties)
        super().modify_instance(transaction, instance, properties)


class Subscriptions(Behaviour):
    """CIM_IndicationSubscription: the server writes when it began and when its state changed (rules I11, I12)."""

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Create a subscription."""
        now = DateTime.at(transaction.now)
        times = {"SubscriptionStartTime": now, "TimeOfLastStateChange": now}
        return super().create_instance(transaction, cls, {**properties, **times})

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change a subscription; the time of change follows the state."""
        super().modify_instance(transaction, instance, properties)
        if properties.get("SubscriptionState", instance["SubscriptionState"]) != instance["SubscriptionState"]:
            transaction.modify(transaction.get(instance), TimeOfLastStateChange=DateTime.at(transaction.now))


def _check_free(transaction: Transaction, instance: Instance) -> None:
    if transaction.references(instance, "CIM_AbstractIndicationSubscription"):
        raise failed(f"a subscription refers to {instance.path}: delete that first")


def _check_language(properties: Mapping[str, Any]) -> None:
    language = properties.get("QueryLanguage")
    if language is not None and fold(language) not in map(fold, QUERY_LANGUAGES):
        text = f"query language {language} is not for indications; these are: {', '.join(QUERY_LANGUAGES)}"
        raise CIMError(CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, text)
