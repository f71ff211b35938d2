"""Which system hosts the services: part of their keys."""

from collections.abc import Iterable
from typing import Final

from cimsim.providers import Identity, InstancePath, Transaction, take

NAMESPACE: Final = "root/cimv2/storage/iscsitarget"
SYSTEMS: Final = ("MSFTSM_System", "MSFTSM_ComputerSystem")


def host(transaction: Transaction, classnames: Iterable[str], system: str) -> None:
    """Have a system host the instances of some classes; ``system`` is the name of the class of either."""
    (new,) = transaction.instances(system, NAMESPACE)
    hosts = {each.identity: new.path for name in SYSTEMS for each in transaction.instances(name, NAMESPACE)}
    hosted = [each for name in classnames for each in transaction.instances(name, NAMESPACE)]
    taken = take(transaction, [each for each in hosted if each["SystemCreationClassName"] != system])
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
