"""How the simulator's own object manager acts, and the instances that describe the running server."""

from collections.abc import Mapping
from typing import Any, Final

from cimsim import __version__
from cimsim.behaviours.service import ServiceLifeCycle
from cimsim.world.transaction import Transaction

NAMESPACE: Final = "root/interop"
# ClassInfo and ClassType of CIM_Namespace: CIM classes, at least version 2.8.
CLASS_INFO_CIM_2_8: Final = 11
CLASS_TYPE_CIM: Final = 2


def populate(transaction: Transaction, settings: Mapping[str, Any]) -> None:
    """Tell the running version, and describe every namespace that exists (rules W3, W4, W5, W7)."""
    (manager,) = transaction.instances("CIM_ObjectManager", NAMESPACE)
    manager = transaction.modify(manager, Description=f"cimsim CIM object manager version {__version__}")
    for namespace in list(transaction.world.namespaces.values()):
        described = transaction.create(
            "CIM_Namespace",
            {
                "SystemCreationClassName": manager["SystemCreationClassName"],
                "SystemName": manager["SystemName"],
                "ObjectManagerCreationClassName": manager["CreationClassName"],
                "ObjectManagerName": manager["Name"],
                "CreationClassName": "CIM_Namespace",
                "Name": namespace.name,
                "ClassInfo": CLASS_INFO_CIM_2_8,
                "ClassType": CLASS_TYPE_CIM,
            },
            NAMESPACE,
        )
        transaction.create("CIM_NamespaceInManager", {"Antecedent": manager, "Dependent": described}, NAMESPACE)


class ObjectManager(ServiceLifeCycle):
    """CIM_ObjectManager: its state can be changed, yet the CIMOM goes on answering, or StartService could never be called."""
