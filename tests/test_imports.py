"""The package table of the design: a package imports only from those below it."""

import ast
import re
from pathlib import Path

import pytest

import cimsim.providers

ROOT = Path(__file__).parent.parent
# From the top down; a package may import from itself and from those after it.
LAYERS = (
    "cli",
    "testing",
    "control",
    "simulation",
    "quirks",
    "delivery",
    "server",
    "cimxml",
    "wsman",
    "cimom",
    "packs",
    "providers",
    "operations",
    "query",
    "world",
)
# What never belongs into a package, by the first part of the module's name.
FORBIDDEN = {
    "world": {"twisted", "lxml", "httptools", "time", "random", "os", "socket"},
    "operations": {"twisted", "lxml", "httptools", "time", "random", "os", "socket"},
    "cimxml": {"twisted", "httptools", "socket", "time", "random"},
    "wsman": {"twisted", "httptools", "socket", "time", "random"},
    "providers": {"twisted", "lxml", "httptools", "time", "random", "socket"},
    "packs": {"lxml", "httptools"},
    "cimom": {"lxml", "httptools", "socket"},
}
# The codecs do not know each other.
STRANGERS = {"cimxml": "wsman", "wsman": "cimxml"}
EVERYWHERE_FORBIDDEN = {"pickle", "shelve", "marshal"}


def imported(path: Path, *, relative: bool = False) -> set[str]:
    """Return the full names of the modules that a file imports, at any depth of its code; relative ones are passed over."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert relative or node.level == 0, f"{path}: relative import"
            if node.level:
                continue
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
            names.add(node.module or "")
    return names


def violations(package: str, names: set[str]) -> list[str]:
    allowed = set(LAYERS[LAYERS.index(package) :])
    upward = [
        name
        for name in names
        if name.startswith("cimsim.") and name.split(".")[1] in LAYERS and name.split(".")[1] not in allowed
    ]
    upward += [name for name in names if name.split(".")[:2] == ["cimsim", STRANGERS.get(package)]]
    foreign = FORBIDDEN.get(package, set()) | EVERYWHERE_FORBIDDEN
    return sorted({*upward, *(name for name in names if name.split(".")[0] in foreign)})


@pytest.mark.parametrize("path", sorted((ROOT / "cimsim").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downwards(path: Path) -> None:
    package = path.relative_to(ROOT / "cimsim").parts[0]
    if package not in LAYERS:
        # mocks.py stands for the folder of the packs, and imports nothing of ours.
        assert path.name in {"__init__.py", "__main__.py", "mocks.py"}, f"{path} belongs to no package of the table"
        return
    assert violations(package, imported(path)) == []


def test_an_upward_import_is_found() -> None:
    assert violations("world", {"cimsim.operations.call", "cimsim.world.names"}) == ["cimsim.operations.call"]
    assert violations("cimxml", {"cimsim.server.http", "twisted.internet"}) == ["cimsim.server.http", "twisted.internet"]


def test_every_package_is_in_the_table() -> None:
    folders = {path.name for path in (ROOT / "cimsim").iterdir() if any(path.rglob("*.py"))}
    assert folders <= set(LAYERS)


PACK_FILES = sorted(
    path for folder in ("mocks", "cimsim/packs/template", "tests/benchmarks/packs") for path in (ROOT / folder).rglob("*.py")
)
PUBLIC = {"cimsim.__version__", "cimsim.providers", *(f"cimsim.providers.{name}" for name in cimsim.providers.__all__)}


def beside_the_face(names: set[str]) -> list[str]:
    """Return what a pack imports from cimsim that is not public."""
    return sorted(name for name in names if name.startswith("cimsim.") and name not in PUBLIC)


@pytest.mark.parametrize("path", PACK_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_packs_import_from_the_public_face_only(path: Path) -> None:
    # A pack imports its own modules relatively.
    assert beside_the_face(imported(path, relative=True)) == []


def test_the_examples_of_the_page_for_pack_authors_import_from_the_public_face_only() -> None:
    page = (ROOT / "cimsim/docs/providers.md").read_text(encoding="utf-8")
    imports = re.findall(r"(?:from|import) (cimsim\.[\w.]+)", page)
    # The page shows how a pack derives from a class of a shipped one, too.
    assert {name for name in imports if not name.startswith("cimsim.mocks.")} == {"cimsim.providers"}


def test_an_import_beside_the_face_is_found() -> None:
    assert beside_the_face({"cimsim.providers.Provider", "cimsim.providers.jobs", "cimsim.world.errors.failed", "json"}) == [
        "cimsim.providers.jobs",
        "cimsim.world.errors.failed",
    ]


def test_what_is_public_is_there_once_and_documented() -> None:
    """Every name of the face exists, none twice; classes and functions say what they are for."""
    assert len(set(cimsim.providers.__all__)) == len(cimsim.providers.__all__)
    for name in cimsim.providers.__all__:
        value = getattr(cimsim.providers, name)
        if callable(value) and getattr(value, "__module__", "").startswith("cimsim."):
            assert value.__doc__, name
