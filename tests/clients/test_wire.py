"""Each kind of answer as bytes: what strict clients demand (M2 to M16, CP, CW), checked by the fixture that sends."""

from typing import TYPE_CHECKING, Final

import pytest
from lxml import etree

if TYPE_CHECKING:
    from tests.clients.conftest import Post, Server

NAMESPACE: Final = "root/virtualization/v2"
KEYS: Final = {
    "SystemCreationClassName": "Msvm_ComputerSystem",
    "SystemName": "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01",
    "CreationClassName": "Msvm_GuestCommunicationService",
    "Name": "999E53D4-3D5C-4C3E-8779-BED06EC056E1",
}


def parameter(name: str, content: str) -> str:
    return f'<IPARAMVALUE NAME="{name}">{content}</IPARAMVALUE>'


def class_name(name: str) -> str:
    return f'<CLASSNAME NAME="{name}"/>'


INSTANCE_NAME: Final = (
    '<INSTANCENAME CLASSNAME="Msvm_GuestCommunicationService">'
    + "".join(f'<KEYBINDING NAME="{name}"><KEYVALUE>{value}</KEYVALUE></KEYBINDING>' for name, value in KEYS.items())
    + "</INSTANCENAME>"
)
THE_CLASS: Final = parameter("ClassName", class_name("Msvm_GuestService"))
THE_INSTANCE: Final = parameter("InstanceName", INSTANCE_NAME)
AN_OBJECT: Final = parameter("ObjectName", INSTANCE_NAME)
A_CLASS: Final = parameter("ObjectName", class_name("Msvm_GuestServiceInterfaceComponent"))
EVERYTHING: Final = "".join(
    parameter(name, "<VALUE>TRUE</VALUE>") for name in ("LocalOnly", "IncludeQualifiers", "IncludeClassOrigin")
).replace("TRUE", "false", 1)


@pytest.mark.parametrize(
    ("operation", "parameters", "element"),
    [
        ("GetClass", THE_CLASS, "CLASS"),
        ("GetClass", THE_CLASS + EVERYTHING, "CLASS"),
        ("EnumerateClasses", THE_CLASS, "CLASS"),
        ("EnumerateClassNames", THE_CLASS, "CLASSNAME"),
        ("GetInstance", THE_INSTANCE, "INSTANCE"),
        ("GetInstance", THE_INSTANCE + EVERYTHING, "INSTANCE"),
        ("EnumerateInstances", THE_CLASS, "VALUE.NAMEDINSTANCE"),
        ("EnumerateInstanceNames", THE_CLASS, "INSTANCENAME"),
        ("Associators", AN_OBJECT, "VALUE.OBJECTWITHPATH"),
        ("Associators", A_CLASS, "VALUE.OBJECTWITHPATH"),
        ("AssociatorNames", AN_OBJECT, "OBJECTPATH"),
        ("AssociatorNames", A_CLASS, "OBJECTPATH"),
        ("References", AN_OBJECT, "VALUE.OBJECTWITHPATH"),
        ("References", A_CLASS, "VALUE.OBJECTWITHPATH"),
        ("ReferenceNames", AN_OBJECT, "OBJECTPATH"),
        ("ReferenceNames", A_CLASS, "OBJECTPATH"),
        ("GetProperty", THE_INSTANCE + parameter("PropertyName", "<VALUE>Started</VALUE>"), "VALUE"),
        ("GetProperty", THE_INSTANCE + parameter("PropertyName", "<VALUE>OperationalStatus</VALUE>"), "VALUE.ARRAY"),
        ("GetQualifier", parameter("QualifierName", "<VALUE>Key</VALUE>"), "QUALIFIER.DECLARATION"),
        ("EnumerateQualifiers", "", "QUALIFIER.DECLARATION"),
    ],
)
def test_the_elements_of_an_answer(
    post: "Post", server: "Server", operation: str, parameters: str, element: str
) -> None:  # M10
    returned = etree.fromstring(post(server, NAMESPACE, operation, parameters)).find(".//IRETURNVALUE")
    assert returned is not None
    assert {child.tag for child in returned} == {element}


@pytest.mark.parametrize("classname", ["Msvm_ConcreteJob", "Msvm_CopyFileToGuestSettingData"])
def test_an_empty_list_is_an_empty_return_value(post: "Post", server: "Server", classname: str) -> None:  # M9
    reply = post(server, NAMESPACE, "EnumerateInstances", parameter("ClassName", class_name(classname)))
    assert b"<IRETURNVALUE></IRETURNVALUE>" in reply


@pytest.mark.parametrize("identifier", ["", "1001", "a &amp; b &lt;&quot;&gt;&#10;", "\N{SNOWMAN}"])
def test_the_identifier_comes_back_verbatim(post: "Post", server: "Server", identifier: str) -> None:  # M2
    (message,) = etree.fromstring(post(server, NAMESPACE, "EnumerateClassNames", "", identifier)).iter("MESSAGE")
    assert message.get("ID") == etree.fromstring(f'<M ID="{identifier}"/>').get("ID")


@pytest.mark.parametrize("name", ["enumerateclassnames", "ENUMERATECLASSNAMES", "EnumerateKlassNames"])
def test_the_name_of_an_operation_comes_back_as_it_was_sent(post: "Post", server: "Server", name: str) -> None:  # M4
    (response,) = etree.fromstring(post(server, NAMESPACE, name, "")).iter("IMETHODRESPONSE")
    assert response.get("NAME") == name


def test_names_come_back_in_their_declared_spelling(post: "Post", server: "Server") -> None:  # G9
    reply = post(server, "ROOT/Virtualization/V2", "GetClass", parameter("CLASSNAME", class_name("MSVM_GUESTSERVICE")))
    assert b'<CLASS NAME="Msvm_GuestService" SUPERCLASS="CIM_Service">' in reply
    linked = etree.fromstring(post(server, "ROOT/Virtualization/V2", "AssociatorNames", AN_OBJECT))
    assert [each.get("NAME") for each in linked.iter("NAMESPACE")] == NAMESPACE.split("/")  # M15, OP-AS-8


def test_utc_is_written_as_windows_writes_it(post: "Post", server: "Server") -> None:
    reply = post(
        server, NAMESPACE, "GetProperty", THE_INSTANCE + parameter("PropertyName", "<VALUE>TimeOfLastStateChange</VALUE>")
    )
    assert b"<VALUE>20250310061204.688921-000</VALUE>" in reply
