"""The messages of go-wsman's Hyper-V packages: NTLM of go-ntlmssp, instances by some of their keys or none, embedded instances
as elements, references wrapped in EndpointReference (rules WM-A-3, WM-P-3, WM-P-5, WM-P-6, WM-V-5, WM-V-8)."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import spnego
from lxml import etree
from spnego._ntlm_raw.messages import Challenge

from cimsim.testing import Simulator
from tests.clients.soap_post import ANONYMOUS, ENUMERATION, NAMESPACES, TRANSFER, V2, WIN32, WQL, Wire, escaped, parsed

WEB01: Final = "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01"
CONTENT: Final = {"Content_Type": "application/soap+xml;charset=UTF-8"}
VMMS: Final = "Msvm_VirtualSystemManagementService"


Selectors = dict[str, str] | None


class GoWsman:
    """What the client does with one connection."""

    def __init__(self, port: int) -> None:
        self._wire = Wire(port)

    def close(self) -> None:
        self._wire.close()

    def post(self, body: bytes, password: str = "secret") -> tuple[int, bytes]:
        """Send a message as go-ntlmssp does: without credentials, and with them where that is not enough."""
        status, response, reply = self._wire.post(body, **CONTENT)
        if status != 401:
            return status, reply
        assert "Negotiate" in response.headers.get_all("WWW-Authenticate", [])
        return self.log_in(body, password)

    def log_in(self, body: bytes, password: str = "secret") -> tuple[int, bytes]:
        """Send a message with each leg of a login; the domain is the target that the challenge names."""
        first = spnego.client("ann", password, protocol="ntlm").step() or b""
        _, response, _ = self._wire.post(body, Authorization=f"Negotiate {b64encode(first).decode()}", **CONTENT)
        (answer,) = response.headers.get_all("WWW-Authenticate", [])
        challenge = b64decode(answer.removeprefix("Negotiate "), validate=True)
        client = spnego.client(f"{Challenge.unpack(challenge).target_name}\\ann", password, protocol="ntlm")
        client.step()
        last = client.step(challenge) or b""
        status, _, reply = self._wire.post(body, Authorization=f"Negotiate {b64encode(last).decode()}", **CONTENT)
        return status, reply

    def message(self, action: str, uri: str, body: str, selectors: Selectors) -> bytes:
        """Return an envelope."""
        chosen = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in (selectors or {}).items())
        return (
            f'<s:Envelope xmlns:s="{NAMESPACES["s"]}" xmlns:a="{NAMESPACES["a"]}" xmlns:w="{NAMESPACES["w"]}">'
            f'<s:Header><a:To>http://host/wsman</a:To><w:ResourceURI s:mustUnderstand="true">{uri}</w:ResourceURI>'
            f'<a:ReplyTo><a:Address s:mustUnderstand="true">{ANONYMOUS}</a:Address></a:ReplyTo>'
            f'<a:Action s:mustUnderstand="true">{action}</a:Action>'
            '<w:MaxEnvelopeSize s:mustUnderstand="true">153600</w:MaxEnvelopeSize><a:MessageID>uuid:1</a:MessageID>'
            '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/><w:OperationTimeout>PT60S</w:OperationTimeout>'
            f"<w:SelectorSet>{chosen}</w:SelectorSet></s:Header><s:Body>{body}</s:Body></s:Envelope>"
        ).encode()

    def send(self, action: str, uri: str, body: str = "", selectors: Selectors = None, *, fault: bool = False) -> Any:
        """Send a message; return the root of the reply, which must be a fault if that is said, else none."""
        status, reply = self.post(self.message(action, uri, body, selectors))
        assert status == (500 if fault else 200), reply
        return parsed(reply)

    def rows(self, query: str, base: str = V2) -> list[dict[str, str | None]]:
        """Enumerate with a query and pull."""
        wanted = (
            f'<n:Enumerate xmlns:n="{ENUMERATION}"><w:OptimizeEnumeration/><w:MaxElements>2</w:MaxElements>'
            f'<w:Filter Dialect="{WQL}">{escaped(query)}</w:Filter></n:Enumerate>'
        )
        reply = self.send(f"{ENUMERATION}/Enumerate", f"{base}*", wanted)
        found: list[Any] = []
        while True:
            (items,) = reply.iterfind(".//{*}Items")
            found.extend(items)
            if reply.find(".//{*}EndOfSequence") is not None:
                return [{etree.QName(child).localname: child.text for child in each} for each in found]
            context = reply.findtext(".//{*}EnumerationContext")
            pull = f"<n:EnumerationContext>{context}</n:EnumerationContext><n:MaxElements>2</n:MaxElements>"
            reply = self.send(f"{ENUMERATION}/Pull", f"{base}*", f'<n:Pull xmlns:n="{ENUMERATION}">{pull}</n:Pull>')

    def invoke(self, classname: str, method: str, parameters: str = "", **selectors: str) -> Any:
        """Call a method; return its output, with the return value."""
        uri = f"{V2}{classname}"
        reply = self.send(
            f"{uri}/{method}", uri, f'<p:{method}_INPUT xmlns:p="{uri}">{parameters}</p:{method}_INPUT>', selectors
        )
        return reply.find(f".//{{{uri}}}{method}_OUTPUT")


def element(name: str, classname: str, **properties: str) -> str:
    """Return a parameter with an embedded instance as an element of its own class."""
    inner = "".join(f"<q:{key}>{value}</q:{key}>" for key, value in properties.items())
    return f'<p:{name}><q:{classname} xmlns:q="{V2}{classname}">{inner}</q:{classname}></p:{name}>'


def reference(name: str, classname: str, **selectors: str) -> str:
    """Return a parameter with a reference in an EndpointReference, its selectors sorted by name."""
    chosen = "".join(f'<w:Selector Name="{key}">{selectors[key]}</w:Selector>' for key in sorted(selectors))
    return (
        f"<p:{name}><a:EndpointReference><a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{V2}{classname}</w:ResourceURI><w:SelectorSet>{chosen}</w:SelectorSet>"
        f"</a:ReferenceParameters></a:EndpointReference></p:{name}>"
    )


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("hyperv", "windows", user=["ann:secret"], seed=1, clock="manual") as running:
        yield running


@pytest.fixture
def client(sim: Simulator) -> Iterator[GoWsman]:
    before = sim.snapshot("before")
    connected = GoWsman(urlsplit(next(each for each in sim.urls if each.endswith("/wsman"))).port or 0)
    yield connected
    connected.close()
    sim.restore(before)


def test_it_lists_machines_and_settings(client: GoWsman, sim: Simulator) -> None:
    listed = client.rows("SELECT * FROM Msvm_ComputerSystem WHERE Caption = 'Virtual Machine'")
    assert [each["Name"] for each in listed] == [
        each["Name"] for each in sim.find("Msvm_ComputerSystem", Caption="Virtual Machine")
    ]
    query = (
        f'SELECT * FROM Msvm_VirtualSystemSettingData WHERE VirtualSystemIdentifier="{WEB01}" '
        'AND VirtualSystemType="Microsoft:Hyper-V:System:Realized"'
    )
    assert [each["ElementName"] for each in client.rows(query)] == ["web01"]
    like = f"SELECT * FROM Msvm_StorageAllocationSettingData WHERE InstanceID LIKE 'Microsoft:{WEB01}%'"
    assert client.rows(like)


def test_it_gets_a_machine_by_its_name_alone(client: GoWsman) -> None:
    reply = client.send(f"{TRANSFER}/Get", f"{V2}Msvm_ComputerSystem", selectors={"Name": WEB01})
    assert reply.findtext(".//{*}ElementName") == "web01"


def test_it_defines_a_machine_with_an_embedded_element_and_without_any_selector(client: GoWsman, sim: Simulator) -> None:
    settings = element(
        "SystemSettings",
        "Msvm_VirtualSystemSettingData",
        ElementName="new01",
        VirtualSystemSubType="Microsoft:Hyper-V:SubType:2",
        VirtualNumaEnabled="TRUE",
        SecureBootEnabled="FALSE",
    )
    output = client.invoke(VMMS, "DefineSystem", settings)
    assert output.findtext("{*}ReturnValue") == "0"
    chosen = output.findall("{*}ResultingSystem//{*}Selector")
    assert [each.get("Name") for each in chosen] == ["__cimnamespace", "CreationClassName", "Name"], (
        "the last is the one it takes"
    )
    guid = chosen[-1].text
    (stored,) = sim.find("Msvm_VirtualSystemSettingData", VirtualSystemIdentifier=guid)
    assert (stored["VirtualNumaEnabled"], stored["SecureBootEnabled"]) == (True, False)

    configuration = reference("AffectedConfiguration", "Msvm_VirtualSystemSettingData", InstanceID=f"Microsoft:{guid}")
    controller = element(
        "ResourceSettings",
        "Msvm_ResourceAllocationSettingData",
        ResourceType="6",
        ResourceSubType="Microsoft:Hyper-V:Synthetic SCSI Controller",
    )
    output = client.invoke(VMMS, "AddResourceSettings", configuration + controller)
    assert output.findtext("{*}ReturnValue") == "0"
    assert output.find("{*}ResultingResourceSettings//{*}Selector") is not None

    machine = reference("AffectedSystem", "Msvm_ComputerSystem", CreationClassName="Msvm_ComputerSystem", Name=guid)
    assert client.invoke(VMMS, "DestroySystem", machine).findtext("{*}ReturnValue") in ("0", "4096")
    sim.settle()
    assert sim.find("Msvm_ComputerSystem", Name=guid) == []


def test_it_starts_and_stops_a_machine(client: GoWsman, sim: Simulator) -> None:
    for state in ("3", "2"):
        output = client.invoke(
            "Msvm_ComputerSystem", "RequestStateChange", f"<p:RequestedState>{state}</p:RequestedState>", Name=WEB01
        )
        assert output.findtext("{*}ReturnValue") == "4096"
        assert output.find("{*}Job/{*}ReferenceParameters") is not None
        sim.settle()
        assert [str(each["EnabledState"]) for each in sim.find("Msvm_ComputerSystem", Name=WEB01)] == [state]


def test_it_creates_and_deletes(client: GoWsman, sim: Simulator) -> None:
    uri = f"{WIN32}Win32_Service"
    service = f'<p:Win32_Service xmlns:p="{uri}"><p:Name>x</p:Name></p:Win32_Service>'
    reply = client.send(f"{TRANSFER}/Create", uri, service, fault=True)
    assert reply.findtext(".//{*}Code/{*}Subcode/{*}Value").endswith("ActionNotSupported"), "the method Create makes services"
    name = next(each["Name"] for each in sim.find("Win32_Service") if each["State"] == "Stopped")
    client.send(f"{TRANSFER}/Delete", uri, selectors={"Name": name})
    assert client.rows(f"SELECT * FROM Win32_Service WHERE Name = '{name}'", WIN32) == []


def test_a_method_without_selectors_is_refused_where_there_are_several_instances(client: GoWsman) -> None:
    uri = f"{V2}Msvm_ComputerSystem"
    body = f'<p:RequestStateChange_INPUT xmlns:p="{uri}"><p:RequestedState>3</p:RequestedState></p:RequestStateChange_INPUT>'
    reply = client.send(f"{uri}/RequestStateChange", uri, body, fault=True)
    assert reply.find(".//{*}WSManFault").get("Code") == "2150858842"


def test_a_wrong_password_is_refused_at_the_last_leg(client: GoWsman) -> None:
    status, reply = client.post(b"<x/>", "wrong")
    assert status == 401
    assert b"Envelope" not in reply


def test_all_legs_may_be_repeated_on_a_connection_that_is_logged_in(client: GoWsman, sim: Simulator) -> None:
    body = client.message(f"{TRANSFER}/Get", f"{V2}Msvm_ComputerSystem", "", {"Name": WEB01})
    for _ in range(2):
        status, reply = client.log_in(body)
        assert (status, parsed(reply).findtext(".//{*}ElementName")) == (200, "web01")
    assert sim.exchanges()[-1].exchange.user == "ann"
