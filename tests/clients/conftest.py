"""A server as users start it, clients connected to it, and a check of every answer against what strict clients demand."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from lxml import etree
from pywbem import BaseOperationRecorder, WBEMConnection

ROOT: Final = Path(__file__).parent.parent.parent
HYPERV: Final = "root/virtualization/v2"
ISCSI: Final = "root/cimv2/storage/iscsitarget"

# The server


@dataclass(frozen=True)
class Server:
    """A running ``cimsim serve``."""

    url: str
    process: "subprocess.Popen[bytes]"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0


Launch = Callable[..., AbstractContextManager[Server]]


def environment(**variables: str) -> dict[str, str]:
    """Return the environment without settings of the simulator."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CIMSIM_")} | variables


def _await_url(ready: Path, process: "subprocess.Popen[bytes]", errors: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if ready.exists():
            return ready.read_text(encoding="utf-8").strip()
        assert process.poll() is None, errors.read_text(encoding="utf-8")
        time.sleep(0.01)
    process.kill()
    raise AssertionError("the server did not become ready")


@pytest.fixture(scope="session")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """Start a server with further arguments; it must stop by SIGTERM, with status 0 and without complaints."""
    cache = tmp_path_factory.mktemp("cache")

    @contextmanager
    def run(*arguments: str) -> Iterator[Server]:
        folder = tmp_path_factory.mktemp("server")
        ready, errors = folder / "ready", folder / "stderr"
        settings = ["--port", "0", "--ready-file", str(ready), "--cache-dir", str(cache), *arguments]
        command = [sys.executable, "-m", "cimsim", "serve", *settings]
        with (folder / "stdout").open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=out, stderr=err)
        try:
            yield Server(_await_url(ready, process, errors), process)
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(20)
        assert (status, errors.read_text(encoding="utf-8")) == (0, "")

    return run


@pytest.fixture(scope="session")
def server(launch: Launch) -> Iterator[Server]:
    """A server of the shipped packs that no test changes."""
    with launch() as running:
        yield running


@pytest.fixture(scope="module")
def changing_server(launch: Launch) -> Iterator[Server]:
    """A server of the shipped packs for the tests of one module, which may change its state."""
    with launch() as running:
        yield running


# pywbem

Connect = Callable[..., WBEMConnection]


class StrictReplies(BaseOperationRecorder):  # type: ignore[misc] # pywbem carries no type information
    """Checks every reply that a connection of pywbem gets."""

    def record(self, pywbem_args: Any, pywbem_result: Any, http_request: Any, http_response: Any) -> None:
        if http_response.payload is not None:
            check_reply(http_response.payload)

    def copy(self) -> "StrictReplies":
        return StrictReplies()


@pytest.fixture(scope="module")
def connect() -> Iterator[Connect]:
    """Connect pywbem to a server: namespace and credentials may be given. Every reply is checked."""
    with ExitStack() as stack:

        def connected(to: Server, namespace: str = HYPERV, credentials: tuple[str, str] | None = None) -> WBEMConnection:
            connection = stack.enter_context(WBEMConnection(to.url, credentials, default_namespace=namespace))
            connection.add_operation_recorder(StrictReplies())
            return connection

        yield connected


@pytest.fixture(scope="module")
def hyperv(connect: Connect, server: Server) -> WBEMConnection:
    """The Hyper-V namespace of the server that no test changes."""
    return connect(server, HYPERV)


@pytest.fixture(scope="module")
def iscsi(connect: Connect, server: Server) -> WBEMConnection:
    """The iSCSI target namespace of the server that no test changes."""
    return connect(server, ISCSI)


@pytest.fixture(scope="module")
def interop(connect: Connect, server: Server) -> WBEMConnection:
    """The Interop namespace of the server that no test changes."""
    return connect(server, "root/interop")


# Command line clients


@dataclass(frozen=True)
class Printed:
    """What a program printed, and its exit status."""

    status: int
    out: str
    err: str


Run = Callable[..., Printed]


def _run(command: list[str]) -> Printed:
    variables = environment(PYWBEMCLI_TERMWIDTH="200", PYWBEMTOOLS_TERMWIDTH="200")
    done = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=60, check=False)
    return Printed(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def pywbemcli() -> Run:
    """Run pywbemcli on a server: ``pywbemcli(server, namespace, *arguments)``."""
    program = shutil.which("pywbemcli", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert program, "pywbemcli belongs to the dependencies of the tests"

    def run(to: Server, namespace: str, *arguments: str) -> Printed:
        return _run([program, "--server", to.url, "--default-namespace", namespace, "--warn", *arguments])

    return run


@pytest.fixture(scope="session")
def wbemcli() -> Run:
    """Run wbemcli of the SBLIM project: ``wbemcli(server, operation, path, *arguments)``, the path from the namespace on."""
    program = shutil.which("wbemcli")
    if program is None:
        # A computer of a developer may lack it, the one that decides may not.
        assert os.environ.get("CI") != "true", "wbemcli is missing (Debian: sblim-wbemcli)"
        pytest.skip("wbemcli is not installed (Debian: sblim-wbemcli)")

    def run(to: Server, operation: str, path: str, *arguments: str, options: tuple[str, ...] = ()) -> Printed:
        return _run([program, operation, *options, f"{to.url}/{path}", *arguments])

    return run


# Raw requests

Post = Callable[..., bytes]
Snapshot = Callable[[WBEMConnection], bytes]


def _post(url: str, namespace: str, name: str, parameters: str, identifier: str = "1") -> bytes:
    path = "".join(f'<NAMESPACE NAME="{each}"/>' for each in namespace.split("/"))
    body = (
        f'<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        f'<MESSAGE ID="{identifier}" PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="{name}">'
        f"<LOCALNAMESPACEPATH>{path}</LOCALNAMESPACEPATH>{parameters}</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
    )
    headers = {
        "Content-Type": 'application/xml; charset="utf-8"',
        "CIMOperation": "MethodCall",
        "CIMMethod": name,
        "CIMObject": namespace,
    }
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request("POST", "/cimom", body.encode(), headers)
        answer = connection.getresponse()
        reply = answer.read()
    finally:
        connection.close()
    assert answer.status == 200, reply
    return reply


@pytest.fixture(scope="session")
def post() -> Post:
    """Send an intrinsic operation as it stands, ``post(server, namespace, name, parameters)``; the reply is checked."""

    def send(to: Server, *request: str) -> bytes:
        reply = _post(to.url, *request)
        check_reply(reply)
        return reply

    return send


@pytest.fixture(scope="session")
def snapshot() -> Snapshot:
    """Return all instances of a namespace as bytes, to tell whether anything has changed."""

    def take(conn: WBEMConnection) -> bytes:
        everything = '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_ManagedElement"/></IPARAMVALUE>'
        return _post(conn.url, conn.default_namespace, "EnumerateInstances", everything)

    return take


Check = Callable[[bytes], None]


@pytest.fixture(scope="session")
def check() -> Check:
    """Assert that a reply is one that every known client can read."""
    return check_reply


# What the strictest clients demand of a reply (M10 to M16, CP1, CW1 to CW5)

_DECLARATION: Final = b'<?xml version="1.0" encoding="utf-8" ?>'
_FLAVOURS: Final = "OVERRIDABLE TOSUBCLASS TOINSTANCE TRANSLATABLE"
_ATTRIBUTES: Final = {
    name: frozenset(attributes.split())
    for name, attributes in {
        "CIM": "CIMVERSION DTDVERSION",
        "MESSAGE": "ID PROTOCOLVERSION",
        "SIMPLERSP": "",
        "IMETHODRESPONSE": "NAME",
        "METHODRESPONSE": "NAME",
        "ERROR": "CODE DESCRIPTION",
        "IRETURNVALUE": "",
        "RETURNVALUE": "PARAMTYPE",
        "PARAMVALUE": "NAME PARAMTYPE",
        "VALUE": "",
        "VALUE.ARRAY": "",
        "VALUE.NULL": "",
        "VALUE.REFERENCE": "",
        "VALUE.REFARRAY": "",
        "VALUE.NAMEDINSTANCE": "",
        "VALUE.OBJECTWITHPATH": "",
        "NAMESPACEPATH": "",
        "LOCALNAMESPACEPATH": "",
        "NAMESPACE": "NAME",
        "HOST": "",
        "OBJECTPATH": "",
        "CLASSPATH": "",
        "CLASSNAME": "NAME",
        "INSTANCEPATH": "",
        "LOCALINSTANCEPATH": "",
        "INSTANCENAME": "CLASSNAME",
        "KEYBINDING": "NAME",
        "KEYVALUE": "VALUETYPE TYPE",
        "CLASS": "NAME SUPERCLASS",
        "INSTANCE": "CLASSNAME",
        "QUALIFIER": f"NAME TYPE PROPAGATED {_FLAVOURS}",
        "QUALIFIER.DECLARATION": f"NAME TYPE ISARRAY ARRAYSIZE {_FLAVOURS}",
        "SCOPE": "CLASS ASSOCIATION REFERENCE PROPERTY METHOD PARAMETER INDICATION",
        "PROPERTY": "NAME TYPE CLASSORIGIN PROPAGATED EmbeddedObject",
        "PROPERTY.ARRAY": "NAME TYPE ARRAYSIZE CLASSORIGIN PROPAGATED",
        "PROPERTY.REFERENCE": "NAME REFERENCECLASS CLASSORIGIN PROPAGATED",
        "METHOD": "NAME TYPE CLASSORIGIN PROPAGATED",
        "PARAMETER": "NAME TYPE",
        "PARAMETER.ARRAY": "NAME TYPE ARRAYSIZE",
        "PARAMETER.REFERENCE": "NAME REFERENCECLASS",
        "PARAMETER.REFARRAY": "NAME REFERENCECLASS ARRAYSIZE",
    }.items()
}
_MAY_CLOSE_ITSELF: Final = frozenset({"CLASSNAME", "NAMESPACE", "ERROR", "SCOPE"})
_VOID: Final = frozenset({"ModifyInstance", "DeleteInstance", "SetProperty"})
_EXACT_TEXT: Final = frozenset({"VALUE", "KEYVALUE", "HOST"})


def check_reply(reply: bytes) -> None:
    """Assert that a reply is one that every known client can read."""
    assert reply.startswith(_DECLARATION), "M11"
    body = reply.removeprefix(_DECLARATION)
    assert not re.search(rb"<[!?]|xmlns", body), "M12"
    closed = {name.decode() for name in re.findall(rb"<([A-Z.]+)[^<>]*/>", body)}
    assert closed <= _MAY_CLOSE_ITSELF, f"M13: {closed - _MAY_CLOSE_ITSELF}"
    message = etree.fromstring(reply)
    for element in message.iter():
        assert element.tag in _ATTRIBUTES, f"CP1: {element.tag}"
        assert set(element.attrib) <= _ATTRIBUTES[element.tag], f"CP1, CW1: {element.tag} {set(element.attrib)}"
        if element.tag in _EXACT_TEXT:
            assert len(element) == 0, f"D1: {element.tag}"
        else:
            assert not (element.text or "").strip(), f"D1: {element.tag}"
        assert not (element.tail or "").strip(), f"D1: {element.tag}"
    _check_envelope(message)
    _check_paths(message)


def _check_envelope(message: Any) -> None:
    assert message.get("CIMVERSION", "").startswith("2."), "M3"
    (response,) = message.xpath("/CIM/MESSAGE/SIMPLERSP/*")
    kinds = [child.tag for child in response]
    if response.tag == "METHODRESPONSE":
        assert kinds == ["ERROR"] or kinds == ["RETURNVALUE"] + ["PARAMVALUE"] * (len(kinds) - 1), "M6, X13"
        assert all(value.get("PARAMTYPE") for value in response if value.tag != "ERROR"), "X11, X12"
    elif kinds != ["ERROR"]:
        assert kinds == ([] if response.get("NAME") in _VOID else ["IRETURNVALUE"]), "M6, M8, M9"
    for error in response.iter("ERROR"):
        assert int(error.get("CODE")) > 0, "E2"
        assert error.get("DESCRIPTION"), "E1"
        assert len(error) == 0, "CW4"
    for returned in response.iter("IRETURNVALUE"):
        assert len({child.tag for child in returned}) <= 1, "M10"


def _check_paths(message: Any) -> None:
    assert all("/" not in name.get("NAME") for name in message.iter("NAMESPACE")), "M15"
    assert all(host.text and host.text == host.text.strip() for host in message.iter("HOST")), "M16"
    assert all(len(path) for path in message.iter("LOCALNAMESPACEPATH")), "M16"
    assert all(value.get("VALUETYPE") and value.get("TYPE") for value in message.iter("KEYVALUE")), "D17"
