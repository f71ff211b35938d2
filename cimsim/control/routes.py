"""What the control API offers: paths, methods, the types of bodies, queries and answers, and what does it."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from cimsim.control import (
    associations_api,
    calls_api,
    changes_api,
    classes_api,
    clock_api,
    documents,
    event_connection,
    export_api,
    faults_api,
    instances_api,
    load_api,
    metrics_api,
    pages_api,
    query_api,
    scenarios_api,
    server_api,
    settings_api,
    status_api,
    subscriptions_api,
    world_api,
)
from cimsim.control.api_errors import ControlError
from cimsim.control.caller import Caller
from cimsim.control.event_messages import EventsQuery, EventStream
from cimsim.control.messages import (
    Advance,
    CallList,
    CallsQuery,
    CimomList,
    ClockState,
    Diff,
    DiffQuery,
    ExchangeDetails,
    ExportQuery,
    FaultList,
    FaultState,
    HarFile,
    Health,
    JsonLines,
    Load,
    LoadedState,
    Login,
    NoBody,
    PlainText,
    Removed,
    Replayed,
    ScenarioList,
    SnapshotList,
    SnapshotState,
    Status,
)
from cimsim.control.model_messages import (
    AssociationList,
    ClassDetails,
    ClassList,
    DeleteQuery,
    InstanceDetails,
    InstanceList,
    InstanceQuery,
    InstanceRemoved,
    InstancesQuery,
    InvokeBody,
    Invoked,
    NamespaceList,
    NewInstance,
    RowList,
    RowsQuery,
)
from cimsim.control.openapi import describe
from cimsim.control.service_messages import (
    Document,
    DocumentList,
    DocumentsQuery,
    RuleList,
    SettingsState,
    SubscriptionList,
)
from cimsim.world.names import nearest


class Call(msgspec.Struct, frozen=True):
    """Something that can be done.

    Attributes:
        function: does it; takes the CIMOM that is controlled, or the ``Caller`` where it is of the server as a whole, then the
            parts of the path that stand for names, and the body or the query.
        answer: the type of what it returns.
        about: a line about it.
        body: the type of its body, None: it takes none.
        query: the type of its query, None: it takes none.
        status: of HTTP, when it is done.
        of_server: it is of the server as a whole, not of one CIMOM.
        public: it needs no token.
    """

    function: Callable[..., Any]
    answer: type[Any]
    about: str
    body: type[Any] | None = None
    query: type[Any] | None = None
    status: int = 200
    of_server: bool = False
    public: bool = False


class Found(msgspec.Struct, frozen=True):
    """What a path leads to.

    Attributes:
        template: the path as the table has it.
        calls: what there is for it, by method.
        names: the parts that stand for names.
        cimom: the name of the CIMOM that the path is of; None: the first.
    """

    template: str
    calls: Mapping[str, Call]
    names: tuple[str, ...]
    cimom: str | None = None


def _openapi(_: Caller) -> dict[str, Any]:
    return describe(described())


_PREFIX: Final = "/v1/"
CIMOMS: Final = "/v1/cimoms"
_LIVE: Final = Call(server_api.live, Health, "whether the server answers", of_server=True, public=True)
_READY: Final = Call(
    server_api.ready, Health, "whether clients are answered; 503 while they are not", of_server=True, public=True
)
_CLOCK: Final[Mapping[str, Mapping[str, Call]]] = {
    "/clock": {"GET": Call(clock_api.state, ClockState, "the time, whether the clock runs, when something is due next")},
    "/clock/advance": {
        "POST": Call(clock_api.advance, ClockState, 'advance it: {"seconds": 5} or {"to": "next"}', body=Advance)
    },
    "/clock/stop": {"POST": Call(clock_api.stop, ClockState, "stop it", body=NoBody)},
    "/clock/resume": {"POST": Call(clock_api.resume, ClockState, "let it run on", body=NoBody)},
}

CALLS: Final[Mapping[str, Mapping[str, Call]]] = {
    **_CLOCK,
    **{f"/v1{path}": calls for path, calls in _CLOCK.items()},
    "/health/live": {"GET": _LIVE},
    "/health/ready": {"GET": _READY},
    "/v1/health/live": {"GET": _LIVE},
    "/v1/health/ready": {"GET": _READY},
    "/v1/login": {
        "POST": Call(
            server_api.log_in, Health, "get a cookie for the token, for browsers", body=Login, of_server=True, public=True
        ),
        "DELETE": Call(server_api.log_out, Health, "forget that cookie", body=NoBody, of_server=True, public=True),
    },
    "/v1/openapi.json": {"GET": Call(_openapi, dict[str, Any], "this API in OpenAPI 3.1", of_server=True)},
    CIMOMS: {"GET": Call(server_api.cimoms, CimomList, "the CIMOMs; the first is that of /v1/...", of_server=True)},
    "/v1/pages": {"GET": Call(pages_api.pages, pages_api.PageList, "the pages of packs for the console")},
    "/v1/metrics": {"GET": Call(metrics_api.metrics, PlainText, "what is measured, as Prometheus reads it")},
    "/v1/status": {"GET": Call(status_api.status, Status, "what is served: ports, clock, instances, faults")},
    "/v1/reset": {
        "POST": Call(world_api.reset, Status, "go back to the world and the faults of the start; forget calls", body=NoBody)
    },
    "/v1/snapshots": {"GET": Call(world_api.snapshots, SnapshotList, "the snapshots that are kept")},
    "/v1/snapshots/{name}": {
        "GET": Call(world_api.snapshot, SnapshotState, "one of them"),
        "PUT": Call(world_api.take, SnapshotState, "keep the current world under this name", body=NoBody),
        "DELETE": Call(world_api.remove, SnapshotState, "forget it"),
    },
    "/v1/snapshots/{name}/restore": {"POST": Call(world_api.restore, SnapshotState, "go back to it", body=NoBody)},
    "/v1/diff": {
        "GET": Call(world_api.diff, Diff, "which instances differ between ?before=NAME and &after=NAME", query=DiffQuery)
    },
    "/v1/load": {
        "POST": Call(load_api.load, LoadedState, 'load a shipped pack, {"pack": NAME}, or MOF, {"mof": TEXT}', body=Load)
    },
    "/v1/namespaces": {
        "GET": Call(classes_api.namespaces, NamespaceList, "the namespaces, with numbers of classes and instances")
    },
    "/v1/namespaces/{namespace}/classes": {
        "GET": Call(classes_api.classes, ClassList, "the classes of a namespace, with numbers of instances")
    },
    "/v1/namespaces/{namespace}/classes/{classname}": {
        "GET": Call(classes_api.class_details, ClassDetails, "a class with all that it inherits")
    },
    "/v1/namespaces/{namespace}/classes/{classname}/instances": {
        "GET": Call(
            instances_api.instances,
            InstanceList,
            "instances: a part of them, sorted, of those that match",
            query=InstancesQuery,
        ),
        "POST": Call(changes_api.create, InstanceDetails, "create an instance, as a client", body=NewInstance, status=201),
    },
    "/v1/instance": {
        "GET": Call(instances_api.instance, InstanceDetails, "an instance, ?path=PATH", query=InstanceQuery),
        "PATCH": Call(
            changes_api.modify, InstanceDetails, "change properties of it, as a client", query=InstanceQuery, body=NewInstance
        ),
        "DELETE": Call(changes_api.delete, InstanceRemoved, "delete it, as a client", query=DeleteQuery),
    },
    "/v1/invoke": {"POST": Call(changes_api.invoke, Invoked, "call a method of an instance or a class", body=InvokeBody)},
    "/v1/associations": {
        "GET": Call(
            associations_api.associations,
            AssociationList,
            "what an instance is associated with, ?path=PATH",
            query=InstanceQuery,
        )
    },
    "/v1/query": {
        "GET": Call(query_api.query, RowList, "the rows of a query, ?namespace=, &language= and &query=", query=RowsQuery)
    },
    "/v1/faults": {
        "GET": Call(faults_api.faults, FaultList, "the fault rules in force"),
        "POST": Call(faults_api.add, FaultState, "put one into force", body=dict[str, Any], status=201),
        "DELETE": Call(faults_api.clear, Removed, "take all out of force"),
    },
    "/v1/faults/{number}": {
        "GET": Call(faults_api.fault, FaultState, "one of them"),
        "DELETE": Call(faults_api.remove, FaultState, "take it out of force"),
    },
    "/v1/scenarios": {"GET": Call(scenarios_api.scenarios, ScenarioList, "the scenarios of the packs that are served")},
    "/v1/scenarios/{name}": {
        "POST": Call(scenarios_api.start, FaultList, "put the fault rules of one into force", body=NoBody, status=201)
    },
    "/v1/subscriptions": {
        "GET": Call(subscriptions_api.subscriptions, SubscriptionList, "subscriptions, and what became of their deliveries")
    },
    "/v1/settings": {"GET": Call(settings_api.settings, SettingsState, "options and settings of packs, without secrets")},
    "/v1/conformance": {"GET": Call(documents.conformance, RuleList, "the rules that the simulator is held to")},
    "/v1/documents": {
        "GET": Call(documents.documents, DocumentList, "the documents, ?search=TEXT those that have it", query=DocumentsQuery)
    },
    "/v1/documents/{name}": {"GET": Call(documents.document, Document, "one of them, in Markdown")},
    "/v1/calls": {
        "GET": Call(calls_api.calls, CallList, "what clients called, ?since=NUMBER, &name=OPERATION, &limit=", query=CallsQuery)
    },
    "/v1/calls.jsonl": {
        "GET": Call(export_api.json_lines, JsonLines, "exchanges with their bodies as JSON lines", query=ExportQuery)
    },
    "/v1/calls.har": {"GET": Call(export_api.har, HarFile, "the same as a HAR file", query=ExportQuery)},
    "/v1/events": {
        "GET": Call(event_connection.events, EventStream, "what happens, as server-sent events, ?since=ID", query=EventsQuery)
    },
    "/v1/calls/{number}": {"GET": Call(calls_api.call, ExchangeDetails, "one exchange, with its bodies")},
    "/v1/calls/{number}/replay": {
        "POST": Call(calls_api.replay, Replayed, "carry its requests out again; the answer has the new number", body=NoBody)
    },
}
"""By path, where ``{NAME}`` stands for any part, and method."""


def described() -> dict[str, Mapping[str, Call]]:
    """Return what is below ``/v1``; what is of one CIMOM also by its name, ``/v1/cimoms/{cimom}/...``."""
    plain = {path: calls for path, calls in CALLS.items() if path.startswith(_PREFIX)}
    named = {
        f"{CIMOMS}/{{cimom}}/{path.removeprefix(_PREFIX)}": calls
        for path, calls in plain.items()
        if not any(call.of_server for call in calls.values())
    }
    return {**plain, **named}


def find(path: str) -> Found:
    """Return what a path leads to.

    Raises:
        ControlError: 404, there is no such path.
    """
    cimom = None
    rest = path
    if path.startswith(CIMOMS + "/"):
        name, slash, below = path.removeprefix(CIMOMS + "/").partition("/")
        if slash:
            cimom, rest = unquote(name), _PREFIX + below
    given = rest.split("/")
    for template, calls in CALLS.items():
        parts = template.split("/")
        if len(parts) == len(given) and all(
            part == each or (part.startswith("{") and each) for part, each in zip(parts, given, strict=True)
        ):
            if cimom is not None and any(call.of_server for call in calls.values()):
                break
            names = tuple(unquote(each) for part, each in zip(parts, given, strict=True) if part.startswith("{"))
            return Found(template, calls, names, cimom)
    raise ControlError(404, f"there is no {path}; there are: {', '.join(CALLS)}", nearest=nearest(path, CALLS) or "")
