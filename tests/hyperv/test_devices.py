"""Machines that are whole: settings, devices, boot order and pools hang together, and come and go with the machine."""

from typing import TYPE_CHECKING, Any, Final

import pytest
from pywbem import CIMInstance, Uint16, Uint32, Uint64

from mocks.hyperv.object_paths import identifier_in
from tests.hyperv.conftest import NAMESPACE, WEB01

if TYPE_CHECKING:
    from cimsim.world.instances import Instance
    from tests.hyperv.conftest import Host, MakeHost

KIND: Final = "Microsoft:Hyper-V:"
PLAIN: Final = "Msvm_ResourceAllocationSettingData"
GENERATION_2: Final = {
    "Msvm_Keyboard": 1,
    "Msvm_Processor": 2,
    "Msvm_Memory": 1,
    "Msvm_SCSIProtocolController": 1,
    "Msvm_DiskDrive": 1,
    "Msvm_DVDDrive": 1,
    "Msvm_LogicalDisk": 1,
    "Msvm_SyntheticEthernetPort": 1,
    "Msvm_SyntheticDisplayController": 1,
    "Msvm_VideoHead": 1,
}
"""How many devices of each class a running machine has."""


def call(host: "Host", method: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
    return host.call(host.the("Msvm_VirtualSystemManagementService"), method, **arguments)


def define(host: "Host", generation: int, name: str = "new01") -> "Instance":
    given = CIMInstance(
        "Msvm_VirtualSystemSettingData", {"ElementName": name, "VirtualSystemSubType": f"{KIND}SubType:{generation}"}
    )
    value, outputs = call(host, "DefineSystem", SystemSettings=given)
    assert value == 0
    return host.transaction().get(outputs["ResultingSystem"])


def system_of(host: "Host", name: str) -> "Instance":
    return next(host.transaction().select("Msvm_VirtualSystemSettingData", ElementName=name))


def add(host: "Host", name: str, *resources: CIMInstance) -> "list[Instance]":
    value, outputs = call(
        host, "AddResourceSettings", AffectedConfiguration=system_of(host, name), ResourceSettings=list(resources)
    )
    assert value == 0
    return [host.transaction().get(path) for path in outputs["ResultingResourceSettings"]]


def resource(kind: str, **properties: Any) -> CIMInstance:
    return CIMInstance(PLAIN, {"ResourceSubType": KIND + kind, **properties})


def devices(host: "Host", name: str) -> "list[Instance]":
    found = host.transaction().associators(host.machine(name), "Msvm_SystemDevice", "CIM_LogicalDevice", role="GroupComponent")
    return [each for each in found if not each.cls.name.endswith("Component")]


def counts(host: "Host", name: str) -> dict[str, int]:
    found = [each.cls.name for each in devices(host, name)]
    return {each: found.count(each) for each in found}


def parts(host: "Host", name: str) -> "list[Instance]":
    return host.transaction().associators(
        system_of(host, name), "Msvm_VirtualSystemSettingDataComponent", role="GroupComponent"
    )


def part(host: "Host", name: str, kind: str) -> "Instance":
    (found,) = (each for each in parts(host, name) if each["ResourceSubType"] == KIND + kind)
    return found


def drive(host: "Host", name: str, slot: int) -> "Instance":
    (found,) = (each for each in parts(host, name) if each["InstanceID"].endswith(f"\\{slot}\\D"))
    return found


# Walks


def loose_ends(host: "Host") -> list[str]:
    """Return what leads nowhere: references, and paths in text properties."""
    transaction = host.transaction()
    stored = [each for found in transaction.world.namespace(NAMESPACE).instances.all() for each in found.all()]
    ends = [text for each in stored for text in transaction.dangling(each)]
    identifiers = {str(each["InstanceID"]).casefold() for each in stored if each.cls.find("InstanceID")}
    names = {each["Name"].casefold() for each in stored if each.cls.name == "Msvm_VirtualEthernetSwitch"}
    for each in stored:
        for name in ("Parent", "HostResource", "BootSourceOrder"):
            value = each[name] if each.cls.find(name) else None
            for text in (value,) if isinstance(value, str) else value or ():
                if not text.startswith("\\\\") or identifier_in(text) in identifiers:
                    continue
                if not any(name in text.casefold() for name in names):
                    ends.append(f"{name} of {each.path} leads nowhere: {text}")
    return ends


@pytest.mark.longer
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"vms": 0},
        {"vms": 1, "unique_ids": True},
        {"vms": 9, "vms_running": 40, "vms_paused": 20, "vms_saved": 20},
    ],
    ids=["shipped", "none", "unique", "many"],
)
def test_no_end_is_loose(make_host: "MakeHost", settings: dict[str, Any]) -> None:
    host = make_host(**settings)
    assert loose_ends(host) == []


@pytest.mark.parametrize("generation", [1, 2])
def test_no_end_is_loose_after_machines_have_been_changed(make_host: "MakeHost", generation: int) -> None:
    host = make_host()
    machine = define(host, generation)
    (controller,) = add(host, "new01", resource("Synthetic SCSI Controller"))
    added = add(
        host,
        "new01",
        resource("Synthetic Disk Drive", Parent=controller["InstanceID"]),
        resource("Synthetic DVD Drive", Parent=controller["InstanceID"]),
        CIMInstance("Msvm_SyntheticEthernetPortSettingData", {}),
    )
    host.ask(machine, 2)
    assert loose_ends(host) == []
    assert call(host, "RemoveResourceSettings", ResourceSettings=added[:1]) == (0, {})
    assert loose_ends(host) == []
    host.ask(machine, 3)
    assert loose_ends(host) == []
    assert call(host, "DestroySystem", AffectedSystem=machine) == (0, {})
    assert loose_ends(host) == []
    assert call(host, "RemoveResourceSettings", ResourceSettings=[part(host, "old01", "Synthetic SCSI Controller")]) == (0, {})
    assert loose_ends(host) == []
    assert len(host.all("Msvm_BootSourceSettingData", "old01")) == 1


# Settings


def test_settings_of_machines_are_filled(make_host: "MakeHost") -> None:
    """What is NULL on live hosts, and nothing else; BIOSGUID stands in braces and differs from machine to machine."""
    host = make_host(vms=5)
    found = [each for each in host.all("Msvm_VirtualSystemSettingData") if each["VirtualSystemIdentifier"]]
    empty = {
        "AdditionalRecoveryInformation",
        "AutomaticStartupActionSequenceNumber",
        "BootOrder",
        "DebugChannelId",
        "DebugPort",
        "DebugPortEnabled",
        "LogDataRoot",
        "Parent",
        "RecoveryFile",
    }
    for each in found:
        values = dict(zip((prop.name for prop in each.cls.properties), each.values, strict=True))
        assert {name for name, value in values.items() if value is None} == empty
        guid = each["VirtualSystemIdentifier"]
        assert each["SuspendDataRoot"] == f"Virtual Machines\\{guid}"
        assert each["BIOSGUID"].startswith("{")
        assert len(each["BIOSSerialNumber"]) == len("dddd-dddd-dddd-dddd-dddd-dddd-dd")
        assert each["VirtualSystemType"] == "Microsoft:Hyper-V:System:Realized"
    assert len({each["BIOSGUID"] for each in found}) == len({each["BIOSSerialNumber"] for each in found}) == 5


def test_a_machine_of_the_first_generation(make_host: "MakeHost") -> None:
    host = make_host()
    define(host, 1)
    system = system_of(host, "new01")
    assert (system["BootOrder"], system["BootSourceOrder"]) == ((1, 2, 3, 0), None)
    assert (system["SecureBootEnabled"], system["SecureBootTemplateId"]) == (False, None)
    assert host.all("Msvm_BootSourceSettingData", "old01")[0]["BootSourceType"] == 1


def test_a_copy_is_a_machine_of_its_own(make_host: "MakeHost") -> None:
    host = make_host()
    given = CIMInstance("Msvm_VirtualSystemSettingData", {"ElementName": "copy", "ChassisAssetTag": "mine"})
    value, _ = call(host, "DefineSystem", SystemSettings=given, ReferenceConfiguration=system_of(host, "web01"))
    assert value == 0
    copied, model = system_of(host, "copy"), system_of(host, "web01")
    for name in ("BIOSGUID", "BIOSSerialNumber", "ConfigurationFile", "BootSourceOrder"):
        assert copied[name] != model[name], name
    assert copied["BootSourceOrder"] == ()
    assert copied["ChassisAssetTag"] == "mine"
    assert loose_ends(host) == []


def test_a_saved_machine_says_so(make_host: "MakeHost") -> None:
    host = make_host()
    states = []
    for state in (6, 2, 6, 3):
        host.ask(host.machine("web01"), state)
        states.append(system_of(host, "web01")["IsSaved"])
    assert states == [True, False, True, False]


def test_machines_have_a_disk_a_dvd_drive_and_a_network(make_host: "MakeHost") -> None:
    host = make_host(vms=4)
    names = ("web01", "db01", "old01", "web02")
    for number, name in enumerate(names, 1):
        scsi = part(host, name, "Synthetic SCSI Controller")
        assert scsi["Address"] is None
        for slot, kind in ((0, "Synthetic Disk Drive"), (1, "Synthetic DVD Drive")):
            its = part(host, name, kind)
            assert (its["InstanceID"], its["AddressOnParent"]) == (f"{scsi['InstanceID']}\\{slot}\\D", str(slot))
            assert identifier_in(its["Parent"]) == scsi["InstanceID"].casefold()
            assert its["HostResource"] is None
        disk = part(host, name, "Virtual Hard Disk")
        assert disk["HostResource"] == (rf"C:\ProgramData\Microsoft\Windows\Virtual Hard Disks\{name}.vhdx",)
        adapter = part(host, name, "Synthetic Ethernet Port")
        assert (adapter["Address"], adapter["StaticMacAddress"]) == (f"00155D01{number:04X}", False)
        connection = part(host, name, "Ethernet Connection")
        assert connection["InstanceID"] == f"{adapter['InstanceID']}\\C"
        assert (connection["HostResource"] is None) == (name == "old01")
        assert connection["EnabledState"] == (3 if name == "old01" else 2)
        media = [each for each in parts(host, name) if each["ResourceSubType"] == KIND + "Virtual CD/DVD Disk"]
        assert len(media) == (name == "web01")
        assert {each["PoolID"] for each in parts(host, name) if each["ResourceSubType"]} == {""}


# Boot order


def test_boot_sources_follow_the_resources(make_host: "MakeHost") -> None:
    """One for each drive and adapter, tied to its settings; the order names them all."""
    host = make_host()
    system = system_of(host, "old01")
    order = [identifier_in(each) for each in system["BootSourceOrder"]]
    adapter = part(host, "old01", "Synthetic Ethernet Port")
    bootable = [drive(host, "old01", 0), drive(host, "old01", 1), adapter]
    assert order == [f"{each['InstanceID']}\\B".casefold() for each in bootable]
    for each, kind in zip(bootable, (1, 1, 2), strict=True):
        (source,) = host.transaction().associators(each, "Msvm_LogicalIdentity", role="SystemElement")
        assert (source["BootSourceType"], source["ElementName"]) == (kind, each["ElementName"])
    (more,) = add(host, "old01", CIMInstance("Msvm_SyntheticEthernetPortSettingData", {}))
    order.append(f"{more['InstanceID']}\\B".casefold())
    assert [identifier_in(each) for each in system_of(host, "old01")["BootSourceOrder"]] == order
    assert call(host, "RemoveResourceSettings", ResourceSettings=[adapter]) == (0, {})
    del order[2]
    assert [identifier_in(each) for each in system_of(host, "old01")["BootSourceOrder"]] == order


def test_the_boot_order_can_be_changed(make_host: "MakeHost") -> None:
    host = make_host()
    define(host, 1)
    system, first = system_of(host, "old01"), system_of(host, "new01")

    def put(of: "Instance", **order: Any) -> int:
        given = CIMInstance("Msvm_VirtualSystemSettingData", {"InstanceID": of["InstanceID"], **order})
        return call(host, "ModifySystemSettings", SystemSettings=given)[0]

    turned = list(reversed(system["BootSourceOrder"]))
    assert put(system, BootSourceOrder=turned) == 0
    assert list(system_of(host, "old01")["BootSourceOrder"]) == turned
    assert put(system, BootSourceOrder=[turned[0], turned[0]]) == 4
    assert put(system, BootSourceOrder=["nowhere"]) == 4
    assert put(first, BootOrder=[Uint16(each) for each in (3, 2, 1, 0)]) == 0
    assert put(first, BootOrder=[Uint16(each) for each in (3, 2, 1, 1)]) == 4
    assert system_of(host, "new01")["BootOrder"] == (3, 2, 1, 0)


# Devices


def test_devices_come_and_go_with_the_machine(make_host: "MakeHost") -> None:
    host = make_host()
    assert counts(host, "web01") == GENERATION_2 | {"Msvm_LogicalDisk": 2}
    assert counts(host, "db01") == GENERATION_2
    assert counts(host, "old01") == {}
    links = ("Msvm_SystemDevice", "Msvm_SettingsDefineState", "Msvm_ElementAllocatedFromPool", "Msvm_VideoHeadOnController")
    before = {name: len(host.all(name)) for name in links}
    for state, expected in ((2, GENERATION_2), (9, GENERATION_2), (6, {}), (2, GENERATION_2), (10, GENERATION_2), (3, {})):
        host.ask(host.machine("old01"), state)
        assert counts(host, "old01") == expected
    assert {name: len(host.all(name)) for name in links} == before


def test_the_first_generation_has_ide_controllers_and_two_display_controllers(make_host: "MakeHost") -> None:
    host = make_host()
    host.ask(define(host, 1), 2)
    found = {each["DeviceID"]: each for each in devices(host, "new01")}
    assert [each["Name"] for each in found.values() if each.cls.name == "Msvm_IDEController"] == [
        "IDE Controller 0",
        "IDE Controller 1",
    ]
    heads = {each["DeviceID"]: each["EnabledState"] for each in found.values() if each.cls.name == "Msvm_VideoHead"}
    assert heads == {
        "Microsoft:F3CF6965-E8D3-44A9-9B7D-A04245EA7525\\Head\\0": 2,
        "Microsoft:7D80D3DB-61EE-4879-8879-5609F1100AD0\\Head\\0": 3,
    }


def test_devices_are_tied_to_settings_and_pools(make_host: "MakeHost") -> None:
    """DeviceID is the tail of InstanceID of the settings, but for memory; the keyboard comes from no pool."""
    host = make_host()
    transaction = host.transaction()
    for device in devices(host, "web01"):
        settings = transaction.associators(device, "Msvm_SettingsDefineState", role="ManagedElement")
        pools = transaction.associators(device, "Msvm_ElementAllocatedFromPool", role="Dependent")
        if device.cls.name == "Msvm_VideoHead":
            assert (settings, pools) == ([], [])
            continue
        (its,) = settings
        tail = its["InstanceID"].split("\\", 1)[1]
        assert tail.split("\\")[0] in device["DeviceID"]
        if device.cls.name == "Msvm_Keyboard":
            assert pools == []
            continue
        assert device["DeviceID"].startswith(f"Microsoft:{tail}" if device.cls.name != "Msvm_Processor" else "Microsoft:")
        (pool,) = pools
        assert pool["ResourceSubType"] == its["ResourceSubType"]
    assert [each["DeviceID"].rpartition("\\")[2] for each in host.all("Msvm_Processor", "web01")] == ["0", "1"]
    memory = host.the("Msvm_Memory", "web01")
    assert (memory["NumberOfBlocks"], memory["BlockSize"]) == (2048, 1048576)
    assert host.the("Msvm_SyntheticEthernetPort", "web01")["PermanentAddress"] == "00155D010001"


def test_devices_follow_what_changes_while_the_machine_runs(make_host: "MakeHost") -> None:
    host = make_host()
    scsi = part(host, "web01", "Synthetic SCSI Controller")
    (added,) = add(host, "web01", resource("Synthetic Disk Drive", Parent=scsi["InstanceID"]))
    (disk,) = add(host, "web01", resource("Virtual Hard Disk", Parent=added["InstanceID"], HostResource=["C:\\more.vhdx"]))
    assert (counts(host, "web01")["Msvm_DiskDrive"], counts(host, "web01")["Msvm_LogicalDisk"]) == (2, 3)
    assert call(host, "RemoveResourceSettings", ResourceSettings=[added]) == (0, {})
    assert host.transaction().world.find(disk.identity) is None
    assert counts(host, "web01") == GENERATION_2 | {"Msvm_LogicalDisk": 2}
    memory = {"InstanceID": part(host, "web01", "Memory")["InstanceID"], "VirtualQuantity": Uint64(4096)}
    assert call(host, "ModifyResourceSettings", ResourceSettings=[CIMInstance("Msvm_MemorySettingData", memory)])[0] == 0
    assert host.the("Msvm_Memory", "web01")["NumberOfBlocks"] == 4096


def test_methods_of_devices_are_not_supported(make_host: "MakeHost") -> None:
    host = make_host()
    for device in devices(host, "web01"):
        assert host.call(device, "RequestStateChange", RequestedState=Uint16(3)) == (1, {})
        assert host.call(device, "Reset") == ((0 if device.cls.name == "Msvm_Keyboard" else 1), {})


def test_a_machine_without_a_console_has_a_keyboard_all_the_same(make_host: "MakeHost") -> None:
    """Keyboard, mouse and display can be removed and added again while the machine is off."""
    host = make_host()
    kinds = ("Synthetic Keyboard", "Synthetic Mouse", "Synthetic Display Controller")
    removed = [part(host, "old01", kind) for kind in kinds]
    assert call(host, "RemoveResourceSettings", ResourceSettings=removed) == (0, {})
    host.ask(host.machine("old01"), 2)
    assert counts(host, "old01") == {
        name: number
        for name, number in GENERATION_2.items()
        if name not in ("Msvm_SyntheticDisplayController", "Msvm_VideoHead")
    }
    host.ask(host.machine("old01"), 3)
    again = add(host, "old01", *(resource(kind) for kind in kinds))
    assert [each["InstanceID"] for each in again] == [each["InstanceID"] for each in removed]
    assert call(
        host, "AddResourceSettings", AffectedConfiguration=system_of(host, "old01"), ResourceSettings=[resource(kinds[0])]
    ) == (4, {})


# Pools


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("Processor", "VirtualQuantity", (1, 16, 1)),
        ("Processor", "Weight", (0, 10_000, 1)),
        ("Memory", "VirtualQuantity", (32, 1_048_576, 2)),
        ("Memory", "TargetMemoryBuffer", (5, 2000, 1)),
        ("Synthetic SCSI Controller", "VirtualQuantity", (0, 4, 1)),
        ("Synthetic Ethernet Port", "VirtualQuantity", (0, 64, 1)),
        ("Virtual Hard Disk", "VirtualQuantity", (0, 64, 1)),
    ],
)
def test_limits_of_what_pools_allocate(make_host: "MakeHost", kind: str, name: str, expected: tuple[int, ...]) -> None:
    """Minimum, Maximum and Increment: ValueRole 3, ValueRange 1 to 3; InstanceID ends in the word."""
    host = make_host()
    (capabilities,) = (each for each in host.all("Msvm_AllocationCapabilities") if each["ResourceSubType"] == KIND + kind)
    found = {}
    for link in host.transaction().references(capabilities, "Msvm_SettingsDefineCapabilities"):
        settings = host.transaction().get(link["PartComponent"])
        found[link["ValueRole"], link["ValueRange"]] = settings
        assert settings["PoolID"] == f"{capabilities['InstanceID']}\\Root"
    assert set(found) == {(0, 0), (3, 1), (3, 2), (3, 3)}
    limits = [found[3, place] for place in (1, 2, 3)]
    assert tuple(each[name] for each in limits) == expected
    assert [each["InstanceID"].rpartition("\\")[2] for each in limits] == ["Minimum", "Maximum", "Increment"]


def test_by_default_a_pool_allocates_one(make_host: "MakeHost") -> None:
    defaults = [
        each for each in make_host().all("CIM_ResourceAllocationSettingData") if each["InstanceID"].endswith(r"\Default")
    ]
    quantities = {each["ResourceSubType"]: each["VirtualQuantity"] for each in defaults}
    assert len(quantities) > 10
    assert quantities.pop(f"{KIND}Memory") > quantities.pop(f"{KIND}Processor") > 1
    assert set(quantities.values()) == {1}


def test_new_machines_have_default_settings_to_copy(make_host: "MakeHost") -> None:
    host = make_host()
    found = {each["VirtualSystemType"]: each for each in host.all("Msvm_VirtualSystemSettingData")}
    default = found["Microsoft:Hyper-V:System:Definition"]
    assert default["InstanceID"] == r"Microsoft:Definition\VirtualSystem\Default"
    (capabilities,) = host.transaction().associators(default, "Msvm_SettingsDefineCapabilities")
    assert capabilities.cls.name == "Msvm_VirtualSystemManagementCapabilities"
    # It belongs to no machine, so that who asks for machines does not meet it.
    assert not host.transaction().associators(default, "Msvm_SettingsDefineState")
    assert len(host.all("Msvm_ComputerSystem")) == 4


def test_pools_have_settings_and_a_service(make_host: "MakeHost") -> None:
    host = make_host()
    transaction = host.transaction()
    pools = transaction.instances("CIM_ResourcePool")
    kinds = {each["ResourceSubType"].removeprefix(KIND) for each in pools}
    assert not kinds & {"Emulated IDE Controller", "Virtual Diskette Controller", "Serial Port"}
    for pool in pools:
        (settings,) = transaction.associators(pool, "Msvm_SettingsDefineState")
        assert settings["InstanceID"] == pool["InstanceID"].replace("Microsoft:", "Microsoft:Pool\\")
        (service,) = transaction.associators(pool, "Msvm_ServiceAffectsElement")
        assert service["Name"] == "poolcfgsvc"


# The keyboard


@pytest.fixture
def host(make_host: "MakeHost") -> "Host":
    return make_host()


def keyboard(host: "Host", name: str = "web01") -> "Instance":
    return host.the("Msvm_Keyboard", name)


def press(host: "Host", method: str, code: int) -> int:
    value, outputs = host.call(keyboard(host), method, keyCode=Uint32(code))
    assert outputs == {}
    return value


def pressed(host: "Host", code: int) -> bool:
    value, outputs = host.call(keyboard(host), "IsKeyPressed", keyCode=Uint32(code))
    assert value == 0
    return bool(outputs["keyState"])


def test_a_keyboard_remembers_what_is_pressed(host: "Host") -> None:
    assert not pressed(host, 65)
    assert [press(host, "PressKey", 65), press(host, "PressKey", 65)] == [0, 0]
    assert (pressed(host, 65), pressed(host, 66)) == (True, False)
    assert press(host, "ReleaseKey", 65) == 0
    assert not pressed(host, 65)
    assert press(host, "ReleaseKey", 65) == 0
    assert press(host, "PressKey", 65) == 0
    assert press(host, "TypeKey", 65) == 0
    assert not pressed(host, 65)


def test_shift_stands_for_the_left_one(host: "Host") -> None:
    """16, 17 and 18 act as 160, 162 and 164, and never read as pressed."""
    for code, left in ((16, 160), (17, 162), (18, 164)):
        assert press(host, "PressKey", code) == 0
        assert (pressed(host, code), pressed(host, left)) == (False, True)
    assert host.call(keyboard(host), "TypeCtrlAltDel") == (0, {})
    assert [pressed(host, each) for each in (160, 162, 164)] == [True, False, False]


@pytest.mark.parametrize("code", [0, 256, 4294967295])
def test_what_is_not_a_key(host: "Host", code: int) -> None:
    assert [press(host, each, code) for each in ("PressKey", "ReleaseKey", "TypeKey", "IsKeyPressed")] == [32773] * 4
    assert host.call(keyboard(host), "PressKey") == (32773, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Hello, world!\n", 0), ("", 0), ("~" * 512, 0), ("~" * 513, 32773), ("grüße", 1), ("\x07", 1), (None, 32773)],
)
def test_text_that_is_typed(host: "Host", text: str | None, expected: int) -> None:
    assert host.call(keyboard(host), "TypeText", asciiText=text) == (expected, {})


def test_scan_codes(host: "Host") -> None:
    assert host.call(keyboard(host), "TypeScancodes", Scancodes=[30, 158]) == (0, {})
    assert host.call(keyboard(host), "TypeScancodes", Scancodes=[]) == (32773, {})
    assert host.call(keyboard(host), "TypeScancodes") == (32773, {})


def test_a_paused_machine_takes_no_keys(host: "Host") -> None:
    press(host, "PressKey", 65)
    host.ask(host.machine("web01"), 9)
    assert press(host, "PressKey", 65) == 32775
    assert host.call(keyboard(host), "TypeText", asciiText="x") == (32775, {})
    assert host.call(keyboard(host), "TypeCtrlAltDel") == (32775, {})
    assert host.call(keyboard(host), "TypeScancodes", Scancodes=[30]) == (32775, {})
    host.ask(host.machine("web01"), 2)
    assert pressed(host, 65)


def test_no_key_is_pressed_after_a_start_or_a_reset(host: "Host") -> None:
    press(host, "PressKey", 65)
    assert host.call(keyboard(host), "Reset") == (0, {})
    assert not pressed(host, 65)
    press(host, "PressKey", 65)
    host.ask(host.machine("web01"), 3)
    assert host.all("Msvm_Keyboard", "web01") == []
    host.ask(host.machine("web01"), 2)
    assert not pressed(host, 65)
    assert keyboard(host)["SystemName"] == WEB01
