"""What is imported only by those who need it: one process for all, in which each step adds to what is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from cimsim.packs.load import load

ROOT: Final = Path(__file__).parent.parent
MOF: Final = """
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
class T_Thing { [Key] string Name; };
instance of T_Thing { Name = "one"; };
"""
PROGRAM: Final = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
import pytest

imported = {}

def step(name):
    imported[name] = [each for each in sys.modules if each.startswith(("cimsim", "pywbem", "twisted"))]

assert pytest.main(["-q", "-p", "cimsim.pytest_plugin", "-p", "no:cacheprovider", "test_it.py"]) == 0
step("a run of pytest that does not use the plugin")
from cimsim.packs.load import load
load([Path("things.mof")], cache_dir=Path("cache"), now=0.0)
step("a pack that is in the cache")
load([Path("things.mof")], cache_dir=None, now=0.0)
step("a pack that is compiled")
from cimsim.simulation.endpoint import DeliveryOptions, HttpSender
later = []
sender = HttpSender(SimpleNamespace(callLater=lambda *call: later.append(call)), DeliveryOptions())
sender.prepare()
step("a subscription that was just made")
later[0][1]()
step("a subscription")
Path("imported.json").write_text(json.dumps(imported))
"""
Imported = dict[str, set[str]]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """The modules of ours, pywbem's and Twisted's that are imported after each step."""
    folder = tmp_path_factory.mktemp("imports")
    (folder / "test_it.py").write_text("def test_it():\n    pass\n")
    (folder / "things.mof").write_text(MOF)
    load([folder / "things.mof"], cache_dir=folder / "cache", now=0.0)
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {step: set(names) for step, names in json.loads((folder / "imported.json").read_text()).items()}


@pytest.mark.longer
def test_a_run_of_pytest_that_does_not_use_the_plugin_does_not_import_the_simulator(imported: Imported) -> None:
    names = imported["a run of pytest that does not use the plugin"]
    assert "cimsim.pytest_plugin" in names
    assert not {"cimsim.testing", "twisted", "pywbem"} & names


@pytest.mark.longer
def test_a_pack_in_the_cache_needs_nothing_that_compiles(imported: Imported) -> None:
    names = imported["a pack that is in the cache"]
    assert "cimsim.packs.load" in names
    assert not {"cimsim.packs.mof.pack_compiler", "cimsim.packs.mof.mof_parser", "twisted"} & names


def test_a_pack_in_the_cache_needs_no_queries(imported: Imported) -> None:
    names = imported["a pack that is in the cache"]
    assert "cimsim.providers" in names
    assert not {"cimsim.query.parse", "cimsim.operations.queries", "cimsim.cimom.fault_rule_parser"} & names


def test_a_pack_without_a_script_needs_no_pywbem_mock(imported: Imported) -> None:
    names = imported["a pack that is compiled"]
    assert "cimsim.packs.mof.pack_compiler" in names
    assert "pywbem_mock" not in names


def test_the_client_of_deliveries_is_imported_after_the_answer_to_a_subscription(imported: Imported) -> None:
    assert "twisted.web.client" not in imported["a subscription that was just made"]
    assert "twisted.web.client" in imported["a subscription"]
