"""Commands about a running server, and their client, against a simulation in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families
from pywbem import CIMError, WBEMConnection, WBEMServer

from cimsim.cli.control_commands import Place, follow_calls
from cimsim.cli.faults_command import parse_words
from cimsim.cli.main import main
from cimsim.control.client import ControlClient, ControlClientError, NoControlPlaneError, RefusedError
from cimsim.control.port import listen
from cimsim.simulation.options import SimulationOptions
from cimsim.simulation.simulation import Simulation
from cimsim.testing.reactor_thread import ReactorThread

Cimsim = Callable[..., Any]


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    thread = ReactorThread()
    thread.start()
    options = SimulationOptions(packs=["interop"], port=0, clock="manual", watchdog=0.0)
    made = thread.call(lambda: Simulation(thread.reactor, options, control=listen))
    thread.call(made.start)
    yield made
    thread.call(made.stop)
    thread.stop()


@pytest.fixture
def client(simulation: Simulation) -> ControlClient:
    """Return a client of the control plane, with the world as it was loaded."""
    made = ControlClient(simulation.control_url or "")
    made.reset()
    for each in made.snapshots():
        made.remove_snapshot(each.name)
    return made


@pytest.fixture
def conn(simulation: Simulation) -> Iterator[WBEMConnection]:
    with WBEMConnection(simulation.urls[0], default_namespace="root/interop") as opened:
        yield opened


@pytest.fixture
def run(client: ControlClient) -> Callable[..., list[str]]:
    """Return what runs a command that succeeds, and returns its lines."""

    def done(command: str, *arguments: str) -> list[str]:
        result = CliRunner().invoke(main, [command, "--control", client.url, *arguments])
        assert result.exit_code == 0, result.output
        return result.output.splitlines()

    return done


@pytest.fixture
def refused(client: ControlClient) -> Callable[..., str]:
    """Return what runs a command that fails, and returns its one line."""

    def done(command: str, *arguments: str) -> str:
        result = CliRunner().invoke(main, [command, "--control", client.url, *arguments])
        assert (result.exit_code, result.output.count("\n")) == (2, 1), result.output
        return result.output

    return done


def test_a_server_with_a_control_plane_is_ready_and_says_what_it_serves(client: ControlClient, simulation: Simulation) -> None:
    assert (client.live(), client.ready()) == (True, True)
    status = client.status()
    assert status.urls == simulation.urls
    assert status.namespaces["root/interop"] > 0
    assert client.clock() == status.clock


def test_the_status_is_shown(run: Callable[..., list[str]], simulation: Simulation) -> None:
    lines = run("status")
    assert simulation.urls[0] in lines[0]
    assert any(line.startswith("root/interop: ") for line in lines)
    assert lines[-1].startswith("0 faults, 0 snapshots, ")


def test_a_fault_of_the_command_line_meets_clients(run: Callable[..., list[str]], conn: WBEMConnection) -> None:
    (added,) = run("faults", "add", "operation=EnumerateClassNames", "times=1", 'error=["failed", "busy"]')
    assert "operation=EnumerateClassNames" in added
    with pytest.raises(CIMError, match="busy"):
        conn.EnumerateClassNames()
    assert conn.EnumerateClassNames()
    (listed,) = run("faults", "list")
    assert listed.endswith("(2 met, 1 hits)")
    number = listed.partition(":")[0]
    assert run("faults", "remove", number) == [listed]
    assert run("faults", "list") == []
    calls = run("calls", "enumerateclassnames")
    assert [line.rpartition(f", by fault {number}")[1] != "" for line in calls] == [True, False]


def test_all_faults_are_removed(run: Callable[..., list[str]], client: ControlClient) -> None:
    client.add_fault(http=500)
    client.add_fault(operation="GetClass", where={"Name": 1}, delay=1.0)
    assert run("faults", "remove", "--all") == ["2 removed"]
    assert client.faults() == []


def test_the_world_is_kept_and_gone_back_to(run: Callable[..., list[str]], client: ControlClient, conn: WBEMConnection) -> None:
    before = client.status().namespaces
    assert run("snapshot", "start")[0].startswith("start kept at ")
    WBEMServer(conn).create_namespace("root/new")
    assert "root/new" in client.status().namespaces
    assert len(client.diff(before="start").created) == len(client.diff().created) > 0
    assert run("restore", "start")[0].startswith("start of ")
    assert client.status().namespaces == before
    WBEMServer(conn).create_namespace("root/new")
    lines = run("reset")
    assert lines[-1].startswith("0 faults, 1 snapshots, ")
    assert client.status().namespaces == before


def test_calls_are_shown_with_their_outcome(run: Callable[..., list[str]], conn: WBEMConnection) -> None:
    with pytest.raises(CIMError):
        conn.GetClass("CIM_NoSuchClass")
    conn.EnumerateInstanceNames("CIM_Namespace")
    first, second = run("calls")
    assert "GetClass root/interop:CIM_NoSuchClass: 6 (" in first
    assert second.endswith(": 0")
    number = first.partition(" ")[0]
    assert run("calls", "--since", number) == [second]
    assert run("calls", "GetClass") == [first]
    assert run("calls", "ModifyClass") == []


def test_requests_are_measured(client: ControlClient, conn: WBEMConnection) -> None:
    def measured() -> dict[str, float]:
        with urlopen(client.url + "/v1/metrics") as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        return {
            f"{sample.name} {' '.join(value for _, value in sorted(sample.labels.items()))}".strip(): sample.value
            for family in families
            for sample in family.samples
        }

    before = measured()
    conn.EnumerateClassNames()
    with pytest.raises(CIMError):
        conn.GetClass("CIM_NoSuchClass")
    with pytest.raises(CIMError):
        conn.InvokeMethod("NoSuchMethod", "CIM_Namespace")
    after = measured()
    changed = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name)}
    assert changed["cimsim_requests_total EnumerateClassNames 0"] == 1
    assert changed["cimsim_requests_total GetClass 6"] == 1
    assert [name for name in changed if "InvokeMethod" in name or "NoSuchMethod" in name] == [
        "cimsim_requests_total InvokeMethod 17"
    ]
    assert changed["cimsim_exchanges_total 200 CIM-XML"] == 3
    assert changed["cimsim_exchange_seconds_count CIM-XML"] == changed["cimsim_exchange_seconds_bucket +Inf CIM-XML"] == 3
    assert after["cimsim_instances root/interop"] == client.status().namespaces["root/interop"]


class EnoughError(Exception):
    """Ends what would go on."""


def test_new_calls_are_followed(client: ControlClient, conn: WBEMConnection, capsys: pytest.CaptureFixture[str]) -> None:
    waits: list[int] = []

    def wait() -> None:
        if len(waits) == 2:
            raise EnoughError
        waits.append(client.status().exchanges)
        conn.EnumerateClassNames()

    conn.EnumerateClassNames()
    with pytest.raises(EnoughError):
        follow_calls(client, None, Place(client.status().exchanges), wait)
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.partition(" ")[0]) for line in lines] == [number + 1 for number in waits]


WRONG: list[tuple[list[str], str]] = [
    (["faults", "add", "method=StopServce"], "a rule needs an action"),
    (
        ["faults", "add", "operation=GetInstanc", "http=500"],
        "operation: there is no operation GetInstanc; did you mean GetIns",
    ),
    (["faults", "add", "self=1"], "self: there is no such word"),
    (["faults", "add", "http"], "faults add http: write WORD=VALUE"),
    (["faults", "add", "where.=1", "http=500"], "faults add where.=1: write WORD=VALUE"),
    (["faults", "remove", "4711"], "no fault rule 4711 is in force"),
    (["faults", "remove"], "give numbers, or --all"),
    (["faults", "remove", "1", "--all"], "give numbers, or --all"),
    (["snapshot", "a/b"], "'a/b' is not a name of a snapshot"),
    (["snapshot", ".."], "'..' is not a name of a snapshot"),
    (["restore", "nowhere"], "there is no snapshot 'nowhere'"),
    (["restore", ""], "'' is not a name of a snapshot"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_what_is_wrong_is_a_line(refused: Callable[..., str], client: ControlClient, arguments: list[str], text: str) -> None:
    before = client.status()
    assert text in refused(*arguments)
    assert client.status() == before


def test_a_scenario_is_started_by_name(run: Callable[..., list[str]], refused: Callable[..., str]) -> None:
    assert any(line.startswith("interop.flaky-network: A network") for line in run("faults", "scenario"))
    lines = run("faults", "scenario", "flaky-network")
    assert len(lines) == 3
    assert all(line.endswith("(0 met, 0 hits, scenario interop.flaky-network)") for line in lines)
    assert run("faults", "list") == lines
    assert "did you mean flaky-network" in refused("faults", "scenario", "flaky-netwrk")


def test_rules_are_removed_all_or_none(
    run: Callable[..., list[str]], refused: Callable[..., str], client: ControlClient
) -> None:
    numbers = [str(client.add_fault(http=500).number) for _ in range(2)]
    refused("faults", "remove", *numbers, "4711")
    assert [str(each.number) for each in client.faults()] == numbers
    assert len(run("faults", "remove", *numbers, *numbers)) == 2
    assert client.faults() == []


@pytest.mark.parametrize("command", [["reset"], ["status"], ["calls"], ["snapshot", "a"], ["restore", "a"], ["faults", "list"]])
def test_each_command_needs_a_control_plane(command: list[str]) -> None:
    none = "http://127.0.0.1:1"
    done = CliRunner().invoke(main, [command[0], "--control", none, *command[1:]])
    assert (done.exit_code, done.output.count("\n")) == (2, 1)
    assert f"no control plane at {none}" in done.output
    missing = CliRunner().invoke(main, command, env={"CIMSIM_CONTROL": None})
    assert missing.exit_code == 2
    assert "--control" in missing.output


def test_words_are_json_or_text() -> None:
    words = [
        "times=2",
        "user=anna",
        'protocol="cim-xml"',
        "where.Id=a=b",
        "where.Size=[1,null]",
        "delay=5s clock",
        "tls=true",
    ]
    assert parse_words(words) == {
        "times": 2,
        "user": "anna",
        "protocol": "cim-xml",
        "where": {"Id": "a=b", "Size": [1, None]},
        "delay": "5s clock",
        "tls": True,
    }


@pytest.mark.parametrize("words", [["times=1", "times=2"], ["where.Id=1", "where.Id=2"], ["where=1", "where.Id=2"]])
def test_a_word_that_comes_twice_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_words(words)
    assert "is given twice" in capsys.readouterr().err


def test_the_client_says_what_is_wrong(client: ControlClient) -> None:
    with pytest.raises(RefusedError) as refused:
        client.add_fault(method="StopService", tims=2)
    assert (refused.value.status, refused.value.field, refused.value.nearest) == (400, "tims", "times")
    with pytest.raises(ControlClientError, match="not JSON"):
        client.add_fault(where={"Id": object()}, http=500)
    with pytest.raises(NoControlPlaneError):
        ControlClient("https://127.0.0.1:1")
    assert not ControlClient("http://127.0.0.1:1").live()


def test_the_port_of_clients_is_not_the_control_plane(simulation: Simulation) -> None:
    with pytest.raises(NoControlPlaneError, match="is the port of CIM clients"):
        ControlClient(simulation.urls[0]).status()


def test_packs_and_mof_are_loaded_until_a_reset(
    run: Callable[..., list[str]], refused: Callable[..., str], client: ControlClient, tmp_path: Path
) -> None:
    assert run("load", "iscsitarget", "--set", "iscsitarget.faults=MSFTSM_ObjectManager.StopService=2") == [
        "loaded iscsitarget"
    ]
    assert [each.origin for each in client.faults()] == ["setting iscsitarget.faults"]
    assert any(line.startswith("iscsitarget.busy-target: ") for line in run("faults", "scenario"))
    file = tmp_path / "lamp.mof"
    file.write_text("class TST_Lamp { [Key] string Id; };", encoding="utf-8")
    assert run("load", str(file), "--namespace", "root/lamps") == [f"loaded {file} into root/lamps"]
    before = client.status()
    for arguments, text in (
        (["iscsitarget"], "loaded already"),
        (["iscsitarge"], "did you mean iscsitarget?"),
        (["windows", "--set", "windows.service=1"], "did you mean services?"),
        (["windows", "--namespace", "root/x"], "packs have their own namespaces"),
        ([str(tmp_path)], "name the folder when you start it"),
        ([str(tmp_path / "none.mof")], "cannot be read"),
    ):
        assert text in refused("load", *arguments)
    file.write_text('#pragma include ("/etc/passwd")', encoding="utf-8")
    assert "lies outside" in refused("load", str(file))
    assert client.status() == before
    assert set(client.reset().namespaces) == {"root/interop"}


def test_what_is_loaded_is_a_pack_or_mof(client: ControlClient) -> None:
    for given in ({}, {"pack": "windows", "mof": "class T_A {};"}, {"mof": "class T_A {};", "settings": {"a.b": 1}}):
        with pytest.raises(RefusedError) as error:
            client.load(**given)
        assert error.value.status == 400


@pytest.mark.parametrize("form", ["jsonl", "har"])
def test_calls_are_exported_with_their_bodies(run: Callable[..., list[str]], conn: WBEMConnection, form: str) -> None:
    conn.GetClass("CIM_Namespace")
    conn.EnumerateClassNames()
    written = "\n".join(run("calls", "--format", form, "getclass"))
    assert written.count("<CIM ") == 2
    assert "EnumerateClassNames" not in written


def test_an_export_does_not_follow(client: ControlClient) -> None:
    result = CliRunner().invoke(main, ["calls", "--control", client.url, "--follow", "--format", "har"])
    assert result.exit_code == 2
    assert "--follow" in result.output
