"""The plugin of pytest, in runs of pytest of its own."""

import json
from pathlib import Path
from typing import Any

import pytest

HEADER = "import pytest\n\n"


@pytest.fixture
def imported(make_cimsim: Any) -> None:
    """Import what a CIMOM needs: modules that a run of pytest in this process imports first are gone after it."""
    with make_cimsim("interop").connect("root/interop") as connection:
        connection.EnumerateInstanceNames("CIM_ObjectManager")


@pytest.mark.longer
@pytest.mark.usefixtures("imported")
def test_fixtures_markers_reports_and_options(pytester: pytest.Pytester, cache_dir: Path) -> None:
    pytester.makepyfile(
        test_it=f"""import pytest

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
"""
    )
    options = ("-p", "no:cacheprovider", "-p", "no:xdist", "-W", "default", "--cimsim-log=log.jsonl")
    done = pytester.runpytest_inprocess("-q", *options)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    text = done.stdout.str()
    assert "3 passed, 1 failed, 1 warning, 3 errors" in text or "1 failed, 3 passed, 1 warning, 3 errors" in text
    assert "GetClass was expected 1 times, and called 0 times" in text
    assert "called was: EnumerateInstanceNames" in text
    assert "exchanges of cimsim" in text
    assert "UnusedFaultWarning" in text
    assert "there is no keyword cloc; did you mean clock" in text
    assert "interopp" in text
    assert "did you mean GetClass" in text
    lines = [json.loads(line) for line in (pytester.path / "log.jsonl").read_text().splitlines()]
    assert [(line["test"].partition("::")[2], line["calls"][0]["operation"]) for line in lines] == [
        ("test_passes", "EnumerateInstanceNames"),
        ("test_shows_exchanges", "EnumerateInstanceNames"),
    ]


@pytest.mark.cimsim(packs=["interop"])
def test_the_session_fixture_is_shared(cimsim_session: object, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue("cimsim_session") is cimsim_session
