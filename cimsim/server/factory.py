"""The HTTP server: the factory of its connections, which watches over them."""

from email.utils import formatdate
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from cimsim.server.auth import Authenticator
from cimsim.server.bodies import Bodies
from cimsim.server.connection import HttpConnection
from cimsim.server.descriptors import Descriptors
from cimsim.server.interfaces import DelayedCall, ReactorTime
from cimsim.server.limits import HttpLimits
from cimsim.server.logins import ClientLogin, Failures
from cimsim.server.mount import Client, Mount, Routes
from cimsim.server.recording import Recorder

_MANY_TOO_MANY: Final = 2


class HttpFactory(Factory):
    """Makes the connections of one data plane and watches over them.

    Args:
        routes: what serves which path; a mount alone serves all.
        clock: the reactor, or ``twisted.internet.task.Clock``.
        authenticator: who may come in; None: anybody (rule HA4).
        limits: see ``HttpLimits``.
        recorder: gets the record of each exchange; None: nobody wants any.
        failures: counts failed logins together with other data planes; None: for this one alone.

    Attributes:
        connections: those that are open.
        bodies: what the bodies of their requests take.
        failures: counts failed logins.
    """

    noisy = False

    def __init__(
        self,
        routes: Routes | Mount,
        clock: ReactorTime,
        authenticator: Authenticator | None = None,
        limits: HttpLimits | None = None,
        recorder: Recorder | None = None,
        failures: Failures | None = None,
    ) -> None:
        self.routes = routes if isinstance(routes, Routes) else Routes(routes)
        self.clock = clock
        self.recorder = recorder
        self.limits = HttpLimits() if limits is None else limits
        self.bodies = Bodies(self.limits.max_bodies)
        self._authenticator = authenticator
        if failures is None:
            failures = Failures(clock.seconds, self.limits.max_failed_logins, self.limits.login_window)
        self.failures = failures
        self.connections: set[HttpConnection] = set()
        self._descriptors = Descriptors(clock.seconds)
        self._stopped: list[Deferred[None]] = []
        self._stopping = False
        self._sweeper: DelayedCall | None = None
        self._aborter: DelayedCall | None = None
        self._dated = -1
        self._date = b""

    def buildProtocol(self, addr: IAddress | None) -> HttpConnection | None:
        """Return the protocol of a new connection; None, which closes it, when the server stops or is flooded."""
        # The new connection may have taken the last one: what comes after it never gets here.
        self._descriptors.check()
        if self._stopping or len(self.connections) >= _MANY_TOO_MANY * self.limits.max_connections:
            return None
        address = getattr(addr, "host", "")
        return HttpConnection(self, Client(address, self._login(address)))

    def stop(self) -> "Deferred[None]":
        """Take no more requests; idle connections close at once, those being answered when they are done.

        Returns:
            Fires when no connection is left, at the latest ``stop_timeout`` seconds from now.
        """
        if not self.connections:
            self._stopping = True
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._stopped.append(done)
        if not self._stopping:
            self._stopping = True
            self._aborter = self.clock.callLater(self.limits.stop_timeout, self._abort)
            for connection in tuple(self.connections):
                connection.finish()
        return done

    def joined(self, connection: HttpConnection) -> None:
        """A connection is open."""
        self.connections.add(connection)
        if self._sweeper is None:
            self._sweeper = self.clock.callLater(self.limits.sweep_interval, self._sweep)
        if len(self.connections) > self.limits.max_connections:
            connection.turn_away()

    def left(self, connection: HttpConnection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        if not self.connections:
            self._cancel_timers()
            waiting, self._stopped = self._stopped, []
            for done in waiting:
                done.callback(None)

    def date(self, now: float) -> bytes:
        """Return the Date header line for a time in seconds since 1970."""
        second = int(now)
        if second != self._dated:
            self._dated = second
            self._date = b"Date: %b\r\n" % formatdate(second, usegmt=True).encode("ascii")
        return self._date

    def _login(self, address: str) -> ClientLogin | None:
        return None if self._authenticator is None else ClientLogin(self._authenticator, self.failures, address)

    def _sweep(self) -> None:
        now = self.clock.seconds()
        self._sweeper = self.clock.callLater(self.limits.sweep_interval, self._sweep)
        self._descriptors.check()
        for connection in tuple(self.connections):
            connection.sweep(now)

    def _abort(self) -> None:
        self._aborter = None
        for connection in tuple(self.connections):
            connection.abort()

    def _cancel_timers(self) -> None:
        for timer in (self._sweeper, self._aborter):
            if timer is not None:
                timer.cancel()
        self._sweeper = self._aborter = None
