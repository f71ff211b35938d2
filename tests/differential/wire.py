"""A connection of pywbem to a CIMOM in this process: through HTTP and CIM-XML to the byte, but without a socket."""

import io
from http.client import HTTPResponse
from pathlib import Path
from random import Random
from typing import Any, Final, cast

from pywbem import WBEMConnection
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from cimsim.cimom.clock import Clock as StandingClock
from cimsim.cimom.object_manager import Cimom
from cimsim.cimxml.decode.decoder import Decoder
from cimsim.cimxml.decode.message_cache import MessageCache
from cimsim.cimxml.encode.encoder import Encoder
from cimsim.operations.call import Policy
from cimsim.packs.load import Loaded, load
from cimsim.server.factory import HttpFactory
from cimsim.simulation.cimxml_mount import CimXmlMount
from cimsim.simulation.cimxml_service import CimXmlService
from tests.replies.http import Message, check_answer

PACK: Final = Path(__file__).parent / "pack"


def load_pack() -> Loaded:
    """Load the pack that both sides begin with."""
    return load([PACK], cache_dir=None, now=0.0)


def connect(loaded: Loaded) -> WBEMConnection:
    """Return a connection to a new CIMOM of a loaded pack."""
    cimom = Cimom(
        loaded.world,
        loaded.providers,
        StandingClock(1000.0),
        Policy(enforce_write=False),  # K5: the mock knows no Write qualifier
        random=Random(0).randbytes,
    )
    return connect_to(cimom)


def connect_to(cimom: Cimom, default_namespace: str | None = None) -> WBEMConnection:
    """Return a connection to a CIMOM."""
    service = CimXmlService(MessageCache(Decoder()), Encoder("cimom.example"), cimom)
    connection = WBEMConnection("http://cimom.example:5988", default_namespace=default_namespace)
    connection.session.mount("http://", _Adapter(HttpFactory(CimXmlMount(service), Clock())))
    return connection


class _Adapter(BaseAdapter):
    """Gives the bytes of each request to one protocol, and makes a response of those that it answers with, once checked."""

    def __init__(self, factory: HttpFactory) -> None:
        super().__init__()
        transport: Any = StringTransport  # it carries no type information
        self._transport = transport()
        self._protocol: Any = cast(Any, factory.buildProtocol(None))
        self._protocol.makeConnection(self._transport)

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        lines = [f"{request.method} {request.path_url} HTTP/1.1", "Host: cimom.example:5988"]
        lines += [f"{name}: {_text(value)}" for name, value in request.headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self._protocol.dataReceived(head + cast(bytes, request.body))
        answer = HTTPResponse(cast(Any, _Socket(self._transport.value())))
        self._transport.clear()
        answer.begin()
        content = answer.read()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        check_answer(cast(bytes, request.body), Message(answer.status, headers, content))
        response = Response()
        response.status_code = answer.status
        response.reason = answer.reason
        response.headers = CaseInsensitiveDict(headers)
        response.raw = io.BytesIO(content)
        response.request = request
        return response

    def close(self) -> None:
        """Leave the connection to the garbage collector."""


class _Socket:
    """As much of a socket as ``HTTPResponse`` needs."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
