"""The messages of virt-who's Hyper-V backend, with Basic (newer versions) or NTLM and sealing of its own (older ones), and how
it reads the replies (rules WM-R-9, WM-R-10, WM-A-1, WM-A-2, WM-A-3, WM-A-4, WM-E-5, WM-E-7, WM-I-2, WM-Q-6, WM-V-8)."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import spnego
from lxml import etree

from cimsim.testing import Simulator
from tests.clients.soap_post import ANONYMOUS, ENUMERATION, NAMESPACES, WMI, WQL, Wire, basic, parsed

OLD: Final = "root/virtualization"
NEW: Final = "root/virtualization/v2"
CIMV2: Final = "root/cimv2"
SEALED: Final = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
INVALID_NAMESPACE: Final = "2150858778"

Send = Callable[[str], tuple[int, bytes]]
"""Sends an envelope; returns the status and the envelope of the reply."""


class BasicSession:
    """Basic of the newer version: a POST without credentials and body first, until a request was answered with 200."""

    def __init__(self, port: int, password: str) -> None:
        self.wire = Wire(port)
        self._password = password
        self._authenticated = False

    def send(self, message: str) -> tuple[int, bytes]:
        content = {"Content_Type": "application/soap+xml;charset=UTF-8"}
        if not self._authenticated:
            status, response, _ = self.wire.post(b"", **content)
            assert status == 401, "Basic counts for its own request, not for the connection (WM-A-2)"
            assert any(each.lower().startswith("basic") for each in response.headers.get_all("WWW-Authenticate", []))
        status, _, reply = self.wire.post(message.encode(), Authorization=basic("ann", self._password), **content)
        self._authenticated = self._authenticated or status == 200
        return status, reply


class SealedSession:
    """NTLM of the older version: two legs with empty bodies, the third with a sealed message, then these alone."""

    def __init__(self, port: int, password: str) -> None:
        self.wire = Wire(port)
        self._context = spnego.client("ann", password, protocol="ntlm", options=spnego.NegotiateOptions.wrapping_winrm)

    def send(self, message: str) -> tuple[int, bytes]:
        fields = {"Content_Type": SEALED}
        if not self._context.complete:
            first = b64encode(self._context.step() or b"").decode()
            status, response, _ = self.wire.post(b"", Authorization=f"Negotiate {first}")
            assert status == 401
            # It takes all that follows the first blank of all such headers for the challenge.
            challenge = ", ".join(response.headers.get_all("WWW-Authenticate", [])).partition(" ")[2]
            last = self._context.step(b64decode(challenge, validate=True)) or b""
            fields["Authorization"] = f"Negotiate {b64encode(last).decode()}"
        status, response, reply = self.wire.post(self._sealed(message.encode()), **fields)
        if status == 401:
            return status, reply
        assert int(response.headers["Content-Length"]) == len(reply), "it reads by Content-Length"
        return status, self._opened(reply)

    def _sealed(self, text: bytes) -> bytes:
        sealed = self._context.wrap_winrm(text)
        return (
            b"--Encrypted Boundary\r\nContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
            b"OriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n--Encrypted Boundary\r\n"
            b"Content-Type: application/octet-stream\r\n"
            % len(text)
            + len(sealed.header).to_bytes(4, "little")
            + sealed.header
            + sealed.data
            + b"--Encrypted Boundary--\r\n"
        )

    def _opened(self, body: bytes) -> bytes:
        _, _, second = body.partition(b"--Encrypted Boundary\r\n")[2].partition(b"--Encrypted Boundary\r\n")
        content = second.partition(b"\r\n")[2].removesuffix(b"--Encrypted Boundary--\r\n")
        size = int.from_bytes(content[:4], "little")
        return self._context.unwrap_winrm(content[4 : 4 + size], content[4 + size :])


SESSIONS: Final[dict[str, Any]] = {"basic": BasicSession, "sealed": SealedSession}


class VirtWho:
    """What the backend asks for, and how it reads the replies."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def _envelope(self, uri: str, action: str, body: str, selectors: str = "") -> str:
        return f"""<?xml version="1.0" encoding="UTF-8"?>
            <s:Envelope xmlns:s="{NAMESPACES["s"]}" xmlns:wsa="{NAMESPACES["a"]}" xmlns:wsman="{NAMESPACES["w"]}"
                        xmlns:wsen="{ENUMERATION}" xmlns:p="{uri}">
              <s:Header>
                <wsa:Action s:mustUnderstand="true">
                  {action}
                </wsa:Action>
                <wsa:To s:mustUnderstand="true">http://host:5985/wsman</wsa:To>
                <wsman:ResourceURI s:mustUnderstand="true">
                  {uri}
                </wsman:ResourceURI>
                <wsa:MessageID s:mustUnderstand="true">uuid:1</wsa:MessageID>
                <wsa:ReplyTo><wsa:Address>{ANONYMOUS}</wsa:Address></wsa:ReplyTo>
                {selectors}
              </s:Header>
              <s:Body>{body}</s:Body>
            </s:Envelope>"""

    def enumerate(self, query: str, namespace: str) -> tuple[int, Any]:
        """Begin an enumeration; return the status, and the context or the fault."""
        body = f'<wsen:Enumerate><wsman:Filter Dialect="{WQL}">{query}</wsman:Filter></wsen:Enumerate>'
        status, reply = self._send(self._envelope(f"{WMI}{namespace}/*", f"{ENUMERATION}/Enumerate", body))
        if status != 200:
            return status, None if status == 401 else parsed(reply)
        # The context is the first child, and is kept for all pulls.
        opened = parsed(reply).find(f".//{{{ENUMERATION}}}EnumerateResponse")
        assert etree.QName(opened[0]).localname == "EnumerationContext"
        return status, opened[0].text

    def pull(self, context: str, namespace: str = OLD) -> Iterator[dict[str, str | None]]:
        """Yield the items of an enumeration by their properties, one for each Pull, in another namespace than it began in."""
        while True:
            body = f"<wsen:Pull><wsen:EnumerationContext>{context}</wsen:EnumerationContext></wsen:Pull>"
            status, reply = self._send(self._envelope(f"{WMI}{namespace}/*", f"{ENUMERATION}/Pull", body))
            assert status == 200
            root = parsed(reply)
            (items,) = root.iter(f"{{{ENUMERATION}}}Items")
            assert len(items) <= 1
            for each in items:
                yield {etree.QName(child).localname: child.text for child in each}
            found = root.find(f".//{{{ENUMERATION}}}EnumerationContext")
            if found is None or not found.text:
                return
            context = found.text

    def select(self, query: str, namespace: str) -> list[dict[str, str | None]]:
        """Return what a query finds."""
        status, context = self.enumerate(query, namespace)
        assert status == 200
        return list(self.pull(context, namespace))

    def states(self, namespace: str) -> dict[str | None, str | None]:
        """Return the states of the machines by their names, as GetSummaryInformation of all has them."""
        uri = f"{WMI}{namespace}/Msvm_VirtualSystemManagementService"
        chosen = {
            "CreationClassName": "Msvm_VirtualSystemManagementService",
            "SystemCreationClassName": "Msvm_ComputerSystem",
        }
        selectors = "".join(
            f'<wsman:Selector Name="{name}">\\n{value}\\n</wsman:Selector>' for name, value in chosen.items()
        ).replace("\\n", "\n")
        asked = "".join(f"<p:RequestedInformation>{number}</p:RequestedInformation>" for number in (0, 1, 100))
        # The element of the method stands in the namespace of WS-Management itself.
        body = f"<wsman:GetSummaryInformation_INPUT>{asked}</wsman:GetSummaryInformation_INPUT>"
        message = self._envelope(
            uri, f"{uri}/GetSummaryInformation", body, f"<wsman:SelectorSet>{selectors}</wsman:SelectorSet>"
        )
        status, reply = self._send(message)
        assert status == 200, reply
        inside = f"{{{WMI}{namespace}/Msvm_SummaryInformation}}"
        found = [each for each in parsed(reply).iter() if "SummaryInformation" in etree.QName(each).localname and len(each)]
        summaries = [each for each in found if each.find(f"{inside}Name") is not None]
        return {each.findtext(f"{inside}Name"): each.findtext(f"{inside}EnabledState") for each in summaries}


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("hyperv", "windows", user=["ann:secret"], seed=1, clock="manual") as running:
        yield running


def port_of(sim: Simulator) -> int:
    return urlsplit(next(each for each in sim.urls if each.endswith("/wsman"))).port or 0


@pytest.fixture(params=SESSIONS)
def session(request: pytest.FixtureRequest, sim: Simulator) -> Iterator[Any]:
    opened = SESSIONS[request.param](port_of(sim), "secret")
    yield opened
    opened.wire.close()


def test_it_maps_guests_to_their_host(session: Any, sim: Simulator) -> None:
    virt_who = VirtWho(session.send)
    wanted = "BIOSGUID, ElementName, VirtualSystemIdentifier"
    condition = "VirtualSystemType = 'Microsoft:Hyper-V:System:Realized'"
    realized = f"select {wanted} from Msvm_VirtualSystemSettingData where {condition}"
    # The API of 2008 first, which no host of today has.
    status, fault = virt_who.enumerate(realized, OLD)
    assert status == 500
    assert [each.text for each in fault.iter("{*}error_Code")] == [INVALID_NAMESPACE]
    status, context = virt_who.enumerate(realized, NEW)
    assert status == 200

    (computer,) = virt_who.select("select DNSHostName, NumberOfProcessors from Win32_ComputerSystem", CIMV2)
    (product,) = virt_who.select("select UUID from Win32_ComputerSystemProduct", CIMV2)
    assert computer["DNSHostName"] and int(computer["NumberOfProcessors"] or 0) > 0 and len(product["UUID"] or "") == 36
    states = virt_who.states(NEW)

    guests = {each["VirtualSystemIdentifier"]: each for each in virt_who.pull(context)}
    stored = {each["Name"]: str(each["EnabledState"]) for each in sim.find("Msvm_ComputerSystem", Caption="Virtual Machine")}
    assert set(guests) == set(stored)
    assert states == stored
    assert all((each["BIOSGUID"] or "").startswith("{") for each in guests.values())


def test_it_reads_the_version_of_the_host_from_a_file(session: Any) -> None:
    query = "select * from CIM_Datafile where Path = '\\\\windows\\\\system32\\\\' and FileName = 'vmms'"
    (file,) = VirtWho(session.send).select(query, CIMV2)
    assert (file["Path"], (file["Version"] or "").split(".")[0]) == ("\\windows\\system32\\", "10")


@pytest.mark.parametrize("kind", SESSIONS)
def test_it_knows_a_wrong_password(kind: str, sim: Simulator) -> None:
    opened = SESSIONS[kind](port_of(sim), "wrong")
    status, _ = VirtWho(opened.send).enumerate("select * from Win32_ComputerSystem", CIMV2)
    opened.wire.close()
    assert status == 401
