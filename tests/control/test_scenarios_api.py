"""``/v1/scenarios``, the rules of settings in ``/v1/faults``, and what a reset brings back."""

from pathlib import Path
from typing import Any

import pytest

from cimsim.cimom.fault_rule_parser import parse_rule
from cimsim.control import scenarios_api
from cimsim.packs.load import Loaded, LoadedPack
from cimsim.providers.registry import ProviderRegistry
from cimsim.simulation.further_loading import FurtherLoading
from cimsim.simulation.options import SimulationOptions
from tests.control.plane import Plane

SCENARIO = """
description = "Stops
  late"
[[fault]]
method = "StopService"
delay = 1
[[fault]]
operation = "GetClass"
error = "failed"
""".replace('"Stops\n  late"', '"""Stops\n  late"""')


@pytest.fixture
def plane(cim: Any, tmp_path: Path) -> Plane:
    """Return the control plane of a CIMOM of a pack with scenarios; its schema takes some steps to look at."""
    classes = [cim.cls(f"T_Of{number}", cim.prop("Id", "string", "Key")) for number in range(25)]
    made = Plane(world=cim.world(*classes, cim.cls("T_Thing", cim.method("StopService", "uint32"))))
    pack = LoadedPack(name="p", title="", version="", path=tmp_path, files={}, settings={})
    loaded = Loaded(made.cimom.world, (pack,), ProviderRegistry([]), ())
    made.controlled.further = FurtherLoading(made.controlled, loaded, SimulationOptions())
    (tmp_path / "scenarios").mkdir()
    write(tmp_path, "late", SCENARIO)
    return made


def write(folder: Path, name: str, text: str) -> None:
    (folder / "scenarios" / f"{name}.toml").write_text(text, encoding="utf-8")


def test_scenarios_are_listed(plane: Plane, tmp_path: Path) -> None:
    write(tmp_path, "other", "[[fault]]\nhttp = 500\n[settings.p]\nsize = 1\n")
    late, other = plane.get("/v1/scenarios")["scenarios"]
    assert (late["name"], late["pack"], late["description"], len(late["faults"])) == ("late", "p", "Stops late", 2)
    assert (other["name"], other["settings"], other["faults"]) == ("other", {"p.size": 1}, [{"http": 500}])


@pytest.mark.parametrize("name", ["late", "LATE", "p.late", "l%61te"])
def test_a_scenario_puts_its_rules_into_force_until_a_reset(plane: Plane, name: str) -> None:
    rests = plane.reactor.rests
    status, answer = plane.asked("POST", f"/v1/scenarios/{name}")
    assert (status, [each["origin"] for each in answer["faults"]]) == (201, ["scenario p.late"] * 2)
    assert plane.reactor.rests > rests
    assert plane.get("/v1/faults")["faults"] == answer["faults"]
    plane.post("/v1/reset", {})
    assert plane.get("/v1/faults")["faults"] == []


@pytest.mark.parametrize(
    ("name", "status", "nearest", "said"),
    [
        ("lat", 404, "late", "there is no scenario lat; did you mean late?"),
        ("..%2Fscenarios%2Flate.toml", 404, "", "there is no scenario"),
        ("wrong", 409, "", "wrong.toml:2: method: there is no method StopServce; did you mean StopService?"),
        ("set", 409, "", "settings, which count at the start only"),
        ("toml", 409, "", "toml.toml:1"),
    ],
)
def test_what_is_wrong_changes_nothing(plane: Plane, tmp_path: Path, name: str, status: int, nearest: str, said: str) -> None:
    write(tmp_path, "wrong", '[[fault]]\nmethod = "StopServce"\nhttp = 500\n')
    write(tmp_path, "set", "[settings]\n'p.size' = 1\n")
    write(tmp_path, "toml", "[[fault]\n")
    got, problem = plane.asked("POST", f"/v1/scenarios/{name}")
    assert (got, problem.get("nearest", "")) == (status, nearest)
    assert said in problem["error"]
    assert not plane.cimom.faults
    assert plane.asked("GET", "/v1/scenarios")[0] == 409


def test_a_scenario_that_would_be_too_many_rules_is_refused_whole(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios_api, "MAX_FAULTS", 3)
    assert [plane.asked("POST", "/v1/scenarios/late")[0] for _ in range(2)] == [201, 409]
    assert len(plane.cimom.faults) == 2


def test_a_reset_goes_back_to_the_rules_of_the_start(plane: Plane) -> None:
    rule = parse_rule({"operation": "GetClass", "http": 500})
    plane.cimom.faults.replace_kept([(rule, "setting p.faults", True)])
    plane.asked("POST", "/v1/faults", {"method": "StopService", "error": 1})
    assert [each["number"] for each in plane.get("/v1/faults")["faults"]] == [2, 1]
    plane.asked("DELETE", "/v1/faults")
    plane.post("/v1/reset", {})
    (found,) = plane.get("/v1/faults")["faults"]
    assert (found["number"], found["origin"], found["hits"]) == (1, "setting p.faults", 0)


def test_rules_of_the_start_are_replaced_by_those_of_a_reload_and_others_stay(plane: Plane) -> None:
    rule = parse_rule({"operation": "GetClass", "http": 500})
    plane.cimom.faults.replace_kept([(rule, "setting p.faults", True)])
    plane.asked("POST", "/v1/faults", {"operation": "GetClass", "error": 1})
    plane.cimom.faults.replace_kept([(rule, "scenario p.late", False), (rule, "setting q.faults", True)])
    found = plane.get("/v1/faults")["faults"]
    assert [each["origin"] for each in found] == ["", "scenario p.late", "setting q.faults"]
