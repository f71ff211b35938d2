"""Loading packs into a world."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from cimsim.packs.build import Builder, Built, SchemaPack
from cimsim.packs.cache import Cache, CacheFolder
from cimsim.packs.fault_settings import MethodFault, check_timings, faults_of, in_order
from cimsim.packs.locate import default_packs
from cimsim.packs.manifest import DEFAULT_NAMESPACE, Pack, SettingEntry
from cimsim.packs.manifest_cache import ManifestCache, manifest_folder
from cimsim.packs.mof.dialect import MofDialect
from cimsim.packs.order import find_packs, populate_order
from cimsim.packs.pack_errors import PackError
from cimsim.packs.pages import PageEntry, WrongPageError, check_page
from cimsim.packs.provider_module import ProviderModule
from cimsim.packs.scenarios import Scenario, find_scenario
from cimsim.packs.scripts import MOF, set_up, split_environment
from cimsim.packs.settings import Settings, declared_settings, flattened, pass_on, settle
from cimsim.packs.world_cache import Start, world_folder
from cimsim.providers.below import Below
from cimsim.providers.registry import ProviderBinding, ProviderRegistry
from cimsim.world.names import fold_namespace
from cimsim.world.transaction import Transaction
from cimsim.world.world import World


class LoadedPack(msgspec.Struct, frozen=True):
    """A pack in a world.

    ``path`` is its folder, or the file of a plain MOF pack. ``files`` holds the MOF files of each namespace, relative to the
    folder, in the order of reading. ``classes`` are those that it declares, as pairs of folded namespace and folded name.
    ``declared`` are the settings that there are, ``pages`` those of the console.
    """

    name: str
    title: str
    version: str
    path: Path
    files: Mapping[str, tuple[str, ...]]
    settings: Settings
    classes: frozenset[tuple[str, str]] = frozenset()
    declared: Mapping[str, SettingEntry] = msgspec.field(default_factory=dict)
    pages: tuple[PageEntry, ...] = ()


class NamespaceSummary(msgspec.Struct, frozen=True):
    """What a namespace holds after loading, and where it came from: pairs of pack and MOF files."""

    name: str
    classes: int
    instances: int
    sources: tuple[tuple[str, tuple[str, ...]], ...]


class Loaded(msgspec.Struct, frozen=True):
    """A world made from packs, with everything that acts in it.

    ``warnings`` are what was taken leniently, as lines ``FILE:LINE:COLUMN: what is wrong``. ``faults`` are what the setting
    ``faults`` of packs asks for, in the order in which they act, ``scenarios`` those that were chosen. ``digests`` and
    ``bindings``, by the names of packs, are for packs that are loaded later.
    """

    world: World
    packs: tuple[LoadedPack, ...]
    providers: ProviderRegistry
    namespaces: tuple[NamespaceSummary, ...]
    warnings: tuple[str, ...] = ()
    faults: tuple[MethodFault, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    digests: Mapping[str, str] = msgspec.field(default_factory=dict)
    bindings: Mapping[str, tuple[ProviderBinding, ...]] = msgspec.field(default_factory=dict)

    @property
    def folders(self) -> dict[str, Path]:
        """The folders of packs by name; those of plain files have none."""
        return {pack.name: pack.path for pack in self.packs if pack.path.is_dir()}


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
    scenarios: Sequence[str] = (),
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
        scenarios: as ``scenarios.find_scenario`` takes them; their settings give way to ``overrides``.

    Raises:
        PackError: anything is wrong with a pack, a setting or a scenario.
    """
    dialect = MofDialect(mof_dialect)
    packs, files = split_environment(packs)
    named = packs or default_packs(None if schema is None else namespace)
    manifests = ManifestCache(manifest_folder(cache_dir, _silent))
    found = find_packs(named, namespace, manifests.read_pack) if packs or not files else []
    if schema is not None:
        # Only this needs the modules that read archives.
        from cimsim.packs.schema_pack import open_schema

        found = [open_schema(schema, namespace, found, dialect), *found]
    if lenient is not None:
        found = [structs.replace(pack, manifest=structs.replace(pack.manifest, lenient=lenient)) for pack in found]
    chosen = tuple(find_scenario(each, {pack.name: pack.folder for pack in found if pack.text}) for each in scenarios)
    settings = settle(found, {**_settings_of(chosen, found), **flattened(overrides or {})}, defaults)
    passed_on = pass_on(found, settings)
    modules = {pack.name: ProviderModule(pack) for pack in found}
    start = Start(_worlds(cache_dir, files, modules.values()), found, settings, dialect, seed)
    cache = Cache(cache_dir, warn)
    digests: Mapping[str, str] = {}
    known = start.find()
    if known is None:
        transaction = Transaction(World(seed=seed), now=now)
        builder = Builder(cache, progress or _silent, dialect)
        built = {pack.name: builder.build(pack, transaction) for pack in found}
        digests = builder.digests
        world, same_again = _populated(transaction.world, found, modules, passed_on, now)
    else:
        world, built, warnings, digests = known
    for pack in found if known is None else ():
        check_pages(pack, world)
    loaded = tuple(loaded_pack(pack, built[pack.name], settings[pack.name]) for pack in found)
    bindings: list[ProviderBinding] = []
    of_pack: dict[str, tuple[ProviderBinding, ...]] = {}
    listed: list[MethodFault] = []
    for each in loaded:
        if known is None:
            check_timings(each.name, each.settings, world, list(each.files))
        checked = known is not None
        below = Below(bindings)
        of_pack[each.name] = tuple(modules[each.name].bindings(world, passed_on[each.name], below, checked=checked))
        bindings += of_pack[each.name]
        listed += faults_of(each.name, each.settings, world, list(each.files))
    faults = tuple(in_order(listed, world))
    made = partial(Loaded, faults=faults, scenarios=chosen, digests=digests, bindings=of_pack)
    if not files:
        if known is None:
            warnings = warnings_of(built.values(), world)
            if same_again:
                start.keep(world, built, warnings, digests)
        return made(world, loaded, ProviderRegistry(bindings), summaries(world, loaded), warnings)
    world, environment = set_up(files, world, namespace, now, lenient=lenient is not False, dialect=dialect)
    providers = environment.providers(bindings)
    transaction = Transaction(world, now=now)
    providers.namespaces_changed(transaction)
    loaded += tuple(_of_environment(file, namespace) for file in files)
    world = transaction.world
    warnings = warnings_of([*built.values(), *environment.built], world)
    return made(world, loaded, providers, summaries(world, loaded), warnings)


def _settings_of(scenarios: Sequence[Scenario], packs: Sequence[Pack]) -> dict[str, Any]:
    """Return the settings of scenarios, those of the last first; raises PackError for what no pack has."""
    settings: dict[str, Any] = {}
    for each in scenarios:
        try:
            flat = flattened(each.settings)
            settle(packs, flat)
        except PackError as error:
            raise each.error(str(error), field="settings") from None
        settings |= flat
    return settings


def _worlds(cache_dir: Path | None, scripts: Sequence[Path], modules: Iterable[ProviderModule]) -> CacheFolder:
    """Return where worlds are kept, or what keeps none: mock scripts may do anything, and so may some packs."""
    usable = cache_dir is not None and not scripts and all(each.cacheable for each in modules)
    # What hinders it is reported for the cache of compiled packs.
    return world_folder(cache_dir if usable else None, _silent)


def _populated(
    world: World, packs: Sequence[Pack], modules: Mapping[str, ProviderModule], settings: Mapping[str, Settings], now: float
) -> tuple[World, bool]:
    """Return the world with what packs add to it, and whether that would be the same at another time."""
    same_again = True
    for pack in populate_order(packs):
        first = pack.manifest.namespaces[0].name if pack.manifest.namespaces else ""
        populating = Transaction(world, first, now)
        modules[pack.name].populate(populating, settings[pack.name])
        world = populating.world
        same_again = same_again and not populating.asked_time
    return world, same_again


def warnings_of(built: Iterable[Built], world: World) -> tuple[str, ...]:
    """Return what was taken leniently, and references that lead nowhere, as lines."""
    return tuple(warning for each in built for warning in each.warnings(world))


def loaded_pack(pack: Pack, built: Built, settings: Settings) -> LoadedPack:
    """Return a pack that is in the world."""
    return LoadedPack(
        name=pack.name,
        title=pack.manifest.title,
        version=pack.manifest.version,
        path=pack.folder if pack.text or isinstance(pack, SchemaPack) else pack.folder / pack.manifest.namespaces[0].mof[0],
        files=built.files,
        settings=settings,
        classes=built.classes,
        declared=declared_settings(pack),
        pages=tuple(pack.manifest.page),
    )


def check_pages(pack: Pack, world: World) -> None:
    """Compare the pages of a pack with the classes that there are; raises PackError for what is not there."""
    for page in pack.manifest.page:
        try:
            check_page(page, world)
        except WrongPageError as error:
            raise pack.error(error.text, error.word) from None


def _of_environment(file: Path, namespace: str) -> LoadedPack:
    files = {namespace: (file.name,)} if file.suffix.lower() == MOF else {}
    return LoadedPack(name=str(file), title="", version="", path=file, files=files, settings={})


def summaries(world: World, packs: Sequence[LoadedPack]) -> tuple[NamespaceSummary, ...]:
    """Return what each namespace holds."""
    summaries = []
    for folded, namespace in world.namespaces.items():
        of_pack = ((pack.name, name, files) for pack in packs for name, files in pack.files.items())
        sources = tuple((pack, files) for pack, name, files in of_pack if files and fold_namespace(name) == folded)
        summaries.append(NamespaceSummary(namespace.name, len(namespace.schema), namespace.instance_count, sources))
    return tuple(summaries)


def _silent(_: str) -> None:
    """Take no notice of progress."""


def warn(text: str) -> None:
    """Write a line to the log."""
    # Only this needs Twisted here, and it is not cheap to import.
    from twisted.logger import Logger

    Logger(namespace="cimsim.packs").warn("{text}", text=text)
