"""The command ``cimsim`` as a user runs it: to its end, or serving until a signal comes."""

import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import pytest

from cimsim.cli.main import main
from tests.programs import Finished, Process, Programs, environment, unexpected

Cimsim = Callable[..., Finished]


@pytest.fixture
def cimsim(programs: Programs, cache_dir: Path, tmp_path: Path) -> Cimsim:
    """Run ``cimsim`` in an empty folder until it ends; ``given`` is what it reads, other keywords are variables.

    What could go on serving runs in a process of its own, all else in this one.
    """

    def run(*arguments: str | Path, given: bytes = b"", **variables: str) -> Finished:
        variables = {"CIMSIM_CACHE_DIR": str(cache_dir), **variables}
        if arguments[0] == "serve":
            return programs.run("cimsim", *arguments, given=given, cwd=tmp_path, variables=variables)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            return _run_here(patch, list(map(str, arguments)), given, variables)

    return run


def _run_here(patch: pytest.MonkeyPatch, arguments: list[str], given: bytes, variables: dict[str, str]) -> Finished:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    for name in set(os.environ) - set(environment()):
        patch.delenv(name)
    for name, value in variables.items():
        patch.setenv(name, value)
    patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
    patch.setattr("sys.stdout", out)
    patch.setattr("sys.stderr", err)
    with pytest.raises(SystemExit) as end:
        main(arguments, "cimsim")
    written = [file.buffer.getvalue().decode() for file in (out, err)]
    return Finished(_status(end.value.code), *written)


def _status(code: Any) -> int:
    return code if isinstance(code, int) else int(code is not None)


@dataclass
class Serving:
    """A running ``cimsim serve`` that has announced its URL."""

    process: Process
    lines: list[str]
    url: str
    output: IO[str]
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
def serve(programs: Programs, cache_dir: Path, tmp_path: Path) -> Iterator[Serve]:
    """Start ``cimsim serve`` in an empty folder and wait until it announces its URL; at the end it must stop in good order."""
    with ExitStack() as stack:

        def start(*arguments: str | Path, **variables: str) -> Serving:
            errors = stack.enter_context((tmp_path / f"stderr{len(list(tmp_path.iterdir()))}").open("w+"))
            variables = {"CIMSIM_CACHE_DIR": str(cache_dir), "CIMSIM_PORT": "0", **variables}
            shown, out = os.pipe()
            output = stack.enter_context(os.fdopen(shown))
            process = programs.start(
                "cimsim", "serve", *arguments, cwd=tmp_path, variables=variables, stdout=out, stderr=errors
            )
            os.close(out)
            serving = Serving(process, [], "", output, errors)
            stack.callback(_must_stop, serving)
            for line in output:
                serving.lines.append(line.rstrip("\n"))
                if "listening on " in line:
                    serving.url = line.split()[-1]
                    break
            assert serving.url, serving.stop()
            return serving

        yield start


def _must_stop(serving: Serving) -> None:
    status, errors = serving.stop()
    assert (status, unexpected(errors)) == (0, [])
