"""Where packs lie: folders, plain MOF files, and the packs that come with cimsim."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cimsim import mocks
from cimsim.packs.manifest import DEFAULT_NAMESPACE, MANIFEST
from cimsim.packs.pack_errors import PackError
from cimsim.world.names import did_you_mean, fold_namespace

SHIPPED: Final = ("hyperv", "iscsitarget", "interop", "windows")
"""The packs that are loaded when none are named."""
_OF_CIMV2: Final = "windows"
"""The one that makes way for a schema in its namespace, where schemas usually go."""


def default_packs(schema_namespace: str | None = None) -> tuple[str, ...]:
    """Return the packs that are loaded when none are named, beside a schema in a namespace; None: there is no schema."""
    if schema_namespace is not None and fold_namespace(schema_namespace) == DEFAULT_NAMESPACE:
        return tuple(name for name in SHIPPED if name != _OF_CIMV2)
    return SHIPPED


def shipped_folder() -> Path:
    """Return the folder of the shipped packs."""
    return mocks.FOLDER


def shipped_names() -> list[str]:
    """Return the names of the shipped packs."""
    return sorted(file.parent.name for file in shipped_folder().glob(f"*/{MANIFEST}"))


def locate(name_or_path: str | Path) -> Path:
    """Return the folder of a pack, or the path of a plain MOF file; mock scripts are looked for elsewhere (see ``scripts``).

    Args:
        name_or_path: a folder with a ``pack.toml``, a file ``*.mof``, or the name of a shipped pack; looked for in this order.

    Raises:
        PackError: it is none of these.
    """
    path = Path(name_or_path)
    if (path / MANIFEST).is_file() or (path.suffix.lower() == ".mof" and path.is_file()):
        return path
    if not path.exists():
        shipped = shipped_pack(str(name_or_path))
        if shipped is not None:
            return shipped
    raise _not_found(name_or_path, path)


def shipped_pack(name: str) -> Path | None:
    """Return the folder of the shipped pack of that name, or None."""
    folder = shipped_folder() / name
    return folder if name in shipped_names() and (folder / MANIFEST).is_file() else None


def locate_required(name: str, beside: Path) -> Path:
    """Return the folder of a pack that another one requires: beside that one, else among the shipped ones.

    Raises:
        PackError: there is none.
    """
    sibling = beside.parent / name
    found = sibling if (sibling / MANIFEST).is_file() else shipped_pack(name)
    if found is None:
        raise PackError(no_pack(name, shipped_names()))
    return found


def no_pack(name: str, known: Iterable[str]) -> str:
    """Return the text of an error about a pack that does not exist, with the names of those that do."""
    names = list(known)
    return f"no pack {name}{did_you_mean(name, names)} (there are: {', '.join(names)})"


def _not_found(name_or_path: str | Path, path: Path) -> PackError:
    if path.is_dir():
        return PackError(f"no {MANIFEST} in this folder", path)
    if path.exists():
        return PackError("neither a folder with a pack.toml nor a .mof or .py file", path)
    if path.suffix.lower() == ".mof" or len(path.parts) > 1:
        return PackError("no such file or folder", path)
    return PackError(no_pack(str(name_or_path), shipped_names()))
