"""What every operation of DSP0200 costs the server that ``costs`` has not: with identical messages, and with no two alike."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from statistics import median
from typing import Final, NamedTuple

from tests.benchmarks.client import BadAnswerError, Connection
from tests.benchmarks.compare import spread
from tests.benchmarks.costs import cost, dealt, new_small, small, spelling
from tests.benchmarks.messages import class_name, instance_name, intrinsic
from tests.benchmarks.packs.links.providers import NAMESPACE
from tests.benchmarks.plan import Plan, progress
from tests.benchmarks.processes import PACKS, Server, simulator
from tests.benchmarks.report import Figure

LINKS: Final = 1_000
CONNECTIONS: Final = 8
UNLIKE: Final = 1_600
SESSIONS: Final = 200
NODE: Final = "Bench_Node"
_CONTEXT: Final = re.compile(rb'NAME="EnumerationContext"[^>]*><VALUE>([^<]+)<')
_KEY: Final = '<QUALIFIER NAME="Key" TYPE="boolean"><VALUE>TRUE</VALUE></QUALIFIER>'


class Row(NamedTuple):
    """Operations that go together, and what returns the parameters of each for the target of a number."""

    operations: tuple[str, ...]
    parameters: Callable[[int], Sequence[dict[str, str]]]

    def requests(self, number: int, namespace: str = NAMESPACE) -> list[bytes]:
        """Return the messages for a target."""
        pairs = zip(self.operations, self.parameters(number), strict=True)
        return [intrinsic(operation, namespace, parameters) for operation, parameters in pairs]


def _node(number: int) -> str:
    return instance_name(NODE, {"Id": f"left-{number % LINKS:06}"})


def _value(text: object) -> str:
    return f"<VALUE>{text}</VALUE>"


def _new_class(number: int, *names: str) -> str:
    properties = "".join(f'<PROPERTY NAME="{name}" TYPE="string">{_KEY if name == "Id" else ""}</PROPERTY>' for name in names)
    return f'<CLASS NAME="Bench_New{number}">{properties}</CLASS>'


def _modified(number: int) -> str:
    return f"<VALUE.NAMEDINSTANCE>{small(number)}{new_small(number)}</VALUE.NAMEDINSTANCE>"


def _qualifier(number: int) -> str:
    return f'<QUALIFIER.DECLARATION NAME="BenchQ{number}" TYPE="string"><SCOPE CLASS="true"/></QUALIFIER.DECLARATION>'


def _query(number: int) -> str:
    return f"SELECT * FROM {NODE} WHERE Id = 'left-{number % LINKS:06}'"


def _open_query(number: int) -> dict[str, str]:
    return {"FilterQuery": _value(_query(number)), "FilterQueryLanguage": _value("DMTF:CQL"), "MaxObjectCount": _value(10)}


def _one(name: str, parameters: Callable[[int], dict[str, str]]) -> Row:
    return Row((name,), lambda number: [parameters(number)])


def _of_node(parameter: str, **more: str) -> Callable[[int], dict[str, str]]:
    return lambda number: {parameter: _node(number), **more}


ROWS: Final = (
    _one("EnumerateClasses", lambda _: {}),
    _one("EnumerateClassNames", lambda _: {}),
    _one("Associators", _of_node("ObjectName")),
    _one("AssociatorNames", _of_node("ObjectName")),
    _one("References", _of_node("ObjectName")),
    _one("ReferenceNames", _of_node("ObjectName")),
    _one("GetProperty", _of_node("InstanceName", PropertyName=_value("Id"))),
    _one("EnumerateQualifiers", lambda _: {}),
    _one("ExecQuery", lambda number: {"QueryLanguage": _value("WQL"), "Query": _value(_query(number))}),
    _one("OpenReferenceInstances", _of_node("InstanceName", MaxObjectCount=_value(10))),
    _one("OpenReferenceInstancePaths", _of_node("InstanceName", MaxObjectCount=_value(10))),
    _one("OpenAssociatorInstances", _of_node("InstanceName", MaxObjectCount=_value(10))),
    _one("OpenAssociatorInstancePaths", _of_node("InstanceName", MaxObjectCount=_value(10))),
    _one("OpenQueryInstances", _open_query),
    Row(
        ("CreateInstance", "ModifyInstance", "SetProperty", "DeleteInstance"),
        lambda number: (
            {"NewInstance": new_small(number)},
            {"ModifiedInstance": _modified(number)},
            {"InstanceName": small(number), "PropertyName": _value("Name"), "NewValue": _value(f"name {number}")},
            {"InstanceName": small(number)},
        ),
    ),
    Row(
        ("CreateClass", "ModifyClass", "DeleteClass"),
        lambda number: (
            {"NewClass": _new_class(number, "Id")},
            {"ModifiedClass": _new_class(number, "Id", "Name")},
            {"ClassName": class_name(f"Bench_New{number}")},
        ),
    ),
    Row(
        ("SetQualifier", "GetQualifier", "DeleteQualifier"),
        lambda number: (
            {"QualifierDeclaration": _qualifier(number)},
            {"QualifierName": _value(f"BenchQ{number}")},
            {"QualifierName": _value(f"BenchQ{number}")},
        ),
    ),
)

SESSION_ROWS: Final = (
    ("OpenEnumerateInstances", "PullInstancesWithPath", {"ClassName": class_name(NODE)}),
    ("OpenEnumerateInstancePaths", "PullInstancePaths", {"ClassName": class_name(NODE)}),
    (
        "OpenQueryInstances",
        "PullInstances",
        {"FilterQuery": _value(f"SELECT * FROM {NODE}"), "FilterQueryLanguage": _value("DMTF:CQL")},
    ),
)
ALSO: Final = ("EnumerationCount", "CloseEnumeration")


def measure(plan: Plan) -> list[Figure]:
    """Measure each row on 1,000 links and their 2,000 ends; nothing is compared with a peer."""
    figures: list[Figure] = []
    packs = [PACKS / "links", PACKS / "things"]
    with simulator(plan.folder, packs, [f"links.unrelated={LINKS}"], cache=plan.cache, profile=plan.profile) as server:
        for row in ROWS:
            alike = [row.requests(number) for number in range(CONNECTIONS)]
            for how, streams in (("no two messages alike", unlike(row)), ("identical messages", alike)):
                what = f"CPU of {', '.join(row.operations)}, {how}"
                progress(what)
                rates: list[float] = []
                costs = [cost(plan, server, streams, len(row.operations), rates) for _ in range(plan.rounds // 2 + 1)]
                note = f"{median(rates):,.0f}/s"
                figures.append(Figure(what, "us", median(costs), note=note, spread=spread(costs)))
        for opens, pulls, parameters in SESSION_ROWS:
            what = f"CPU of {', '.join((opens, pulls, *ALSO))}, no two messages alike"
            progress(what)
            costs = [_session_cost(server, opens, pulls, parameters) for _ in range(plan.rounds)]
            figures.append(Figure(what, "us", median(costs), spread=spread(costs)))
    return figures


def unlike(row: Row) -> Sequence[Sequence[bytes]]:
    """Return streams in which no two messages are alike: other targets, spellings of the namespace, and message IDs."""
    requests = (
        request for number in range(UNLIKE) for request in row.requests(CONNECTIONS + number, spelling(NAMESPACE, number))
    )
    return dealt(list(requests), len(row.operations))


def _session_cost(server: Server, opens: str, pulls: str, parameters: dict[str, str]) -> float:
    """Return the microseconds of processor time of a request, in sessions that are opened, pulled from, counted and closed."""
    with Connection(server.port) as connection:
        before, requests = server.processor_time(), 0
        for each in islice(sessions(connection, opens, pulls, parameters), SESSIONS):
            requests += each
        return 1e6 * (server.processor_time() - before) / requests


def sessions(connection: Connection, opens: str, pulls: str, parameters: dict[str, str]) -> Iterator[int]:
    """Carry out one session after the other; yield how many requests each took.

    Raises:
        BadAnswerError: a request failed, or no session was opened.
    """
    while True:
        connection.ask(intrinsic(opens, NAMESPACE, {**parameters, "MaxObjectCount": _value(0)}))
        found = _CONTEXT.search(connection.end)
        if found is None:
            raise BadAnswerError(f"{opens} opened no session: {connection.end!r}")
        context = {"EnumerationContext": _value(found[1].decode())}
        later = [(pulls, {**context, "MaxObjectCount": _value(10)}), *((name, context) for name in ALSO)]
        for name, given in later:
            if connection.ask(intrinsic(name, NAMESPACE, given)):
                raise BadAnswerError(f"{name} failed: {connection.end!r}")
        yield 1 + len(later)
