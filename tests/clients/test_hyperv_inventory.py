"""The number of virtual machines as a setting: fewer than the shipped ones, or generated ones after them."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from pywbem import CIMInstance, WBEMConnection

from tests.clients.hyperv_host import DB01, DEVICES, OLD01, VMMS, WEB01, Client, machine, system_settings

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Launch

HYPERV: Final = "root/virtualization/v2"
OFF, RUNNING, PAUSED, SAVED = 3, 2, 9, 6


def names(conn: WBEMConnection) -> list[str]:
    """Return the names of the virtual machines, in the order in which they were made."""
    found = conn.EnumerateInstances("Msvm_ComputerSystem", PropertyList=["ElementName", "Caption"])
    return [each["ElementName"] for each in found if each["Caption"] == "Virtual Machine"]


def states(conn: WBEMConnection) -> dict[str, int]:
    found = conn.EnumerateInstances("Msvm_ComputerSystem", PropertyList=["Name", "EnabledState", "Caption"])
    return {each["Name"]: each["EnabledState"] for each in found if each["Caption"] == "Virtual Machine"}


@pytest.mark.longer
@pytest.mark.parametrize(("number", "expected"), [(0, []), (1, ["web01"]), (2, ["web01", "db01"])])
def test_fewer_than_the_shipped_machines(launch: "Launch", connect: "Connect", number: int, expected: list[str]) -> None:
    """Those that are left out leave nothing behind."""
    with launch("--set", f"hyperv.vms={number}") as server:
        conn = connect(server, HYPERV)
        assert names(conn) == expected
        left = {each["SystemName"] for each in conn.EnumerateInstanceNames("CIM_LogicalDevice")}
        present = {each["Name"] for each in conn.EnumerateInstanceNames("Msvm_ComputerSystem")}
        assert left == {"HVHOST01"} | {WEB01, DB01} & present
        assert len(conn.EnumerateInstanceNames("Msvm_HostedDependency")) == number
        # The default for new machines is of none of them.
        assert len(conn.EnumerateInstanceNames("Msvm_VirtualSystemSettingData")) == number + 1
        assert len(conn.EnumerateInstanceNames("Msvm_VirtualSystemSettingDataComponent")) == 17 * number + bool(number)
        assert len(conn.EnumerateInstanceNames("Msvm_BootSourceSettingData")) == 3 * number


@pytest.mark.longer
def test_generated_machines_come_after_the_shipped_ones(launch: "Launch", connect: "Connect") -> None:
    """They are what a machine of their state is: components and services of running ones, only settings of others (7)."""
    with launch("--set", "hyperv.vms=12") as server:
        client = Client(connect(server, HYPERV))
        conn = client.conn
        generated = ["web02", "db02", "app01", "mail01", "file01", "web03", "db03", "app02", "mail02"]
        assert names(conn) == ["web01", "db01", "old01", *generated]
        found = states(conn)
        assert list(found)[:3] == [WEB01, DB01, OLD01]
        # About two in three run, as those that are shipped.
        assert list(found.values())[3:] == [RUNNING, RUNNING, OFF, RUNNING, RUNNING, OFF, RUNNING, OFF, RUNNING]
        for guid, state in found.items():
            assert client.components(guid) == (list(DEVICES) if state == RUNNING else [])
            assert client.read(system_settings(guid), "VirtualSystemIdentifier") == [guid]
        web02, db02 = list(found)[3:5]
        assert client.services(web02) == {"Msvm_GuestFileService": True, "Msvm_GuestCommunicationService": True}
        assert client.services(db02) == {"Msvm_GuestFileService": False}
        assert client.read(machine(web02), "ProcessID", "RequestedState", "Status") == [6004, 12, "OK"]
        # One that is generated differs from one that is shipped in its own values only.
        own = {"Name", "ElementName", "ProcessID", "OnTimeInMilliseconds"}
        like, other = client.get(machine(WEB01)), client.get(machine(web02))
        differing = {name for name in like if like[name] != other[name] and not name.startswith("TimeOfLast")}
        assert differing <= own | {"InstallDate"}


@pytest.mark.longer
def test_generated_machines_are_the_same_on_every_start(launch: "Launch", connect: "Connect") -> None:
    """GUIDs come from the seed, all else from the number of the machine."""

    def seen(*arguments: str, seed: tuple[str, ...] = ("--seed", "1")) -> list[Any]:
        with launch("hyperv", "--clock", "manual", *arguments, *seed) as server:
            found = connect(server, HYPERV).EnumerateInstances("Msvm_ComputerSystem")
            return [(each.path.keybindings["Name"], sorted((name, str(each[name])) for name in each)) for each in found]

    first, more = seen("--set", "hyperv.vms=6"), seen("--set", "hyperv.vms=9")
    assert seen("--set", "hyperv.vms=6") == first
    assert more[:7] == first
    made = {guid for guid, _ in first[4:]}
    # Without a seed no two servers make the same.
    for seed in (("--seed", "5"), (), ()):
        other = seen("--set", "hyperv.vms=6", seed=seed)
        assert [guid for guid, _ in other[:4]] == [guid for guid, _ in first[:4]]
        assert made.isdisjoint(guid for guid, _ in other[4:])
        made |= {guid for guid, _ in other[4:]}


@pytest.mark.longer
def test_a_mix_of_states(launch: "Launch", connect: "Connect") -> None:
    """Percentages of the generated machines: each hundred has them exactly."""
    shares = {"vms_running": 50, "vms_paused": 20, "vms_saved": 10}
    settings = [part for name, share in shares.items() for part in ("--set", f"hyperv.{name}={share}")]
    with launch("--set", "hyperv.vms=103", *settings) as server:
        client = Client(connect(server, HYPERV))
        found = states(client.conn)
        assert Counter(list(found.values())[3:]) == {RUNNING: 50, PAUSED: 20, SAVED: 10, OFF: 20}
        for state, count, heartbeat in ((PAUSED, 6, [15]), (SAVED, 0, None)):
            guid = next(name for name, its in found.items() if its == state)
            assert len(client.components(guid)) == count
            if heartbeat:
                (path,) = (
                    each for each in client.conn.EnumerateInstanceNames("Msvm_HeartbeatComponent") if each["SystemName"] == guid
                )
                assert client.read(path, "OperationalStatus") == [heartbeat]
            client.ask(machine(guid), 2)
            assert client.read(machine(guid), "EnabledState") == [RUNNING]
            assert len(client.components(guid)) == 6


def test_processors_and_memory(launch: "Launch", connect: "Connect") -> None:
    """Two settings say how much all machines have, and those that are defined later."""
    with launch("--set", "hyperv.vms=4", "--set", "hyperv.processors=6", "--set", "hyperv.memory=512") as server:
        client = Client(connect(server, HYPERV))
        for classname, amount in (("Msvm_ProcessorSettingData", 6), ("Msvm_MemorySettingData", 512)):
            found = client.conn.EnumerateInstances(classname)
            limits = ("\\Minimum", "\\Maximum", "\\Increment")
            amounts = [each["VirtualQuantity"] for each in found if not each["InstanceID"].endswith(limits)]
            assert amounts == [amount] * 5
        system = CIMInstance("Msvm_VirtualSystemSettingData", {"ElementName": "late"})
        _, outputs = client.conn.InvokeMethod("DefineSystem", VMMS, SystemSettings=system)
        settings = system_settings(outputs["ResultingSystem"]["Name"])
        (memory,) = client.conn.Associators(settings, ResultClass="Msvm_MemorySettingData")
        assert (memory["VirtualQuantity"], memory["Reservation"]) == (512, 512)


@pytest.mark.parametrize("settings", ["hyperv.vms=-1", "hyperv.vms_running=101", "hyperv.vms_paused=-1", "hyperv.vms_saved=34"])
def test_what_is_no_number_of_machines(cache_dir: Path, settings: str) -> None:
    """The start fails, and says what to write."""
    from cimsim.packs.load import load
    from cimsim.packs.pack_errors import PackError

    with pytest.raises(PackError, match="vms"):
        load(overrides=dict([settings.split("=")]), cache_dir=cache_dir, now=0.0)
