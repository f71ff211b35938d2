"""A schema of the user's own: which files of a tree are compiled, and in which order.

DMTF publishes its schema as a file for each class in folders by model, and a top file that includes them all. So the files that
no other includes come first in our list, of these the one that includes most, and a file is compiled once however often it is
named. Without such a top file these are all files; then those with qualifier declarations come first and those with instances
last. A class that is needed earlier than it stands is found by the name of its file, ``CLASS.mof``, else by looking which file
declares it.
"""

import os
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from cimsim.packs.build import PackOfFiles
from cimsim.packs.manifest import Manifest, NamespaceEntry, Pack
from cimsim.packs.mof.dialect import Dialect, look_at
from cimsim.packs.mof.schema_trees import Tree, open_tree
from cimsim.packs.pack_errors import PackError
from cimsim.world.names import fold, fold_namespace

NAME: Final = "schema"
"""The name of the pack that a schema is loaded as."""

_INCLUDE: Final = re.compile(
    r"""^\s*#(?:pragma\s+include\s*\(\s*"([^"]*)"|include\s*["<]([^">]*)[">])""", re.IGNORECASE | re.MULTILINE
)
_CLASS: Final = re.compile(r"(?:^|\])\s*class\s+(\w+)\s*[:{]", re.IGNORECASE | re.MULTILINE)
_QUALIFIER: Final = re.compile(r"^\s*qualifier\s+\w+\s*:", re.IGNORECASE | re.MULTILINE)
_INSTANCE: Final = re.compile(r"^\s*instance\s+of\s", re.IGNORECASE | re.MULTILINE)


class Outline(NamedTuple):
    """What a look at a MOF file tells without compiling it; what a comment says may be mistaken for it.

    ``turn`` is 0 with qualifier declarations, 2 with instances, else 1.
    """

    includes: tuple[str, ...]
    classes: tuple[str, ...]
    turn: int


class SchemaFiles:
    """The files of a schema as ``Builder`` compiles them (its ``Files``)."""

    def __init__(self, tree: Tree, namespace: str, dialect: Dialect = Dialect.DMTF) -> None:
        self.folder = tree.folder
        self.namespaces: Sequence[NamespaceEntry] = [NamespaceEntry(namespace)]
        self.read = tree.read
        self.covers = tree.covers
        self._tree = tree
        self._dialect = dialect

    def contents(self) -> Mapping[str, bytes]:
        """Return what the compiled form depends on."""
        return self._tree.contents()

    def listed(self) -> Sequence[NamespaceEntry]:
        """Return the namespace with the files to compile, in order; raises PackError."""
        return [NamespaceEntry(each.name, compile_order(self._outlines)) for each in self.namespaces]

    def find(self, classname: str) -> Path | None:
        """Return the file that a class is to be looked for in, or None."""
        name = self._files_of_classes.get(fold(classname))
        return None if name is None else self.folder / name

    def spelling(self, path: Path) -> Path:
        """Return the path of a file that differs from the given one in letter case only, the given one if there is none."""
        name = posixpath.normpath(Path(os.path.relpath(path, self.folder)).as_posix())
        return self.folder / self._spellings.get(name.lower(), name)

    def count(self) -> int:
        """Return how many files there are to read."""
        return len(self._outlines)

    @cached_property
    def _outlines(self) -> dict[str, Outline]:
        outlines = {name: outline(name, self.read(self.folder / name), self._dialect) for name in self._tree.names()}
        if self._dialect is Dialect.DMTF:
            return outlines
        return {
            name: each._replace(includes=tuple(self._spellings.get(include.lower(), include) for include in each.includes))
            for name, each in outlines.items()
        }

    @cached_property
    def _spellings(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for name in self._tree.names():
            names.setdefault(name.lower(), name)
        return names

    @cached_property
    def _files_of_classes(self) -> dict[str, str]:
        files = {fold(posixpath.basename(name)[: -len(".mof")]): name for name in reversed(self._outlines)}
        for name, found in self._outlines.items():
            for classname in found.classes:
                files.setdefault(fold(classname), name)
        return files


def open_schema(path: Path, namespace: str, others: Iterable[Pack], dialect: Dialect = Dialect.DMTF) -> Pack:
    """Return the pack that a schema is loaded as.

    Args:
        path: a folder or a ZIP archive.
        namespace: what the schema is compiled into.
        others: the packs that are loaded beside it.
        dialect: what its files are written in.

    Raises:
        PackError: as ``open_tree`` does; the name of the namespace is empty; another pack has the name ``schema``.
    """
    if not fold_namespace(namespace):
        raise PackError(f"{namespace!r} is not a name of a namespace")
    for other in others:
        if other.name == NAME:
            raise PackError(f"two packs are named {NAME}: {path} and {other.folder}")
    files = SchemaFiles(open_tree(path), namespace, dialect)
    return PackOfFiles(path, Manifest(NAME, title=path.name, namespaces=list(files.namespaces)), files=files)


def outline(name: str, content: bytes, dialect: Dialect = Dialect.DMTF) -> Outline:
    """Return what a look at a MOF file tells; the names of included files are made relative to the tree."""
    text = look_at(content)
    folder = posixpath.dirname(name)
    found = [pragma or directive for pragma, directive in _INCLUDE.findall(text)]
    if dialect is Dialect.WINDOWS:
        # In a pragma backslashes are doubled, as in every string.
        found = [each.replace("\\\\", "/").replace("\\", "/") for each in found]
    includes = tuple(posixpath.normpath(posixpath.join(folder, each)) for each in found)
    turn = 0 if _QUALIFIER.search(text) else 2 if _INSTANCE.search(text) else 1
    return Outline(includes, tuple(_CLASS.findall(text)), turn)


def compile_order(outlines: Mapping[str, Outline]) -> list[str]:
    """Return the files to compile in order; those that one of them includes are left to it."""
    included = {include for each in outlines.values() for include in each.includes}
    reached = {name: _reached(name, outlines) for name in outlines if name not in included}
    listed = sorted(reached, key=lambda name: (outlines[name].turn, -len(reached[name]), name))
    # Files that include each other in a circle: the compiler says so.
    circles = outlines.keys() - reached.keys() - _union(reached.values())
    return [*listed, *sorted(circles)]


def _reached(name: str, outlines: Mapping[str, Outline]) -> set[str]:
    """Return the files that a file includes, be it over others."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for include in outlines[waiting.pop()].includes:
            if include in outlines and include not in found:
                found.add(include)
                waiting.append(include)
    return found


def _union(sets: Iterable[set[str]]) -> set[str]:
    return set().union(*sets)
