"""Discovery in full: every way to central instances, and pywbemcli's commands on servers, namespaces, profiles and the like."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pywbem import CIMError, WBEMConnection, WBEMServer

import cimsim

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Launch, Run, Server

pytestmark = pytest.mark.longer  # an interpreter for each command
HYPERV = "root/virtualization/v2"
INTEROP = "root/interop"


@pytest.fixture(scope="module")
def own_server(launch: "Launch") -> Iterator["Server"]:
    with launch() as running:
        yield running


@pytest.fixture(scope="module")
def connection(connect: "Connect", own_server: "Server") -> WBEMConnection:
    return connect(own_server, INTEROP)


def said(pywbemcli: "Run", server: "Server", *arguments: str) -> str:
    """Return what a command of pywbemcli printed, which must be no complaint; runs of blanks become one."""
    printed = pywbemcli(server, INTEROP, *arguments)
    assert (printed.status, printed.err) == (0, ""), printed
    return re.sub(r"\s+", " ", printed.out)


# Central instances


def test_get_central_instances_is_declared_and_refused(connection: WBEMConnection) -> None:  # W11
    server = WBEMServer(connection)
    (profile,) = server.get_selected_profiles("DMTF", "System Virtualization")
    with pytest.raises(CIMError) as error:
        connection.InvokeMethod("GetCentralInstances", profile.path)
    assert error.value.status_code == 16


def test_every_way_to_central_instances(connection: WBEMConnection) -> None:  # W10, W11
    server = WBEMServer(connection)
    (profile,) = server.get_selected_profiles("DMTF", "System Virtualization")
    central = server.get_central_instances(profile.path)
    assert [(path.namespace, path["Name"]) for path in central] == [(HYPERV, "HVHOST01")]
    assert server.get_central_instances(profile.path, try_gci_method=True) == central
    scoped = server.get_central_instances(profile.path, "CIM_System", "CIM_ComputerSystem", ["CIM_HostedService"])
    assert scoped == central
    assert connection.AssociatorNames(profile.path, AssocClass="CIM_ReferencedProfile", ResultRole="Dependent") == []


def test_all_profiles_have_central_instances_or_none(connection: WBEMConnection) -> None:  # W9, W10
    server = WBEMServer(connection)
    for profile in server.profiles:
        for path in server.get_central_instances(profile.path):
            assert connection.GetInstance(path) is not None


@pytest.mark.parametrize(
    "name",
    [
        "CIM_Namespace",
        "CIM_ObjectManager",
        "CIM_RegisteredProfile",
        "CIM_ElementConformsToProfile",
        "CIM_ReferencedProfile",
        "CIM_IndicationFilter",
        "CIM_ListenerDestination",
        "CIM_ListenerDestinationCIMXML",
        "CIM_IndicationSubscription",
        "CIM_IndicationService",
        "CIM_InstModification",
        "CIM_CIMOMStatisticalData",
    ],
)
def test_the_interop_namespace_has_the_classes(connection: WBEMConnection, name: str) -> None:  # W14, I1, I2, I3
    cls = connection.GetClass(name, LocalOnly=False)
    keys = [prop.name for prop in cls.properties.values() if "Key" in prop.qualifiers]
    assert len(connection.EnumerateQualifiers()) > 50
    match name:
        case "CIM_IndicationSubscription":
            assert keys == ["Filter", "Handler"]
        case "CIM_IndicationFilter" | "CIM_ListenerDestination" | "CIM_ListenerDestinationCIMXML":
            assert keys == ["SystemCreationClassName", "SystemName", "CreationClassName", "Name"]


# pywbemcli


def test_server_commands(pywbemcli: "Run", own_server: "Server") -> None:  # CT3, W6, W7
    assert "cimsim" in said(pywbemcli, own_server, "server", "brand")
    info = said(pywbemcli, own_server, "server", "info")
    assert cimsim.__version__ in info
    assert HYPERV in info


def test_namespace_commands(pywbemcli: "Run", own_server: "Server") -> None:  # CT3, W12, W13
    assert "root/cli" not in said(pywbemcli, own_server, "namespace", "list")
    assert "Created namespace root/cli" in said(pywbemcli, own_server, "namespace", "create", "root/cli")
    assert "root/cli" in said(pywbemcli, own_server, "namespace", "list")
    assert INTEROP in said(pywbemcli, own_server, "namespace", "interop")
    assert "Deleted namespace root/cli" in said(pywbemcli, own_server, "namespace", "delete", "root/cli")
    refused = pywbemcli(own_server, INTEROP, "namespace", "delete", HYPERV)
    assert refused.status == 1
    assert "root/cli" not in said(pywbemcli, own_server, "namespace", "list")


def test_profile_commands(pywbemcli: "Run", own_server: "Server") -> None:  # CT3, W9, W10
    assert "System Virtualization" in said(pywbemcli, own_server, "profile", "list", "--organization", "DMTF")
    central = said(pywbemcli, own_server, "profile", "centralinsts", "--profile", "System Virtualization")
    assert "HVHOST01" in central


def test_statistics_commands(pywbemcli: "Run", connection: WBEMConnection, own_server: "Server") -> None:  # CT4, W6
    def gathers() -> bool:
        (manager,) = connection.EnumerateInstances("CIM_ObjectManager")
        return bool(manager["GatherStatisticalData"])

    assert "off" in said(pywbemcli, own_server, "statistics", "status")
    said(pywbemcli, own_server, "statistics", "server-on")
    assert gathers()
    said(pywbemcli, own_server, "statistics", "server-off")
    assert not gathers()


def test_subscription_commands(pywbemcli: "Run", own_server: "Server") -> None:  # CT4, I1 to I4, I8, I13, I14
    query = "SELECT * FROM CIM_InstModification"
    said(pywbemcli, own_server, "subscription", "add-destination", "d1", "--listener-url", "http://localhost:5990")
    said(pywbemcli, own_server, "subscription", "add-filter", "f1", "-q", query, "--source-namespaces", HYPERV)
    said(pywbemcli, own_server, "subscription", "add-subscription", "d1", "f1")
    listed = said(pywbemcli, own_server, "subscription", "list")
    assert "CIM_IndicationSubscription | 1 |" in listed
    assert "f1" in said(pywbemcli, own_server, "subscription", "list-filters")
    assert "d1" in said(pywbemcli, own_server, "subscription", "list-destinations")
    assert "f1" in said(pywbemcli, own_server, "subscription", "list-subscriptions")
    said(pywbemcli, own_server, "subscription", "remove-subscription", "d1", "f1")
    said(pywbemcli, own_server, "subscription", "remove-filter", "f1")
    said(pywbemcli, own_server, "subscription", "remove-destination", "d1")
