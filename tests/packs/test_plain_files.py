"""Plain MOF files as arguments: they are not packs with names, whatever they are called."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import astuple

LoadPack = Callable[..., Any]
Refused = Callable[..., str]
MakePack = Callable[..., Path]


def write(path: Path, classname: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'class {classname} {{ [Key] string Name; uint32 Ring(); }};\ninstance of {classname} {{ Name = "x"; }};\n',
        encoding="utf-8",
    )
    return path


def classes(loaded: Any) -> list[str]:
    return [name for name in loaded.world.namespace("root/cimv2").schema.names() if name.startswith("T_")]


@pytest.mark.parametrize("name", ["interop.mof", "hyperv.mof", "iscsitarget.mof", "schema.mof", "Ünd so.mof"])
def test_a_file_may_have_the_name_of_a_pack(load_pack: LoadPack, shared_cache: Path, tmp_path: Path, name: str) -> None:
    loaded = load_pack(write(tmp_path / name, "T_Bell"), cache_dir=shared_cache)
    assert classes(loaded) == ["T_Bell"]
    assert [pack.name for pack in loaded.packs] == ["interop", str(tmp_path / name)]


def test_files_of_one_name_are_all_served(load_pack: LoadPack, shared_cache: Path, tmp_path: Path) -> None:
    files = [write(tmp_path / folder / "bells.mof", f"T_Bell{folder.upper()}") for folder in ("a", "b", "c")]
    assert classes(load_pack(*files, cache_dir=shared_cache)) == ["T_BellA", "T_BellB", "T_BellC"]


def test_a_file_that_is_named_twice_is_one(
    load_pack: LoadPack, shared_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "bells.mof", "T_Bell")
    monkeypatch.chdir(tmp_path)
    loaded = load_pack(path, "./bells.mof", "bells.mof", cache_dir=shared_cache)
    assert (classes(loaded), loaded.warnings) == (["T_Bell"], ())
    assert len(loaded.packs) == 2


def test_files_named_like_the_schema_and_like_packs_beside_them(
    load_pack: LoadPack, shared_cache: Path, tmp_path: Path
) -> None:
    write(tmp_path / "base/T_Base.mof", "T_Base")
    files = [write(tmp_path / f"{name}.mof", f"T_{name.title()}") for name in ("schema", "interop")]
    loaded = load_pack("interop", *files, schema=tmp_path / "base", cache_dir=shared_cache)
    assert classes(loaded) == ["T_Base", "T_Schema", "T_Interop"]
    assert [pack.name for pack in loaded.packs][:2] == ["schema", "interop"]


def test_a_pack_cannot_require_a_file(make_pack: MakePack, refused: Refused, tmp_path: Path) -> None:
    pack = make_pack("top", head='requires = ["bells"]')
    text = refused(write(tmp_path / "bells.mof", "T_Bell"), pack)
    assert text.startswith("top/pack.toml:2: requires bells, but there is no pack bells")


def test_a_setting_of_a_file_is_named_by_its_path(
    load_pack: LoadPack, refused: Refused, shared_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "lib/bells.mof", "T_Bell")
    monkeypatch.chdir(tmp_path)
    loaded = load_pack("lib/bells.mof", overrides={"lib/bells.mof.faults": "T_Bell.Ring=5"}, cache_dir=shared_cache)
    assert [astuple(each) for each in loaded.faults] == [("lib/bells.mof", "root/cimv2", "T_Bell", "Ring", 5)]
    text = refused("lib/bells.mof", overrides={"bells.faults": "T_Bell.Ring=5"}, cache_dir=shared_cache)
    assert "no pack bells" in text
    assert "lib/bells.mof" in text
