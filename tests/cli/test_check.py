"""`cimsim check` without packs, on a schema, and leniently."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cimsim.cli.main import main

SCHEMA = "class S_Element { [Key] string Name; uint32 Act(); };\nclass S_Other { uint32 Act(); };\n"
MODEL = 'class M_Thing : S_Element { uint32 Run(); };\ninstance of M_Thing { Name = "a"; };\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a schema in it and MOF that builds on it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "all.mof").write_text(SCHEMA, encoding="utf-8")
    (tmp_path / "model.mof").write_text(MODEL, encoding="utf-8")
    return tmp_path


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


@pytest.mark.longer
def test_without_packs_all_shipped_ones_are_checked() -> None:
    done = check("--strict")
    assert done.exit_code == 0, done.output
    packs = [line.split()[1] for line in done.output.splitlines() if line.startswith("pack ")]
    assert packs == ["interop", "hyperv", "iscsitarget", "windows"]
    assert "Msvm_GuestFileService: 2 instances" in done.output


@pytest.mark.longer
def test_mof_is_checked_on_a_schema_of_which_only_what_is_used_is_shown(folder: Path) -> None:
    assert check("model.mof").exit_code == 2, "it needs the schema"
    done = check("--schema", "schema", "model.mof", "--strict")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "pack model.mof (model.mof)",
        "root/cimv2: 1 instance of 1 class, 0 of 2 methods act",
        "  M_Thing: 1 instance",
        "    Act: no provider",
        "    Run: no provider",
        "0 warnings",
    ]


@pytest.mark.longer
def test_a_schema_alone_is_checked_as_a_whole(folder: Path) -> None:
    done = check("--schema", "schema")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].startswith("pack schema")
    assert "  S_Element: 0 instances" in lines
    assert "  warning: class S_Other has no key: it can have one instance only" in lines
    assert lines[-1] == "1 warning"
    assert check("--schema", "schema", "--strict").exit_code == 1


@pytest.mark.parametrize("arguments", [("--schema", "gone"), ("--schema", "gone", "model.mof")])
def test_a_schema_that_is_not_there(folder: Path, arguments: tuple[str, ...]) -> None:
    done = check(*arguments)
    assert (done.exit_code, "gone" in done.output) == (2, True)


def test_the_schema_is_a_setting_like_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIMSIM_SCHEMA", "schema")
    assert check("model.mof").exit_code == 0


def test_a_pack_and_a_file_of_one_name_are_both_shown(folder: Path) -> None:
    (folder / "interop.mof").write_text("class M_Other { [Key] string Name; };\n", encoding="utf-8")
    done = check("interop", "interop.mof")
    assert done.exit_code == 0, done.output
    assert [line.split()[1] for line in done.output.splitlines() if line.startswith("pack ")] == ["interop", "interop.mof"]


def test_what_is_taken_leniently_is_a_warning_with_its_place(folder: Path) -> None:
    twice = MODEL.replace("};\ni", 'uint32 Run(); };\ninstance of M_Thing { Name = "a"; };\ni')
    (folder / "model.mof").write_text(twice, encoding="utf-8")
    done = check("--schema", "schema", "model.mof")
    assert done.exit_code == 0, done.output
    warnings = [line for line in done.output.splitlines() if line.startswith("warning: ")]
    assert [line.split(":")[1:4] for line in warnings] == [[" model.mof", "1", "50"], [" model.mof", "3", "1"]]
    assert done.output.splitlines()[-1] == "2 warnings"
    assert check("--schema", "schema", "model.mof", "--strict").exit_code == 1
    refused = check("--schema", "schema", "model.mof", "--no-lenient")
    assert (refused.exit_code, "model.mof:1:50: Run appears twice" in refused.output) == (2, True)
