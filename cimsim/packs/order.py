"""Which packs are loaded, and in which order: each after the packs it requires."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from cimsim.packs.locate import SHIPPED, locate, locate_required
from cimsim.packs.manifest import Pack, plain_pack, read_pack
from cimsim.packs.pack_errors import PackError


def find_packs(names: Sequence[str | Path], namespace: str, read: Callable[[Path], Pack] = read_pack) -> list[Pack]:
    """Return the packs that are asked for and those they require, in the order in which their MOF is loaded.

    A pack that is asked for by its path also serves those that require a pack of its name; a plain MOF file has no name that
    could be required.

    Args:
        names: names or paths as ``locate`` takes them; none: the shipped packs.
        namespace: where plain MOF files are compiled into.
        read: reads the pack in a folder.

    Raises:
        PackError: a pack is not found or not readable, two have the same name, or they require each other in a circle.
    """
    asked: dict[str, Pack] = {}
    for name in names or SHIPPED:
        path = locate(name)
        pack = read(path) if path.is_dir() else plain_pack(path, namespace)
        if any(_same_place(known, pack) for known in asked.values()):
            continue
        known = asked.setdefault(pack.name, pack)
        if known is not pack:
            raise PackError(f"two packs are named {pack.name}: {_place(known)} and {_place(pack)}")
    ordered: dict[str, Pack] = {}
    known_packs = {name: pack for name, pack in asked.items() if pack.text}
    for pack in asked.values():
        _add(pack, known_packs, ordered, read, ())
    return list(ordered.values())


def populate_order(packs: Sequence[Pack]) -> list[Pack]:
    """Return the packs in the order in which they populate: as loaded, but each before the packs that it requires."""
    waiting = list(packs)
    ordered = []
    while waiting:
        required = {name for pack in waiting for name in pack.manifest.requires}
        pack = next(pack for pack in waiting if pack.name not in required)
        waiting.remove(pack)
        ordered.append(pack)
    return ordered


def _add(
    pack: Pack,
    known: dict[str, Pack],
    ordered: dict[str, Pack],
    read: Callable[[Path], Pack],
    above: tuple[str, ...],
) -> None:
    if pack.name in above:
        circle = (*above[above.index(pack.name) :], pack.name)
        raise pack.error(f"packs require each other in a circle: {' > '.join(circle)}", "requires")
    if pack.name in ordered:
        return
    for name in pack.manifest.requires:
        _add(_required(name, pack, known, read), known, ordered, read, (*above, pack.name))
    ordered[pack.name] = pack


def _required(name: str, pack: Pack, known: dict[str, Pack], read: Callable[[Path], Pack]) -> Pack:
    if name not in known:
        try:
            folder = locate_required(name, pack.folder)
        except PackError as error:
            raise pack.error(f"requires {name}, but there is {error.text}", name) from None
        found = read(folder)
        if found.name != name:
            raise found.error(f"this pack is named {found.name}, but {pack.name} requires {name} here", "name")
        known[name] = found
    return known[name]


def _place(pack: Pack) -> str:
    return str(pack.folder / pack.manifest.namespaces[0].mof[0]) if not pack.text else str(pack.folder)


def _same_place(one: Pack, other: Pack) -> bool:
    return os.path.realpath(_place(one)) == os.path.realpath(_place(other))
