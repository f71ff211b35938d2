"""What a test author gets wrong is refused at once, by name, with what is allowed; nothing has changed."""

import re
from pathlib import Path
from typing import Any, get_args

import click
import pytest

from cimsim.cli.serve import serve
from cimsim.simulation.options import OptionsError
from cimsim.testing import SimulatedCimom, Simulator
from cimsim.testing.options import CimomOptions, simulation_options

KEYWORDS = CimomOptions.__annotations__
WRONG: list[Any] = [[1], 5.5, "yes", True, {1: 2}, object(), None]


FITTING: list[Any] = [{}, (), [], "x" * 20, Path("x"), 3000, 1.5, False, None]
"""One of them at least is of the right type."""


@pytest.mark.parametrize("name", [name for name, hint in KEYWORDS.items() if "Literal" not in str(hint)])
def test_a_keyword_of_a_wrong_type_is_refused_by_its_name(name: str) -> None:
    assert sum(not _taken(name, value) for value in WRONG) >= 4
    taken = [value for value in FITTING if _taken(name, value)]
    assert taken
    assert not any(isinstance(value, bool) for value in taken) or bool in (KEYWORDS[name], *get_args(KEYWORDS[name]))


def _taken(name: str, value: Any) -> bool:
    try:
        simulation_options(["interop"], {name: value})  # type: ignore[misc] # one after the other
    except OptionsError as error:
        return re.match(f"{name}: .* is expected, not ", str(error)) is None
    return True


def test_numbers_have_the_bounds_of_the_command_line() -> None:
    bounded = {
        str(each.name): int(each.type.min)
        for each in serve.params
        if isinstance(each.type, click.IntRange) and each.type.min is not None and each.name in KEYWORDS
    }
    ports = {name for name in bounded if name.endswith("port")}
    assert len(bounded) - len(ports) > 8
    for name, least in bounded.items():
        with pytest.raises(OptionsError):
            simulation_options(["interop"], {name: least - 1})  # type: ignore[misc] # one after the other


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"faults": {"method": "StopService"}}, "faults: a list of dictionaries is expected"),
        ({"user": "alice:secret"}, "user: a list of texts is expected"),
        ({"settings": {1: 2}}, "settings: a dictionary by name is expected"),
        ({"max_exchanges": -1}, "max_exchanges: 0 or more is expected, not -1"),
        ({"scenarios": 3}, "scenarios: a list of texts or paths is expected"),
    ],
)
def test_a_simulator_does_not_start_with_it(given: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionsError, match=text):
        Simulator("interop", **given)


def test_what_nothing_can_have_cannot_be_expected(cimsim: SimulatedCimom) -> None:
    for ask in (cimsim.calls, cimsim.expect, cimsim.wait_for):
        with pytest.raises(LookupError, match="SystmName; did you mean SystemName"):
            ask("StopService", where={"SystmName": "x"})
    with pytest.raises(LookupError, match="did you mean StopService"):
        cimsim.har("StopServce")
    assert cimsim.calls("StopService", where={"SystemName": "x"}) == []
    # Parameters, and what only WS-Eventing has, are names as well.
    cimsim.expect("RequestStateChange", where={"requestedstate": 3}).never()
    cimsim.expect("GetInstance", where={"LocalOnly": "true"}).never()
    cimsim.expect("Subscribe", where={"Whatever": 3}).never()


@pytest.mark.parametrize("packs", [3, [3], {"hyperv": 1}])
def test_packs_are_names_or_paths(packs: Any) -> None:
    with pytest.raises(OptionsError, match="packs: a list of texts or paths is expected"):
        simulation_options(packs, {})


@pytest.mark.parametrize("users", ["alice:secret", ["alice:secret"], {"alice": 1}])
def test_users_of_a_marker_are_passwords_by_name(make_cimsim: Any, users: Any) -> None:
    with pytest.raises(TypeError, match="users: passwords by name are expected"):
        make_cimsim("interop", users=users)


@pytest.mark.parametrize("count", [-1, "2", 1.0, True, None])
def test_a_number_of_calls_is_one(cimsim: SimulatedCimom, count: Any) -> None:
    expected = cimsim.expect("StopService")
    for check in (expected.times, expected.at_least):
        with pytest.raises(ValueError, match="a number of calls is expected"):
            check(count)


def test_a_sequence_of_nothing_is_not_expected(cimsim: SimulatedCimom) -> None:
    with pytest.raises(ValueError, match="name what is expected"):
        cimsim.expect_sequence()
