"""A real server that is treated badly: raw sockets, and a look at its memory."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.programs import Process, Programs

NAMESPACE: Final = "root/virtualization/v2"
MAX_CONNECTIONS: Final = 50
MAX_BODY: Final = 8 * 2**20
SETTINGS: Final = {
    "CIMSIM_PORT": "0",
    "CIMSIM_MAX_CONNECTIONS": str(MAX_CONNECTIONS),
    "CIMSIM_MAX_BODY": str(MAX_BODY),
    "CIMSIM_IDLE_TIMEOUT": "1",
    "CIMSIM_REQUEST_TIMEOUT": "1",
}
KEYS: Final = {
    "SystemCreationClassName": "Msvm_ComputerSystem",
    "SystemName": "3F2C6A10-8B41-4E0D-9C57-1A6E0B7D2F01",
    "CreationClassName": "Msvm_GuestCommunicationService",
    "Name": "999E53D4-3D5C-4C3E-8779-BED06EC056E1",
}
GET_INSTANCE: Final = (
    '<IPARAMVALUE NAME="InstanceName"><INSTANCENAME CLASSNAME="Msvm_GuestCommunicationService">'
    + "".join(f'<KEYBINDING NAME="{name}"><KEYVALUE>{value}</KEYVALUE></KEYBINDING>' for name, value in KEYS.items())
    + "</INSTANCENAME></IPARAMVALUE>"
)


class Victim:
    """A running ``cimsim serve`` with small limits."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port
        self._quiet = 0

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def body(self, parameters: str = GET_INSTANCE, name: str = "GetInstance") -> bytes:
        """Return the document of an intrinsic operation."""
        path = "".join(f'<NAMESPACE NAME="{each}"/>' for each in NAMESPACE.split("/"))
        return (
            '<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
            f'<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="{name}">'
            f"<LOCALNAMESPACEPATH>{path}</LOCALNAMESPACEPATH>{parameters}</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
        ).encode()

    def head(self, length: int | None, name: str = "GetInstance", *lines: str) -> bytes:
        """Return the head of a request; without a length there is no Content-Length."""
        fields = [
            "POST /cimom HTTP/1.1",
            "Host: localhost",
            "Content-Type: application/xml; charset=utf-8",
            "CIMOperation: MethodCall",
            f"CIMMethod: {name}",
            f"CIMObject: {NAMESPACE}",
            *lines,
        ]
        if length is not None:
            fields.append(f"Content-Length: {length}")
        return "\r\n".join([*fields, "", ""]).encode()

    def ask(self, body: bytes, name: str = "GetInstance") -> tuple[int, str | None, bytes]:
        """Send a document on a connection of its own; return the status, the CIMError and the body of the answer."""
        with self.connect() as client:
            client.sendall(self.head(len(body), name, "Connection: close") + body)
            return self.answer(client)

    def answer(self, client: socket.socket) -> tuple[int, str | None, bytes]:
        """Read one answer."""
        with HTTPResponse(client) as response:
            response.begin()
            return response.status, response.getheader("CIMError"), response.read()

    def memory(self) -> int:
        """Return the resident memory in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def check(self) -> None:
        """Assert that the server still answers, and has not grown."""
        status, answer = self._ask_after_a_flood()
        assert (status, b"<INSTANCE CLASSNAME=" in answer, b"<ERROR" in answer) == (200, True, False)
        assert self.memory() - self._quiet < 10 * MAX_BODY

    def _ask_after_a_flood(self) -> tuple[int, bytes]:
        """Ask until the server has learnt that the connections of a flood are gone; until then it turns away new ones."""
        for _ in range(1000):
            try:
                status, _, answer = self.ask(self.body())
            except OSError:
                continue
            if status != 503:
                return status, answer
        raise AssertionError("the server has not recovered")

    def settle(self) -> None:
        """Take what it needs at rest as the measure."""
        self.ask(self.body())
        self._quiet = self.memory()


@pytest.fixture(scope="module")
def victim(programs: Programs, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """A server with small limits; whatever was done to it, it must stop in good order and have logged nothing."""
    variables = SETTINGS | {"CIMSIM_CACHE_DIR": str(cache_dir)}
    shown, out = os.pipe()
    errors_file = tmp_path_factory.mktemp("victim") / "stderr"
    with errors_file.open("w+b") as errors, os.fdopen(shown) as lines, ExitStack() as stack:
        process = programs.start("cimsim", "serve", variables=variables, stdout=out, stderr=errors)
        os.close(out)
        stack.callback(process.kill)
        url = next(line.split()[2] for line in lines if line.startswith("listening on "))
        made = Victim(process, urlsplit(url).port or 0)
        made.settle()
        yield made
        process.send_signal(signal.SIGTERM)
        status = process.wait(20)
        errors.seek(0)
        assert (status, errors.read()) == (0, b"")


@pytest.fixture(autouse=True)
def survives(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test with a victim, the victim still answers."""
    yield
    if "victim" in request.fixturenames:
        request.getfixturevalue("victim").check()
