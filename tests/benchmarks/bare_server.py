"""The peer for request rates: a twisted.web resource that parses the body with lxml and answers always the same."""

import argparse
from pathlib import Path
from typing import Any

from lxml import etree
from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site

from tests.benchmarks.ready import announce


class Constant(Resource):
    """Answers every POST with an answer of ``length`` bytes."""

    isLeaf = True  # noqa: N815 - twisted.web's name

    def __init__(self, length: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # twisted.web is not annotated
        self.answer = b"<".ljust(length, b"x")

    def render_POST(self, request: Any) -> bytes:
        """Parse the body and forget it."""
        etree.fromstring(request.content.read())
        request.setHeader(b"Content-Type", b'application/xml; charset="utf-8"')
        return self.answer


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--length", type=int, required=True)
    parser.add_argument("--ready-file", type=Path, required=True)
    options = parser.parse_args()
    running: Any = reactor
    site: Any = Site
    port = running.listenTCP(0, site(Constant(options.length)), interface="127.0.0.1")
    running.callWhenRunning(announce, options.ready_file, port.getHost().port)
    running.run()


if __name__ == "__main__":
    main()
