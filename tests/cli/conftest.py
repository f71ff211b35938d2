"""The command ``cimsim`` as a user runs it: to its end, or serving until a signal comes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

import pytest

ROOT: Final = Path(__file__).parent.parent.parent


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Return the environment without settings of the simulator but the given ones."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CIMSIM_")}
    return inherited | {"PYTHONPATH": str(ROOT)} | variables


@dataclass(frozen=True)
class Finished:
    """What the command printed, and its exit status."""

    status: int
    out: str
    err: str


Cimsim = Callable[..., Finished]


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for compiled packs that all tests share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def cimsim(cache_dir: Path, tmp_path: Path) -> Cimsim:
    """Run ``cimsim`` in an empty folder until it ends."""

    def run(*arguments: str | Path, **variables: str) -> Finished:
        command = [sys.executable, "-m", "cimsim", *map(str, arguments)]
        variables = {"CIMSIM_CACHE_DIR": str(cache_dir), **variables}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(variables), capture_output=True, text=True, timeout=60, check=False
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


@dataclass
class Serving:
    """A running ``cimsim serve`` that has announced its URL."""

    process: "subprocess.Popen[str]"
    lines: list[str]
    url: str
    errors: IO[Any]

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; return the exit status and what stood on standard error."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(20)
        self.errors.seek(0)
        return status, self.errors.read()


Serve = Callable[..., Serving]


@pytest.fixture
def serve(cache_dir: Path, tmp_path: Path) -> Iterator[Serve]:
    """Start ``cimsim serve`` in an empty folder and wait until it announces its URL; at the end it must stop in good order."""
    with ExitStack() as stack:

        def start(*arguments: str | Path, **variables: str) -> Serving:
            errors = stack.enter_context((tmp_path / f"stderr{len(list(tmp_path.iterdir()))}").open("w+"))
            command = [sys.executable, "-m", "cimsim", "serve", *map(str, arguments)]
            variables = {"CIMSIM_CACHE_DIR": str(cache_dir), "CIMSIM_PORT": "0", **variables}
            process = subprocess.Popen(
                command, cwd=tmp_path, env=environment(variables), stdout=subprocess.PIPE, stderr=errors, text=True
            )
            assert process.stdout is not None
            stack.enter_context(process.stdout)
            serving = Serving(process, [], "", errors)
            stack.callback(_must_stop, serving)
            for line in process.stdout:
                serving.lines.append(line.rstrip("\n"))
                if line.startswith("listening on "):
                    serving.url = line.split()[2]
                    break
            assert serving.url, serving.stop()
            return serving

        yield start


def _must_stop(serving: Serving) -> None:
    assert serving.stop() == (0, "")
