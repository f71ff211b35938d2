"""The plugin of pytest, in runs of pytest of its own."""

import json
import os
import subprocess
import sys
import warnings
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from cimsim.pytest_plugin import UnusedFaultWarning


class Recorder:
    """Keeps what a run of pytest reports."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.text = ""
        self.warnings: list[type[Warning]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.partition("::")[2]
        if report.when == "call" or report.failed:
            self.outcomes[name] = report.outcome if report.when == "call" else "error"
        self.text += "\n".join([report.longreprtext, *(f"{title}\n{body}" for title, body in report.sections)])

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        self.warnings.append(warning_message.category)


def test_fixtures_markers_reports_and_options(tmp_path: Path, cache_dir: Path) -> None:
    """One run for all, in this process: a start of pytest costs more than what it shows."""
    file = tmp_path / "test_it.py"
    file.write_text(
        f"""
import pytest

pytestmark = pytest.mark.cimsim(packs=["interop"], cache_dir={str(cache_dir)!r})

def test_passes(cimsim, cimsim_connection):
    assert cimsim_connection.EnumerateInstanceNames("CIM_ObjectManager")
    assert cimsim.expect("EnumerateInstanceNames").once()

def test_shows_exchanges(cimsim, cimsim_connection):
    cimsim_connection.EnumerateInstanceNames("CIM_ObjectManager")
    cimsim.expect("GetClass").once()

@pytest.mark.cimsim(faults=[{{"operation": "GetClass", "error": [1, "busy"]}}])
def test_an_unused_rule(cimsim):
    pass

@pytest.mark.cimsim(cloc="manual")
def test_a_wrong_keyword(cimsim):
    pass

@pytest.mark.cimsim(packs=["interopp"])
def test_a_pack_that_is_not_there(cimsim):
    pass

@pytest.mark.cimsim(faults=[{{"operation": "GetClas", "error": 1}}])
def test_a_wrong_rule(cimsim):
    pass

def test_two(make_cimsim):
    first, second = (make_cimsim("interop", cache_dir={str(cache_dir)!r}) for _ in range(2))
    assert first.url != second.url
    assert first.world is second.world
""",
        encoding="utf-8",
    )
    log = tmp_path / "log.jsonl"
    run = Recorder()
    options = ("-Wdefault", "-s", "-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist", f"--cimsim-log={log}")
    assert pytest.main([*options, f"--rootdir={tmp_path}", str(file)], plugins=[run]) == 1
    assert run.outcomes == {
        "test_passes": "passed",
        "test_shows_exchanges": "failed",
        "test_an_unused_rule": "passed",
        "test_a_wrong_keyword": "error",
        "test_a_pack_that_is_not_there": "error",
        "test_a_wrong_rule": "error",
        "test_two": "passed",
    }
    assert run.warnings == [UnusedFaultWarning]
    text = run.text
    assert "GetClass was expected 1 times, and called 0 times" in text
    assert "called was: EnumerateInstanceNames" in text
    assert "exchanges of cimsim" in text
    assert "there is no keyword cloc; did you mean clock" in text
    assert "interopp" in text
    assert "did you mean GetClass" in text
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [(line["test"].partition("::")[2], line["calls"][0]["operation"]) for line in lines] == [
        ("test_passes", "EnumerateInstanceNames"),
        ("test_shows_exchanges", "EnumerateInstanceNames"),
    ]


def test_pytest_finds_it() -> None:
    assert [each.value for each in entry_points(group="pytest11", name="cimsim")] == ["cimsim.pytest_plugin"]


def test_a_run_that_does_not_use_it_does_not_import_the_simulator(tmp_path: Path) -> None:
    modules = "not {'cimsim.testing', 'twisted', 'pywbem'} & set(sys.modules)"
    (tmp_path / "test_it.py").write_text(f"import sys\n\ndef test_it():\n    assert {modules}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "cimsim.pytest_plugin", "test_it.py"]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.cimsim(packs=["interop"])
def test_the_session_fixture_is_shared(cimsim_session: object, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue("cimsim_session") is cimsim_session
