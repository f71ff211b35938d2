"""A server as users start it, clients connected to it, and a check of every answer against what strict clients demand."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from pywbem import WBEMConnection

from tests.programs import Finished, Process, Programs
from tests.replies.http import Message, check_answer, relayed

HYPERV: Final = "root/virtualization/v2"
ISCSI: Final = "root/cimv2/storage/iscsitarget"

# The server


@dataclass(frozen=True)
class Server:
    """A running ``cimsim serve``; ``control`` is the URL of its control plane, empty without one."""

    url: str
    process: Process
    control: str = ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def advance(self, seconds: float | str) -> dict[str, Any]:
        """Advance the clock by seconds, or to the ``next`` step; return its state."""
        body = {"to": seconds} if isinstance(seconds, str) else {"seconds": seconds}
        asked = Request(f"{self.control}/clock/advance", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urlopen(asked, timeout=20) as answer:
            state: dict[str, Any] = json.load(answer)
        return state


Launch = Callable[..., AbstractContextManager[Server]]


def _await_urls(ready: Path, process: Process, errors: Path) -> list[str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if ready.exists():
            return ready.read_text(encoding="utf-8").splitlines()
        assert process.poll() is None, errors.read_text(encoding="utf-8")
        time.sleep(0.01)
    process.kill()
    raise AssertionError("the server did not become ready")


@pytest.fixture(scope="session")
def launch(programs: Programs, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """Start a server with further arguments; it must stop by SIGTERM, with status 0 and without complaints."""

    @contextmanager
    def run(*arguments: str) -> Iterator[Server]:
        folder = tmp_path_factory.mktemp("server")
        ready, errors = folder / "ready", folder / "stderr"
        settings = ["--port", "0", "--ready-file", str(ready), "--cache-dir", str(cache_dir), *arguments]
        with (folder / "stdout").open("wb") as out, errors.open("wb") as err:
            process = programs.start("cimsim", "serve", *settings, stdout=out, stderr=err)
        try:
            urls = _await_urls(ready, process, errors)
            control = [url.removeprefix("control ") for url in urls if url.startswith("control ")]
            yield Server(urls[0], process, "".join(control))
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(20)
        assert (status, errors.read_text(encoding="utf-8")) == (0, "")

    return run


@pytest.fixture(scope="session")
def server(launch: Launch) -> Iterator[Server]:
    """A server of the shipped packs that no test changes; its clock stands still, so that all reads are alike."""
    with launch("--clock", "manual") as running:
        yield running


@pytest.fixture(scope="module")
def changing_server(launch: Launch) -> Iterator[Server]:
    """A server of the shipped packs for the tests of one module, which may change its state."""
    with launch() as running:
        yield running


# pywbem

Connect = Callable[..., WBEMConnection]


@pytest.fixture(scope="module")
def connect() -> Iterator[Connect]:
    """Connect pywbem to a server: namespace and credentials may be given."""
    with ExitStack() as stack:

        def connected(to: Server, namespace: str = HYPERV, credentials: tuple[str, str] | None = None) -> WBEMConnection:
            return stack.enter_context(WBEMConnection(to.url, credentials, default_namespace=namespace))

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


Run = Callable[..., Finished]


def relay(to: Server) -> AbstractContextManager[str]:
    """Return a URL of the server at which every answer is checked; what HTTPS hides cannot be."""
    return nullcontext(to.url) if to.url.startswith("https:") else relayed(to.url)


@pytest.fixture(scope="session")
def pywbemcli(programs: Programs) -> Run:
    """Run pywbemcli on a server: ``pywbemcli(server, namespace, *arguments)``."""

    def run(to: Server, namespace: str, *arguments: str) -> Finished:
        with relay(to) as url:
            return programs.run("pywbemcli", "--server", url, "--default-namespace", namespace, "--warn", *arguments)

    return run


@pytest.fixture(scope="session")
def wbemcli() -> Run:
    """Run wbemcli of the SBLIM project: ``wbemcli(server, operation, path, *arguments)``, the path from the namespace on."""
    program = shutil.which("wbemcli")
    if program is None:
        # A computer of a developer may lack it, the one that decides may not.
        assert os.environ.get("CI") != "true", "wbemcli is missing (Debian: sblim-wbemcli)"
        pytest.skip("wbemcli is not installed (Debian: sblim-wbemcli)")

    def run(to: Server, operation: str, path: str, *arguments: str, options: tuple[str, ...] = ()) -> Finished:
        with relay(to) as url:
            command = [program, operation, *options, f"{url}/{path}", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            # It prints paths with the address it was given.
            printed = done.stdout.replace(urlsplit(url).netloc, urlsplit(to.url).netloc)
            return Finished(done.returncode, printed, done.stderr)

    return run


# Raw requests

Post = Callable[..., bytes]
Snapshot = Callable[[WBEMConnection], bytes]


def _post(url: str, namespace: str, name: str, parameters: str, identifier: str = "1", *, checked: bool = True) -> bytes:
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
    if checked:
        check_answer(body.encode(), Message(200, {key.lower(): value for key, value in answer.getheaders()}, reply))
    return reply


@pytest.fixture(scope="session")
def post() -> Post:
    """Send an intrinsic operation as it stands, ``post(server, namespace, name, parameters)``; the reply is checked."""

    def send(to: Server, *request: str) -> bytes:
        return _post(to.url, *request)

    return send


@pytest.fixture(scope="session")
def snapshot() -> Snapshot:
    """Return all instances of a namespace as bytes, to tell whether anything has changed."""

    def take(conn: WBEMConnection) -> bytes:
        everything = '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_ManagedElement"/></IPARAMVALUE>'
        # Tests of reading check this answer; here it is asked for too often.
        return _post(conn.url, conn.default_namespace, "EnumerateInstances", everything, checked=False)

    return take
