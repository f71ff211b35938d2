"""Which product the object manager presents itself as (rule W7)."""

from collections.abc import Mapping
from typing import Any

from pywbem import CIMClass, CIMProperty, CIMQualifier

from cimsim import __version__
from cimsim.providers import Transaction

from .manager import NAMESPACE, object_manager


def present(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Give the object manager the name and version of a product, and the Interop namespace the class that goes with it."""
    manager = object_manager(transaction)
    description = settings["product_description"] or f"cimsim CIM object manager version {__version__}"
    transaction.modify(manager, ElementName=settings["product_name"] or manager["ElementName"], Description=description)
    name = settings["namespace_class"]
    if name and transaction.world.namespace(NAMESPACE).schema.get(name) is None:
        transaction.create_class(_namespace_class(name), NAMESPACE)


def _namespace_class(name: str) -> CIMClass:
    """Return the class with the property that pywbem sets in the namespaces it creates on OpenPegasus."""
    writable = {"Write": CIMQualifier("Write", True)}
    allowed = CIMProperty("SchemaUpdatesAllowed", None, type="boolean", qualifiers=writable)
    return CIMClass(name, superclass="CIM_Namespace", properties=[allowed])
