"""A whole server in memory: the shipped packs, the CIMOM, the codec and HTTP, on a transport that only collects bytes."""

import random
from pathlib import Path
from typing import Any, Final, cast

from lxml import etree
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogBeginner

from cimsim.cimom.clock import Clock as CimomClock
from cimsim.cimom.object_manager import Cimom
from cimsim.cimxml.encode.encoder import Encoder
from cimsim.packs.load import load
from cimsim.server.factory import HttpFactory
from cimsim.server.limits import HttpLimits
from cimsim.simulation.cimxml_mount import CimXmlMount
from cimsim.simulation.cimxml_service import CimXmlService
from tests.cimxml.both_readers import BothReaders

NOW: Final = 1_700_000_000.0
LIMITS: Final = HttpLimits(max_body=1_000_000, max_header_bytes=8_000, max_request_line=4_000, max_headers=100)
STATUSES: Final = frozenset({100, 200, 400, 401, 405, 406, 408, 411, 413, 414, 415, 417, 431, 501, 505, 510})
CIM_ERRORS: Final = {
    "unsupported-protocol-version": 501,
    "multiple-requests-unsupported": 501,
    "unsupported-cim-version": 501,
    "unsupported-dtd-version": 501,
    "request-not-valid": 400,
    "request-not-well-formed": 400,
    "request-not-loosely-valid": 400,
    "header-mismatch": 400,
    "unsupported-operation": 400,
}


class Wire:
    """A transport that collects what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.lost = False
        self.protocol: Any = None

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def registerProducer(self, producer: object, streaming: bool) -> None: ...

    def unregisterProducer(self) -> None: ...

    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...

    def loseConnection(self) -> None:
        if not self.lost:
            self.lost = True
            self.protocol.connectionLost()

    def abortConnection(self) -> None:
        self.loseConnection()


class Simulation:
    """The server. What it logs as an error is kept in ``faults``, and its state is the same before each connection.

    Args:
        cache_dir: where compiled packs are kept.
    """

    def __init__(self, cache_dir: Path) -> None:
        self.faults: list[str] = []
        observer: Any = self._observe
        globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False, discardBuffer=True)
        self._loaded = load((), {}, cache_dir=cache_dir, now=NOW, progress=None, namespace="root/cimv2")
        self._clock = Clock()
        self._clock.advance(NOW)
        self._renew()

    def _renew(self) -> None:
        self._left = 200
        loaded = self._loaded
        self._cimom = Cimom(
            loaded.world,
            loaded.providers,
            CimomClock(timer=cast(Any, self._clock)),  # Twisted's clock declares no float
            random=random.Random(1).randbytes,
            hooks=loaded.providers,
        )
        service = CimXmlService(BothReaders(), Encoder("localhost"), self._cimom)
        self._factory = HttpFactory(CimXmlMount(service), self._clock, None, LIMITS)

    def send(self, segments: list[bytes]) -> bytes:
        """Send segments on a connection of their own, hang up, and return what was answered."""
        self._left -= 1
        if not self._left:
            # Enumeration sessions that nobody closes would fill the table of sessions.
            self._renew()
        self._cimom.world = self._loaded.world
        wire = Wire()
        protocol: Any = self._factory.buildProtocol(None)
        wire.protocol = protocol
        protocol.makeConnection(wire)
        for segment in segments:
            if not wire.lost:
                protocol.dataReceived(segment)
        while self._more():
            self._clock.advance(0)
        wire.loseConnection()
        return b"".join(wire.written)

    def _more(self) -> bool:
        clock: Any = self._clock
        return any(call.getTime() <= clock.seconds() for call in clock.getDelayedCalls())

    def _observe(self, event: Any) -> None:
        if event["log_level"] >= LogLevel.error:
            failure = event.get("log_failure")
            self.faults.append(failure.getTraceback() if failure else str(event.get("log_format")))


def statuses(data: bytes, methods_without_body: bool = False) -> list[int]:
    """Return the statuses of a stream of answers, which must be legal to the last byte.

    Raises:
        ValueError: it is not legal.
    """
    found = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        lines = head.decode("ascii").split("\r\n")
        version, code, phrase = lines[0].split(" ", 2)
        _demand(bool(end) and version == "HTTP/1.1" and phrase != "", "status line")
        status = int(code)
        _demand(status in STATUSES, f"status {status}")
        found.append(status)
        if status == 100:
            continue
        fields: dict[str, str] = {}
        for line in lines[1:]:
            name, colon, value = line.partition(": ")
            _demand(colon != "" and name.replace("-", "").isalnum() and name.lower() not in fields, f"header {line!r}")
            fields[name.lower()] = value
        cim_error = next((value for name, value in fields.items() if name.endswith("cimerror")), None)
        _demand(cim_error is None or CIM_ERRORS.get(cim_error) == status, f"CIMError {cim_error} with {status}")
        length = int(fields["content-length"])
        if methods_without_body:
            return found
        _demand(length <= len(data), "a body that is cut off")
        body, data = data[:length], data[length:]
        if status == 200 and "allow" not in fields:
            _demand(etree.fromstring(body).tag == "CIM", "no CIM message")
    return found


def _demand(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(f"not a legal answer: {what}")
