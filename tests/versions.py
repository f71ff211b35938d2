"""Which versions the tests run with: ``python -m tests.versions lowest`` prints the lowest that pyproject.toml allows.

``python -m tests.versions missing`` prints what is installed beside the packages of tests/constraints.txt, or in another
version, and ends with status 1 if there is any: the file must name every package that the tests need.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
CONSTRAINTS: Final = ROOT / "tests" / "constraints.txt"
# The project itself, and what every new environment holds.
OWN: Final = frozenset({"cimsim-wbem", "pip", "setuptools"})


def canonical(name: str) -> str:
    """Return the name of a package as an index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lowest(requirement: str) -> str:
    """Return a requirement ``name[extra]>=version`` as ``name[extra]==version``.

    Raises:
        ValueError: the requirement has no lower bound, or anything else.
    """
    name, bound, version = requirement.partition(">=")
    if not bound or not re.fullmatch(r"[\w.]+", version):
        raise ValueError(f"{requirement}: write NAME>=VERSION")
    return f"{name}=={version}"


def requirements(project: Path) -> list[str]:
    """Return the requirements of a project and of its extra ``test``."""
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    return [*table["dependencies"], *table["optional-dependencies"]["test"]]


def constraints(text: str) -> dict[str, str]:
    """Return the versions by package of a constraints file."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return {canonical(name): version for name, _, version in (line.partition("==") for line in lines if line)}


def unlisted(listed: dict[str, str], installed: Iterable[tuple[str, str]]) -> list[str]:
    """Return ``name==version`` of what is installed but not listed in this version."""
    found = {canonical(name): version for name, version in installed}
    return sorted(f"{name}=={version}" for name, version in found.items() if name not in OWN and listed.get(name) != version)


def main(what: str) -> int:
    """Print what was asked for; return the exit status."""
    if what == "lowest":
        print("\n".join(map(lowest, requirements(ROOT / "pyproject.toml"))))
        return 0
    here = [(each.metadata["Name"], each.version) for each in distributions()]
    missing = unlisted(constraints(CONSTRAINTS.read_text(encoding="utf-8")), here)
    for each in missing:
        print(f"tests/constraints.txt does not name {each}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
