"""The plugin of pytest, in runs of pytest of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEADER = "import pytest\n\n"


def run(tmp_path: Path, tests: str, *options: str) -> tuple[int, str]:
    """Run pytest over a module; return its status and what it printed."""
    (tmp_path / "test_it.py").write_text(HEADER + tests, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_fixtures_markers_reports_and_options(tmp_path: Path, cache_dir: Path) -> None:
    """One run for all: a process costs more than what it shows."""
    status, text = run(
        tmp_path,
        f"""
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
        "--cimsim-log=log.jsonl",
    )
    assert status == 1
    assert "3 passed, 1 failed, 1 warning, 3 errors" in text or "1 failed, 3 passed, 1 warning, 3 errors" in text
    assert "GetClass was expected 1 times, and called 0 times" in text
    assert "called was: EnumerateInstanceNames" in text
    assert "exchanges of cimsim" in text
    assert "UnusedFaultWarning" in text
    assert "there is no keyword cloc; did you mean clock" in text
    assert "interopp" in text
    assert "did you mean GetClass" in text
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["test"].partition("::")[2], line["calls"][0]["operation"]) for line in lines] == [
        ("test_passes", "EnumerateInstanceNames"),
        ("test_shows_exchanges", "EnumerateInstanceNames"),
    ]


def test_a_run_that_does_not_use_it_does_not_import_the_simulator(tmp_path: Path) -> None:
    modules = "not {'cimsim.testing', 'twisted', 'pywbem'} & set(sys.modules)"
    status, text = run(tmp_path, f"import sys\n\ndef test_it():\n    assert {modules}\n")
    assert status == 0, text


@pytest.mark.cimsim(packs=["interop"])
def test_the_session_fixture_is_shared(cimsim_session: object, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue("cimsim_session") is cimsim_session
