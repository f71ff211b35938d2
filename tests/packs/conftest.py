from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cimsim.packs.load import Loaded, load
from cimsim.packs.pack_errors import PackError

MakePack = Callable[..., Path]
LoadPack = Callable[..., Loaded]
Refused = Callable[..., str]


@pytest.fixture
def make_pack(tmp_path: Path) -> MakePack:
    """Write a pack: ``make_pack(name, mof, head="requires = []", tail="", files={...})`` returns its folder.

    ``mof`` is the text of its only MOF file, ``mof/all.mof`` in ``root/test``; None lists none.
    """

    def make(
        name: str, mof: str | None = "", *, head: str = "", tail: str = "", files: Mapping[str, str] | None = None
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        listed = "" if mof is None else '[[namespaces]]\nname = "root/test"\nmof = ["mof/all.mof"]\n'
        texts = {"pack.toml": f'name = "{name}"\n{head}\n{listed}\n{tail}\n', **(files or {})}
        if mof is not None:
            texts["mof/all.mof"] = mof
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return folder

    return make


@pytest.fixture
def load_pack(cache_dir: Path) -> LoadPack:
    """Load packs; what ships, and what requires other packs, is kept for the next test."""

    def run(*packs: str | Path, **options: Any) -> Loaded:
        kept = cache_dir if any(_large(Path(pack)) for pack in packs) or not packs else None
        return load(packs, options.pop("overrides", None), **{"cache_dir": kept, "now": 0.0, **options})

    return run


def _large(pack: Path) -> bool:
    """Whether it is a name, or a folder of a pack that requires others."""
    manifest = pack / "pack.toml"
    return not pack.exists() or (manifest.is_file() and "requires" in manifest.read_text(encoding="utf-8"))


@pytest.fixture
def refused(load_pack: LoadPack, tmp_path: Path) -> Refused:
    """Load packs that must be refused, and return the text with the folder of all packs taken away."""

    def run(*packs: str | Path, **options: Any) -> str:
        with pytest.raises(PackError) as caught:
            load_pack(*packs, **options)
        text = str(caught.value)
        assert "\n" not in text
        return text.replace(f"{tmp_path}/", "")

    return run


@pytest.fixture(scope="session")
def shared_cache(cache_dir: Path) -> Path:
    """A cache for tests that need shipped packs and are not about the cache."""
    return cache_dir
