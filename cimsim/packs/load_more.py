"""Loading further packs into a world that is in use, beside what happened in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import structs
from msgspec.structs import replace

from cimsim.packs.build import Builder
from cimsim.packs.cache import Cache
from cimsim.packs.fault_settings import check_timings, faults_of, in_order
from cimsim.packs.load import Loaded, LoadedPack, check_pages, loaded_pack, summaries, warn, warnings_of
from cimsim.packs.manifest import Pack, plain_pack
from cimsim.packs.modules import modules_kept
from cimsim.packs.mof.dialect import MofDialect
from cimsim.packs.order import find_packs, populate_order
from cimsim.packs.pack_errors import PackError
from cimsim.packs.provider_module import ProviderModule
from cimsim.packs.settings import pass_on, settle
from cimsim.providers.below import Below
from cimsim.providers.registry import ProviderBinding
from cimsim.world.names import fold_namespace
from cimsim.world.transaction import Transaction
from cimsim.world.world import World


class AlreadyLoadedError(PackError):
    """All packs that are asked for are there."""


def load_more(
    loaded: Loaded,
    world: World,
    names: Sequence[str | Path],
    overrides: Mapping[str, Any] | None = None,
    *,
    cache_dir: Path | None,
    now: float,
    namespace: str,
    mof_dialect: str = MofDialect.DMTF.value,
) -> Loaded:
    """Return what is loaded with further packs, and those that they require, in a world that goes on.

    Packs that are there stay as they are. ``with_namespaces_known`` notifies their providers of new namespaces.

    Args:
        loaded: what is there; packs that the world no longer has, for instance after a reset, are loaded again.
        world: the current one.
        names: packs, as ``load.load`` takes them.
        overrides: settings of the further packs, as ``settings.settle`` takes them.
        cache_dir: where compiled packs are kept; None: nowhere.
        now: the time for ``populate``, in seconds since 1970-01-01 UTC.
        namespace: where plain MOF files are compiled into.
        mof_dialect: what plain MOF files, and packs that do not say it, are written in.

    Raises:
        PackError: as ``load`` does.
        AlreadyLoadedError: all these packs are there.
    """
    there = {pack.name: pack for pack in packs_in(loaded, world)}
    places = [pack.path for pack in loaded.packs if (pack.path / "pack.toml").is_file()]
    found = find_packs([*places, *names], namespace)
    further = [pack for pack in found if pack.name not in there and pack.name in _asked(names, namespace, found)]
    if not further:
        raise AlreadyLoadedError(f"{', '.join(map(str, names))}: loaded already")
    own = settle(further, overrides or {})
    settings = {**{name: pack.settings for name, pack in there.items()}, **own}
    passed_on = pass_on([pack for pack in found if pack.name in settings], settings)
    cache = Cache(cache_dir if _is_as_loaded(loaded, world) else None, warn)
    builder = Builder(cache, lambda _: None, MofDialect(mof_dialect), loaded.digests)
    transaction = Transaction(world, now=now)
    built = {pack.name: builder.build(pack, transaction) for pack in further}
    world = transaction.world
    with modules_kept():
        modules = {pack.name: ProviderModule(pack) for pack in further}
        for pack in populate_order(further):
            first = pack.manifest.namespaces[0].name if pack.manifest.namespaces else ""
            populating = Transaction(world, first, now)
            modules[pack.name].populate(populating, passed_on[pack.name])
            world = populating.world
        for pack in further:
            check_pages(pack, world)
        bindings = {name: each for name, each in loaded.bindings.items() if name not in built}
        faults = [fault for fault in loaded.faults if fault.pack not in built]
        packs = [loaded_pack(pack, built[pack.name], own[pack.name]) for pack in further]
        for each in packs:
            check_timings(each.name, each.settings, world, list(each.files))
            below = Below([binding for known in bindings.values() for binding in known])
            bindings[each.name] = tuple(modules[each.name].bindings(world, passed_on[each.name], below))
            faults += faults_of(each.name, each.settings, world, list(each.files))
    all_bindings: list[ProviderBinding] = [binding for known in bindings.values() for binding in known]
    all_packs = (*(pack for pack in loaded.packs if pack.name not in built), *packs)
    return replace(
        loaded,
        world=world,
        packs=all_packs,
        providers=loaded.providers.with_bindings(all_bindings),
        warnings=warnings_of(built.values(), world),
        faults=tuple(in_order([fault for fault in faults if _has_class(world, fault.namespace, fault.classname)], world)),
        digests=builder.digests,
        bindings=bindings,
    )


def with_mof(
    loaded: Loaded,
    world: World,
    mof: str | Path,
    *,
    cache_dir: Path | None,
    now: float,
    namespace: str,
    mof_dialect: str = MofDialect.DMTF.value,
) -> Loaded:
    """Return what is loaded with the declarations of a MOF text, or of a file by its path; only the world differs.

    Args:
        loaded: what is there.
        world: the current one.
        mof: the text, or the path of the file.
        cache_dir: where compiled packs are kept; None: nowhere.
        now: the time, in seconds since 1970-01-01 UTC.
        namespace: that they are for, made if it is not there.
        mof_dialect: what the MOF is written in.

    Raises:
        PackError: something is wrong; the error has its place.
    """
    builder = Builder(Cache(cache_dir, warn), lambda _: None, MofDialect(mof_dialect))
    transaction = Transaction(world, namespace, now)
    with TemporaryDirectory() as folder:
        file = mof if isinstance(mof, Path) else Path(folder) / "text.mof"
        if isinstance(mof, str):
            file.write_text(mof, encoding="utf-8")
        pack = plain_pack(file, namespace)
        try:
            builder.add(structs.replace(pack, manifest=structs.replace(pack.manifest, lenient=False)), transaction)
        except PackError as error:
            if isinstance(mof, Path) or error.file != str(file):
                raise
            raise PackError(error.text, "MOF", error.line, error.column) from None
    return replace(loaded, world=transaction.world)


def with_namespaces_known(loaded: Loaded, now: float) -> Loaded:
    """Return what is loaded after its providers were notified of new namespaces, and with what each namespace holds.

    Providers may keep state outside of the world, so this is for the thread in which they act.

    Args:
        loaded: what ``load_more`` or ``with_mof`` returned.
        now: the time, in seconds since 1970-01-01 UTC.
    """
    transaction = Transaction(loaded.world, now=now)
    loaded.providers.namespaces_changed(transaction)
    return replace(loaded, world=transaction.world, namespaces=summaries(transaction.world, loaded.packs))


def packs_in(loaded: Loaded, world: World) -> list[LoadedPack]:
    """Return the packs that a world has of those that are loaded; a reset takes away those that came later."""
    return [pack for pack in loaded.packs if _is_in(pack, world)]


def _asked(names: Sequence[str | Path], namespace: str, found: Sequence[Pack]) -> set[str]:
    """Return the names of packs that are asked for, and of those that they require."""
    required = {pack.name: pack.manifest.requires for pack in found}
    waiting = [pack.name for pack in find_packs(names, namespace)]
    asked: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in asked:
            asked.add(name)
            waiting += required.get(name, ())
    return asked


def _is_in(pack: LoadedPack, world: World) -> bool:
    """Whether a world has the namespaces and classes of a pack."""
    if any(fold_namespace(name) not in world.namespaces for name in pack.files):
        return False
    return all(_has_class(world, namespace, name) for namespace, name in pack.classes)


def _has_class(world: World, namespace: str, classname: str) -> bool:
    found = world.namespaces.get(fold_namespace(namespace))
    return found is not None and found.schema.get(classname) is not None


def _is_as_loaded(loaded: Loaded, world: World) -> bool:
    """Whether it is known what the classes of a world were compiled from, and no other ones have come."""
    names = loaded.world.namespaces
    if any(pack.name not in loaded.digests for pack in loaded.packs):
        return False
    return all(name in names and names[name].schema is each.schema for name, each in world.namespaces.items())
