"""Packs and MOF that come into a CIMOM which is in use."""

import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from cimsim.control.client import RefusedError
from cimsim.packs import load_more as packs
from cimsim.packs.load import Loaded
from cimsim.simulation.controlled_cimom import LoadsMore, Work
from cimsim.testing import PackError, SimulatedCimom
from tests.control.served import served
from tests.testing.test_scenarios import in_force, stop

TARGET = "MSFTSM_ObjectManager"
MOF = 'class TST_Lamp { [Key] string Id; }; instance of TST_Lamp { Id = "a"; };'

Loading: TypeAlias = Generator[Work, Any, Any]

pytestmark = pytest.mark.cimsim(packs=["hyperv"], clock="manual")


def test_a_pack_comes_beside_what_is_there(cimsim: SimulatedCimom) -> None:
    stop(cimsim, "Msvm_GuestFileService")
    before = cimsim.find("Msvm_GuestFileService")
    assert cimsim.load("iscsitarget") == ("iscsitarget",)
    assert cimsim.find("Msvm_GuestFileService") == before
    namespace = "root/cimv2/storage/iscsitarget"
    with cimsim.connect(namespace) as connection:
        manager = connection.EnumerateInstanceNames(TARGET)[0]
        assert connection.InvokeMethod("StopService", manager)[0] == 0
        names = [each["Name"] for each in connection.EnumerateInstances("CIM_Namespace", namespace="root/interop")]
    assert namespace in names
    fork = cimsim.fork("fork")
    assert stop(fork, "Msvm_GuestFileService", "StartService") == 0
    with fork.connect(namespace) as connection:
        assert connection.InvokeMethod("StartService", manager)[0] == 0
    fork.stop()


@pytest.mark.longer
def test_what_is_loaded_later_is_what_is_loaded_at_the_start(
    cimsim: SimulatedCimom, make_cimsim: "type[SimulatedCimom]"
) -> None:
    cimsim.load("iscsitarget")
    both: SimulatedCimom = make_cimsim("hyperv", "iscsitarget", clock="manual")  # type: ignore[call-arg, arg-type]
    for namespace in ("root/interop", "root/cimv2/storage/iscsitarget"):
        found = [
            {name: set(map(str, each.instances.get(name, {}))) for name in {*ours.instances, *theirs.instances}}
            for ours, theirs in [(cimsim.world.namespace(namespace), both.world.namespace(namespace))]
            for each in (ours, theirs)
        ]
        assert found[0] == found[1]


def test_settings_and_their_faults_come_along_and_a_reset_forgets_all(cimsim: SimulatedCimom) -> None:
    settings = {"iscsitarget.faults": f"{TARGET}.StopService=2", "iscsitarget.stopped_requested_state": 4}
    for _ in range(2):
        cimsim.load("iscsitarget", settings=settings)
        assert [each.origin for each in in_force(cimsim)] == ["setting iscsitarget.faults"]
        cimsim.snapshot("with")
        cimsim.reset()
        assert in_force(cimsim) == []
        assert "root/cimv2/storage/iscsitarget" not in cimsim.world.namespaces
    cimsim.restore("with")
    cimsim.invoke(TARGET, "StopService", namespace="root/cimv2/storage/iscsitarget")
    assert cimsim.find(TARGET)[0]["RequestedState"] == 4


def test_what_is_wrong_changes_nothing(cimsim: SimulatedCimom, tmp_path: Path) -> None:
    world = cimsim.world
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "pack.toml").write_text('name = "broken"\n[[namespaces]]\nname = "root/broken"\nmof = ["a.mof"]\n', "utf-8")
    (broken / "a.mof").write_text(MOF, encoding="utf-8")
    (broken / "providers.py").write_text("def populate(transaction, settings):\n    raise ValueError('no')\n", "utf-8")
    wrong: list[tuple[str | Path, dict[str, str], str]] = [
        ("hyperv", {}, "hyperv: loaded already"),
        ("iscsitarge", {}, "did you mean iscsitarget"),
        ("iscsitarget", {"iscsitarget.profil": "N"}, "did you mean profile"),
        (broken, {}, r"providers\.py:2: "),
        ("class TST_Lamp : TST_Non { };", {}, "^MOF:1:"),
        (tmp_path / "none.mof", {}, "no such file"),
    ]
    for what, settings, text in wrong:
        with pytest.raises(PackError, match=text):
            cimsim.load(what, settings=settings)
        assert cimsim.world is world
    (broken / "providers.py").unlink()
    assert cimsim.load(str(broken)) == ("broken",)
    assert len(cimsim.find("TST_Lamp", "root/broken")) == 1


@pytest.mark.parametrize("how", ["text", "path", "name"])
def test_mof_is_a_text_or_a_file(cimsim: SimulatedCimom, tmp_path: Path, how: str) -> None:
    file = tmp_path / "lamp.mof"
    file.write_text(MOF, encoding="utf-8")
    what: dict[str, str | Path] = {"text": MOF, "path": file, "name": str(file)}
    assert cimsim.load(what[how], "root/lamps") == ()
    assert cimsim.find("TST_Lamp", "root/lamps")[0]["Id"] == "a"


TARGET_NAMESPACE = "root/cimv2/storage/iscsitarget"


def begun(cimsim: SimulatedCimom, steps: Loading) -> Any:
    """Return what comes of the work that loading begins with."""
    work: Work = cimsim.in_reactor(next, steps)
    return work()


def ended(cimsim: SimulatedCimom, steps: Loading, result: Any) -> Any:
    """Return what loading returns once its work has come out as ``result``, or the work that it yields next."""

    def end() -> Any:
        try:
            return steps.send(result)
        except StopIteration as stopped:
            return stopped.value

    return cimsim.in_reactor(end)


def further(cimsim: SimulatedCimom) -> LoadsMore:
    found = cimsim.controlled.further
    assert found is not None
    return found


def test_what_clients_do_while_a_pack_is_loaded_is_kept(cimsim: SimulatedCimom) -> None:
    steps = further(cimsim).packs(["iscsitarget"], {})
    result = begun(cimsim, steps)
    stop(cimsim, "Msvm_GuestFileService")
    assert ended(cimsim, steps, result) == ["iscsitarget"]
    assert cimsim.find("Msvm_GuestFileService")[0]["Started"] is False
    assert cimsim.invoke(TARGET, "StopService", namespace=TARGET_NAMESPACE).value == 0
    names = {each["Name"] for each in cimsim.find("CIM_Namespace", "root/interop")}
    assert TARGET_NAMESPACE in names


def test_mof_comes_beside_instances_that_clients_make_meanwhile(cimsim: SimulatedCimom) -> None:
    cimsim.load(MOF, "root/lamps")
    steps = further(cimsim).mof('class TST_Wire { [Key] string Id; }; instance of TST_Wire { Id = "w"; };', "root/lamps")
    result = begun(cimsim, steps)
    cimsim.create("TST_Lamp", {"Id": "b"}, "root/lamps")
    assert ended(cimsim, steps, result) == "root/lamps"
    assert [each["Id"] for each in cimsim.find("TST_Lamp")] == ["a", "b"]
    assert [each["Id"] for each in cimsim.find("TST_Wire")] == ["w"]


def test_what_clients_change_as_well_is_loaded_again_from_there(cimsim: SimulatedCimom) -> None:
    cimsim.load(MOF, "root/lamps")
    steps = further(cimsim).mof('instance of TST_Lamp { Id = "b"; };', "root/lamps")
    result = begun(cimsim, steps)
    cimsim.create("TST_Lamp", {"Id": "b"}, "root/lamps")
    again = ended(cimsim, steps, result)
    with pytest.raises(PackError, match="exists already"):
        again()
    # Those who change the same again and again cannot keep it from coming to an end.
    steps = further(cimsim).mof('instance of TST_Lamp { Id = "c"; };', "root/lamps")
    work: Any = cimsim.in_reactor(next, steps)
    for number in range(20):
        result = work()
        cimsim.load(f"class TST_New{number} {{ [Key] string Id; }};", "root/lamps")
        work = ended(cimsim, steps, result)
        if work == "root/lamps":
            break
    assert [each["Id"] for each in cimsim.find("TST_Lamp")] == ["a", "b", "c"]


def test_two_who_load_the_same_pack_at_once_get_it_once(cimsim: SimulatedCimom) -> None:
    steps = further(cimsim).packs(["iscsitarget"], {})
    result = begun(cimsim, steps)
    cimsim.load("iscsitarget")
    again = ended(cimsim, steps, result)
    with pytest.raises(PackError, match="loaded already"):
        again()


def test_clients_are_answered_while_packs_are_loaded(cimsim: SimulatedCimom, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[str] = []
    load_more = packs.load_more

    def busy(*arguments: Any, **keywords: Any) -> Loaded:
        with cimsim.connect("root/virtualization/v2") as connection:
            answered.extend(each["Name"] for each in connection.EnumerateInstances("Msvm_GuestFileService"))
        return load_more(*arguments, **keywords)

    monkeypatch.setattr(packs, "load_more", busy)
    assert cimsim.load("iscsitarget") == ("iscsitarget",)
    assert answered


def test_the_control_plane_loads_in_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    load_more = packs.load_more

    def noted(*arguments: Any, **keywords: Any) -> Loaded:
        threads.append(threading.get_ident())
        return load_more(*arguments, **keywords)

    monkeypatch.setattr(packs, "load_more", noted)
    with served("hyperv") as (sim, client):
        sim.in_reactor(lambda: threads.append(threading.get_ident()))
        assert client.load("iscsitarget").packs == ["iscsitarget"]
        serving, loading = threads
        assert serving != loading
        assert sim.find(TARGET)
        with pytest.raises(RefusedError, match="loaded already"):
            client.load("iscsitarget")
        with pytest.raises(RefusedError, match="MOF:1"):
            client.load(mof="class TST_Lamp : TST_Non { };")
