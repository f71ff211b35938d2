"""Loading shipped packs and MOF into the running CIMOM.

Folders of packs are not loaded from here: they hold Python, which whoever reaches the control plane could then have run.
"""

from collections.abc import Generator
from typing import Any

from cimsim.control.api_errors import ControlError
from cimsim.control.messages import Load, LoadedState
from cimsim.packs.load_more import AlreadyLoadedError
from cimsim.packs.locate import shipped_names
from cimsim.packs.pack_errors import PackError
from cimsim.simulation.controlled_cimom import ControlledCimom, Work
from cimsim.world.names import nearest


def load(controlled: ControlledCimom, wanted: Load) -> Generator[Work, Any, LoadedState]:
    """Load a pack, or MOF, all or nothing; yields work for another thread.

    Raises:
        ControlError: 400, neither or both are given, there is no such pack, or the MOF or a setting is wrong; 409, the pack is
            loaded already, or nothing can be loaded.
    """
    further = controlled.further
    if further is None:
        raise ControlError(409, "nothing can be loaded into this CIMOM")
    if (wanted.pack is None) == (wanted.mof is None):
        raise ControlError(400, "give pack, the name of a shipped one, or mof, a text", "pack")
    try:
        if wanted.mof is not None:
            if wanted.settings:
                raise ControlError(400, "settings are for packs", "settings")
            return LoadedState([], (yield from further.mof(wanted.mof, wanted.namespace)))
        names = shipped_names()
        if wanted.pack not in names:
            match = nearest(wanted.pack or "", names) or ""
            hint = f"did you mean {match}?" if match else f"there are {', '.join(names)}"
            raise ControlError(400, f"there is no shipped pack {wanted.pack}; {hint}", "pack", match)
        if wanted.namespace is not None:
            raise ControlError(400, "packs have their own namespaces", "namespace")
        return LoadedState((yield from further.packs([wanted.pack], wanted.settings)), None)
    except AlreadyLoadedError as error:
        raise ControlError(409, str(error), "pack") from None
    except PackError as error:
        raise ControlError(400, str(error), "pack" if wanted.mof is None else "mof") from None
