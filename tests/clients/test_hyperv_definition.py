"""Defining, changing and destroying virtual machines, as clients of a Hyper-V host do it (reference, 4.8 and 4.9)."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest
from pywbem import CIMDateTime, CIMInstance, CIMInstanceName, Uint32, Uint64, WBEMConnection

from tests.clients.hyperv_host import DB01, OLD01, VMMS, WEB01, Client, machine, system_settings

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Launch, Server

HYPERV: Final = "root/virtualization/v2"
PLAIN: Final = "Msvm_ResourceAllocationSettingData"
KIND: Final = "Microsoft:Hyper-V:"
PARTS: Final = "Msvm_VirtualSystemSettingDataComponent"


EQUIPMENT: Final = {
    "Msvm_StorageAllocationSettingData",
    "Msvm_SyntheticEthernetPortSettingData",
    "Msvm_EthernetPortAllocationSettingData",
}
"""Classes of settings that the shipped machines have, and a new one does not."""


class Definer(Client):
    """A client that defines machines."""

    def define(self, name: str = "new01", **parameters: Any) -> CIMInstanceName:
        """Define a machine, which must succeed at once, and return its path."""
        result, outputs = self.conn.InvokeMethod("DefineSystem", VMMS, SystemSettings=system(name), **parameters)
        assert result == 0
        path: CIMInstanceName = outputs["ResultingSystem"]
        return path

    def add(self, guid: str, *resources: CIMInstance) -> list[CIMInstanceName]:
        """Add resources, which must succeed at once, and return the paths of their settings."""
        result, outputs = self.adding(guid, *resources)
        assert result == 0
        paths: list[CIMInstanceName] = outputs["ResultingResourceSettings"]
        return paths

    def adding(self, guid: str, *resources: CIMInstance) -> tuple[int, Any]:
        given = {"AffectedConfiguration": system_settings(guid), "ResourceSettings": list(resources)}
        result, outputs = self.conn.InvokeMethod("AddResourceSettings", VMMS, **given)
        return int(result), outputs

    def parts(self, guid: str, classname: str | None = None) -> list[CIMInstance]:
        """Return the settings of the resources and components of a machine."""
        found: list[CIMInstance] = self.conn.Associators(system_settings(guid), AssocClass=PARTS, ResultClass=classname)
        return found

    def part(self, guid: str, classname: str) -> CIMInstance:
        (found,) = self.parts(guid, classname)
        return found

    def count(self) -> int:
        return sum(len(self.conn.EnumerateInstanceNames(each)) for each in ("CIM_ManagedElement", "CIM_Dependency"))


def system(name: str | None = None, **properties: Any) -> CIMInstance:
    values = properties if name is None else {"ElementName": name, **properties}
    return CIMInstance("Msvm_VirtualSystemSettingData", values)


def resource(kind: str, classname: str = PLAIN, /, **properties: Any) -> CIMInstance:
    return CIMInstance(classname, {"ResourceSubType": KIND + kind, **properties})


def windows_path(path: CIMInstanceName) -> str:
    escaped = path["InstanceID"].replace("\\", "\\\\")
    return f'\\\\HVHOST01\\Root\\Virtualization\\V2:{path.classname}.InstanceID="{escaped}"'


@pytest.fixture
def client(connect: "Connect", changing_server: "Server") -> Definer:
    return Definer(connect(changing_server, HYPERV))


# Defining


def test_a_defined_machine_is_like_one_that_is_off(client: Definer) -> None:
    """DefineSystem: 0 and the machine; it has what old01 has, and the same links (4.8, 7, 9)."""
    path = client.define("new01", ResourceSettings=[], ReferenceConfiguration=None)
    guid = path["Name"]
    assert guid == guid.upper() != OLD01
    new, old = client.get(path), client.get(machine(OLD01))
    own = {"Name", "ElementName", "InstallDate", "TimeOfLastStateChange", "TimeOfLastConfigurationChange"}
    for name in set(new.keys()) - own:
        assert new[name] == old[name], name
    assert new["ElementName"] == "new01"
    for association in ("Msvm_HostedDependency", "Msvm_ServiceAffectsElement", "Msvm_SettingsDefineState"):
        found = client.conn.AssociatorNames(path, AssocClass=association)
        assert [each.classname for each in found] == [
            each.classname for each in client.conn.AssociatorNames(machine(OLD01), AssocClass=association)
        ]
    assert client.components(guid) == []
    classes = {each.classname for each in client.parts(guid)}
    assert classes >= {each.classname for each in client.parts(OLD01)} - EQUIPMENT
    settings = client.get(system_settings(guid))
    assert (settings["VirtualSystemIdentifier"], settings["ElementName"]) == (guid, "new01")
    assert settings["VirtualSystemType"] == "Microsoft:Hyper-V:System:Realized"
    assert settings["VirtualSystemSubType"] == "Microsoft:Hyper-V:SubType:1"


def test_the_second_generation_has_neither_controllers_nor_adapters(client: Definer) -> None:
    """What every machine has, and nothing else: old01 has a disk, a DVD drive and a network adapter besides."""
    given = system("two", VirtualSystemSubType="Microsoft:Hyper-V:SubType:2", Notes=["a", "b"])
    result, outputs = client.conn.InvokeMethod("DefineSystem", VMMS, SystemSettings=given)
    assert result == 0
    guid = outputs["ResultingSystem"]["Name"]
    more = Counter(each.classname for each in client.parts(OLD01))
    more.subtract(each.classname for each in client.parts(guid))
    assert +more == dict.fromkeys(EQUIPMENT, 1) | {PLAIN: 3}
    assert not -more
    assert client.get(system_settings(guid))["Notes"] == ["a", "b"]
    for classname in ("Msvm_ProcessorSettingData", "Msvm_MemorySettingData"):
        new, old = client.part(guid, classname), client.part(OLD01, classname)
        assert {name: new[name] for name in new} | {"InstanceID": ""} == {name: old[name] for name in old} | {"InstanceID": ""}
    assert client.get(system_settings(guid))["BootSourceOrder"] == []


def test_the_first_generation_has_controllers_and_ports(client: Definer) -> None:
    """What libvirt looks for: two IDE controllers by Address, a diskette drive, two serial ports."""
    guid = client.define("one")["Name"]
    found = [(each["ResourceType"], each["ResourceSubType"].removeprefix(KIND)) for each in client.parts(guid, PLAIN)]
    assert found == [
        (5, "Emulated IDE Controller"),
        (5, "Emulated IDE Controller"),
        (1, "Virtual Diskette Controller"),
        (14, "Synthetic Diskette Drive"),
        (24, "S3 Display Controller"),
        (13, "Synthetic Keyboard"),
        (13, "Synthetic Mouse"),
    ]
    assert [each["Address"] for each in client.parts(guid, PLAIN)][:2] == ["0", "1"]
    ports = client.parts(guid, "Msvm_SerialPortSettingData")
    assert [(each["ElementName"], each["ResourceType"]) for each in ports] == [("COM 1", 21), ("COM 2", 21)]


def test_defining_with_resources(client: Definer) -> None:
    memory = CIMInstance("Msvm_MemorySettingData", {"VirtualQuantity": Uint64(512)})
    adapter = resource("Synthetic Ethernet Port", "Msvm_SyntheticEthernetPortSettingData", ElementName="Net")
    guid = client.define("full01", ResourceSettings=[memory, adapter])["Name"]
    assert client.part(guid, "Msvm_MemorySettingData")["VirtualQuantity"] == 512
    assert client.part(guid, "Msvm_SyntheticEthernetPortSettingData")["ElementName"] == "Net"


def test_defining_after_a_reference(client: Definer) -> None:
    """ReferenceConfiguration gives what the others leave out."""
    first = client.define("model")
    processors = client.part(first["Name"], "Msvm_ProcessorSettingData")
    processors["VirtualQuantity"] = Uint64(6)
    assert client.call(VMMS, "ModifyResourceSettings", ResourceSettings=[processors]) == (0, None)
    note = system(InstanceID=f"Microsoft:{first['Name']}", Notes=["copy me"])
    assert client.call(VMMS, "ModifySystemSettings", SystemSettings=note) == (0, None)
    guid = client.define("copy", ReferenceConfiguration=system_settings(first["Name"]))["Name"]
    assert client.get(system_settings(guid))["Notes"] == ["copy me"]
    assert client.get(machine(guid))["ElementName"] == "copy"
    assert client.part(guid, "Msvm_ProcessorSettingData")["VirtualQuantity"] == 6


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"SystemSettings": system("x", VirtualSystemType="Microsoft:Hyper-V:System:Planned")},
        {"SystemSettings": system("x", VirtualSystemSubType="Microsoft:Hyper-V:SubType:3")},
        {"SystemSettings": system("x"), "ReferenceConfiguration": system_settings("nobody")},
        {"SystemSettings": system("x"), "ResourceSettings": [resource("Emulated IDE Controller")]},
        {"SystemSettings": system("x"), "ResourceSettings": [resource("Flux Capacitor")]},
    ],
    ids=["nothing", "planned", "third-generation", "no-reference", "fixed-resource", "unknown-resource"],
)
def test_what_cannot_be_defined(client: Definer, parameters: dict[str, Any]) -> None:
    """4 Invalid Parameter, and nothing is left behind."""
    before = client.count()
    assert client.call(VMMS, "DefineSystem", **parameters) == (4, None)
    assert client.count() == before


@pytest.mark.longer
def test_a_defined_machine_lives_like_the_others(client: Definer) -> None:
    """It starts, stops and is destroyed; all that belonged to it has gone, and only that."""
    before = client.count()
    path = client.define("brief")
    guid = path["Name"]
    client.add(guid, resource("Synthetic SCSI Controller"))
    client.ask(path, 2)
    assert len(client.components(guid)) == 6
    assert client.services(guid) == {"Msvm_GuestFileService": False}
    assert client.call(VMMS, "DestroySystem", AffectedSystem=path) == (5, None)
    client.ask(path, 3)
    assert client.call(VMMS, "DestroySystem", AffectedSystem=path) == (0, None)
    jobs = len(client.conn.EnumerateInstanceNames("Msvm_ConcreteJob"))
    assert client.count() == before + jobs
    assert not client.exists(path)
    assert guid not in client.conn.EnumerateInstances("CIM_ManagedElement").__repr__()
    assert {each["Name"] for each in client.conn.EnumerateInstanceNames("Msvm_ComputerSystem")} >= {WEB01, DB01, OLD01}


def test_what_cannot_be_destroyed(client: Definer) -> None:
    """4 for what is no virtual machine; a running one has 5 (documented code, choice of it assumed)."""
    assert client.call(VMMS, "DestroySystem", AffectedSystem=machine("nobody")) == (4, None)
    assert client.call(VMMS, "DestroySystem", AffectedSystem=machine("HVHOST01")) == (4, None)
    assert client.call(VMMS, "DestroySystem") == (4, None)
    assert client.call(VMMS, "DestroySystem", AffectedSystem=machine(WEB01)) == (5, None)


# Changing


def test_memory_and_processors(client: Definer) -> None:
    """What libvirt and os-win change after they have defined a machine."""
    guid = client.define("sized")["Name"]
    memory = client.part(guid, "Msvm_MemorySettingData")
    memory["VirtualQuantity"] = memory["Reservation"] = Uint64(1024)
    memory["Limit"], memory["DynamicMemoryEnabled"] = Uint64(4096), True
    memory["TargetMemoryBuffer"] = Uint32(50)
    result, outputs = client.conn.InvokeMethod("ModifyResourceSettings", VMMS, ResourceSettings=[memory])
    assert (result, [each["InstanceID"] for each in outputs["ResultingResourceSettings"]]) == (0, [memory["InstanceID"]])
    assert client.part(guid, "Msvm_MemorySettingData")["Limit"] == 4096
    for name, value in (("VirtualQuantity", 8192), ("TargetMemoryBuffer", 3), ("ResourceSubType", "Other")):
        kept = {"InstanceID": memory["InstanceID"]}
        number = Uint32(value) if name == "TargetMemoryBuffer" else Uint64(value) if isinstance(value, int) else value
        wrong = CIMInstance("Msvm_MemorySettingData", {**kept, name: number})
        assert client.call(VMMS, "ModifyResourceSettings", ResourceSettings=[wrong])[0] == 4


def test_processors_change_only_while_the_machine_is_off(client: Definer) -> None:
    """5 Invalid State: documented code, condition assumed."""
    path = client.define("busy")
    processors = client.part(path["Name"], "Msvm_ProcessorSettingData")
    client.ask(path, 2)
    processors["VirtualQuantity"] = Uint64(4)
    assert client.call(VMMS, "ModifyResourceSettings", ResourceSettings=[processors]) == (5, None)
    processors["VirtualQuantity"], processors["Weight"] = Uint64(2), Uint32(200)
    assert client.call(VMMS, "ModifyResourceSettings", ResourceSettings=[processors]) == (0, None)
    client.ask(path, 3)


def test_components_and_resources_change_in_calls_of_their_own(client: Definer) -> None:
    guid = client.define("mixed")["Name"]
    both = [client.part(guid, "Msvm_MemorySettingData"), client.part(guid, "Msvm_HeartbeatComponentSettingData")]
    assert client.call(VMMS, "ModifyResourceSettings", ResourceSettings=both) == (6, None)


def test_renaming(client: Definer) -> None:
    """ModifySystemSettings: the machine has its name from its settings, and notes the change."""
    path = client.define("before")
    settings = client.get(system_settings(path["Name"]))
    settings["ElementName"] = "after"
    settings["AutomaticStartupActionDelay"] = CIMDateTime("00000000000030.000000:000")
    assert client.call(VMMS, "ModifySystemSettings", SystemSettings=settings) == (0, None)
    assert client.get(path)["ElementName"] == "after"
    assert str(client.get(settings.path)["AutomaticStartupActionDelay"]) == "00000000000030.000000:000"
    settings["VirtualSystemIdentifier"] = WEB01
    assert client.call(VMMS, "ModifySystemSettings", SystemSettings=settings) == (4, None)
    assert client.call(VMMS, "ModifySystemSettings", SystemSettings=system("who")) == (4, None)


# Resources


def test_a_disk_on_ide(client: Definer) -> None:
    """A drive on a controller, a disk in the drive; Parent in the form of Windows, InstanceID as observed."""
    guid = client.define("disk01")["Name"]
    controller = client.parts(guid, PLAIN)[1].path
    place = {"Parent": windows_path(controller), "AddressOnParent": "1"}
    (drive,) = client.add(guid, resource("Synthetic Disk Drive", **place))
    assert drive["InstanceID"] == f"{controller['InstanceID']}\\1\\D"
    file = {"Parent": windows_path(drive), "HostResource": ["C:\\disks\\one.vhdx"]}
    (disk,) = client.add(guid, resource("Virtual Hard Disk", PLAIN, **file))
    assert (disk.classname, disk["InstanceID"]) == (
        "Msvm_StorageAllocationSettingData",
        f"{controller['InstanceID']}\\1\\L",
    )
    assert client.get(disk)["HostResource"] == ["C:\\disks\\one.vhdx"]
    assert (client.get(drive)["ResourceType"], client.get(disk)["ResourceType"]) == (17, 31)
    # The place is taken, the drive is full, there is no third place, and a disk does not hang from a controller.
    for wrong in (
        resource("Synthetic DVD Drive", **place),
        resource("Virtual Hard Disk", **file),
        resource("Synthetic DVD Drive", Parent=windows_path(controller), AddressOnParent="2"),
        resource("Virtual Hard Disk", Parent=windows_path(controller)),
        resource("Synthetic Disk Drive"),
    ):
        assert client.adding(guid, wrong) == (4, {})
    changed = CIMInstance(disk.classname, {"InstanceID": disk["InstanceID"], "HostResource": ["C:\\disks\\two.vhdx"]})
    assert client.call(VMMS, "ModifyResourceSettings", ResourceSettings=[changed]) == (0, None)
    assert client.get(disk)["HostResource"] == ["C:\\disks\\two.vhdx"]
    assert client.call(VMMS, "RemoveResourceSettings", ResourceSettings=[drive]) == (0, None)
    assert not client.exists(drive)
    assert not client.exists(disk)


def test_disks_on_scsi_come_and_go_while_the_machine_runs(client: Definer) -> None:
    """Controllers do not: 5, a condition that is assumed."""
    path = client.define("hot01")
    guid = path["Name"]
    (controller,) = client.add(guid, resource("Synthetic SCSI Controller"))
    client.ask(path, 2)
    drives = [resource("Synthetic Disk Drive", Parent=controller["InstanceID"]) for _ in range(2)]
    added = client.add(guid, *drives)
    assert [client.get(each)["AddressOnParent"] for each in added] == ["0", "1"]
    assert client.adding(guid, resource("Synthetic SCSI Controller")) == (5, {})
    assert client.call(VMMS, "RemoveResourceSettings", ResourceSettings=[controller]) == (5, None)
    assert client.call(VMMS, "RemoveResourceSettings", ResourceSettings=added) == (0, None)
    client.ask(path, 3)
    for _ in range(3):
        client.add(guid, resource("Synthetic SCSI Controller"))
    assert client.adding(guid, resource("Synthetic SCSI Controller")) == (4, {})


def test_a_network_adapter_on_a_switch(client: Definer) -> None:
    """As os-win does it: from the default settings, which it finds by their InstanceID."""
    guid = client.define("net01")["Name"]
    (switch,) = client.conn.EnumerateInstanceNames("Msvm_VirtualEthernetSwitch")
    templates = {
        each["ResourceSubType"].removeprefix(KIND): each
        for each in client.conn.EnumerateInstances("CIM_EthernetPortAllocationSettingData")
        if each["InstanceID"].endswith("\\Default")
    }
    adapter = templates["Synthetic Ethernet Port"]
    adapter["ElementName"], adapter["Address"], adapter["StaticMacAddress"] = "Net", "00155DABCDEF", True
    (added,) = client.add(guid, adapter)
    assert client.read(added, "Address", "StaticMacAddress") == ["00155DABCDEF", True]
    (dynamic,) = client.add(guid, resource("Synthetic Ethernet Port", "Msvm_SyntheticEthernetPortSettingData"))
    assert client.get(dynamic)["Address"].startswith("00155D01")
    connection = templates["Ethernet Connection"]
    connection["Parent"] = windows_path(added)
    connection["HostResource"] = [f'\\\\HVHOST01\\root\\virtualization\\v2:Msvm_VirtualEthernetSwitch.Name="{switch["Name"]}"']
    (connected,) = client.add(guid, connection)
    assert connected["InstanceID"] == f"{added['InstanceID']}\\C"
    assert client.read(connected, "EnabledState", "ResourceType") == [2, 33]
    lost = CIMInstance(connected.classname, {"InstanceID": connected["InstanceID"], "HostResource": ["no such switch"]})
    assert client.call(VMMS, "ModifyResourceSettings", ResourceSettings=[lost]) == (4, None)


def test_a_serial_port_gets_a_pipe(client: Definer) -> None:
    guid = client.define("serial01")["Name"]
    port = client.parts(guid, "Msvm_SerialPortSettingData")[0]
    port["Connection"] = ["\\\\.\\pipe\\com1"]
    assert client.call(VMMS, "ModifyResourceSettings", ResourceSettings=[port]) == (0, None)
    assert client.get(port.path)["Connection"] == ["\\\\.\\pipe\\com1"]
    assert client.call(VMMS, "RemoveResourceSettings", ResourceSettings=[port.path]) == (4, None)


def test_what_nobody_can_add_to_or_remove(client: Definer) -> None:
    assert client.adding("nobody", resource("Synthetic SCSI Controller")) == (4, {})
    assert client.adding(OLD01) == (4, {})
    assert client.call(VMMS, "RemoveResourceSettings") == (4, None)
    heartbeat = client.part(OLD01, "Msvm_HeartbeatComponentSettingData").path
    assert client.call(VMMS, "RemoveResourceSettings", ResourceSettings=[heartbeat]) == (4, None)
    template = next(
        each for each in client.conn.EnumerateInstanceNames("Msvm_MemorySettingData") if "Definition" in each["InstanceID"]
    )
    assert client.call(VMMS, "RemoveResourceSettings", ResourceSettings=[template]) == (4, None)
    unknown = CIMInstance("Msvm_MemorySettingData", {"InstanceID": "Microsoft:nobody"})
    assert client.call(VMMS, "ModifyResourceSettings", ResourceSettings=[unknown]) == (4, None)


def test_pools_lead_to_default_settings(hyperv: WBEMConnection) -> None:
    """From a pool over its capabilities to the settings with ValueRole 0 and ValueRange 0."""
    pools = hyperv.EnumerateInstances("CIM_ResourcePool")
    assert len(pools) == 17
    for pool in pools:
        (capabilities,) = hyperv.AssociatorNames(pool.path, AssocClass="Msvm_ElementCapabilities")
        links = hyperv.References(capabilities, ResultClass="Msvm_SettingsDefineCapabilities")
        (link,) = (each for each in links if (each["ValueRole"], each["ValueRange"]) == (0, 0))
        settings = hyperv.GetInstance(link["PartComponent"])
        assert settings["InstanceID"] == f"Microsoft:Definition\\{pool['InstanceID'].removeprefix('Microsoft:')}\\Default"
        for name in ("ResourceType", "ResourceSubType", "PoolID"):
            assert settings[name] == pool[name]


# With jobs


@pytest.fixture(scope="module")
def slow(launch: "Launch") -> "Iterator[Server]":
    settings = ("--set", "hyperv.settings_transition=5s", "--set", "hyperv.destroy_running_answer=32775")
    with launch("--clock", "manual", *settings) as server:
        yield server


def test_a_job_defines_and_destroys(slow: "Server", connect: "Connect") -> None:
    """4096 and a job; what it makes is tied to it, so that a client finds it."""
    client = Definer(connect(slow, HYPERV))
    result, outputs = client.conn.InvokeMethod("DefineSystem", VMMS, SystemSettings=system("late"))
    assert (result, set(outputs)) == (4096, {"Job"})
    job = outputs["Job"]
    assert client.read(job, "JobState", "JobType", "Name") == [4, 1, "Creating Virtual Machine"]
    assert len(client.conn.EnumerateInstanceNames("Msvm_ComputerSystem")) == 4
    slow.advance(5)
    assert client.read(job, "JobState", "ErrorCode") == [7, 0]
    affected = client.conn.AssociatorNames(job, AssocClass="Msvm_AffectedJobElement", ResultClass="Msvm_ComputerSystem")
    (path,) = affected
    assert client.get(path)["ElementName"] == "late"

    result, adding = client.adding(path["Name"], resource("Synthetic SCSI Controller"))
    assert result == 4096
    slow.advance(5)
    linked = client.conn.AssociatorNames(adding["Job"], AssocClass="Msvm_AffectedJobElement")
    assert sorted(each.classname for each in linked) == ["Msvm_ComputerSystem", PLAIN]

    result, job = client.call(VMMS, "DestroySystem", AffectedSystem=path)
    assert (result, client.read(job, "JobType")) == (4096, [3])
    assert client.exists(path)
    slow.advance(5)
    assert not client.exists(path)
    assert client.read(job, "JobState") == [7]


def test_what_is_wrong_is_said_at_once(slow: "Server", connect: "Connect") -> None:
    client = Definer(connect(slow, HYPERV))
    before = len(client.conn.EnumerateInstanceNames("Msvm_ConcreteJob"))
    assert client.call(VMMS, "DestroySystem", AffectedSystem=machine(WEB01)) == (32775, None)
    assert client.adding(OLD01, resource("Emulated IDE Controller")) == (4, {})
    assert len(client.conn.EnumerateInstanceNames("Msvm_ConcreteJob")) == before


def test_a_machine_that_has_been_started_meanwhile_is_not_destroyed(slow: "Server", connect: "Connect") -> None:
    """The job ends in JobState 10 with the code of the method."""
    client = Definer(connect(slow, HYPERV))
    result, job = client.call(VMMS, "DestroySystem", AffectedSystem=machine(OLD01))
    assert result == 4096
    client.ask(machine(OLD01), 2)
    slow.advance(5)
    assert client.read(job, "JobState", "ErrorCode") == [10, 32775]
    assert client.exists(machine(OLD01))
