"""Several CIMOMs by the command line and by the TOML file."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from cimsim.cli.main import main
from cimsim.cli.serve import serve
from cimsim.simulation.options import SimulationOptions

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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cimom", "a", "--cimom", "a=interop"], "--cimom a is given twice"),
        (["--cimom", "a b"], "--cimom 'a b': a name has"),
        (["--cimom", "=interop"], "--cimom '': a name has"),
        (["--cimom", "a=hyprv"], "no pack hyprv; did you mean hyperv?"),
        (["--no-console", "--control-port", "70000"], "70000"),
        (["--control-token", "short"], "--control-token: "),
    ],
    ids=str,
)
def test_what_is_wrong_on_the_command_line_ends_it(arguments: list[str], said: str, tmp_path: Path) -> None:
    # It ends before anything could run.
    done = CliRunner().invoke(main, ["serve", "--port", "0", *arguments], env={"CIMSIM_STATE_DIR": str(tmp_path)})
    assert done.exit_code == 2
    assert said in done.output
