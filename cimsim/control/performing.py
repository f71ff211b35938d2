"""Requests that the control plane carries out in the way of clients: fault rules, Write rules, indications, the journal."""

from collections.abc import Generator
from typing import NamedTuple

from pywbem import CIMError

from cimsim.cimom.exchanges import CONTROL, Called, Exchange
from cimsim.control.api_errors import refusal_of
from cimsim.operations.pending import Pending
from cimsim.operations.request import Request
from cimsim.operations.results import MethodResult, Result
from cimsim.simulation.controlled_cimom import ControlledCimom

_OK = 200


class Performed(NamedTuple):
    """The result of a request, and the number of the fault rule that acted on it, None for none."""

    result: Result
    fault: int | None


def performed(
    controlled: ControlledCimom, request: Request, field: str = "", *, silent: bool = False
) -> Generator[None, None, Performed]:
    """Carry out a request as that of a client that may do everything, and record it, in steps.

    What a fault rule does to the answer of a client, it does not do to that of the control plane, which names the rule.
    ``silent``: nobody is notified of what it changes.

    Raises:
        ControlError: 404, 400 or 409, what the CIM error says that it failed with; ``field`` is what it is about.
    """
    began = controlled.wall()
    called, outcome = yield from attempted(controlled, request, None, CONTROL, trusted=True, silent=silent)
    record(controlled, [called], began)
    if isinstance(outcome, CIMError):
        raise refusal_of(outcome, field, fault=called.rule)
    return Performed(outcome, called.rule)


def attempted(
    controlled: ControlledCimom,
    request: Request,
    user: str | None,
    protocol: str,
    *,
    trusted: bool = False,
    silent: bool = False,
) -> Generator[None, None, tuple[Called, Result | CIMError]]:
    """Carry out a request; return its record and what it came to, in steps."""
    cimom = controlled.cimom
    outcome: Result | CIMError | Pending[Result]
    try:
        outcome = cimom.start(request, user, protocol, trusted=trusted, silent=silent)
    except CIMError as error:
        outcome = error
    rule = None if cimom.acted is None else cimom.acted.number
    if isinstance(outcome, Pending):
        for step in outcome.outcomes():
            if step is None:
                yield
            else:
                outcome = step
    if isinstance(outcome, Pending):
        raise TypeError("a pending result ended without an outcome")
    failure = outcome if isinstance(outcome, CIMError) else None
    returned = outcome.return_value.value if isinstance(outcome, MethodResult) else None
    return Called.of(request, failure, returned, rule), outcome


def record(
    controlled: ControlledCimom,
    calls: list[Called],
    began: float,
    user: str | None = None,
    body: bytes = b"",
    response: bytes = b"",
    response_bytes: int = 0,
) -> int:
    """Put calls into the journal, with the body that they were read from and its answer; return the number of the exchange."""
    seconds = max(0.0, controlled.wall() - began)
    exchange = Exchange(began, CONTROL, "", user, tuple(calls), _OK, "", seconds, len(body), response_bytes)
    controlled.journal.record(exchange, body, response)
    return controlled.journal.recorded
