"""MSISCSITARGET_iSCSIConfigurationService with its methods for nodes and ports; what these do is in ``nodes``."""

from typing import Any

from cimsim.providers import Instance, Invocation

from .nodes import (
    BINDING,
    FAILED,
    INITIATOR,
    INVALID,
    NODE,
    NOT_SUPPORTED,
    OF_NODE,
    PORT,
    SUCCESS,
    TARGET,
    Refusal,
    check,
    choose_identifier,
    computer,
    create_node,
    create_port,
    find,
    has_session,
    portal_for,
    ports_of,
)
from .storage_service import StorageService


class IscsiConfigurationService(StorageService):
    """MSISCSITARGET_iSCSIConfigurationService: creates and deletes nodes and ports, at once and without jobs."""

    def CreateiSCSINode(self, call: Invocation) -> Any:
        """Create a node."""
        transaction, service = call.transaction, call.instance
        try:
            check(transaction, service, "iSCSINodeCreationSupported", 4096)
            node = create_node(transaction, computer(transaction, service), call.arguments["Alias"], in_use=4097)
        except Refusal as refusal:
            return refusal.code
        return SUCCESS, {"iSCSINode": node}

    def DeleteiSCSINode(self, call: Invocation) -> int:
        """Delete a node and its ports, unless one of them has a session."""
        transaction = call.transaction
        try:
            check(transaction, call.instance)
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
            check(transaction, service, "iSCSIProtocolEndpointCreationSupported", NOT_SUPPORTED)
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
            check(transaction, service, "IdentifierSelectionSupported", 4099)
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
            check(transaction, call.instance)
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
            check(transaction, call.instance)
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
