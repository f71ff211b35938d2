"""Servers as processes of their own, and what the system knows of them."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

PACKS: Final = Path(__file__).parent / "packs"
_START_TIMEOUT: Final = 300.0
_STOP_TIMEOUT: Final = 30.0
# Often enough not to show in a start of some hundred milliseconds, seldom enough to leave the processor to the server.
_POLL: Final = 0.002


class StartError(Exception):
    """A server did not come up."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers on ``port``."""

    pid: int
    port: int

    def memory(self, field: str = "VmRSS") -> float:
        """Return a figure of the process's memory in KiB."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith(f"{field}:")))

    def processor_time(self) -> float:
        """Return the seconds for which the main thread of the process has run."""
        text = Path(f"/proc/{self.pid}/task/{self.pid}/schedstat").read_text(encoding="ascii")
        return int(text.split()[0]) / 1e9


@contextmanager
def simulator(
    folder: Path,
    packs: Sequence[str | Path] = (),
    settings: Sequence[str] = (),
    *,
    cache: Path,
    options: Sequence[str] = (),
    profile: Path | None = None,
) -> Iterator[Server]:
    """Run ``cimsim serve``; ``settings`` are given as ``PACK.NAME=VALUE``, ``options`` are further arguments.

    ``profile``: the file for what cProfile says of it; None: it is not profiled.
    """
    settings = [argument for setting in settings for argument in ("--set", setting)]
    profiler = [] if profile is None else ["-m", "cProfile", "-o", str(profile)]
    command = [
        *profiler,
        "-m",
        "cimsim",
        "serve",
        *map(str, packs),
        *settings,
        *options,
        "--port",
        "0",
        "--cache-dir",
        str(cache),
    ]
    with _server(command, folder) as server:
        yield server


@contextmanager
def peer(folder: Path, module: str, *arguments: object) -> Iterator[Server]:
    """Run a peer, a module of this package that takes ``--ready-file`` as ``cimsim serve`` does."""
    with _server(["-m", f"tests.benchmarks.{module}", *map(str, arguments)], folder) as server:
        yield server


@contextmanager
def _server(command: Sequence[str], folder: Path) -> Iterator[Server]:
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, *command, "--ready-file", str(ready)], stdout=subprocess.DEVNULL)
    try:
        yield Server(process.pid, _port(process, ready, " ".join(command)))
    finally:
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _port(process: subprocess.Popen[bytes], ready: Path, name: str) -> int:
    until = time.monotonic() + _START_TIMEOUT
    while not ready.exists():
        if process.poll() is not None:
            raise StartError(f"{name} ended with status {process.returncode}")
        if time.monotonic() > until:
            raise StartError(f"{name} is not ready after {_START_TIMEOUT:.0f} s")
        time.sleep(_POLL)
    port = urlsplit(ready.read_text(encoding="ascii").splitlines()[0]).port
    if port is None:
        raise StartError(f"{ready} names no port")
    return port
