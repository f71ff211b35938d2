"""What is served by a CIMOM."""

from cimsim import __version__
from cimsim.control.clock_api import state
from cimsim.control.messages import Status
from cimsim.simulation.controlled_cimom import ControlledCimom


def status(controlled: ControlledCimom) -> Status:
    """Return what is served."""
    return Status(
        version=__version__,
        urls=list(controlled.urls),
        clock=state(controlled),
        namespaces=instances_by_namespace(controlled),
        faults=len(controlled.cimom.faults),
        snapshots=len(controlled.snapshots),
        exchanges=controlled.journal.recorded,
        name=controlled.name,
        instance=controlled.instance,
    )


def instances_by_namespace(controlled: ControlledCimom) -> dict[str, int]:
    """Return how many instances each namespace has."""
    namespaces = controlled.cimom.world.namespaces.values()
    return {each.name: sum(map(len, each.instances.values())) for each in namespaces}
