"""The pages: everything that a user can set is on them, their links lead somewhere, and they cite only what is here."""

import re
from pathlib import Path

import click
import pytest

from cimsim.cli.main import COMMANDS
from cimsim.cli.serve import serve
from cimsim.control.routes import CALLS
from cimsim.packs.manifest import Manifest, NamespaceEntry, SettingEntry
from cimsim.packs.pages import PageButton, PageColumn, PageEntry, PagePart
from tests.versions import CONSTRAINTS, ROOT, canonical, constraints, lowest, requirements, unlisted

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "cimsim" / "docs"
SETTINGS = (DOCS / "settings.md").read_text(encoding="utf-8")
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *(ROOT / "cimsim").rglob("*.md"), *(ROOT / "mocks").rglob("*.md")]
)
OPTIONS = [parameter for parameter in serve.params if isinstance(parameter, click.Option) and parameter.name != "config"]


def rows() -> dict[str, list[str]]:
    """Return the cells of the table of settings by option."""
    lines = (line for line in SETTINGS.splitlines() if line.startswith("| `--"))
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
    text = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *DOCS.glob("*.md")))
    assert [name for name in COMMANDS if f"cimsim {name}" not in text] == []


def test_every_path_of_the_control_api_is_documented() -> None:
    page = (DOCS / "testing.md").read_text(encoding="utf-8")
    calls = [f"{method} {path}" for path, calls in CALLS.items() if path.startswith("/v1/") for method in calls]
    assert [call for call in calls if not re.search(rf"`{re.escape(call)}[`?]", page)] == []


def test_every_key_of_a_manifest_is_documented() -> None:
    page = (DOCS / "packs.md").read_text(encoding="utf-8")
    structs = (Manifest, NamespaceEntry, SettingEntry, PageEntry, PageColumn, PageButton, PagePart)
    keys = {key for struct in structs for key in struct.__struct_encode_fields__}
    assert [key for key in keys if not re.search(rf"`(\[+)?{key}\b", page)] == []


@pytest.mark.parametrize("pack", ["hyperv", "iscsitarget", "interop", "windows"])
def test_every_setting_of_a_shipped_pack_is_documented_by_the_pack(pack: str) -> None:
    folder = Path(__file__).parent.parent / "mocks" / pack
    manifest = (folder / "pack.toml").read_text(encoding="utf-8")
    text = (folder / "README.md").read_text(encoding="utf-8")
    settings = re.findall(r"^\[settings\.(\w+)\]", manifest, re.MULTILINE)
    assert [name for name in settings if f"`{pack}.{name}`" not in text] == []


# Links


def anchors(page: str) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    outside = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", outside, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """Return the links of a page that lead to no file, or to no heading of one; those to other hosts are not looked at."""
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    dead = []
    for link in re.findall(r"\]\(([^)\s]*)\)", text):
        name, _, anchor = link.partition("#")
        if "://" in name:
            continue
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One `two`, three!\n[a](#one-two-three) [b](#four) [c](page.md#five) [d](no.md) [e](page.md) `[f](no)`\n")
    assert dead_links(page) == ["#four", "page.md#five", "no.md"]


def test_every_page_is_reached_from_the_readme() -> None:
    named = {path.name for path in DOCS.glob("*.md")} - {"description.md"}  # that one is for a package index
    assert [name for name in sorted(named) if f"](cimsim/docs/{name})" not in README] == []


def test_the_readme_stays_short() -> None:
    assert len(README.splitlines()) < 160


# What the texts cite


CITES_ELSEWHERE = re.compile(
    r"\bof the (?:rules|class reference)\)|\bclass reference\b|(?<!OpenPegasus )\bissue (?:item )?\d|"
    r"\bdef test_(?:issue|\d+_\d+)|"
    r"\bsections? \d[\d.]*(?:,| and| to|\)|:| of the (?:rules|reference))"
)


@pytest.mark.longer
@pytest.mark.parametrize("top", ["cimsim", "mocks", "tests"])
def test_no_text_cites_a_document_that_is_not_here(top: str) -> None:
    files = [
        path for path in (ROOT / top).rglob("*") if path.suffix in {".py", ".md", ".mof", ".toml"} and path != Path(__file__)
    ]
    found = {path: CITES_ELSEWHERE.findall(path.read_text(encoding="utf-8")) for path in files}
    assert {str(path.relative_to(ROOT)): texts for path, texts in found.items() if texts} == {}


# Installing


def test_the_tests_run_with_versions_that_are_known_to_pass() -> None:
    command = README.split("<!-- test-command -->")[1].split("<!-- end -->")[0]
    assert "pip install --quiet -c tests/constraints.txt -e" in command
    listed = constraints(CONSTRAINTS.read_text(encoding="utf-8"))
    direct = {canonical(re.split(r"[\[>]", each)[0]) for each in requirements(ROOT / "pyproject.toml")}
    assert direct - set(listed) == set()


@pytest.mark.parametrize("page", [README, (ROOT / "cimsim/docs/description.md").read_text(encoding="utf-8")])
def test_nobody_is_told_to_install_the_package_of_somebody_else(page: str) -> None:
    assert re.findall(r"""pip install(?: -\S+)* ['"]?cimsim(?![-\w])""", page) == []
    assert "`cimsim-wbem`" in page


def test_the_page_of_a_package_index_has_absolute_links_only() -> None:
    links = re.findall(r"\]\(([^)]*)\)", (ROOT / "cimsim/docs/description.md").read_text(encoding="utf-8"))
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
