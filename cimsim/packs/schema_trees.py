"""Where the MOF files of a schema lie: a folder or a ZIP archive, read in place. Nothing is ever unpacked to disk."""

import io
import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final, Protocol

from cimsim.packs.pack_errors import PackError, read_bytes

MAX_FILES: Final = 20_000
MAX_BYTES: Final = 256 * 2**20


class Tree(Protocol):
    """MOF files below a folder, or in an archive that stands for one; ``folder`` is how errors begin the names of files."""

    folder: Path

    def names(self) -> list[str]:
        """Return the names of all MOF files relative to the folder, sorted; never none."""

    def read(self, path: Path) -> bytes:
        """Return the content of the file of that path, which begins with ``folder``; raises PackError."""

    def contents(self) -> Mapping[str, bytes]:
        """Return what distinguishes one tree from another: contents by name."""

    def covers(self, path: Path) -> bool:
        """Whether ``contents`` answers for the file of that path."""


def open_tree(path: Path) -> Tree:
    """Return the tree in a folder or a file.

    Raises:
        PackError: there is no such thing, it cannot be read, it has no MOF files or too many of them (20,000, 256 MiB).
    """
    return FolderTree(path) if path.is_dir() else ArchiveTree(path)


class FolderTree:
    """The files ``*.mof`` in a folder and the folders below it; hidden ones and links to folders are passed over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._contents: dict[str, bytes] = {}
        total = 0
        for name in sorted(_checked(folder, _mof_files(folder))):
            self._contents[name] = content = read_bytes(folder / name, folder)
            total += len(content)
            _check_size(folder, total)

    def names(self) -> list[str]:
        """Return the names of all MOF files."""
        return list(self._contents)

    def read(self, path: Path) -> bytes:
        """Return the content of a file; one that an include names need not end with ``.mof``."""
        content = self._contents.get(_relative(path, self.folder))
        return read_bytes(path, self.folder) if content is None else content

    def contents(self) -> Mapping[str, bytes]:
        """Return the contents of all MOF files."""
        return self._contents

    def covers(self, path: Path) -> bool:
        """Whether it is one of the MOF files of the folder."""
        return _relative(path, self.folder) in self._contents


class ArchiveTree:
    """The entries of a ZIP archive, which is not looked into before a file is asked for."""

    def __init__(self, path: Path) -> None:
        self.folder = path
        if path.is_file():
            _check_size(path, path.stat().st_size)
        elif path.exists():
            # Reading a pipe or a device may never end.
            raise PackError("neither a folder nor a ZIP archive", path)
        self._data = read_bytes(path)

    def names(self) -> list[str]:
        """Return the names of all entries ``*.mof``."""
        return sorted(_checked(self.folder, (name for name in self._entries if _is_mof(name))))

    def read(self, path: Path) -> bytes:
        """Return the content of an entry."""
        entry = self._entries.get(_relative(path, self.folder))
        if entry is None:
            raise PackError("no such file in the archive", path)
        try:
            # Never returns more than the size that the entry states, of which the sum is limited.
            return self._archive.read(entry.filename)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise PackError(f"cannot be read from the archive: {error}", path) from None

    def contents(self) -> Mapping[str, bytes]:
        """Return the archive as a whole."""
        return {"": self._data}

    def covers(self, path: Path) -> bool:
        """Everything that can be read is in the archive."""
        return True

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(io.BytesIO(self._data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise PackError(f"neither a folder nor a ZIP archive: {error}", self.folder) from None

    @cached_property
    def _entries(self) -> dict[str, zipfile.ZipInfo]:
        entries: dict[str, zipfile.ZipInfo] = {}
        infos = [info for info in self._archive.infolist() if not info.is_dir()]
        _check_size(self.folder, sum(info.file_size for info in infos))
        for info in infos:
            name = info.filename.replace("\\", "/")
            if name.startswith("/") or ".." in PurePosixPath(name).parts or PureWindowsPath(name).drive:
                raise PackError(f"entry {info.filename!r} leads out of the archive", self.folder)
            if entries.setdefault(str(PurePosixPath(name)), info) is not info:
                raise PackError(f"two entries are named {name}", self.folder)
        return entries


def _mof_files(folder: Path) -> Iterable[str]:
    def refuse(error: OSError) -> None:
        raise PackError(f"cannot be read: {error.strerror}", error.filename)

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (_relative(Path(place, name), folder) for name in names if _is_mof(name))


def _is_mof(name: str) -> bool:
    # Beside each file macOS puts another into archives: __MACOSX/._NAME.mof.
    return name.lower().endswith(".mof") and not any(part.startswith(".") for part in name.split("/"))


def _checked(folder: Path, names: Iterable[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        found.append(name)
        if len(found) > MAX_FILES:
            raise PackError(f"more than {MAX_FILES} MOF files", folder)
    if not found:
        raise PackError("no MOF file in it", folder)
    return found


def _check_size(folder: Path, total: int) -> None:
    if total > MAX_BYTES:
        raise PackError(f"more than {MAX_BYTES // 2**20} MiB of files", folder)


def _relative(path: Path, folder: Path) -> str:
    return PurePosixPath(os.path.relpath(path, folder)).as_posix()
