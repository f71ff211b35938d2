"""iSCSI nodes and ports: what the iSCSI configuration service of the simulated target server creates and deletes."""

from typing import TYPE_CHECKING, Any, Final

import pytest
from pywbem import CIMInstance, CIMInstanceName, Uint16, Uint32, WBEMConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.clients.conftest import Connect, Launch, Server, Snapshot

NAMESPACE: Final = "root/cimv2/storage/iscsitarget"
SERVICE: Final = "MSISCSITARGET_iSCSIConfigurationService"
NODE: Final = "MSISCSITARGET_SCSIProtocolController"
PORT: Final = "MSISCSITARGET_iSCSIProtocolEndpoint"
PORTAL: Final = "MSISCSITARGET_TCPProtocolEndpoint"
BACKUP: Final = "iqn.1991-05.com.microsoft:iscsisrv01-backup-target"
TARGET: Final = Uint16(3)


class Client:
    """Calls the methods of the service."""

    def __init__(self, conn: WBEMConnection) -> None:
        self.conn = conn
        (self.service,) = conn.EnumerateInstanceNames(SERVICE)
        self.portals: list[CIMInstanceName] = conn.EnumerateInstanceNames(PORTAL)

    def call(self, method: str, **arguments: Any) -> int:
        returned, self.outputs = self.conn.InvokeMethod(method, self.service, **arguments)
        return int(returned)

    def node(self, alias: str) -> CIMInstanceName:
        assert self.call("CreateiSCSINode", Alias=alias) == 0
        return self.outputs["iSCSINode"]

    def port(self, node: CIMInstanceName, *portals: CIMInstanceName, **arguments: Any) -> int:
        given = {"Role": TARGET, "NetworkPortals": list(portals)} | arguments
        return self.call("CreateiSCSIProtocolEndpoint", iSCSINode=node, **given)

    def new_port(self, node: CIMInstanceName, *portals: CIMInstanceName) -> CIMInstanceName:
        assert self.port(node, *portals) == 0
        return self.outputs["iSCSIPort"]

    def log_in(self, port: CIMInstanceName) -> CIMInstanceName:
        """Make a session, as an initiator would."""
        session = self.conn.CreateInstance(
            CIMInstance("MSISCSITARGET_iSCSISession", {"InstanceID": f"session at {port['Name']}"})
        )
        self.conn.CreateInstance(CIMInstance("MSISCSITARGET_EndpointOfNetworkPipe", {"Antecedent": port, "Dependent": session}))
        return session


@pytest.fixture
def client(connect: "Connect", changing_server: "Server") -> Client:
    return Client(connect(changing_server, NAMESPACE))


def missing(path: CIMInstanceName) -> CIMInstanceName:
    """Return a path like this one that leads nowhere."""
    copy = path.copy()
    key = "DeviceID" if "DeviceID" in copy.keybindings else "Name"
    copy[key] = "nowhere"
    return copy


# The population


def test_a_node_has_a_port_that_is_bound_down_to_an_address(iscsi: WBEMConnection) -> None:
    (node,) = iscsi.EnumerateInstances(NODE)
    assert (node["Name"], node["NameFormat"], node["ElementName"]) == (BACKUP, 3, "backup")
    (system,) = iscsi.AssociatorNames(node.path, AssocClass="CIM_SystemDevice")
    assert system.classname == "MSFTSM_ComputerSystem"
    (port,) = iscsi.Associators(node.path, AssocClass="MSISCSITARGET_SAPAvailableForElement")
    values = [port[name] for name in ("Role", "Identifier", "ConnectionType", "ProtocolIFType", "Name")]
    assert values == [3, "000000000001", 7, 1, f"{BACKUP},t,0x000000000001"]
    (portal,) = iscsi.Associators(port.path, AssocClass="CIM_BindsTo", ResultRole="Antecedent")
    assert (portal.classname, portal["PortNumber"], portal["ProtocolIFType"]) == (PORTAL, 3260, 4111)
    (address,) = iscsi.Associators(portal.path, AssocClass="CIM_BindsTo", ResultRole="Antecedent")
    assert (address.classname, address["IPv4Address"]) == ("MSFTSMNET_IPProtocolEndpoint", "192.0.2.10")


def test_the_service_tells_its_capabilities(iscsi: WBEMConnection) -> None:
    (service,) = iscsi.EnumerateInstanceNames(SERVICE)
    (capabilities,) = iscsi.Associators(service, AssocClass="CIM_ElementCapabilities")
    names = ("iSCSINodeCreationSupported", "iSCSIProtocolEndpointCreationSupported", "IdentifierSelectionSupported")
    assert [capabilities[name] for name in names] == [True, True, True]


# Nodes


def test_a_node_is_created_and_deleted(client: Client, snapshot: "Snapshot") -> None:
    before = snapshot(client.conn)
    path = client.node("Fast Disk")
    node = client.conn.GetInstance(path)
    assert (node["Name"], node["ElementName"]) == ("iqn.1991-05.com.microsoft:iscsisrv01-fast-disk-target", "Fast Disk")
    (system,) = client.conn.AssociatorNames(path, AssocClass="MSISCSITARGET_SystemDevice")
    assert system.classname == "MSFTSM_ComputerSystem"
    assert client.call("DeleteiSCSINode", iSCSINode=path) == 0
    assert snapshot(client.conn) == before


@pytest.mark.parametrize(("alias", "returned"), [("BACKUP", 4097), ("", 5), (None, 5)])
def test_a_node_needs_an_alias_of_its_own(client: Client, alias: str | None, returned: int) -> None:
    assert client.call("CreateiSCSINode", Alias=alias) == returned


def test_aliases_that_make_the_same_name_make_two_nodes(client: Client) -> None:
    nodes = [client.node("a b"), client.node("a-b")]
    names = [client.conn.GetInstance(each)["Name"] for each in nodes]
    assert len(set(names)) == 2
    assert all(name.startswith("iqn.1991-05.com.microsoft:iscsisrv01-a-b-") for name in names)
    assert [client.call("DeleteiSCSINode", iSCSINode=each) for each in nodes] == [0, 0]


def test_a_node_that_is_missing_or_none_is_not_deleted(client: Client) -> None:
    path = client.node("gone")
    assert client.call("DeleteiSCSINode", iSCSINode=path) == 0
    assert client.call("DeleteiSCSINode", iSCSINode=path) == 4096
    assert client.call("DeleteiSCSINode") == 5


def test_a_node_with_sessions_stays_with_its_ports(client: Client, snapshot: "Snapshot") -> None:
    before = snapshot(client.conn)
    node = client.node("busy")
    port = client.new_port(node, client.portals[0])
    session = client.log_in(port)
    during = snapshot(client.conn)
    assert client.call("DeleteiSCSINode", iSCSINode=node) == 4097
    assert client.call("DeleteiSCSIProtocolEndpoint", iSCSIPort=port) == 4
    assert snapshot(client.conn) == during
    client.conn.DeleteInstance(session)
    assert client.call("DeleteiSCSINode", iSCSINode=node) == 0
    assert snapshot(client.conn) == before


# Ports


def test_a_port_is_created_bound_and_deleted(client: Client, snapshot: "Snapshot") -> None:
    node = client.node("ports")
    before = snapshot(client.conn)
    path = client.new_port(node, *client.portals)
    port = client.conn.GetInstance(path)
    assert (port["Identifier"], port["Role"], port["ConnectionType"]) == ("000000000001", 3, 7)
    assert port["Name"] == f"{node['DeviceID']},t,0x000000000001"
    (owner,) = client.conn.AssociatorNames(path, AssocClass="MSISCSITARGET_SAPAvailableForElement")
    assert owner["DeviceID"] == node["DeviceID"]
    bound = client.conn.AssociatorNames(path, AssocClass="MSISCSITARGET_BindsTo")
    assert [each["Name"] for each in bound] == [each["Name"] for each in client.portals]
    assert client.call("DeleteiSCSIProtocolEndpoint", iSCSIPort=path) == 0
    assert snapshot(client.conn) == before
    assert client.call("DeleteiSCSIProtocolEndpoint", iSCSIPort=path) == 4096
    assert client.call("DeleteiSCSINode", iSCSINode=node) == 0


def test_a_client_may_choose_the_identifier_of_a_port(client: Client) -> None:
    node = client.node("chosen")
    first, second = client.portals
    assert client.port(node, first, Identifier="00000000000a") == 0
    assert client.conn.GetInstance(client.outputs["iSCSIPort"])["Identifier"] == "00000000000A"
    assert client.port(node, second, Identifier="00000000000A") == 4098
    assert client.port(node, second, Identifier="10") == 5
    assert client.port(node, second) == 0
    assert client.call("DeleteiSCSINode", iSCSINode=node) == 0


def test_what_a_port_needs(client: Client, snapshot: "Snapshot") -> None:
    node = client.node("needs")
    first, second = client.portals
    client.new_port(node, first)
    address = client.conn.EnumerateInstanceNames("MSFTSMNET_IPProtocolEndpoint")[0]
    alone = client.conn.CreateInstance(
        CIMInstance(PORTAL, dict(second.keybindings) | {"Name": "alone", "PortNumber": Uint32(1)})
    )
    before = snapshot(client.conn)
    answers = {
        "node missing": client.port(missing(node), second),
        "initiator": client.port(node, second, Role=Uint16(2)),
        "no role": client.port(node, second, Role=Uint16(7)),
        "no portal": client.port(node),
        "portal missing": client.port(node, missing(second)),
        "portal that is none": client.port(node, address),
        "portal without an address": client.port(node, alone),
        "portal in use": client.port(node, second, first),
    }
    assert answers == {
        "node missing": 4096,
        "initiator": 4097,
        "no role": 5,
        "no portal": 5,
        "portal missing": 4100,
        "portal that is none": 5,
        "portal without an address": 4101,
        "portal in use": 4102,
    }
    assert snapshot(client.conn) == before
    client.conn.DeleteInstance(alone)
    assert client.call("DeleteiSCSINode", iSCSINode=node) == 0


def test_a_port_is_bound_to_one_more_portal_and_let_go_by_deleteinstance(client: Client, snapshot: "Snapshot") -> None:
    node = client.node("bound")
    first, second = client.portals
    port = client.new_port(node, first)
    before = snapshot(client.conn)
    assert client.call("BindiSCSIProtocolEndPoint", iSCSIPort=port, NetworkPortal=second) == 0
    assert client.call("BindiSCSIProtocolEndPoint", iSCSIPort=port, NetworkPortal=second) == 0
    links = client.conn.ReferenceNames(port, ResultClass="MSISCSITARGET_BindsTo")
    (link,) = (each for each in links if each["Antecedent"]["Name"] == second["Name"])
    client.conn.DeleteInstance(link)
    assert snapshot(client.conn) == before
    other = client.new_port(node, second)
    answers = [
        client.call("BindiSCSIProtocolEndPoint", iSCSIPort=other, NetworkPortal=first),
        client.call("BindiSCSIProtocolEndPoint", iSCSIPort=missing(other), NetworkPortal=first),
        client.call("BindiSCSIProtocolEndPoint", iSCSIPort=other, NetworkPortal=missing(first)),
        client.call("BindiSCSIProtocolEndPoint", iSCSIPort=other),
    ]
    assert answers == [4098, 4096, 4096, 5]
    assert client.call("DeleteiSCSINode", iSCSINode=node) == 0


# Settings


@pytest.fixture(scope="module")
def limited(launch: "Launch", connect: "Connect") -> "Iterator[Client]":
    """A service that can do as little as the defaults of its capabilities say, and can be stopped."""
    settings = ("node_creation_supported=false", "identifier_selection_supported=false", "storage_services_profile=M")
    with launch(*(word for each in settings for word in ("--set", f"iscsitarget.{each}"))) as server:
        yield Client(connect(server, NAMESPACE))


def test_what_the_capabilities_lack_is_refused(limited: Client) -> None:
    (node,) = limited.conn.EnumerateInstanceNames(NODE)
    assert limited.call("CreateiSCSINode", Alias="new") == 4096
    assert limited.port(node, limited.portals[1], Identifier="000000000002") == 4099
    assert limited.call("DeleteiSCSIProtocolEndpoint", iSCSIPort=limited.new_port(node, limited.portals[1])) == 0


def test_a_stopped_service_refuses(limited: Client) -> None:
    (node,) = limited.conn.EnumerateInstanceNames(NODE)
    (port,) = limited.conn.EnumerateInstanceNames(PORT)
    assert limited.call("StopService") == 0
    try:
        answers = [
            limited.call("CreateiSCSINode", Alias="new"),
            limited.call("DeleteiSCSINode", iSCSINode=node),
            limited.port(node, limited.portals[1]),
            limited.call("DeleteiSCSIProtocolEndpoint", iSCSIPort=port),
            limited.call("BindiSCSIProtocolEndPoint", iSCSIPort=port, NetworkPortal=limited.portals[1]),
        ]
    finally:
        assert limited.call("StartService") == 0
    assert answers == [4] * 5


def test_ports_may_not_be_created_at_all(launch: "Launch", connect: "Connect") -> None:
    with launch("--set", "iscsitarget.port_creation_supported=false") as server:
        client = Client(connect(server, NAMESPACE))
        (node,) = client.conn.EnumerateInstanceNames(NODE)
        assert client.port(node, client.portals[1]) == 1
