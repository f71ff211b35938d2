"""Manifests on disk, so that a later start need not parse TOML.

A file ``manifests/v1/KEY.msgpack`` below the cache folder holds a manifest that was found in order. KEY is the SHA-256
(hexadecimal) over the version of cimsim and the text of ``pack.toml``. All else is as for compiled packs (``cache``).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

import cimsim
from cimsim.packs.cache import CacheFolder, sha256
from cimsim.packs.manifest import Manifest, Pack, parse_pack, text_of

FORMAT: Final = 1
_MAGIC: Final = "cimsim manifest"


def manifest_folder(folder: Path | None, warn: Callable[[str], None]) -> CacheFolder:
    """Return where manifests are kept below the cache folder; None: nothing is."""
    return CacheFolder(None if folder is None else folder / "manifests" / f"v{FORMAT}", warn, _MAGIC, FORMAT)


class ManifestCache:
    """Reads packs whose manifests a folder of the cache may know."""

    def __init__(self, folder: CacheFolder) -> None:
        self._folder = folder

    def read_pack(self, folder: Path) -> Pack:
        """Return the pack in a folder, as ``manifest.read_pack`` does; raises PackError as that does."""
        text = text_of(folder)
        key = sha256(msgspec.json.encode([FORMAT, cimsim.__version__, text]))
        content = self._folder.read(key)
        if content is not None:
            try:
                known = Pack(folder, msgspec.msgpack.decode(content, type=Manifest), text)
            except (ValueError, TypeError):
                pass
            else:
                self._folder.used(key)
                return known
        pack = parse_pack(folder, text)
        self._keep(key, pack.manifest)
        return pack

    def _keep(self, key: str, manifest: Manifest) -> None:
        try:
            content = msgspec.msgpack.encode(manifest)
            # A default may be anything that TOML has, such as a time, which would come back as text.
            same = msgspec.msgpack.decode(content, type=Manifest) == manifest
        except (ValueError, TypeError, OverflowError):
            return
        if same:
            self._folder.write(key, content)
