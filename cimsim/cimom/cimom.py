"""The CIMOM: holds the current world, carries out one request after the other, and commits what each changed."""

from collections.abc import Callable

from pywbem import CIMError
from twisted.logger import Logger

from cimsim.operations.call import Policy
from cimsim.operations.methods import Implementations
from cimsim.operations.perform import perform
from cimsim.operations.request import ExtrinsicRequest, Request
from cimsim.operations.results import Result
from cimsim.world.errors import failed
from cimsim.world.world import World


class Cimom:
    """A simulated CIM object manager.

    ``clock`` returns seconds since 1970-01-01 UTC. All calls come from one thread; each is carried out whole.
    """

    log = Logger()

    def __init__(
        self, world: World, implementations: Implementations, clock: Callable[[], float], policy: Policy | None = None
    ) -> None:
        self.world = world
        self._implementations = implementations
        self._clock = clock
        self._policy = policy or Policy()

    def perform(self, request: Request, user: str | None = None) -> Result:
        """Carry out a request of ``user`` (None: not authenticated) and commit what it changed.

        Raises:
            CIMError: the request is refused or failed; the world is as before (rule G14). An exception that is no CIMError is a
                defect, ours or a behaviour's: it is logged with its traceback, and the client gets CIM_ERR_FAILED (rule E7).
        """
        try:
            outcome = perform(self.world, request, self._implementations, self._clock(), self._policy)
        except CIMError:
            raise
        except Exception as error:
            self.log.failure("{name} failed", name=request.name)
            raise failed(_explanation(request, error)) from error
        self.world = outcome.world
        return outcome.result


def _explanation(request: Request, error: Exception) -> str:
    """Return what the client learns: the words of a behaviour, but nothing of our own insides (rule E6)."""
    if isinstance(request, ExtrinsicRequest):
        return f"the behaviour of {request.name} failed: {error}"
    return f"{request.name} failed for an internal reason, which the log of the server tells"
