"""What is served, and whether it is."""

from cimsim import __version__
from cimsim.control.api_errors import ControlError
from cimsim.control.clock_api import state
from cimsim.control.messages import Health, Status
from cimsim.simulation.controlled_cimom import ControlledCimom


def live(_: ControlledCimom) -> Health:
    """Return that the server is alive: it answers."""
    return Health("ok")


def ready(controlled: ControlledCimom) -> Health:
    """Return that clients are answered; raises ControlError, 503, while they are not."""
    if not controlled.ready:
        raise ControlError(503, "clients are not answered: the server is starting or stopping")
    return Health("ok")


def status(controlled: ControlledCimom) -> Status:
    """Return what is served."""
    world = controlled.cimom.world
    return Status(
        version=__version__,
        urls=list(controlled.urls),
        clock=state(controlled),
        namespaces={each.name: sum(map(len, each.instances.values())) for each in world.namespaces.values()},
        faults=len(controlled.cimom.faults),
        snapshots=len(controlled.snapshots),
        exchanges=controlled.journal.recorded,
    )
