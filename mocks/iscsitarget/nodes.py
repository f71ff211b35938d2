"""iSCSI nodes, ports and network portals: finding, creating and binding them.

A node is an MSISCSITARGET_SCSIProtocolController, its port an MSISCSITARGET_iSCSIProtocolEndpoint, a network portal an endpoint
of TCP that is bound to one of IP.
"""

import re
from collections.abc import Sequence
from typing import Final

from cimsim.providers import Instance, InstancePath, Transaction, fold

NODE: Final = "MSISCSITARGET_SCSIProtocolController"
PORT: Final = "MSISCSITARGET_iSCSIProtocolEndpoint"
PORTAL: Final = "CIM_TCPProtocolEndpoint"
BINDING: Final = "MSISCSITARGET_BindsTo"
OF_NODE: Final = "MSISCSITARGET_SAPAvailableForElement"

INITIATOR: Final = 2
TARGET: Final = 3
ISCSI_NAME: Final = 3
ENABLED: Final = 2

# Return values that all methods share; each has its own from 4096 on.
SUCCESS: Final = 0
NOT_SUPPORTED: Final = 1
FAILED: Final = 4
INVALID: Final = 5

_IDENTIFIER: Final = "[0-9A-Fa-f]{12}"
_UNFIT: Final = "[^a-z0-9.-]+"


class Refusal(Exception):  # noqa: N818 - it is the answer of a method, not an error of the program
    """Ends a method with a return value."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def computer(transaction: Transaction, service: Instance) -> Instance:
    """Return the computer system that hosts the service."""
    (system,) = transaction.associators(service, "CIM_HostedService", "CIM_System")
    return system


def find(transaction: Transaction, path: InstancePath | None, classname: str, missing: int) -> Instance:
    """Return the instance of a class that an argument refers to.

    Raises:
        Refusal: with ``missing`` if it does not exist, with 5 if the argument is NULL or the instance of another class.
    """
    if path is None:
        raise Refusal(INVALID)
    instance = transaction.world.find(path.identity)
    if instance is None:
        raise Refusal(missing)
    if not instance.cls.is_a(fold(classname)):
        raise Refusal(INVALID)
    return instance


def create_node(transaction: Transaction, system: Instance, alias: str | None, in_use: int) -> Instance:
    """Create a node whose iSCSI name is made from the name of the computer and the alias, as Windows does.

    Raises:
        Refusal: with ``in_use`` if another node has the alias, with 5 if there is none.
    """
    if not alias:
        raise Refusal(INVALID)
    nodes = transaction.instances(NODE)
    if any(str(each["ElementName"]).lower() == alias.lower() for each in nodes):
        raise Refusal(in_use)
    stem = f"iqn.1991-05.com.microsoft:{system['Name'].lower()}-{re.sub(_UNFIT, '-', alias.lower())}"
    taken = {each["DeviceID"] for each in nodes}
    name = f"{stem}-target"
    while name in taken:
        name = f"{stem}-{transaction.serial(stem)}-target"
    node = transaction.create(
        NODE,
        {
            "SystemCreationClassName": system["CreationClassName"],
            "SystemName": system["Name"],
            "CreationClassName": NODE,
            "DeviceID": name,
            "Name": name,
            "NameFormat": ISCSI_NAME,
            "ElementName": alias,
            "OperationalStatus": [2],
        },
    )
    transaction.create("MSISCSITARGET_SystemDevice", {"GroupComponent": system, "PartComponent": node})
    return node


def create_port(
    transaction: Transaction, system: Instance, node: Instance, identifier: str, portals: Sequence[Instance]
) -> Instance:
    """Create a port of a node and bind it to network portals."""
    port = transaction.create(
        PORT,
        {
            "SystemCreationClassName": system["CreationClassName"],
            "SystemName": system["Name"],
            "CreationClassName": PORT,
            "Name": f"{node['Name']},t,0x{identifier}",
            "Identifier": identifier,
            "Role": TARGET,
            "EnabledState": ENABLED,
            "OperationalStatus": [2],
        },
    )
    transaction.create("MSISCSITARGET_HostedAccessPoint", {"Antecedent": system, "Dependent": port})
    transaction.create(OF_NODE, {"AvailableSAP": port, "ManagedElement": node})
    for portal in portals:
        transaction.create(BINDING, {"Antecedent": portal, "Dependent": port})
    return port


def ports_of(transaction: Transaction, node: Instance) -> list[Instance]:
    """Return the ports of a node."""
    return transaction.associators(node, OF_NODE, PORT, role="ManagedElement")


def has_session(transaction: Transaction, port: Instance) -> bool:
    """Return whether an initiator is logged in at the port."""
    return bool(transaction.associators(port, "CIM_EndpointOfNetworkPipe", "CIM_iSCSISession"))


def portal_for(
    transaction: Transaction, path: InstancePath | None, others: Sequence[Instance], *, missing: int, unbound: int, in_use: int
) -> Instance:
    """Return the network portal that an argument refers to, if a port may be bound to it.

    Raises:
        Refusal: with ``missing``, or 5 if it is not an endpoint of TCP; with ``unbound`` if it has no address; with ``in_use``
            if one of the ``others``, ports of the same node, is bound to it.
    """
    portal = find(transaction, path, PORTAL, missing)
    if not transaction.associators(portal, "CIM_BindsTo", "CIM_IPProtocolEndpoint", role="Dependent"):
        raise Refusal(unbound)
    bound = {each.identity for each in transaction.associators(portal, "CIM_BindsTo", PORT, role="Antecedent")}
    if any(each.identity in bound for each in others):
        raise Refusal(in_use)
    return portal


def choose_identifier(given: str | None, taken: set[str], in_use: int) -> str:
    """Return the identifier of a new port: the one given, or the lowest free number.

    Raises:
        Refusal: with ``in_use``, or 5 if it does not have 12 hexadecimal digits.
    """
    if given is None:
        number = 1
        while f"{number:012X}" in taken:
            number += 1
        return f"{number:012X}"
    if re.fullmatch(_IDENTIFIER, given) is None:
        raise Refusal(INVALID)
    if given.upper() in taken:
        raise Refusal(in_use)
    return given.upper()


def check(transaction: Transaction, service: Instance, ability: str | None = None, code: int = NOT_SUPPORTED) -> None:
    """Check that the service runs, and that its capabilities have an ability.

    Raises:
        Refusal: with 4 if the service is stopped, with ``code`` if its capabilities lack the ability.
    """
    if service["Started"] is False:
        raise Refusal(FAILED)
    if ability is not None:
        abilities = transaction.associators(service, "CIM_ElementCapabilities", "CIM_iSCSIConfigurationCapabilities")
        if not any(each[ability] for each in abilities):
            raise Refusal(code)
