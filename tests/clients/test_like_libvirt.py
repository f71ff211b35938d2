"""The messages of libvirt's Hyper-V driver, and how it reads the replies: prefixes in XPath, one item from each Pull, each
scalar property of its class lists, references copied from a reply into a parameter (rules WM-X-1, WM-E-5 to WM-E-7, WM-V-2,
WM-V-3, WM-P-3, WM-P-4, WM-P-6, WM-P-7, WM-V-8)."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from lxml import etree

from cimsim.testing import Simulator
from tests.clients.soap_post import ANONYMOUS, ENUMERATION, NAMESPACES, V2, WIN32, WQL, Wire, basic, escaped, parsed

WEB01: Final = "3f2c6a10-8b41-4e0d-9c57-1a6e0b7d2f01"
"""As libvirt writes UUIDs, in lower case (rule WM-P-2)."""
VMMS: Final = {"CreationClassName": "Msvm_VirtualSystemManagementService"}
PLAIN: Final = "Msvm_ResourceAllocationSettingData"
MACHINES: Final = 'Description = "Microsoft Virtual Machine"'
REALIZED: Final = "Microsoft:Hyper-V:System:Realized"

Item = dict[str, list[str | None]]
"""The values of an item by property."""


class Libvirt:
    """What the driver does with one connection.

    Args:
        port: of WS-Management.
        properties: returns the names of the scalar properties of a class, which the driver has in its lists.
    """

    def __init__(self, port: int, properties: Callable[[str, str], set[str]]) -> None:
        self._wire = Wire(port)
        self._properties = properties

    def close(self) -> None:
        self._wire.close()

    def send(self, action: str, uri: str, body: str, selectors: dict[str, str] | None = None) -> Any:
        """Send a message with the prefixes of openwsman; return the root of the reply."""
        chosen = "".join(f'<wsman:Selector Name="{name}">{value}</wsman:Selector>' for name, value in (selectors or {}).items())
        message = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<s:Envelope xmlns:s="{NAMESPACES["s"]}" xmlns:wsa="{NAMESPACES["a"]}" xmlns:wsman="{NAMESPACES["w"]}">'
            f'<s:Header><wsa:Action s:mustUnderstand="true">{action}</wsa:Action>'
            '<wsa:To s:mustUnderstand="true">http://127.0.0.1:5985/wsman</wsa:To>'
            f'<wsman:ResourceURI s:mustUnderstand="true">{uri}</wsman:ResourceURI>'
            f'<wsa:MessageID s:mustUnderstand="true">uuid:{uuid4()}</wsa:MessageID>'
            f"<wsa:ReplyTo><wsa:Address>{ANONYMOUS}</wsa:Address></wsa:ReplyTo>"
            f"{f'<wsman:SelectorSet>{chosen}</wsman:SelectorSet>' if chosen else ''}"
            f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
        fields = {"Authorization": basic("ann", "secret"), "Content_Type": "application/soap+xml;charset=UTF-8"}
        status, _, reply = self._wire.post(message.encode(), **fields)
        assert status in (200, 400, 500), "any other is an error of the transport to it (WM-H-3)"
        return parsed(reply)

    def found(self, reply: Any, path: str) -> list[Any]:
        """Evaluate an XPath with the prefixes that the Envelope and the first child of Body declare, as openwsman does."""
        first = next(iter(reply.find(f"{{{NAMESPACES['s']}}}Body")), None)
        prefixes = dict(reply.nsmap) | ({} if first is None else dict(first.nsmap))
        prefixes.pop(None, None)
        found: list[Any] = reply.xpath(path, namespaces=prefixes)
        return found

    def items(self, query: str, classname: str, base: str = V2, mode: str = "") -> list[Any]:
        """Enumerate with a query over all classes, and pull one item after the other with the URI of the class."""
        wanted = (
            f'<wsen:Enumerate xmlns:wsen="{ENUMERATION}">{mode}'
            f'<wsman:Filter Dialect="{WQL}">{escaped(query)}</wsman:Filter></wsen:Enumerate>'
        )
        reply = self.send(f"{ENUMERATION}/Enumerate", f"{base}*", wanted)
        items: list[Any] = []
        while True:
            assert not self.found(reply, "/s:Envelope/s:Body/s:Fault"), etree.tostring(reply)
            context = reply.findtext(f".//{{{ENUMERATION}}}EnumerationContext")
            if not context:
                return items
            pull = f"<wsen:EnumerationContext>{context}</wsen:EnumerationContext>"
            body = f'<wsen:Pull xmlns:wsen="{ENUMERATION}">{pull}</wsen:Pull>'
            reply = self.send(f"{ENUMERATION}/Pull", f"{base}{classname}", body)
            (holder,) = reply.iter(f"{{{ENUMERATION}}}Items")
            assert len(holder) <= 1, "it would lose the second one (WM-E-5)"
            if len(holder) == 0:
                return items
            items.append(holder[0])

    def objects(self, query: str, classname: str, base: str = V2) -> list[Item]:
        """Return the instances that a query finds, each with every scalar property of the class."""
        scalars = self._properties(base, classname)
        found = []
        for each in self.items(query, classname, base):
            # It looks for the element by the URI of the class that it asked for, and goes on to its lists of properties.
            assert each.tag == f"{{{base}{classname}}}{classname}"
            item: Item = {}
            for child in each:
                item.setdefault(etree.QName(child).localname, []).append(_text(child))
            assert scalars <= set(item), f"not enough instances of {sorted(scalars - set(item))}"
            assert all(None not in values for name, values in item.items() if name not in scalars), "WM-V-3"
            found.append(item)
        return found

    def one(self, query: str, classname: str, base: str = V2) -> Item:
        (found,) = self.objects(query, classname, base)
        return found

    def reference(self, query: str, classname: str) -> str:
        """Return the children of the reference that a query finds, without what declares their prefixes (rule WM-P-7)."""
        mode = "<wsman:EnumerationMode>EnumerateEPR</wsman:EnumerationMode>"
        (found,) = self.items(query, classname, mode=mode)
        text = "".join(etree.tostring(child, encoding="unicode", with_tail=False) for child in found)
        return re.sub(r' xmlns:\w+="[^"]*"', "", text)

    def invoke(self, classname: str, method: str, parameters: str = "", selectors: dict[str, str] | None = None) -> Any:
        """Call a method; return the reply, in which the return value is."""
        uri = f"{V2}{classname}"
        body = f'<p:{method}_INPUT xmlns:p="{uri}">{parameters}</p:{method}_INPUT>'
        return self.send(f"{uri}/{method}", uri, body, selectors)

    def returned(self, reply: Any, method: str) -> int:
        (value,) = self.found(reply, f"/s:Envelope/s:Body/p:{method}_OUTPUT/p:ReturnValue")
        return int(value.text)

    def managed(self, method: str, parameters: str) -> Any:
        """Call a method of the management service by part of its key (WM-P-3), which must succeed or start a job."""
        reply = self.invoke("Msvm_VirtualSystemManagementService", method, parameters, VMMS)
        assert self.returned(reply, method) in (0, 4096), etree.tostring(reply)
        return reply


def _text(element: Any) -> str | None:
    if element.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true":
        return None
    return "".join(element.itertext())


def value(item: Item, name: str) -> str:
    (found,) = item[name]
    assert found is not None, name
    return found


NUMBERS: Final = {"ResourceType": "uint16", "VirtualQuantity": "uint64"}
"""Types of properties that are not strings, which the driver has in its lists."""


def embedded(classname: str, **properties: str) -> str:
    """Return an instance as the driver writes it into a parameter: as text in CDATA (rule WM-V-8)."""
    parts = "".join(
        f'<PROPERTY NAME="{name}" TYPE="{NUMBERS.get(name, "string")}"><VALUE>{text}</VALUE></PROPERTY>'
        for name, text in properties.items()
    )
    return f'<![CDATA[<INSTANCE CLASSNAME="{classname}">{parts}</INSTANCE>]]>'


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    options: dict[str, Any] = {"settings": {"hyperv.machine_transition": "2"}, "clock": "manual"}
    with Simulator("hyperv", "windows", user=["ann:secret"], seed=1, **options) as running:
        yield running


@pytest.fixture
def libvirt(sim: Simulator) -> Iterator[Libvirt]:
    known: dict[tuple[str, str], set[str]] = {}
    with sim.connect("root/cimv2", creds=("ann", "secret")) as connection:

        def scalars(base: str, classname: str) -> set[str]:
            if (base, classname) not in known:
                namespace = "root/virtualization/v2" if base == V2 else "root/cimv2"
                declared = connection.GetClass(classname, namespace, LocalOnly=False).properties.values()
                known[base, classname] = {each.name for each in declared if not each.is_array}
            return known[base, classname]

        before = sim.snapshot("before")
        client = Libvirt(urlsplit(next(each for each in sim.urls if each.endswith("/wsman"))).port or 0, scalars)
        yield client
        client.close()
        sim.restore(before)


def test_it_opens_a_connection_and_reads_the_host(libvirt: Libvirt) -> None:
    (product,) = libvirt.objects("SELECT * FROM Win32_ComputerSystemProduct", "Win32_ComputerSystemProduct", WIN32)
    assert len(value(product, "UUID")) == 36
    system = libvirt.one("SELECT * FROM Win32_OperatingSystem", "Win32_OperatingSystem", WIN32)
    assert [number.isdigit() for number in value(system, "Version").split(".")] == [True] * 3
    assert int(value(system, "TotalVisibleMemorySize")) > int(value(system, "FreePhysicalMemory")) > 0
    computer = libvirt.one("SELECT * FROM Win32_ComputerSystem", "Win32_ComputerSystem", WIN32)
    query = (
        f"ASSOCIATORS OF {{Win32_ComputerSystem.Name='{value(computer, 'Name')}'}} "
        "WHERE AssocClass = Win32_ComputerSystemProcessor ResultClass = Win32_Processor"
    )
    processors = libvirt.objects(query, "Win32_Processor", WIN32)
    assert " @ " in value(processors[0], "Name")
    assert int(value(processors[0], "NumberOfLogicalProcessors")) > 0
    host = libvirt.one("SELECT * FROM Msvm_ComputerSystem WHERE Name = __SERVER", "Msvm_ComputerSystem")
    assert value(host, "Name") == value(computer, "Name")


def test_it_lists_machines_and_finds_one_by_uuid_and_by_name(libvirt: Libvirt, sim: Simulator) -> None:
    stored = {each["Name"].lower() for each in sim.find("Msvm_ComputerSystem", Caption="Virtual Machine")}
    for condition in (MACHINES, "Name != __SERVER"):
        listed = libvirt.objects(f"SELECT * FROM Msvm_ComputerSystem WHERE {condition}", "Msvm_ComputerSystem")
        assert {value(each, "Name").lower() for each in listed} == stored
    states = "(EnabledState != 0 and EnabledState != 3 and EnabledState != 32769)"
    active = f"SELECT * FROM Msvm_ComputerSystem WHERE {MACHINES} AND {states}"
    assert 0 < len(libvirt.objects(active, "Msvm_ComputerSystem")) < len(stored)
    for condition in (f'Name = "{WEB01}"', 'ElementName = "web01"'):
        query = f"SELECT * FROM Msvm_ComputerSystem WHERE {MACHINES} AND {condition}"
        assert value(libvirt.one(query, "Msvm_ComputerSystem"), "ElementName") == "web01"
    assert libvirt.objects(f"SELECT * FROM Msvm_ComputerSystem WHERE {MACHINES} AND Name = 'x'", "Msvm_ComputerSystem") == []


@pytest.mark.parametrize("states", [("9", "2"), ("3", "2"), ("6", "2")])
def test_it_asks_for_a_state_and_polls_the_job(libvirt: Libvirt, sim: Simulator, states: tuple[str, ...]) -> None:
    selectors = {"CreationClassName": "Msvm_ComputerSystem", "Name": WEB01}
    for wanted in states:
        reply = libvirt.invoke(
            "Msvm_ComputerSystem", "RequestStateChange", f"<p:RequestedState>{wanted}</p:RequestedState>", selectors
        )
        assert libvirt.returned(reply, "RequestStateChange") == 4096
        path = (
            "/s:Envelope/s:Body/p:RequestStateChange_OUTPUT/p:Job/a:ReferenceParameters/w:SelectorSet"
            "/w:Selector[@Name='InstanceID']"
        )
        (identifier,) = libvirt.found(reply, path)
        job = f"SELECT * FROM Msvm_ConcreteJob WHERE InstanceID = '{identifier.text}'"
        assert int(value(libvirt.one(job, "Msvm_ConcreteJob"), "JobState")) in (2, 3, 4)
        sim.advance(2)
        assert value(libvirt.one(job, "Msvm_ConcreteJob"), "JobState") == "7"
        query = f'SELECT * FROM Msvm_ComputerSystem WHERE Name = "{WEB01}"'
        assert value(libvirt.one(query, "Msvm_ComputerSystem"), "EnabledState") == wanted


def settings_of(libvirt: Libvirt, guid: str) -> Item:
    query = (
        f'SELECT * FROM Msvm_VirtualSystemSettingData WHERE VirtualSystemIdentifier = "{guid}" '
        f'AND VirtualSystemType = "{REALIZED}"'
    )
    return libvirt.one(query, "Msvm_VirtualSystemSettingData")


def parts_of(libvirt: Libvirt, guid: str, classname: str) -> list[Item]:
    query = (
        f"ASSOCIATORS OF {{Msvm_VirtualSystemSettingData.InstanceID='Microsoft:{guid}'}} "
        f"WHERE AssocClass = Msvm_VirtualSystemSettingDataComponent ResultClass = {classname}"
    )
    return libvirt.objects(query, classname)


def test_it_describes_a_machine_from_its_settings_to_its_disks_and_adapters(libvirt: Libvirt) -> None:
    settings = settings_of(libvirt, WEB01)
    assert value(settings, "VirtualSystemSubType").startswith("Microsoft:Hyper-V:SubType:")
    assert int(value(parts_of(libvirt, WEB01, "Msvm_ProcessorSettingData")[0], "VirtualQuantity")) > 0
    assert int(value(parts_of(libvirt, WEB01, "Msvm_MemorySettingData")[0], "Limit")) > 0
    resources = parts_of(libvirt, WEB01, PLAIN)
    by_path = {value(each, "InstanceID").lower(): each for each in resources}
    counters = "Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor"
    (counted,) = libvirt.objects(f"SELECT * FROM {counters} WHERE Name = 'web01:Hv VP 0'", counters, WIN32)
    assert value(counted, "PercentTotalRunTime").isdigit()
    disks = parts_of(libvirt, WEB01, "Msvm_StorageAllocationSettingData")
    assert disks
    for disk in disks:
        assert len(disk["HostResource"]) == 1
        drive = by_path[_identifier(value(disk, "Parent"))]
        assert value(drive, "ResourceType") in ("16", "17")
        assert value(drive, "AddressOnParent").isdigit()
        controller = by_path[_identifier(value(drive, "Parent"))]
        assert value(controller, "ResourceType") in ("5", "6")
        assert value(drive, "ResourceType") != "17" or "HostResource" not in drive, "it would take it for a physical disk"
    adapters = parts_of(libvirt, WEB01, "Msvm_SyntheticEthernetPortSettingData")
    assert len(value(adapters[0], "Address")) == 12
    (connection,) = [
        each
        for each in parts_of(libvirt, WEB01, "Msvm_EthernetPortAllocationSettingData")
        if _identifier(value(each, "Parent")) == value(adapters[0], "InstanceID").lower()
    ]
    path = value(connection, "HostResource").replace("\\", "\\\\")
    switch = libvirt.one(f"SELECT * FROM Msvm_VirtualEthernetSwitch WHERE __PATH = '{path}'", "Msvm_VirtualEthernetSwitch")
    assert value(switch, "ElementName")


def _identifier(path: str) -> str:
    """Return the InstanceID in the path of settings, in lower case."""
    return path.partition('InstanceID="')[2][:-1].replace("\\\\", "\\").lower()


def test_it_defines_a_machine_gives_it_processors_and_a_controller_and_destroys_it(libvirt: Libvirt, sim: Simulator) -> None:
    text = embedded("Msvm_VirtualSystemSettingData", ElementName="new01", VirtualSystemSubType="Microsoft:Hyper-V:SubType:1")
    reply = libvirt.managed("DefineSystem", f"<p:SystemSettings>{text}</p:SystemSettings>")
    sim.settle()
    (guid,) = libvirt.found(reply, "//w:Selector[@Name='Name']")
    assert [each["ElementName"] for each in sim.find("Msvm_ComputerSystem", Name=guid.text)] == ["new01"]

    (processor,) = parts_of(libvirt, guid.text, "Msvm_ProcessorSettingData")
    more = embedded("Msvm_ProcessorSettingData", InstanceID=value(processor, "InstanceID"), VirtualQuantity="4")
    libvirt.managed("ModifyResourceSettings", f"<p:ResourceSettings>{more}</p:ResourceSettings>")
    sim.settle()
    assert value(parts_of(libvirt, guid.text, "Msvm_ProcessorSettingData")[0], "VirtualQuantity") == "4"

    before = len(parts_of(libvirt, guid.text, PLAIN))
    query = f"SELECT * FROM Msvm_VirtualSystemSettingData WHERE InstanceID = 'Microsoft:{guid.text}'"
    copied = libvirt.reference(query, "Msvm_VirtualSystemSettingData")
    target = (
        f'<p:AffectedConfiguration xmlns:a="{NAMESPACES["a"]}" xmlns:w="{NAMESPACES["w"]}">{copied}</p:AffectedConfiguration>'
    )
    controller = embedded(PLAIN, ResourceType="6", ResourceSubType="Microsoft:Hyper-V:Synthetic SCSI Controller")
    reply = libvirt.managed("AddResourceSettings", f"{target}<p:ResourceSettings>{controller}</p:ResourceSettings>")
    sim.settle()
    assert len(parts_of(libvirt, guid.text, PLAIN)) == before + 1
    (added,) = libvirt.found(reply, "//p:ResultingResourceSettings//w:Selector[@Name='InstanceID']")
    disk = embedded(
        PLAIN,
        ResourceType="17",
        ResourceSubType="Microsoft:Hyper-V:Synthetic Disk Drive",
        Parent=escaped(
            f'\\\\HVHOST01\\Root\\Virtualization\\V2:{PLAIN}.InstanceID="{added.text.replace(chr(92), chr(92) * 2)}"'
        ),
        AddressOnParent="0",
    )
    libvirt.managed("AddResourceSettings", f"{target}<p:ResourceSettings>{disk}</p:ResourceSettings>")
    sim.settle()
    assert len(parts_of(libvirt, guid.text, PLAIN)) == before + 2

    machine = libvirt.reference(f"SELECT * FROM Msvm_ComputerSystem WHERE Name = '{guid.text}'", "Msvm_ComputerSystem")
    affected = f'<p:AffectedSystem xmlns:a="{NAMESPACES["a"]}" xmlns:w="{NAMESPACES["w"]}">{machine}</p:AffectedSystem>'
    libvirt.managed("DestroySystem", affected)
    sim.settle()
    assert sim.find("Msvm_ComputerSystem", Name=guid.text) == []


def test_it_types_keys(libvirt: Libvirt) -> None:
    path = f"Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='{WEB01}'"
    query = f"ASSOCIATORS OF {{{path}}} WHERE ResultClass = Msvm_Keyboard"
    keyboard = libvirt.one(query, "Msvm_Keyboard")
    selectors = {
        name: value(keyboard, name) for name in ("CreationClassName", "DeviceID", "SystemCreationClassName", "SystemName")
    }
    selectors["DeviceID"] = f'"{selectors["DeviceID"]}"'
    for method in ("PressKey", "ReleaseKey"):
        reply = libvirt.invoke("Msvm_Keyboard", method, "<p:keyCode>65</p:keyCode>", selectors)
        assert libvirt.returned(reply, method) == 0, "quotation marks around a selector are no part of it (WM-P-4)"


def test_a_fault_tells_it_why(libvirt: Libvirt) -> None:
    reply = libvirt.invoke("Msvm_ComputerSystem", "RequestStateChange", "", {"Name": "nobody"})
    assert libvirt.found(reply, "/s:Envelope/s:Body/s:Fault/s:Reason/s:Text")[0].text
