"""What goes over the control API as JSON: bodies, queries and answers. Nothing here loads more than msgspec."""

from typing import Any

import msgspec


class NoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of what takes none: empty, or an empty object."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why something was not done.

    Attributes:
        error: the text.
        field: of the body or the query that is wrong, empty if it is no single one.
        nearest: what exists and was probably meant, empty if nothing is close.
        line, column: of the text of a query where it is wrong, both from 1; 0: it is not about one.
        status: the CIM status code, 0 where it is not a CIM error.
        fault: the number of the fault rule that acted, None for none.
    """

    error: str
    field: str = ""
    nearest: str = ""
    line: int = 0
    column: int = 0
    status: int = 0
    fault: int | None = None


class PlainText(msgspec.Struct, frozen=True):
    """An answer that is not JSON: the value of Content-Type, and the body."""

    content_type: str
    body: bytes


class JsonLines(PlainText, frozen=True):
    """An answer with an ``ExchangeExport`` on each line."""


class HarFile(PlainText, frozen=True):
    """An answer that is a HAR file, version 1.2."""


# The clock


class ClockState(msgspec.Struct, frozen=True):
    """What ``GET /v1/clock`` and everything done to the clock answers.

    ``now`` is an ISO 8601 time in UTC; ``due`` the time at which something is due next, a step of the simulation or another
    try to deliver an indication, None if nothing is; ``waiting`` the number of steps that wait, for a time or for reads.
    """

    now: str
    running: bool
    due: str | None
    waiting: int


class Advance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /v1/clock/advance``: ``seconds`` to go on by, or ``to``: an ISO 8601 time, or ``next``."""

    seconds: float | None = None
    to: str | None = None


# The server


class Health(msgspec.Struct, frozen=True):
    """Whether the server is alive, or ready for clients: ``status`` is ``ok``."""

    status: str


class Status(msgspec.Struct, frozen=True):
    """What is served.

    Attributes:
        version: of cimsim.
        urls: of the ports of clients.
        clock: as ``GET /v1/clock`` has it.
        namespaces: how many instances each has.
        faults: how many rules are in force.
        snapshots: how many are kept.
        exchanges: how many there have been, forgotten ones too.
        name: of the CIMOM.
        instance: what no other CIMOM has, nor this one after the server was started again.
    """

    version: str
    urls: list[str]
    clock: ClockState
    namespaces: dict[str, int]
    faults: int
    snapshots: int
    exchanges: int
    name: str = ""
    instance: str = ""


class CimomState(msgspec.Struct, frozen=True):
    """A CIMOM: its name, the URLs of its ports, and how many instances each namespace has."""

    name: str
    urls: list[str]
    namespaces: dict[str, int]


class CimomList(msgspec.Struct, frozen=True):
    """The CIMOMs of a server; the first is the one of which ``/v1/...`` speaks."""

    cimoms: list[CimomState]


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /v1/login``: the token of the control plane."""

    token: str


# The world


class SnapshotState(msgspec.Struct, frozen=True):
    """A snapshot: its name, and the time of the clock, ISO 8601 in UTC, when it was taken."""

    name: str
    time: str


class SnapshotList(msgspec.Struct, frozen=True):
    """The snapshots that are kept, oldest first."""

    snapshots: list[SnapshotState]


class DiffQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two snapshots by name: ``before`` None is the world as it was loaded, ``after`` None the current one."""

    before: str | None = None
    after: str | None = None


class Change(msgspec.Struct, frozen=True):
    """The values of a property in two worlds; numbers, texts, booleans, arrays of them, and paths as text."""

    before: Any
    after: Any


class ModifiedInstance(msgspec.Struct, frozen=True):
    """An instance that differs: its path as text, and the properties that do."""

    path: str
    changes: dict[str, Change]


class Diff(msgspec.Struct, frozen=True):
    """The instances in which two worlds differ, in the order of their creation, by their paths as text."""

    created: list[str]
    modified: list[ModifiedInstance]
    deleted: list[str]


class Load(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /v1/load``: the name of a shipped ``pack``, or a text of ``mof``.

    ``namespace`` is that of the MOF, made if it is not there; None: the main one. ``settings`` of packs are by ``PACK.NAME``.
    """

    pack: str | None = None
    mof: str | None = None
    namespace: str | None = None
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


class LoadedState(msgspec.Struct, frozen=True):
    """What was loaded: the names of the packs that were not there, or the namespace that MOF was compiled into."""

    packs: list[str]
    namespace: str | None


# Faults


class FaultState(msgspec.Struct, frozen=True):
    """A fault rule that is in force.

    Attributes:
        number: by which it is named.
        rule: what it says, in the words of a rule.
        matched: how many requests met its conditions.
        hits: how many it acted on.
        origin: ``setting PACK.faults`` or ``scenario PACK.NAME``, empty for a rule that was added by itself.
    """

    number: int
    rule: dict[str, Any]
    matched: int
    hits: int
    origin: str = ""


class FaultList(msgspec.Struct, frozen=True):
    """The fault rules that are in force, oldest first."""

    faults: list[FaultState]


class ScenarioState(msgspec.Struct, frozen=True):
    """A scenario of a pack.

    Attributes:
        name: by which it is chosen, unless several packs have one of that name: then ``PACK.NAME``.
        pack: whose it is.
        description: what it is for.
        faults: its rules, in the words of a rule.
        settings: of packs, by ``PACK.NAME``; a scenario that has any can be chosen at the start only.
    """

    name: str
    pack: str
    description: str
    faults: list[dict[str, Any]]
    settings: dict[str, Any]


class ScenarioList(msgspec.Struct, frozen=True):
    """The scenarios of the packs that are served."""

    scenarios: list[ScenarioState]


class Removed(msgspec.Struct, frozen=True):
    """How many were removed."""

    removed: int


# Calls


class CallsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which exchanges: those after number ``since`` that called ``name``, an operation or a method; at most ``limit``."""

    since: int = 0
    name: str | None = None
    limit: int = 1_000


class CallRecord(msgspec.Struct, frozen=True):
    """An operation or method that was called.

    Attributes:
        operation: its name as the client spelt it.
        target: the path of what it was for, as text.
        status: the CIM status code, 0 for success; None: it got none.
        description: of the CIM error, empty for success.
        parameters: beside the target; texts, None for NULL.
        returned: what a method returned, as text; None for an operation.
        fault: the number of the fault rule that acted, None for none.
    """

    operation: str
    target: str
    status: int | None
    description: str
    parameters: dict[str, str | None]
    returned: str | None
    fault: int | None


class ExchangeRecord(msgspec.Struct, frozen=True):
    """A message of a client and its answer; a batch has several calls.

    Attributes:
        number: counted from 1.
        time: when the message was there, ISO 8601 in UTC by the clock of the computer.
        protocol, address, user: what the client spoke, where it was, who it was if it said so.
        http_status: None: the client left before the answer was complete.
        detail: why it was refused, empty if it was not.
        seconds: until the answer was handed over.
        request_bytes, response_bytes: of the bodies.
        calls: those that the query asks for.
        has_bodies: whether a body is kept.
        why: what was wrong, with the nearest that exists; empty for success.
    """

    number: int
    time: str
    protocol: str
    address: str
    user: str | None
    http_status: int | None
    detail: str
    seconds: float
    request_bytes: int
    response_bytes: int
    calls: list[CallRecord]
    has_bodies: bool
    why: str


class ExchangeDetails(ExchangeRecord, frozen=True):
    """An exchange with all that is known about it.

    Attributes:
        request, response: the bodies as far as they are kept, XML with line breaks; empty when they are not kept.
        rule: the fault rule that acted, in its words; None: none did, or it is no longer in force.
        as_pywbem: a program that calls the same with pywbem, empty where there is none.
        as_curl: a command that sends the same, empty where the body is not kept.
        as_fault_rule: the words of a fault rule that matches the same call, None where nothing was called.
    """

    request: str
    response: str
    rule: dict[str, Any] | None
    as_pywbem: str
    as_curl: str
    as_fault_rule: dict[str, Any] | None


class ExchangeExport(ExchangeRecord, frozen=True):
    """An exchange with its bodies as text, as far as they are kept."""

    request: str
    response: str


class ExportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which exchanges: those after number ``since`` that called ``name``, an operation or a method; None: all."""

    since: int = 0
    name: str | None = None


class Replayed(msgspec.Struct, frozen=True):
    """The number of the exchange that came of sending a request again."""

    number: int


class CallList(msgspec.Struct, frozen=True):
    """Exchanges, oldest first.

    Attributes:
        exchanges: those that the query asks for.
        last: the number of the last exchange that was looked at: ``since`` of the next query.
        more: whether there are later ones.
        instance: that of the status: exchanges of another one are counted anew.
    """

    exchanges: list[ExchangeRecord]
    last: int
    more: bool
    instance: str = ""
