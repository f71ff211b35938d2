"""Putting the MOF of packs into a world: from the cache where it can be, compiled where it must be."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pywbem import CIMQualifierDeclaration

from cimsim.packs.cache import Cache, digest_of, key_of, sha256
from cimsim.packs.declarations import Compiled, Standard, apply_all
from cimsim.packs.errors import PackError, read_bytes
from cimsim.packs.manifest import Manifest, NamespaceEntry, Pack
from cimsim.world.names import fold_namespace
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

STANDARD_QUALIFIERS: Final = "qualifiers.mof"


@dataclass(frozen=True)
class Built:
    """A pack that is in the world: its digest for the cache, and the MOF files of each of its namespaces in order."""

    digest: str
    files: Mapping[str, tuple[str, ...]]


class Builder:
    """Puts packs into a world one after the other, required ones first.

    ``progress`` is told when something has to be compiled.
    """

    def __init__(self, cache: Cache, progress: Callable[[str], None]) -> None:
        self._cache = cache
        self._progress = progress
        self._digests: dict[str, str] = {}
        entry = NamespaceEntry("root/standard", [STANDARD_QUALIFIERS])
        qualifiers = Pack(Path(__file__).parent, Manifest("standard qualifiers", namespaces=[entry]))
        self._standard = Standard()
        self._standard_digest = ""
        compiled, self._standard_digest = self._compiled(qualifiers, Transaction(World()))
        items = (declared.item for declared in compiled.declared)
        self._standard = Standard(tuple(item for item in items if isinstance(item, CIMQualifierDeclaration)))

    def build(self, pack: Pack, transaction: Transaction) -> Built:
        """Put the MOF of a pack into the world of a transaction.

        Raises:
            PackError: as compiling does; or what was compiled earlier does not fit this world.
        """
        compiled, digest = self._compiled(pack, transaction)
        self._digests[pack.name] = digest
        return Built(digest, _files(pack, compiled))

    def _compiled(self, pack: Pack, transaction: Transaction) -> tuple[Compiled, str]:
        """Return what a pack declares, after putting it into the world, and its digest."""
        namespaces = pack.manifest.namespaces
        contents = {name: self._read_listed(pack, name) for entry in namespaces for name in entry.mof}
        # A pack may build on any that came before it, be it required or not.
        before = [self._standard_digest, *self._digests.values()]
        key = key_of(namespaces, contents, before)
        compiled = self._cache.load(key, lambda name: read_bytes(pack.folder / name))
        if compiled is None:
            compiled = self._compile(pack, transaction, contents)
            self._cache.store(key, compiled)
        else:
            apply_all(transaction, compiled, pack.folder, self._standard, [entry.name for entry in namespaces])
        return compiled, digest_of(key, compiled)

    def _compile(self, pack: Pack, transaction: Transaction, contents: Mapping[str, bytes]) -> Compiled:
        # Compiling is rare and its modules are not small.
        from cimsim.packs.compile import compile_pack

        self._progress(f"compiling {pack.name} ({len(contents)} MOF files)")
        known = {Path(os.path.normpath(pack.folder / name)): content for name, content in contents.items()}
        further: dict[Path, bytes] = {}

        def read(path: Path) -> bytes:
            if path not in known:
                known[path] = further[path] = read_bytes(path)
            return known[path]

        compiled = compile_pack(transaction, pack.folder, pack.manifest.namespaces, self._standard, read)
        reads = tuple((Path(os.path.relpath(path, pack.folder)).as_posix(), sha256(further[path])) for path in sorted(further))
        return Compiled(compiled.declared, reads)

    def _read_listed(self, pack: Pack, name: str) -> bytes:
        try:
            return read_bytes(pack.folder / name)
        except PackError as error:
            raise (pack.error(f"{name}: {error.text}", name) if pack.text else error) from None


def _files(pack: Pack, compiled: Compiled) -> dict[str, tuple[str, ...]]:
    """Return the files of each namespace: those listed, and those that were found to declare something in it."""
    names: dict[str, str] = {}
    files: dict[str, dict[str, None]] = {}
    listed = [(entry.name, entry.mof) for entry in pack.manifest.namespaces]
    for namespace, own in [*listed, *((each.namespace, [each.position.file]) for each in compiled.declared)]:
        name = names.setdefault(fold_namespace(namespace), namespace)
        files.setdefault(name, {}).update(dict.fromkeys(own))
    return {name: tuple(own) for name, own in files.items()}
