"""``cimsim serve --schema``: a schema of the user's own, read by a client."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pywbem import WBEMConnection

from tests.benchmarks.synthetic import write_schema

if TYPE_CHECKING:
    from tests.cli.conftest import Cimsim, Serve

CLASSES = 40


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    folder = tmp_path / "schema"
    folder.mkdir()
    write_schema(folder, CLASSES)
    return folder


@pytest.mark.longer
def test_a_client_reads_the_schema(serve: "Serve", schema: Path, tmp_path: Path) -> None:
    """OP-EC-1, OP-ECN-1, OP-GC-1: all classes, compiled from a folder, from the cache, and from an archive."""
    archive = Path(shutil.make_archive(str(tmp_path / "own"), "zip", schema))
    answers = []
    for own in (schema, schema, archive):
        running = serve("interop", "--schema", own)
        assert f"root/cimv2: {CLASSES} classes, 0 instances" in running.lines
        with WBEMConnection(running.url, None, default_namespace="root/cimv2") as conn:
            names = conn.EnumerateClassNames(DeepInheritance=True)
            classes = conn.EnumerateClasses(DeepInheritance=True, LocalOnly=False, IncludeClassOrigin=True)
            one = conn.GetClass("Bench_Element2100", LocalOnly=False)
        running.stop()
        assert (len(classes), [cls.classname for cls in classes]) == (CLASSES, names)
        assert [name for name, prop in one.properties.items() if "Key" in prop.qualifiers] == ["InstanceID"]
        answers.append([cls.tocimxmlstr() for cls in classes])
    assert all(answer == answers[0] for answer in answers)


def test_instances_of_the_schema(serve: "Serve", schema: Path, tmp_path: Path) -> None:
    (tmp_path / "things.mof").write_text('instance of Bench_Element5200 { InstanceID = "one"; P25_0 = NULL; };\n')
    running = serve("things.mof", "--schema", schema, "--namespace", "root/own")
    with WBEMConnection(running.url, None, default_namespace="root/own") as conn:
        (one,) = conn.EnumerateInstances("Bench_Element0000")
        assert (one.classname, one["InstanceID"]) == ("Bench_Element5200", "one")
        (name,) = conn.EnumerateInstanceNames("Bench_Element0100")
        assert name["InstanceID"] == "one"


@pytest.mark.longer
def test_progress_is_shown_on_a_terminal(schema: Path, tmp_path: Path) -> None:
    (schema / "broken.mof").write_text("class { };\n")
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "cimsim", "serve", "interop", "--no-cache", "--schema", str(schema)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, stderr=follower, timeout=60, check=False)
    os.close(follower)
    shown = b""
    # A terminal whose other side is closed ends with an error.
    try:
        while part := os.read(leader, 65536):
            shown += part
    except OSError:
        pass
    os.close(leader)
    assert done.returncode == 2
    assert b"\r\x1b[Kcompiling schema [" in shown
    assert f" of {CLASSES + 3} MOF files".encode() in shown
    error = f"cimsim: {schema}/broken.mof:1:7: the name of a class expected, not {{\r\n".encode()
    assert shown.endswith(b"\r\x1b[K" + error), "the error has a line of its own"


def test_a_schema_that_cannot_be_served(cimsim: "Cimsim", schema: Path) -> None:
    refused = cimsim("serve", "--schema", "gone.zip")
    assert (refused.status, refused.out, refused.err) == (2, "", "cimsim: gone.zip: no such file\n")
    (file,) = schema.rglob("Bench_Element5200.mof")
    file.write_text("class Bench_Element5200 {\n  string;\n};\n")
    refused = cimsim("serve", CIMSIM_SCHEMA=str(schema))
    assert (refused.status, refused.err) == (2, f"cimsim: {file}:2:9: the name of a property or method expected, not ;\n")
