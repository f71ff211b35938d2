"""Discovery through the Interop namespace, as pywbem's WBEMServer does it (rules W)."""

from typing import TYPE_CHECKING

from pywbem import CIMInstanceName, WBEMConnection, WBEMServer

import cimsim

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Server


def server_of(connect: "Connect", server: "Server") -> WBEMServer:
    return WBEMServer(connect(server, "root/virtualization/v2"))


def test_brand_and_version(connect: "Connect", server: "Server") -> None:  # W6, W7
    wbem = server_of(connect, server)
    assert (wbem.brand, wbem.version) == ("cimsim", cimsim.__version__)
    assert wbem.cimom_inst["GatherStatisticalData"] is False


def test_namespaces(connect: "Connect", server: "Server") -> None:  # W1 to W5
    wbem = server_of(connect, server)
    assert wbem.interop_ns.lower() in {"interop", "root/interop"}
    assert {"root/virtualization/v2", "root/cimv2/storage/iscsitarget", wbem.interop_ns} <= set(wbem.namespaces)
    assert wbem.namespace_classname == "CIM_Namespace"
    paths = {path["Name"]: path for path in wbem.namespace_paths}
    assert paths["root/virtualization/v2"]["ObjectManagerName"] == wbem.cimom_inst["Name"]


def test_profiles(connect: "Connect", server: "Server") -> None:  # W9
    wbem = server_of(connect, server)
    names = {(wbem.conn.GetInstance(profile.path)["RegisteredName"]) for profile in wbem.profiles}
    assert {"System Virtualization", "Server", "Array", "Profile Registration"} <= names
    (selected,) = wbem.get_selected_profiles(registered_org="DMTF", registered_name="System Virtualization")
    assert selected["RegisteredVersion"] == "1.0.0"


def test_central_instances_live_in_their_own_namespaces(connect: "Connect", server: "Server") -> None:  # W10, OP-AS-8
    wbem = server_of(connect, server)
    (profile,) = wbem.get_selected_profiles(registered_name="System Virtualization")
    (host,) = wbem.get_central_instances(profile.path)
    assert isinstance(host, CIMInstanceName)
    assert (host.namespace, host["Name"]) == ("root/virtualization/v2", "HVHOST01")
    assert wbem.conn.GetInstance(host)["ElementName"] == "HVHOST01"


def test_the_mechanism_is_linked_and_truthful(interop: WBEMConnection) -> None:  # W8
    (manager,) = interop.EnumerateInstanceNames("CIM_ObjectManager")
    (mechanism,) = interop.Associators(manager, AssocClass="CIM_CommMechanismForManager")
    assert mechanism["FunctionalProfilesSupported"] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert mechanism["MultipleOperationsSupported"] is True


def test_the_indication_service_follows_its_profile(connect: "Connect", server: "Server") -> None:  # W9, W10
    wbem = server_of(connect, server)
    (profile,) = wbem.get_selected_profiles(registered_org="DMTF", registered_name="Indications")
    assert profile["RegisteredVersion"] == "1.2.0"
    (service,) = wbem.get_central_instances(profile.path)
    assert service.classname == "CIM_IndicationService"
    conn = wbem.conn
    (abilities,) = conn.Associators(service, AssocClass="CIM_ElementCapabilities")
    settable = {name.removesuffix("IsSettable") for name, value in abilities.items() if value is True}
    declared = conn.GetClass("CIM_IndicationService", namespace="root/interop", LocalOnly=True).properties
    assert settable == {name for name, prop in declared.items() if "Write" in prop.qualifiers}
    owned = conn.AssociatorNames(service, AssocClass="CIM_OwningCollectionElement")
    assert [each["InstanceID"] for each in owned] == ["cimsim:hyperv:filters"]
    (referred,) = conn.Associators(profile.path, AssocClass="CIM_ReferencedProfile", ResultRole="Antecedent")
    assert referred["RegisteredName"] == "Profile Registration"
