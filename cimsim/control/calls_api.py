"""What clients have called, from the journal."""

from typing import Final

from cimsim.cimom.exchanges import Called
from cimsim.cimom.journal import Entry
from cimsim.control.api_errors import ControlError
from cimsim.control.clock_api import iso
from cimsim.control.messages import CallList, CallRecord, CallsQuery, ExchangeRecord
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.names import fold

MAX_EXCHANGES: Final = 1_000
MAX_CALLS: Final = 5_000
"""How many calls an answer has before it ends; batches have many, and nobody else is answered meanwhile."""


def calls(controlled: ControlledCimom, query: CallsQuery) -> CallList:
    """Return the exchanges that a query asks for; raises ControlError, 400, for numbers out of range."""
    if query.since < 0:
        raise ControlError(400, f"since: a number of an exchange, 0 or more, is expected, not {query.since}", "since")
    if not 1 <= query.limit <= MAX_EXCHANGES:
        raise ControlError(400, f"limit: a number from 1 to {MAX_EXCHANGES} is expected, not {query.limit}", "limit")
    wanted = None if query.name is None else fold(query.name)
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
            found.append(_record(entry, chosen))
    return CallList(found, min(last, controlled.journal.recorded), more, controlled.instance)


def _record(entry: Entry, chosen: list[Called]) -> ExchangeRecord:
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
            for each in chosen
        ],
    )
