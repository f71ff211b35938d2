"""A listener that takes every indication at once, and counts them; the answers do not look at what came.

The count stands in a file, so that another process can read it.
"""

import argparse
import asyncio
import re
from pathlib import Path
from typing import Final

from tests.benchmarks.ready import announce

ANSWER: Final = (
    '<?xml version="1.0" encoding="utf-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.4"><MESSAGE ID="{}" PROTOCOLVERSION="1.4">'
    '<SIMPLEEXPRSP><EXPMETHODRESPONSE NAME="ExportIndication"/></SIMPLEEXPRSP></MESSAGE></CIM>'
)
_LENGTH: Final = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)
_MESSAGE: Final = re.compile(rb'<MESSAGE ID="(\d+)"')


class Listener:
    """Answers, and counts its answers in a file."""

    def __init__(self, counted: Path) -> None:
        self._counted = counted
        self._count = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        message = _MESSAGE.search(body)
        answer = ANSWER.format(message[1].decode("ascii") if message else "").encode("ascii")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
        await writer.drain()
        writer.close()
        self._count += 1
        self._counted.write_text(f"{self._count}\n", encoding="ascii")


async def main() -> None:
    """Listen until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("counted", type=Path)
    parser.add_argument("--ready-file", type=Path, required=True)
    options = parser.parse_args()
    options.counted.write_text("0\n", encoding="ascii")
    server = await asyncio.start_server(Listener(options.counted).serve, "127.0.0.1", 0, backlog=1000)
    announce(options.ready_file, server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
