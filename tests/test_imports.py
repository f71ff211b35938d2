"""The package table of the page about architecture: a package imports only from those below it."""

import ast
import re
from functools import cache
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
    "delivery",
    "server",
    "quirks",
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
# What imports nothing of ours but itself: HTTP knows no CIM.
ALONE = frozenset({"server"})
# Only a command may take the reactor of the process.
REACTOR = "twisted.internet.reactor"
EVERYWHERE_FORBIDDEN = {"pickle", "shelve", "marshal"}


@cache
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
    allowed = {package} if package in ALONE else set(LAYERS[LAYERS.index(package) :])
    upward = [
        name
        for name in names
        if name.startswith("cimsim.") and name.split(".")[1] in LAYERS and name.split(".")[1] not in allowed
    ]
    upward += [name for name in names if name.split(".")[:2] == ["cimsim", STRANGERS.get(package)]]
    upward += [name for name in names if name == REACTOR and package != "cli"]
    foreign = FORBIDDEN.get(package, set()) | EVERYWHERE_FORBIDDEN
    return sorted({*upward, *(name for name in names if name.split(".")[0] in foreign)})


def test_imports_run_downwards() -> None:
    paths = sorted((ROOT / "cimsim").rglob("*.py"))
    packages = {path: path.relative_to(ROOT / "cimsim").parts[0] for path in paths}
    # mocks.py stands for the folder of the packs, and imports nothing of ours; the plugin belongs to testing, but pytest
    # imports it in every run, and what testing needs only in those that use it.
    beside = {path.name for path, package in packages.items() if package not in LAYERS}
    assert beside == {"__init__.py", "__main__.py", "mocks.py", "pytest_plugin.py"}, (
        "a module belongs to no package of the table"
    )
    found = {str(path): violations(package, imported(path)) for path, package in packages.items() if package in LAYERS}
    assert {path: names for path, names in found.items() if names} == {}


def test_an_upward_import_is_found() -> None:
    assert violations("world", {"cimsim.operations.call", "cimsim.world.names"}) == ["cimsim.operations.call"]
    assert violations("cimxml", {"cimsim.server.head", "twisted.internet"}) == ["cimsim.server.head", "twisted.internet"]
    assert violations("server", {"cimsim.server.head", "cimsim.world.names"}) == ["cimsim.world.names"]
    assert violations("simulation", {"cimsim.world.names", REACTOR}) == [REACTOR]
    assert violations("cli", {REACTOR}) == []


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


def test_the_page_about_architecture_has_the_packages_in_this_order() -> None:
    page = (ROOT / "cimsim" / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `cimsim/(\w+)/` \|", page, re.MULTILINE)
    there = [package for package in LAYERS if (ROOT / "cimsim" / package).is_dir()]
    assert listed == there


def test_the_modules_that_the_page_about_architecture_names_are_there() -> None:
    page = (ROOT / "cimsim" / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = "|".join(LAYERS)
    named = set(re.findall(rf"`((?:{packages})(?:/\w+)+)\b", page))
    assert len(named) > 30
    missing = [name for name in sorted(named) if not (ROOT / "cimsim" / name).is_dir()]
    assert [name for name in missing if not (ROOT / "cimsim" / f"{name}.py").is_file()] == []


# Within the packages


def import_circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules of which each imports every other, be it over further ones."""

    def reached(module: str) -> set[str]:
        found: set[str] = set()
        waiting = [module]
        while waiting:
            for name in graph[waiting.pop()] & graph.keys():
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return found

    reachable = {module: reached(module) for module in graph}
    circles = {tuple(sorted(name for name in reachable[module] if module in reachable[name])) for module in graph}
    return sorted(list(circle) for circle in circles if circle)


def test_a_circle_is_found() -> None:
    assert import_circles({"a": {"b", "re"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): imported(path)
        for path in (ROOT / "cimsim").rglob("*.py")
    }
    assert import_circles(graph) == []


def test_the_mof_front_end_knows_nothing_of_packs() -> None:
    paths = sorted((ROOT / "cimsim/packs/mof").glob("*.py"))
    ours = {(path.name, name) for path in paths for name in imported(path) if name.startswith("cimsim.packs.")}
    allowed = ("cimsim.packs.mof", "cimsim.packs.pack_errors")
    assert [(path, name) for path, name in ours if not name.startswith(allowed)] == []
