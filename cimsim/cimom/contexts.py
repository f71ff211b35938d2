"""Enumeration sessions: who may pull what, for how long, and how many at once.

A session holds the records it has yet to hand out, so it keeps the moment it was opened whatever happens to the world since
(rule PL-39). All calls come from one thread, and each is carried out whole: two pulls at once never meet (PL-35).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from math import inf
from typing import Final

import msgspec
from pywbem import CIMError, Uint64

from cimsim.operations.results import Projections, Pulled, PullForm, Value, Void
from cimsim.operations.session_commands import CloseSession, CountSession, OpenSession, PullFromSession, SessionCommand
from cimsim.world.errors import invalid_enumeration_context, server_limits_exceeded
from cimsim.world.instances import Instance

Room = Callable[[Sequence[Instance], Projections], int]
"""Of instances that are about to be handed out, how many may be."""

_CONTEXT_BYTES: Final = 16
"""128 random bits: nobody guesses the context of another's session."""


class ContextOptions(msgspec.Struct, frozen=True):
    """How a CIMOM keeps enumeration sessions.

    ``timeout``: seconds that an idle session stays open when its client does not say (rule PL-29).
    ``most``, ``most_of_user``: sessions at once, of all users and of one; without authentication all users are one (PL-40).
    ``most_objects``: objects in one answer, whatever is asked for (PL-28, SEC6).
    ``most_idle_pulls``: pulls of no objects in a row (PL-27).
    ``rotate``: every answer names the session anew, as a CIMOM may, and old names are void (PL-34).
    """

    timeout: int = 30
    most: int = 1000
    most_of_user: int = 250
    most_objects: int = 100_000
    most_idle_pulls: int = 1000
    rotate: bool = False


class _Session(msgspec.Struct):
    """An open session: what is left begins at ``position``; it ends when the clock passes ``expires``."""

    owner: str | None
    namespace: str
    form: PullForm
    instances: Sequence[Instance]
    projections: Projections
    continue_on_error: bool
    timeout: float
    expires: float
    position: int = 0
    idle_pulls: int = 0

    @property
    def left(self) -> int:
        return len(self.instances) - self.position

    def take(self, wanted: int, room: Room | None) -> Sequence[Instance]:
        """Return the next ``wanted`` objects, fewer at the end or where there is no room for all, and go past them."""
        taken = self.instances[self.position : self.position + wanted]
        if room is not None and taken:
            taken = taken[: room(taken, self.projections)]
        self.position += len(taken)
        return taken


class Contexts:
    """The enumeration sessions of a CIMOM.

    Args:
        random: returns that many random bytes, which cannot be foreseen.
        options: see ``ContextOptions``.

    Every method takes ``now``, the time in seconds on the CIMOM's clock. A session counts as idle from the moment its last
    answer was made.
    """

    def __init__(self, random: Callable[[int], bytes], options: ContextOptions) -> None:
        self._random = random
        self._options = options
        self._sessions: dict[str, _Session] = {}
        self._of_user: Counter[str | None] = Counter()
        # No session ends before this time; most of the time that makes a sweep free.
        self._next_end = inf

    def __len__(self) -> int:
        return len(self._sessions)

    def answer(
        self, wanted: SessionCommand, user: str | None, namespace: str, now: float, room: Room | None = None
    ) -> Pulled | Void | Value:
        """Carry out a command to an enumeration session, and return the result.

        Args:
            wanted: the command of a pull operation.
            user: who asks; a session is there for the user who opened it only (rule PL-32).
            namespace: the folded name of the namespace asked; a session is there in its own only (PL-32).
            now: the time.
            room: see ``IntrinsicRequest``.

        Raises:
            CIMError: CIM_ERR_INVALID_ENUMERATION_CONTEXT (rules PL-31 to PL-33), CIM_ERR_SERVER_LIMITS_EXCEEDED (PL-27, PL-40).
        """
        self.sweep(now)
        if isinstance(wanted, OpenSession):
            return self._open(wanted, user, namespace, now, room)
        session = self._sessions.get(wanted.context)
        if session is None or (session.owner, session.namespace) != (user, namespace):
            # One text for all: who asks for another's session does not learn that there is one.
            raise invalid_enumeration_context("no such enumeration session is open here: it never was, has ended or expired")
        match wanted:
            case PullFromSession():
                return self._pull(session, wanted, now, room)
            case CloseSession():
                self._forget(wanted.context)
                return Void()
            case CountSession():
                return Value("uint64", Uint64(session.left))

    def failed(self, context: str, user: str | None, namespace: str) -> None:
        """End the session of a pull operation that was answered with an error, unless it is to go on then (rule PL-30)."""
        session = self._sessions.get(context)
        if session is not None and (session.owner, session.namespace) == (user, namespace) and not session.continue_on_error:
            self._forget(context)

    def sweep(self, now: float) -> None:
        """Forget the sessions that have been idle for too long (rule PL-29)."""
        if now <= self._next_end:
            return
        for context in [context for context, session in self._sessions.items() if session.expires < now]:
            self._forget(context)
        self._next_end = min((session.expires for session in self._sessions.values()), default=inf)

    def _open(self, opened: OpenSession, user: str | None, namespace: str, now: float, room: Room | None) -> Pulled:
        timeout = self._options.timeout if opened.timeout is None else (opened.timeout or inf)
        session = _Session(
            user,
            namespace,
            opened.form,
            opened.instances,
            opened.projections,
            opened.continue_on_error,
            timeout,
            now + timeout,
        )
        taken = session.take(self._fewer(opened.max_objects), room)
        context = self._keep(session) if session.left else None
        return Pulled(session.form, taken, session.projections, context, opened.query_class)

    def _pull(self, session: _Session, wanted: PullFromSession, now: float, room: Room | None) -> Pulled:
        if session.form is not wanted.form:
            raise invalid_enumeration_context(f"this enumeration session wants {session.form.value}, not {wanted.form.value}")
        session.idle_pulls = 0 if wanted.max_objects else session.idle_pulls + 1
        if session.idle_pulls > self._options.most_idle_pulls:
            raise self._refused(session, wanted.context)
        taken = session.take(self._fewer(wanted.max_objects), room)
        session.expires = now + session.timeout
        return Pulled(session.form, taken, session.projections, self._next_context(session, wanted.context))

    def _refused(self, session: _Session, context: str) -> CIMError:
        """Return the error for a client that pulls nothing for ever; it ends the session unless that goes on (rule PL-30)."""
        if not session.continue_on_error:
            self._forget(context)
        return server_limits_exceeded(f"{self._options.most_idle_pulls} pulls in a row wanted no objects: that is enough")

    def _fewer(self, wanted: int) -> int:
        return min(wanted, self._options.most_objects)

    def _next_context(self, session: _Session, context: str) -> str | None:
        """Return the name of a session from now on, None at its end."""
        if session.left and not self._options.rotate:
            return context
        self._forget(context)
        return self._enter(session) if session.left else None

    def _keep(self, session: _Session) -> str:
        """Return the name of a new session; CIM_ERR_SERVER_LIMITS_EXCEEDED when there are too many (rule PL-40)."""
        options = self._options
        if len(self._sessions) >= options.most:
            raise server_limits_exceeded(f"{options.most} enumeration sessions are open, more are not kept")
        if self._of_user[session.owner] >= options.most_of_user:
            raise server_limits_exceeded(f"{options.most_of_user} of your enumeration sessions are open, more are not kept")
        return self._enter(session)

    def _enter(self, session: _Session) -> str:
        context = self._random(_CONTEXT_BYTES).hex()
        self._sessions[context] = session
        self._of_user[session.owner] += 1
        self._next_end = min(self._next_end, session.expires)
        return context

    def _forget(self, context: str) -> None:
        owner = self._sessions.pop(context).owner
        self._of_user[owner] -= 1
        if not self._of_user[owner]:
            del self._of_user[owner]
