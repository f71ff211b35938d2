"""Timings and the rules that choose them."""

from typing import Any

import pytest

from cimsim.providers.timing import chosen, parse_rule, seconds_of, timeout_refusal
from cimsim.world.timing import IMMEDIATE, Timing, parse_timing
from cimsim.world.transaction import Transaction
from cimsim.world.values import DateTime


@pytest.fixture
def transaction(cim: Any) -> Transaction:
    made: Transaction = cim.transaction(
        cim.cls("T_Thing", cim.prop("Id", "string", "Key"), cim.prop("State", "uint16", value=2)),
        cim.cls("T_Box", of="T_Thing"),
    )
    return made


@pytest.mark.parametrize(
    ("text", "timing"),
    [
        ("immediate", IMMEDIATE),
        ("0", IMMEDIATE),
        ("2s", Timing(seconds=2.0)),
        ("1.5", Timing(seconds=1.5)),
        ("250 ms", Timing(seconds=0.25)),
        ("3 reads", Timing(reads=3)),
        ("1 read", Timing(reads=1)),
    ],
)
def test_a_timing_is_read(text: str, timing: Timing) -> None:
    assert parse_timing(text) == timing


@pytest.mark.parametrize("text", ["", "soon", "-1s", "2 hours", "1.5 reads", "1e5", "9" * 400])
def test_what_is_no_timing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"timing|whole numbers|too long"):
        parse_timing(text)


@pytest.mark.parametrize("text", ["T_Box", "T_Box=", "T_Box.Stop#0=1s", "T_Box[Id]=1s", "=1s", "T_Box.A#x=1s", "T_Box=often"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|counted|timing"):
        parse_rule(text)


def test_the_most_special_rule_counts(transaction: Transaction) -> None:
    box = transaction.create("T_Box", {"Id": "a=b"})
    other = transaction.create("T_Box", {"Id": "other"})
    rules = [parse_rule(each) for each in ("T_Thing=1s", "T_Box=2s", "T_Thing.Stop=3s", "T_Thing[Id=a=b]=4s")]
    assert chosen(rules, transaction, box, "Stop") == Timing(4.0)
    assert chosen(rules, transaction, other, "stop") == Timing(3.0)
    assert chosen(rules, transaction, other, "Start") == Timing(2.0)
    assert chosen(rules[:1], transaction, other, "Start") == Timing(1.0)


def test_of_rules_alike_the_last_one_counts(transaction: Transaction) -> None:
    box = transaction.create("T_Box", {"Id": "a"})
    rules = [parse_rule("T_Box=1s"), parse_rule("t_box=2s")]
    assert chosen(rules, transaction, box, "Stop") == Timing(2.0)


def test_a_rule_for_one_call_holds_for_that_call(transaction: Transaction) -> None:
    box = transaction.create("T_Box", {"Id": "a"})
    rules = [parse_rule("T_Box=1s"), parse_rule("T_Box.Stop#2=3 reads")]
    asked = [chosen(rules, transaction, box, method) for method in ("Stop", "Start", "Stop", "Stop")]
    assert asked == [Timing(1.0), Timing(1.0), Timing(reads=3), Timing(1.0)]


def test_no_rule_is_none(transaction: Transaction) -> None:
    box = transaction.create("T_Box", {"Id": "a"})
    rules = [parse_rule("T_Other=1s"), parse_rule("T_Box[Id=b]=1s"), parse_rule("T_Box[None=b]=1s"), parse_rule("T_Box.Run=1s")]
    assert chosen(rules, transaction, box, "Stop") is None


def test_a_rule_may_name_any_property(transaction: Transaction) -> None:
    box = transaction.create("T_Box", {"Id": "a"})
    assert chosen([parse_rule("T_Box[State=2]=immediate")], transaction, box, "Stop") is IMMEDIATE


@pytest.mark.parametrize(
    ("timing", "share", "part"),
    [(Timing(6.0), 0.5, Timing(3.0)), (Timing(reads=4), 1 / 3, Timing(reads=2)), (IMMEDIATE, 0.5, IMMEDIATE)],
)
def test_a_share_of_a_timing(timing: Timing, share: float, part: Timing) -> None:
    assert timing.part(share) == part


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "00000000000000.000000:000"),
        (-1.0, "00000000000000.000000:000"),
        (61.5, "00000000000101.500000:000"),
        (90061.000001, "00000001010101.000001:000"),
        (1e20, "99999999235959.999999:000"),
    ],
)
def test_an_interval_of_seconds(seconds: float, text: str) -> None:
    assert DateTime.interval(seconds) == text
    assert seconds_of(DateTime(text)) == min(max(seconds, 0.0), 99_999_999 * 86400 + 86399.999999)


def test_what_an_interval_leaves_open_counts_as_nothing() -> None:
    assert seconds_of(DateTime("000000000005**.******:000")) == 300.0


@pytest.mark.parametrize(
    ("text", "supported", "answer"),
    [
        (None, False, None),
        ("00000000000000.000000:000", False, None),
        ("00000000000001.000000:000", False, 4098),
        ("00000000000001.000000:000", True, None),
        ("20250101000000.000000+000", False, 5),
        ("20250101000000.000000+000", True, 5),
    ],
)
def test_which_timeouts_are_refused(text: str | None, supported: bool, answer: int | None) -> None:
    assert timeout_refusal(None if text is None else DateTime(text), supported=supported) == answer
