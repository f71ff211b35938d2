"""Making a pack to start from: the template beside this module, under another name."""

import re
import shlex
from pathlib import Path
from string import Template
from typing import Final

from cimsim.packs.locate import shipped_names
from cimsim.packs.pack_errors import PackError

TEMPLATE: Final = Path(__file__).parent / "template"
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_]+")
# What holds placeholders; $$ stands for $ there.
_TEXTS: Final = (".toml", ".mof", ".md")


def create_pack(folder: Path) -> list[Path]:
    """Write a working pack into a folder that does not exist or is empty; return its files. It is named after the folder.

    Raises:
        PackError: the folder has something in it, cannot be made or written, has no name that a pack can have, or that of a
            shipped one.
    """
    name = _NO_NAME.sub("_", folder.resolve().name).strip("_").lower()
    if not name or not name[0].isalpha():
        raise PackError(f"{folder.name!r} does not make a name for a pack: a letter, then letters, digits and _")
    if name in shipped_names():
        raise PackError(f"a pack named {name} comes with cimsim: take another name", folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise PackError("the folder is not empty", folder)
        return [_written(source, folder, name) for source in sorted(TEMPLATE.iterdir()) if source.is_file()]
    except OSError as error:
        raise PackError(f"cannot be written: {error.strerror}", folder) from None
    except UnicodeEncodeError:
        raise PackError("cannot be written: the name of the folder is not UTF-8 text", ascii(str(folder))) from None


def _written(source: Path, folder: Path, name: str) -> Path:
    text = source.read_text(encoding="utf-8")
    if source.suffix in _TEXTS:
        text = Template(text).substitute(name=name, folder=shlex.quote(str(folder)))
    target = folder / source.name
    target.write_text(text, encoding="utf-8")
    return target
