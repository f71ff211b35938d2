"""python-dracclient, the client of OpenStack for Dell's controllers, over plain HTTP (rules WM-H-2, WM-E-3, WM-E-4, WM-R-5)."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from dracclient.exceptions import WSManInvalidResponse
from dracclient.wsman import Client

from cimsim.testing import Simulator

WIN32: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/"
V2: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/"
ALL_CLASSES: Final = "http://schemas.dmtf.org/wbem/wscim/1/*"
CIM_SCHEMA: Final = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("hyperv", "windows", user=["ann:secret"], seed=1, clock="manual") as running:
        yield running


def connect(sim: Simulator, password: str = "secret") -> Any:
    number = urlsplit(next(each for each in sim.urls if each.endswith("/wsman"))).port
    return Client("127.0.0.1", "ann", password, number, protocol="http")


@pytest.fixture
def client(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return connect(sim)


def names(answer: Any, item: str = "Win32_Service") -> list[str | None]:
    return [each.findtext("{*}Name") for each in answer.iter(f"{{*}}{item}")]


@pytest.mark.parametrize("optimization", [True, False])
def test_a_class_is_enumerated_and_the_answers_merged(client: Any, sim: Simulator, optimization: bool) -> None:
    stored = [each["Name"] for each in sim.find("Win32_Service")]
    if optimization:
        assert names(client.enumerate(f"{WIN32}Win32_Service", max_elems=7)) == stored
        return
    opened = client.enumerate(f"{WIN32}Win32_Service", optimization=False, auto_pull=False)
    context = opened.findtext(".//{*}EnumerationContext")
    assert names(opened) == []
    assert names(client.pull(f"{WIN32}Win32_Service", context, max_elems=7)) == stored[:7], "w:MaxElements counts (WM-E-4)"


def test_cql_over_all_classes_is_its_default(client: Any) -> None:
    query = "SELECT Name, State FROM Win32_Service WHERE Name = 'vmms'"
    answer = client.enumerate(ALL_CLASSES, filter_query=query)
    assert [each.text for each in answer.iter("{*}State")] == ["Running"]
    assert [each.text for each in answer.iter("{*}Name")] == ["vmms"]


def test_wql_finds_machines(client: Any, sim: Simulator) -> None:
    query = "SELECT * FROM Msvm_ComputerSystem WHERE Caption = 'Virtual Machine'"
    answer = client.enumerate(f"{V2}*", filter_query=query, filter_dialect="wql")
    stored = [each["Name"] for each in sim.find("Msvm_ComputerSystem", Caption="Virtual Machine")]
    assert names(answer, "Msvm_ComputerSystem") == stored


@pytest.mark.parametrize("base", [WIN32, CIM_SCHEMA])
def test_a_method_is_invoked(client: Any, sim: Simulator, base: str) -> None:
    before = sim.snapshot("before")
    answer = client.invoke(f"{base}Win32_Service", "ChangeStartMode", {"Name": "Spooler"}, {"StartMode": "Disabled"})
    assert answer.findtext(".//{*}ReturnValue") == "0"
    assert [each["StartMode"] for each in sim.find("Win32_Service", Name="Spooler")] == ["Disabled"]
    sim.restore(before)


def test_a_fault_has_the_status_500_and_a_wrong_password_401(client: Any, sim: Simulator) -> None:
    with pytest.raises(WSManInvalidResponse) as refused:
        client.enumerate(f"{WIN32}Win32_Sirvice")
    assert "500" in str(refused.value)
    with pytest.raises(WSManInvalidResponse) as refused:
        connect(sim, "wrong").enumerate(f"{WIN32}Win32_Service")
    assert "401" in str(refused.value)
