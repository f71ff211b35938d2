"""What a test expects of calls: what is met, and how a mismatch explains itself."""

import pytest

from cimsim.cimom.exchanges import Called
from cimsim.testing.expectations import Expectation, expect_sequence


def call(operation: str, **keys: str) -> Called:
    return Called(operation, f"root/test:T_Thing.{keys}", 0, classname="T_Thing", keys=tuple(keys.items()))


CALLS = [call("GetInstance", Id="a"), call("StopService", Id="a"), call("StopService", Id="b"), call("GetInstance", Id="b")]


def test_calls_are_counted_by_name_and_values_in_any_case() -> None:
    assert Expectation(CALLS, "stopservice", {}).times(2) == CALLS[1:3]
    assert Expectation(CALLS, "StopService", {"id": "B"}).once() is CALLS[2]
    assert Expectation(CALLS, "GetInstance", {}).at_least(1) == [CALLS[0], CALLS[3]]
    Expectation(CALLS, "StartService", {}).never()


def test_a_mismatch_shows_the_nearest_calls_and_the_value_that_differs() -> None:
    with pytest.raises(AssertionError) as failed:
        Expectation(CALLS, "StopService", {"Id": "c"}).once()
    text = str(failed.value)
    assert "StopService with Id='c' was expected 1 times, and called 0 times" in text
    assert "Id is 'a'" in text
    assert "Id is 'b'" in text


def test_a_name_that_was_not_called_shows_what_was() -> None:
    with pytest.raises(AssertionError, match="called was: GetInstance, StopService"):
        Expectation(CALLS, "StartService", {}).at_least(1)
    with pytest.raises(AssertionError, match="called was: nothing"):
        Expectation([], "StartService", {}).once()


def test_too_many_calls_are_listed() -> None:
    with pytest.raises(AssertionError) as failed:
        Expectation(CALLS, "GetInstance", {}).never()
    assert str(failed.value).count("counted: GetInstance") == 2


def test_a_sequence_may_have_others_between() -> None:
    expect_sequence(CALLS, ["GetInstance", "StopService", "GetInstance"])
    with pytest.raises(AssertionError, match=r"GetInstance was expected after StopService, GetInstance; called was nothing"):
        expect_sequence(CALLS, ["StopService", "GetInstance", "GetInstance"])
