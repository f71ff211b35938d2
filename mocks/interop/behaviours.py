"""How the simulator's own object manager acts, and the instances that describe the running server."""

from collections.abc import Mapping
from typing import Any

from cimsim import __version__
from cimsim.behaviours.service import ServiceLifeCycle
from cimsim.world.transaction import Transaction

from .manager import object_manager
from .namespaces import Namespaces, describe_all
from .subscriptions import Destinations, Filters, Subscriptions

__all__ = ["Destinations", "Filters", "Namespaces", "ObjectManager", "Subscriptions", "populate"]


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Tell the running version, and describe every namespace that exists (rules W3, W4, W5, W7)."""
    transaction.modify(object_manager(transaction), Description=f"cimsim CIM object manager version {__version__}")
    describe_all(transaction)


class ObjectManager(ServiceLifeCycle):
    """CIM_ObjectManager: its state can be changed, yet the CIMOM goes on answering, or StartService could never be called."""
