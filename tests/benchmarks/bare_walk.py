"""The peer for costs: httptools in a Protocol of Twisted, lxml, and one walk over the tree; the answer is always the same."""

import argparse
from pathlib import Path
from typing import Any

import httptools
from lxml import etree
from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol

from tests.benchmarks.ready import announce


class Walking(Protocol):
    """Answers every request with ``answer``, after looking at each element of its body and at its attributes."""

    answer: bytes

    def connectionMade(self) -> None:
        """Begin to read."""
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Walk, and answer."""
        tree = etree.fromstring(b"".join(self._body))
        self._body.clear()
        for element in tree.iter():
            _ = element.tag, dict(element.attrib), element.text
        transport: Any = self.transport
        transport.write(self.answer)


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--length", type=int, required=True)
    parser.add_argument("--ready-file", type=Path, required=True)
    options = parser.parse_args()
    body = b"<".ljust(options.length, b"x")
    head = f'HTTP/1.1 200 OK\r\nContent-Type: application/xml; charset="utf-8"\r\nContent-Length: {len(body)}\r\n\r\n'
    answering = type("Answering", (Walking,), {"answer": head.encode() + body})
    running: Any = reactor
    factory: Any = Factory
    port = running.listenTCP(0, factory.forProtocol(answering), interface="127.0.0.1")
    running.callWhenRunning(announce, options.ready_file, port.getHost().port)
    running.run()


if __name__ == "__main__":
    main()
