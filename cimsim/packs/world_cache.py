"""Loaded worlds on disk, so that a later start need not make the same instances again.

A file ``worlds/v1/KEY.msgpack`` below the cache folder holds the world as it was after all packs had populated it
(see ``world_encoding``), and what the loader knows of their MOF. KEY is the SHA-256 (hexadecimal) over all that the world
depends on: versions, the modules of cimsim that make worlds, each pack's manifest, files and settings, and the seed, where a
GUID was made. A file in a pack's folder counts with its size and the time of its last change.

A world is kept only if every pack that populates promises by ``cache_populated`` in its ``pack.toml`` that nothing else counts,
if nothing asked for the time, and if nothing waits to happen. All else is as for compiled packs (``cache``).
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
import pywbem

import cimsim
from cimsim.packs.build import Built, MofFiles, files_of
from cimsim.packs.cache import CacheFolder, sha256
from cimsim.packs.manifest import Pack
from cimsim.packs.mof.dialect import MofDialect
from cimsim.packs.pack_errors import PackError, read_bytes
from cimsim.packs.settings import Settings
from cimsim.packs.world_encoding import StoredWorld, decode_world, encode_world
from cimsim.world.world import World

FORMAT: Final = 1
_MAGIC: Final = "cimsim world"
_TOP: Final = Path(cimsim.__file__).parent
_MAKERS: Final = ("packs", "providers", "world")
"""Folders of cimsim: what makes worlds. A checkout changes without a new version."""


def world_folder(folder: Path | None, warn: Callable[[str], None]) -> CacheFolder:
    """Return where worlds are kept below the cache folder; None: nothing is."""
    return CacheFolder(None if folder is None else folder / "worlds" / f"v{FORMAT}", warn, _MAGIC, FORMAT)


class StoredPack(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What the loader knows of a pack's MOF: as ``Built`` has it; ``reads`` are pairs of file and SHA-256."""

    files: dict[str, tuple[str, ...]]
    classes: list[tuple[str, str]]
    reads: list[tuple[str, str]]


class StoredStart(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A world that packs made, in the order of loading; ``warnings`` are the lines of what was taken leniently.

    ``digests`` of the packs, as ``Builder`` has them: what is loaded later is found by them in the cache of compiled packs.
    """

    packs: list[StoredPack]
    warnings: list[str]
    digests: dict[str, str]
    world: StoredWorld


class Start:
    """What can be kept of one start, or found again.

    Args:
        folder: of the cache.
        packs: in the order of loading.
        settings: of each, by its name.
        dialect: of packs that do not name one.
        seed: of the world.
    """

    def __init__(
        self, folder: CacheFolder, packs: Sequence[Pack], settings: Mapping[str, Settings], dialect: MofDialect, seed: int
    ) -> None:
        self._folder = folder
        self._packs = packs
        self._settings = settings
        self._dialect = dialect
        self._seed = seed
        self._files: Mapping[str, MofFiles] = {pack.name: files_of(pack) for pack in packs}

    def find(self) -> tuple[World, dict[str, Built], tuple[str, ...], dict[str, str]] | None:
        """Return the world that an earlier start has made, what is known of each pack, the warnings and the digests of packs.

        None: it must be made.

        Raises:
            PackError: a file of a pack cannot be read.
        """
        if not self._folder:
            return None
        for key in (self._key(None), self._key(self._seed)):
            content = self._folder.read(key)
            if content is None:
                continue
            try:
                stored = msgspec.msgpack.decode(content, type=StoredStart)
                if not self._unchanged(stored):
                    return None
                world = decode_world(stored.world, self._seed)
            except (OSError, ValueError, LookupError, TypeError, PackError):
                return None
            self._folder.used(key)
            pairs = zip(self._packs, stored.packs, strict=True)
            built = {
                pack.name: Built(self._files[pack.name].folder, known.files, frozenset(known.classes)) for pack, known in pairs
            }
            return world, built, tuple(stored.warnings), stored.digests
        return None

    def keep(self, world: World, built: Mapping[str, Built], warnings: Sequence[str], digests: Mapping[str, str]) -> None:
        """Keep what this start has made, if it can be."""
        if not self._folder:
            return
        packs = [
            StoredPack(dict(each.files), sorted(each.classes), list(each.reads))
            for each in (built[pack.name] for pack in self._packs)
        ]
        try:
            content = msgspec.msgpack.encode(StoredStart(packs, list(warnings), dict(digests), encode_world(world)))
        except (ValueError, TypeError, OverflowError):
            # Something in the world has no stored form.
            return
        self._folder.write(self._key(self._seed if world.used_seed else None), content)

    def _unchanged(self, stored: StoredStart) -> bool:
        """Whether what was found only while compiling is still the same."""
        return all(
            sha256(read_bytes(files.folder / name, files.folder)) == digest
            for files, pack in zip((self._files[pack.name] for pack in self._packs), stored.packs, strict=True)
            for name, digest in pack.reads
        )

    def _key(self, seed: int | None) -> str:
        return sha256(msgspec.json.encode([self._parts, seed]))

    @cached_property
    def _parts(self) -> str:
        parts = [
            [FORMAT, cimsim.__version__, pywbem.__version__, self._dialect.value, [_stamps(_TOP / each) for each in _MAKERS]],
            [self._parts_of(pack) for pack in self._packs],
        ]
        return sha256(msgspec.json.encode(parts))

    def _parts_of(self, pack: Pack) -> list[Any]:
        if pack.text:
            # Its MOF, and what its own code may read, lies in its folder.
            files: list[Any] = _stamps(pack.folder)
        else:
            files = [[name, sha256(content)] for name, content in self._files[pack.name].contents().items()]
        return [repr(pack.manifest), str(pack.folder), files, repr(sorted(self._settings[pack.name].items()))]


def _stamps(folder: Path) -> list[list[Any]]:
    """Return name, size and time of change of all files in a folder and below it but compiled Python."""
    found: list[list[Any]] = []
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name == "__pycache__":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    continue
                # A link may lead nowhere, or to what is no file: what matters is that it is the same.
                with suppress(OSError):
                    status = entry.stat()
                    found.append([entry.path, status.st_size, status.st_mtime_ns])
    return sorted(found)
