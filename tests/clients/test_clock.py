"""The clock of a served simulation: manual, advanced over the control plane; start time and seed; timings by a setting."""

import http.client
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from pywbem import CIMError, Uint16, WBEMConnection

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Launch, Post

HYPERV = "root/virtualization/v2"
SERVICE = "Msvm_GuestCommunicationService"
STATES = ["EnabledState", "Started", "RequestedState", "OperationalStatus", "Status"]


def state(conn: WBEMConnection, path: Any) -> list[Any]:
    found = conn.GetInstance(path, PropertyList=[*STATES, "TimeOfLastStateChange"])
    return [found[name] for name in STATES]


def changed(conn: WBEMConnection, path: Any) -> str:
    return str(conn.GetInstance(path)["TimeOfLastStateChange"])


def test_a_slow_stop_goes_by_the_manual_clock(launch: "Launch", connect: "Connect") -> None:
    with launch("--clock", "manual", "--set", f"hyperv.timings={SERVICE}=5s") as server:
        conn = connect(server, HYPERV)
        (path,) = conn.EnumerateInstanceNames(SERVICE)
        assert conn.InvokeMethod("StopService", path) == (0, {})
        assert state(conn, path) == [4, True, 3, [9], "Stopping"]
        assert changed(conn, path).startswith("20250310120000.000000")
        assert server.advance(4.999)["due"] == "2025-03-10T12:00:05.000000Z"
        assert state(conn, path)[0] == 4
        assert server.advance("next")["waiting"] == 0
        assert state(conn, path) == [3, False, 3, [10], "Stopped"]
        assert changed(conn, path).startswith("20250310120005.000000")


def test_a_slow_stop_goes_by_reads(launch: "Launch", connect: "Connect") -> None:
    with launch("--set", f"hyperv.timings={SERVICE}.StopService=2 reads") as server:
        conn = connect(server, HYPERV)
        (path,) = conn.EnumerateInstanceNames(SERVICE)
        assert conn.InvokeMethod("StopService", path) == (0, {})
        assert [state(conn, path)[0] for _ in range(3)] == [4, 4, 3]
        assert conn.InvokeMethod("StartService", path) == (0, {})
        assert state(conn, path)[0] == 2


def test_enumeration_sessions_end_by_the_manual_clock(launch: "Launch", connect: "Connect") -> None:
    with launch("--clock", "manual", "--pull-timeout", "30") as server:
        conn = connect(server, HYPERV)
        opened = conn.OpenEnumerateInstances("CIM_Service", MaxObjectCount=1)
        server.advance(29)
        more = conn.PullInstancesWithPath(opened.context, 1)
        server.advance(31)
        with pytest.raises(CIMError) as error:
            conn.PullInstancesWithPath(more.context, 1)
        assert error.value.status_code == 21


@pytest.mark.longer
def test_the_same_seed_gives_the_same_bytes_on_every_start(launch: "Launch", post: "Post", connect: "Connect") -> None:
    def session(*options: str) -> list[bytes]:
        with launch("--clock", "manual", *options) as server:
            conn = connect(server, "root/cimv2/storage/iscsitarget")
            (manager,) = conn.EnumerateInstanceNames("MSFTSM_ObjectManager")
            conn.InvokeMethod("RequestStateChange", manager, RequestedState=Uint16(10))
            everything = '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_ManagedElement"/></IPARAMVALUE>'
            paused = everything + '<IPARAMVALUE NAME="MaxObjectCount"><VALUE>3</VALUE></IPARAMVALUE>'
            return [
                post(server, "root/cimv2/storage/iscsitarget", "EnumerateInstances", everything),
                post(server, HYPERV, "EnumerateInstances", everything),
                post(server, HYPERV, "OpenEnumerateInstances", paused),
            ]

    first = session("--seed", "7")
    assert session("--seed", "7") == first
    assert session("--seed", "8")[2] != first[2]
    assert session("--seed", "7", "--start-time", "2030-01-01")[0] != first[0]


def test_the_clock_begins_when_it_is_told(launch: "Launch", connect: "Connect") -> None:
    with launch("--start-time", "2031-05-06T07:08:09+02:00", "--clock", "manual") as server:
        conn = connect(server, HYPERV)
        (path,) = conn.EnumerateInstanceNames(SERVICE)
        conn.InvokeMethod("StopService", path)
        assert changed(conn, path).startswith("20310506050809.000000")


def test_there_is_no_control_plane_where_nobody_wants_one(launch: "Launch") -> None:
    with launch("--no-console") as server:
        assert server.control == ""


def test_the_control_plane_speaks_no_cim_and_the_data_plane_no_json(launch: "Launch") -> None:
    with launch("--control-port", "0") as server:
        for url, path in ((server.url, "/clock"), (server.control, "/cimom")):
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
            connection.request("GET", path)
            assert connection.getresponse().status in (404, 405)
            connection.close()


def test_statistics_are_gathered_when_they_are_wanted(launch: "Launch", connect: "Connect") -> None:  # W6, CT4
    def counted(conn: WBEMConnection) -> dict[str, int]:
        return {each["ElementName"]: each["NumberOfOperations"] for each in conn.EnumerateInstances("CIM_CIMOMStatisticalData")}

    with launch("--clock", "manual") as server:
        conn = connect(server, "root/interop")
        assert set(counted(conn).values()) == {0}
        (manager,) = conn.EnumerateInstances("CIM_ObjectManager")
        manager["GatherStatisticalData"] = True
        conn.ModifyInstance(manager, PropertyList=["GatherStatisticalData"])
        conn.GetInstance(manager.path)
        after = counted(conn)
        # Neither what came before, nor the enumeration that shows the counters.
        assert {name: number for name, number in after.items() if number} == {"GetInstance": 1, "ModifyInstance": 1}
        data = conn.GetInstance(conn.EnumerateInstanceNames("CIM_CIMOMStatisticalData")[1])
        assert data["ElementName"] == "GetInstance"
        assert data["RequestSize"] > 300
        assert data["ResponseSize"] > data["RequestSize"]


def test_pywbemcli_shows_the_statistics(launch: "Launch", pywbemcli: Any) -> None:  # CT4
    with launch() as server:
        for arguments in (["server-on"], ["server-show"]):
            printed = pywbemcli(server, "root/interop", "statistics", *arguments)
            assert (printed.status, printed.err) == (0, ""), printed
        assert "GetInstance" in printed.out
        assert "EnumerateInstances" in printed.out
