"""The wheel carries the mock packs: built, installed, it serves from there."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from pywbem import WBEMConnection

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


def test_the_wheel_holds_every_file_of_the_packs(wheel: Path) -> None:
    packed = {name.removeprefix("cimsim/") for name in zipfile.ZipFile(wheel).namelist() if name.startswith("cimsim/mocks/")}
    files = {path for path in (ROOT / "mocks").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert packed == {str(path.relative_to(ROOT)) for path in files}


def test_the_wheel_carries_its_type_information_and_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {"cimsim/packs/mof/qualifiers.mof", "cimsim/docs/conformance.md", "cimsim/control/console/pages/exchanges.js"}
    assert {"cimsim/py.typed", *data} <= names


def test_an_installed_wheel_serves_the_shipped_packs(wheel: Path, tmp_path: Path) -> None:
    """Dependencies are those that the tests run with; ``.ci/run`` installs the wheel with its own into an empty environment."""
    site = tmp_path / "site"
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target", site, wheel, cwd=tmp_path)
    (metadata,) = site.glob("*.dist-info")
    assert metadata.name.startswith("cimsim_wbem-")
    ready, cache = tmp_path / "ready", tmp_path / "cache"
    # What stands first on the path wins over the checkout, and without -m the current folder is not on it.
    start = f"import sys; sys.path.insert(0, {str(site)!r}); from cimsim.cli.main import main; main(prog_name='cimsim')"
    command: list[str | Path] = [
        sys.executable,
        "-P",
        "-c",
        start,
        "serve",
        "--port",
        "0",
        "--ready-file",
        ready,
        "--cache-dir",
        cache,
    ]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        try:
            deadline = time.monotonic() + 60
            while not ready.exists() and server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            with WBEMConnection(ready.read_text().splitlines()[0], None) as conn:
                names = conn.EnumerateClassNames("root/virtualization/v2", ClassName="Msvm_GuestService")
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=20)
    assert sorted(names) == ["Msvm_GuestCommunicationService", "Msvm_GuestFileService"]
    assert server.returncode == 0
    found = "import cimsim.mocks.hyperv.providers as module; print(module.__name__, module.__file__)"
    look = f"import sys; sys.path.insert(0, {str(site)!r}); {found}"
    name, file = run(sys.executable, "-P", "-c", look, cwd=tmp_path).split()
    assert name == "cimsim.mocks.hyperv.providers", "as in a checkout"
    assert Path(file).is_relative_to(site)
