"""What root/cimv2 says of the host: its parts agree with one another, and classes have what clients need."""

from typing import Any

import pytest

from tests.windows.conftest import Windows

COUNTERS = "Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor"


def all_of(windows: Windows, classname: str) -> list[Any]:
    return list(windows.transaction().instances(classname))


def test_the_disk_holds_the_drive(windows: Windows) -> None:
    (disk,), (drive,) = all_of(windows, "Win32_DiskDrive"), all_of(windows, "Win32_LogicalDisk")
    assert disk["Size"] == disk["TotalSectors"] * disk["BytesPerSector"]
    assert disk["TotalSectors"] == disk["TotalTracks"] * disk["SectorsPerTrack"]
    assert disk["TotalTracks"] == disk["TotalCylinders"] * disk["TracksPerCylinder"]
    assert drive["FreeSpace"] < drive["Size"] < disk["Size"]


def test_the_adapter_is_the_one_that_is_configured(windows: Windows) -> None:
    (adapter,), (configuration,) = all_of(windows, "Win32_NetworkAdapter"), all_of(windows, "Win32_NetworkAdapterConfiguration")
    for name in ("Index", "InterfaceIndex", "MACAddress", "ServiceName", "Description", "Caption"):
        assert adapter[name] == configuration[name]
    assert adapter["GUID"] == configuration["SettingID"]


def test_the_memory_of_the_computer_is_in_its_modules(windows: Windows) -> None:
    (computer,), (system,) = all_of(windows, "Win32_ComputerSystem"), all_of(windows, "Win32_OperatingSystem")
    installed = sum(each["Capacity"] for each in all_of(windows, "Win32_PhysicalMemory"))
    assert computer["TotalPhysicalMemory"] == 1024 * system["TotalVisibleMemorySize"] < installed
    assert system["TotalVirtualMemorySize"] == system["TotalVisibleMemorySize"] + system["SizeStoredInPagingFiles"]


def test_every_instance_has_the_class_and_the_host_of_its_own(windows: Windows) -> None:
    world = windows.cimom.world.namespace("root/cimv2")
    named = {"CIM_DataFile": "CIM_LogicalFile"}
    for cls in world.schema:
        for instance in world.of_class(cls):
            if "CreationClassName" in instance:
                assert instance["CreationClassName"] == named.get(cls.name, cls.name)
            for name in ("SystemName", "CSName", "PSComputerName"):
                if name in instance:
                    assert instance[name] == "HVHOST01", f"{cls.name}.{name}"


def test_a_quotient_has_its_base(windows: Windows) -> None:
    """Raw counters that are averages or percentages stand before what divides them; libvirt reads no instance without it."""
    names = windows.cimom.world.namespace("root/cimv2").cls(COUNTERS).index
    bases = {each.removesuffix("_base") for each in names if each.endswith("_base")}
    counters = {each for each in names if not each.endswith("_base")}
    assert bases == {each for each in counters if each.startswith("percent") or each.endswith(("cost", "perdispatch"))}


@pytest.mark.parametrize(
    "classname", ["Win32_OperatingSystem", "Win32_ComputerSystem", "Win32_Service", "Win32_LogicalDisk", "Win32_Process"]
)
def test_classes_that_can_be_written_say_so(windows: Windows, classname: str) -> None:
    qualifiers = windows.cimom.world.namespace("root/cimv2").cls(classname).full.qualifiers
    assert ("SupportsUpdate" in qualifiers) is (classname != "Win32_Process")
