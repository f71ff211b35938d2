"""``cimsim serve`` from its start to its end, and what it says when it cannot start."""

import errno
import os
import socket
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals
from typing import TYPE_CHECKING

import pytest
from pywbem import CIMError, CIMInstance, WBEMConnection

import cimsim as package

if TYPE_CHECKING:
    from tests.cli.conftest import Cimsim, Serve

MOF = 'class TST_Lamp { [Key, Description("Name.")] string Name; boolean Lit; };\ninstance of TST_Lamp { Name = "desk"; };\n'


def test_version(cimsim: "Cimsim") -> None:
    assert cimsim("--version").out == f"cimsim, version {package.__version__}\n"


def test_help_names_every_setting_with_its_variable(cimsim: "Cimsim") -> None:
    shown = cimsim("serve", "--help")
    assert shown.status == 0
    for name in ("--port", "--ready-file", "--user", "--set", "--config"):
        assert name in shown.out
        assert "CIMSIM_" + name[2:].upper().replace("-", "_") in shown.out


def test_it_serves_the_shipped_packs_unless_told_otherwise(serve: "Serve", tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.write_text("of an earlier run")
    running = serve("--ready-file", ready)
    assert "root/virtualization/v2: 147 classes, 537 instances" in running.lines
    assert "root/cimv2/storage/iscsitarget: 149 classes, 58 instances" in running.lines
    assert len(running.lines) == 6, "the namespaces, something to try, and the URL"
    assert running.url.startswith("http://127.0.0.1:")
    with WBEMConnection(running.url, None) as conn:
        assert conn.EnumerateInstanceNames("CIM_ObjectManager", namespace="root/interop")
    rest = [running.output.readline(), running.output.readline()]
    assert rest[0].endswith("/wsman\n")
    assert rest[1].startswith("console on http://127.0.0.1:")
    # Whoever waits for the file may read it at any time: it is never half-written.
    written = ready.read_text()
    control = rest[1].removeprefix("console on ")
    assert (written.splitlines()[0], written.endswith(f"/wsman\ncontrol {control}")) == (running.url, True)


def test_several_cimoms_are_announced_and_found_until_they_stop(serve: "Serve", cimsim: "Cimsim", tmp_path: Path) -> None:
    state = {"CIMSIM_STATE_DIR": str(tmp_path / "state")}
    running = serve("interop", "--cimom", "a", "--cimom", "b", "--user", "eve:secret", "--no-wsman", **state)
    counts = [line for line in running.lines if line.endswith("instances")]
    assert [line.split(":")[0] for line in counts] == ["a root/interop", "b root/interop"]
    other, console = running.output.readline(), running.output.readline()
    assert (running.lines[-1], other[:14]) == (f"a listening on {running.url}", "b listening on")
    url, _, token = console.removeprefix("console on ").rstrip("\n").partition("/#token=")
    assert len(token) >= 32
    found = cimsim("status", "--cimom", "b", **state)
    assert (found.status, other.split()[-1] in found.out) == (0, True)
    (file,) = (tmp_path / "state" / "servers").iterdir()
    assert (file.stat().st_mode & 0o777, url in file.read_text()) == (0o600, True)
    assert running.stop() == (0, "")
    assert not file.exists()


def test_plain_mof_files_are_served(serve: "Serve", tmp_path: Path) -> None:
    (tmp_path / "lamps.mof").write_text(MOF)
    running = serve("lamps.mof", "--namespace", "root/lamps", "--host-name", "wbem.example")
    with WBEMConnection(running.url, None, default_namespace="root/lamps") as conn:
        (lamp,) = conn.EnumerateInstances("TST_Lamp")
        assert (lamp["Name"], lamp["Lit"]) == ("desk", None)
        lamp["Lit"] = True
        conn.ModifyInstance(lamp)
        (manager,) = conn.EnumerateInstances("CIM_ObjectManager", namespace="root/interop")
        with pytest.raises(CIMError, match="read-only"):  # OP-MI-5: the pack interop asks for it
            conn.ModifyInstance(CIMInstance("CIM_ObjectManager", {"Started": False}, path=manager.path))
        manager = manager.path
        (linked, *_) = conn.AssociatorNames(manager)
        assert linked.host == "wbem.example"


def test_read_only_properties_of_mof_files_can_be_protected(serve: "Serve", tmp_path: Path) -> None:
    (tmp_path / "lamps.mof").write_text(MOF)
    running = serve("lamps.mof", "--enforce-write", "--no-cache")
    with WBEMConnection(running.url, None, default_namespace="root/cimv2") as conn:
        (lamp,) = conn.EnumerateInstances("TST_Lamp")
        lamp["Lit"] = True
        with pytest.raises(CIMError, match="read-only"):
            conn.ModifyInstance(lamp)


def test_compiled_packs_are_kept_for_the_next_start(serve: "Serve", tmp_path: Path) -> None:
    (tmp_path / "lamps.mof").write_text(MOF)
    cache = tmp_path / "cache"
    serve("lamps.mof", "--cache-dir", cache)
    # A file that is written anew is another one; its time is that of its last use.
    kept = {each: each.stat().st_ino for each in cache.rglob("*") if each.is_file()}
    assert kept
    serve("lamps.mof", "--cache-dir", cache)
    assert {each: each.stat().st_ino for each in cache.rglob("*") if each.is_file()} == kept


# The end


@pytest.mark.parametrize("number", [SIGTERM, SIGINT], ids=lambda number: number.name)
def test_a_signal_stops_it_at_once(serve: "Serve", number: Signals) -> None:
    # Only the signal can end what is open: the server's own limits are far longer than the test waits.
    running = serve("interop", "--idle-timeout", "1000")
    with WBEMConnection(running.url, None) as conn:
        # The connection stays open and idle: it must not delay the end.
        assert conn.EnumerateClassNames(namespace="root/interop")
        assert running.stop(number) == (0, "")


def test_a_half_sent_request_does_not_delay_the_end(serve: "Serve") -> None:
    running = serve("interop", "--idle-timeout", "1000", "--request-timeout", "1000")
    with socket.create_connection(("127.0.0.1", running.port)) as client:
        client.sendall(b"POST /cimom HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n<?xml")
        assert running.stop() == (0, "")


# Refusals to start: one line on standard error, status 2


def test_a_port_that_is_taken(cimsim: "Cimsim") -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = cimsim("serve", "interop", "--port", str(port))
    assert (refused.status, refused.out) == (2, "")
    assert refused.err == f"cimsim: cannot listen on 127.0.0.1:{port}: {os.strerror(errno.EADDRINUSE)}\n"


def test_an_address_that_is_not_ours(cimsim: "Cimsim") -> None:
    refused = cimsim("serve", "interop", "--address", "192.0.2.1", "--port", "0")
    assert refused.status == 2
    assert refused.err == f"cimsim: cannot listen on 192.0.2.1:0: {os.strerror(errno.EADDRNOTAVAIL)}\n"


def test_a_stale_ready_file_is_gone_when_the_start_fails(cimsim: "Cimsim", tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.write_text("http://127.0.0.1:1\n")
    assert cimsim("serve", "hyprv", "--ready-file", ready).status == 2
    assert not ready.exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["hyprv"], "cimsim: no pack hyprv; did you mean hyperv? (there are: hyperv, interop, iscsitarget, windows)\n"),
        (["./nowhere"], "cimsim: no pack ./nowhere (there are: hyperv, interop, iscsitarget, windows)\n"),
        (["no/where"], "cimsim: no/where: no such file or folder\n"),
        (["nothing.mof"], "cimsim: nothing.mof: no such file or folder\n"),
        (["empty"], "cimsim: empty: no pack.toml in this folder\n"),
        (["readme.txt"], "cimsim: readme.txt: neither a folder with a pack.toml nor a .mof or .py file\n"),
        (["wrong.mof"], "cimsim: wrong.mof:2:"),
        (["binary.mof"], "cimsim: binary.mof:2: is not UTF-8 text\n"),
        (["toml"], "cimsim: toml/pack.toml:2:"),
        (["keys"], "cimsim: keys/pack.toml:2: unknown key tilte; did you mean title?\n"),
        (["lost"], "cimsim: lost/pack.toml:4: absent.mof: no such file\n"),
        (["--set", "hyperv.profle=x"], "cimsim: pack hyperv has no setting profle; did you mean profile? (there are: "),
        (["--set", "hyperv.profile=windows-stric"], "cimsim: setting hyperv.profile: 'windows-stric' is not among "),
        (["--set", "hyperv.stopped_requested_state=three"], "cimsim: setting hyperv.stopped_requested_state: 'three' is not "),
        (["--set", "iscsitarget.faults=MSFTSM_ObjectManager.StopServce=2"], "cimsim: setting iscsitarget.faults: "),
        (["--set", "profile"], "cimsim: --set profile: write PACK.NAME=VALUE\n"),
        (["--user", "secret-without-name"], "cimsim: a user is written NAME:PASSWORD\n"),
        (["--users-file", "users"], "cimsim: users:2: a user is written NAME:PASSWORD\n"),
        (
            ["--ready-file", "nowhere/ready"],
            f"cimsim: --ready-file nowhere/ready: cannot be written: {os.strerror(errno.ENOENT)}\n",
        ),
        (
            ["--ready-file", "users/ready"],
            f"cimsim: --ready-file users/ready: cannot be written: {os.strerror(errno.ENOTDIR)}\n",
        ),
        (
            ["--ready-file", "x" * 300],
            f"cimsim: --ready-file {'x' * 300}: cannot be written: {os.strerror(errno.ENAMETOOLONG)}\n",
        ),
        (["--users-file", "nobody"], f"cimsim: nobody: {os.strerror(errno.ENOENT)}\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_loaded_is_named(cimsim: "Cimsim", tmp_path: Path, arguments: list[str], text: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "readme.txt").write_text("text")
    (tmp_path / "wrong.mof").write_text("class TST_Right { [Key] string Name; };\nclass TST_Wrong : { };\n")
    (tmp_path / "binary.mof").write_bytes(b"// one\n// \xff\n")
    (tmp_path / "users").write_text("operator:secret\nnobody\n")
    for name, manifest in {
        "toml": 'name = "toml"\nversion = \n',
        "keys": 'name = "keys"\ntilte = "Keys"\n',
        "lost": 'name = "lost"\n[[namespaces]]\nname = "root/lost"\nmof = ["absent.mof"]\n',
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "pack.toml").write_text(manifest)
    refused = cimsim("serve", "--port", "0", *arguments)
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith(text)
    assert refused.err.count("\n") == 1
    assert "secret" not in refused.err


def test_a_users_file_that_names_no_user_is_refused(cimsim: "Cimsim", tmp_path: Path) -> None:
    # Who asks for authentication must never be served without.
    (tmp_path / "users").write_text("# nobody yet\n")
    refused = cimsim("serve", "--users-file", "users")
    assert (refused.status, refused.err) == (2, "cimsim: users: names no user\n")


def test_a_user_given_twice_is_refused(cimsim: "Cimsim") -> None:
    refused = cimsim("serve", "--user", "a:b", "--user", "a:c")
    assert (refused.status, refused.err) == (2, "cimsim: --user: user a is given twice\n")


def test_a_setting_that_is_a_list_may_be_repeated(serve: "Serve") -> None:
    faults = [f"--set=hyperv.faults=Msvm_GuestFileService.{method}" for method in ("StopService=7", "StartService=8")]
    with WBEMConnection(serve(*faults).url, None, default_namespace="root/virtualization/v2") as conn:
        service = conn.EnumerateInstanceNames("Msvm_GuestFileService")[0]
        assert [conn.InvokeMethod(method, service)[0] for method in ("StopService", "StartService")] == [7, 8]
