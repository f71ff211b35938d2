"""Namespaces that clients create and delete, and indication filters, destinations and subscriptions beside them."""

from typing import TYPE_CHECKING, Any

import pytest
from pywbem import (
    CIMClass,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    CIMProperty,
    CIMQualifier,
    CIMQualifierDeclaration,
    Uint16,
    WBEMConnection,
    WBEMServer,
    WBEMSubscriptionManager,
)

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Server

INTEROP = "root/interop"
SHIPPED = {"root/interop", "root/virtualization/v2", "root/cimv2/storage/iscsitarget", "root/cimv2"}


@pytest.fixture(scope="module")
def connection(connect: "Connect", changing_server: "Server") -> WBEMConnection:
    return connect(changing_server, INTEROP)


@pytest.fixture
def server(connection: WBEMConnection) -> WBEMServer:
    return WBEMServer(connection)


def refused(code: int, run: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(CIMError) as error:
        run(*arguments, **named)
    assert error.value.status_code == code, error.value
    return str(error.value.status_description)


def names(connection: WBEMConnection) -> set[str]:
    return {path["Name"] for path in connection.EnumerateInstanceNames("CIM_Namespace")}


# Namespaces


def listed(connection: WBEMConnection) -> set[str]:
    """Return the namespaces that the object manager is linked to."""
    (manager,) = connection.EnumerateInstanceNames("CIM_ObjectManager")
    links = connection.References(manager, ResultClass="CIM_NamespaceInManager")
    assert len(links) == len(connection.EnumerateInstanceNames("CIM_NamespaceInManager"))
    return {link["Dependent"]["Name"] for link in links}


def test_the_object_manager_lists_all_namespaces_whatever_clients_do(connection: WBEMConnection) -> None:  # W3
    path = connection.CreateInstance(CIMInstance("CIM_Namespace", {"Name": "root/listed"}))
    assert listed(connection) == names(connection) >= {*SHIPPED, "root/listed"}
    (link,) = connection.ReferenceNames(path, ResultClass="CIM_NamespaceInManager")
    refused(7, connection.DeleteInstance, link)
    again = CIMInstance("CIM_NamespaceInManager", {"Antecedent": link["Antecedent"], "Dependent": path})
    refused(7, connection.CreateInstance, again)
    assert "root/listed" in listed(connection)
    connection.DeleteInstance(path)
    assert listed(connection) == names(connection)
    assert "root/listed" not in listed(connection)


def test_the_object_manager_stays_the_only_one(connection: WBEMConnection) -> None:  # W6
    (manager,) = connection.EnumerateInstances("CIM_ObjectManager")
    refused(7, connection.DeleteInstance, manager.path)
    refused(7, connection.CreateInstance, CIMInstance("CIM_ObjectManager", {**manager.path.keybindings, "Name": "second"}))
    assert connection.EnumerateInstanceNames("CIM_ObjectManager") == [manager.path]


def test_pywbem_creates_and_deletes_a_namespace(connection: WBEMConnection, server: WBEMServer) -> None:  # W5, W12, W13
    assert server.create_namespace("/root/new/") == "root/new"
    assert set(server.namespaces) == {*SHIPPED, "root/new"}
    assert connection.EnumerateClassNames(namespace="root/new") == []
    assert connection.EnumerateQualifiers(namespace="root/NEW") == []
    refused(11, server.create_namespace, "Root/New")
    assert server.delete_namespace("root/new") == "root/new"
    assert set(server.namespaces) == SHIPPED
    refused(3, connection.EnumerateClassNames, namespace="root/new")


def test_a_name_is_enough(connection: WBEMConnection) -> None:  # W4, W12, OP-CI-7
    path = connection.CreateInstance(CIMInstance("CIM_Namespace", {"Name": "//root/plain/"}))
    (manager,) = connection.EnumerateInstances("CIM_ObjectManager")
    assert dict(path.keybindings) == {
        "SystemCreationClassName": manager["SystemCreationClassName"],
        "SystemName": manager["SystemName"],
        "ObjectManagerCreationClassName": "CIM_ObjectManager",
        "ObjectManagerName": manager["Name"],
        "CreationClassName": "CIM_Namespace",
        "Name": "root/plain",
    }
    assert connection.GetInstance(path)["ClassInfo"] == 11
    (owner,) = connection.AssociatorNames(path, AssocClass="CIM_NamespaceInManager")
    assert owner["Name"] == manager["Name"]
    change = CIMInstance("CIM_Namespace", {"ClassInfo": Uint16(10)}, path=path)
    connection.ModifyInstance(change)
    assert connection.GetInstance(path)["ClassInfo"] == 10
    connection.DeleteInstance(path)
    assert names(connection) == SHIPPED
    assert len(connection.EnumerateInstanceNames("CIM_NamespaceInManager")) == len(SHIPPED)


@pytest.mark.parametrize(
    ("code", "properties"),
    [
        (4, {}),
        (4, {"Name": "/"}),
        (4, {"Name": "root//twice"}),
        (4, {"Name": "root/a:b"}),
        (4, {"Name": "root/x", "SystemName": "elsewhere"}),
        (4, {"Name": "root/x", "CreationClassName": "CIM_Other"}),
        (11, {"Name": "ROOT/Interop"}),
    ],
)
def test_a_namespace_is_refused(connection: WBEMConnection, code: int, properties: dict[str, Any]) -> None:  # W4, W12, G14
    refused(code, connection.CreateInstance, CIMInstance("CIM_Namespace", properties))
    assert names(connection) == SHIPPED


def test_only_empty_namespaces_are_deleted(connection: WBEMConnection) -> None:  # W13
    path = connection.CreateInstance(CIMInstance("CIM_Namespace", {"Name": "root/full"}))
    connection.SetQualifier(CIMQualifierDeclaration("Key", "boolean", value=False), namespace="root/full")
    assert "(qualifiers: 1)" in refused(20, connection.DeleteInstance, path)
    key = CIMProperty("Id", None, "string", qualifiers=[CIMQualifier("Key", True)])
    connection.CreateClass(CIMClass("Test_Thing", [key]), namespace="root/full")
    thing = connection.CreateInstance(CIMInstance("Test_Thing", {"Id": "a"}), namespace="root/full")
    text = refused(20, connection.DeleteInstance, path)
    assert text == "namespace root/full is not empty (classes: 1, qualifiers: 1, instances: 1)"
    connection.DeleteInstance(thing)
    connection.DeleteClass("Test_Thing", namespace="root/full")
    connection.DeleteQualifier("Key", namespace="root/full")
    connection.DeleteInstance(path)
    assert names(connection) == SHIPPED


def test_the_interop_namespace_stays(connection: WBEMConnection) -> None:  # W13
    (path,) = (path for path in connection.EnumerateInstanceNames("CIM_Namespace") if path["Name"] == INTEROP)
    assert "cannot be deleted" in refused(7, connection.DeleteInstance, path)


def test_a_subclass_describes_namespaces_too(connection: WBEMConnection) -> None:  # W5, W12
    connection.CreateClass(CIMClass("Test_Namespace", superclass="CIM_Namespace"))
    path = connection.CreateInstance(CIMInstance("Test_Namespace", {"Name": "root/sub"}))
    assert (path.classname, path["CreationClassName"]) == ("Test_Namespace", "Test_Namespace")
    assert names(connection) == {*SHIPPED, "root/sub"}
    connection.DeleteInstance(path)
    refused(3, connection.EnumerateQualifiers, namespace="root/sub")
    connection.DeleteClass("Test_Namespace")


# Subscriptions

QUERY = "SELECT * FROM CIM_InstModification WHERE SourceInstance ISA CIM_ComputerSystem"


def the_filter(name: str = "f1", **more: Any) -> CIMInstance:
    return CIMInstance("CIM_IndicationFilter", {"Name": name, "Query": QUERY, "QueryLanguage": "WQL", **more})


def the_destination(name: str = "d1", **more: Any) -> CIMInstance:
    return CIMInstance("CIM_ListenerDestinationCIMXML", {"Name": name, "Destination": "http://localhost:5990", **more})


def test_the_server_fills_the_keys(connection: WBEMConnection) -> None:  # I2, I3, I4, I10
    created = (
        connection.CreateInstance(the_filter()),
        connection.CreateInstance(the_destination(SystemName=CIMProperty("SystemName", None, "string"))),
    )
    for path in created:
        assert (path["SystemCreationClassName"], path["SystemName"]) == ("CIM_ComputerSystem", "cimsim")
        assert path["CreationClassName"] == path.classname
    destination = connection.GetInstance(created[1])
    assert (destination["PersistenceType"], destination["Protocol"]) == (2, 2)
    refused(11, connection.CreateInstance, the_filter(SystemName="elsewhere"))
    refused(4, connection.CreateInstance, CIMInstance("CIM_IndicationFilter", {"Name": "f2", "QueryLanguage": "WQL"}))
    refused(11, connection.CreateInstance, the_filter())
    for path in created:
        connection.DeleteInstance(path)


def test_the_clients_own_name_for_the_system_is_replaced(connection: WBEMConnection) -> None:  # I4
    """Also where the client refers to what it made by the keys that it gave, and by a host."""
    theirs = {"SystemCreationClassName": "ACME_System", "SystemName": "java-host", "CreationClassName": "ACME_Class"}
    created = {
        "Filter": connection.CreateInstance(the_filter("mine", **theirs)),
        "Handler": connection.CreateInstance(the_destination("mine", **theirs)),
    }
    own = {"SystemCreationClassName": "CIM_ComputerSystem", "SystemName": "cimsim", "Name": "mine"}
    for path in created.values():
        assert dict(path.keybindings) == {**own, "CreationClassName": path.classname}
        assert dict(connection.GetInstance(path).path.keybindings) == dict(path.keybindings)
    ends = {
        name: CIMInstanceName(path.classname, {**theirs, "Name": "mine"}, namespace=INTEROP, host="java-host")
        for name, path in created.items()
    }
    subscription = connection.CreateInstance(CIMInstance("CIM_IndicationSubscription", ends))
    assert dict(subscription.keybindings) == created
    refused(11, connection.CreateInstance, CIMInstance("CIM_IndicationSubscription", created))
    for path in (subscription, *created.values()):
        connection.DeleteInstance(path)


def test_languages_for_indications(connection: WBEMConnection) -> None:  # I6
    refused(14, connection.CreateInstance, the_filter(QueryLanguage="DMTF:FQL"))
    for language in ("wql", "DMTF:CQL", "CIM:CQL"):
        path = connection.CreateInstance(the_filter(QueryLanguage=language))
        connection.ModifyInstance(CIMInstance(path.classname, {"QueryLanguage": "WQL"}, path=path))
        refused(14, connection.ModifyInstance, CIMInstance(path.classname, {"QueryLanguage": "SQL"}, path=path))
        connection.DeleteInstance(path)


def test_filters_live_in_the_interop_namespace(connection: WBEMConnection) -> None:  # I5
    for instance in (the_filter(), the_destination()):
        refused(5, connection.CreateInstance, instance, namespace="root/virtualization/v2")


def test_a_subscription(connection: WBEMConnection) -> None:  # I1, I8, I9, I10, I11, I13
    ends = {"Filter": connection.CreateInstance(the_filter()), "Handler": connection.CreateInstance(the_destination())}
    path = connection.CreateInstance(CIMInstance("CIM_IndicationSubscription", ends))
    assert dict(path.keybindings) == ends
    made = connection.GetInstance(path)
    policies = ("OnFatalErrorPolicy", "SubscriptionState", "RepeatNotificationPolicy")
    assert [made[name] for name in policies] == [2, 2, 2]
    # pywbem compares these with paths that have a namespace and no host.
    (listed,) = connection.EnumerateInstances("CIM_IndicationSubscription")
    for name, end in ends.items():
        assert (end.namespace, end.host) == (INTEROP, None)
        assert made[name] == listed[name] == listed.path[name] == end
        (reference,) = connection.ReferenceNames(end, ResultClass="CIM_IndicationSubscription")
        assert reference.keybindings == path.keybindings
    refused(11, connection.CreateInstance, CIMInstance("CIM_IndicationSubscription", ends))
    for end in ends.values():
        assert "delete that first" in refused(1, connection.DeleteInstance, end)
        refused(1, connection.ModifyInstance, CIMInstance(end.classname, {_TEXT[end.classname]: "http://else"}, path=end))
        connection.ModifyInstance(with_path(connection, end))
    connection.ModifyInstance(CIMInstance(path.classname, {"SubscriptionState": Uint16(4)}, path=path))
    changed = connection.GetInstance(path)
    assert changed["SubscriptionState"] == 4
    assert changed["TimeOfLastStateChange"].datetime >= made["TimeOfLastStateChange"].datetime
    assert changed["SubscriptionStartTime"] == made["SubscriptionStartTime"]
    refused(
        4,
        connection.ModifyInstance,
        CIMInstance(path.classname, [CIMProperty("SubscriptionStartTime", None, "datetime")], path=path),
    )
    connection.DeleteInstance(path)
    for end in ends.values():
        connection.DeleteInstance(end)


_TEXT = {"CIM_IndicationFilter": "Query", "CIM_ListenerDestinationCIMXML": "Destination"}


def with_path(connection: WBEMConnection, path: CIMInstanceName) -> CIMInstance:
    """Return the instance as it is: sending that back changes nothing."""
    instance = connection.GetInstance(path)
    instance.path = path
    return instance


def test_a_subscription_needs_both_ends(connection: WBEMConnection) -> None:  # I9
    there = connection.CreateInstance(the_filter())
    missing = CIMInstanceName("CIM_ListenerDestinationCIMXML", {**there.keybindings, "Name": "no"}, namespace=INTEROP)
    refused(4, connection.CreateInstance, CIMInstance("CIM_IndicationSubscription", {"Filter": there, "Handler": missing}))
    refused(4, connection.CreateInstance, CIMInstance("CIM_IndicationSubscription", {"Filter": there}))
    connection.DeleteInstance(there)


def test_the_subscription_manager(connection: WBEMConnection, server: WBEMServer) -> None:  # I4, I8, I13, I14
    with WBEMSubscriptionManager("tester") as manager:
        identifier = manager.add_server(server)
        destination = manager.add_destination(identifier, "http://localhost:5990", destination_id="d")
        wanted = manager.add_filter(identifier, "root/virtualization/v2", QUERY, "WQL", filter_id="f")
        assert wanted["Name"] == "pywbemfilter:tester:f"
        (subscription,) = manager.add_subscriptions(identifier, wanted.path, destination.path)
        assert [each.path for each in manager.get_owned_subscriptions(identifier)] == [subscription.path]
        # A manager of the same name finds what it owns.
        other = WBEMSubscriptionManager("tester")
        again = other.add_server(WBEMServer(connection))
        assert [each.path for each in other.get_owned_subscriptions(again)] == [subscription.path]
        assert [each.path for each in other.get_owned_filters(again)] == [wanted.path]
    assert connection.EnumerateInstanceNames("CIM_IndicationSubscription") == []
