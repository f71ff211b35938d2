"""``python -m tests.benchmarks.endurance``: many exchanges with one CIMOM must leave its memory as it was.

The first tenth fills what is bounded, such as the journal; after it memory may grow by 5 % until the end.
"""

import argparse
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cimsim.testing import Simulator
from tests.benchmarks.in_process import resident
from tests.benchmarks.plan import progress

COUNT: Final = 1_000_000
MAX_GROWTH: Final = 0.05
_SHOWN: Final = 1_000
_BODY: Final = (
    '<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="{number}" PROTOCOLVERSION="1.0">'
    '<SIMPLEREQ><IMETHODCALL NAME="EnumerateInstanceNames"><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/>'
    '<NAMESPACE NAME="interop"/></LOCALNAMESPACEPATH><IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_ObjectManager"/>'
    "</IPARAMVALUE></IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
)
_HEAD: Final = (
    "POST /cimom HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml; charset=utf-8\r\nContent-Length: {length}\r\n"
    "CIMOperation: MethodCall\r\nCIMMethod: EnumerateInstanceNames\r\nCIMObject: root/interop\r\n\r\n"
)


def grown(count: int, cache: Path) -> tuple[int, int]:
    """Return the resident bytes after a tenth of so many exchanges, and after all of them."""
    early = 0
    with Simulator("interop", clock="manual", cache_dir=cache) as simulator:
        parts = urlsplit(simulator.url)
        with socket.create_connection((parts.hostname, parts.port or 0), timeout=20) as connection:
            for number in range(count):
                body = _BODY.format(number=number).encode()
                connection.sendall(_HEAD.format(length=len(body)).encode() + body)
                answer = b""
                while not answer.rstrip().endswith(b"</CIM>"):
                    answer += connection.recv(65536)
                if number == count // 10:
                    early = resident()
                if number % _SHOWN == 0:
                    progress(f"{number:,} of {count:,} exchanges")
        return early, resident()


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.endurance")
    parser.add_argument("--count", type=int, default=COUNT, help="how many exchanges; default: %(default)s")
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        early, late = grown(count, Path(folder))
    growth = late / early - 1
    sys.stdout.write(
        f"{early / 2**20:.1f} MiB after {count // 10:,} exchanges, {late / 2**20:.1f} MiB after {count:,}: {growth:+.1%}\n"
    )
    return int(growth > MAX_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
