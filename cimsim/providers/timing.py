"""How long transitions take, as the setting ``timings`` has it, and TimeoutPeriod."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.timing import Timing, parse_timing
from cimsim.world.transaction import Transaction
from cimsim.world.values import DateTime

# What RequestStateChange returns for a TimeoutPeriod that it does not take.
INVALID_PARAMETER: Final = 5
TIMEOUT_NOT_SUPPORTED: Final = 4098

_RULE: Final = r"\s*(\w+)(?:\[(\w+)=([^\]]*)\])?(?:\.(\w+)(?:#(\d+))?)?\s*=\s*([^=]+?)\s*"


class TimingRule(msgspec.Struct, frozen=True):
    """How long transitions of instances of a class take.

    ``where`` is a property and its value as text, for one instance; ``method`` is the one that begins the transition, ``call``
    the number of one call of it, counted from 1. None means any. Names are folded but for ``classname``.
    """

    classname: str
    where: tuple[str, str] | None
    method: str | None
    call: int | None
    timing: Timing


def parse_rule(text: str) -> TimingRule:
    """Return the rule that ``CLASS[PROPERTY=VALUE].METHOD#CALL=TIMING`` writes; all but class and timing may be left out.

    Raises:
        ValueError: it has another form.
    """
    match = re.fullmatch(_RULE, text)
    if match is None:
        raise ValueError(f"{text!r}: write CLASS[PROPERTY=VALUE].METHOD#CALL=TIMING; only CLASS and TIMING must be there")
    classname, name, value, method, call, timing = match.groups()
    if call == "0":
        raise ValueError(f"{text!r}: calls are counted from 1")
    return TimingRule(
        classname,
        (fold(name), value) if name is not None else None,
        fold(method) if method is not None else None,
        int(call) if call is not None else None,
        parse_timing(timing),
    )


def chosen(rules: Sequence[TimingRule], transaction: Transaction, instance: Instance, method: str) -> Timing | None:
    """Return the timing of the most specific rule; None if no rule fits.

    A rule for one call is more specific than others, then one for one instance, for one method, for the nearest class. Of
    equally specific rules the last one wins. Each rule for one call counts the calls that it fits.
    """
    if not rules:
        return None
    folded = fold(method)
    fitting = [rule for rule in rules if _fits(rule, instance, folded)]
    fitting = [rule for rule in fitting if rule.call is None or rule.call == transaction.serial(f"timing {rule}")]
    lineage = list(instance.cls.lineage)
    best: TimingRule | None = None
    best_rank: tuple[bool, bool, bool, int] | None = None
    for rule in fitting:
        specific = (rule.call is not None, rule.where is not None, rule.method is not None)
        rank = (*specific, -lineage.index(fold(rule.classname)))
        if best_rank is None or rank >= best_rank:
            best, best_rank = rule, rank
    return best.timing if best is not None else None


def _fits(rule: TimingRule, instance: Instance, method: str) -> bool:
    if not instance.cls.is_a(fold(rule.classname)) or rule.method not in (None, method):
        return False
    if rule.where is None:
        return True
    name, value = rule.where
    return name in instance and str(instance[name]) == value


def seconds_of(length: DateTime) -> float:
    """Return the length of a CIM interval in seconds; what it leaves open (``*``) counts as 0."""
    text = length.replace("*", "0")
    days, hours, minutes, seconds = int(text[:8]), int(text[8:10]), int(text[10:12]), int(text[12:14])
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds + int(text[15:21]) / 1_000_000


def timeout_refusal(timeout: DateTime | None, *, supported: bool = False) -> int | None:
    """Return the number with which RequestStateChange refuses a TimeoutPeriod, or None to go ahead.

    NULL and an interval of no length ask for nothing; a point in time is not a period.
    """
    if timeout is None or (timeout.is_interval and (supported or not timeout[:21].strip("0."))):
        return None
    return TIMEOUT_NOT_SUPPORTED if timeout.is_interval else INVALID_PARAMETER
