"""What fault rules do to answers: the effects on the data plane of the rule that acted on a request."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from cimsim.cimom.clock import Clock
from cimsim.cimom.fault_rules import FaultRule
from cimsim.cimom.object_manager import Cimom
from cimsim.server.wrong_answers import Cancel, Effects, HttpStatus


class Faults(Protocol):
    """What the services of the protocols need of ``AnswerFaults``."""

    @property
    def number(self) -> int | None:
        """The number of the fault rule that acted on the request that was started last; None: none did."""
        ...

    def effects(self) -> Effects | None:
        """Return what that rule does to the answer; None: nothing."""
        ...


class AnswerFaults:
    """The rule of the request that a CIMOM started last, as the data plane needs it.

    Args:
        cimom: has the rules.
        reactor: waits by the time of the computer.
    """

    def __init__(self, cimom: Cimom, reactor: Any) -> None:
        self._cimom = cimom
        self._reactor = reactor

    @property
    def number(self) -> int | None:
        """The number of the rule; None: none acted."""
        acted = self._cimom.acted
        return None if acted is None else acted.number

    def effects(self) -> Effects | None:
        """Return what the rule does to the answer; None: nothing."""
        acted = self._cimom.acted
        return None if acted is None else self._effects(acted.rule)

    def _effects(self, rule: FaultRule) -> Effects | None:
        effects = Effects(
            # The delay of an indication is not one of the answer.
            wait=None
            if rule.delay is None or rule.indication == "delayed"
            else self._wait(rule, self._cimom.faults.delay(rule)),
            http=None if rule.http is None else HttpStatus(rule.http.status, rule.http.cim_error),
            trickle=rule.trickle,
            reset=rule.reset,
            truncate=rule.truncate,
            malformed=rule.malformed,
            length=rule.length,
            stale=rule.stale,
        )
        return None if effects == _NOTHING else effects

    def _wait(self, rule: FaultRule, seconds: float) -> Callable[[Callable[[], None]], Cancel]:
        if rule.delay is not None and rule.delay.clock:
            return partial(_by_clock, self._cimom.clock, seconds)
        return lambda function: self._reactor.callLater(seconds, function).cancel


def _by_clock(clock: Clock, seconds: float, function: Callable[[], None]) -> Cancel:
    return clock.call_at(clock.now() + seconds, function).cancel


_NOTHING = Effects()
