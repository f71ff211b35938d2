"""The options of a simulation, beside those of the command line."""

from dataclasses import MISSING
from typing import Any

import click
import pytest
from msgspec.structs import fields

from cimsim.cli.serve import serve
from cimsim.simulation.options import MANUAL_START, OptionsError, SimulationOptions

PARAMETERS = {each.name: each for each in serve.params if each.expose_value}
FIELDS = {each.name: each for each in fields(SimulationOptions)}


def test_each_setting_of_serve_is_a_field_and_the_other_way_round() -> None:
    assert set(PARAMETERS) == set(FIELDS)


def test_defaults_are_those_of_the_command_line() -> None:
    made: Any = SimulationOptions(**serve.make_context("serve", []).params)
    bare = SimulationOptions()
    # Click has tuples where a sequence is empty.
    differing = [name for name in FIELDS if (getattr(made, name) or None) != (getattr(bare, name) or None)]
    assert differing == []
    assert all(each.default is not MISSING or each.default_factory is not MISSING for each in FIELDS.values())


def test_choices_are_those_of_the_command_line() -> None:
    for name, parameter in PARAMETERS.items():
        if isinstance(parameter.type, click.Choice) and name != "quirks":
            for choice in parameter.type.choices:
                changed: dict[str, Any] = {str(name): choice}
                SimulationOptions(**changed)
            other: dict[str, Any] = {str(name): "other"}
            with pytest.raises(OptionsError, match="is not one of"):
                SimulationOptions(**other)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"tls_port": 65536}, "--tls-port 65536 is not between 0 and 65535"),
        ({"control_port": -1}, "--control-port -1 is not between 0 and 65535"),
        ({"watchdog": float("nan")}, "--watchdog nan is not a length of time"),
        ({"idle_timeout": float("inf")}, "--idle-timeout inf is not a length of time"),
    ],
)
def test_a_value_that_cannot_be_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(OptionsError) as caught:
        SimulationOptions(**options)
    assert text in str(caught.value)


def test_a_manual_clock_has_a_start_and_a_control_plane() -> None:
    manual = SimulationOptions(clock="manual")
    assert (manual.effective_start_time, manual.effective_control_port) == (MANUAL_START, 0)
    given = SimulationOptions(clock="manual", start_time=5.0, control_port=7)
    assert (given.effective_start_time, given.effective_control_port) == (5.0, 7)
    real = SimulationOptions()
    assert (real.effective_start_time, real.effective_control_port) == (None, 0)
    silent = SimulationOptions(console=False)
    assert silent.effective_control_port is None
    assert SimulationOptions(console=False, clock="manual").effective_control_port == 0
    assert SimulationOptions(console=False, control_port=7).effective_control_port == 7


def test_a_seed_gives_the_same_names_and_none_gives_others() -> None:
    seeded = SimulationOptions(seed=3)
    assert seeded.new_seed() == 3
    assert seeded.new_random()(8) == seeded.new_random()(8)
    assert SimulationOptions().new_seed() != SimulationOptions().new_seed()
