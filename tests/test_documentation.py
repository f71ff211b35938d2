"""README.md names everything that a user can set: option, variable, TOML key."""

import re
from pathlib import Path

import click
import pytest

from cimsim.cli.main import main
from cimsim.cli.serve import serve

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
OPTIONS = [parameter for parameter in serve.params if isinstance(parameter, click.Option) and parameter.name != "config"]


def rows() -> dict[str, list[str]]:
    """Return the cells of the table of settings by option."""
    lines = (line for line in README.splitlines() if line.startswith("| `--"))
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {row[0].strip("`").split()[0].split("/")[0]: row for row in cells}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: str(option.name))
def test_a_setting_is_documented_under_its_one_name(option: click.Option) -> None:
    long_name = next(name for name in option.opts if name.startswith("--"))
    row = rows()[long_name]
    assert row[1] == f"`{option.envvar}`"
    assert row[2] == f"`{option.name}`"
    assert option.envvar == "CIMSIM_" + long_name.removeprefix("--").replace("-", "_").upper()
    assert option.name == long_name.removeprefix("--").replace("-", "_")


def test_no_setting_is_documented_that_does_not_exist() -> None:
    known = {name for option in OPTIONS for name in option.opts} | {"--config"}
    assert set(rows()) <= known


def test_every_command_is_documented() -> None:
    assert [name for name in main.commands if f"cimsim {name}" not in README] == []


@pytest.mark.parametrize("pack", ["hyperv", "iscsitarget", "interop"])
def test_every_setting_of_a_shipped_pack_is_documented_by_the_pack(pack: str) -> None:
    folder = Path(__file__).parent.parent / "mocks" / pack
    manifest = (folder / "pack.toml").read_text(encoding="utf-8")
    text = (folder / "README.md").read_text(encoding="utf-8")
    settings = re.findall(r"^\[settings\.(\w+)\]", manifest, re.MULTILINE)
    assert [name for name in settings if f"`{pack}.{name}`" not in text] == []
