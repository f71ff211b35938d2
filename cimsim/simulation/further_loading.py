"""Loading further packs, and MOF, into a CIMOM that is running.

Compiling takes long, so it is not done in the thread of the reactor: it is a pure function from the world as it is to one with
more in it. What clients changed meanwhile is merged in; if that is not possible, it is done again from the newer world.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from cimsim.packs.load import Loaded
from cimsim.packs.manifest import DEFAULT_NAMESPACE
from cimsim.simulation.controlled_cimom import ControlledCimom, Work
from cimsim.simulation.loading import cache_dir_of
from cimsim.simulation.options import SimulationOptions
from cimsim.simulation.start_rules import of_settings
from cimsim.world.merge import MergeConflictError, merge
from cimsim.world.world import World

_ATTEMPTS: Final = 5
"""How often it is tried beside clients that change the same; after that they have to wait."""


class FurtherLoading:
    """Loads into a running CIMOM, all or nothing; nobody is notified, and a reset forgets it.

    ``packs`` and ``mof`` are generators for the thread of the reactor. They yield work for any other thread, and are sent
    what it returned; clients are answered meanwhile.

    Args:
        controlled: the CIMOM.
        loaded: what it was loaded with.
        options: of the simulation.

    Attributes:
        loaded: all that is loaded.
        loaded_more: whether that is more than at the start.
    """

    def __init__(self, controlled: ControlledCimom, loaded: Loaded, options: SimulationOptions) -> None:
        self.loaded = loaded
        self.loaded_more = False
        self._controlled = controlled
        self._options = options

    def packs(self, names: Sequence[str | Path], settings: Mapping[str, Any]) -> Generator[Work, Any, list[str]]:
        """Load packs and those they require; return the names of those that were not there.

        Raises:
            PackError: one cannot be loaded, or is there already.
        """
        from cimsim.packs.load_more import load_more, with_namespaces_known  # most simulations never load more

        options, cimom = self._options, self._controlled.cimom

        def load(before: Loaded, world: World, now: float) -> Loaded:
            return load_more(
                before,
                world,
                names,
                settings,
                cache_dir=cache_dir_of(options),
                now=now,
                namespace=options.namespace,
                mof_dialect=options.mof_dialect,
            )

        loaded = yield from self._beside_clients(load)
        before = self.loaded
        # One that a reset has taken away is as it was before, and yet new.
        new = [pack.name for pack in loaded.packs if all(pack is not each for each in before.packs)]
        loaded = with_namespaces_known(loaded, cimom.clock.now())
        cimom.renew(loaded.world, loaded.providers, loaded.providers)
        for rule in of_settings([fault for fault in loaded.faults if fault.pack in new]):
            cimom.faults.add(rule.rule, rule.origin, last=rule.last)
        self.loaded, self.loaded_more = loaded, True
        return new

    def mof(self, mof: str | Path, namespace: str | None) -> Generator[Work, Any, str]:
        """Add the declarations of a MOF text, or of a file by its path; return the namespace, by default the main one.

        Raises:
            PackError: something is wrong; the error has its place.
        """
        from cimsim.packs.load_more import with_mof, with_namespaces_known

        options, cimom = self._options, self._controlled.cimom
        place = namespace or main_namespace(cimom.world)

        def load(before: Loaded, world: World, now: float) -> Loaded:
            return with_mof(
                before,
                world,
                mof,
                cache_dir=cache_dir_of(options),
                now=now,
                namespace=place,
                mof_dialect=options.mof_dialect,
            )

        loaded = yield from self._beside_clients(load)
        if loaded.world.namespaces.keys() != cimom.world.namespaces.keys():
            loaded = with_namespaces_known(loaded, cimom.clock.now())
        cimom.change_world(loaded.world)
        return place

    def _beside_clients(self, load: Callable[[Loaded, World, float], Loaded]) -> Generator[Work, Any, Loaded]:
        """Return what is loaded, in a world that has all that happened meanwhile."""
        from cimsim.packs.load_more import packs_in

        cimom = self._controlled.cimom
        for _ in range(_ATTEMPTS):
            before, world = self.loaded, cimom.world
            loaded: Loaded = yield partial(load, before, world, cimom.clock.now())
            try:
                merged = yield from self._merged(world, loaded.world)
            except MergeConflictError:
                continue
            # Packs that were required may have gone with a reset, and what was loaded is made for those that were there.
            if self.loaded is before and packs_in(before, world) == packs_in(before, cimom.world):
                return replace(loaded, world=merged)
        return load(self.loaded, cimom.world, cimom.clock.now())

    def _merged(self, base: World, ours: World) -> Generator[Work, Any, World]:
        """Return ``ours`` with what clients changed since ``base``; raises MergeConflictError.

        Comparing the worlds may take long as well, so it is work; what clients change during that is less each time.
        """
        cimom = self._controlled.cimom
        for _ in range(_ATTEMPTS):
            theirs = cimom.world
            if theirs is base:
                return ours
            ours = yield partial(merge, base, ours, theirs)
            base = theirs
        return merge(base, ours, cimom.world)


def main_namespace(world: World) -> str:
    """Return the first namespace that is not the interop namespace, if there is another."""
    names = [each.name for each in world.namespaces.values()]
    return next((name for name in names if "interop" not in name.lower()), names[0] if names else DEFAULT_NAMESPACE)
