"""Several CIMOMs by the command line and by the TOML file."""

from pathlib import Path
from typing import Any

import click
import pytest

from cimsim.cli.serve import serve
from cimsim.simulation.options import OptionsError, SimulationOptions

FILE = """\
packs = ["hyperv"]
port = 0
clock = "manual"
set = ["hyperv.memory=4096"]

[hyperv]
vms = 2

[cimom.east]
seed = 7
start_time = "2025-01-01T00:00:00Z"
state_dir_is_not_here = 1

[cimom.east.hyperv]
vms = 4

[cimom.west]
packs = ["iscsitarget", "interop"]
clock = "real"
tls = true
users_file = "users"
set = ["iscsitarget.x=1"]
"""


def cimoms(*arguments: str) -> Any:
    return SimulationOptions(**serve.make_context("serve", list(arguments)).params)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cimsim.toml"
    path.write_text(FILE.replace("state_dir_is_not_here = 1\n", ""))
    return path


def test_tables_of_the_file_are_cimoms(file: Path) -> None:
    east, west = cimoms("--config", str(file)).by_cimom("cimsim").values()
    assert (east.packs, east.clock, east.seed, east.start_time) == (("hyperv",), "manual", 7, 1735689600.0)
    assert east.set == {"hyperv.memory": "4096", "hyperv.vms": 4}
    assert (west.packs, west.clock, west.tls, west.users_file) == (("iscsitarget", "interop"), "real", True, Path("users"))
    assert west.set == {"hyperv.memory": "4096", "hyperv.vms": 2, "iscsitarget.x": "1"}


def test_the_option_adds_cimoms_and_its_packs_win(file: Path) -> None:
    found = cimoms("--config", str(file), "--cimom", "west=windows", "--cimom", "north", "--cimom", "south=a,b").by_cimom("")
    assert {name: each.packs for name, each in found.items()} == {
        "east": ("hyperv",),
        "west": ("windows",),
        "north": ("hyperv",),
        "south": ("a", "b"),
    }
    assert found["west"].tls


def test_the_option_has_a_variable_and_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cimsim.toml"
    path.write_text('cimom = ["a=interop", "b"]\n')
    assert dict(cimoms("--config", str(path)).cimom) == {"a": {"packs": ("interop",)}, "b": {}}
    monkeypatch.setenv("CIMSIM_CIMOM", "a=interop b")
    assert dict(cimoms().cimom) == {"a": {"packs": ("interop",)}, "b": {}}


WRONG = [
    ("[cimom.a]\nprot = 1\n", "cimom.a: no setting prot; did you mean port?"),
    ('[cimom.a]\nport = "x"\n', "cimom.a.port must be an integer"),
    ("[cimom.a]\nport = 70000\n", "cimom.a.port: "),
    ('[cimom.a]\nstart_time = "soon"\n', "cimom.a.start_time: "),
    ('[cimom.a]\nclock = "slow"\n', "cimom.a.clock: "),
    ('[cimom.a]\npacks = "hyperv"\n', "cimom.a.packs must be a list of strings"),
    ("[cimom]\na = 1\n", "cimom.a must be a table: [cimom.a]"),
    ("[cimom.a.hyperv.vms]\nx = 1\n", "hyperv.vms is a table"),
    ("cimom = [1]\n", "cimom must be a list of strings"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "cimsim.toml"
    path.write_text(text)
    with pytest.raises(click.BadParameter) as refused:
        cimoms("--config", str(path))
    assert str(path) in refused.value.message
    assert said in refused.value.message


@pytest.mark.parametrize("arguments", [["--cimom", "a b"], ["--cimom", "=interop"]], ids=" ".join)
def test_a_wrong_name_is_refused(arguments: list[str]) -> None:
    with pytest.raises(OptionsError, match="a name has 1 to 64 letters"):
        cimoms(*arguments).by_cimom("cimsim")


def test_a_name_that_comes_twice_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cimoms("--cimom", "a", "--cimom", "a=interop")
    assert capsys.readouterr().err == "cimsim: --cimom a is given twice\n"
