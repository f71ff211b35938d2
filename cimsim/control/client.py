"""A client of the control API: what is done to a running ``cimsim serve`` from another process.

    client = ControlClient("http://127.0.0.1:PORT")
    client.add_fault(method="StopService", times=2, error=["failed", "the guest is busy"])
    client.advance(30)
    client.calls("StopService")

It uses nothing but the standard library and msgspec, and waits for each answer.
"""

from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Any, Final, NoReturn, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from cimsim.control.event_messages import ChangeEvent, ControlEvent, CountEvent, LostEvent
from cimsim.control.messages import (
    CallList,
    CimomList,
    CimomState,
    ClockState,
    Diff,
    ExchangeDetails,
    ExchangeRecord,
    FaultList,
    FaultState,
    Health,
    LoadedState,
    Problem,
    Removed,
    Replayed,
    ScenarioList,
    ScenarioState,
    SnapshotList,
    SnapshotState,
    Status,
)
from cimsim.control.model_messages import (
    AssociationList,
    ClassDetails,
    ClassList,
    ClassState,
    InstanceDetails,
    InstanceList,
    InstanceRemoved,
    Invoked,
    NamespaceList,
    NamespaceState,
    RowList,
)
from cimsim.control.service_messages import (
    Document,
    DocumentList,
    DocumentState,
    RuleList,
    RuleState,
    SettingsState,
    SubscriptionList,
    SubscriptionState,
)

T = TypeVar("T")

WAIT_SECONDS: Final = 60.0
_TOKEN: Final = "token="  # noqa: S105 - the word before it
_OF_CIM: Final = "CIMErrorDescription"
"""A header that every refusal of a CIM port has."""
_MAX_LINE: Final = 16 * 1024 * 1024
_EVENTS: Final[Mapping[str, Any]] = {
    "exchange": ExchangeRecord,
    "change": ChangeEvent,
    "clock": ClockState,
    "faults": CountEvent,
    "snapshots": CountEvent,
    "lost": LostEvent,
}


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
        line, column: of the text of a query where it is wrong, both from 1; 0: it is not about one.
        cim_status: the CIM status code, 0 where it is not a CIM error.
        fault: the number of the fault rule that acted, None for none.
    """

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(problem.error)
        self.status = status
        self.field = problem.field
        self.nearest = problem.nearest
        self.line = problem.line
        self.column = problem.column
        self.cim_status = problem.status
        self.fault = problem.fault


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
        """Go back to the world as it was loaded and to the faults of the start, and forget all calls."""
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

    def load(
        self,
        pack: str | None = None,
        mof: str | None = None,
        namespace: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> LoadedState:
        """Load a shipped pack and those it requires, or the text of MOF, all or nothing; a reset forgets it.

        Args:
            pack: its name.
            mof: the text.
            namespace: that MOF is for; None: the main one.
            settings: of packs, by ``PACK.NAME``.
        """
        given = {"pack": pack, "mof": mof, "namespace": namespace, "settings": settings}
        body = {name: value for name, value in given.items() if value is not None}
        return self._send("POST", "/load", LoadedState, body)

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

    def scenarios(self) -> list[ScenarioState]:
        """Return the scenarios of the packs that are served."""
        return self._get("/scenarios", ScenarioList).scenarios

    def start_scenario(self, name: str) -> list[FaultState]:
        """Put the fault rules of a scenario into force, ``NAME`` or ``PACK.NAME``; return them."""
        return self._send("POST", f"/scenarios/{_part(name, 'scenario')}", FaultList).faults

    # Calls

    def calls(self, name: str | None = None, since: int = 0, limit: int | None = None) -> CallList:
        """Return exchanges after the one of number ``since``, oldest first.

        Args:
            name: of an operation or a method that they called; None: all of them.
            since: 0 for the oldest that is kept.
            limit: how many at most; None: as many as the server hands out at once.
        """
        return self._get("/calls" + _query(name=name, since=since, limit=limit), CallList)

    def call(self, number: int) -> ExchangeDetails:
        """Return one exchange with its bodies, and as texts that do the same again."""
        return self._get(f"/calls/{number}", ExchangeDetails)

    def replay(self, number: int) -> int:
        """Have the requests of an exchange carried out again; return the number of the new exchange."""
        return self._send("POST", f"/calls/{number}/replay", Replayed).number

    def calls_as_json_lines(self, since: int = 0, name: str | None = None) -> str:
        """Return the exchanges that are kept, with their bodies, as JSON lines."""
        return self._read(self._request("/calls.jsonl" + _query(since=since, name=name))).decode()

    def calls_as_har(self, since: int = 0, name: str | None = None) -> str:
        """Return the exchanges that are kept, with their bodies, as a HAR file."""
        return self._read(self._request("/calls.har" + _query(since=since, name=name))).decode()

    def events(self, since: str | None = None) -> Iterator[ControlEvent]:
        """Return what happens, as it happens; ``since`` is the identifier of an event to go on after, None: from now on.

        It ends with the server. When nothing comes within the timeout, not even heartbeats, it raises NoControlPlaneError.
        """
        return self._received(self._opened(self._request("/events" + _query(since=since))))

    def _received(self, response: Any) -> Iterator[ControlEvent]:
        with response:
            fields: dict[str, str] = {}
            for line in self._lines(response):
                name, colon, value = line.partition(": ")
                kind = fields.get("event", "")
                if colon and name:
                    fields[name] = value
                elif not line and kind in _EVENTS:
                    message = msgspec.json.decode(fields.get("data", ""), type=_EVENTS[kind])
                    yield ControlEvent(fields.get("id", ""), kind, message)
                if not line:
                    fields = {}

    # The model

    def namespaces(self) -> list[NamespaceState]:
        """Return the namespaces."""
        return self._get("/namespaces", NamespaceList).namespaces

    def classes(self, namespace: str) -> list[ClassState]:
        """Return the classes of a namespace."""
        return self._get(f"/namespaces/{_part(namespace, 'namespace')}/classes", ClassList).classes

    def get_class(self, namespace: str, classname: str) -> ClassDetails:
        """Return a class with all that it inherits."""
        return self._get(f"/namespaces/{_part(namespace, 'namespace')}/classes/{_part(classname, 'class')}", ClassDetails)

    def instances(
        self,
        namespace: str,
        classname: str,
        *,
        where: str | None = None,
        sort: str | None = None,
        descending: bool = False,
        deep: bool = True,
        offset: int = 0,
        limit: int = 100,
    ) -> InstanceList:
        """Return instances of a class: ``limit`` of them from ``offset`` on, those that match a condition of WQL, sorted."""
        flags = {"descending": str(descending).lower(), "deep": str(deep).lower()}
        query = _query(where=where, sort=sort, offset=offset, limit=limit, **flags)
        return self._get(
            f"/namespaces/{_part(namespace, 'namespace')}/classes/{_part(classname, 'class')}/instances{query}", InstanceList
        )

    def instance(self, path: str) -> InstanceDetails:
        """Return the instance of a path, ``NAMESPACE:CLASS.KEY="VALUE"``."""
        return self._get("/instance" + _query(path=path), InstanceDetails)

    def create(
        self, namespace: str, classname: str, properties: Mapping[str, Any], *, as_client: bool = True, silent: bool = False
    ) -> InstanceDetails:
        """Create an instance, and return it.

        Args:
            namespace: of its class.
            classname: of its class.
            properties: values by name.
            as_client: what clients may not do is refused, fault rules apply, and the journal has it.
            silent: subscribers are not notified.
        """
        body = {"properties": dict(properties), "as_client": as_client, "silent": silent}
        return self._send("POST", _instances(namespace, classname), InstanceDetails, body)

    def modify(
        self, path: str, properties: Mapping[str, Any], *, as_client: bool = True, silent: bool = False
    ) -> InstanceDetails:
        """Give properties of an instance other values, and return it; keywords as for ``create``."""
        body = {"properties": dict(properties), "as_client": as_client, "silent": silent}
        return self._send("PATCH", "/instance" + _query(path=path), InstanceDetails, body)

    def delete(self, path: str, *, as_client: bool = True, silent: bool = False) -> None:
        """Delete an instance; keywords as for ``create``."""
        flags = {"as_client": str(as_client).lower(), "silent": str(silent).lower()}
        self._send("DELETE", "/instance" + _query(path=path, **flags), InstanceRemoved)

    def invoke(
        self,
        path: str,
        method: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        as_client: bool = True,
        silent: bool = False,
    ) -> Invoked:
        """Call a method of an instance; with ``as_client`` fault rules apply, and the journal has it.

        ``silent``: subscribers are not notified of what it changes at once; of what comes later, they are.
        """
        flags = {"as_client": as_client, "silent": silent}
        body = {"path": path, "method": method, "parameters": dict(parameters or {}), **flags}
        return self._send("POST", "/invoke", Invoked, body)

    def invoke_static(
        self,
        namespace: str,
        classname: str,
        method: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        as_client: bool = True,
        silent: bool = False,
    ) -> Invoked:
        """Call a static method of a class, likewise."""
        target = {"namespace": namespace, "classname": classname}
        flags = {"as_client": as_client, "silent": silent}
        body = {**target, "method": method, "parameters": dict(parameters or {}), **flags}
        return self._send("POST", "/invoke", Invoked, body)

    def associations(self, path: str) -> AssociationList:
        """Return what an instance is associated with."""
        return self._get("/associations" + _query(path=path), AssociationList)

    def query(self, namespace: str, query: str, language: str = "WQL") -> RowList:
        """Return the rows of a query."""
        return self._get("/query" + _query(namespace=namespace, query=query, language=language), RowList)

    # What is there

    def subscriptions(self) -> list[SubscriptionState]:
        """Return the subscriptions, and what became of their deliveries."""
        return self._get("/subscriptions", SubscriptionList).subscriptions

    def settings(self) -> SettingsState:
        """Return the options of the server and the settings of its packs, without secrets."""
        return self._get("/settings", SettingsState)

    def conformance(self) -> list[RuleState]:
        """Return the rules that the simulator is held to."""
        return self._get("/conformance", RuleList).rules

    def documents(self, search: str | None = None) -> list[DocumentState]:
        """Return the documents, or those that have a text."""
        return self._get("/documents" + _query(search=search), DocumentList).documents

    def document(self, name: str) -> Document:
        """Return a document."""
        return self._get(f"/documents/{_part(name, 'document')}", Document)

    def metrics(self) -> str:
        """Return what is measured, in the text format of Prometheus."""
        return self._read(self._request("/metrics")).decode()

    def _get(self, path: str, kind: type[T]) -> T:
        return self._ask_for("GET", self._prefix + path, kind)

    def _ask_for(self, method: str, path: str, kind: type[T], content: bytes | None = None) -> T:
        headers = self._headers if content is None else {**self._headers, "Content-Type": "application/json"}
        return self._ask(Request(self.url + path, content, headers, method=method), kind)  # noqa: S310 - checked in __init__

    def _request(self, path: str) -> Request:
        return Request(self.url + self._prefix + path, headers=self._headers)  # noqa: S310 - checked in __init__

    def _send(self, method: str, path: str, kind: type[T], body: Any = None) -> T:
        try:
            content = msgspec.json.encode({} if body is None else body)
        except (TypeError, ValueError, OverflowError) as error:
            raise ControlClientError(f"what is sent is not JSON: {error}") from None
        return self._ask_for(method, self._prefix + path, kind, content)

    def _ask(self, request: Request, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(self._read(request), type=kind)
        except (msgspec.DecodeError, ValueError):
            raise NoControlPlaneError(f"no control plane at {self.url}: what answers there is something else") from None

    def _read(self, request: Request) -> bytes:
        with self._opened(request) as response:
            try:
                content: bytes = response.read()
            except (OSError, HTTPException) as error:
                raise self._gone(error) from None
            return content

    def _opened(self, request: Request) -> Any:
        try:
            return self._opener.open(request, timeout=self._timeout)
        except HTTPError as error:
            with error:
                self._refused(error)
        except (URLError, OSError, ValueError, HTTPException) as error:
            raise self._gone(error) from None

    def _lines(self, response: Any) -> Iterator[str]:
        try:
            while line := response.readline(_MAX_LINE):
                yield line.decode("utf-8", "replace").rstrip("\r\n")
        except (OSError, HTTPException, ValueError) as error:
            raise self._gone(error) from None

    def _gone(self, error: Exception) -> NoControlPlaneError:
        return NoControlPlaneError(f"no control plane at {self.url}: {getattr(error, 'reason', None) or error}")

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


def _instances(namespace: str, classname: str) -> str:
    return f"/namespaces/{_part(namespace, 'namespace')}/classes/{_part(classname, 'class')}/instances"


def _part(name: str, what: str = "snapshot") -> str:
    """Return a name as a part of a path; an empty one, and dots, would lead elsewhere."""
    if name in {"", ".", ".."}:
        raise ControlClientError(f"{name!r} is not a name of a {what}")
    return quote(name, safe="")


def _query(**fields: Any) -> str:
    given = {name: value for name, value in fields.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""
