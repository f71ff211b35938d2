"""iSCSI nodes, ports and network portals, and the service that creates and deletes nodes and ports.

A node is an MSISCSITARGET_SCSIProtocolController, its port an MSISCSITARGET_iSCSIProtocolEndpoint, a network portal an endpoint
of TCP that is bound to one of IP.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from cimsim.operations.methods import Invocation
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath
from cimsim.world.transaction import Transaction

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

_IDENTIFIER: Final = re.compile("[0-9A-Fa-f]{12}")
_UNFIT: Final = re.compile("[^a-z0-9.-]+")


class Refusal(Exception):  # noqa: N818 - the answer of a method, which is no error of the program
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
    stem = f"iqn.1991-05.com.microsoft:{system['Name'].lower()}-{_UNFIT.sub('-', alias.lower())}"
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
        Refusal: with ``missing``, or 5 if it is no endpoint of TCP; with ``unbound`` if it has no address; with ``in_use`` if
            one of the ``others``, ports of the same node, is bound to it.
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
    if _IDENTIFIER.fullmatch(given) is None:
        raise Refusal(INVALID)
    if given.upper() in taken:
        raise Refusal(in_use)
    return given.upper()


class NodeMethods:
    """The methods of CIM_iSCSIConfigurationService for nodes and ports; they act at once and have no jobs."""

    def CreateiSCSINode(self, call: Invocation) -> Any:
        """Create a node."""
        transaction, service = call.transaction, call.instance
        try:
            _check(transaction, service, "iSCSINodeCreationSupported", 4096)
            node = create_node(transaction, computer(transaction, service), call.arguments["Alias"], in_use=4097)
        except Refusal as refusal:
            return refusal.code
        return SUCCESS, {"iSCSINode": node}

    def DeleteiSCSINode(self, call: Invocation) -> int:
        """Delete a node and its ports, unless one of them has a session."""
        transaction = call.transaction
        try:
            _check(transaction, call.instance)
            node = find(transaction, call.arguments["iSCSINode"], NODE, missing=4096)
        except Refusal as refusal:
            return refusal.code
        ports = ports_of(transaction, node)
        if any(has_session(transaction, port) for port in ports):
            return 4097
        for each in (*ports, node):
            transaction.delete(each)
        return SUCCESS

    def CreateiSCSIProtocolEndpoint(self, call: Invocation) -> Any:
        """Create a port of a node."""
        transaction, service = call.transaction, call.instance
        try:
            _check(transaction, service, "iSCSIProtocolEndpointCreationSupported", NOT_SUPPORTED)
            port = self._port(call, service)
        except Refusal as refusal:
            return refusal.code
        return SUCCESS, {"iSCSIPort": port}

    def _port(self, call: Invocation, service: Instance) -> Instance:
        transaction, arguments = call.transaction, call.arguments
        node = find(transaction, arguments["iSCSINode"], NODE, missing=4096)
        if arguments["Role"] not in (INITIATOR, TARGET):
            raise Refusal(INVALID)
        if arguments["Role"] == INITIATOR:
            raise Refusal(4097)
        if arguments["Identifier"] is not None:
            _check(transaction, service, "IdentifierSelectionSupported", 4099)
        others = ports_of(transaction, node)
        identifier = choose_identifier(arguments["Identifier"], {each["Identifier"].upper() for each in others}, in_use=4098)
        if not arguments["NetworkPortals"]:
            raise Refusal(INVALID)
        portals = {}
        for path in arguments["NetworkPortals"]:
            portal = portal_for(transaction, path, others, missing=4100, unbound=4101, in_use=4102)
            portals[portal.identity] = portal
        return create_port(transaction, computer(transaction, service), node, identifier, list(portals.values()))

    def DeleteiSCSIProtocolEndpoint(self, call: Invocation) -> int:
        """Delete a port, unless it has a session."""
        transaction = call.transaction
        try:
            _check(transaction, call.instance)
            port = find(transaction, call.arguments["iSCSIPort"], PORT, missing=4096)
        except Refusal as refusal:
            return refusal.code
        if has_session(transaction, port):
            return FAILED
        transaction.delete(port)
        return SUCCESS

    def BindiSCSIProtocolEndPoint(self, call: Invocation) -> int:
        """Bind a port to one more network portal; one that it is bound to already changes nothing."""
        transaction, arguments = call.transaction, call.arguments
        try:
            _check(transaction, call.instance)
            port = find(transaction, arguments["iSCSIPort"], PORT, missing=4096)
            others = [
                each
                for node in transaction.associators(port, OF_NODE, NODE, role="AvailableSAP")
                for each in ports_of(transaction, node)
                if each.identity != port.identity
            ]
            portal = portal_for(transaction, arguments["NetworkPortal"], others, missing=4096, unbound=4097, in_use=4098)
        except Refusal as refusal:
            return refusal.code
        bound = {each.identity for each in transaction.associators(port, BINDING, role="Dependent")}
        if portal.identity not in bound:
            transaction.create(BINDING, {"Antecedent": portal, "Dependent": port})
        return SUCCESS


def _check(transaction: Transaction, service: Instance, ability: str | None = None, code: int = NOT_SUPPORTED) -> None:
    """Refuse with 4 if the service is stopped, with ``code`` if its capabilities lack an ability."""
    if service["Started"] is False:
        raise Refusal(FAILED)
    if ability is not None:
        abilities = transaction.associators(service, "CIM_ElementCapabilities", "CIM_iSCSIConfigurationCapabilities")
        if not any(each[ability] for each in abilities):
            raise Refusal(code)
