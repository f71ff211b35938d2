"""Every action of fault rules, as pywbem, wbemcli and a bare socket receive it, and some over WS-Management.

What each client calls is StopService of the object manager, over CIM-XML.
"""

import contextlib
import html
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import pywbem
from pywbem import CIMError, CIMInstance, CIMInstanceName, HTTPError, ParseError, WBEMConnection
from winrm.exceptions import WinRMTransportError, WSManFaultError

from cimsim.cimom.fault_rule_parser import ACTIONS
from cimsim.testing import SimulatedCimom
from tests.clients.test_wsman_clients import V2, pywinrm
from tests.testing import bare_socket

pytestmark = pytest.mark.cimsim(packs=["interop"], clock="manual")
CLASS: Final = "CIM_ObjectManager"
STOPPED, STOPPING, RUNNING = 3, 4, 2


@dataclass(frozen=True)
class Case:
    """An action: the words of a rule, and what each client gets.

    Attributes:
        words: of the rule.
        pywbem: what StopService returns, or the type of the exception; None: it depends on what the reset overtakes.
        wbemcli: whether it succeeds; None: likewise.
        raw: looks at head and body, and at whether the connection was reset.
        state: EnabledState of the object manager afterwards.
    """

    words: dict[str, Any]
    pywbem: int | type[Exception] | None
    wbemcli: bool | None
    raw: Callable[[bytes, bytes, bool], bool]
    state: int = STOPPED


def whole(head: bytes, body: bytes, reset: bool) -> bool:
    return b" 200 " in head and length_of(head) == len(body) and body.rstrip().endswith(b"</CIM>") and not reset


def length_of(head: bytes) -> int:
    (line,) = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return int(line.partition(b":")[2])


BROKEN = pywbem.ConnectionError
CASES: Final = (
    Case(
        {"error": ["failed", "busy"]},
        CIMError,
        False,
        lambda _, body, __: b'CODE="1" DESCRIPTION="busy"' in body,
        state=RUNNING,
    ),
    Case({"returns": 7}, 7, True, lambda _, body, __: b"<VALUE>7</VALUE>" in body, state=RUNNING),
    Case({"timing": "30s"}, 0, True, lambda _, body, __: b"<VALUE>0</VALUE>" in body, state=STOPPING),
    Case({"http": 500}, HTTPError, False, lambda head, body, _: b" 500 " in head and not body, state=RUNNING),
    Case({"delay": "1ms"}, 0, True, whole),
    Case({"trickle": 1_000_000}, 0, True, whole),
    Case({"reset": "before"}, BROKEN, False, lambda head, _, reset: not head and reset),
    Case({"reset": "within"}, BROKEN, False, lambda _, body, reset: not body.endswith(b"</CIM>") and reset),
    Case({"reset": "after"}, None, None, lambda *found: found[2]),
    Case({"truncate": 10}, BROKEN, False, lambda head, body, _: len(body) == 10 < length_of(head)),
    Case({"malformed": True}, ParseError, False, lambda head, body, _: length_of(head) == len(body) and b"</CIM>" not in body),
    Case({"length": -5}, ParseError, False, lambda head, body, _: length_of(head) == len(body) - 5),
    # libcurl gives wbemcli no answer that ends too early.
    Case({"length": 20}, BROKEN, False, lambda head, body, _: length_of(head) == len(body) + 20),
    Case({"stale": True}, 0, True, lambda head, body, reset: whole(head, body, reset) and b"close" not in head.lower()),
)
OTHERS: Final = {"expire", "tls", "indication"}
"""Actions with tests of their own below: they need a session, a handshake, a subscription."""
IDS: Final = [str(case.words) for case in CASES]


def test_every_action_is_here() -> None:
    assert {next(iter(case.words)) for case in CASES} | OTHERS == set(ACTIONS)


# The clients


@pytest.fixture
def wbemcli() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    program = shutil.which("wbemcli")
    if program is None:
        assert os.environ.get("CI") != "true", "wbemcli is missing (Debian: sblim-wbemcli)"
        pytest.skip("wbemcli is not installed")

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([program, "-nl", *arguments], capture_output=True, timeout=20, check=False)

    return run


def manager(cimsim: SimulatedCimom) -> CIMInstanceName:
    path = cimsim.find(CLASS)[0].path
    assert isinstance(path, CIMInstanceName)
    return path


def state(cimsim: SimulatedCimom) -> int:
    return int(cimsim.find(CLASS)[0]["EnabledState"])


def address(url: str, path: CIMInstanceName) -> str:
    keys = ",".join(f'{name}="{value}"' for name, value in path.keybindings.items())
    return f"{url}/root/interop:{path.classname}.{keys}"


def message(inner: str) -> bytes:
    head = '<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0">'
    return f"{head}<SIMPLEREQ>{inner}</SIMPLEREQ></MESSAGE></CIM>".encode()


NAMESPACE: Final = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="interop"/></LOCALNAMESPACEPATH>'


def exchanged(url: str, body: bytes, *, close: bool) -> tuple[bytes, bytes, bool]:
    """Send a message on a bare socket; return head and body of what comes until the server closes, and whether it reset."""
    parts = urlsplit(url)
    kind = "close" if close else "keep-alive"
    head = (
        f"POST /cimom HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml; charset=utf-8\r\nConnection: {kind}\r\n"
        f"CIMOperation: MethodCall\r\nContent-Length: {len(body)}\r\n"
    )
    return bare_socket.exchanged((parts.hostname or "", parts.port or 0), head.encode() + headers_of(body) + b"\r\n" + body)


def headers_of(body: bytes) -> bytes:
    name = body.partition(b'METHODCALL NAME="')[2].partition(b'"')[0]
    target = b"root/interop"
    if b"<METHODCALL" in body:
        keys = body.split(b'<KEYBINDING NAME="')[1:]
        values = [(each.partition(b'"')[0], each.partition(b">")[2].split(b">")[1].split(b"<")[0]) for each in keys]
        target += b":" + CLASS.encode() + b"." + b",".join(key + b'="' + value + b'"' for key, value in values)
    return b"CIMMethod: " + name + b"\r\nCIMObject: " + target.replace(b'"', b"%22") + b"\r\n"


def stop_message(path: CIMInstanceName) -> bytes:
    keys = "".join(
        f'<KEYBINDING NAME="{name}"><KEYVALUE VALUETYPE="string">{value}</KEYVALUE></KEYBINDING>'
        for name, value in path.keybindings.items()
    )
    name = f'<INSTANCENAME CLASSNAME="{CLASS}">{keys}</INSTANCENAME>'
    return message(f'<METHODCALL NAME="StopService"><LOCALINSTANCEPATH>{NAMESPACE}{name}</LOCALINSTANCEPATH></METHODCALL>')


# What each of them gets


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_pywbem(cimsim: SimulatedCimom, unchecked: set[str], case: Case) -> None:
    unchecked.add(urlsplit(cimsim.url).netloc)
    handle = cimsim.fault(method="StopService", times=1, **case.words)
    with cimsim.connect("root/interop") as connection:
        if isinstance(case.pywbem, int):
            assert connection.InvokeMethod("StopService", manager(cimsim))[0] == case.pywbem
        elif case.pywbem is not None:
            with pytest.raises(case.pywbem):
                connection.InvokeMethod("StopService", manager(cimsim))
        else:
            with contextlib.suppress(BROKEN):
                assert connection.InvokeMethod("StopService", manager(cimsim))[0] == 0
    assert (handle.hits, state(cimsim)) == (1, case.state)
    with cimsim.connect("root/interop") as connection:
        assert connection.InvokeMethod("StartService", manager(cimsim))[0] == (0 if case.state != STOPPING else 2)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_wbemcli(cimsim: SimulatedCimom, wbemcli: Callable[..., subprocess.CompletedProcess[bytes]], case: Case) -> None:
    handle = cimsim.fault(method="StopService", times=1, **case.words)
    done = wbemcli("cm", address(cimsim.url, manager(cimsim)), "StopService")
    assert (handle.hits, state(cimsim)) == (1, case.state)
    if case.wbemcli is not None:
        assert (case.pywbem is not None and f": {case.pywbem}".encode() in done.stdout) == case.wbemcli, done


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_bare_socket(cimsim: SimulatedCimom, case: Case) -> None:
    handle = cimsim.fault(method="StopService", times=1, **case.words)
    body = stop_message(manager(cimsim))
    found = exchanged(cimsim.url, body, close=next(iter(case.words)) != "stale")
    assert case.raw(*found), found
    assert (handle.hits, state(cimsim)) == (1, case.state)


# Sessions that have expired; wbemcli has no pull operations


def test_expire_with_pywbem(cimsim: SimulatedCimom) -> None:
    cimsim.fault(operation="PullInstancePaths", expire=True, times=1)
    with cimsim.connect("root/interop") as connection:
        opened = connection.OpenEnumerateInstancePaths("CIM_Namespace", MaxObjectCount=0)
        with pytest.raises(CIMError) as error:
            connection.PullInstancePaths(opened.context, MaxObjectCount=1)
    assert error.value.status_code == 21


def test_expire_on_a_bare_socket(cimsim: SimulatedCimom) -> None:
    cimsim.fault(operation="PullInstancePaths", expire=True, times=1)
    name = '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_Namespace"/></IPARAMVALUE>'
    opening = f'<IMETHODCALL NAME="OpenEnumerateInstancePaths">{NAMESPACE}{name}</IMETHODCALL>'
    _, body, _ = exchanged(cimsim.url, message(opening), close=True)
    context = body.decode().partition('NAME="EnumerationContext"')[2].partition("<VALUE>")[2].partition("<")[0]
    values = {"EnumerationContext": context, "MaxObjectCount": "1"}
    given = "".join(f'<IPARAMVALUE NAME="{name}"><VALUE>{value}</VALUE></IPARAMVALUE>' for name, value in values.items())
    pulling = f'<IMETHODCALL NAME="PullInstancePaths">{NAMESPACE}{given}</IMETHODCALL>'
    _, body, _ = exchanged(cimsim.url, message(pulling), close=True)
    assert context
    assert b'CODE="21"' in body


# Handshakes that fail


@pytest.fixture
def https(cimsim: SimulatedCimom) -> str:
    return next(url for url in cimsim.urls if url.startswith("https:"))


@pytest.mark.cimsim(tls=True)
def test_tls_with_pywbem(cimsim: SimulatedCimom, https: str) -> None:
    handle = cimsim.fault(tls=True, times=1)
    with cimsim.connect("root/interop", url=https) as connection:
        with pytest.raises(pywbem.ConnectionError):
            connection.EnumerateClassNames()
        assert connection.EnumerateClassNames()
    assert handle.hits == 1


@pytest.mark.cimsim(tls=True)
def test_tls_with_wbemcli(
    cimsim: SimulatedCimom, https: str, wbemcli: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    handle = cimsim.fault(tls=True, times=1)
    command = ("-cacert", str(cimsim.ca_file), "ein", f"{https.replace('127.0.0.1', 'localhost')}/root/interop:{CLASS}")
    first, second = (wbemcli(*command) for _ in range(2))
    assert handle.hits == 1
    assert [CLASS.encode() in each.stdout for each in (first, second)] == [False, True], (first, second)


@pytest.mark.cimsim(tls=True)
def test_tls_on_a_bare_socket(cimsim: SimulatedCimom, https: str) -> None:
    handle = cimsim.fault(tls=True, times=1)
    parts = urlsplit(https)
    context = ssl.create_default_context(cafile=str(cimsim.ca_file))
    for error in (ssl.SSLError, None):
        with socket.create_connection((parts.hostname, parts.port or 0), timeout=20) as plain:
            if error is not None:
                with pytest.raises(error):
                    context.wrap_socket(plain, server_hostname="localhost")
            else:
                with context.wrap_socket(plain, server_hostname="localhost") as secure:
                    assert secure.version()
    assert handle.hits == 1


# Indications: the client is who causes them


@pytest.fixture
def received(cimsim: SimulatedCimom) -> "Any":
    """Subscribe a listener to what happens to the object manager; return what it receives, EnabledState of each indication."""
    queue: Queue[str] = Queue()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = html.unescape(self.rfile.read(int(self.headers["Content-Length"])).decode())
            queue.put(
                body.partition('NAME="SourceInstance"')[2]
                .partition('NAME="EnabledState"')[2]
                .partition("<VALUE>")[2]
                .partition("<")[0]
            )
            answer = b'<?xml version="1.0"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="%s" PROTOCOLVERSION="1.0">'
            answer %= body.partition('<MESSAGE ID="')[2].partition('"')[0].encode()
            answer += b'<SIMPLEEXPRSP><EXPMETHODRESPONSE NAME="ExportIndication"/></SIMPLEEXPRSP></MESSAGE></CIM>'
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with cimsim.connect("root/interop") as connection:
            subscribe(connection, f"http://127.0.0.1:{server.server_port}")
        yield queue
        server.shutdown()
        thread.join()


def subscribe(connection: WBEMConnection, url: str) -> None:
    query = "SELECT * FROM CIM_InstModification WHERE SourceInstance ISA CIM_ObjectManager"
    values = {"Query": query, "QueryLanguage": "DMTF:CQL", "SourceNamespaces": ["root/interop"], "Name": "a"}
    made = connection.CreateInstance(CIMInstance("CIM_IndicationFilter", values))
    listener = {"Destination": url, "Name": "a", "Protocol": pywbem.Uint16(2)}
    handler = connection.CreateInstance(CIMInstance("CIM_ListenerDestinationCIMXML", listener))
    connection.CreateInstance(CIMInstance("CIM_IndicationSubscription", {"Filter": made, "Handler": handler}))


@pytest.mark.parametrize("client", ["pywbem", "wbemcli", "socket"])
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ({"indication": "lost"}, ["2"]),
        ({"indication": "duplicated"}, ["3", "3", "2"]),
        ({"indication": "reordered"}, ["2", "3"]),
        ({"indication": "delayed", "delay": "5s clock"}, ["2", "3"]),
    ],
    ids=str,
)
def test_indication(
    cimsim: SimulatedCimom, received: "Queue[str]", request: pytest.FixtureRequest, client: str, words: Any, wanted: list[str]
) -> None:
    handle = cimsim.fault(method="StopService", times=1, **words)
    path = manager(cimsim)
    if client == "pywbem":
        with cimsim.connect("root/interop") as connection:
            connection.InvokeMethod("StopService", path)
    elif client == "wbemcli":
        request.getfixturevalue("wbemcli")("cm", address(cimsim.url, path), "StopService")
    else:
        exchanged(cimsim.url, stop_message(path), close=True)
    assert (handle.hits, state(cimsim)) == (1, STOPPED)
    with cimsim.connect("root/interop") as connection:
        connection.InvokeMethod("StartService", path)
    first = [received.get(timeout=20)]
    cimsim.advance(5)
    assert [*first, *(received.get(timeout=20) for _ in wanted[1:])] == wanted
    assert received.empty()


# WS-Management


@pytest.mark.cimsim(packs=["hyperv"], users={"operator": "secret"})
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ({"error": ["failed", "busy"]}, WSManFaultError),
        ({"returns": 7}, "7"),
        ({"http": 503}, WinRMTransportError),
        ({"delay": "1ms", "trickle": 1_000_000}, "0"),
        ({"stale": True}, "0"),
    ],
    ids=str,
)
def test_pywinrm(cimsim: SimulatedCimom, words: dict[str, Any], wanted: str | type[Exception]) -> None:
    handle = cimsim.fault(method="StopService", protocol="ws-man", times=1, **words)
    url = next(each for each in cimsim.urls if each.endswith("/wsman"))
    keys = {name: str(value) for name, value in cimsim.find("Msvm_GuestFileService")[0].path.keybindings.items()}
    send = pywinrm(urlsplit(url).port or 0, "plaintext", "never", "secret", "operator")
    uri = f"{V2}Msvm_GuestFileService"

    def stop() -> str | None:
        return send(f"{uri}/StopService", uri, f'<p:StopService_INPUT xmlns:p="{uri}"/>', **keys).findtext(".//{*}ReturnValue")

    if isinstance(wanted, str):
        assert stop() == wanted
    else:
        with pytest.raises(wanted):
            stop()
    assert handle.hits == 1
