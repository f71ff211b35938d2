"""How the simulator's own object manager acts, and the instances that describe the running server."""

from collections.abc import Mapping
from typing import Any

from cimsim import __version__
from cimsim.behaviours.service import ServiceLifeCycle
from cimsim.world.instances import Instance
from cimsim.world.transaction import Transaction

from .manager import object_manager
from .namespaces import Namespaces, describe_all
from .statistics import Statistics, count
from .subscriptions import Destinations, Filters, Subscriptions, manage_all

__all__ = ["Destinations", "Filters", "Namespaces", "ObjectManager", "Statistics", "Subscriptions", "populate"]


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Tell the running version, and describe every namespace and manage every filter that exists (rules W3, W4, W5, W7)."""
    transaction.modify(object_manager(transaction), Description=f"cimsim CIM object manager version {__version__}")
    describe_all(transaction)
    manage_all(transaction)


class ObjectManager(ServiceLifeCycle):
    """CIM_ObjectManager: its state can be changed, yet the CIMOM goes on answering, or StartService could never be called."""

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change properties; operations are counted from zero once statistics are gathered."""
        super().modify_instance(transaction, instance, properties)
        wanted = bool(properties.get("GatherStatisticalData", instance["GatherStatisticalData"]))
        if wanted is not instance["GatherStatisticalData"]:
            count(transaction, wanted=wanted)
