"""Variants of the population: which system hosts the services, and what the classes of services say of their methods.

Keys and classes cannot change under an instance. So the instances are taken out with all links to them, and put back changed.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from pywbem import CIMMethod, CIMQualifier

from cimsim.world.instances import Instance
from cimsim.world.paths import Identity, InstancePath
from cimsim.world.transaction import Transaction

NAMESPACE: Final = "root/cimv2/storage/iscsitarget"
SYSTEMS: Final = ("MSFTSM_System", "MSFTSM_ComputerSystem")


class _Taken(NamedTuple):
    """An instance that was taken out."""

    identity: Identity
    classname: str
    namespace: str
    properties: dict[str, Any]


def host(transaction: Transaction, classnames: Iterable[str], system: str) -> None:
    """Have a system host the instances of some classes; ``system`` is the name of the class of either."""
    (new,) = transaction.instances(system, NAMESPACE)
    hosts = {each.identity: new.path for name in SYSTEMS for each in transaction.instances(name, NAMESPACE)}
    hosted = [each for name in classnames for each in transaction.instances(name, NAMESPACE)]
    taken = _take(transaction, [each for each in hosted if each["SystemCreationClassName"] != system])
    paths: dict[Identity, InstancePath] = {}
    for each in taken:
        properties = each.properties
        if "SystemCreationClassName" in properties:
            properties["SystemCreationClassName"] = system
        else:
            # Links of both kinds lead to what was moved; those of hosting lead to the system as well.
            known = {**paths, **hosts} if each.classname.endswith(("HostedService", "HostedAccessPoint")) else paths
            for name, value in properties.items():
                if isinstance(value, InstancePath):
                    properties[name] = known.get(value.identity, value)
        paths[each.identity] = transaction.create(each.classname, properties, each.namespace).path


def describe_answers(transaction: Transaction, classnames: Iterable[str]) -> None:
    """Give StartService and StopService of some classes the value map that their pages print."""
    for classname in classnames:
        taken = _take(transaction, transaction.instances(classname, NAMESPACE))
        declared = transaction.cls(classname, NAMESPACE).declared.copy()
        for method in ("StartService", "StopService"):
            declared.methods[method] = CIMMethod(
                method,
                "uint32",
                qualifiers=[
                    CIMQualifier("Override", method, type="string", tosubclass=False),
                    CIMQualifier("ValueMap", ["0", "1", "2.."], type="string"),
                    CIMQualifier("Values", ["Success", "Not Supported", "Error"], type="string"),
                ],
            )
        transaction.modify_class(declared, NAMESPACE)
        for each in taken:
            transaction.create(each.classname, each.properties, each.namespace)


def _take(transaction: Transaction, instances: list[Instance]) -> list[_Taken]:
    """Delete instances and the links to them; return all of them, the instances first."""
    identities = [each.identity for each in instances]
    links = {
        link.identity: link
        for namespace in transaction.world.namespaces.values()
        for identity in identities
        for link in namespace.referring_to(identity)
    }
    taken = [_Taken(each.identity, each.cls.name, each.namespace, _properties(each)) for each in (*instances, *links.values())]
    for instance in instances:
        transaction.delete(instance)
    return taken


def _properties(instance: Instance) -> dict[str, Any]:
    return {prop.name: value for prop, value in zip(instance.cls.properties, instance.values, strict=True)}
