"""The queries that clients of Windows send, through WS-Management (rules WM-Q-1, WM-Q-6)."""

from html import escape
from pathlib import Path
from typing import Any

import pytest

from cimsim.packs.load import Loaded, load
from tests.wsman.conftest import NOON, V2, WMI, Answer, Client

WEB01 = "3f2c6a10-8b41-4e0d-9c57-1a6e0b7d2f01"
"""As libvirt writes the name of a machine, in lower case."""
MACHINE = f"Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='{WEB01}'"
SETTINGS = "Msvm_VirtualSystemSettingData"
CIMV2 = f"{WMI}root/cimv2/*"
ALL = "<w:OptimizeEnumeration/><w:MaxElements>1000</w:MaxElements>"


@pytest.fixture(scope="module")
def loaded_host(cache_dir: Path) -> Loaded:
    return load(["hyperv", "windows"], None, cache_dir=cache_dir, now=NOON)


@pytest.fixture
def host(loaded_host: Loaded) -> Client:
    """A client of a simulated Hyper-V host with root/cimv2."""
    return Client(loaded_host)


def asked(host: Client, uri: str, text: str) -> Answer:
    return host.query(uri, escape(text, quote=False), ALL)


def values(host: Client, uri: str, text: str, name: str) -> list[str | None]:
    """Return the values of one property of all items, None where it is NULL or missing."""
    items: Any = asked(host, uri, text).find("n:EnumerateResponse/w:Items")
    return [next((each.text for each in item if each.tag.endswith(f"}}{name}")), None) for item in items]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # libvirt
        ("SELECT * FROM Msvm_ComputerSystem WHERE Name != __SERVER", {"web01", "db01", "old01"}),
        ("select * from Msvm_ComputerSystem where Name = __SERVER", {"HVHOST01"}),
        ('SELECT * FROM Msvm_ComputerSystem WHERE Description = "Microsoft Hosting Computer System"', {"HVHOST01"}),
        (
            "SELECT * FROM Msvm_ComputerSystem WHERE Name != __SERVER "
            "and (EnabledState != 0 and EnabledState != 3 and EnabledState != 32769) ",
            {"web01", "db01"},
        ),
        (f'SELECT * FROM Msvm_ComputerSystem WHERE Name != __SERVER AND Name = "{WEB01}"', {"web01"}),
        ('SELECT * FROM Msvm_ComputerSystem WHERE Name != __SERVER AND ElementName = "WEB01"', {"web01"}),
        (
            r"SELECT * FROM Msvm_ComputerSystem WHERE __PATH = '\\\\HVHOST01\\root\\virtualization\\v2:Msvm_ComputerSystem."
            f'Name="{WEB01}",CreationClassName="Msvm_ComputerSystem"\'',
            {"web01"},
        ),
        (f"ASSOCIATORS OF {{{MACHINE}}} WHERE AssocClass = Msvm_SettingsDefineState ResultClass = {SETTINGS}", {"web01"}),
        (f'ASSOCIATORS OF {{{SETTINGS}.InstanceID="Microsoft:{WEB01}"}} WHERE ResultClass = Msvm_ComputerSystem', {"web01"}),
        ("SELECT * FROM Msvm_ConcreteJob WHERE InstanceID = 'B0A5F0C2-0000-0000-0000-000000000000'", set()),
        # go-wsman
        (
            f'SELECT * FROM {SETTINGS} WHERE VirtualSystemIdentifier="{WEB01}" '
            'AND VirtualSystemType="Microsoft:Hyper-V:System:Realized"',
            {"web01"},
        ),
        (f"SELECT * FROM Msvm_StorageAllocationSettingData WHERE InstanceID LIKE 'Microsoft:{WEB01}%' AND "
         'ResourceSubType="Microsoft:Hyper-V:No Such Disk"', set()),
    ],
)  # fmt: skip
def test_wm_q_1_queries_of_virtual_machines(host: Client, text: str, found: set[str]) -> None:
    assert set(values(host, f"{V2}*", text, "ElementName")) == found


def test_wm_q_1_the_settings_of_a_machine(host: Client) -> None:
    component = f"{SETTINGS}Component"
    source = f"{SETTINGS}.InstanceID='Microsoft:{WEB01}'"
    text = f"ASSOCIATORS OF {{{source}}} WHERE AssocClass = Msvm_{component[5:]} ResultClass = Msvm_MemorySettingData"
    (memory,) = values(host, f"{V2}*", text, "InstanceID")
    assert memory is not None
    assert memory.lower().startswith(f"microsoft:{WEB01}\\")
    doubled = memory.replace("\\", "\\\\").lower()
    text = f"ASSOCIATORS OF {{Msvm_MemorySettingData.InstanceID='{doubled}'}} WHERE ResultClass = {SETTINGS}"
    assert values(host, f"{V2}*", text, "ElementName") == ["web01"]
    text = f"SELECT * FROM Msvm_ResourceAllocationSettingData WHERE InstanceID LIKE 'Microsoft:{WEB01}\\\\%'"
    assert asked(host, f"{V2}*", text).status == 200
    text = f"SELECT * FROM Msvm_MemorySettingData WHERE InstanceID LIKE 'Microsoft:{WEB01}\\\\%'"
    assert values(host, f"{V2}*", text, "InstanceID") == [memory]
    assert len(values(host, f"{V2}*", f"REFERENCES OF {{{source}}} WHERE ResultClass = {component}", "x")) > 1


def test_wm_q_1_queries_of_services(host: Client) -> None:
    def services(condition: str) -> set[str | None]:
        return set(values(host, CIMV2, f"SELECT * FROM Win32_Service WHERE {condition}", "Name"))

    every = set(values(host, CIMV2, "SELECT * FROM Win32_Service", "Name"))
    running, stopped = services("State = 'Running'"), services("State = 'Stopped'")
    assert "vmms" in running
    assert stopped
    assert services('StartMode = "Auto" AND State = "Stopped"') < stopped
    assert services('NOT Name LIKE "vm%"') == {each for each in every if each and not each.lower().startswith("vm")}
    assert services("Name LIKE '[u-w]%'") == {each for each in every if each and each[0].lower() in "uvw"}
    assert services("Name LIKE '[^u-w]%'") == every - services("Name LIKE '[u-w]%'")
    assert services("ProcessId = 0") == services("ProcessId = '0'") == services("0 = ProcessId") == every - running
    assert services("Started = TRUE") == services("Started = 'true'") == services("Started = 1") == running
    assert services("__RELPATH = 'win32_service.name=\"VMMS\"'") == {"vmms"}
    assert services("__DYNASTY = 'CIM_ManagedSystemElement' AND __GENUS = 2 AND __SUPERCLASS = 'Win32_BaseService'") == every
    assert services("__CLASS = 'CIM_Service'") == set()


def test_wm_q_6_selected_properties_and_doubled_backslashes(host: Client) -> None:
    text = "SELECT Name, State, StartMode FROM Win32_Service WHERE Name = 'VMMS'"
    (row,) = asked(host, CIMV2, text).find("n:EnumerateResponse/w:Items")
    assert [each.text for each in row] == ["vmms", "Auto", "Running"]
    text = (
        r"SELECT Path, FileName, Version FROM CIM_Datafile WHERE Path = '\\windows\\system32\\' "
        "AND FileName = 'vmms' AND Extension = 'exe'"
    )
    assert len(values(host, CIMV2, text, "x")) == 1


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("SELECT * FROM Win32_OperatingSystem", 1),
        ("SELECT * FROM Win32_ComputerSystemProduct", 1),
        ("SELECT * FROM Win32_ComputerSystem", 1),
        (
            "ASSOCIATORS OF {Win32_ComputerSystem.Name='hvhost01'} "
            "WHERE AssocClass = Win32_ComputerSystemProcessor ResultClass = Win32_Processor",
            1,
        ),
        ("ASSOCIATORS OF {Win32_Service='vmms'} WHERE AssocClass=Win32_DependentService Role=Dependent", 2),
        ("ASSOCIATORS OF {Win32_OperatingSystem=@} WHERE ResultClass = Win32_ComputerSystem", 1),
    ],
)
def test_wm_q_1_queries_of_the_host(host: Client, text: str, number: int) -> None:
    assert len(values(host, CIMV2, text, "Name")) == number


def test_role_is_the_side_of_the_source(host: Client) -> None:
    def tied(role: str) -> set[str | None]:
        text = f"ASSOCIATORS OF {{Win32_Service.Name='winmgmt'}} WHERE AssocClass=Win32_DependentService Role={role}"
        return set(values(host, CIMV2, text, "Name"))

    assert "RpcSs" in tied("Dependent")
    assert "vmms" in tied("Antecedent")
    assert not tied("Dependent") & tied("Antecedent")


@pytest.mark.parametrize(
    ("text", "subcode", "detail", "number", "expected"),
    [
        (
            "SELECT * FROM Win32_Srvice",
            "a:DestinationUnreachable",
            "InvalidResourceURI",
            2150858811,
            "did you mean Win32_Service?",
        ),
        ("ASSOCIATORS OF {Win32_Service='none'}", "a:DestinationUnreachable", "", 2150858752, "line 1, column 16"),
        ("ASSOCIATORS OF {Win32_Service.Name=vmms}", "w:InvalidParameter", "", 2150858810, "line 1, column 36"),
        ("SELECT * FROM Win32_Service WHERE Nam = 'x'", "n:CannotProcessFilter", "", 2150858778, "did you mean Name?"),
        ("SELECT * FROM Win32_Service WHERE Name = ", "n:CannotProcessFilter", "", 2150858778, "line 1, column 42"),
        ("SELECT * FROM Win32_Service ORDER BY Name", "n:CannotProcessFilter", "", 2150858778, "line 1, column 29"),
        (
            "\n  SELECT *\n  FROM Win32_Srvice\n",
            "a:DestinationUnreachable",
            "InvalidResourceURI",
            2150858811,
            "line 3, column 8",
        ),
        ("  \n", "n:CannotProcessFilter", "", 2150858778, "line 2, column 1"),
        ("SELECT * FROM meta_class", "n:CannotProcessFilter", "", 2150858778, "line 1, column 15"),
        ("SELECT * FROM Win32_Service WHERE Name NOT LIKE 'x'", "n:CannotProcessFilter", "", 2150858778, "NOT stands before"),
    ],
)
def test_wm_f_11_wm_f_17_queries_that_are_refused(
    host: Client, text: str, subcode: str, detail: str, number: int, expected: str
) -> None:
    fault = asked(host, CIMV2, text).fault
    assert (fault[0], fault[1], fault[3]) == (subcode, detail, number)
    assert expected in fault[2]
