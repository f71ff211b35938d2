"""Loading packs into a world."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from msgspec import structs

from cimsim.packs.build import Builder, Built, SchemaPack
from cimsim.packs.cache import Cache
from cimsim.packs.fault_settings import check_timings, faults_of
from cimsim.packs.locate import default_packs
from cimsim.packs.manifest import DEFAULT_NAMESPACE, Pack, SettingEntry
from cimsim.packs.mof.dialect import MofDialect
from cimsim.packs.order import find_packs, populate_order
from cimsim.packs.pages import PageEntry, WrongPageError, check_page
from cimsim.packs.provider_module import ProviderModule
from cimsim.packs.scripts import MOF, set_up, split_environment
from cimsim.packs.settings import Settings, declared_settings, pass_on, settle
from cimsim.providers.below import Below
from cimsim.providers.registry import MethodFault, ProviderBinding, ProviderRegistry
from cimsim.world.names import fold_namespace
from cimsim.world.transaction import Transaction
from cimsim.world.world import World


@dataclass(frozen=True)
class LoadedPack:
    """A pack in a world.

    ``path`` is its folder, or the file of a plain MOF pack. ``files`` holds the MOF files of each namespace, relative to the
    folder, in the order of reading. ``classes`` are those that it declares, as pairs of folded namespace and folded name.
    ``pages`` are those that the console shows.
    ``declared`` are the settings that there are.
    """

    name: str
    title: str
    version: str
    path: Path
    files: Mapping[str, tuple[str, ...]]
    settings: Settings
    classes: frozenset[tuple[str, str]] = frozenset()
    pages: tuple[PageEntry, ...] = ()
    declared: Mapping[str, SettingEntry] = field(default_factory=dict)


@dataclass(frozen=True)
class NamespaceSummary:
    """What a namespace holds after loading, and where it came from: pairs of pack and MOF files."""

    name: str
    classes: int
    instances: int
    sources: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Loaded:
    """A world made from packs, with everything that acts in it.

    ``warnings`` are what was taken leniently, as lines ``FILE:LINE:COLUMN: what is wrong``.
    """

    world: World
    packs: tuple[LoadedPack, ...]
    providers: ProviderRegistry
    namespaces: tuple[NamespaceSummary, ...]
    warnings: tuple[str, ...] = ()


def load(
    packs: Sequence[str | Path] = (),
    overrides: Mapping[str, Any] | None = None,
    *,
    cache_dir: Path | None,
    now: float,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    namespace: str = DEFAULT_NAMESPACE,
    schema: Path | None = None,
    lenient: bool | None = None,
    mof_dialect: str = MofDialect.DMTF.value,
    defaults: Mapping[str, Mapping[str, Any]] | None = None,
) -> Loaded:
    """Load packs, and the packs they require, into a new world.

    The MOF of all packs comes first, each pack after those it requires. Then each pack's ``populate`` runs, each before those
    it requires, so that ``interop`` sees every namespace. Last the mock environment is set up, if there is one. Settings,
    populated instances and mock environments are never cached.

    Args:
        packs: folders, names of shipped packs, plain MOF files, or mock scripts; none: the shipped packs. With a mock script,
            the MOF files are part of its environment.
        overrides: settings, as ``settings.settle`` takes them.
        cache_dir: where compiled packs are kept (see ``cache``), None to keep none.
        now: the time for ``populate``, in seconds since 1970-01-01 UTC.
        seed: what generated identifiers are made from.
        progress: receives what takes time, as text for a user.
        namespace: where plain MOF files are compiled into, and the default namespace of mock scripts.
        schema: a folder or ZIP archive of MOF files that is compiled into ``namespace`` before all packs.
        lenient: whether what MOF has incomplete or twice is warned of and not refused: references to instances that are not
            there, classes that are referred to and not there, required properties without a value, instances of abstract
            classes, classes, properties of classes and instances declared again. None: as each ``pack.toml`` says; plain MOF
            files are taken leniently.
        mof_dialect: what plain MOF files, the schema, and packs that do not say it are written in: ``dmtf`` or ``windows``.
        defaults: of settings, in place of those that packs declare, as ``settings.settle`` takes them.

    Raises:
        PackError: anything is wrong with a pack or a setting.
    """
    dialect = MofDialect(mof_dialect)
    packs, files = split_environment(packs)
    named = packs or default_packs(None if schema is None else namespace)
    found = find_packs(named, namespace) if packs or not files else []
    if schema is not None:
        # Only this needs the modules that read archives.
        from cimsim.packs.schema_pack import open_schema

        found = [open_schema(schema, namespace, found, dialect), *found]
    if lenient is not None:
        found = [replace(pack, manifest=structs.replace(pack.manifest, lenient=lenient)) for pack in found]
    settings = settle(found, overrides or {}, defaults)
    passed_on = pass_on(found, settings)
    builder = Builder(Cache(cache_dir, _warn), progress or _silent, dialect)
    transaction = Transaction(World(seed=seed), now=now)
    built = {pack.name: builder.build(pack, transaction) for pack in found}
    modules = {pack.name: ProviderModule(pack) for pack in found}
    world = transaction.world
    for pack in populate_order(found):
        first = pack.manifest.namespaces[0].name if pack.manifest.namespaces else ""
        populating = Transaction(world, first, now)
        modules[pack.name].populate(populating, passed_on[pack.name])
        world = populating.world
    for pack in found:
        _check_pages(pack, world)
    loaded = tuple(_loaded(pack, built[pack.name], settings[pack.name]) for pack in found)
    bindings: list[ProviderBinding] = []
    faults: list[MethodFault] = []
    for each in loaded:
        check_timings(each.name, each.settings, world, list(each.files))
        bindings += modules[each.name].bindings(world, passed_on[each.name], Below(bindings))
        faults += faults_of(each.name, each.settings, world, list(each.files))
    if not files:
        providers = ProviderRegistry(bindings, faults)
        return Loaded(world, loaded, providers, _summaries(world, loaded), _warnings(built.values(), world))
    world, environment = set_up(files, world, namespace, now, lenient=lenient is not False, dialect=dialect)
    providers = environment.providers(bindings, faults)
    transaction = Transaction(world, now=now)
    providers.namespaces_changed(transaction)
    loaded += tuple(_of_environment(file, namespace) for file in files)
    world = transaction.world
    warnings = _warnings([*built.values(), *environment.built], world)
    return Loaded(world, loaded, providers, _summaries(world, loaded), warnings)


def _check_pages(pack: Pack, world: World) -> None:
    for page in pack.manifest.page:
        try:
            check_page(page, world)
        except WrongPageError as error:
            raise pack.error(error.text, error.word) from None


def _warnings(built: Iterable[Built], world: World) -> tuple[str, ...]:
    return tuple(warning for each in built for warning in each.warnings(world))


def _loaded(pack: Pack, built: Built, settings: Settings) -> LoadedPack:
    return LoadedPack(
        name=pack.name,
        title=pack.manifest.title,
        version=pack.manifest.version,
        path=pack.folder if pack.text or isinstance(pack, SchemaPack) else pack.folder / pack.manifest.namespaces[0].mof[0],
        files=built.files,
        settings=settings,
        classes=built.classes,
        pages=tuple(pack.manifest.page),
        declared=declared_settings(pack),
    )


def _of_environment(file: Path, namespace: str) -> LoadedPack:
    files = {namespace: (file.name,)} if file.suffix.lower() == MOF else {}
    return LoadedPack(name=str(file), title="", version="", path=file, files=files, settings={})


def _summaries(world: World, packs: Sequence[LoadedPack]) -> tuple[NamespaceSummary, ...]:
    summaries = []
    for folded, namespace in world.namespaces.items():
        of_pack = ((pack.name, name, files) for pack in packs for name, files in pack.files.items())
        sources = tuple((pack, files) for pack, name, files in of_pack if files and fold_namespace(name) == folded)
        summaries.append(NamespaceSummary(namespace.name, len(namespace.schema), namespace.instance_count, sources))
    return tuple(summaries)


def _silent(_: str) -> None:
    """Take no notice of progress."""


def _warn(text: str) -> None:
    """Write a line to the log."""
    # Only this needs Twisted here, and it is not cheap to import.
    from twisted.logger import Logger

    Logger(namespace="cimsim.packs").warn("{text}", text=text)
