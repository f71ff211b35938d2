"""The walks of clients that list virtual machines with their devices: what libvirt reads for a domain, key by key."""

import re
from typing import Final

import pytest
from pywbem import CIMInstance, WBEMConnection

from tests.clients.hyperv_host import OLD01, WEB01

REALIZED: Final = "Microsoft:Hyper-V:System:Realized"
PARTS: Final = "Msvm_VirtualSystemSettingDataComponent"


def query(conn: WBEMConnection, text: str) -> list[CIMInstance]:
    found: list[CIMInstance] = conn.ExecQuery("WQL", text)
    return found


def parts(conn: WBEMConnection, guid: str, classname: str) -> list[CIMInstance]:
    where = f"WHERE AssocClass = {PARTS} ResultClass = {classname}"
    return query(conn, f"ASSOCIATORS OF {{Msvm_VirtualSystemSettingData.InstanceID='Microsoft:{guid}'}} {where}")


def machines(conn: WBEMConnection) -> list[CIMInstance]:
    return query(conn, f"SELECT * FROM Msvm_VirtualSystemSettingData WHERE VirtualSystemType = '{REALIZED}'")


def named(resources: list[CIMInstance], path: str) -> CIMInstance:
    """Return what a path in Parent names, as a client finds it: by the InstanceID in quotes, backslashes doubled."""
    match = re.search(r'InstanceID="(.*)"', path)
    assert match is not None
    identifier = match[1].replace("\\\\", "\\")
    (found,) = (each for each in resources if each["InstanceID"] == identifier)
    return found


def test_what_the_listing_of_domains_trips_over(hyperv: WBEMConnection) -> None:
    """5.3: a resource at least, drives without HostResource, media with one, addresses that begin with digits."""
    found = machines(hyperv)
    assert len(found) == 3
    for system in found:
        guid = system["VirtualSystemIdentifier"]
        resources = parts(hyperv, guid, "Msvm_ResourceAllocationSettingData")
        media = parts(hyperv, guid, "Msvm_StorageAllocationSettingData")
        assert resources
        assert media
        for medium in media:
            (file,) = medium["HostResource"]
            drive = named(resources, medium["Parent"])
            assert (drive["ResourceType"], drive["HostResource"]) == ({"vhdx": 17, "iso": 16}[file.rpartition(".")[2]], None)
            assert int(drive["AddressOnParent"]) in range(64)
            controller = named(resources, drive["Parent"])
            assert controller["ResourceType"] == 6
        for each in resources:
            assert each["ResourceSubType"].startswith("Microsoft:Hyper-V:")
            assert each["ResourceType"] != 5 or each["Address"][0].isdigit()


def test_the_network_of_a_domain(hyperv: WBEMConnection) -> None:
    """An adapter leads over its connection to the switch; the address has twelve digits."""
    (switch,) = hyperv.EnumerateInstances("Msvm_VirtualEthernetSwitch")
    for system in machines(hyperv):
        guid = system["VirtualSystemIdentifier"]
        (adapter,) = parts(hyperv, guid, "Msvm_SyntheticEthernetPortSettingData")
        (connection,) = parts(hyperv, guid, "Msvm_EthernetPortAllocationSettingData")
        assert re.fullmatch("[0-9A-F]{12}", adapter["Address"])
        assert connection["InstanceID"] == adapter["InstanceID"] + "\\C"
        assert named([adapter], connection["Parent"]) == adapter
        if guid == OLD01:
            assert connection["HostResource"] is None
        else:
            assert f'Name="{switch["Name"]}"' in connection["HostResource"][0]


def test_the_most_processors(hyperv: WBEMConnection) -> None:
    text = "SELECT * FROM Msvm_ProcessorSettingData WHERE InstanceID LIKE 'Microsoft:Definition%Maximum'"
    (most,) = query(hyperv, text)
    assert most["VirtualQuantity"] == 16


def test_the_screen_and_the_keyboard_of_a_domain(hyperv: WBEMConnection) -> None:
    """The keys of the path stand in another order than declared, as that client writes them."""
    (controller,) = query(hyperv, f"SELECT * FROM Msvm_SyntheticDisplayController WHERE SystemName = '{WEB01}'")
    keys = ",".join(
        f"{name}='{controller[name]}'" for name in ("CreationClassName", "DeviceID", "SystemCreationClassName", "SystemName")
    )
    heads = query(hyperv, f"ASSOCIATORS OF {{Msvm_SyntheticDisplayController.{keys}}} WHERE ResultClass = Msvm_VideoHead")
    (head,) = (each for each in heads if each["EnabledState"] == 2)
    assert (head["CurrentHorizontalResolution"], head["CurrentVerticalResolution"]) == (1024, 768)
    machine = f"Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='{WEB01}'"
    (keyboard,) = query(hyperv, f"ASSOCIATORS OF {{{machine}}} WHERE ResultClass = Msvm_Keyboard")
    assert hyperv.InvokeMethod("TypeScancodes", keyboard.path, Scancodes=[])[0] == 32773


@pytest.mark.parametrize("name", ["BIOSGUID", "VirtualSystemIdentifier", "VirtualSystemType"])
def test_what_subscription_managers_read_of_each_machine(hyperv: WBEMConnection, name: str) -> None:
    """The GUID of the firmware stands in braces; a machine without is left out by them."""
    values = [system[name] for system in machines(hyperv)]
    assert all(values)
    if name == "BIOSGUID":
        assert all(re.fullmatch(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", value) for value in values)
        assert len(set(values)) == 3
