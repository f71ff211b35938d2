"""The wheel carries the mock packs: built, installed into an empty environment, it serves from there."""

import os
import signal
import subprocess
import sys
import time
import venv
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


def test_the_wheel_holds_every_file_of_the_packs(wheel: Path) -> None:
    packed = {name.removeprefix("cimsim/") for name in zipfile.ZipFile(wheel).namelist() if name.startswith("cimsim/mocks/")}
    files = {path for path in (ROOT / "mocks").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert packed == {str(path.relative_to(ROOT)) for path in files}


def test_the_wheel_carries_its_type_information_and_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {"cimsim/packs/qualifiers.mof", "cimsim/docs/conformance.md"}
    assert {"cimsim/py.typed", *data} <= names


def test_an_installed_wheel_serves_the_shipped_packs(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    run(environment / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=tmp_path)
    ready = tmp_path / "ready"
    program, cache = environment / "bin" / "cimsim", tmp_path / "cache"
    command: list[str | Path] = [program, "serve", "--port", "0", "--ready-file", ready, "--cache-dir", cache]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        try:
            deadline = time.monotonic() + 60
            while not ready.exists() and server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            names = run(
                environment / "bin" / "python",
                "-c",
                "import pywbem, cimsim.mocks.hyperv.behaviours as module; print(module.__name__, module.__file__);"
                f"c = pywbem.WBEMConnection({ready.read_text().strip()!r}, None);"
                "print(*sorted(c.EnumerateClassNames('root/virtualization/v2', ClassName='Msvm_GuestService')))",
                cwd=tmp_path,
            )
        finally:
            server.send_signal(signal.SIGTERM)
            output, _ = server.communicate(timeout=20)
    module, names = names.split("\n", 1)
    name, file = module.split()
    assert name == "cimsim.mocks.hyperv.behaviours", "as in a checkout"
    assert Path(file).is_relative_to(environment)
    assert names.split() == ["Msvm_GuestCommunicationService", "Msvm_GuestFileService"]
    assert server.returncode == 0
    assert str(environment) in output
    assert str(ROOT) not in output
