"""Mock environments of pywbem served over the network, against the same environments inside pywbemcli."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from pywbem import (
    CIM_ERR_ACCESS_DENIED,
    CIM_ERR_INVALID_PARAMETER,
    CIM_ERR_METHOD_NOT_AVAILABLE,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    Uint8,
    Uint32,
    WBEMConnection,
    WBEMServer,
)

from tests.replies.http import relayed

if TYPE_CHECKING:
    from tests.clients.conftest import Connect, Launch, Server
    from tests.programs import Programs

FOLDER: Final = Path(__file__).parent / "mock_environment"
FILES: Final = [str(FOLDER / name) for name in ("lamps.mof", "providers.py", "elsewhere.py", "interop.py")]

READING: Final = r"""
class enumerate --names-only
class enumerate --deep-inheritance --names-only
class get X_Lamp
class get X_OilLamp --local-only
class tree
class associators X_Room --names-only
class references X_Lamp --names-only
qualifier get Key
instance enumerate X_Room
instance enumerate X_Lamp
instance enumerate X_Lamp --names-only
instance enumerate X_LampInRoom
instance count
instance get X_Lamp.Number=2
instance get X_Lamp.Number=9
instance get 'X_Gone.Name="x"'
instance associators 'X_Room.Name="Kitchen"'
instance associators 'X_Room.Name="Kitchen"' --names-only --result-class X_OilLamp
instance references 'X_Lamp.Number=1'
class get X_Shed --namespace root/elsewhere
instance enumerate X_Shed --namespace root/elsewhere
"""
METHODS: Final = r"""
instance invokemethod X_Lamp.Number=2 Dim -p Level=30
instance get X_Lamp.Number=2
instance invokemethod X_Lamp.Number=1 dim -p level=31
instance invokemethod X_Lamp.Number=2 Dim -p Level=101
instance get X_Lamp.Number=1
class invokemethod X_Lamp Count
class invokemethod X_Lamp Count -p 'Room=root/cimv2:X_Room.Name="Kitchen"'
instance invokemethod X_Lamp.Number=2 Steal
instance invokemethod X_Lamp.Number=2 Lend
instance invokemethod X_Lamp.Number=9 Steal
instance invokemethod X_Lamp.Number=1 Dim -p Depth=5
"""
WRITING: Final = r"""
instance create X_Reading -p Lux=5
instance create X_Reading -p Lux=5 -p InstanceID=mine
instance create X_Reading -p Lux=100001
instance create X_Reading -p Colour=red
instance create X_Reading
instance modify 'X_Reading.InstanceID="X:2"' -p Lux=7
instance modify 'X_Reading.InstanceID="X:2"' -p Lux=100001
instance modify 'X_Reading.InstanceID="X:9"' -p Lux=1
instance modify X_Lamp.Number=1 -p Level=3
instance get X_Lamp.Number=1
instance enumerate X_Reading
instance delete 'X_Reading.InstanceID="X:1"'
instance delete 'X_Reading.InstanceID="X:2"'
instance delete 'X_Reading.InstanceID="X:2"'
instance enumerate X_Reading --names-only
instance create X_Room -p Name=Cellar -p Floor=-1
instance create X_Room -p Name=Cellar
instance enumerate X_Room
"""
INTEROP: Final = r"""
namespace list
namespace interop
namespace create root/third
namespace list
namespace create root/third
namespace delete root/third
namespace delete root/cimv2
namespace delete interop
namespace delete root/nothing
namespace list
instance enumerate CIM_Namespace --namespace interop
subscription list
subscription add-destination here --listener-url http://localhost:5000
subscription add-filter all --query-language WQL --query "SELECT * FROM CIM_Indication"
subscription add-subscription here all
subscription list-destinations
subscription list-filters
subscription list-subscriptions --summary
subscription remove-destination here
subscription remove-filter all
subscription remove-subscription here all
subscription remove-filter all
subscription remove-destination here
instance enumerate CIM_ListenerDestination --namespace interop
instance enumerate CIM_IndicationFilter --namespace interop
"""

Session = Callable[[list[str], str], str]


@pytest.fixture(scope="module")
def pywbemcli_session(programs: "Programs") -> Session:
    """Run the interactive mode of pywbemcli, with general options and the commands to type; return what it printed."""

    def run(options: list[str], commands: str) -> str:
        done = programs.run("pywbemcli", *options, given=commands.lstrip().encode())
        assert done.status == 0, done.err
        assert "Traceback" not in done.err + done.out
        return done.out + done.err

    return run


def comparable(printed: str) -> list[str]:
    """Return the lines that the two must have in common: without addresses and times, error texts and NULL.

    pywbem_mock leaves out what is NULL. It orders properties as they were given, the simulator as the class does.
    """
    lines: list[str] = []
    start: int | None = None
    for line in printed.splitlines():
        if line.endswith("= NULL;") or line.startswith("DeprecatedSetupWarning") or not line:
            continue
        text = re.sub(r"http://(127\.0\.0\.1|FakedUrl):\d+|//FakedUrl:5988/|//localhost/", "", line)
        text = re.sub(r"\b(\d+ \(CIM_ERR_\w+\)|CIM_ERR_\w+ Description):.*", r"\1", text)
        lines.append(re.sub(r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d", "NOW", text))
        if line.startswith("instance of"):
            start = len(lines)
        elif line == "};" and start is not None:
            lines[start:-1] = sorted(lines[start:-1])
            start = None
    return lines


@pytest.mark.longer
@pytest.mark.parametrize("commands", [READING, METHODS, WRITING, INTEROP], ids=["reading", "methods", "writing", "interop"])
def test_pywbemcli_sees_no_difference(pywbemcli_session: Session, launch: "Launch", commands: str) -> None:
    expected = pywbemcli_session([option for file in FILES for option in ("--mock-server", file)], commands)
    with launch(*FILES) as server, relayed(server.url) as url:
        printed = pywbemcli_session(["--server", url], commands)
    assert comparable(printed) == comparable(expected)
    assert len(comparable(printed)) > len(commands.splitlines())


# What the providers do, seen by pywbem


@pytest.fixture(scope="module")
def lamps(launch: "Launch") -> Iterator["Server"]:
    with launch(*FILES) as running:
        yield running


@pytest.fixture
def conn(lamps: "Server", connect: "Connect") -> WBEMConnection:
    return connect(lamps, "root/cimv2")


def lamp(number: int) -> CIMInstanceName:
    return CIMInstanceName("X_Lamp", {"Number": Uint32(number)}, namespace="root/cimv2")


def test_a_method_with_parameters_in_and_out(conn: WBEMConnection) -> None:  # X11
    assert conn.InvokeMethod("Dim", lamp(1), Level=Uint8(60)) == (0, {"Before": 50})
    assert conn.GetInstance(lamp(1))["Level"] == 60
    assert conn.InvokeMethod("Dim", lamp(1), Level=Uint8(50))[1]["Before"] == 60


def test_a_static_method_on_the_class(conn: WBEMConnection) -> None:  # X4
    kitchen = CIMInstanceName("X_Room", {"Name": "Kitchen"}, namespace="root/cimv2")
    assert conn.InvokeMethod("Count", "X_Lamp") == (0, {"Number": 3, "Makers": ["Wright"]})
    assert conn.InvokeMethod("Count", "X_Lamp", Room=kitchen)[1]["Number"] == 2


def test_an_error_of_a_provider_arrives_unchanged(conn: WBEMConnection) -> None:  # E6
    with pytest.raises(CIMError) as refused:
        conn.InvokeMethod("Steal", lamp(2))
    assert refused.value.status_code == CIM_ERR_ACCESS_DENIED
    assert refused.value.status_description == "lamp 2 is screwed down"


def test_a_provider_does_not_act_for_subclasses(conn: WBEMConnection) -> None:
    """As in pywbem_mock, where the status code is CIM_ERR_METHOD_NOT_FOUND, though the method is declared (X5)."""
    path = CIMInstanceName("X_OilLamp", {"Number": Uint32(3)}, namespace="root/cimv2")
    with pytest.raises(CIMError) as refused:
        conn.InvokeMethod("Steal", path)
    assert refused.value.status_code == CIM_ERR_METHOD_NOT_AVAILABLE


def test_a_provider_of_instances_makes_keys_and_checks_values(conn: WBEMConnection) -> None:
    path = conn.CreateInstance(CIMInstance("X_Reading", {"Lux": Uint32(7)}))
    assert path["InstanceID"] == "X:2"
    with pytest.raises(CIMError) as refused:
        conn.CreateInstance(CIMInstance("X_Reading", {"Lux": Uint32(100001)}))
    assert refused.value.status_code == CIM_ERR_INVALID_PARAMETER
    assert len(conn.EnumerateInstanceNames("X_Reading")) == 2
    conn.ModifyInstance(CIMInstance("X_Reading", {"Lux": Uint32(8)}, path=path))
    assert (conn.GetInstance(path)["Lux"], conn.GetInstance(path)["Revision"]) == (8, 1)
    conn.DeleteInstance(path)
    assert len(conn.EnumerateInstanceNames("X_Reading")) == 1


def test_namespaces_are_made_and_deleted_through_the_provider_of_pywbem(conn: WBEMConnection) -> None:  # W12, W13
    server = WBEMServer(conn)
    assert server.interop_ns == "interop"
    server.create_namespace("root/fourth")
    assert sorted(server.namespaces) == ["interop", "root/cimv2", "root/elsewhere", "root/fourth"]
    assert conn.EnumerateClassNames("root/fourth") == []
    server.delete_namespace("root/fourth")
    with pytest.raises(CIMError):
        conn.EnumerateClassNames("root/fourth")
