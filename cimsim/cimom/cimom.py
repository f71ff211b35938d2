"""The CIMOM: holds the current world, carries out one request after the other, and commits what each changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pywbem import CIMError
from twisted.logger import Logger

from cimsim.cimom.access import Access
from cimsim.cimom.contexts import ContextOptions, Contexts
from cimsim.operations.call import Outcome, Policy
from cimsim.operations.hooks import NO_HOOKS, Hooks
from cimsim.operations.methods import Implementations
from cimsim.operations.perform import perform
from cimsim.operations.request import ExtrinsicRequest, IntrinsicRequest, Request
from cimsim.operations.results import Close, Count, Opened, Pull, Result
from cimsim.world.errors import failed
from cimsim.world.names import fold, fold_namespace
from cimsim.world.world import World

_OF_SESSIONS: Final = (Opened, Pull, Close, Count)


class Cimom:
    """A simulated CIM object manager.

    ``clock`` returns seconds since 1970-01-01 UTC, ``random`` that many bytes that nobody can foresee.
    ``access`` says which users may do what; None: everybody may do everything. All calls come from one thread; each is carried
    out whole.
    """

    log = Logger()

    def __init__(
        self,
        world: World,
        implementations: Implementations,
        clock: Callable[[], float],
        policy: Policy | None = None,
        *,
        random: Callable[[int], bytes],
        contexts: ContextOptions | None = None,
        access: Access | None = None,
        hooks: Hooks = NO_HOOKS,
    ) -> None:
        self.world = world
        self._implementations = implementations
        self._hooks = hooks
        self._clock = clock
        self._policy = policy or Policy()
        self._access = access
        self._contexts = Contexts(random, contexts or ContextOptions())

    def perform(self, request: Request, user: str | None = None) -> Result:
        """Carry out a request of ``user`` (None: not authenticated) and commit what it changed.

        Raises:
            CIMError: the request is refused or failed; the world is as before (rule G14). An exception that is no CIMError is a
                defect, ours or a behaviour's: it is logged with its traceback, and the client gets CIM_ERR_FAILED (rule E7).
        """
        now = self._clock()
        try:
            outcome = self._carry_out(request, user, now)
        except CIMError:
            self._end_session(request, user)
            raise
        except Exception as error:
            self.log.failure("{name!r} failed", name=request.name)
            raise failed(_explanation(request, error)) from error
        self.world = outcome.world
        result = outcome.result
        if isinstance(result, _OF_SESSIONS):
            return self._contexts.answer(result, user, fold_namespace(request.namespace), now)
        return result

    def _end_session(self, request: Request, user: str | None) -> None:
        """End the enumeration session that a failed pull operation was for (rule PL-30)."""
        if isinstance(request, IntrinsicRequest) and fold(request.name).startswith("pull"):
            for argument in request.arguments:
                if fold(argument.name) == "enumerationcontext" and isinstance(argument.value, str):
                    self._contexts.failed(str(argument.value), user, fold_namespace(request.namespace))

    def sweep(self) -> None:
        """Forget the enumeration sessions that have expired; each pull operation does so too (rule PL-29)."""
        self._contexts.sweep(self._clock())

    def stop(self) -> None:
        """From now on refuse all pull operations with CIM_ERR_SERVER_IS_SHUTTING_DOWN (rule PL-40)."""
        self._policy = replace(self._policy, sessions=False)

    def _carry_out(self, request: Request, user: str | None, now: float) -> Outcome:
        """Return the outcome of a request, as far as the roles of its user allow it (rules G7, SEC13)."""

        def carry_out() -> Outcome:
            return perform(self.world, request, self._implementations, now, self._policy, self._hooks)

        return carry_out() if self._access is None else self._access.guard(user, request, self.world, carry_out)


def _explanation(request: Request, error: Exception) -> str:
    """Return what the client learns: the words of a behaviour, but nothing of our own insides (rule E6)."""
    if isinstance(request, ExtrinsicRequest):
        return f"the behaviour of {request.name} failed: {error}"
    return f"{request.name} failed for an internal reason, which the log of the server tells"
