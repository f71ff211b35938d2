"""Who is on a connection, and how often an address may guess passwords (rules HA8, SEC9).

Failures are counted for each address of a client in windows of fixed length: beyond the limit every request with a password is
refused until the window ends, right or wrong, or else guessing would pay. A right password before that clears the count, so
that a client with a mixture of both, as test suites are, is not locked out.
"""

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import ISSLTransport
from twisted.logger import Logger

from cimsim.server.auth import Authenticator
from cimsim.server.replies import HttpError

_MAX_ADDRESSES: Final = 10_000


class Failures:
    """Counts failed logins by address.

    Args:
        seconds: returns the time.
        limit: how many failures an address has in a window.
        window: its length in seconds.
    """

    def __init__(self, seconds: Callable[[], float], limit: int, window: float) -> None:
        self._seconds = seconds
        self._limit = limit
        self._window = window
        self._counts: dict[str, tuple[float, int]] = {}

    def wait(self, address: str) -> float:
        """Return for how many seconds an address has to wait; 0 when it may try."""
        began, count = self._counts.get(address, (0.0, 0))
        return max(0.0, began + self._window - self._seconds()) if count >= self._limit else 0.0

    def add(self, address: str) -> bool:
        """Count a failure; return whether it was the last one that the address may have for now."""
        now = self._seconds()
        began, count = self._counts.pop(address, (now, 0))
        if now - began >= self._window:
            began, count = now, 0
        if len(self._counts) >= _MAX_ADDRESSES:
            # Forgets the address that failed longest ago; the order is that of the last failures.
            del self._counts[next(iter(self._counts))]
        self._counts[address] = (began, count + 1)
        return count + 1 == self._limit

    def clear(self, address: str) -> None:
        """Forget the failures of an address."""
        self._counts.pop(address, None)


class ClientLogin:
    """Checks the credentials of the client on one connection, and counts those that are wrong.

    Args:
        authenticator: knows the users.
        failures: of all clients.
        address: of the client.

    Attributes:
        challenge: see ``Authenticator``.
    """

    log = Logger()

    def __init__(self, authenticator: Authenticator, failures: Failures, address: str) -> None:
        self._authenticator = authenticator
        self._failures = failures
        self._address = address
        self._transport: Any = None
        self.challenge = authenticator.challenge

    def connected(self, transport: Any) -> None:
        """Take the transport, whose certificate may name the user."""
        if ISSLTransport.providedBy(transport):
            self._transport = transport

    def require(self, authorization: bytes | None) -> str:
        """Return the user of a request with a value of the header Authorization, or without it.

        Without credentials it is the user whose name is the common name of the client's certificate (rule HA8).

        Raises:
            HttpError: 401, the credentials are missing or wrong (rules HA1, HA7); 429, this address has failed too often (rule
                SEC9).
        """
        if authorization is None:
            user = self.certified()
        else:
            self.check_failures()
            user = self._authenticator.check(authorization)
            if user is None:
                self.failed()
            else:
                self.succeeded()
        if user is None:
            raise HttpError(401, "credentials are missing or wrong", fields=self.challenge)
        return user

    def check_failures(self) -> None:
        """Refuse another attempt where there were too many.

        Raises:
            HttpError: 429.
        """
        wait = self._failures.wait(self._address)
        if wait > 0:
            fields = b"Retry-After: %d\r\n" % (int(wait) + 1)
            raise HttpError(429, "too many failed logins from this address; try again later", fields=fields)

    def succeeded(self) -> None:
        """Forget the failures of the address: a password was right."""
        self._failures.clear(self._address)

    def failed(self) -> None:
        """Count a failure. The log does not name the user: what was typed there may be a password."""
        last = self._failures.add(self._address)
        self.log.warn("failed login from {address}", address=self._address)  # noqa: G010 - Twisted's name
        if last:
            text = "too many failed logins from {address}: passwords from there are refused for {seconds:.0f} seconds"
            seconds = self._failures.wait(self._address)
            self.log.warn(text, address=self._address, seconds=seconds)  # noqa: G010 - Twisted's name

    def certified(self) -> str | None:
        """Return the user that the client's certificate names, None without one."""
        if self._transport is None:
            return None
        from cimsim.server.tls import common_name  # OpenSSL only where TLS is

        name = common_name(self._transport)
        return name if name is not None and self._authenticator.knows(name) else None
