"""Packs and MOF that come into a CIMOM which is in use."""

from pathlib import Path

import pytest

from cimsim.testing import PackError, SimulatedCimom
from tests.testing.test_scenarios import in_force, stop

TARGET = "MSFTSM_ObjectManager"
MOF = 'class TST_Lamp { [Key] string Id; }; instance of TST_Lamp { Id = "a"; };'

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
