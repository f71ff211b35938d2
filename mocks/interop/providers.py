"""How the simulator's own object manager acts, and the instances that describe the running server."""

from collections.abc import Mapping
from typing import Any

from cimsim.providers import Instance, ResolvedClass, ServiceLifeCycle, Transaction, not_supported

from .manager import NAMESPACE
from .namespaces import NamespaceLinks, Namespaces, describe_all
from .product import present
from .statistics import Statistics, count
from .subscription_providers import Destinations, Filters, Subscriptions, manage_all

__all__ = [
    "Destinations",
    "Filters",
    "NamespaceLinks",
    "Namespaces",
    "ObjectManager",
    "Statistics",
    "Subscriptions",
    "populate",
]


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Name product and version, and describe every namespace and manage every filter that exists (rules W3, W4, W5, W7)."""
    present(transaction, settings)
    describe_all(transaction)
    manage_all(transaction)
    own_collections(transaction)


def own_collections(transaction: Transaction) -> None:
    """Have the indication service own the collections of filters that packs have brought, as DSP1054 wants it."""
    for service in transaction.instances("CIM_IndicationService", NAMESPACE):
        for collection in transaction.instances("CIM_FilterCollection", NAMESPACE):
            if transaction.associators(collection, "CIM_OwningCollectionElement"):
                continue
            ends = {"OwningElement": service, "OwnedElement": collection}
            transaction.create("CIM_OwningCollectionElement", ends, NAMESPACE)


class ObjectManager(ServiceLifeCycle):
    """CIM_ObjectManager: its state can be changed, yet the CIMOM goes on answering, or StartService could never be called."""

    def namespaces_changed(self, transaction: Transaction) -> None:
        """Manage what packs have brought that were loaded later."""
        manage_all(transaction)
        own_collections(transaction)

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Refuse a second one: clients could not know which of them describes the server (rule W6)."""
        raise not_supported(f"there is one object manager, and no other {cls.name} can be created")

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        """Refuse: it describes the server."""
        raise not_supported(f"{instance.path} cannot be deleted: it describes the server")

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change properties; operations are counted from zero once statistics are gathered."""
        super().modify_instance(transaction, instance, properties)
        wanted = bool(properties.get("GatherStatisticalData", instance["GatherStatisticalData"]))
        if wanted is not instance["GatherStatisticalData"]:
            count(transaction, wanted=wanted)
