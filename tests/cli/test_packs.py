"""`cimsim new` and `cimsim check`: a pack to start from, and a look at it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cimsim = Callable[..., Any]


@pytest.fixture
def lamps(cimsim: Cimsim, tmp_path: Path) -> Path:
    """A new pack."""
    done = cimsim("new", "lamps")
    assert (done.status, done.err) == (0, "")
    return tmp_path / "lamps"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_new_pack_works_and_says_which_method_has_no_provider(cimsim: Cimsim, lamps: Path) -> None:
    done = cimsim("check", "lamps", "--strict")
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[1:3] == ["root/lamps: 5 instances of 3 classes, 1 of 2 methods act", "  EX_Lamp: 2 instances"]
    assert lines[3:5] == ["    Switch: Lamp.Switch", "    Blink: no provider"]
    assert lines[-1] == "0 warnings"
    assert sorted(file.name for file in lamps.iterdir()) == [
        "README.md",
        "instances.mof",
        "pack.toml",
        "providers.py",
        "schema.mof",
    ]


def test_a_new_pack_is_named_after_its_folder(cimsim: Cimsim, tmp_path: Path) -> None:
    assert cimsim("new", "my packs/Test-Rig 2").status == 0
    text = (tmp_path / "my packs" / "Test-Rig 2" / "pack.toml").read_text(encoding="utf-8")
    assert 'name = "test_rig_2"' in text
    assert cimsim("check", "my packs/Test-Rig 2").status == 0


@pytest.mark.parametrize("name", ["lamps", "7", "...", "lamps/pack.toml", "interop", "odd\udcff"])
def test_what_cannot_be_made_is_refused(cimsim: Cimsim, lamps: Path, name: str) -> None:
    done = cimsim("new", name)
    assert done.status == 2
    assert done.err.startswith("cimsim: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


def test_the_commands_to_go_on_with_can_be_copied(cimsim: Cimsim) -> None:
    assert cimsim("new", "my lamps").out.endswith("next: cimsim check 'my lamps'; cimsim serve 'my lamps' --reload\n")


SCRIPT = """
def setup(conn, server, verbose):
    conn.add_namespace("root/other")
    for namespace in (None, "root/other"):
        conn.compile_mof_string(
            "Qualifier Key : boolean = false, Scope(property, reference);"
            "class EX_Thing { [Key] string Id; uint32 Act(); };"
            "instance of EX_Thing { Id = \\"1\\"; };",
            namespace=namespace,
        )
"""


@pytest.mark.parametrize("name", ["setup.py", "SETUP.PY"])
def test_a_mock_script_is_checked_with_all_that_it_makes(cimsim: Cimsim, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(SCRIPT, encoding="utf-8")
    done = cimsim("check", name)
    assert (done.status, done.err) == (0, "")
    assert "root/cimv2: 1 instance of 1 class, 0 of 1 method acts" in done.out
    assert "root/other: 1 instance of 1 class, 0 of 1 method acts" in done.out


WRONG: list[tuple[str, str, str, str]] = [
    (
        "instances.mof",
        'Name = "ceiling"; State = 2;',
        'Name = "ceiling"; State = 9;',
        "State is 9, which its ValueMap does not",
    ),
    ("schema.mof", '[Key, Description("Name of the room.")]\n    string Name;', "string Name; uint32 Enter();", "no key"),
    (
        "providers.py",
        "    def Switch(",
        '    def read_instance(self, transaction, instance):\n        return {"Stat": 1}\n\n    def Switch(',
        "no property Stat",
    ),
    (
        "providers.py",
        "    def Switch(",
        '    def refresh(self, transaction):\n        raise KeyError("lost")\n\n    def Switch(',
        "refreshing EX_Lamp fails: KeyError: 'lost'",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "text"), WRONG, ids=[each[3] for each in WRONG])
def test_what_looks_wrong_is_a_warning(cimsim: Cimsim, lamps: Path, file: str, old: str, new: str, text: str) -> None:
    if text == "no key":
        edit(lamps / "instances.mof", "instance of EX_Lights { Antecedent = $Desk; Dependent = $Study; };\n", "")
        edit(lamps / "instances.mof", "instance of EX_Lights { Antecedent = $Ceiling; Dependent = $Study; };\n", "")
    edit(lamps / file, old, new)
    done = cimsim("check", "lamps")
    assert done.status == 0, done.err
    (warning,) = [line for line in done.out.splitlines() if line.startswith("  warning: ")]
    assert text in warning
    assert cimsim("check", "lamps", "--strict").status == 1


def test_what_cannot_be_served_ends_with_the_place(cimsim: Cimsim, lamps: Path) -> None:
    edit(lamps / "schema.mof", "uint16 State = 3;", "uint16 State = three;")
    done = cimsim("check", "lamps")
    assert (done.status, done.out) == (2, "")
    assert "schema.mof:8" in done.err


def test_a_misspelt_setting_is_named(cimsim: Cimsim, lamps: Path) -> None:
    done = cimsim("check", "lamps", "--set", "lamps.warm_upp=2s")
    assert (done.status, "did you mean warm_up" in done.err) == (2, True)
    done = cimsim("check", "lamps", "--set", "lamps.warm_up=soon")
    assert (done.status, "'soon' is not a timing" in done.err) == (2, True)


@pytest.mark.longer
def test_the_shipped_packs_are_checked_by_name(cimsim: Cimsim) -> None:
    done = cimsim("check", "hyperv", "iscsitarget", "interop")
    assert (done.status, done.err) == (0, "")
    assert "Msvm_GuestFileService: 2 instances" in done.out


def test_timings_name_what_there_is(cimsim: Cimsim, lamps: Path) -> None:
    for rule, text in (
        ("EX_Lump=2s", "did you mean EX_Lamp"),
        ("EX_Lamp.Swich=2s", "did you mean Switch"),
        ("EX_Lamp[Nome=a]=2s", "did you mean Name"),
        ("EX_Lamp", "write CLASS[PROPERTY=VALUE].METHOD#CALL=TIMING"),
    ):
        done = cimsim("check", "lamps", "--set", f"lamps.timings={rule}")
        assert (done.status, text in done.err) == (2, True), done.err
