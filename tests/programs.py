"""Programs in processes of their own that start in milliseconds: forked from one process that has imported what they need.

``Programs.start`` is to the tests what ``subprocess.Popen`` is: arguments, folder, environment, files and signals are those of
a process started from its beginning, and so is its end.
"""

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

ROOT: Final = Path(__file__).parent.parent
ENTRIES: Final = {"cimsim": "cimsim.cli.main:main", "pywbemcli": "pywbemtools.pywbemcli.pywbemcli:cli"}
# Modules that a program imports only once it is at work.
LATER: Final = {
    "cimsim": (
        "pywbem_mock",
        "twisted.internet.endpoints",
        "twisted.internet.epollreactor",
        "twisted.internet.ssl",
        "twisted.web.client",
        "twisted.web.server",
    ),
    "pywbemcli": ("pywbem_mock",),
}
# pywbemcli reads these when it is imported.
VARIABLES: Final = {"PYWBEMCLI_TERMWIDTH": "200", "PYWBEMTOOLS_TERMWIDTH": "200"}
_MAX_MESSAGE: Final = 2**20


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without settings of the simulator but the given ones."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CIMSIM_")}
    return inherited | {"PYTHONPATH": str(ROOT)} | dict(variables or {})


@dataclass(frozen=True)
class Finished:
    """What a program printed, and its exit status."""

    status: int
    out: str
    err: str


class Process:
    """A started program; its status is negative if a signal ended it, as with ``subprocess.Popen``.

    ``spend`` receives the seconds of CPU that it took, once its end is noticed.
    """

    def __init__(self, pid: int, ended: int, spend: Callable[[float], None]) -> None:
        self.pid = pid
        self._ended = ended
        self._spend = spend
        self._status: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, or None while the program runs."""
        return self._await(0)

    def wait(self, timeout: float) -> int:
        """Return the exit status; raise subprocess.TimeoutExpired after ``timeout`` seconds."""
        status = self._await(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the program has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the program at once."""
        self.send_signal(signal.SIGKILL)

    def _await(self, seconds: float) -> int | None:
        if self._status is None and select.select([self._ended], [], [], seconds)[0]:
            status, spent = os.read(self._ended, 64).split()
            self._status = int(status)
            self._spend(float(spent))
            os.close(self._ended)
        return self._status


def _ignore(_: float) -> None:
    """Take no notice of what a program spent."""


@dataclass
class Programs:
    """Starts programs; ``close`` ends them all.

    ``spend`` receives the seconds of CPU of each that has ended, and takes them back when ``close`` has waited for all.
    """

    spend: Callable[[float], None] = _ignore
    _spent: float = 0.0
    _sources: dict[str, tuple["subprocess.Popen[bytes]", socket.socket]] = field(default_factory=dict)
    _bytecode: "tempfile.TemporaryDirectory[str] | None" = None

    def start(
        self,
        name: str,
        *arguments: str | Path,
        cwd: Path = ROOT,
        variables: Mapping[str, str] | None = None,
        stdin: IO[Any] | int | None = None,
        stdout: IO[Any] | int,
        stderr: IO[Any] | int,
    ) -> Process:
        """Start a program with files that are open; without ``stdin`` there is nothing to read."""
        ended, end = os.pipe()
        wanted = {"arguments": list(map(str, arguments)), "cwd": str(cwd), "environment": environment(variables)}
        with Path(os.devnull).open("rb") as nothing:
            files = [nothing if stdin is None else stdin, stdout, stderr, end]
            numbers = [file if isinstance(file, int) else file.fileno() for file in files]
            source = self._source(name)
            socket.send_fds(source, [json.dumps(wanted).encode()], numbers)
        os.close(end)
        return Process(int(source.recv(16)), ended, self._count)

    def run(self, name: str, *arguments: str | Path, given: bytes = b"", timeout: float = 60, **options: Any) -> Finished:
        """Run a program to its end; ``given`` is what it reads."""
        with tempfile.TemporaryFile() as read, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            read.write(given)
            read.seek(0)
            process = self.start(name, *arguments, stdin=read, stdout=out, stderr=err, **options)
            try:
                status = process.wait(timeout)
            finally:
                process.kill()
            out.seek(0)
            err.seek(0)
            return Finished(status, out.read().decode(), err.read().decode())

    def close(self) -> None:
        """End what still runs."""
        for process, ours in self._sources.values():
            ours.close()
            process.wait(20)
        if self._bytecode:
            self._bytecode.cleanup()
        self.spend(-self._spent)

    def _count(self, seconds: float) -> None:
        self._spent += seconds
        self.spend(seconds)

    def _source(self, name: str) -> socket.socket:
        if name not in self._sources:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._bytecode = self._bytecode or tempfile.TemporaryDirectory()
            code = f"from tests.programs import keep; keep({name!r}, {theirs.fileno()}, {self._bytecode.name!r})"
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-c", code],
                    cwd=ROOT,
                    env=environment(VARIABLES),
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            self._sources[name] = process, ours
        return self._sources[name][1]


# In the process that forks


def keep(name: str, number: int, bytecode: str) -> None:
    """Import a program and fork it for each request that comes on a socket, until that is closed.

    Modules of packs are imported by each process anew: their bytecode is kept in the folder ``bytecode``.
    """
    module, _, function = ENTRIES[name].partition(":")
    entry = getattr(importlib.import_module(module), function)
    for each in (*_modules(module.partition(".")[0]), *LATER[name]):
        importlib.import_module(each)
    # It must be made by each process for itself.
    assert "twisted.internet.reactor" not in sys.modules
    requests = socket.socket(fileno=number)
    sys.pycache_prefix, sys.dont_write_bytecode = bytecode, False
    # What is imported stays for good; no process need look at it, not at its end either.
    gc.collect()
    gc.freeze()
    if child := _forked(requests):
        sys.argv = [name, *child["arguments"]]
        os.environ.clear()
        os.environ.update(child["environment"])
        os.chdir(child["cwd"])
        assert sys.stdout is not None
        sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr] # a file
        sys.exit(entry())


def _modules(package: str) -> list[str]:
    paths = importlib.import_module(package).__path__
    named = (module.name for module in pkgutil.walk_packages(paths, f"{package}."))
    return [name for name in named if package == "cimsim" and "__main__" not in name and ".mocks" not in name]


def _forked(requests: socket.socket) -> dict[str, Any] | None:
    """Return in a process that was forked what was requested, and None in the first once nobody will request more."""
    ends: dict[int, int] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    before = signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([requests.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _report(ends)
        if requests.fileno() not in ready:
            continue
        message, files, _, _ = socket.recv_fds(requests, _MAX_MESSAGE, 4)
        if not message:
            for pid in ends:
                os.kill(pid, signal.SIGKILL)
            return None
        pid = os.fork()
        if pid:
            ends[pid] = files.pop()
            for file in files:
                os.close(file)
            requests.send(b"%d" % pid)
            continue
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, before)
        # Whoever runs the tests in the background may ignore it, and so would the program.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for place, file in enumerate(files[:3]):
            os.dup2(file, place)
        for file in (*files, *ends.values(), woken, wake):
            os.close(file)
        requests.close()
        wanted: dict[str, Any] = json.loads(message)
        return wanted


def _report(ends: dict[int, int]) -> None:
    """Send the statuses of processes that have ended, and their seconds of CPU."""
    while ends:
        pid, status, usage = os.wait4(-1, os.WNOHANG)
        if not pid:
            return
        end = ends.pop(pid)
        os.write(end, b"%d %f" % (os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime))
        os.close(end)


def unexpected(errors: str) -> list[str]:
    """Return the lines on the standard error of a server that no test brings about: all but refused logins."""
    return [line for line in errors.splitlines() if "failed login from 127.0.0.1" not in line]
