"""The fault rules that are in force: shown, added, removed."""

from collections.abc import Generator
from typing import Any, Final

from cimsim.cimom.fault_rule_parser import RuleError, parse_rule, preparing
from cimsim.cimom.fault_rules import Fault
from cimsim.control.api_errors import ControlError
from cimsim.control.messages import FaultList, FaultState, Removed
from cimsim.simulation.controlled_cimom import ControlledCimom

MAX_FAULTS: Final = 1_000
"""How many rules may be in force: every request is compared with each of them."""


def faults(controlled: ControlledCimom) -> FaultList:
    """Return the rules that are in force."""
    return FaultList([state_of(each) for each in controlled.cimom.faults])


def fault(controlled: ControlledCimom, number: str) -> FaultState:
    """Return the rule of a number; raises ControlError, 404, if it is not in force."""
    return state_of(_found(controlled, number))


def add(controlled: ControlledCimom, words: dict[str, Any]) -> Generator[None, None, FaultState]:
    """Put a rule into force, in steps.

    Raises:
        ControlError: 400, a word or a value is wrong; 409, too many rules are in force.
    """
    yield from preparing([words], (controlled.cimom.world,))
    if len(controlled.cimom.faults) >= MAX_FAULTS:
        raise ControlError(409, f"{MAX_FAULTS} fault rules are in force: remove one first")
    try:
        rule = parse_rule(words, (controlled.cimom.world,))
    except RuleError as error:
        raise ControlError(400, str(error), error.field, error.nearest or "") from None
    return state_of(controlled.cimom.faults.add(rule))


def remove(controlled: ControlledCimom, number: str) -> FaultState:
    """Take a rule out of force; return what it was; raises ControlError, 404, if it is not in force."""
    found = _found(controlled, number)
    found.remove()
    return state_of(found)


def clear(controlled: ControlledCimom) -> Removed:
    """Take all rules out of force."""
    count = len(controlled.cimom.faults)
    controlled.cimom.faults.clear()
    return Removed(count)


def _found(controlled: ControlledCimom, number: str) -> Fault:
    for each in controlled.cimom.faults:
        if str(each.number) == number:
            return each
    known = ", ".join(str(each.number) for each in controlled.cimom.faults) or "none"
    raise ControlError(404, f"no fault rule {number} is in force; in force are: {known}")


def state_of(found: Fault) -> FaultState:
    """Return what a client gets of a rule."""
    return FaultState(found.number, found.rule.shown(), found.matched, found.hits, found.origin)
