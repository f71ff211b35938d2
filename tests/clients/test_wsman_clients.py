"""WS-Management with clients that nobody here wrote: pypsrp, pywinrm, Debian's wsl (rules WM-S-3, WM-H-5, WM-A-1 to WM-A-5)."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener
from uuid import uuid4
from xml.etree import ElementTree

import pytest
import spnego
import trustme
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.wsman import SelectorSet, WSMan
from winrm.exceptions import InvalidCredentialsError
from winrm.exceptions import WSManFaultError as WinrmFaultError
from winrm.protocol import Protocol

from cimsim.testing import Simulator

USER: Final = "Administrator"
PASSWORD: Final = "sec:ret ü"
WMI: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
V2: Final = f"{WMI}root/virtualization/v2/"
WIN32: Final = f"{WMI}root/cimv2/"
SCHEMA: Final = "http://schemas.dmtf.org/wbem/cim-xml/2/cim-schema/2/*"
SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
ENUMERATION: Final = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
IDENTITY: Final = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
MUTUAL: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
WQL: Final = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
WEB01: Final = "3f2c6a10-8b41-4e0d-9c57-1a6e0b7d2f01"
MACHINES: Final = "SELECT * FROM Msvm_ComputerSystem WHERE Caption = 'Virtual Machine'"

Invoke = Callable[..., ElementTree.Element]
"""Sends a message: action, resource URI, body, selectors; returns the Body of the reply."""


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator("hyperv", "windows", user=[f"{USER}:{PASSWORD}", "other:x"], seed=1, clock="manual") as running:
        yield running


@pytest.fixture(scope="module")
def port(sim: Simulator) -> int:
    (url,) = (each for each in sim.urls if each.endswith("/wsman"))
    return urlsplit(url).port or 0


# The clients, each a function that sends any message


def pypsrp(port: int, auth: str, encryption: str, password: str = PASSWORD, user: str = USER) -> Invoke:
    client = WSMan(
        "127.0.0.1", port=port, ssl=False, username=user, password=password, auth=auth, encryption=encryption, proxy=""
    )

    def send(action: str, uri: str, body: str = "", **selectors: str) -> ElementTree.Element:
        chosen = SelectorSet()
        for name, value in selectors.items():
            chosen.add_option(name, value)
        content = ElementTree.fromstring(body) if body else None
        replied = client.invoke(action, uri, content, selector_set=chosen if selectors else None)
        found = replied.find("{*}Body")
        assert found is not None
        return found

    return send


def protocol(port: int, **options: Any) -> Protocol:
    return Protocol(f"http://127.0.0.1:{port}/wsman", proxy=None, **{"ca_trust_path": None, **options})


def pywinrm(port: int, transport: str, encryption: str = "auto", password: str = PASSWORD, user: str = USER) -> Invoke:
    client = protocol(port, transport=transport, username=user, password=password, message_encryption=encryption)

    def send(action: str, uri: str, body: str = "", **selectors: str) -> ElementTree.Element:
        chosen = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in selectors.items())
        message = (
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
            f'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="{WSMAN}"><s:Header>'
            f'<a:To>http://windows-host:5985/wsman</a:To><a:Action mustUnderstand="true">{action}</a:Action>'
            f'<a:MessageID>uuid:{uuid4()}</a:MessageID><w:ResourceURI mustUnderstand="true">{uri}</w:ResourceURI>'
            f"<w:SelectorSet>{chosen}</w:SelectorSet></s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
        found = ElementTree.fromstring(client.send_message(message)).find("{*}Body")
        assert found is not None
        return found

    return send


CLIENTS: Final[dict[str, Callable[[int], Invoke]]] = {
    "pypsrp-basic": lambda port: pypsrp(port, "basic", "never"),
    "pypsrp-ntlm": lambda port: pypsrp(port, "ntlm", "auto"),
    "pypsrp-ntlm-plain": lambda port: pypsrp(port, "ntlm", "never"),
    "pypsrp-negotiate": lambda port: pypsrp(port, "negotiate", "always"),
    "pywinrm-plaintext": lambda port: pywinrm(port, "plaintext", "never"),
    "pywinrm-ntlm": lambda port: pywinrm(port, "ntlm", "always"),
}


@pytest.fixture(params=CLIENTS, scope="module")
def send(request: pytest.FixtureRequest, port: int) -> Invoke:
    """Each client in turn."""
    return CLIENTS[request.param](port)


def text(body: ElementTree.Element, path: str) -> str | None:
    found = body.find(f".//{path}")
    assert found is not None, f"{path} is missing in {ElementTree.tostring(body, 'unicode')}"
    return found.text


def rows(send: Invoke, uri: str, query: str) -> list[ElementTree.Element]:
    """Enumerate with a query and pull, two items at a time, as libvirt does with one (rules WM-E-1 to WM-E-7)."""
    wanted = (
        f'<n:Enumerate xmlns:n="{ENUMERATION}"><w:Filter xmlns:w="{WSMAN}" Dialect="{WQL}">{query}</w:Filter></n:Enumerate>'
    )
    context = text(send(f"{ENUMERATION}/Enumerate", uri, wanted), "{*}EnumerationContext")
    found: list[ElementTree.Element] = []
    for _ in range(100):
        pull = (
            f'<n:Pull xmlns:n="{ENUMERATION}"><n:EnumerationContext>{context}</n:EnumerationContext>'
            "<n:MaxElements>2</n:MaxElements></n:Pull>"
        )
        body = send(f"{ENUMERATION}/Pull", uri, pull)
        items = body.find(".//{*}Items")
        assert items is not None
        found.extend(items)
        if body.find(".//{*}EndOfSequence") is not None:
            return found
        context = text(body, "{*}EnumerationContext")
    raise AssertionError("the enumeration does not end")


def call(send: Invoke, uri: str, method: str, parameters: str = "", **selectors: str) -> str | None:
    given = f'<p:{method}_INPUT xmlns:p="{uri}">{parameters}</p:{method}_INPUT>'
    return text(send(f"{uri}/{method}", uri, given, **selectors), "{*}ReturnValue")


def test_machines_are_listed(send: Invoke, sim: Simulator) -> None:
    machines = rows(send, f"{V2}*", MACHINES)
    stored = sim.find("Msvm_ComputerSystem", Caption="Virtual Machine")
    assert sorted(each.findtext("{*}Name") or "" for each in machines) == sorted(each["Name"] for each in stored)
    assert len(machines) > 2


def test_an_instance_is_got_by_one_of_its_keys_in_lower_case(send: Invoke, sim: Simulator) -> None:
    machine = sim.find("Msvm_ComputerSystem", Caption="Virtual Machine")[0]
    body = send(f"{TRANSFER}/Get", f"{V2}Msvm_ComputerSystem", Name=machine["Name"].lower())
    assert text(body, "{*}ElementName") == machine["ElementName"]


def test_a_machine_and_a_service_are_stopped_and_started(send: Invoke, sim: Simulator) -> None:
    machine = next(each for each in sim.find("Msvm_ComputerSystem", Caption="Virtual Machine") if each["EnabledState"] == 2)
    uri, name = f"{V2}Msvm_ComputerSystem", machine["Name"]
    for state in ("3", "2"):
        parameter = f'<p:RequestedState xmlns:p="{uri}">{state}</p:RequestedState>'
        assert call(send, uri, "RequestStateChange", parameter, Name=name) == "4096"
        sim.settle()
        assert text(send(f"{TRANSFER}/Get", uri, Name=name), "{*}EnabledState") == state
    service = f"{V2}Msvm_GuestFileService"
    for method, started in (("StopService", "false"), ("StartService", "true")):
        assert call(send, service, method, SystemName=WEB01) == "0"
        assert text(send(f"{TRANSFER}/Get", service, SystemName=WEB01), "{*}Started") == started


def test_a_windows_service_is_stopped_and_started(send: Invoke, sim: Simulator) -> None:
    uri = f"{WIN32}Win32_Service"
    service = next(each for each in sim.find("Win32_Service") if each["State"] == "Running" and each["AcceptStop"])
    before = sim.snapshot("before")
    assert call(send, uri, "StartService", Name=service["Name"]) == "10"
    assert call(send, uri, "StopService", Name=service["Name"].upper()) in ("0", "3")
    sim.restore(before)


def test_a_fault_has_the_number_that_clients_show(send: Invoke) -> None:
    with pytest.raises((WSManFaultError, WinrmFaultError)) as caught:
        send(f"{TRANSFER}/Get", f"{V2}Msvm_ComputerSistem", Name="x")
    assert code_of(caught.value) == 2150858811


def test_wm_r_6_wm_r_11_a_client_finds_its_way(send: Invoke) -> None:
    names = [each.findtext("{*}Name") for each in rows(send, f"{WMI}root/*", "SELECT * FROM __NAMESPACE")]
    assert names == ["cimv2", "interop", "virtualization"]
    assert text(send(f"{TRANSFER}/Get", f"{WMI}root/virtualization/__NAMESPACE", Name="V2"), "{*}Name") == "v2"
    found = [
        each.tag.rpartition("}")[2]
        for each in rows(send, f"{WIN32}*", "SELECT * FROM meta_class WHERE __this ISA 'CIM_Service'")
    ]
    assert found == ["CIM_Service", "Win32_BaseService", "Win32_Service", "Win32_SystemDriver"]
    defined = send(f"{TRANSFER}/Get", SCHEMA, __cimnamespace="root/cimv2", ClassName="Win32_Service").find("CLASS")
    assert defined is not None
    assert defined.get("SUPERCLASS") == "Win32_BaseService"
    assert {"StartService", "Create"} <= {each.get("NAME") for each in defined.iter("METHOD")}


@pytest.fixture(scope="module")
def plain(port: int) -> Invoke:
    """One of the clients, where what is asked matters rather than how."""
    return CLIENTS["pywinrm-plaintext"](port)


VMMS: Final = "Win32_Service.Name=&quot;vmms&quot;"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        # System properties
        ("__SERVER = 'hvhost01'", True),
        ("SystemName = __SERVER", True),
        ("SystemName != __server", False),
        (r"__NAMESPACE = 'ROOT\\cimv2'", True),
        ("__CLASS = 'win32_service'", True),
        ("__CLASS = 'Win32_BaseService'", False),
        ("__SUPERCLASS = 'Win32_BaseService'", True),
        ("__DYNASTY = 'CIM_ManagedSystemElement'", True),
        ("__DERIVATION IS NOT NULL", True),
        ("__GENUS = 2 AND NOT __GENUS = 1", True),
        ("__PROPERTY_COUNT = 26", True),
        (f"__RELPATH = '{VMMS}'", True),
        (f"__RELPATH LIKE '%[v]MM[^a-r]{VMMS[-6:]}'", True),
        (rf"__PATH = '\\\\hvhost01\\ROOT\\cimv2:{VMMS}'", True),
        (rf"__PATH = '\\\\other\\root\\cimv2:{VMMS}'", False),
        # LIKE
        ("Name LIKE 'VMM_'", True),
        ("Name LIKE 'v%s'", True),
        ("Name LIKE '[a-v]m[!-m]s'", True),
        ("Name LIKE 'vm[^m]%'", False),
        ("Name LIKE 'vm'", False),
        ("NOT Name LIKE 'vm[n-z]%'", True),
    ],
)
def test_wm_q_1_conditions(plain: Invoke, condition: str, found: bool) -> None:
    query = f"SELECT * FROM Win32_Service WHERE Name = 'vmms' AND {condition}"
    assert bool(rows(plain, f"{WIN32}*", query)) is found


@pytest.mark.parametrize(
    "source",
    ["Win32_Service.Name='VMMS'", "win32_service=&quot;Vmms&quot;", r"\\hvhost01\ROOT\CimV2:Win32_Service.name='vmMs'"],
)
def test_wm_q_1_paths_without_case(plain: Invoke, source: str) -> None:
    needed = rows(plain, f"{WIN32}*", f"ASSOCIATORS OF {{{source}}} WHERE AssocClass = Win32_DependentService Role = dependent")
    assert [each.findtext("{*}Name") for each in needed] == ["RpcSs", "Winmgmt"]


BAD_INPUT: Final = [
    # Action, resource URI, body, selectors; the number of the fault; what its text says
    (f"{TRANSFER}/Get", f"{WIN32}Win32_Servce", "", {"Name": "vmms"}, 2150858811, "did you mean Win32_Service?"),
    (f"{TRANSFER}/Get", f"{WMI}root/cimv3/Win32_Service", "", {"Name": "vmms"}, 2150858811, "did you mean root/cimv2?"),
    (f"{TRANSFER}/Gett", f"{WIN32}Win32_Service", "", {"Name": "vmms"}, 2150858771, f"did you mean {TRANSFER}/Get?"),
    (
        f"{WIN32}Win32_Service/StopServce",
        f"{WIN32}Win32_Service",
        "",
        {"Name": "vmms"},
        2150858771,
        "did you mean StopService?",
    ),
    (f"{TRANSFER}/Get", f"{WIN32}Win32_Service", "", {"Name": "vmm"}, 2150858752, "did you mean Name='vmms'?"),
    (f"{TRANSFER}/Get", f"{WIN32}Win32_Service", "", {"Nam": "vmms"}, 2150858843, "did you mean Name?"),
    (
        f"{TRANSFER}/Get",
        f"{WIN32}Win32_Service",
        "",
        {},
        2150858842,
        "instances of Win32_Service fit a request without selectors",
    ),
    (f"{ENUMERATION}/Pull", f"{WIN32}*", "<n:Pull/>", {}, 2150858779, "Pull has no EnumerationContext"),
    (f"{ENUMERATION}/Enumerate", f"{WIN32}*", "<n:Enumerate/>", {}, 2150859003, "WQL"),
]


@pytest.mark.parametrize(("action", "uri", "body", "selectors", "number", "says"), BAD_INPUT)
def test_bad_input_is_named_with_the_nearest(
    plain: Invoke, action: str, uri: str, body: str, selectors: dict[str, str], number: int, says: str
) -> None:
    with pytest.raises(WinrmFaultError) as caught:
        plain(action, uri, body.replace("/>", f' xmlns:n="{ENUMERATION}"/>'), **selectors)
    assert code_of(caught.value) == number
    assert says in caught.value.reason


@pytest.mark.parametrize(
    ("query", "number", "says"),
    [
        ("SELECT * FROM Win32_Service WHERE", 2150858778, "line 1, column 34"),
        ("SELECT *\n  FORM Win32_Service", 2150858778, "line 2, column 3"),
        ("SELECT Nam FROM Win32_Service", 2150858778, "did you mean Name?"),
        ("SELECT * FROM Win32_Servce", 2150858811, "did you mean Win32_Service?"),
        ("ASSOCIATORS OF {Win32_Service='none'}", 2150858752, "line 1, column 16"),
    ],
)
def test_a_query_that_is_wrong_says_where(plain: Invoke, query: str, number: int, says: str) -> None:
    with pytest.raises(WinrmFaultError) as caught:
        rows(plain, f"{WIN32}*", query)
    assert code_of(caught.value) == number
    assert says in caught.value.reason


def test_wm_r_7_a_shell_is_refused(send: Invoke) -> None:
    shell = '<r:Shell xmlns:r="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"/>'
    with pytest.raises((WSManFaultError, WinrmFaultError)) as caught:
        send(f"{TRANSFER}/Create", SHELL, shell)
    assert code_of(caught.value) == 2150858811


def code_of(error: Any) -> int:
    return int(error.code if isinstance(error, WSManFaultError) else error.wsman_fault_code)


def test_the_session_of_pywinrm_cannot_open_a_shell(port: int) -> None:
    client = protocol(port, transport="ntlm", username=USER, password=PASSWORD)
    with pytest.raises(WinrmFaultError) as caught:
        client.open_shell()
    assert code_of(caught.value) == 2150858811


# Logins


@pytest.mark.parametrize("auth", ["basic", "ntlm", "negotiate"])
@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("nobody", PASSWORD)])
def test_wrong_credentials_are_refused_by_every_scheme(port: int, auth: str, user: str, password: str) -> None:
    with pytest.raises(AuthenticationError):
        pypsrp(port, auth, "never" if auth == "basic" else "auto", password, user)(f"{TRANSFER}/Get", f"{V2}X")


def test_pywinrm_knows_a_wrong_password(port: int) -> None:
    with pytest.raises(InvalidCredentialsError):
        pywinrm(port, "ntlm", password="wrong")(f"{TRANSFER}/Get", f"{V2}X")


@pytest.mark.parametrize("user", ["ADMINISTRATOR", "HVHOST01\\administrator", "administrator@example.com"])
def test_the_name_of_a_user_is_taken_with_any_domain_and_in_any_case(port: int, user: str, sim: Simulator) -> None:
    if "@" in user:
        with pytest.raises(AuthenticationError):
            pypsrp(port, "ntlm", "auto", user=user)(f"{TRANSFER}/Get", f"{V2}X")
        return
    with pytest.raises(WSManFaultError):
        pypsrp(port, "ntlm", "auto", user=user)(f"{TRANSFER}/Get", f"{V2}X")
    assert sim.exchanges()[-1].exchange.user == USER


def test_the_journal_has_what_was_called_and_by_whom(port: int, sim: Simulator) -> None:
    rows(pypsrp(port, "ntlm", "auto"), f"{V2}*", MACHINES)
    exchange = sim.exchanges()[-1].exchange
    assert (exchange.protocol, exchange.user, exchange.calls[0].operation) == ("WS-Management", USER, "PullInstances")


def test_a_login_leaves_no_trace_in_the_environment(port: int) -> None:
    before = dict(os.environ)
    rows(pypsrp(port, "ntlm", "auto"), f"{V2}*", MACHINES)
    assert dict(os.environ) == before


def test_both_protocols_are_served_at_the_port_of_cim_xml(sim: Simulator) -> None:
    number = urlsplit(sim.url).port or 0
    machines = rows(pypsrp(number, "negotiate", "auto"), f"{V2}*", MACHINES)
    with sim.connect("root/virtualization/v2", creds=(USER, PASSWORD)) as connection:
        seen = connection.ExecQuery("DMTF:CQL", MACHINES)
    assert sorted(each.findtext("{*}Name") or "" for each in machines) == sorted(each["Name"] for each in seen)


def test_over_tls_messages_need_no_encryption_of_their_own() -> None:
    with Simulator("hyperv", user=[f"{USER}:{PASSWORD}"], seed=1, tls=True, http=False) as secured:
        number = urlsplit(secured.urls[-1]).port or 0
        assert [urlsplit(url).scheme for url in secured.urls] == ["https", "https"]
        for auth in ("basic", "negotiate"):
            client = WSMan(
                "127.0.0.1",
                port=number,
                username=USER,
                password=PASSWORD,
                auth=auth,
                cert_validation=str(secured.ca_file),  # type: ignore[arg-type] # a path is what requests takes
                proxy="",
            )
            chosen = SelectorSet()
            chosen.add_option("Name", WEB01)
            body = client.get(f"{V2}Msvm_ComputerSystem", selector_set=chosen)
            assert (text(body, "{*}Name") or "").lower() == WEB01


# Client certificates


class Certified:
    """A simulator over TLS that demands the certificates of a CA, and clients that show one."""

    def __init__(self, simulator: Simulator, folder: Path, authority: trustme.CA) -> None:
        self.simulator, self._folder, self._authority = simulator, folder, authority
        self._port = urlsplit(simulator.urls[-1]).port or 0
        self._trusted: Any = str(simulator.ca_file)

    def _certificate(self, name: str) -> str:
        path = self._folder / f"{name}.pem"
        issued = self._authority.issue_cert("client@example.com", common_name=name)
        issued.private_key_and_cert_chain_pem.write_to_path(path)
        return str(path)

    def pypsrp(self, name: str) -> str | None:
        """Return the name of a machine that the client reads with the certificate of a user."""
        file: Any = self._certificate(name)
        shown: dict[str, Any] = {"certificate_pem": file, "certificate_key_pem": file, "cert_validation": self._trusted}
        client = WSMan("127.0.0.1", port=self._port, auth="certificate", proxy="", **shown)
        chosen = SelectorSet()
        chosen.add_option("Name", WEB01)
        return text(client.get(f"{V2}Msvm_ComputerSystem", selector_set=chosen), "{*}ElementName")

    def pywinrm(self, name: str) -> str:
        """Return the answer to Identify, got the same way."""
        file = self._certificate(name)
        shown: dict[str, Any] = {"cert_pem": file, "cert_key_pem": file, "ca_trust_path": self._trusted, "proxy": None}
        client = Protocol(f"https://127.0.0.1:{self._port}/wsman", transport="certificate", **shown)
        message = f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body><i:Identify xmlns:i="{IDENTITY}"/></s:Body></s:Envelope>'
        return str(client.send_message(message))


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[Callable[..., Certified]]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "clients.pem")
    with ExitStack() as stack:

        def start(*users: str) -> Certified:
            options: dict[str, Any] = {"tls": True, "http": False, "client_ca": tmp_path / "clients.pem"}
            running = stack.enter_context(Simulator("hyperv", seed=1, user=list(users), **options))
            return Certified(running, tmp_path, authority)

        yield start


def test_wm_a_5_a_client_certificate_is_a_login(certified: Callable[..., Certified]) -> None:
    secured = certified(f"{USER}:{PASSWORD}")
    assert secured.pypsrp(USER) == "web01"
    assert secured.simulator.exchanges()[-1].exchange.user == USER
    assert "Microsoft Corporation" in secured.pywinrm(USER)
    with pytest.raises(AuthenticationError):
        secured.pypsrp("mallory")
    with pytest.raises(InvalidCredentialsError):
        secured.pywinrm("mallory")


def test_without_users_every_certificate_that_the_ca_signed_is_let_in(certified: Callable[..., Certified]) -> None:
    assert certified().pypsrp("anybody") == "web01"


def test_the_scheme_of_certificates_opens_nothing_without_one(port: int) -> None:
    asked = Request(f"http://127.0.0.1:{port}/wsman", b"", {"Authorization": MUTUAL})
    with pytest.raises(HTTPError) as refused, build_opener(ProxyHandler({})).open(asked, timeout=20):
        pass
    assert refused.value.code == 401
    refused.value.close()


# wsl


@pytest.fixture
def wsl(port: int, tmp_path: Path) -> Callable[..., str]:
    missing = [name for name in ("wsl", "curl", "xmllint") if shutil.which(name) is None]
    if missing:
        assert os.environ.get("CI") != "true", f"{', '.join(missing)} is missing"
        pytest.skip(f"{', '.join(missing)} is not installed")
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "WSENDPOINT": f"127.0.0.1:{port}",
        "WSNOSSL": "true",
        "WSUSER": "other",
        "WSPASS": "x",
        "no_proxy": "*",
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(["wsl", *arguments], env=variables, cwd=tmp_path, capture_output=True, timeout=60, check=False)
        return done.stdout.decode() + done.stderr.decode()

    return run


def test_wsl_identifies_and_enumerates(wsl: Callable[..., str], sim: Simulator) -> None:
    assert "Microsoft Corporation" in wsl("identify", "check")
    listed = wsl("enum", f"{V2}Msvm_ComputerSystem")
    assert [each["Name"] for each in sim.find("Msvm_ComputerSystem") if each["Name"] not in listed] == []


@pytest.mark.longer
def test_wsl_invokes_a_method_of_the_instance_that_it_finds(wsl: Callable[..., str], sim: Simulator) -> None:
    before = sim.snapshot("before")
    wanted = f"select * from Msvm_GuestFileService where SystemName='{WEB01.upper()}'"
    answer = wsl("invoke", f"{V2}Msvm_GuestFileService", "StopService", "-filter", wanted)
    assert "StopService_OUTPUT" in answer
    assert sim.calls("StopService")[-1].returned == "0"
    sim.restore(before)


# Encrypted messages by hand


def test_wm_a_4_a_body_that_is_not_sealed_right_is_refused(port: int) -> None:
    import http.client
    from base64 import b64decode, b64encode

    context = spnego.client(f"{USER}", PASSWORD, protocol="ntlm", options=spnego.NegotiateOptions.wrapping_winrm)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def post(body: bytes, **fields: str) -> http.client.HTTPResponse:
        connection.request("POST", "/wsman", body, {name.replace("_", "-"): value for name, value in fields.items()})
        return connection.getresponse()

    token = context.step()
    assert token is not None
    challenge = post(b"", Authorization="Negotiate " + b64encode(token).decode())
    challenge.read()
    scheme, _, answer = (challenge.getheader("WWW-Authenticate") or "").partition(" ")
    assert (challenge.status, scheme) == (401, "Negotiate")
    last = context.step(b64decode(answer, validate=True))
    assert last is not None
    done = post(b"", Authorization="Negotiate " + b64encode(last).decode())
    assert (done.status, done.read()) == (200, b"")
    kind = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
    for padding in (0, 40_000):
        form = (
            b"--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
            b"\tOriginalContent: type=application/soap+xml;charset=latin-1;Length=%d\r\n--Encrypted Boundary\r\n"
            b"\tContent-Type: application/octet-stream\r\n\x10\0\0\0" % (padding + 1)
        )
        charset = post(form + bytes(17 + padding) + b"--Encrypted Boundary--\r\n", Content_Type=kind)
        assert (charset.status, b"latin-1" in charset.read()) == (415, True)
    refused = post(b"--Encrypted Boundary\r\nnothing", Content_Type=kind)
    assert (refused.status, b"multipart/encrypted" in refused.read()) == (400, True)
    connection.close()
    again = post(b"--Encrypted Boundary--", Content_Type=kind, Authorization="Basic b3RoZXI6eA==")
    assert again.status == 401, "Basic opens no session"
    connection.close()


def test_where_it_is_left_out_it_is_not_at_the_port_of_cim_xml_either() -> None:
    message = f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body><i:Identify xmlns:i="{IDENTITY}"/></s:Body></s:Envelope>'
    with Simulator("interop", wsman=False) as without:
        assert [urlsplit(url).path for url in without.urls] == [""]
        request = Request(f"{without.url}/wsman", message.encode(), {"Content-Type": "application/soap+xml"})
        with pytest.raises(HTTPError) as caught:
            build_opener(ProxyHandler({})).open(request)
        assert 400 <= caught.value.code < 500
        caught.value.close()
