"""Every reading operation and every parameter of it, by pywbem."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import pytest
from pywbem import CIMClassName, CIMInstanceName, WBEMConnection

from tests.examples import LONGER

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Server

HYPERV: Final = "root/virtualization/v2"
WEB01: Final = "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"
SESSION: Final = "999E53D4-3D5C-4C3E-8779-BED06EC056E1"
PATH: Final = CIMInstanceName(
    "Msvm_GuestCommunicationService",
    {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": WEB01,
        "CreationClassName": "Msvm_GuestCommunicationService",
        "Name": SESSION,
    },
)
GSI: Final = CIMInstanceName(
    "Msvm_GuestServiceInterfaceComponent",
    {
        "SystemCreationClassName": "Msvm_ComputerSystem",
        "SystemName": WEB01,
        "CreationClassName": "Msvm_GuestServiceInterfaceComponent",
        "DeviceID": "Microsoft:6C09BB55-D683-4DA0-8931-C9BF705F6480",
    },
)

# Instances


def test_get_instance(hyperv: WBEMConnection) -> None:  # OP-GI-2
    service = hyperv.GetInstance(PATH)
    assert (service.classname, service["Name"], service["Started"]) == ("Msvm_GuestCommunicationService", SESSION, True)
    assert service.properties["EnabledState"].type == "uint16"
    assert service.properties["OperationalStatus"].is_array


def test_get_instance_ignores_case_and_order_of_the_keys(hyperv: WBEMConnection) -> None:  # G9, G12
    keys = {name.upper(): value for name, value in reversed(PATH.keybindings.items())}
    assert hyperv.GetInstance(CIMInstanceName("msvm_guestcommunicationservice", keys)) == hyperv.GetInstance(PATH)


def test_get_instance_with_property_list(hyperv: WBEMConnection) -> None:  # FL6
    service = hyperv.GetInstance(PATH, PropertyList=["started", "Name", "NAME", "NoSuchProperty"])
    assert sorted(service.keys()) == ["Name", "Started"]


def test_get_instance_with_an_empty_property_list(hyperv: WBEMConnection) -> None:  # OP-GI-4
    assert len(hyperv.GetInstance(PATH, PropertyList=[])) == 0


def test_get_instance_with_class_origin(hyperv: WBEMConnection) -> None:  # FL5
    service = hyperv.GetInstance(PATH, IncludeClassOrigin=True)
    assert service.properties["Started"].class_origin == "CIM_Service"
    assert service.properties["EnabledState"].class_origin == "CIM_EnabledLogicalElement"
    assert hyperv.GetInstance(PATH).properties["Started"].class_origin is None


@pytest.mark.parametrize("flag", ["LocalOnly", "IncludeQualifiers"])
@pytest.mark.parametrize("value", [True, False])
def test_deprecated_flags_change_nothing(hyperv: WBEMConnection, flag: str, value: bool) -> None:  # FL2, FL4
    assert hyperv.GetInstance(PATH, **{flag: value}) == hyperv.GetInstance(PATH)
    assert hyperv.EnumerateInstances("CIM_Service", **{flag: value}) == hyperv.EnumerateInstances("CIM_Service")


def test_enumerate_instances_of_an_abstract_class(hyperv: WBEMConnection) -> None:  # OP-EI-2, FL12
    services = hyperv.EnumerateInstances("Msvm_GuestService")
    assert {each.classname for each in services} == {"Msvm_GuestFileService", "Msvm_GuestCommunicationService"}
    assert [each.path.classname for each in services] == [each.classname for each in services]
    assert [each.path for each in services] == hyperv.EnumerateInstanceNames("Msvm_GuestService")
    assert all(each.path.namespace == "root/virtualization/v2" and each.path.host is None for each in services)


def test_enumerate_instances_without_deep_inheritance(hyperv: WBEMConnection) -> None:  # FL10
    shallow = hyperv.EnumerateInstances("CIM_EnabledLogicalElement", DeepInheritance=False)
    deep = hyperv.EnumerateInstances("CIM_EnabledLogicalElement", DeepInheritance=True)
    assert [each.path for each in shallow] == [each.path for each in deep]
    assert {"EnabledState", "InstanceID"} <= set(shallow[0].keys())
    assert not any("Started" in each or "DeviceID" in each for each in shallow)
    assert any("Started" in each for each in deep)


def test_enumerate_instances_with_property_list_and_class_origin(hyperv: WBEMConnection) -> None:
    for service in hyperv.EnumerateInstances("CIM_Service", PropertyList=["Started"], IncludeClassOrigin=True):
        assert list(service.keys()) == ["Started"]
        assert set(service.path.keybindings) == {"SystemCreationClassName", "SystemName", "CreationClassName", "Name"}


@pytest.mark.longer
def test_enumerations_answer_the_same_each_time(hyperv: WBEMConnection) -> None:
    hyperv.EnumerateInstances("CIM_ManagedElement")
    first = hyperv.last_raw_reply
    hyperv.EnumerateInstances("CIM_ManagedElement")
    assert hyperv.last_raw_reply == first


def test_iterations_by_classic_operations(server: "Server") -> None:
    with WBEMConnection(server.url, None, HYPERV, use_pull_operations=False) as conn:
        # Iterations give paths with a host, which enumerations do not have.
        assert without_hosts(conn.IterEnumerateInstances("CIM_Service")) == conn.EnumerateInstances("CIM_Service")
        paths = [path.copy() for path in conn.IterEnumerateInstancePaths("CIM_Service")]
        assert {path.host for path in paths} == {conn.host}
        assert [each.path for each in conn.EnumerateInstances("CIM_Service")] == without_hosts(paths)
        assert list(conn.IterAssociatorInstances(GSI)) == conn.Associators(GSI)
        assert list(conn.IterAssociatorInstancePaths(GSI)) == conn.AssociatorNames(GSI)
        assert list(conn.IterReferenceInstances(GSI)) == conn.References(GSI)
        assert list(conn.IterReferenceInstancePaths(GSI)) == conn.ReferenceNames(GSI)


def without_hosts(found: Iterable[Any]) -> list[Any]:
    found = list(found)
    for each in found:
        getattr(each, "path", each).host = None
    return found


# Classes


def test_get_class_local_only(hyperv: WBEMConnection) -> None:  # FL1
    local = hyperv.GetClass("CIM_Service")
    assert local.superclass == "CIM_EnabledLogicalElement"
    assert set(local.methods) == {"StartService", "StopService"}
    assert {"Started", "StartMode"} <= set(local.properties)
    assert "EnabledState" not in local.properties


def test_get_class_whole(hyperv: WBEMConnection) -> None:  # FL1, D29
    whole = hyperv.GetClass("Msvm_GuestFileService", LocalOnly=False)
    assert whole.properties["EnabledState"].propagated
    assert not whole.methods["CopyFilesToGuest"].propagated
    assert set(whole.methods) == {"RequestStateChange", "StartService", "StopService", "CopyFilesToGuest"}
    assert whole.properties["Name"].qualifiers["Key"].value is True
    assert whole.methods["RequestStateChange"].parameters["Job"].type == "reference"


def test_get_class_without_qualifiers(hyperv: WBEMConnection) -> None:  # FL3
    cls = hyperv.GetClass("CIM_Service", LocalOnly=False, IncludeQualifiers=False)
    assert len(cls.qualifiers) == 0
    assert not any(prop.qualifiers for prop in cls.properties.values())
    assert not any(method.qualifiers for method in cls.methods.values())


def test_get_class_with_class_origin(hyperv: WBEMConnection) -> None:  # FL5
    cls = hyperv.GetClass("Msvm_GuestFileService", LocalOnly=False, IncludeClassOrigin=True)
    assert cls.properties["Started"].class_origin == "CIM_Service"
    assert cls.methods["StopService"].class_origin == "CIM_Service"
    assert hyperv.GetClass("CIM_Service").properties["Started"].class_origin is None


@pytest.mark.parametrize(("properties", "left"), [(["Started", "Nothing"], {"Started"}), ([], set())])
def test_get_class_with_property_list(hyperv: WBEMConnection, properties: list[str], left: set[str]) -> None:  # OP-GC-4
    cls = hyperv.GetClass("CIM_Service", PropertyList=properties)
    assert set(cls.properties) == left
    assert "StopService" in cls.methods


def test_enumerate_classes(hyperv: WBEMConnection) -> None:  # FL9, OP-EC-2
    top = hyperv.EnumerateClassNames()
    assert "CIM_ManagedElement" in top
    assert "CIM_Service" not in top
    deep = hyperv.EnumerateClassNames(DeepInheritance=True)
    assert {"CIM_ManagedElement", "CIM_Service", "Msvm_GuestFileService"} <= set(deep)
    assert len(deep) == len(set(deep))
    below = hyperv.EnumerateClassNames(ClassName="Msvm_GuestService")
    assert sorted(below) == ["Msvm_GuestCommunicationService", "Msvm_GuestFileService"]
    assert "Msvm_GuestFileService" not in hyperv.EnumerateClassNames(ClassName="CIM_EnabledLogicalElement")
    assert "Msvm_GuestFileService" in hyperv.EnumerateClassNames(ClassName="CIM_EnabledLogicalElement", DeepInheritance=True)


@pytest.mark.longer
def test_enumerate_classes_agrees_with_its_names_and_with_get_class(hyperv: WBEMConnection) -> None:
    classes = hyperv.EnumerateClasses(DeepInheritance=True, LocalOnly=False, IncludeQualifiers=True, IncludeClassOrigin=True)
    assert [each.classname for each in classes] == hyperv.EnumerateClassNames(DeepInheritance=True)
    for cls in classes[:: 1 if LONGER > 1 else 5]:
        assert cls == hyperv.GetClass(cls.classname, LocalOnly=False, IncludeQualifiers=True, IncludeClassOrigin=True)


@pytest.mark.longer
@pytest.mark.parametrize("namespace", ["root/virtualization/v2", "root/cimv2/storage/iscsitarget", "root/interop"])
def test_every_class_of_every_namespace_can_be_read(connect: "Connect", server: "Server", namespace: str) -> None:
    conn = connect(server, namespace)
    classes = conn.EnumerateClasses(DeepInheritance=True, LocalOnly=False)
    assert len(classes) > 20
    assert conn.EnumerateClasses(DeepInheritance=True, LocalOnly=True, IncludeQualifiers=False, IncludeClassOrigin=True)
    assert all(method.return_type for cls in classes for method in cls.methods.values())  # OP-GC-3


# Qualifier declarations


def test_qualifiers(hyperv: WBEMConnection) -> None:  # OP-GQ-1, OP-GQ-2, OP-EQL-1
    declared = {each.name: each for each in hyperv.EnumerateQualifiers()}
    assert {"Key", "Description", "ValueMap", "Abstract", "Association"} <= set(declared)
    key = hyperv.GetQualifier("key")
    assert key == declared["Key"]
    assert (key.type, key.value, key.overridable) == ("boolean", False, False)
    assert key.scopes["PROPERTY"]


# Associations


def test_associators_of_an_instance(hyperv: WBEMConnection) -> None:  # OP-AS-2, OP-AS-8
    found = hyperv.Associators(GSI)
    assert {each.classname for each in found} == {
        "Msvm_ComputerSystem",
        "Msvm_GuestServiceInterfaceComponentSettingData",
        "Msvm_GuestFileService",
        "Msvm_GuestCommunicationService",
    }
    assert [each.path for each in found] == hyperv.AssociatorNames(GSI)
    assert all(each.path.host and each.path.namespace == "root/virtualization/v2" for each in found)


@pytest.mark.parametrize(
    ("parameters", "classes"),
    [
        ({"AssocClass": "Msvm_RegisteredGuestService"}, {"Msvm_GuestFileService", "Msvm_GuestCommunicationService"}),
        ({"AssocClass": "CIM_SystemDevice"}, {"Msvm_ComputerSystem"}),
        ({"ResultClass": "Msvm_GuestFileService"}, {"Msvm_GuestFileService"}),
        ({"ResultClass": "CIM_Service"}, {"Msvm_GuestFileService", "Msvm_GuestCommunicationService"}),
        ({"Role": "antecedent"}, {"Msvm_GuestFileService", "Msvm_GuestCommunicationService"}),
        ({"Role": "Dependent"}, set()),
        ({"ResultRole": "GroupComponent"}, {"Msvm_ComputerSystem"}),
        (
            {"ResultRole": "SettingData", "AssocClass": "CIM_SettingsDefineState"},
            {"Msvm_GuestServiceInterfaceComponentSettingData"},
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_filters_of_associators(hyperv: WBEMConnection, parameters: dict[str, str], classes: set[str]) -> None:  # OP-AS-4, 5
    assert {each.classname for each in hyperv.Associators(GSI, **parameters)} == classes
    assert {each.classname for each in hyperv.AssociatorNames(GSI, **parameters)} == classes


@pytest.mark.parametrize(
    ("parameters", "classes"),
    [
        (
            {},
            {
                "Msvm_SystemDevice",
                "Msvm_SettingsDefineState",
                "Msvm_ElementSettingData",
                "Msvm_RegisteredGuestService",
            },
        ),
        ({"ResultClass": "CIM_Dependency"}, {"Msvm_RegisteredGuestService"}),
        ({"Role": "PartComponent"}, {"Msvm_SystemDevice"}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_references(hyperv: WBEMConnection, parameters: dict[str, str], classes: set[str]) -> None:  # OP-RF-1, OP-RFN-1
    found = hyperv.References(GSI, **parameters)
    assert {each.classname for each in found} == classes
    assert [each.path for each in found] == hyperv.ReferenceNames(GSI, **parameters)


def test_property_list_and_class_origin_of_associations(hyperv: WBEMConnection) -> None:  # OP-AS-10
    found = hyperv.Associators(GSI, ResultClass="CIM_Service", PropertyList=["Started"], IncludeClassOrigin=True)
    assert [(list(each.keys()), each.properties["Started"].class_origin) for each in found] == [
        (["Started"], "CIM_Service")
    ] * 2
    links = hyperv.References(GSI, ResultClass="Msvm_SystemDevice", PropertyList=["GroupComponent"], IncludeQualifiers=True)
    assert [list(each.keys()) for each in links] == [["GroupComponent"]]


def test_associations_of_a_class(hyperv: WBEMConnection) -> None:  # OP-AS-2, OP-AS-9
    name = CIMClassName("Msvm_GuestServiceInterfaceComponent")
    paths = hyperv.AssociatorNames(name, AssocClass="Msvm_RegisteredGuestService")
    assert [each.classname for each in paths] == ["Msvm_GuestService"]
    ((path, cls),) = hyperv.Associators(name, AssocClass="Msvm_RegisteredGuestService")
    assert (path, cls.classname, path.namespace) == (paths[0], "Msvm_GuestService", "root/virtualization/v2")
    links = hyperv.References(name, ResultClass="CIM_Dependency", Role="Antecedent", IncludeQualifiers=True)
    assert "Msvm_RegisteredGuestService" in [cls.classname for _, cls in links]
    assert [path for path, _ in links] == hyperv.ReferenceNames(name, ResultClass="CIM_Dependency", Role="Antecedent")
    assert all(cls.qualifiers["Association"].value for _, cls in links)
