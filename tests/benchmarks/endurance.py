"""``python -m tests.benchmarks.endurance``: many exchanges with one CIMOM must leave its memory as it was.

Reads, writes, methods and errors in turn, no two messages alike, pipelined over one connection to a CIMOM in this process. The
first tenth fills what is bounded, such as the journal; after it memory may grow by 5 % until the end.
"""

import argparse
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cimsim.testing import Simulator
from tests.benchmarks.client import BUFFER, BadAnswerError
from tests.benchmarks.costs import SMALL, new_small, small, thing
from tests.benchmarks.in_process import resident
from tests.benchmarks.messages import class_name, extrinsic, intrinsic
from tests.benchmarks.packs.guests.providers import CLASS as GUEST_CLASS
from tests.benchmarks.packs.guests.providers import NAMESPACE as GUESTS
from tests.benchmarks.packs.guests.providers import WEB01
from tests.benchmarks.packs.things.providers import CLASS, NAMESPACE
from tests.benchmarks.plan import progress
from tests.benchmarks.processes import PACKS
from tests.benchmarks.rates import get_keys

COUNT: Final = 1_000_000
MAX_GROWTH: Final = 0.05
_SHOWN: Final = 1_000
_TOGETHER: Final = 40
_TIMEOUT: Final = 60.0
_END: Final = b"</CIM>"
_THINGS: Final = 100
_ID: Final = b'ID="1001"'
_NEXT_ID: Final = b'ID="%04d"'
_IDS: Final = 9_000


def grown(count: int, cache: Path) -> tuple[int, int]:
    """Return the resident bytes after a tenth of so many exchanges, and after all of them."""
    early = 0
    packs = PACKS / "things", PACKS / "guests"
    with Simulator(*packs, settings={"things.count": _THINGS}, clock="manual", cache_dir=cache) as simulator:
        with socket.create_connection(("127.0.0.1", urlsplit(simulator.url).port or 0), timeout=_TIMEOUT) as connection:
            done, requests = 0, exchanges()
            while done < count:
                ask(connection, list(islice(requests, _TOGETHER)))
                done += _TOGETHER
                if not early and done >= count // 10:
                    early = resident()
                if done % _SHOWN == 0:
                    progress(f"{done:,} of {count:,} exchanges")
        return early, resident()


def ask(connection: socket.socket, requests: Sequence[bytes]) -> None:
    """Send requests, and read as many answers.

    Raises:
        BadAnswerError: the server closed the connection.
    """
    connection.sendall(b"".join(requests))
    answers = bytearray()
    while answers.count(_END) < len(requests):
        data = connection.recv(BUFFER)
        if not data:
            raise BadAnswerError(f"the server closed the connection after {bytes(answers[-300:])!r}")
        answers += data


def exchanges() -> Iterator[bytes]:
    """Yield requests without end; the same one comes again only after many others, with another ID."""
    number = 0
    while True:
        for request in _round(number):
            yield request.replace(_ID, _NEXT_ID % (1_000 + number % _IDS), 1)
            number += 1


def _round(number: int) -> Iterator[bytes]:
    identifier = f"thing-{number % _THINGS:06}"
    yield intrinsic("GetInstance", NAMESPACE, {"InstanceName": thing(number % _THINGS)})
    yield intrinsic("EnumerateInstances", NAMESPACE, {"ClassName": class_name(SMALL)})
    yield intrinsic("GetInstance", NAMESPACE, {"InstanceName": small(number)})
    yield intrinsic("CreateInstance", NAMESPACE, {"NewInstance": new_small(number)})
    yield extrinsic("Echo", NAMESPACE, CLASS, {"Id": identifier}, {"Text": f"text {number}"})
    yield intrinsic("DeleteInstance", NAMESPACE, {"InstanceName": small(number)})
    for method in ("StopService", "StartService"):
        yield extrinsic(method, GUESTS, GUEST_CLASS, get_keys(WEB01))


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.endurance")
    parser.add_argument("--count", type=int, default=COUNT, help="how many exchanges; default: %(default)s")
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        early, late = grown(count, Path(folder))
    growth = late / early - 1
    sys.stdout.write(
        f"{early / 2**20:.1f} MiB after {count // 10:,} exchanges, {late / 2**20:.1f} MiB after {count:,}: {growth:+.1%}, "
        f"{'more than' if growth > MAX_GROWTH else 'within'} {MAX_GROWTH:.0%}\n"
    )
    return int(growth > MAX_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
