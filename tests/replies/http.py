"""What every HTTP answer must be, and a relay that records what programs exchange with a server.

A broken rule raises an AssertionError that begins with its identifier.
"""

import contextlib
import re
import socket
import socketserver
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httptools
from lxml import etree

from tests.replies.check import check_reply
from tests.replies.operations import check_exchange

_OK: Final = 200
_CIM_ERRORS: Final = frozenset(
    {
        "unsupported-protocol-version",
        "multiple-requests-unsupported",
        "unsupported-cim-version",
        "unsupported-dtd-version",
        "request-not-valid",
        "request-not-well-formed",
        "request-not-loosely-valid",
        "header-mismatch",
        "unsupported-operation",
    }
)
_OF_REQUESTS: Final = frozenset({"cimmethod", "cimobject", "cimbatch", "cimexport", "cimexportmethod", "cimexportbatch"})


@dataclass
class Message:
    """An HTTP request or response: the status is 0 for a request, names of headers are in lower case."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def check_answer(request: bytes, answer: Message) -> None:
    """Assert that the answer to the body of a request is right from its status to its last element."""
    headers = _without_prefix(answer.headers)
    assert not _OF_REQUESTS & set(headers), "HC15"
    assert headers.get("cimerror", "request-not-valid") in _CIM_ERRORS, "HE10"
    assert all(name == name.strip() and re.fullmatch(r"[\x20-\xff]*", text) for name, text in headers.items()), "SEC5"
    if "transfer-encoding" not in headers:
        assert int(headers["content-length"]) == len(answer.body), "H27, H32"
    assert "content-encoding" not in headers, "H36"
    if answer.status == _OK and answer.body:
        assert "cimerror" not in headers, "HE10"
        assert headers["cimoperation"] == "MethodResponse", "H27"
        assert re.fullmatch(r'(application|text)/xml; ?charset="?utf-8"?', headers["content-type"]), "H26"
        assert headers["cache-control"] == "no-cache", "H28"
        assert headers["wbemserverresponsetime"].isdecimal(), "H29"
        check_reply(answer.body)
        check_exchange(request, etree.fromstring(answer.body))
    else:
        assert "cimoperation" not in headers, "H27"
        assert "<CIM" not in answer.body.decode(), "HE10"


def _without_prefix(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an answer to M-POST as those of POST have them (rule H7)."""
    prefix = re.search(r"ns=(\d\d)", headers.get("man", ""))
    return {name.removeprefix(f"{prefix[1]}-") if prefix else name: text for name, text in headers.items()}


# What programs exchange


class _Collector:
    """Collects the messages that httptools finds in a stream."""

    def __init__(self, response: bool) -> None:
        self.messages: list[Message] = []
        self._parser: Any = (httptools.HttpResponseParser if response else httptools.HttpRequestParser)(self)
        self._response = response

    def feed(self, data: bytes) -> list[Message]:
        """Return the complete messages of a stream, 100 Continue aside."""
        self._parser.feed_data(data)
        return [message for message in self.messages if message.status != 100]

    def on_message_begin(self) -> None:
        self._current = Message()

    def on_header(self, name: bytes, value: bytes) -> None:
        known = self._current.headers.get(name.decode().lower())
        text = value.decode("latin-1")
        self._current.headers[name.decode().lower()] = text if known is None else f"{known}, {text}"

    def on_body(self, body: bytes) -> None:
        self._current.body += body

    def on_message_complete(self) -> None:
        if self._response:
            self._current.status = self._parser.get_status_code()
        self.messages.append(self._current)


class _Pump(socketserver.BaseRequestHandler):
    """One connection: what either side sends reaches the other as it is, and is kept."""

    def handle(self) -> None:
        relay = cast("Relay", self.server)
        asked, answered = bytearray(), bytearray()
        with socket.create_connection(relay.target) as upstream:
            back = threading.Thread(target=_copy, args=(upstream, self.request, answered))
            back.start()
            _copy(self.request, upstream, asked)
            back.join()
        relay.streams.append((bytes(asked), bytes(answered)))


def _copy(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    # A client that has what it wants may vanish before the server has said everything.
    with contextlib.suppress(ConnectionError):
        while data := source.recv(65536):
            kept += data
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Relay(socketserver.ThreadingTCPServer):
    """Stands between programs and a server; ``url`` is where programs find it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self.target = (parts.hostname, parts.port)
        self.streams: list[tuple[bytes, bytes]] = []
        super().__init__(("localhost", 0), _Pump)
        user = parts.netloc.rpartition("@")
        self.url = f"{parts.scheme}://{user[0]}{user[1]}{parts.hostname}:{self.server_address[1]}"

    def check(self) -> int:
        """Assert that every answer was right; return how many there were."""
        checked = 0
        for asked, answered in self.streams:
            requests, answers = _Collector(response=False).feed(asked), _Collector(response=True).feed(answered)
            for request, answer in zip(requests, answers, strict=False):
                check_answer(request.body, answer)
                checked += 1
        return checked


@contextlib.contextmanager
def relayed(url: str) -> Iterator[str]:
    """Put a relay before a server; at the end every answer that passed it is checked, and there must have been one."""
    relay = Relay(url)
    serving = threading.Thread(target=relay.serve_forever, args=(0.01,))
    serving.start()
    try:
        yield relay.url
    finally:
        relay.shutdown()
        serving.join()
        relay.server_close()
    assert relay.check(), "nothing was asked"
