"""The examples of the page about testing are run as they stand there, in the order of the page."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PAGE: Final = (Path(__file__).parent.parent.parent / "cimsim" / "docs" / "testing.md").read_text(encoding="utf-8")
FILE: Final = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?\n)```\n", re.DOTALL)
RUN: Final = {
    "test_guest_services.py": [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_guest_services.py"],
    "test_with_unittest.py": [sys.executable, "-m", "unittest", "test_with_unittest"],
    "test_slow_services.py": [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_slow_services.py"],
    "test_faults.py": [sys.executable, "-m", "unittest", "test_faults"],
    "services.robot": [
        sys.executable,
        "-m",
        "robot",
        "--output",
        "NONE",
        "--log",
        "NONE",
        "--report",
        "NONE",
        "services.robot",
    ],
    "slow_stop.sh": ["bash", "-eu", "slow_stop.sh"],
}


def test_every_example_is_run_or_used_by_one() -> None:
    names = [name for name, _ in FILE.findall(PAGE)]
    others = ["try_a_slow_host.py", "CimsimLibrary.py", "simulator.py", "conftest.py"]
    assert [name for name in names if name not in RUN] == others
    assert set(RUN) <= set(names)
    assert (
        len(re.findall(r"^```(?:python|sh|robotframework)$", PAGE, re.MULTILINE)) == len(names) + 3
    )  # what is asked of a running server: cimsim clock, the commands, the client


@pytest.mark.longer
@pytest.mark.parametrize("name", RUN)
def test_an_example(name: str, tmp_path: Path, cache_dir: Path) -> None:
    for file, text in FILE.findall(PAGE):
        (tmp_path / file).write_text(text, encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("CIMSIM_", "PYWBEM", "PYTEST"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    done = subprocess.run(
        RUN[name],
        cwd=tmp_path,
        env={**kept, "PATH": path, "CIMSIM_CACHE_DIR": str(cache_dir), "XDG_CACHE_HOME": str(cache_dir)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if name == "slow_stop.sh":
        assert "Started = false;" in done.stdout


def test_the_plain_script(
    tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process: a start of Python costs more than what it shows."""
    monkeypatch.setattr("cimsim.simulation.loading.default_cache_dir", lambda: cache_dir)
    script = tmp_path / "try_a_slow_host.py"
    script.write_text(dict(FILE.findall(PAGE))[script.name], encoding="utf-8")
    runpy.run_path(str(script))
    called = "EnumerateInstanceNames, StopService, GetInstance, GetInstance"
    assert capsys.readouterr().out == f"stopping: 4, stopped: 3; called: {called}\n"
