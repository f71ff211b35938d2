"""``cimsim certificates`` and the settings of TLS, users and roles (rules SEC9, SEC10)."""

import errno
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

Cimsim = Callable[..., Any]
MADE = "--certificate"


def test_they_are_shown_made_once_and_renewed_on_demand(cimsim: Cimsim, tmp_path: Path) -> None:
    first = cimsim("certificates", "--state-dir", tmp_path / "state")
    assert (first.status, first.err) == (0, "")
    lines = first.out.splitlines()
    assert lines[0] == f"CA: {tmp_path}/state/certificates/ca.pem"
    assert lines[1].startswith("  SHA-256 ")
    assert lines[3] == f"server: {tmp_path}/state/certificates/server.pem"
    assert "localhost" in lines[6]
    assert cimsim("certificates", CIMSIM_STATE_DIR=str(tmp_path / "state")).out == first.out
    assert cimsim("certificates", "--renew", "--state-dir", tmp_path / "state").out != first.out


def test_the_ca_is_written_to_standard_output_and_nothing_else(cimsim: Cimsim, tmp_path: Path) -> None:
    done = cimsim("certificates", "--ca", XDG_STATE_HOME=str(tmp_path / "xdg"))
    kept = tmp_path / "xdg" / "cimsim" / "certificates" / "ca.pem"
    assert done.out == kept.read_text()
    ssl.create_default_context(cadata=done.out)


def test_a_state_folder_that_cannot_be_made_is_one_line(cimsim: Cimsim, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = cimsim("certificates", CIMSIM_STATE_DIR=str(tmp_path / "file" / "state"))
    assert (done.status, done.err) == (2, f"cimsim: {tmp_path}/file/state/certificates: Not a directory\n")


def test_serve_announces_both_ports_http_first(serve: Any, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    serving = serve("--tls", "--tls-port", "0", "--state-dir", tmp_path / "state", "--ready-file", ready)
    lines = ready.read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["http", "https", "http", "https", "control http"]
    assert [line.endswith("/wsman") for line in lines[:4]] == [False, False, True, True]
    assert serving.url == lines[0]
    assert serving.output.readline() == f"listening on {lines[1]}\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    issued = trustme.CA().issue_cert("localhost")
    certificate, key = tmp_path / "server.crt", tmp_path / "server.key"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    key.chmod(0o600)
    return certificate, key


def test_settings_of_tls_that_make_no_sense_are_one_line(cimsim: Cimsim, files: tuple[Path, Path]) -> None:
    certificate, key = files
    for arguments, error in (
        (["--certificate", certificate], "--certificate needs --tls"),
        (["--client-ca", certificate], "--client-ca needs --tls"),
        (["--tls", "--key", key], "--key needs --certificate"),
        (["--no-http"], "--no-http leaves nothing to serve: add --tls"),
    ):
        done = cimsim("serve", *arguments)
        assert (done.status, done.out, done.err) == (2, "", f"cimsim: {error}\n")


def test_files_of_tls_that_cannot_be_used_are_one_line(cimsim: Cimsim, files: tuple[Path, Path], tmp_path: Path) -> None:
    certificate, key = files
    missing, other = tmp_path / "missing.pem", tmp_path / "other.key"
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(other)
    other.chmod(0o600)
    for arguments, error in (
        (["--certificate", missing, "--key", key], f"{missing}: {os.strerror(errno.ENOENT)}"),
        (["--certificate", certificate, "--key", missing], f"{missing}: {os.strerror(errno.ENOENT)}"),
        (["--certificate", certificate, "--key", other], f"{other}: not the key of the certificate in {certificate}"),
        (["--certificate", certificate, "--key", key, "--client-ca", key], f"{key}: no certificate in PEM form"),
    ):
        done = cimsim("serve", "--tls", *arguments)
        assert (done.status, done.out, done.err) == (2, "", f"cimsim: {error}\n")
    key.chmod(0o644)
    done = cimsim("serve", "--tls", "--certificate", certificate, "--key", key)
    assert done.err == f"cimsim: {key}: others may read or change this key (mode 0644); use chmod 600\n"


def test_sec9_passwords_do_not_cross_the_network_in_the_clear_by_accident(cimsim: Cimsim, serve: Any) -> None:
    done = cimsim("serve", "--address", "0.0.0.0", "--user", "eve:secret")
    assert done.status == 2
    assert done.err.startswith("cimsim: passwords would cross the network in the clear to 0.0.0.0: serve --tls --no-http")
    assert serve("--address", "0.0.0.0", "--user", "eve:secret", "--allow-plain-passwords").url


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--role", "eve=read"], "--role needs users: add --user or --users-file"),
        (["--user", "eve1:x", "--role", "eve2=read"], "--role: there is no user 'eve2'; did you mean eve1?"),
        (["--user", "eve:x", "--role", "eve"], "role 'eve': write USER=ROLE[,ROLE...][@NAMESPACE-PATTERN]"),
        (
            ["--user", "eve:x", "--role", "eve=reed"],
            "role 'eve=reed': there is no role 'reed', but read, write, method, schema, administer, all; did you mean read?",
        ),
    ],
)
def test_sec13_roles_that_make_no_sense_are_one_line(cimsim: Cimsim, arguments: list[str], error: str) -> None:
    done = cimsim("serve", *arguments)
    assert (done.status, done.out, done.err) == (2, "", f"cimsim: {error}\n")
