"""pywbem and pywbemcli over HTTPS, with verification (rules HA8, SEC10)."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from ssl import SSLCertVerificationError
from typing import Any

import pytest
import trustme
from pywbem import AuthError, ConnectionError, WBEMConnection, WBEMServer  # noqa: A004 - pywbem's own

HYPERV = "root/virtualization/v2"


@pytest.fixture(autouse=True)
def no_other_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pywbem use the CA it is told: requests prefers that of the environment."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def ca(state: Path) -> str:
    """The file of the CA, as a user gets it before the first start."""
    command = [sys.executable, "-m", "cimsim", "certificates", "--ca", "--state-dir", str(state)]
    path = state / "trusted.pem"
    path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    return str(path)


@pytest.fixture(scope="module")
def secure(launch: Any, state: Path, ca: str) -> Iterator[Any]:
    """A server that speaks HTTPS alone, on its own certificate."""
    with launch("--tls", "--no-http", "--tls-port", "0", "--state-dir", str(state), "--user", "eve:secret") as running:
        assert running.url.startswith("https://127.0.0.1:")
        yield running


def connect(url: str, ca: str | bool, **more: Any) -> WBEMConnection:
    return WBEMConnection(url, ("eve", "secret"), default_namespace=HYPERV, ca_certs=ca, **more)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_ha8_pywbem_works_over_https_and_verifies_the_server(secure: Any, ca: str, host: str) -> None:
    with connect(secure.url.replace("127.0.0.1", host), ca) as connection:
        services = connection.EnumerateInstanceNames("Msvm_GuestService")
        assert len(services) == 3
        assert connection.InvokeMethod("StartService", services[0])[0] == 0
        assert len(list(connection.IterEnumerateInstances("CIM_ManagedElement", namespace=HYPERV))) > 3
        assert "root/interop" in WBEMServer(connection).namespaces


def causes(error: BaseException | None) -> Iterator[object]:
    """Yield an error and what it was raised from or around; the libraries between keep some among their arguments."""
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
            yield each


def test_sec10_pywbem_refuses_a_server_of_another_ca(secure: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    with connect(secure.url, str(other)) as connection, pytest.raises(ConnectionError) as refused:
        connection.EnumerateClassNames()
    assert any(isinstance(error, SSLCertVerificationError) for error in causes(refused.value))
    with connect(secure.url, str(other), no_verification=True) as connection:
        assert connection.EnumerateClassNames()


def test_ha1_a_wrong_password_is_refused_over_https(secure: Any, ca: str) -> None:
    with WBEMConnection(secure.url, ("eve", "wrong"), ca_certs=ca) as connection, pytest.raises(AuthError):
        connection.EnumerateClassNames()


def test_pywbemcli_works_over_https(secure: Any, ca: str, pywbemcli: Any) -> None:
    arguments = ["--ca-certs", ca, "--user", "eve", "--password", "secret", "class", "get", "Msvm_GuestService"]
    done = pywbemcli(secure, HYPERV, *arguments)
    assert (done.status, done.err) == (0, "")
    assert "class Msvm_GuestService" in done.out


@pytest.fixture(scope="module")
def given(launch: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path, trustme.CA]]:
    """A server with given files that demands client certificates; returned with its folder and the CA of the clients."""
    folder = tmp_path_factory.mktemp("given")
    servers, clients = trustme.CA(), trustme.CA()
    servers.cert_pem.write_to_path(folder / "servers.pem")
    clients.cert_pem.write_to_path(folder / "clients.pem")
    issued = servers.issue_cert("localhost", "127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    (folder / "server.pem").chmod(0o600)
    arguments = ["--certificate", str(folder / "server.pem"), "--client-ca", str(folder / "clients.pem")]
    with launch("--tls", "--no-http", "--tls-port", "0", *arguments, "--user", "eve:secret") as running:
        yield running, folder, clients


def certified(given: tuple[Any, Path, trustme.CA], clients: trustme.CA, name: str) -> WBEMConnection:
    server, folder, _ = given
    issued, path = clients.issue_cert("client@example.com", common_name=name), folder / f"{name}.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(path)
    x509 = {"cert_file": str(path), "key_file": str(path)}
    return WBEMConnection(server.url, None, HYPERV, x509=x509, ca_certs=str(folder / "servers.pem"))


def test_ha8_a_client_certificate_replaces_basic(given: tuple[Any, Path, trustme.CA]) -> None:
    with certified(given, given[2], "eve") as connection:
        assert len(connection.EnumerateInstanceNames("Msvm_GuestService")) == 3
    with certified(given, given[2], "mallory") as connection, pytest.raises(AuthError):
        connection.EnumerateInstanceNames("Msvm_GuestService")


def test_sec10_a_client_without_a_certificate_of_the_right_ca_gets_nowhere(given: tuple[Any, Path, trustme.CA]) -> None:
    server, folder, _ = given
    with connect(server.url, str(folder / "servers.pem")) as connection, pytest.raises(ConnectionError):
        connection.EnumerateClassNames()
    with certified(given, trustme.CA(), "stranger") as connection, pytest.raises(ConnectionError):
        connection.EnumerateClassNames()
