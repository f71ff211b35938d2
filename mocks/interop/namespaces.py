"""The namespaces as instances: creating one creates a namespace, deleting one deletes it (rules W3, W4, W5, W12, W13)."""

import re
from typing import Any, Final

from cimsim.providers import (
    Instance,
    Provider,
    ResolvedClass,
    Transaction,
    already_exists,
    fold_namespace,
    invalid_parameter,
    not_supported,
)

from .manager import NAMESPACE, complete, object_manager

# ClassInfo and ClassType of CIM_Namespace: CIM classes, at least version 2.8.
CLASS_INFO_CIM_2_8: Final = 11
CLASS_TYPE_CIM: Final = 2
LINK: Final = "CIM_NamespaceInManager"
_COMPONENT: Final = r"[^\W\d][\w.-]*"


class Namespaces(Provider):
    """CIM_Namespace: its instances are the namespaces."""

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Create an empty namespace; all but Name may be left out, ClassInfo too (rule W12)."""
        given = properties.get("Name") or ""
        name = given.replace("\\", "/").strip("/")
        if not all(re.fullmatch(_COMPONENT, part) for part in name.split("/")):
            raise invalid_parameter(f"{given!r} cannot be the name of a namespace")
        if fold_namespace(name) in transaction.world.namespaces:
            raise already_exists(f"namespace {name} exists already")
        described = _describe(transaction, cls.name, {**properties, "Name": name})
        transaction.create_namespace(name)
        return described

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        """Delete a namespace, which must be empty; this one stays (rule W13)."""
        if fold_namespace(instance["Name"]) == NAMESPACE:
            raise not_supported(f"namespace {instance['Name']} cannot be deleted: it describes the server")
        transaction.delete_namespace(instance["Name"])
        transaction.delete(instance)

    def namespaces_changed(self, transaction: Transaction) -> None:
        """Describe the namespaces that are, and no other."""
        describe_all(transaction)


class NamespaceLinks(Provider):
    """CIM_NamespaceInManager: its instances come and go with the namespaces (rule W3)."""

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Refuse: a namespace has its link."""
        raise not_supported(f"{cls.name} comes with its namespace: create an instance of CIM_Namespace")

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        """Refuse: what there is would no longer be listed."""
        raise not_supported(f"{instance.path} goes with its namespace: delete the instance of CIM_Namespace")


def describe_all(transaction: Transaction) -> None:
    """Make the instances of CIM_Namespace, and their links, those of the namespaces that exist (rules W3, W5)."""
    described = {fold_namespace(each["Name"]): each for each in transaction.instances("CIM_Namespace", NAMESPACE)}
    for folded, instance in described.items():
        if folded not in transaction.world.namespaces:
            transaction.delete(instance)
        elif not transaction.associators(instance, LINK, role="Dependent"):
            _link(transaction, instance)
    for folded, namespace in list(transaction.world.namespaces.items()):
        if folded not in described:
            _describe(transaction, "CIM_Namespace", {"Name": namespace.name})


def _describe(transaction: Transaction, classname: str, properties: dict[str, Any]) -> Instance:
    """Create the instance of a namespace, with the keys of the object manager (rule W4), and its link to that."""
    manager = object_manager(transaction)
    keys = {
        "SystemCreationClassName": manager["SystemCreationClassName"],
        "SystemName": manager["SystemName"],
        "ObjectManagerCreationClassName": manager["CreationClassName"],
        "ObjectManagerName": manager["Name"],
        "CreationClassName": classname,
    }
    defaults = {"ClassInfo": CLASS_INFO_CIM_2_8, "ClassType": CLASS_TYPE_CIM}
    given = {name: value for name, value in properties.items() if value is not None}
    described = transaction.create(classname, complete(classname, {**defaults, **given}, keys), NAMESPACE)
    _link(transaction, described)
    return described


def _link(transaction: Transaction, described: Instance) -> None:
    """Have the object manager list a namespace."""
    transaction.create(LINK, {"Antecedent": object_manager(transaction), "Dependent": described}, NAMESPACE)
