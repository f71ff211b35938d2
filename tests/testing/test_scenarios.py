"""Scenarios and the rules of settings, from the start of a CIMOM to its reset."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pywbem import CIMError

from cimsim.cimom.fault_rules import Fault
from cimsim.testing import PackError, SimulatedCimom

Make = Callable[..., SimulatedCimom]
SERVICE = "Msvm_GuestFileService"
TARGET = "MSFTSM_ObjectManager"


def in_force(cimom: SimulatedCimom) -> list[Fault]:
    return cimom.in_reactor(lambda: list(cimom._cimom.faults))


def stop(cimom: SimulatedCimom, classname: str, method: str = "StopService") -> Any:
    with cimom.connect() as connection:
        service = connection.EnumerateInstanceNames(classname)[0]
        try:
            return connection.InvokeMethod(method, service)[0]
        except CIMError as error:
            return error.status_description


@pytest.mark.cimsim(packs=["hyperv"], scenarios=["busy-guest"], clock="manual")
def test_a_scenario_acts_from_the_start_and_again_after_a_reset(cimsim: SimulatedCimom) -> None:
    for _ in range(2):
        assert [stop(cimsim, SERVICE) for _ in range(3)] == ["The guest is busy.", "The guest is busy.", 0]
        cimsim.reset()
    assert {each.origin for each in in_force(cimsim)} == {"scenario hyperv.busy-guest"}


@pytest.mark.cimsim(packs=["hyperv"], clock="manual")
def test_a_scenario_at_run_time_is_forgotten_by_a_reset(cimsim: SimulatedCimom) -> None:
    handles = cimsim.scenario("slow-host")
    assert stop(cimsim, SERVICE) == 0
    assert cimsim.get(cimsim.find(SERVICE)[0])["EnabledState"] == 4
    cimsim.advance(30)
    assert cimsim.get(cimsim.find(SERVICE)[0])["EnabledState"] == 3
    assert [each.hits for each in handles] == [1, 0, 0, 0]
    cimsim.reset()
    assert in_force(cimsim) == []


@pytest.mark.parametrize(
    ("pack", "names"),
    [("hyperv", ["busy-guest", "hyperv.slow-host"]), ("iscsitarget", ["busy-target", "flaky-network"]), ("interop", [])],
)
def test_scenarios_of_a_pack_can_be_chosen_by_name(make_cimsim: Make, pack: str, names: list[str]) -> None:
    rules = in_force(make_cimsim(pack, scenarios=names))
    assert list(dict.fromkeys(each.origin.rpartition(".")[2] for each in rules)) == [each.rpartition(".")[2] for each in names]


def test_flaky_network_loses_the_same_answers_for_the_same_seed(make_cimsim: Make) -> None:
    def hits() -> list[int]:
        cimom = make_cimsim("interop", scenarios=["flaky-network"])
        for _ in range(100):
            cimom.in_reactor(lambda: cimom._cimom.faults.acting(_request(), None, "cim-xml", cimom.world))
        return [each.hits for each in in_force(cimom)]

    first = hits()
    assert all(first)
    assert hits() == first


def _request() -> Any:
    from cimsim.operations.request import IntrinsicRequest

    return IntrinsicRequest("EnumerateClassNames", "root/interop")


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        file = tmp_path / "mine.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


RULE = '[[fault]]\nmethod = "StopService"\nerror = [1, "no"]\n'


@pytest.mark.parametrize(
    ("text", "line", "wanted"),
    [
        ("description = 3\n" + RULE, 1, "description must be a text"),
        (RULE + "\n[[faults]]\n", 5, "there is no key faults in a scenario; did you mean fault?"),
        ("fault = 3\n", 1, "fault must be an array of tables: write [[fault]]"),
        ("fault = [3]\n", 1, "fault must be an array of tables: write [[fault]]"),
        ("description = 'empty'\n", None, "a scenario has rules, as [[fault]], or [settings]"),
        ("[[fault]\n", 1, ""),
        (RULE + "[[fault]]\nerror = 1\nmetod = 'StopService'\n", 6, "[[fault]] 2: metod: there is no such word in a rule; did"),
        (RULE.replace("StopService", "StopServce"), 2, "method: there is no method StopServce; did you mean StopService?"),
        (RULE.replace('[1, "no"]', '"faild"'), 3, "error: there is no CIM status faild; did you mean failed?"),
        (RULE + "times = '2'\n", 4, "times: a whole number of at least 1 is expected, not '2'"),
        (RULE + "[fault.where]\nName = 1\n[[fault]]\nmethod = 'StopService'\n", 6, "[[fault]] 2: a rule needs an action"),
        (RULE + "[settings]\n'hyperv.vm' = 4\n", 4, "pack hyperv has no setting vm; did you mean vms?"),
    ],
)
def test_a_wrong_file_is_refused_at_the_start(
    make_cimsim: Make, scenario: Callable[[str], Path], text: str, line: int | None, wanted: str
) -> None:
    file = scenario(text)
    with pytest.raises(PackError) as refused:
        make_cimsim("hyperv", scenarios=[file])
    assert (refused.value.file, refused.value.line) == (str(file), line)
    assert refused.value.text.startswith(wanted)


def test_a_name_that_does_not_exist_is_refused_with_the_nearest(make_cimsim: Make) -> None:
    with pytest.raises(PackError, match=r"there is no scenario busy-gues; did you mean busy-guest\?"):
        make_cimsim("hyperv", scenarios=["busy-gues"])
    cimom = make_cimsim("hyperv")
    with pytest.raises(PackError, match="there is no scenario busy-target"):
        cimom.scenario("busy-target")
    assert in_force(cimom) == []


@pytest.mark.longer
def test_the_settings_of_a_scenario_give_way_and_count_at_the_start_only(
    make_cimsim: Make, scenario: Callable[[str], Path]
) -> None:
    file = scenario("[settings]\nhyperv.vms = 2\n'hyperv.timings' = ['Msvm_GuestFileService=5s']\n")
    machines = [len(make_cimsim("hyperv", scenarios=[file], **more).find("Msvm_ComputerSystem", Caption="Virtual Machine"))
                for more in ({}, {"settings": {"hyperv.vms": 1}})]  # fmt: skip
    assert machines[0] - machines[1] == 1
    with pytest.raises(PackError, match="settings, which count at the start only"):
        make_cimsim("hyperv").scenario(file)


def test_two_packs_with_a_scenario_of_one_name(make_cimsim: Make, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "scenarios").mkdir(parents=True)
        (tmp_path / name / "pack.toml").write_text(f'name = "{name}"\nrequires = ["interop"]\n', encoding="utf-8")
        (tmp_path / name / "scenarios" / "slow.toml").write_text("[[fault]]\ndelay = 1\n", encoding="utf-8")
    packs = [tmp_path / "one", tmp_path / "two"]
    with pytest.raises(PackError, match=r"several packs have a scenario slow: write one\.slow or two\.slow"):
        make_cimsim(*packs, scenarios=["slow"])
    assert [each.origin for each in in_force(make_cimsim(*packs, scenarios=["two.slow"]))] == ["scenario two.slow"]


@pytest.mark.cimsim(packs=["iscsitarget"], settings={"iscsitarget.faults": f"{TARGET}.StopService=2"})
def test_the_setting_faults_is_a_rule_after_all_others(cimsim: SimulatedCimom) -> None:
    assert stop(cimsim, TARGET) == 2
    handle = cimsim.fault(method="StopService", returns=7, times=1)
    assert [stop(cimsim, TARGET) for _ in range(2)] == [7, 2]
    (first, second) = in_force(cimsim)
    assert (first.number, second.number, handle.hits) == (2, 1, 1)
    assert (second.origin, second.hits) == ("setting iscsitarget.faults", 2)
    assert [call.rule for call in cimsim.calls("StopService")] == [1, 2, 1]
    cimsim.fault(method="StopService", delay="1ms", times=1)
    assert (stop(cimsim, TARGET), second.hits) == (2, 3)
    second.remove()
    assert stop(cimsim, TARGET) == 0
    cimsim.reset()
    assert [(each.origin, each.hits) for each in in_force(cimsim)] == [("setting iscsitarget.faults", 0)]
    assert cimsim.find(TARGET)[0]["Started"] is True


@pytest.mark.cimsim(packs=["iscsitarget"], faults=[{"method": "StopService", "returns": 3, "times": 1}])
def test_faults_of_the_marker_come_back_with_a_reset(cimsim: SimulatedCimom) -> None:
    assert [stop(cimsim, TARGET) for _ in range(2)] == [3, 0]
    cimsim.fault(operation="GetClass", error=1)
    cimsim.reset()
    assert (cimsim.faults[0].hits, len(cimsim.faults), len(in_force(cimsim))) == (0, 1, 1)
    assert [stop(cimsim, TARGET) for _ in range(2)] == [3, 0]
    assert cimsim.unused_faults() == []
    fork = cimsim.fork("other")
    assert [stop(fork, TARGET, "StartService"), stop(fork, TARGET)] == [0, 3]
    fork.stop()


@pytest.mark.cimsim(packs=["hyperv"], clock="manual", settings={"hyperv.timings": f"{SERVICE}=5s"})
@pytest.mark.parametrize(("timing", "seconds"), [("2s", 2), ("immediate", 0), (3, 3)])
def test_a_rule_says_how_long_what_a_method_begins_takes(cimsim: SimulatedCimom, timing: Any, seconds: int) -> None:
    cimsim.fault(method="StopService", timing=timing, times=1)
    assert stop(cimsim, SERVICE) == 0
    assert cimsim.find(SERVICE)[0]["EnabledState"] == (4 if seconds else 3)
    cimsim.advance(seconds)
    assert cimsim.find(SERVICE)[0]["EnabledState"] == 3
    stop(cimsim, SERVICE, "StartService")
    cimsim.advance(4)
    assert cimsim.find(SERVICE)[0]["EnabledState"] == 10
    cimsim.advance(1)
    assert cimsim.find(SERVICE)[0]["EnabledState"] == 2


@pytest.mark.cimsim(packs=["hyperv"], clock="manual")
def test_a_timing_may_be_reads(cimsim: SimulatedCimom) -> None:
    cimsim.fault(method="StopService", timing="2 reads")
    with cimsim.connect() as connection:
        service = connection.EnumerateInstanceNames(SERVICE)[0]
        connection.InvokeMethod("StopService", service)
        assert [connection.GetInstance(service)["EnabledState"] for _ in range(3)] == [4, 4, 3]
