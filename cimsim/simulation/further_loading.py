"""Loading further packs, and MOF, into a CIMOM that is running."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cimsim.packs.load import Loaded
from cimsim.packs.manifest import DEFAULT_NAMESPACE
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.simulation.loading import cache_dir_of
from cimsim.simulation.options import SimulationOptions
from cimsim.simulation.start_rules import of_settings
from cimsim.world.world import World


class FurtherLoading:
    """Loads into a running CIMOM, all or nothing; nobody is notified, and a reset forgets it.

    It all happens in the thread of the reactor, so clients wait meanwhile.

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

    def packs(self, names: Sequence[str | Path], settings: Mapping[str, Any]) -> list[str]:
        """Load packs and those they require; return the names of those that were not there.

        Raises:
            PackError: one cannot be loaded, or is there already.
        """
        from cimsim.packs.load_more import load_more  # most simulations never load more

        options, cimom, before = self._options, self._controlled.cimom, self.loaded
        loaded = load_more(
            before,
            cimom.world,
            names,
            settings,
            cache_dir=cache_dir_of(options),
            now=cimom.clock.now(),
            namespace=options.namespace,
            mof_dialect=options.mof_dialect,
        )
        # One that a reset has taken away is as it was before, and yet new.
        new = [pack.name for pack in loaded.packs if all(pack is not each for each in before.packs)]
        cimom.renew(loaded.world, loaded.providers, loaded.providers)
        for rule in of_settings([fault for fault in loaded.faults if fault.pack in new]):
            cimom.faults.add(rule.rule, rule.origin, last=rule.last)
        self.loaded, self.loaded_more = loaded, True
        return new

    def mof(self, mof: str | Path, namespace: str | None) -> str:
        """Add the declarations of a MOF text, or of a file by its path; return the namespace, by default the main one.

        Raises:
            PackError: something is wrong; the error has its place.
        """
        from cimsim.packs.load_more import with_mof

        options, cimom = self._options, self._controlled.cimom
        place = namespace or main_namespace(cimom.world)
        loaded = with_mof(
            self.loaded,
            cimom.world,
            mof,
            cache_dir=cache_dir_of(options),
            now=cimom.clock.now(),
            namespace=place,
            mof_dialect=options.mof_dialect,
        )
        cimom.change_world(loaded.world)
        return place


def main_namespace(world: World) -> str:
    """Return the first namespace that is not the interop namespace, if there is another."""
    names = [each.name for each in world.namespaces.values()]
    return next((name for name in names if "interop" not in name.lower()), names[0] if names else DEFAULT_NAMESPACE)
