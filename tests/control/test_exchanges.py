"""One exchange as the control API shows it: bodies, why it failed, and texts that do the same again."""

import json
import shutil
import subprocess
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from pywbem import CIMError, CIMInstance, CIMInstanceName, Uint16, WBEMConnection

from cimsim.cimom.exchanges import Called, Exchange
from cimsim.cimom.journal import Journal
from cimsim.control.client import ControlClient, RefusedError
from cimsim.control.explanations import pretty
from cimsim.control.messages import ExchangeRecord
from cimsim.operations.request import Argument, ClassName, IntrinsicRequest
from cimsim.testing.simulator import Simulator
from tests.control.conftest import NAMESPACE
from tests.control.served import served

GUEST = "Msvm_GuestFileService"


@pytest.fixture
def connection(sim: Simulator, client: ControlClient) -> WBEMConnection:
    return sim.connect(NAMESPACE)


def newest(client: ControlClient) -> ExchangeRecord:
    return client.calls().exchanges[-1]


def guest(connection: WBEMConnection) -> CIMInstanceName:
    return connection.EnumerateInstanceNames(GUEST)[0]


def filter_named(name: str) -> CIMInstance:
    query = {"Query": "SELECT * FROM CIM_InstCreation", "QueryLanguage": "WQL", "SourceNamespaces": [NAMESPACE]}
    return CIMInstance("CIM_IndicationFilter", {"Name": name, **query})


def change_name(connection: WBEMConnection) -> None:
    path = connection.CreateInstance(filter_named("x"), namespace="root/interop")
    changed = connection.GetInstance(path)
    changed["Query"] = "SELECT * FROM CIM_InstDeletion"
    connection.ModifyInstance(changed, PropertyList=["Query"])


# What a client may ask, each as the last of its exchanges.
ASKED: dict[str, Any] = {
    "EnumerateInstanceNames": guest,
    "GetInstance": lambda it: it.GetInstance(guest(it), PropertyList=["Started"], LocalOnly=False),
    "StopService": lambda it: it.InvokeMethod("StopService", guest(it)),
    "RequestStateChange": lambda it: it.InvokeMethod("RequestStateChange", guest(it), RequestedState=Uint16(2)),
    "ModifyInstance": change_name,
    "ExecQuery": lambda it: it.ExecQuery("WQL", "SELECT * FROM Msvm_ComputerSystem WHERE ElementName LIKE 'web%'"),
    "AssociatorNames": lambda it: it.AssociatorNames(guest(it), ResultClass="CIM_System"),
    "GetClass": lambda it: it.GetClass("CIM_Service", LocalOnly=False),
    "EnumerateClassNames": lambda it: it.EnumerateClassNames(),
    "OpenEnumerateInstances": lambda it: it.OpenEnumerateInstances("CIM_Service", MaxObjectCount=2, DeepInheritance=True),
}


@pytest.mark.parametrize("operation", ASKED)
def test_the_texts_ask_the_same_again(
    connection: WBEMConnection, client: ControlClient, operation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ASKED[operation](connection)
    before = newest(client)
    found = client.call(before.number)
    assert (before.calls[0].operation, before.has_bodies, before.why) == (operation, True, "")
    exec(found.as_pywbem, {})
    assert capsys.readouterr().out
    again = newest(client)
    assert again.number == before.number + 1
    same = ("operation", "target", "parameters", "status")
    assert [getattr(again.calls[0], name) for name in same] == [getattr(before.calls[0], name) for name in same]
    if shutil.which("curl"):
        sent = subprocess.run(found.as_curl, shell=True, capture_output=True, text=True, check=True)
        assert "RETURNVALUE" in sent.stdout or "IMETHODRESPONSE" in sent.stdout
        by_curl = client.call(newest(client).number)
        assert (by_curl.number, by_curl.request, by_curl.http_status) == (again.number + 1, found.request, 200)
    assert found.as_fault_rule is not None
    rule = client.add_fault(**found.as_fault_rule)
    replayed = client.call(client.replay(before.number))
    assert replayed.calls[0].fault == rule.number
    assert replayed.rule == rule.rule
    assert replayed.calls[0].target == before.calls[0].target
    assert (replayed.protocol, replayed.request) == ("control", found.request)
    assert 'CODE="1"' in replayed.response


def test_both_bodies_are_shown_with_line_breaks(connection: WBEMConnection, client: ControlClient) -> None:
    connection.GetInstance(guest(connection), PropertyList=["Started"])
    found = client.call(newest(client).number)
    assert '\n          <INSTANCENAME CLASSNAME="Msvm_GuestFileService">\n' in found.request
    assert "<VALUE>TRUE</VALUE>" in found.response
    assert len(found.response.splitlines()) > 10


def test_what_cannot_be_read_as_xml_is_shown_as_it_is() -> None:
    assert pretty(b"<a><b></a>") == "<a><b></a>"
    assert pretty(b"\xff<a") == "\N{REPLACEMENT CHARACTER}<a"
    entity = b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
    assert pretty(entity) == entity.decode()
    assert pretty(b"<a><b> </b><c/></a>") == "<a>\n  <b> </b>\n  <c/>\n</a>\n"
    assert pretty(b"") == ""


def test_an_error_is_explained_with_the_nearest(connection: WBEMConnection, client: ControlClient) -> None:
    with pytest.raises(CIMError):
        connection.EnumerateInstances("Msvm_GuestFileServce")
    assert "CIM_ERR_INVALID_CLASS" in newest(client).why
    assert "did you mean Msvm_GuestFileService?" in newest(client).why
    rule = client.call(newest(client).number).as_fault_rule
    assert rule is not None
    assert "classname" not in rule  # no rule is for a class that does not exist
    number = client.add_fault(operation="GetClass", error=["failed", "broken"]).number
    with pytest.raises(CIMError):
        connection.GetClass("CIM_Service")
    assert f"(by fault rule {number}): broken" in newest(client).why


def test_a_refusal_of_http_is_explained(sim: Simulator, client: ControlClient) -> None:
    raw = HTTPConnection(urlsplit(sim.url).netloc)
    raw.request("POST", "/cimom", "<x/>", {"Content-Type": "application/xml"})
    assert raw.getresponse().status == 400
    raw.close()
    found = client.call(newest(client).number)
    assert found.why.startswith("HTTP 400: ")
    assert (found.calls, found.as_curl, found.as_pywbem, found.as_fault_rule) == ([], "", "", None)
    with pytest.raises(RefusedError) as refused:
        client.replay(found.number)
    assert refused.value.status == 409


def test_an_exchange_that_is_not_kept_is_404(client: ControlClient) -> None:
    for number in ("999999", "x", "9" * 500, "-1"):
        with pytest.raises(RefusedError) as refused:
            client._get(f"/calls/{number}", dict)
        assert (refused.value.status, refused.value.field) == (404, "number")


def test_the_user_is_asked_for_the_password_which_is_in_no_text() -> None:
    with served("interop", user=["eve:top-secret"], clock="manual") as (sim, client):
        connection = sim.connect("root/interop", creds=("eve", "top-secret"))
        connection.EnumerateClassNames()
        found = client.call(newest(client).number)
        assert "getpass" in found.as_pywbem
        assert "--user eve" in found.as_curl
        settings = client.settings()
        texts = (found.as_pywbem, found.as_curl, client.calls_as_har(), client.calls_as_json_lines(), str(settings))
        assert sim.control_token
        assert not any(secret in each for secret in ("top-secret", sim.control_token) for each in texts)
        assert next(each for each in settings.options if each.name == "user").value == ["eve:***"]


# Records and their costs


def test_a_record_holds_the_request_and_shows_it_when_somebody_looks() -> None:
    request = IntrinsicRequest("GetClass", "root/x", (Argument("ClassName", ClassName("C")), Argument("LocalOnly", True)))
    called = Called.of(request)
    assert called.request is request
    assert called._about is None
    assert (called.target, called.parameters) == ("root/x:C", (("LocalOnly", "True"),))
    called.forget_request()
    left: object = called.request
    assert left is None
    assert called.target == "root/x:C"


def test_the_journal_forgets_requests_that_are_long() -> None:
    journal = Journal()
    for size in (65_536, 65_537):
        called = Called.of(IntrinsicRequest("GetClass", "root/x"))
        journal.record(Exchange(0.0, "CIM-XML", "", None, (called,), 200, "", 0.0, size, 0), b"", b"")
        assert (called.request is None) is (size > 65_536)


# Exports


def test_exchanges_are_exported_with_their_bodies(connection: WBEMConnection, client: ControlClient) -> None:
    connection.InvokeMethod("StopService", guest(connection))
    lines = [json.loads(line) for line in client.calls_as_json_lines().splitlines()]
    assert [each["calls"][0]["operation"] for each in lines] == ["EnumerateInstanceNames", "StopService"]
    assert all("<CIM" in each["request"] and "<CIM" in each["response"] for each in lines)
    assert [json.loads(each)["number"] for each in client.calls_as_json_lines(name="stopservice").splitlines()] == [
        lines[1]["number"]
    ]
    log = json.loads(client.calls_as_har(since=lines[0]["number"]))["log"]
    (entry,) = log["entries"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "cimsim")
    assert entry["request"]["postData"]["text"] == lines[1]["request"]
    assert entry["response"]["content"]["text"] == lines[1]["response"]
    assert {"name": "CIMMethod", "value": "StopService"} in entry["request"]["headers"]
    assert entry["response"]["status"] == 200
    # What HAR 1.2 demands of an entry.
    assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= entry.keys()
    assert {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"} <= entry[
        "request"
    ].keys()
    assert {"status", "statusText", "cookies", "headers", "content", "redirectURL", "headersSize"} <= entry["response"].keys()


def test_an_export_of_nothing_is_a_file(client: ControlClient) -> None:
    assert client.calls_as_json_lines() == ""
    assert json.loads(client.calls_as_har())["log"]["entries"] == []


# WS-Management

IDENTIFY = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>'
    '<i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>'
)
GET = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header>'
    "<a:To>http://localhost/wsman</a:To><a:MessageID>uuid:1</a:MessageID>"
    "<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>"
    "<a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action>"
    "<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/{classname}</w:ResourceURI>"
    '<w:SelectorSet><w:Selector Name="Name">HVHOST01</w:Selector></w:SelectorSet>'
    "</s:Header><s:Body/></s:Envelope>"
)


def send_wsman(sim: Simulator, body: str) -> int:
    url = next(each for each in sim.urls if each.endswith("/wsman"))
    raw = HTTPConnection(urlsplit(url).netloc)
    raw.request("POST", "/wsman", body, {"Content-Type": "application/soap+xml;charset=UTF-8"})
    answer = raw.getresponse()
    answer.read()
    raw.close()
    return answer.status


def test_an_exchange_of_ws_management_is_shown_and_done_again(
    sim: Simulator, client: ControlClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send_wsman(sim, IDENTIFY) == 200
    identified = client.call(newest(client).number)
    assert (identified.protocol, identified.calls, identified.as_pywbem) == ("WS-Management", [], "")
    assert send_wsman(sim, GET.format(classname="Msvm_ComputerSystem")) == 200
    found = client.call(newest(client).number)
    assert found.calls[0].operation == "GetInstance"
    assert "<p:ElementName>HVHOST01</p:ElementName>" in found.response
    assert client.call(client.replay(found.number)).calls[0].target == found.calls[0].target
    exec(found.as_pywbem, {})
    assert "HVHOST01" in capsys.readouterr().out
    if shutil.which("curl"):
        for each, expected in ((identified, "ProductVendor"), (found, "HVHOST01")):
            sent = subprocess.run(each.as_curl, shell=True, capture_output=True, text=True, check=True)
            assert expected in sent.stdout


def test_a_fault_of_ws_management_is_explained(sim: Simulator, client: ControlClient) -> None:
    assert send_wsman(sim, GET.format(classname="Msvm_ComputrSystem")) == 500
    assert newest(client).why


def test_calls_of_what_nothing_is_called_are_not_looked_for(client: ControlClient) -> None:
    for ask in (client.calls, lambda name: client.calls_as_json_lines(name=name), lambda name: client.calls_as_har(name=name)):
        with pytest.raises(RefusedError, match="did you mean StopService") as refused:
            ask("StopServce")
        assert (refused.value.status, refused.value.field, refused.value.nearest) == (400, "name", "StopService")
        ask("stopservice")
        ask("GetInstance")
