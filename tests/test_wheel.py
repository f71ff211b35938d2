"""The wheel carries the mock packs: built, installed, it serves from there."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CIMSIM"))}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.longer
def test_the_wheel_holds_every_file_of_the_packs(wheel: Path) -> None:
    packed = {name.removeprefix("cimsim/") for name in zipfile.ZipFile(wheel).namelist() if name.startswith("cimsim/mocks/")}
    files = {path for path in (ROOT / "mocks").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert packed == {str(path.relative_to(ROOT)) for path in files}


@pytest.mark.longer
def test_the_wheel_carries_its_type_information_and_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {"cimsim/packs/mof/qualifiers.mof", "cimsim/docs/conformance.md", "cimsim/control/console/pages/exchanges.js"}
    assert {"cimsim/py.typed", *data} <= names


@pytest.mark.longer
def test_an_unpacked_wheel_loads_the_shipped_packs(wheel: Path, cache_dir: Path, tmp_path: Path) -> None:
    """Installed is no more than unpacked; ``.ci/run`` installs the wheel into an empty environment and checks a pack there."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    (metadata,) = site.glob("*.dist-info")
    assert metadata.name.startswith("cimsim_wbem-")
    # What stands first on the path wins over the checkout, and without -m the current folder is not on it.
    program = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(site)!r})
from cimsim.packs.load import load
schema = load(["hyperv"], cache_dir=Path({str(cache_dir)!r}), now=0.0).world.namespace("root/virtualization/v2").schema
print(*(cls.name for cls in schema.direct_subclasses("Msvm_GuestService")))
module = sys.modules["cimsim.mocks.hyperv.providers"]
print(module.__name__, module.__file__)
"""
    classes, module = run(sys.executable, "-P", "-c", program, cwd=tmp_path).splitlines()
    assert sorted(classes.split()) == ["Msvm_GuestCommunicationService", "Msvm_GuestFileService"]
    name, file = module.split()
    assert name == "cimsim.mocks.hyperv.providers", "as in a checkout"
    assert Path(file).is_relative_to(site)
