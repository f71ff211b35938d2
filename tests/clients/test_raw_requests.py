"""Requests as clients other than pywbem write them, byte by byte, and our decisions where sources disagree (rules Z)."""

import socket
from base64 import b64encode
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Final

import pytest
from lxml import etree

from tests.replies.http import Message, check_answer

if TYPE_CHECKING:
    from tests.clients.conftest import Launch, Server

HYPERV: Final = "root/virtualization/v2"
SPACE: Final = "".join(f'<NAMESPACE NAME="{each}"/>' for each in HYPERV.split("/"))
KEYS: Final = {
    "SystemCreationClassName": "Msvm_ComputerSystem",
    "SystemName": "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01",
    "CreationClassName": "Msvm_GuestCommunicationService",
    "Name": "999E53D4-3D5C-4C3E-8779-BED06EC056E1",
}


def key(name: str, value: str, attributes: str = "") -> str:
    return f'<KEYBINDING NAME="{name}"><KEYVALUE{attributes}>{value}</KEYVALUE></KEYBINDING>'


def session(attributes: str = "", **changes: str) -> str:
    """Return the INSTANCENAME of the VM session service of the first virtual machine."""
    keys = "".join(key(name, value, attributes) for name, value in (KEYS | changes).items())
    return f'<INSTANCENAME CLASSNAME="Msvm_GuestCommunicationService">{keys}</INSTANCENAME>'


def parameter(name: str, content: str) -> str:
    return f'<IPARAMVALUE NAME="{name}">{content}</IPARAMVALUE>'


def value(name: str, text: str) -> str:
    return parameter(name, f"<VALUE>{text}</VALUE>")


def class_name(name: str, of: str = "ClassName") -> str:
    return parameter(of, f'<CLASSNAME NAME="{name}"/>')


class Dialogue:
    """A connection on which requests go out as they are written here; every answer is checked."""

    def __init__(self, to: "Server") -> None:
        self._socket = socket.create_connection(("127.0.0.1", to.port), timeout=20)

    def close(self) -> None:
        self._socket.close()

    def send(self, head: str, body: str = "") -> Message:
        """Send a head (its lines stand below each other) with the length of the body, and return the answer."""
        content = body.encode()
        lines = [line.strip() for line in head.strip().splitlines()]
        self._socket.sendall("\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode("latin-1") + content)
        response = HTTPResponse(self._socket)
        response.begin()
        answer = Message(response.status, {name.lower(): text for name, text in response.getheaders()}, response.read())
        check_answer(content, answer)
        return answer

    def ask(self, name: str, parameters: str = "", **message: str) -> tuple[int, str]:
        """Return the code (0 for success) and the text of the response to an intrinsic operation."""
        head = f"""POST /cimom HTTP/1.1
            Host: localhost
            Content-Type: application/xml; charset=utf-8
            CIMOperation: MethodCall
            CIMMethod: {name}
            CIMObject: {HYPERV}"""
        return outcome(self.send(head, intrinsic(name, parameters, **message)))


def intrinsic(name: str, parameters: str = "", version: str = "1.0") -> str:
    call = f'<IMETHODCALL NAME="{name}"><LOCALNAMESPACEPATH>{SPACE}</LOCALNAMESPACEPATH>{parameters}</IMETHODCALL>'
    return message(call, version)


def message(call: str, version: str = "1.0") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">\n'
        f'<MESSAGE ID="4711" PROTOCOLVERSION="{version}"><SIMPLEREQ>{call}</SIMPLEREQ></MESSAGE>\n</CIM>'
    )


def outcome(answer: Message) -> tuple[int, str]:
    assert answer.status == 200, answer  # H34
    error = etree.fromstring(answer.body).find(".//ERROR")
    return (0 if error is None else int(error.get("CODE", "")), answer.body.decode())


@pytest.fixture
def dialogue(server: "Server") -> Iterator[Dialogue]:
    made = Dialogue(server)
    yield made
    made.close()


@pytest.fixture(scope="module")
def guarded(launch: "Launch") -> "Iterator[Server]":
    """A server that demands authentication."""
    with launch("--user", "eve:secret") as running:
        yield running


# The Java client


JAVA: Final = f"""POST /cimom HTTP/1.1
    Host: localhost:5988
    Content-Type: application/xml; charset="utf-8"
    Accept: text/html, text/xml, application/xml
    Accept-Language: en-US, en
    Content-Language: en-US
    TE: trailers
    Connection: Keep-Alive, TE
    Cache-Control: no-cache
    CIMProtocolVersion: 1.0
    CIMOperation: MethodCall
    CIMMethod: {{}}
    CIMObject: {HYPERV.replace("/", "%2F")}{{}}"""
TYPED: Final = ' VALUETYPE="string" TYPE="string"'


def test_cj2_requests_as_the_java_client_writes_them(dialogue: Dialogue) -> None:
    """Escaped headers, languages, TE, key values with both attributes, and EMBEDDEDOBJECT in capitals."""  # X10, H14, H25, H30
    head = JAVA.format("GetInstance", "")
    answer = dialogue.send(head, intrinsic("GetInstance", parameter("InstanceName", session(TYPED))))
    assert outcome(answer)[0] == 0
    assert "transfer-encoding" not in answer.headers, "H32: it never streams"
    keys = ",".join(f"{name}=%22{text}%22" for name, text in KEYS.items())
    head = JAVA.format("StartService", f"%3AMsvm_GuestCommunicationService.{keys}")
    path = f"<LOCALINSTANCEPATH><LOCALNAMESPACEPATH>{SPACE}</LOCALNAMESPACEPATH>{session(TYPED)}</LOCALINSTANCEPATH>"
    code, text = outcome(dialogue.send(head, message(f'<METHODCALL NAME="StartService">{path}</METHODCALL>')))
    assert code == 0
    assert '<RETURNVALUE PARAMTYPE="uint32"><VALUE>' in text
    embedded = '<PARAMVALUE NAME="P" PARAMTYPE="string" EMBEDDEDOBJECT="instance"><VALUE></VALUE></PARAMVALUE>'
    refused = outcome(dialogue.send(head, message(f'<METHODCALL NAME="StartService">{path}{embedded}</METHODCALL>')))
    assert refused[0] == 4, "the attribute is known, the parameter is not"


def test_cj4_a_client_of_m_post_goes_on_with_post(launch: "Launch") -> None:  # H8
    with launch("--no-m-post") as running:
        dialogue = Dialogue(running)
        head = JAVA.format("EnumerateClassNames", "")
        refused = dialogue.send(head.replace("POST", "M-POST", 1), intrinsic("EnumerateClassNames"))
        assert refused.status == 501
        assert not {"cimerror", "cimprotocolversion"} & set(refused.headers)
        dialogue.close()
        again = Dialogue(running)
        assert outcome(again.send(head, intrinsic("EnumerateClassNames")))[0] == 0
        again.close()


def test_cj5_ha2_challenge_and_response_on_one_connection(guarded: "Server") -> None:
    dialogue = Dialogue(guarded)
    head, body = JAVA.format("EnumerateClassNames", ""), intrinsic("EnumerateClassNames")
    challenged = dialogue.send(head, body)
    assert (challenged.status, challenged.headers["www-authenticate"][:12]) == (401, "Basic realm=")
    credentials = f"\nAuthorization: Basic {b64encode(b'eve:secret').decode()}"
    assert outcome(dialogue.send(head + credentials, body))[0] == 0
    dialogue.close()


def test_ha3_ha5_basic_is_the_only_challenge_and_roles_are_ignored(guarded: "Server") -> None:
    dialogue = Dialogue(guarded)
    head, body = JAVA.format("EnumerateClassNames", ""), intrinsic("EnumerateClassNames")
    challenged = dialogue.send(head, body)
    assert "Digest" not in challenged.headers["www-authenticate"]
    assert "cimroleauthenticate" not in challenged.headers
    assert dialogue.send(f"{head}\nAuthorization: Digest username=eve", body).status == 401
    credentials = f"\nCIMRoleAuthorization: Basic eDp5\nAuthorization: Basic {b64encode(b'eve:secret').decode()}"
    assert outcome(dialogue.send(head + credentials, body))[0] == 0
    dialogue.close()


# wbemcli


def test_cw7_every_flag_is_given_and_the_name_comes_last(dialogue: Dialogue) -> None:
    flags = [value(each, "FALSE") for each in ("LocalOnly", "IncludeQualifiers", "IncludeClassOrigin")]
    head = f"""POST /cimom HTTP/1.1
        Host: localhost
        Content-Type: application/xml; charset="utf-8"
        Connection: Keep-Alive, TE
        CIMProtocolVersion: 1.0
        CIMOperation: MethodCall
        CIMMethod: GetInstance
        CIMObject: {HYPERV.replace("/", "%2F")}"""
    request = intrinsic("GetInstance", "".join(flags) + parameter("InstanceName", session(' VALUETYPE="string"')))
    assert outcome(dialogue.send(head, request))[0] == 0
    flags = [*flags, value("DeepInheritance", "TRUE")]
    head = head.replace("GetInstance", "EnumerateInstances")
    request = intrinsic("EnumerateInstances", "".join(flags) + class_name("Msvm_GuestService"))
    assert outcome(dialogue.send(head, request))[1].count("<VALUE.NAMEDINSTANCE>") == 3


# XML


def test_d33_m17_languages_are_tolerated(dialogue: Dialogue) -> None:
    changed = (
        '<INSTANCE CLASSNAME="Msvm_GuestCommunicationService" xml:lang="en">'
        '<PROPERTY NAME="Name" TYPE="string" xml:lang="en"><QUALIFIER NAME="Key" TYPE="boolean" xml:lang="en">'
        f"<VALUE>TRUE</VALUE></QUALIFIER><VALUE>{KEYS['Name']}</VALUE></PROPERTY></INSTANCE>"
    )
    named = f"<VALUE.NAMEDINSTANCE>{session()}{changed}</VALUE.NAMEDINSTANCE>"
    assert dialogue.ask("ModifyInstance", parameter("ModifiedInstance", named))[0] == 0


@pytest.mark.parametrize("qualifiers", ["TRUE", "FALSE"])
def test_op_mi_6_qualifiers_of_a_modified_instance_are_ignored(dialogue: Dialogue, qualifiers: str) -> None:
    changed = (
        '<INSTANCE CLASSNAME="Msvm_GuestCommunicationService"><QUALIFIER NAME="Nonsense" TYPE="string"></QUALIFIER>'
        '<PROPERTY NAME="Name" TYPE="string"><QUALIFIER NAME="Read" TYPE="boolean"><VALUE>FALSE</VALUE></QUALIFIER>'
        f"<VALUE>{KEYS['Name']}</VALUE></PROPERTY></INSTANCE>"
    )
    named = f"<VALUE.NAMEDINSTANCE>{session()}{changed}</VALUE.NAMEDINSTANCE>"
    given = parameter("ModifiedInstance", named) + value("IncludeQualifiers", qualifiers)
    assert dialogue.ask("ModifyInstance", given)[0] == 0


# HTTP


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_h30_h31_h32_answers_are_whole(server: "Server", version: str) -> None:
    """No answer is in chunks, so none can go wrong after the first; its length is known."""
    dialogue = Dialogue(server)
    head = JAVA.format("EnumerateInstances", "").replace("HTTP/1.1", f"HTTP/{version}")
    answer = dialogue.send(head, intrinsic("EnumerateInstances", class_name("CIM_ManagedElement")))
    assert not {"transfer-encoding", "trailer"} & set(answer.headers)
    assert int(answer.headers["content-length"]) == len(answer.body) > 100_000
    dialogue.close()


def test_h36_nothing_is_compressed_even_if_asked(dialogue: Dialogue) -> None:
    head = JAVA.format("EnumerateClassNames", "") + "\nAccept-Encoding: gzip, deflate"
    assert "content-encoding" not in dialogue.send(head, intrinsic("EnumerateClassNames")).headers


def test_he13_it_says_that_it_validates_and_does(dialogue: Dialogue) -> None:
    options = dialogue.send("OPTIONS * HTTP/1.1\nHost: localhost")
    prefix = options.headers["opt"][-2:]
    assert options.headers[f"{prefix}-cimvalidation"] == "validating"
    call = intrinsic("EnumerateClassNames").replace("<SIMPLEREQ>", "<SIMPLEREQ><UNKNOWN/>")
    refused = dialogue.send(JAVA.format("EnumerateClassNames", ""), call)
    assert (refused.status, refused.headers["cimerror"]) == (400, "request-not-valid")  # HE5, HE7, M18


def test_z11_h21_a_wrong_content_type_is_415(dialogue: Dialogue) -> None:
    head = JAVA.format("EnumerateClassNames", "").replace("application/xml; charset", "text/plain; charset")
    assert dialogue.send(head, intrinsic("EnumerateClassNames")).status == 415


def test_z15_h9_get_is_405(dialogue: Dialogue) -> None:
    refused = dialogue.send("GET /cimom HTTP/1.1\nHost: localhost")
    assert (refused.status, refused.headers["allow"]) == (405, "POST, M-POST, OPTIONS")


def test_z14_h35_a_malformed_encoding_is_not_well_formed(dialogue: Dialogue) -> None:
    body = intrinsic("EnumerateClassNames").replace('encoding="utf-8"', 'encoding="utf-8"x')
    refused = dialogue.send(JAVA.format("EnumerateClassNames", ""), body)
    assert (refused.status, refused.headers["cimerror"]) == (400, "request-not-well-formed")


# Decisions about operations


def test_z4_hc11_a_version_without_a_header_is_not_compared(dialogue: Dialogue) -> None:
    assert dialogue.ask("EnumerateClassNames", version="1.4")[0] == 0


@pytest.mark.parametrize(
    ("name", "parameters", "code"),
    [
        ("EnumerateClassNames", value("Nonsense", "1"), 4),  # Z1, G3
        ("EnumerateClassNames", value("DeepInheritance", "maybe"), 4),  # Z2, G6, HE15
        ("OpenEnumerateInstances", class_name("CIM_Service") + value("MaxObjectCount", "many"), 4),  # Z2
        ("GetInstance", parameter("InstanceName", session(Extra="x")), 4),  # Z3, G10
        ("GetInstance", parameter("InstanceName", session(Name="x")), 6),  # G10
        ("CreateInstance", parameter("NewInstance", '<INSTANCE CLASSNAME="CIM_Service"></INSTANCE>'), 7),  # Z10, OP-CI-5
        ("OpenEnumerateInstances", class_name("CIM_Service") + value("FilterQuery", "Name = 'x'"), 4),  # Z9, PL-36
        ("OpenEnumerateInstances", class_name("CIM_Service") + value("FilterQueryLanguage", "DMTF:FQL"), 4),  # Z9
        ("Associators", parameter("ObjectName", session(Name="x")), 6),  # Z12, OP-AS-3
    ],
)
def test_decisions(dialogue: Dialogue, name: str, parameters: str, code: int) -> None:
    assert dialogue.ask(name, parameters)[0] == code


@pytest.mark.parametrize(("method", "code"), [("StartService", 16), ("NoSuchMethod", 17)])
def test_z5_z6_x3_x5_methods_called_on_a_class(dialogue: Dialogue, method: str, code: int) -> None:
    path = f'<LOCALNAMESPACEPATH>{SPACE}</LOCALNAMESPACEPATH><CLASSNAME NAME="Msvm_GuestCommunicationService"/>'
    call = f'<METHODCALL NAME="{method}"><LOCALCLASSPATH>{path}</LOCALCLASSPATH></METHODCALL>'
    head = JAVA.format(method, "%3AMsvm_GuestCommunicationService")
    assert outcome(dialogue.send(head, message(call)))[0] == code


def test_z7_z13_pl_23_pl_33_sessions(dialogue: Dialogue) -> None:
    _, opened = dialogue.ask("OpenEnumerateInstances", class_name("Msvm_GuestService") + value("MaxObjectCount", "1"))
    context = etree.fromstring(opened.encode()).findtext(".//PARAMVALUE[@NAME='EnumerationContext']/VALUE")
    assert context
    pull = value("EnumerationContext", context) + value("MaxObjectCount", "9")
    assert dialogue.ask("PullInstancePaths", pull)[0] == 21
    code, last = dialogue.ask("PullInstancesWithPath", pull)
    assert code == 0
    assert '<PARAMVALUE NAME="EnumerationContext" PARAMTYPE="string"></PARAMVALUE>' in last
