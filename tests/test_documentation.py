"""README.md names everything that a user can set: option, variable, TOML key."""

import re
from pathlib import Path

import click
import pytest

from cimsim.cli.main import main
from cimsim.cli.serve import serve
from tests.versions import CONSTRAINTS, ROOT, canonical, constraints, lowest, requirements, unlisted

README = (ROOT / "README.md").read_text(encoding="utf-8")
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


# Installing


def test_the_tests_run_with_versions_that_are_known_to_pass() -> None:
    command = README.split("<!-- test-command -->")[1].split("<!-- end -->")[0]
    assert "pip install --quiet -c tests/constraints.txt -e" in command
    listed = constraints(CONSTRAINTS.read_text(encoding="utf-8"))
    direct = {canonical(re.split(r"[\[>]", each)[0]) for each in requirements(ROOT / "pyproject.toml")}
    assert direct - set(listed) == set()


@pytest.mark.parametrize("page", [README, (ROOT / "DESCRIPTION.md").read_text(encoding="utf-8")])
def test_nobody_is_told_to_install_the_package_of_somebody_else(page: str) -> None:
    assert re.findall(r"""pip install(?: -\S+)* ['"]?cimsim(?![-\w])""", page) == []
    assert "`cimsim-wbem`" in page


def test_the_page_of_a_package_index_has_absolute_links_only() -> None:
    links = re.findall(r"\]\(([^)]*)\)", (ROOT / "DESCRIPTION.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not link.startswith("https://")] == []


def test_the_lowest_version_of_a_requirement() -> None:
    assert lowest("twisted[tls]>=24.11") == "twisted[tls]==24.11"
    for text in ("twisted", "twisted>=1,<2", "twisted~=1.0"):
        with pytest.raises(ValueError, match="NAME>=VERSION"):
            lowest(text)


def test_what_the_constraints_do_not_name() -> None:
    listed = constraints("# all\nZope.Interface==8.7\nclick==8.1.8  # of pywbemtools\n")
    assert unlisted(listed, [("zope_interface", "8.7"), ("pip", "1"), ("Click", "8.1.9"), ("new", "1")]) == [
        "click==8.1.9",
        "new==1",
    ]
