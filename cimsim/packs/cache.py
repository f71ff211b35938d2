"""Compiled packs on disk, so that a second start need not compile MOF.

A file ``packs/v2/KEY.msgpack`` below the cache folder holds the declarations of one pack, before any setting applies. It is a
MessagePack array: the text ``cimsim pack``, the format's version, the SHA-256 of the content, and the content as ``encoding``
writes it. KEY is the SHA-256 (hexadecimal) over all that the content depends on: the versions of the format, cimsim and pywbem,
the standard qualifiers, the MOF dialect, the pack's namespaces with their files, whether it was compiled leniently, and the
digests of all packs loaded before it. Files that are only found while compiling (includes) stand in the content with their own
SHA-256, and must still be the same.

The cache is a help, never a condition: what cannot be read or is not understood is compiled again, and a folder that cannot be
written, or that others can write, is reported once to the log. Files are written under another name first, so that nobody reads
half of one. Only the 64 used last are kept: the time of a file is that of its last use.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import pywbem

import cimsim
from cimsim.packs.cache_encoding import decode, encode
from cimsim.packs.manifest import NamespaceEntry
from cimsim.packs.mof.declarations import CompiledPack
from cimsim.packs.mof.dialect import MofDialect
from cimsim.packs.pack_errors import PackError
from cimsim.packs.permissions import writable_by_others

FORMAT: Final = 2
_MAGIC: Final = "cimsim pack"
_MAX_FILES: Final = 64


class _File(msgspec.Struct, array_like=True, frozen=True):
    magic: str
    version: int
    digest: bytes
    content: bytes


def default_cache_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Return ``$XDG_CACHE_HOME/cimsim``, or ``~/.cache/cimsim`` where that variable is not set to an absolute path."""
    base = Path(environment.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "cimsim"


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a content in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def key_of(
    namespaces: Sequence[NamespaceEntry],
    contents: Mapping[str, bytes],
    before: Sequence[str],
    dialect: MofDialect,
    *,
    lenient: bool,
) -> str:
    """Return the key of a pack's compiled form.

    Args:
        namespaces: those of the pack.
        contents: the contents of their MOF files, by name.
        before: the digests of everything that was loaded before, on which the pack may build.
        dialect: what the files are written in.
        lenient: whether it is compiled leniently.
    """
    parts = [
        [FORMAT, cimsim.__version__, pywbem.__version__, dialect.value],
        [[entry.name, entry.mof] for entry in namespaces],
        [[name, sha256(content)] for name, content in contents.items()],
        list(before),
        lenient,
    ]
    return sha256(msgspec.json.encode(parts))


def digest_of(key: str, compiled: CompiledPack) -> str:
    """Return what stands for a compiled pack in the keys of the packs that build on it: its key and what else was read."""
    return sha256(msgspec.json.encode([key, compiled.reads]))


class CacheFolder:
    """Contents in a folder, each under the SHA-256 that is its key; None: nothing is found or kept.

    False where nothing can be found or kept (any more).
    """

    def __init__(self, folder: Path | None, warn: Callable[[str], None], magic: str = _MAGIC, version: int = FORMAT) -> None:
        self._folder = folder
        self._warn = warn
        self._magic = magic
        self._version = version

    def __bool__(self) -> bool:
        return self._folder is not None

    def read(self, key: str) -> bytes | None:
        """Return what is stored under a key, or None if there is nothing, or nothing that is sound."""
        if self._folder is None:
            return None
        path = self._folder / f"{key}.msgpack"
        try:
            file = msgspec.msgpack.decode(path.read_bytes(), type=_File)
        except (OSError, ValueError):
            return None
        if (file.magic, file.version) != (self._magic, self._version) or file.digest != hashlib.sha256(file.content).digest():
            return None
        return file.content

    def used(self, key: str) -> None:
        """Note that what is stored under a key was of use."""
        if self._folder is not None:
            with suppress(OSError):
                os.utime(self._folder / f"{key}.msgpack")

    def write(self, key: str, content: bytes) -> None:
        """Store a content under a key. Where that fails, report it and go on without a cache."""
        if self._folder is None:
            return
        try:
            stored = msgspec.msgpack.encode(_File(self._magic, self._version, hashlib.sha256(content).digest(), content))
            for each in (*self._folder.parents[1::-1], self._folder):
                if not each.exists():
                    each.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._folder / f"{key}.msgpack", stored)
            _forget_oldest(self._folder)
        except (OSError, OverflowError) as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Report that something cannot be kept, and go on without a cache."""
        self._warn(f"compiled packs are not kept in {self._folder}: {_text(error)}")
        self._folder = None


class Cache:
    """The cache of compiled packs below a folder; None: nothing is found or kept."""

    def __init__(self, folder: Path | None, warn: Callable[[str], None]) -> None:
        if folder is not None:
            _check_owners(folder, warn)
        self._packs = CacheFolder(None if folder is None else folder / "packs" / f"v{FORMAT}", warn)

    def load(self, key: str, read: Callable[[str], bytes]) -> CompiledPack | None:
        """Return what is stored under a key, or None if there is nothing, or nothing that is sound and still true.

        Args:
            key: as ``key_of`` gives it.
            read: returns the content of a file that was read while compiling, or raises PackError.
        """
        content = self._packs.read(key)
        if content is None:
            return None
        try:
            compiled = decode(content)
            unchanged = all(sha256(read(name)) == digest for name, digest in compiled.reads)
        except (OSError, ValueError, LookupError, TypeError, PackError):
            return None
        if not unchanged:
            return None
        self._packs.used(key)
        return compiled

    def store(self, key: str, compiled: CompiledPack) -> None:
        """Store a compiled pack under a key. Where that fails, report it and go on without a cache."""
        if not self._packs:
            return
        try:
            content = encode(compiled)
        except (ValueError, OverflowError, TypeError) as error:
            self._packs.fail(error)
            return
        self._packs.write(key, content)


def _check_owners(folder: Path, warn: Callable[[str], None]) -> None:
    """Warn once if others may write the folder, or one in it: what they put there would be served."""
    for each in (folder, *sorted(folder.glob("*")), *sorted(folder.glob("*/*"))):
        if writable_by_others(each):
            warn(f"others may write the cache folder {each}, and so change what is served; use chmod go-w")
            return


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that it is there completely or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{path.stem[:8]}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)  # noqa: PTH105 - mkstemp gives a string
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _forget_oldest(folder: Path) -> None:
    """Delete the files used least recently beyond those to be kept; one that cannot be deleted stays."""
    times = {}
    for file in folder.glob("*.msgpack"):
        # Another process may be cleaning up as well.
        with suppress(OSError):
            times[file] = file.stat().st_mtime_ns
    for file in sorted(times, key=times.__getitem__, reverse=True)[_MAX_FILES:]:
        with suppress(OSError):
            file.unlink()


def _text(error: Exception) -> Any:
    return error.strerror if isinstance(error, OSError) else error
