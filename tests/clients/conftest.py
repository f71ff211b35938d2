"""A server as users start it, clients connected to it, and a check of every answer against what strict clients demand."""

import http.client
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from pywbem import WBEMConnection
from twisted.logger import globalLogPublisher

from cimsim.cli.logs import observer
from cimsim.cli.serve import serve
from cimsim.control.port import listen
from cimsim.simulation.loading import SharedPacks
from cimsim.simulation.options import SimulationOptions
from cimsim.simulation.simulation import Simulation
from cimsim.testing.reactor_thread import ReactorThread
from tests.programs import Finished, Programs, environment, unexpected
from tests.replies.http import Message, check_answer, relayed

HYPERV: Final = "root/virtualization/v2"
ISCSI: Final = "root/cimv2/storage/iscsitarget"

# The server


@dataclass(frozen=True)
class Server:
    """A running server; ``control`` is the URL of its control plane, empty without one."""

    url: str
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


@contextmanager
def without_complaints() -> Iterator[None]:
    """Assert that nothing but refused logins is logged as a warning or error."""
    lines = io.StringIO()
    written = observer(lines, "warn")
    globalLogPublisher.addObserver(written)
    try:
        yield
    finally:
        globalLogPublisher.removeObserver(written)
    assert unexpected(lines.getvalue()) == []


@pytest.fixture(autouse=True)
def no_server_complains() -> Iterator[None]:
    with without_complaints():
        yield


@dataclass
class Launcher:
    """Starts in this process what ``cimsim serve`` with the same arguments does in its own: 1 ms in place of a second."""

    thread: ReactorThread
    cache_dir: Path
    _shared: SharedPacks = field(default_factory=SharedPacks)

    @contextmanager
    def launch(self, *arguments: str) -> Iterator[Server]:
        options = self._options(arguments)
        with without_complaints():
            simulation: Simulation = self.thread.call(
                lambda: Simulation(self.thread.reactor, options, control=listen, packs=self._packs(options))
            )
            self.thread.call(simulation.start)
        try:
            yield Server(simulation.urls[0], simulation.control_url or "")
        finally:
            with without_complaints():
                self.thread.call(simulation.stop)

    def _options(self, arguments: tuple[str, ...]) -> SimulationOptions:
        with pytest.MonkeyPatch.context() as patch:
            for name in set(os.environ) - set(environment()):
                patch.delenv(name)
            context = serve.make_context("serve", ["--port", "0", "--cache-dir", str(self.cache_dir), *arguments])
        return SimulationOptions(**context.params)

    def _packs(self, options: SimulationOptions) -> SharedPacks:
        """Return what shares memory with others, unless identifiers come from a seed that no two servers have in common."""
        shown = repr(options.set)
        return SharedPacks() if options.seed is None and ("vms" in shown or "unique_ids" in shown) else self._shared


@pytest.fixture(scope="session")
def launch(cache_dir: Path) -> Iterator[Launch]:
    """Start a server with the arguments of ``cimsim serve``; it must stop in good order and without complaints."""
    thread = ReactorThread("clients")
    thread.start()
    yield Launcher(thread, cache_dir).launch
    thread.stop()


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
