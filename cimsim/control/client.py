"""A client of the control API: what is done to a running ``cimsim serve`` from another process.

    client = ControlClient("http://127.0.0.1:PORT")
    client.add_fault(method="StopService", times=2, error=["failed", "the guest is busy"])
    client.advance(30)
    client.calls("StopService")

It uses nothing but the standard library and msgspec, and waits for each answer.
"""

from http.client import HTTPException
from typing import Any, Final, NoReturn, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from cimsim.control.messages import (
    CallList,
    CimomList,
    CimomState,
    ClockState,
    Diff,
    FaultList,
    FaultState,
    Health,
    Problem,
    Removed,
    SnapshotList,
    SnapshotState,
    Status,
)

T = TypeVar("T")

WAIT_SECONDS: Final = 60.0
_TOKEN: Final = "token="  # noqa: S105 - the word before it
_OF_CIM: Final = "CIMErrorDescription"
"""A header that every refusal of a CIM port has."""


class ControlClientError(Exception):
    """Something was not done; the text says why."""


class NoControlPlaneError(ControlClientError):
    """There is no control plane at a URL."""


class RefusedError(ControlClientError):
    """The control plane refuses something.

    Attributes:
        status: of HTTP.
        field: that is wrong, empty if it is no single one.
        nearest: what exists and was probably meant, empty if nothing is close.
    """

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(problem.error)
        self.status = status
        self.field = problem.field
        self.nearest = problem.nearest


class ControlClient:
    """Talks to the control plane at a URL. Every method raises ControlClientError.

    Args:
        url: as ``cimsim serve`` prints it, ``http://127.0.0.1:PORT``; may end with ``#token=TOKEN``.
        timeout: seconds until an answer must be there.
        token: that the control plane demands; None: that of the URL, or none.
        cimom: the name of the CIMOM that is meant; None: the first.

    Raises:
        NoControlPlaneError: it is not a URL of HTTP.
    """

    def __init__(self, url: str, timeout: float = WAIT_SECONDS, *, token: str | None = None, cimom: str | None = None) -> None:
        url, _, fragment = url.partition("#")
        if not url.startswith("http://"):
            raise NoControlPlaneError(f"{url}: write http://127.0.0.1:PORT")
        if token is None and fragment.startswith(_TOKEN):
            token = fragment.removeprefix(_TOKEN)
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._prefix = "/v1" if cimom is None else f"/v1/cimoms/{_part(cimom, 'CIMOM')}"
        # The control plane is on this computer, or is where the user says: no proxy is asked.
        self._opener = build_opener(ProxyHandler({}))

    # The server

    def live(self) -> bool:
        """Return whether a control plane answers."""
        try:
            return self._ask_for("GET", "/v1/health/live", Health).status == "ok"
        except ControlClientError:
            return False

    def ready(self) -> bool:
        """Return whether clients of CIM are answered."""
        try:
            return self._ask_for("GET", "/v1/health/ready", Health).status == "ok"
        except ControlClientError:
            return False

    def status(self) -> Status:
        """Return what is served."""
        return self._get("/status", Status)

    def cimoms(self) -> list[CimomState]:
        """Return the CIMOMs of the server, the first one first."""
        return self._ask_for("GET", "/v1/cimoms", CimomList).cimoms

    # The clock

    def clock(self) -> ClockState:
        """Return the time, and what waits for it."""
        return self._get("/clock", ClockState)

    def advance(self, seconds: float | None = None, to: str | None = None) -> ClockState:
        """Advance the clock by seconds, or to a time, ISO 8601 or ``next``."""
        given = {"seconds": seconds, "to": to}
        body = {name: value for name, value in given.items() if value is not None}
        return self._send("POST", "/clock/advance", ClockState, body)

    def stop_clock(self) -> ClockState:
        """Stop the clock."""
        return self._send("POST", "/clock/stop", ClockState)

    def resume_clock(self) -> ClockState:
        """Let the clock go on by itself."""
        return self._send("POST", "/clock/resume", ClockState)

    # The world

    def reset(self) -> Status:
        """Go back to the world as it was loaded, and forget all faults and calls."""
        return self._send("POST", "/reset", Status)

    def snapshots(self) -> list[SnapshotState]:
        """Return the snapshots that are kept, oldest first."""
        return self._get("/snapshots", SnapshotList).snapshots

    def snapshot(self, name: str) -> SnapshotState:
        """Keep the current world under a name, in place of the one that had it."""
        return self._send("PUT", f"/snapshots/{_part(name)}", SnapshotState)

    def restore(self, name: str) -> SnapshotState:
        """Go back to a snapshot."""
        return self._send("POST", f"/snapshots/{_part(name)}/restore", SnapshotState)

    def remove_snapshot(self, name: str) -> SnapshotState:
        """Forget a snapshot."""
        return self._send("DELETE", f"/snapshots/{_part(name)}", SnapshotState)

    def diff(self, before: str | None = None, after: str | None = None) -> Diff:
        """Return which instances differ between two snapshots; None: the world as it was loaded, and the current one."""
        return self._get("/diff" + _query(before=before, after=after), Diff)

    # Faults

    def faults(self) -> list[FaultState]:
        """Return the fault rules that are in force, oldest first."""
        return self._get("/faults", FaultList).faults

    def add_fault(self, /, **words: Any) -> FaultState:
        """Put a fault rule into force, with one keyword for each condition and each action."""
        return self._send("POST", "/faults", FaultState, words)

    def remove_fault(self, number: int) -> FaultState:
        """Take a fault rule out of force."""
        return self._send("DELETE", f"/faults/{number}", FaultState)

    def remove_faults(self) -> int:
        """Take all fault rules out of force; return how many there were."""
        return self._send("DELETE", "/faults", Removed).removed

    # Calls

    def calls(self, name: str | None = None, since: int = 0, limit: int | None = None) -> CallList:
        """Return exchanges after the one of number ``since``, oldest first.

        Args:
            name: of an operation or a method that they called; None: all of them.
            since: 0 for the oldest that is kept.
            limit: how many at most; None: as many as the server hands out at once.
        """
        return self._get("/calls" + _query(name=name, since=since, limit=limit), CallList)

    def _get(self, path: str, kind: type[T]) -> T:
        return self._ask_for("GET", self._prefix + path, kind)

    def _ask_for(self, method: str, path: str, kind: type[T], content: bytes | None = None) -> T:
        headers = self._headers if content is None else {**self._headers, "Content-Type": "application/json"}
        return self._ask(Request(self.url + path, content, headers, method=method), kind)  # noqa: S310 - checked in __init__

    def _send(self, method: str, path: str, kind: type[T], body: Any = None) -> T:
        try:
            content = msgspec.json.encode({} if body is None else body)
        except (TypeError, ValueError, OverflowError) as error:
            raise ControlClientError(f"what is sent is not JSON: {error}") from None
        return self._ask_for(method, self._prefix + path, kind, content)

    def _ask(self, request: Request, kind: type[T]) -> T:
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                content = response.read()
        except HTTPError as error:
            with error:
                self._refused(error)
        except (URLError, OSError, ValueError, HTTPException) as error:
            raise NoControlPlaneError(f"no control plane at {self.url}: {getattr(error, 'reason', None) or error}") from None
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.DecodeError, ValueError):
            raise NoControlPlaneError(f"no control plane at {self.url}: what answers there is something else") from None

    def _refused(self, error: HTTPError) -> NoReturn:
        """Pass on why the control plane refuses; but what refuses may be something else, most likely the CIM port."""
        try:
            problem = msgspec.json.decode(error.read(), type=Problem)
        except (msgspec.DecodeError, ValueError, OSError, HTTPException):
            if error.headers.get(_OF_CIM) is None:
                text = f"no control plane at {self.url}: what answers there is something else (HTTP {error.code})"
                raise NoControlPlaneError(text) from None
            raise NoControlPlaneError(
                f"{self.url} is the port of CIM clients, not the control plane: use the URL in the line "
                "`console on ...` of cimsim serve"
            ) from None
        raise RefusedError(error.code, problem) from None


def _part(name: str, what: str = "snapshot") -> str:
    """Return a name as a part of a path; an empty one, and dots, would lead elsewhere."""
    if name in {"", ".", ".."}:
        raise ControlClientError(f"{name!r} is not a name of a {what}")
    return quote(name, safe="")


def _query(**fields: Any) -> str:
    given = {name: value for name, value in fields.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""
