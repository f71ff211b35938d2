"""Putting the MOF of packs into a world: from the cache where it can be, compiled where it must be."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec
from pywbem import CIMClass, CIMQualifierDeclaration

from cimsim.packs.cache import Cache, digest_of, key_of, sha256
from cimsim.packs.manifest import Manifest, NamespaceEntry, Pack
from cimsim.packs.mof.declarations import (
    CompiledPack,
    DeclarationLoader,
    DeclarationRules,
    MofPosition,
    Remark,
    StandardQualifiers,
    apply_all,
)
from cimsim.packs.mof.dialect import MofDialect
from cimsim.packs.pack_errors import PackError, read_bytes
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.schema import ClassHead
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

STANDARD_QUALIFIERS: Final = "qualifiers.mof"
_BAR: Final = 30


class Built(msgspec.Struct, frozen=True):
    """A pack that is in the world.

    ``files`` are the MOF files of each of its namespaces in order, whose names begin in ``folder``. ``classes`` are those that
    it declares, as pairs of folded namespace and folded name. ``reads`` are the files that were read beyond those that are
    listed, with their SHA-256. ``remarks`` are what was taken leniently, ``referring`` the instances that may refer to what is
    not there.
    """

    folder: Path
    files: Mapping[str, tuple[str, ...]]
    classes: frozenset[tuple[str, str]]
    reads: tuple[tuple[str, str], ...] = ()
    remarks: tuple[Remark, ...] = ()
    referring: tuple[tuple[MofPosition, Instance], ...] = ()

    def warnings(self, world: World) -> list[str]:
        """Return lines ``FILE:LINE:COLUMN: what is wrong``: what was taken leniently, and references that lead nowhere yet."""
        places = {instance.identity: position for position, instance in self.referring}
        transaction = Transaction(world)
        found = [(identity, world.find(identity)) for identity in places]
        dangling = (
            Remark(places[identity], text)
            for identity, instance in found
            if instance is not None
            for text in transaction.dangling(instance)
        )
        return [str(position.error(self.folder, text)) for position, text in sorted([*self.remarks, *dangling])]


class MofFiles(Protocol):
    """The MOF files of a pack, wherever they lie.

    ``folder`` begins the paths of all of them, ``namespaces`` are what they are compiled into.
    """

    folder: Path
    namespaces: Sequence[NamespaceEntry]

    def contents(self) -> Mapping[str, bytes]:
        """Return what the compiled form depends on: contents by name; raises PackError."""

    def listed(self) -> Sequence[NamespaceEntry]:
        """Return the namespaces with the files to compile, in order; raises PackError."""

    def read(self, path: Path) -> bytes:
        """Return the content of a file that is listed, included or found; raises PackError."""

    def covers(self, path: Path) -> bool:
        """Whether ``contents`` answers for a file."""

    def find(self, classname: str) -> Path | None:
        """Return the file that a class is to be looked for in, or None."""

    def spelling(self, path: Path) -> Path:
        """Return the path of a file that differs from the given one in letter case only, the given one if there is none."""

    def count(self) -> int | None:
        """Return how many files will be read, None if that is not known."""


class SchemaPack(Pack, frozen=True, kw_only=True):
    """A pack without a ``pack.toml``, which brings its files along."""

    files: MofFiles


class ListedFiles:
    """The files that ``pack.toml`` lists; others may lie below its folder."""

    def __init__(self, pack: Pack) -> None:
        self.folder = pack.folder
        self.namespaces: Sequence[NamespaceEntry] = pack.manifest.namespaces
        self._pack = pack
        self._contents: dict[Path, bytes] = {}
        self._below: dict[str, Path] | None = None

    def contents(self) -> Mapping[str, bytes]:
        """Return the contents of the listed files."""
        contents = {name: self._read_listed(name) for entry in self.namespaces for name in entry.mof}
        self._contents = {Path(os.path.normpath(self.folder / name)): content for name, content in contents.items()}
        return contents

    def listed(self) -> Sequence[NamespaceEntry]:
        """Return the namespaces as ``pack.toml`` has them."""
        return self.namespaces

    def read(self, path: Path) -> bytes:
        """Return the content of a file."""
        return self._contents[path] if path in self._contents else read_bytes(path, self.folder)

    def covers(self, path: Path) -> bool:
        """Whether it is listed."""
        return path in self._contents

    def find(self, classname: str) -> Path | None:
        """Return the file below the folder that is named after a class, or None."""
        if self._below is None:
            self._below = {}
            for folder, folders, names in os.walk(self.folder):
                folders.sort()
                for name in sorted(names):
                    if name.lower().endswith(".mof"):
                        self._below.setdefault(fold(name[:-4]), Path(os.path.normpath(Path(folder, name))))
        return self._below.get(fold(classname))

    def spelling(self, path: Path) -> Path:
        """Return the path of a file that differs from the given one in letter case only, the given one if there is none."""
        return spelling_on_disk(path)

    def count(self) -> None:
        """Which files are found is not known before."""

    def _read_listed(self, name: str) -> bytes:
        try:
            # A plain MOF file was named by the user, wherever a link leads.
            return read_bytes(self.folder / name, self.folder if self._pack.text else None)
        except PackError as error:
            raise (self._pack.error(f"{name}: {error.text}", name) if self._pack.text else error) from None


def files_of(pack: Pack) -> MofFiles:
    """Return the MOF files of a pack."""
    return pack.files if isinstance(pack, SchemaPack) else ListedFiles(pack)


def spelling_on_disk(path: Path) -> Path:
    """Return the path of a file that differs from the given one in letter case only, the given one if there is none."""
    if path.exists() or not path.name:
        return path
    folder = spelling_on_disk(path.parent)
    try:
        names = sorted(each.name for each in folder.iterdir())
    except OSError:
        return path
    return folder / next((name for name in names if name.lower() == path.name.lower()), path.name)


class Builder:
    """Puts packs into a world one after the other, required ones first.

    ``progress`` is called when something has to be compiled; ``dialect`` is that of packs that do not name one; ``digests`` are
    those of the packs that are in the world already.

    Attributes:
        digests: of all packs that are there, by name.
    """

    def __init__(
        self,
        cache: Cache,
        progress: Callable[[str], None],
        dialect: MofDialect = MofDialect.DMTF,
        digests: Mapping[str, str] | None = None,
    ) -> None:
        self._cache = cache
        self._dialect = dialect
        self._progress = progress
        self.digests: dict[str, str] = dict(digests or {})
        entry = NamespaceEntry("root/standard", [STANDARD_QUALIFIERS])
        qualifiers = Pack(Path(__file__).parent / "mof", Manifest("standard qualifiers", namespaces=[entry]))
        self._standard = StandardQualifiers()
        self._standard_digest = ""
        declaring = DeclarationLoader(Transaction(World()))
        compiled, self._standard_digest = self._compiled(qualifiers.name, ListedFiles(qualifiers), declaring, MofDialect.DMTF)
        items = (declared.item for declared in compiled.declared)
        self._standard = StandardQualifiers(tuple(item for item in items if isinstance(item, CIMQualifierDeclaration)))

    def add(self, mof: Pack, transaction: Transaction) -> None:
        """Put a MOF file into a world that is in use, in which new namespaces get the standard qualifiers; nothing is cached.

        Raises:
            PackError: as compiling does.
        """
        dialect = MofDialect.named(mof.manifest.mof_dialect, self._dialect)
        declaring = DeclarationLoader(transaction, DeclarationRules(mof.manifest.lenient))
        _compile_files(declaring, ListedFiles(mof), self._standard, dialect)

    def build(self, pack: Pack, transaction: Transaction) -> Built:
        """Put the MOF of a pack into the world of a transaction.

        Raises:
            PackError: as compiling does; or what was compiled earlier does not fit this world.
        """
        files = files_of(pack)
        dialect = MofDialect.named(pack.manifest.mof_dialect, self._dialect)
        declaring = DeclarationLoader(transaction, DeclarationRules(pack.manifest.lenient, pack.manifest.enforce_write))
        compiled, digest = self._compiled(pack.name, files, declaring, dialect)
        self.digests[pack.name] = digest
        remarks = *compiled.remarks, *declaring.remarks
        return Built(
            files.folder, _files(pack, compiled), _classes(compiled), compiled.reads, remarks, tuple(declaring.referring)
        )

    def _compiled(
        self, name: str, files: MofFiles, declaring: DeclarationLoader, dialect: MofDialect
    ) -> tuple[CompiledPack, str]:
        """Return what a pack declares, after putting it into the world, and its digest."""
        # A pack may build on any that came before it, be it required or not.
        before = [self._standard_digest, *self.digests.values()]
        key = key_of(files.namespaces, files.contents(), before, dialect, lenient=declaring.lenient)
        compiled = self._cache.load(key, lambda read: read_bytes(files.folder / read, files.folder))
        if compiled is None:
            compiled = self._compile(name, files, declaring, dialect)
            self._cache.store(key, compiled)
        else:
            apply_all(declaring, compiled, files.folder, self._standard, [entry.name for entry in files.namespaces])
        return compiled, digest_of(key, compiled)

    def _compile(self, name: str, files: MofFiles, declaring: DeclarationLoader, dialect: MofDialect) -> CompiledPack:
        # Compiling is rare and its modules are not small.
        from cimsim.packs.mof.pack_compiler import compile_pack

        listed = files.listed()
        count = files.count()
        self._progress(f"compiling {name} ({count or len({file for entry in listed for file in entry.mof})} MOF files)")
        contents: dict[Path, bytes] = {}

        def read(path: Path) -> bytes:
            if path not in contents:
                contents[path] = files.read(path)
                if count:
                    self._progress(_bar(name, len(contents), count))
            return contents[path]

        named = [(entry.name, entry.mof) for entry in listed]
        compiled = compile_pack(declaring, files.folder, named, self._standard, read, files.find, dialect, files.spelling)
        further = [path for path in sorted(contents) if not files.covers(path)]
        reads = tuple((Path(os.path.relpath(path, files.folder)).as_posix(), sha256(contents[path])) for path in further)
        return CompiledPack(compiled.declared, reads, compiled.remarks)


def compile_plain(pack: Pack, transaction: Transaction, dialect: MofDialect, *, lenient: bool) -> Built:
    """Put a MOF file of a mock environment into the world of a transaction.

    New namespaces get no qualifiers of ours, and instances no class defaults, as in pywbem_mock. Nothing is cached.

    Raises:
        PackError: as compiling does.
    """
    declaring = DeclarationLoader(transaction, DeclarationRules(lenient, defaults=False))
    files = ListedFiles(pack)
    compiled = _compile_files(declaring, files, StandardQualifiers(), dialect)
    remarks = *compiled.remarks, *declaring.remarks
    return Built(files.folder, _files(pack, compiled), _classes(compiled), compiled.reads, remarks, tuple(declaring.referring))


def _compile_files(
    declaring: DeclarationLoader, files: ListedFiles, standard: StandardQualifiers, dialect: MofDialect
) -> CompiledPack:
    from cimsim.packs.mof.pack_compiler import compile_pack

    named = [(entry.name, entry.mof) for entry in files.listed()]
    return compile_pack(declaring, files.folder, named, standard, files.read, files.find, dialect, files.spelling)


def _classes(compiled: CompiledPack) -> frozenset[tuple[str, str]]:
    return frozenset(
        (fold_namespace(namespace), fold(item.classname))
        for _, namespace, item in compiled.declared
        if isinstance(item, CIMClass | ClassHead)
    )


def _bar(name: str, done: int, count: int) -> str:
    """Return the line that shows how far compiling is."""
    # Files that are included from elsewhere are not among those that were counted.
    filled = min(_BAR * done // count, _BAR)
    return f"compiling {name} [{'#' * filled:.<{_BAR}}] {done} of {count} MOF files"


def _files(pack: Pack, compiled: CompiledPack) -> dict[str, tuple[str, ...]]:
    """Return the files of each namespace: those listed, and those that were found to declare something in it."""
    names: dict[str, str] = {}
    files: dict[str, dict[str, None]] = {}
    listed = [(entry.name, entry.mof) for entry in pack.manifest.namespaces]
    for namespace, own in [*listed, *((each.namespace, [each.position.file]) for each in compiled.declared)]:
        name = names.setdefault(fold_namespace(namespace), namespace)
        files.setdefault(name, {}).update(dict.fromkeys(own))
    return {name: tuple(own) for name, own in files.items()}
