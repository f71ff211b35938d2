"""The cache of compiled packs: a help, never a condition."""

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cimsim.packs import cache
from cimsim.packs.cache import Cache, default_cache_dir
from cimsim.packs.load import load
from cimsim.packs.mof.declarations import CompiledPack
from cimsim.packs.pack_errors import PackError

MOF = 'class T_Thing { [Key] string Name; };\ninstance of T_Thing { Name = "one"; };\n'
MakePack = Callable[..., Path]


def _load(folder: Path, *packs: Path, **options: Any) -> list[str]:
    """Load packs with the cache of compiled packs alone, and return the names of what had to be compiled."""
    if folder.is_dir():
        shutil.rmtree(folder / "worlds", ignore_errors=True)
    said: list[str] = []
    load(packs, cache_dir=folder, now=0.0, progress=said.append, **options)
    return [line.removeprefix("compiling ").partition(" (")[0] for line in said]


def _files(folder: Path) -> list[Path]:
    return sorted((folder / "packs/v2").iterdir())


def test_the_second_start_compiles_nothing(make_pack: MakePack, tmp_path: Path) -> None:
    pack = make_pack("p", MOF)
    assert _load(tmp_path / "c", pack) == ["standard qualifiers", "p"]
    assert _load(tmp_path / "c", pack) == []
    assert [file.suffix for file in _files(tmp_path / "c")] == [".msgpack", ".msgpack"]


def test_changed_mof_is_compiled_again(make_pack: MakePack, tmp_path: Path) -> None:
    pack = make_pack("p", MOF)
    _load(tmp_path / "c", pack)
    (pack / "mof/all.mof").write_text(MOF + "// more\n")
    assert _load(tmp_path / "c", pack) == ["p"]
    (pack / "mof/all.mof").write_text(MOF)
    assert _load(tmp_path / "c", pack) == []


def test_a_changed_include_is_compiled_again(make_pack: MakePack, tmp_path: Path) -> None:
    pack = make_pack("p", '#pragma include("part.mof")\n', files={"mof/part.mof": MOF})
    _load(tmp_path / "c", pack)
    assert _load(tmp_path / "c", pack) == []
    (pack / "mof/part.mof").write_text(MOF + "class T_More { };\n")
    assert _load(tmp_path / "c", pack) == ["p"]
    (pack / "mof/part.mof").unlink()
    with pytest.raises(PackError, match="no such file"):
        _load(tmp_path / "c", pack)


def test_a_changed_required_pack_is_felt(make_pack: MakePack, tmp_path: Path) -> None:
    base = make_pack("base", '#pragma include("part.mof")\n', files={"mof/part.mof": MOF})
    top = make_pack("top", "class T_Sub : T_Thing { };", head='requires = ["base"]')
    assert _load(tmp_path / "c", top) == ["standard qualifiers", "base", "top"]
    (base / "mof/part.mof").write_text(MOF + "// more\n")
    assert _load(tmp_path / "c", top) == ["base", "top"]


def test_any_pack_loaded_before_is_felt(make_pack: MakePack, tmp_path: Path) -> None:
    """A pack can build on what it does not require, when that is loaded before it."""
    base = make_pack("base", "class T_Thing { [Key] string Name; };")
    top = make_pack("top", 'class T_Sub : T_Thing { };\ninstance of T_Sub { Name = "x"; };')
    assert _load(tmp_path / "c", base, top) == ["standard qualifiers", "base", "top"]
    assert _load(tmp_path / "c", base, top) == []
    (base / "mof/all.mof").write_text("class T_Thing { [Key] string Name; uint8 More = 1; };")
    assert _load(tmp_path / "c", base, top) == ["base", "top"]
    with pytest.raises(PackError, match="no superclass T_Thing"):
        _load(tmp_path / "c", top)


def test_what_was_not_used_for_long_is_forgotten(make_pack: MakePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MAX_FILES", 3)
    first = make_pack("first", MOF)
    _load(tmp_path / "c", first)
    for age, file in enumerate(_files(tmp_path / "c")):
        os.utime(file, (age, age))
    known = _files(tmp_path / "c")
    second = make_pack("second", MOF + "// second\n")
    # The standard qualifiers are used again, so what goes when there are four files is the first pack.
    _load(tmp_path / "c", second)
    _load(tmp_path / "c", make_pack("third", MOF + "// third\n"))
    assert len(_files(tmp_path / "c")) == 3
    assert len(set(known) & set(_files(tmp_path / "c"))) == 1
    assert _load(tmp_path / "c", second) == []
    assert _load(tmp_path / "c", first) == ["first"]


def test_files_that_cannot_be_deleted_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MAX_FILES", 1)
    told: list[str] = []
    kept = Cache(tmp_path, told.append)
    kept.store("a" * 64, CompiledPack(()))
    monkeypatch.setattr(Path, "unlink", _refuse)
    kept.store("b" * 64, CompiledPack(()))
    assert (len(_files(tmp_path)), told) == (2, [])
    monkeypatch.setattr(os, "utime", _refuse)
    assert kept.load("a" * 64, _refuse) == CompiledPack(())


def _refuse(*_: Any, **__: Any) -> Any:
    raise PermissionError


def test_settings_and_programs_do_not_matter(make_pack: MakePack, tmp_path: Path) -> None:
    pack = make_pack("p", MOF)
    _load(tmp_path / "c", pack)
    (pack / "providers.py").write_text("def populate(transaction, settings):\n    pass\n")
    assert _load(tmp_path / "c", pack, overrides={"p.faults": ""}) == []


@pytest.mark.parametrize("what", ["cimsim", "pywbem"])
def test_another_version_compiles_again(
    make_pack: MakePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    pack = make_pack("p", MOF)
    _load(tmp_path / "c", pack)
    monkeypatch.setattr(f"{what}.__version__", "0.0.0")
    assert _load(tmp_path / "c", pack) == ["standard qualifiers", "p"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-10],
        lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
        lambda content: content + b"x",
        lambda content: b"something else entirely",
        lambda content: msgspec.msgpack.encode(["cimsim pack", 2, b"", b""]),
        lambda content: msgspec.msgpack.encode(["cimsim pack", 1, hashlib.sha256(b"\x01").digest(), b"\x01"]),
        lambda content: msgspec.msgpack.encode({"a": 1}),
    ],
)
def test_a_damaged_file_is_ignored_and_rewritten(make_pack: MakePack, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    pack = make_pack("p", MOF)
    _load(tmp_path / "c", pack)
    sound = [(file, file.read_bytes()) for file in _files(tmp_path / "c")]
    for file, content in sound:
        file.write_bytes(damage(content))
    assert _load(tmp_path / "c", pack) == ["standard qualifiers", "p"]
    assert [(file, file.read_bytes()) for file in _files(tmp_path / "c")] == sound


def test_a_sound_file_whose_numbers_lead_nowhere_is_ignored(make_pack: MakePack, tmp_path: Path) -> None:
    pack = make_pack("p", MOF)
    _load(tmp_path / "c", pack)
    for file in _files(tmp_path / "c"):
        magic, version, _, content = msgspec.msgpack.decode(file.read_bytes())
        stored = msgspec.msgpack.decode(content)
        stored[0] = []
        content = msgspec.msgpack.encode(stored)
        file.write_bytes(msgspec.msgpack.encode([magic, version, hashlib.sha256(content).digest(), content]))
    assert _load(tmp_path / "c", pack) == ["standard qualifiers", "p"]


def test_a_folder_that_cannot_be_written_is_told_once(make_pack: MakePack, tmp_path: Path) -> None:
    (tmp_path / "c").write_text("a file where a folder should be")
    pack = make_pack("p", MOF)
    assert _load(tmp_path / "c", pack) == ["standard qualifiers", "p"]
    told: list[str] = []
    broken = Cache(tmp_path / "c", told.append)
    broken.store("a" * 64, CompiledPack(()))
    broken.store("b" * 64, CompiledPack(()))
    assert told == [f"compiled packs are not kept in {tmp_path}/c/packs/v2: Not a directory"]


def test_without_a_cache_nothing_is_written(make_pack: MakePack, tmp_path: Path) -> None:
    pack = make_pack("p", MOF)
    said: list[str] = []
    for _ in range(2):
        load([pack], cache_dir=None, now=0.0, progress=said.append)
    assert len(said) == 4
    assert {path.name for path in tmp_path.iterdir()} == {"p"}


def test_what_is_cached_may_not_fit_another_world(make_pack: MakePack, tmp_path: Path) -> None:
    one, two = make_pack("one", MOF), make_pack("two", MOF)
    _load(tmp_path / "c", one)
    _load(tmp_path / "c", two)
    with pytest.raises(PackError) as caught:
        _load(tmp_path / "c", one, two)
    assert str(caught.value) == f'{two}/mof/all.mof:2:1: instance root/test:T_Thing.Name="one" exists already'


def test_the_default_folder() -> None:
    assert default_cache_dir({"XDG_CACHE_HOME": "/some/where"}) == Path("/some/where/cimsim")
    assert default_cache_dir({"XDG_CACHE_HOME": "relative"}) == Path.home() / ".cache/cimsim"
    assert default_cache_dir({}) == Path.home() / ".cache/cimsim"


@pytest.mark.parametrize(("name", "mode", "warned"), [
    ("c", 0o777, True), ("c/packs", 0o775, True), ("c/packs/v2", 0o702, True), ("c", 0o755, False), ("c", 0o1777, False),
])  # fmt: skip
def test_a_folder_that_others_can_write_is_told_once(
    make_pack: MakePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mode: int, warned: bool
) -> None:
    told: list[str] = []
    pack = make_pack("p", MOF)
    monkeypatch.setattr("cimsim.packs.load.warn", told.append)
    _load(tmp_path / "c", pack)
    assert told == [], "a folder of our own making is closed to others, whatever the umask"
    (tmp_path / name).chmod(mode)
    _load(tmp_path / "c", pack)
    assert len(told) == warned
    assert not warned or str(tmp_path / name) in told[0]


@pytest.fixture
def loose_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("loose_umask")
def test_folders_are_made_for_their_user_alone(make_pack: MakePack, tmp_path: Path) -> None:
    _load(tmp_path / "c", make_pack("p", MOF))
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("c", "c/packs", "c/packs/v2")] == [0o700] * 3
