"""Plain HTTP beside client certificates (rules HA8, SEC9)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

Cimsim = Callable[..., Any]


@pytest.fixture
def client_ca(tmp_path: Path) -> Path:
    path = tmp_path / "clients.pem"
    trustme.CA().cert_pem.write_to_path(path)
    return path


@pytest.fixture
def schemes(serve: Any, tmp_path: Path) -> Callable[..., list[str]]:
    """Start a server with HTTPS and return which schemes it announces, the same for both protocols."""

    def start(*arguments: str | Path, **variables: str) -> list[str]:
        ready = tmp_path / "ready"
        serve("interop", "--tls", "--tls-port", "0", "--state-dir", tmp_path, "--ready-file", ready, *arguments, **variables)
        lines = [line for line in ready.read_text().splitlines() if line.startswith("http")]
        cim_xml, wsman = ([line.partition(":")[0] for line in lines if line.endswith("/wsman") is it] for it in (False, True))
        assert wsman == cim_xml
        return cim_xml

    return start


def test_ha8_client_certificates_turn_plain_http_off(schemes: Callable[..., list[str]], client_ca: Path) -> None:
    assert schemes("--client-ca", client_ca) == ["https"]
    assert schemes(CIMSIM_CLIENT_CA=str(client_ca)) == ["https"]
    assert schemes() == ["http", "https"]


def test_plain_http_is_served_beside_them_if_it_is_said(
    schemes: Callable[..., list[str]], client_ca: Path, tmp_path: Path
) -> None:
    assert schemes("--client-ca", client_ca, "--http") == ["http", "https"]
    assert schemes("--client-ca", client_ca, CIMSIM_HTTP="true") == ["http", "https"]
    (tmp_path / "http.toml").write_text(f'http = true\nclient_ca = "{client_ca}"\n')
    assert schemes("--config", "http.toml") == ["http", "https"]
    assert schemes("--config", "http.toml", "--no-http") == ["https"]


def test_sec9_passwords_beside_them_do_not_cross_the_network_in_the_clear(
    cimsim: Cimsim, schemes: Callable[..., list[str]], client_ca: Path
) -> None:
    network = ("--client-ca", client_ca, "--user", "eve:secret", "--address", "0.0.0.0")
    assert schemes(*network) == ["https"]
    refused = cimsim("serve", "interop", "--tls", "--http", *network)
    assert refused.status == 2
    assert refused.err.startswith("cimsim: passwords would cross the network in the clear")


def test_client_certificates_without_tls_are_refused(cimsim: Cimsim, client_ca: Path) -> None:
    refused = cimsim("serve", "--client-ca", client_ca)
    assert (refused.status, refused.err) == (2, "cimsim: --client-ca needs --tls\n")
