"""Manifests that are kept for the next start: read as if their TOML had been parsed, and parsed again when anything differs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cimsim.packs import manifest, manifest_cache
from cimsim.packs.manifest import read_pack
from cimsim.packs.manifest_cache import ManifestCache, manifest_folder
from cimsim.packs.pack_errors import PackError

MakePack = Callable[..., Path]
TAIL = """
[providers."root/test"]
T_Thing = "Things"
[settings.size]
type = "integer"
default = 3
minimum = 1
[settings.delay]
type = "timing"
default = "2 s"
"""


@pytest.fixture
def cache(tmp_path: Path) -> ManifestCache:
    """A cache in ``kept``."""
    return ManifestCache(manifest_folder(tmp_path / "kept", _no_warning))


@pytest.fixture
def parsing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are parsed, not found."""
    parsed: list[str] = []
    parse = manifest.parse_pack

    def noted(folder: Path, text: str) -> Any:
        parsed.append(text)
        return parse(folder, text)

    monkeypatch.setattr(manifest_cache, "parse_pack", noted)
    return parsed


def _no_warning(text: str) -> None:
    raise AssertionError(text)


def test_it_is_parsed_once(make_pack: MakePack, cache: ManifestCache, parsing: list[str]) -> None:
    folder = make_pack("p", head='title = "P"\nrequires = ["q"]', tail=TAIL)
    packs = [cache.read_pack(folder) for _ in range(2)]
    assert packs == [read_pack(folder)] * 2
    assert repr(packs[0]) == repr(packs[1])
    assert len(parsing) == 1


def test_a_changed_text_is_parsed_again(make_pack: MakePack, cache: ManifestCache) -> None:
    folder = make_pack("p", tail=TAIL)
    assert cache.read_pack(folder).manifest.settings["size"].default == 3
    file = folder / "pack.toml"
    file.write_text(file.read_text().replace("default = 3", "default = 4"))
    assert cache.read_pack(folder).manifest.settings["size"].default == 4


def test_a_damaged_file_is_written_anew(make_pack: MakePack, cache: ManifestCache, parsing: list[str], tmp_path: Path) -> None:
    folder = make_pack("p", tail=TAIL)
    pack = cache.read_pack(folder)
    (kept,) = (tmp_path / "kept").rglob("*.msgpack")
    kept.write_bytes(kept.read_bytes()[:-1])
    assert [cache.read_pack(folder) for _ in range(2)] == [pack, pack]
    assert len(parsing) == 2


def test_what_would_come_back_as_something_else_is_not_kept(make_pack: MakePack, cache: ManifestCache, tmp_path: Path) -> None:
    folder = make_pack("p", tail='[settings.day]\ntype = "string"\ndefault = 2024-02-29\n')
    assert [cache.read_pack(folder) for _ in range(2)] == [read_pack(folder)] * 2
    assert not list((tmp_path / "kept").rglob("*.msgpack"))


def test_a_wrong_manifest_is_refused_each_time(make_pack: MakePack, cache: ManifestCache, tmp_path: Path) -> None:
    folder = make_pack("p", head="colour = 1")
    for _ in range(2):
        with pytest.raises(PackError, match="unknown key colour"):
            cache.read_pack(folder)
    assert not list((tmp_path / "kept").rglob("*.msgpack"))
