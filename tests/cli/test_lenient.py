"""What `cimsim serve` says of MOF that is taken leniently, and who decides about that."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from twisted.logger import LogLevel, capturedLogs

from cimsim.cli.serve import serve
from cimsim.packs.pack_errors import PackError
from cimsim.simulation.loading import load_packs
from cimsim.simulation.options import SimulationOptions

CLASS = "class T_Jar { [Key] uint32 Id; [Required] string Label; };\n"


def options(*arguments: str) -> SimulationOptions:
    return SimulationOptions(**serve.make_context("serve", ["--no-cache", *arguments]).params)


def said(*arguments: str) -> list[str]:
    """Return what loading the packs of a command line logs, which must be warnings."""
    with capturedLogs() as events:
        load_packs(options(*arguments), 0.0, 0)
    assert {event["log_level"] for event in events} <= {LogLevel.warn}
    return [event["log_format"].format(**event) for event in events]


@pytest.fixture
def jars(tmp_path: Path) -> Path:
    """A pack that does not ask for leniency; its 30 jars have no labels."""
    mof = CLASS + "".join(f"instance of T_Jar {{ Id = {number}; }};\n" for number in range(30))
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars/jars.mof").write_text(mof)
    (tmp_path / "jars/pack.toml").write_text('name = "jars"\n[[namespaces]]\nname = "root/jars"\nmof = ["jars.mof"]\n')
    return tmp_path / "jars"


def test_each_warning_is_a_line_of_the_log_but_not_thousands(jars: Path) -> None:
    lines = said(str(jars), "--lenient")
    assert lines[:2] == [
        f"{jars / 'jars.mof'}:{line}:1: property Label of class T_Jar is required and has no value" for line in (2, 3)
    ]
    assert len(lines) == 21
    assert lines[-1].startswith("10 more warnings")


def test_packs_are_strict_and_files_are_not_unless_the_option_says_so(jars: Path) -> None:
    with pytest.raises(PackError, match=r"jars\.mof:2:1: property Label"):
        load_packs(options(str(jars)), 0.0, 0)
    file = str(jars / "jars.mof")
    assert len(said(file)) == 21
    with pytest.raises(PackError, match=r"jars\.mof:2:1: property Label"):
        load_packs(options(file, "--no-lenient"), 0.0, 0)


def test_a_pack_can_ask_for_it(jars: Path) -> None:
    manifest = jars / "pack.toml"
    manifest.write_text(manifest.read_text().replace("\n[[", "\nlenient = true\n[[", 1))
    assert len(said(str(jars))) == 21


@pytest.mark.parametrize("key", ["lenient", "enforce_write"])
def test_only_true_and_false_are_understood(jars: Path, key: str) -> None:
    manifest = jars / "pack.toml"
    manifest.write_text(manifest.read_text().replace("\n[[", f'\n{key} = "yes"\n[[', 1))
    with pytest.raises(PackError, match=rf"pack\.toml: {key}: "):
        load_packs(options(str(jars)), 0.0, 0)


def test_the_options_have_names_in_the_configuration_file(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("lenient = false\nenforce_write = true\n")
    params = options("--config", str(tmp_path / "c.toml"))
    assert (params.lenient, params.enforce_write) == (False, True)
    params = options()
    assert (params.lenient, params.enforce_write) == (None, None), "as packs ask"
    (tmp_path / "c.toml").write_text('lenient = "no"\n')
    done = CliRunner().invoke(serve, ["--config", str(tmp_path / "c.toml")])
    assert (done.exit_code, "lenient must be true or false" in done.output) == (2, True)
