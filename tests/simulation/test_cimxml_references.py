"""References over CIM-XML, there and back: hosts, and the types of their keys (rules D16, D17, D23, VR-5, X9)."""

from collections.abc import Callable
from typing import Any

import pytest

from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.encode.encoder import Encoder
from cimsim.operations.call import Policy
from cimsim.operations.pending import Pending
from cimsim.operations.perform import perform
from cimsim.operations.request import Request
from cimsim.operations.results import Result
from cimsim.simulation.cimxml_service import CimXmlService
from cimsim.world.transaction import Transaction

SPACE = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="test"/></LOCALNAMESPACEPATH>'


class NoMethods:
    def find(self, *_: object) -> None:
        return None


class Server:
    """Operations on a world, by the XML of their parameters and results."""

    def __init__(self, transaction: Transaction) -> None:
        self.world = transaction.world
        self.called = "gateway:5988"
        self._service = CimXmlService(Decoder(host="shown"), Encoder("shown"), self)

    def start(self, request: Request, user: str | None = None) -> Result:
        outcome = perform(self.world, request, NoMethods(), 1000.0, Policy())
        self.world = outcome.world
        result: Any = outcome.result
        finished: Result = result.completed() if isinstance(result, Pending) else result
        return finished

    def __call__(self, name: str, **parameters: str) -> str:
        values = "".join(f'<IPARAMVALUE NAME="{each}">{value}</IPARAMVALUE>' for each, value in parameters.items())
        body = (
            f'<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ>'
            f'<IMETHODCALL NAME="{name}">{SPACE}{values}</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>'
        )
        headers = CimHeaders("MethodCall", name, "root/test", host=self.called)
        return b"".join(b"".join(each) for each in self._service.respond(headers, body.encode(), None)).decode()


@pytest.fixture
def server(cim: Any) -> Server:
    number = cim.cls(
        "T_Number",
        *(cim.prop(name, cim_type, "Key") for name, cim_type in [("A", "uint16"), ("B", "sint64"), ("C", "real32")]),
        *(cim.prop(name, cim_type, "Key") for name, cim_type in [("D", "boolean"), ("E", "char16"), ("F", "datetime")]),
    )
    link = cim.cls("T_Link", cim.ref("One", "T_Number", "Key"), cim.ref("Other", "T_Number", "Write"), flags=["Association"])
    holder = cim.cls("T_Holder", cim.prop("Id", "string", "Key"), cim.prop("Held", "string", EmbeddedInstance="T_Link"))
    transaction: Transaction = cim.transaction(number, link, holder)
    when = "20240101000000.000000+000"
    transaction.create("T_Number", {"A": 1, "B": -2, "C": 1.5, "D": True, "E": "x", "F": when})
    return Server(transaction)


def name_of(hint: Callable[[str, str], str], classname: str = "T_Number") -> str:
    """Return the INSTANCENAME of the number; ``hint`` gives the attributes of a key of a VALUETYPE and a CIM type."""
    keys = [
        ("A", "numeric", "uint16", "1"),
        ("B", "numeric", "sint64", "-2"),
        ("C", "numeric", "real32", "1.5"),
        ("D", "boolean", "boolean", "TRUE"),
        ("E", "string", "char16", "x"),
        ("F", "string", "datetime", "20240101000000.000000+000"),
    ]
    bindings = "".join(
        f'<KEYBINDING NAME="{name}"><KEYVALUE{hint(kind, cim_type)}>{text}</KEYVALUE></KEYBINDING>'
        for name, kind, cim_type, text in keys
    )
    return f'<INSTANCENAME CLASSNAME="{classname}">{bindings}</INSTANCENAME>'


def both(kind: str, cim_type: str) -> str:
    return f' VALUETYPE="{kind}" TYPE="{cim_type}"'


def only_kind(kind: str, cim_type: str) -> str:
    return f' VALUETYPE="{kind}"'


def neither(kind: str, cim_type: str) -> str:
    return ""


def local(name: str) -> str:
    return f"<LOCALINSTANCEPATH>{SPACE}{name}</LOCALINSTANCEPATH>"


def remote(name: str, host: str, space: str = SPACE) -> str:
    return f"<INSTANCEPATH><NAMESPACEPATH><HOST>{host}</HOST>{space}</NAMESPACEPATH>{name}</INSTANCEPATH>"


def link(one: str, other: str | None = None) -> str:
    ends = {"One": one, "Other": other or one}
    properties = "".join(
        f'<PROPERTY.REFERENCE NAME="{name}"><VALUE.REFERENCE>{path}</VALUE.REFERENCE></PROPERTY.REFERENCE>'
        for name, path in ends.items()
    )
    return f'<INSTANCE CLASSNAME="T_Link">{properties}</INSTANCE>'


@pytest.mark.parametrize("hint", [both, only_kind, neither])
def test_d17_keys_of_references_have_types_whatever_the_client_sent(server: Server, hint: Callable[[str, str], str]) -> None:
    created = server("CreateInstance", NewInstance=link(name_of(hint)))
    assert f"<VALUE.REFERENCE>{local(name_of(both))}</VALUE.REFERENCE>" in created
    listed = server("EnumerateInstances", ClassName='<CLASSNAME NAME="T_Link"/>')
    assert listed.count(f"<VALUE.REFERENCE>{local(name_of(both))}</VALUE.REFERENCE>") == 3  # the key and two properties
    names = server("AssociatorNames", ObjectName=name_of(hint))
    assert remote(name_of(both), "shown") in names


def test_d17_in_embedded_instances_too(server: Server) -> None:
    text = link(local(name_of(only_kind))).replace("&", "&amp;").replace("<", "&lt;")
    held = f'<PROPERTY NAME="Held" TYPE="string" EmbeddedObject="instance"><VALUE>{text}</VALUE></PROPERTY>'
    key = '<PROPERTY NAME="Id" TYPE="string"><VALUE>h</VALUE></PROPERTY>'
    created = server("CreateInstance", NewInstance=f'<INSTANCE CLASSNAME="T_Holder">{key}{held}</INSTANCE>')
    assert "ERROR" not in created
    shown = server("EnumerateInstances", ClassName='<CLASSNAME NAME="T_Holder"/>')
    for cim_type in ("uint16", "sint64", "real32", "datetime"):
        assert shown.count(f'TYPE="{cim_type}"&gt;') == 2


@pytest.mark.parametrize("host", ["gateway:5988", "GATEWAY", "shown", "localhost", "127.0.0.1:5988"])
def test_x9_names_of_this_server_are_left_out(server: Server, host: str) -> None:
    server("CreateInstance", NewInstance=link(remote(name_of(both), host)))
    assert "<HOST>" not in server("EnumerateInstances", ClassName='<CLASSNAME NAME="T_Link"/>')
    assert name_of(both) in server("AssociatorNames", ObjectName=name_of(both))


@pytest.mark.parametrize("host", ["far.example", "gateway:5990", "localhost:1"])
@pytest.mark.parametrize("hint", [both, only_kind, neither])
def test_d16_another_host_is_kept_and_its_keys_are_typed(server: Server, host: str, hint: Callable[[str, str], str]) -> None:
    path = remote(name_of(hint), host)
    assert "ERROR" not in server("CreateInstance", NewInstance=link(path))
    shown = f"<VALUE.REFERENCE>{remote(name_of(both), host)}</VALUE.REFERENCE>"
    assert server("EnumerateInstances", ClassName='<CLASSNAME NAME="T_Link"/>').count(shown) == 3
    key = f'<INSTANCENAME CLASSNAME="T_Link"><KEYBINDING NAME="One"><VALUE.REFERENCE>{path}</VALUE.REFERENCE></KEYBINDING>'
    assert shown in server("GetInstance", InstanceName=f"{key}</INSTANCENAME>")
    for operation in ("AssociatorNames", "ReferenceNames", "Associators", "References"):
        assert "<IRETURNVALUE></IRETURNVALUE>" in server(operation, ObjectName=name_of(both))
    assert "ERROR" not in server("DeleteInstance", InstanceName=f"{key}</INSTANCENAME>")


def test_vr5_keys_of_classes_that_nobody_here_knows(server: Server) -> None:
    path = remote(name_of(only_kind, "X_Far"), "far", SPACE.replace("test", "far"))
    assert "ERROR" not in server("CreateInstance", NewInstance=link(path))
    shown = server("EnumerateInstances", ClassName='<CLASSNAME NAME="T_Link"/>')
    for text in ("uint64", "sint64", "real64", "boolean"):
        assert shown.count(f'TYPE="{text}">') == 3
    assert "<KEYVALUE VALUETYPE=" in shown


@pytest.mark.parametrize("place", ["CreateInstance", "ModifyInstance", "SetProperty"])
def test_a_reference_into_a_namespace_that_is_not_there(server: Server, place: str) -> None:
    good = local(name_of(both))
    nowhere = good.replace('NAME="test"', 'NAME="tset"')
    server("CreateInstance", NewInstance=link(good))
    name = f'<INSTANCENAME CLASSNAME="T_Link"><KEYBINDING NAME="One"><VALUE.REFERENCE>{good}</VALUE.REFERENCE></KEYBINDING>'
    name += "</INSTANCENAME>"
    world = server.world
    if place == "CreateInstance":
        answer = server(place, NewInstance=link(nowhere))
    elif place == "ModifyInstance":
        changed = f"<VALUE.NAMEDINSTANCE>{name}{link(good, nowhere)}</VALUE.NAMEDINSTANCE>"
        answer = server(place, ModifiedInstance=changed)
    else:
        value = f"<VALUE.REFERENCE>{nowhere}</VALUE.REFERENCE>"
        answer = server(place, InstanceName=name, PropertyName="<VALUE>Other</VALUE>", NewValue=value)
    assert server.world is world
    assert '<ERROR CODE="4"' in answer
    assert "no namespace root/tset; did you mean root/test?" in answer
