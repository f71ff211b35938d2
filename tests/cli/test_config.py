"""The three ways to give a setting: option, variable, file; and which wins."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pywbem import AuthError, WBEMConnection

if TYPE_CHECKING:
    from tests.cli.conftest import Cimsim, Serve


def profile(url: str, credentials: tuple[str, str] | None = None) -> int:
    """Return how StopService of the file service of web01 answers: 0 in profile documented, 1 in windows-strict."""
    with WBEMConnection(url, credentials, default_namespace="root/virtualization/v2") as conn:
        services = conn.EnumerateInstanceNames("Msvm_GuestFileService")
        return int(conn.InvokeMethod("StopService", services[0])[0])


def test_a_file_gives_every_kind_of_setting(serve: "Serve", tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    (tmp_path / "cimsim.toml").write_text(
        f"""
        packs = ["hyperv"]
        address = "127.0.0.1"
        ready_file = "{ready}"
        host_name = "wbem.example"
        user = ["operator:secret", "viewer:other"]
        set = ["hyperv.profile=windows-strict"]
        enforce_write = false
        idle_timeout = 5.5
        """
    )
    running = serve("--config", "cimsim.toml")
    assert not [line for line in running.lines if line.startswith("root/cimv2/storage/iscsitarget")]
    with pytest.raises(AuthError):
        profile(running.url)
    assert profile(running.url, ("viewer", "other")) == 1
    assert ready.read_text().splitlines()[0] == running.url


def test_variables_give_settings(serve: "Serve", tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    running = serve(
        CIMSIM_PACKS="hyperv interop",
        CIMSIM_SET="hyperv.profile=windows-strict hyperv.stopped_requested_state=4",
        CIMSIM_USER="operator:secret",
        CIMSIM_READY_FILE=str(ready),
    )
    assert profile(running.url, ("operator", "secret")) == 1
    assert ready.read_text().splitlines()[0] == running.url


def test_an_option_wins_over_a_variable_and_a_variable_over_the_file(serve: "Serve", tmp_path: Path) -> None:
    (tmp_path / "cimsim.toml").write_text(
        'set = ["hyperv.profile=windows-strict"]\npacks = ["hyperv"]\naddress = "192.0.2.1"\n'
    )
    variables = {"CIMSIM_CONFIG": "cimsim.toml", "CIMSIM_ADDRESS": "127.0.0.1"}
    assert profile(serve(**variables).url) == 1
    assert profile(serve(**variables, CIMSIM_SET="hyperv.profile=documented").url) == 0
    both = serve("--set", "hyperv.profile=documented", **variables, CIMSIM_SET="hyperv.profile=windows-strict")
    assert profile(both.url) == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("prot = 1", "no setting prot; did you mean port?"),
        ("port = [1]", "port must be an integer"),
        ('user = "operator:secret"', "user must be a list"),
        ("[hyperv]\nprofile = 'x'", "setting hyperv.profile: 'x' is not among"),
        ("port = ", "cimsim.toml"),
        ("port = 70000", "70000"),
        ("log_level = 'loud'", "loud"),
    ],
)
def test_a_wrong_file_is_refused(cimsim: "Cimsim", tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "cimsim.toml").write_text(text)
    refused = cimsim("serve", "--config", "cimsim.toml")
    assert (refused.status, refused.out) == (2, "")
    assert complaint in " ".join(refused.err.split())
    assert "secret" not in refused.err


def test_a_missing_file_is_refused(cimsim: "Cimsim") -> None:
    refused = cimsim("serve", "--config", "absent.toml")
    assert refused.status == 2
    assert "absent.toml" in refused.err


def test_users_come_from_a_file(serve: "Serve", tmp_path: Path) -> None:
    (tmp_path / "users").write_text("# who may\noperator:with:colon\n\nviewer:other\n")
    running = serve("hyperv", "--users-file", "users", "--user", "viewer:changed", "--log-level", "error")
    assert profile(running.url, ("operator", "with:colon")) == 0
    assert profile(running.url, ("viewer", "changed")) == 0
    with pytest.raises(AuthError):
        profile(running.url, ("viewer", "other"))


def test_limits_reach_the_server(serve: "Serve") -> None:
    running = serve("interop", "--max-body", "100", "--idle-timeout", "0.1")
    headers = b"POST /cimom HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nCIMOperation: MethodCall\r\n"
    headers += b"CIMMethod: EnumerateClassNames\r\nCIMObject: root/interop\r\n"
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(headers + b"Content-Length: 101\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        assert client.recv(100) == b""


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("port = true", "port must be an integer"),
        ("max_body = 1.9", "max_body must be an integer"),
        ('idle_timeout = "5"', "idle_timeout must be a number"),
        ("address = 5", "address must be a string"),
        ("cache = 1", "cache must be true or false"),
        ('user = "a:b"', "user must be a list of strings"),
        ("set = [1]", "set must be a list of strings"),
        ("idle_timeout = nan", "nan is not a length of time"),
    ],
)
def test_a_value_of_another_type_is_refused_not_converted(cimsim: "Cimsim", tmp_path: Path, line: str, wanted: str) -> None:
    (tmp_path / "cimsim.toml").write_text(line)
    refused = cimsim("serve", "--config", "cimsim.toml")
    assert refused.status == 2
    assert wanted in refused.err
