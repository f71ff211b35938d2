"""What clients have called, from the journal."""

from collections.abc import Generator
from typing import Any, Final

from cimsim.cimom.call_names import UnknownCallError, checking_name
from cimsim.cimom.exchanges import CIM_XML, SUCCESS, WS_MAN, Called
from cimsim.cimom.fault_rule_parser import RuleError, parse_rule
from cimsim.cimom.journal import Entry
from cimsim.control.api_errors import ControlError
from cimsim.control.clock_api import iso
from cimsim.control.curl_text import as_curl
from cimsim.control.explanations import pretty, why
from cimsim.control.messages import (
    CallList,
    CallRecord,
    CallsQuery,
    ExchangeDetails,
    ExchangeRecord,
    NoBody,
    Replayed,
)
from cimsim.control.performing import attempted, record
from cimsim.control.pywbem_text import as_pywbem
from cimsim.operations.request import ExtrinsicRequest
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.names import fold
from cimsim.world.world import World

MAX_EXCHANGES: Final = 1_000
MAX_CALLS: Final = 5_000
"""How many calls an answer has before it ends; batches have many, and nobody else is answered meanwhile."""
_MAX_WRITTEN: Final = 50
"""How many calls of a batch a program has."""
_MAX_DIGITS: Final = 18
_MAX_BODY: Final = 64 * 1024
_STEP: Final = 50
"""How many exchanges are described in a step."""
_FAILED: Final = 1
_WS_MAN_PATH: Final = "/wsman"


def calls(controlled: ControlledCimom, query: CallsQuery) -> Generator[None, None, CallList]:
    """Return the exchanges that a query asks for, in steps.

    Raises:
        ControlError: 400, a number is out of range, or there is no operation and no method of that name.
    """
    if query.since < 0:
        raise ControlError(400, f"since: a number of an exchange, 0 or more, is expected, not {query.since}", "since")
    if not 1 <= query.limit <= MAX_EXCHANGES:
        raise ControlError(400, f"limit: a number from 1 to {MAX_EXCHANGES} is expected, not {query.limit}", "limit")
    wanted = None
    if query.name is not None:
        wanted = fold(query.name)
        yield from checking(controlled, query.name)
    found: list[ExchangeRecord] = []
    last, count, more = query.since, 0, False
    for entry in controlled.journal.since(query.since):
        if len(found) >= query.limit or count >= MAX_CALLS:
            more = True
            break
        last = entry.number
        chosen = [each for each in entry.exchange.calls if wanted is None or fold(each.operation) == wanted]
        if chosen or wanted is None:
            count += len(chosen)
            found.append(record_of(entry, chosen))
            if len(found) % _STEP == 0:
                yield
    return CallList(found, min(last, controlled.journal.recorded), more, controlled.instance)


def checking(controlled: ControlledCimom, name: str) -> Generator[None, None, None]:
    """Look for an operation or method of that name in steps; raises ControlError, 400, if there is none."""
    called = [each for entry in controlled.journal for each in entry.exchange.calls]
    try:
        yield from checking_name(name, called, controlled.cimom.world)
    except UnknownCallError as error:
        raise ControlError(400, f"name: {error}", "name", error.nearest) from None


def call(controlled: ControlledCimom, number: str) -> ExchangeDetails:
    """Return the exchange of a number with its bodies; raises ControlError, 404, if it is not kept."""
    entry = _found(controlled, number)
    exchange = entry.exchange
    ports = [url for url in controlled.urls if not url.endswith(_WS_MAN_PATH)] or [""]
    requests = [each.request for each in exchange.calls if each.request is not None]
    shown = record_of(entry)
    return ExchangeDetails(
        **{name: getattr(shown, name) for name in shown.__struct_fields__},
        request=pretty(entry.request),
        response=pretty(entry.response),
        rule=next((each.rule.shown() for each in controlled.cimom.faults if each.number == entry.rule), None),
        as_pywbem=as_pywbem(requests[:_MAX_WRITTEN], controlled.cimom.world, ports[0], exchange.user),
        as_curl=as_curl(entry, controlled.urls),
        as_fault_rule=_as_fault_rule(exchange.calls[0], controlled.cimom.world) if exchange.calls else None,
    )


def replay(controlled: ControlledCimom, number: str, _: NoBody) -> Generator[None, None, Replayed]:
    """Carry out the requests of an exchange again, as of the same user; return the number of the new exchange.

    Raises:
        ControlError: 404, the exchange is not kept; 409, its requests are not.
    """
    entry = _found(controlled, number)
    requests = [each.request for each in entry.exchange.calls]
    if not requests or None in requests:
        raise ControlError(409, f"exchange {entry.number} has no request that could be carried out again")
    return _replayed(controlled, entry)


def _replayed(controlled: ControlledCimom, entry: Entry) -> Generator[None, None, Replayed]:
    exchange, began = entry.exchange, controlled.wall()
    if controlled.answer is not None and exchange.protocol == CIM_XML and entry.is_whole:
        return (yield from _answered(controlled, entry, began))
    protocol = "ws-man" if exchange.protocol == WS_MAN else "cim-xml"
    calls = []
    for each in exchange.calls:
        if each.request is not None:
            called, _ = yield from attempted(controlled, each.request, exchange.user, protocol)
            calls.append(called)
            yield
    return Replayed(record(controlled, calls, began, exchange.user, entry.request if entry.is_whole else b""))


def _answered(controlled: ControlledCimom, entry: Entry, began: float) -> Generator[None, None, Replayed]:
    """Have the message itself answered, so that the new exchange has the answer too."""
    calls: list[Called] = []
    kept: list[bytes] = []
    size = 0
    user = entry.exchange.user
    for fragments in controlled.answer(entry.request, user, calls) if controlled.answer is not None else ():
        for each in fragments:
            if size < _MAX_BODY:
                kept.append(each[: _MAX_BODY - size])
            size += len(each)
        yield
    return Replayed(record(controlled, calls, began, user, entry.request, b"".join(kept), size))


def _found(controlled: ControlledCimom, number: str) -> Entry:
    entry = controlled.journal.get(int(number)) if number.isdecimal() and len(number) <= _MAX_DIGITS else None
    if entry is None:
        kept = [each.number for each in controlled.journal]
        there = f"kept are {kept[0]} to {kept[-1]}" if kept else "none is kept"
        raise ControlError(404, f"exchange {number} is not kept; {there}", "number")
    return entry


def _as_fault_rule(called: Called, world: World) -> dict[str, Any] | None:
    """Return the words of a rule that matches a call; it fails as the call did, or at all. None: no rule can."""
    extrinsic = isinstance(called.request, ExtrinsicRequest) or called.returned is not None
    words: dict[str, Any] = {"method" if extrinsic else "operation": called.operation, "namespace": called.namespace}
    if called.classname:
        words["classname"] = called.classname
    if called.keys:
        words["where"] = dict(called.keys)
    failed = called.status not in (SUCCESS, None)
    words["error"] = [called.status, called.description] if failed else [_FAILED, "a fault rule says so"]
    while True:
        try:
            parse_rule(words, (world,))
        except RuleError as error:
            # No rule is for what does not exist.
            if error.field not in words or error.field == "error":
                return None
            del words[error.field]
        else:
            return words


def record_of(entry: Entry, chosen: list[Called] | None = None) -> ExchangeRecord:
    """Return what is shown of an exchange, with all of its calls or some."""
    exchange = entry.exchange
    return ExchangeRecord(
        number=entry.number,
        time=iso(exchange.time),
        protocol=exchange.protocol,
        address=exchange.address,
        user=exchange.user,
        http_status=exchange.status,
        detail=exchange.detail,
        seconds=exchange.seconds,
        request_bytes=exchange.request_bytes,
        response_bytes=exchange.response_bytes,
        calls=[
            CallRecord(
                each.operation, each.target, each.status, each.description, dict(each.parameters), each.returned, each.rule
            )
            for each in (exchange.calls if chosen is None else chosen)
        ],
        has_bodies=entry.has_bodies,
        why=why(entry),
    )
