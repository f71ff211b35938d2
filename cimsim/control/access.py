"""Who may use the control plane.

A page in a browser must not reach it by another name of this computer (DNS rebinding), nor from another origin. Where there is
a token, every request brings it: a program in the header Authorization; a browser, which cannot send that with everything, as a
cookie that it gets for the token. The cookie is not the token but what was made of it for this run of the server: cookies go to
every port of a host. A browser sends them unasked, so whatever changes something by them also needs the origin and the type of
body that only a page of the control plane itself can send.
"""

import hashlib
import hmac
from typing import Any, Final

from twisted.logger import Logger

from cimsim.control.api_errors import ControlError
from cimsim.server.logins import Failures
from cimsim.simulation.control_options import ControlOptions

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_READS: Final = frozenset({"GET", "HEAD"})
_HOW: Final = (
    "the control plane demands its token: send Authorization: Bearer TOKEN, give cimsim --control-token or "
    "CIMSIM_CONTROL_TOKEN, or log in with POST /v1/login; cimsim serve shows it behind #token=, and its ready file has it"
)


class Access:
    """Decides about each request.

    Args:
        options: the token, and the names of the control plane.
        port: on which it listens; a host may have several control planes, which share its cookies.
        failures: counts wrong tokens by address.
    """

    log = Logger(namespace="cimsim.security")

    def __init__(self, options: ControlOptions, port: int, failures: Failures) -> None:
        self._token = None if options.token is None else options.token.encode("ascii")
        self._names = _LOCAL | {options.address.lower(), *options.hosts}
        self._failures = failures
        self._cookie = f"cimsim-{port}"
        self._run = options.run

    def check_names(self, request: Any) -> None:
        """Refuse what comes by a name that is not ours, or from a page of another origin; raises ControlError, 403."""
        ours = {*self._names, str(getattr(request.getHost(), "host", ""))}
        name = _host_name(request.getHeader("host") or "")
        if name not in ours:
            raise ControlError(
                403, f"the control plane is called localhost, not {name or 'nothing'}; --control-host gives it more names"
            )
        origin = request.getHeader("origin")
        if origin is not None and _host_name(origin.rpartition("//")[2]) not in ours:
            raise ControlError(403, f"the control plane is not for pages of {origin}")

    def require_token(self, request: Any) -> None:
        """Refuse a request without the token, if there is one.

        Raises:
            ControlError: 401, the token is missing or wrong; 429, the address has sent too many wrong ones; 403 and 415, a
                browser's request to change something is not one of our page.
        """
        if self._token is None:
            return
        header = request.getHeader("authorization")
        if header is not None:
            scheme, _, token = header.strip().partition(" ")
            self._compare(request, token.strip() if scheme.lower() == "bearer" else "", self._token)
            return
        run, _, proof = _cookie_of(request, self._cookie).partition(".")
        if run != self._run or not proof:
            raise _unauthorized()
        self._compare(request, proof, self._proof(self._token))
        if request.method.decode("ascii", "replace") not in _READS:
            _check_page(request)

    def log_in(self, request: Any, token: str) -> None:
        """Give a browser the cookie for the token; raises ControlError, 401 or 429."""
        if self._token is None:
            return
        self._compare(request, token, self._token)
        value = f"{self._run}.{self._proof(self._token).decode('ascii')}"
        request.setHeader("Set-Cookie", f"{self._cookie}={value}; Path=/; HttpOnly; SameSite=Strict")

    def log_out(self, request: Any) -> None:
        """Have a browser forget the cookie."""
        request.setHeader("Set-Cookie", f"{self._cookie}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")

    def _proof(self, token: bytes) -> bytes:
        return hmac.new(token, self._run.encode("ascii"), hashlib.sha256).hexdigest().encode("ascii")

    def _compare(self, request: Any, given: str, wanted: bytes) -> None:
        address = str(getattr(request.getClientAddress(), "host", ""))
        wait = self._failures.wait(address)
        if wait > 0:
            text = "too many wrong tokens from this address; try again later"
            raise ControlError(429, text, headers={"Retry-After": str(int(wait) + 1)})
        if hmac.compare_digest(given.encode("utf-8", "replace"), wanted):
            self._failures.clear(address)
            return
        last = self._failures.add(address)
        self.log.warn("wrong token for the control plane from {address}", address=address)  # noqa: G010 - Twisted's name
        if last:
            text = "too many wrong tokens from {address}: they are refused for {seconds:.0f} seconds"
            self.log.warn(text, address=address, seconds=self._failures.wait(address))  # noqa: G010 - Twisted's name
        raise _unauthorized()


def _unauthorized() -> ControlError:
    return ControlError(401, _HOW, headers={"WWW-Authenticate": 'Bearer realm="cimsim"'})


def _check_page(request: Any) -> None:
    """Refuse what a page of another port of this host could have a browser send; raises ControlError."""
    origin = request.getHeader("origin") or ""
    if origin.lower() != f"http://{request.getHeader('host') or ''}".lower():
        raise ControlError(403, f"with a cookie, changes are for pages of the control plane, not of {origin or 'nobody'}")
    if content_type(request) != "application/json":
        raise ControlError(415, "send Content-Type: application/json")


def content_type(request: Any) -> str:
    """Return the type of the body of a request, without parameters; empty if there is none."""
    declared: str = request.getHeader("content-type") or ""
    return declared.partition(";")[0].strip().lower()


def _cookie_of(request: Any, name: str) -> str:
    value: bytes = request.getCookie(name.encode("ascii")) or b""
    return value.decode("ascii", "replace")


def _host_name(host: str) -> str:
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return name.strip("[]").lower()
