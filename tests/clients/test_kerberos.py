"""Kerberos over WS-Management: pypsrp with a ticket of a KDC that runs for these tests (rules WM-A-1, WM-A-5)."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from pypsrp.exceptions import AuthenticationError
from pypsrp.wsman import SelectorSet, WSMan

from cimsim.simulation.options import OptionsError
from cimsim.testing import Simulator

_PROGRAMS: Final = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
_PATH: Final = f"{os.environ.get('PATH', '')}:/usr/sbin"
_MISSING: Final = [each for each in _PROGRAMS if shutil.which(each, path=_PATH) is None]
_MISSING.extend(each for each in ("gssapi", "krb5") if find_spec(each) is None)
pytestmark = [
    pytest.mark.skipif(
        bool(_MISSING) and os.environ.get("KERBEROS") != "required", reason=f"{', '.join(_MISSING)} must be installed"
    ),
    pytest.mark.xdist_group("kerberos"),
]

REALM: Final = "CIMSIM.TEST"
SERVICE: Final = f"HTTP/localhost@{REALM}"
WIN32: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/"
GET: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a KDC with two users, ``ann`` and ``eve``; its configuration is that of this process meanwhile."""
    folder, port = tmp_path_factory.mktemp("kdc"), free_port()
    (folder / "krb5.conf").write_text(
        f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n rdns = false\n"
        f"[realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n[domain_realm]\n localhost = {REALM}\n"
    )
    (folder / "kdc.conf").write_text(
        f"[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n[realms]\n {REALM} = {{\n"
        f"  database_name = {folder}/principal\n  key_stash_file = {folder}/stash\n  acl_file = {folder}/acl\n }}\n"
        f"[logging]\n kdc = FILE:{folder}/kdc.log\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", _PATH)
        patch.setenv("KRB5_CONFIG", f"{folder}/krb5.conf")
        patch.setenv("KRB5_KDC_PROFILE", f"{folder}/kdc.conf")
        patch.setenv("KRB5CCNAME", f"FILE:{folder}/tickets")
        patch.setenv("KRB5RCACHENAME", f"dfl:{folder}")
        patch.setenv("KRB5RCACHEDIR", str(folder))
        subprocess.run(["kdb5_util", "create", "-s", "-r", REALM, "-P", "master"], check=True, capture_output=True)
        commands = "addprinc -pw secret ann\naddprinc -pw secret eve\n"
        commands += f"addprinc -randkey {SERVICE}\nktadd -k {folder}/keytab {SERVICE}\n"
        subprocess.run(["kadmin.local", "-r", REALM], input=commands.encode(), check=True, capture_output=True)
        server = subprocess.Popen(["krb5kdc", "-n", "-r", REALM, "-P", f"{folder}/pid"], stdout=subprocess.DEVNULL)
        try:
            wait_for(server, port)
            yield folder
        finally:
            server.terminate()
            server.wait()


def wait_for(server: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(f"krb5kdc ended with {server.wait(0.05)}")
        else:
            return
    pytest.fail("krb5kdc does not listen")


@pytest.fixture(scope="module")
def port(kdc: Path) -> Iterator[int]:
    options = {"kerberos_keytab": kdc / "keytab", "kerberos_principal": SERVICE}
    with Simulator("windows", user=["ann:other than that of Kerberos"], **options) as running:  # type: ignore[arg-type]
        (url,) = (each for each in running.urls if each.endswith("/wsman"))
        yield urlsplit(url).port or 0


def ticket(name: str) -> None:
    subprocess.run(["kinit", name], input=b"secret\n", check=True, capture_output=True)


def state_of_vmms(port: int, auth: str, encryption: str) -> str | None:
    client = WSMan(
        "127.0.0.1",
        port=port,
        ssl=False,
        auth=auth,
        encryption=encryption,
        proxy="",
        negotiate_hostname_override="localhost",
        negotiate_service="HTTP",
    )
    selectors = SelectorSet()
    selectors.add_option("Name", "vmms")
    found = client.invoke(GET, f"{WIN32}Win32_Service", None, selector_set=selectors).find(".//{*}State")
    assert found is not None
    return found.text


@pytest.mark.parametrize("auth", ["kerberos", "negotiate"])
@pytest.mark.parametrize("encryption", ["always", "never"])
def test_wm_a_5_a_ticket_logs_in(port: int, auth: str, encryption: str) -> None:
    ticket("ann")
    assert state_of_vmms(port, auth, encryption) == "Running"


def test_wm_a_5_a_principal_that_is_not_a_user_is_refused(port: int) -> None:
    ticket("eve")
    with pytest.raises(AuthenticationError):
        state_of_vmms(port, "kerberos", "always")


def test_wm_a_5_a_keytab_without_the_principal_is_refused(kdc: Path, tmp_path: Path) -> None:
    nothing = tmp_path / "keytab"
    for keytab, principal, text in (
        (kdc / "keytab", f"HTTP/elsewhere@{REALM}", "elsewhere"),
        (nothing, "", "No such file"),
    ):
        with pytest.raises(OptionsError, match=text):
            Simulator("windows", user=["ann:x"], kerberos_keytab=keytab, kerberos_principal=principal).__enter__()
