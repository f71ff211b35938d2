"""pack.toml: what a pack says about itself.

A pack is a folder. Its ``pack.toml`` names the namespaces it fills, with the MOF files of each in order, the packs that come
before it, the providers of its classes and its settings.
"""

import re
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from cimsim.packs.pack_errors import PackError, decode, read_bytes
from cimsim.packs.pages import PageEntry, tables_of
from cimsim.world.names import did_you_mean, fold_namespace

MANIFEST: Final = "pack.toml"
DEFAULT_NAMESPACE: Final = "root/cimv2"
SettingType = Literal["string", "integer", "number", "boolean", "string[]", "timing"]

FORMER_KEYS: Final = {"behaviours": "providers"}
"""Keys of former versions, and what they are called now."""

_NAME: Final = r"[A-Za-z][A-Za-z0-9_-]*"
_TOML_PLACE: Final = r" \(at line (\d+), column (\d+)\)"


class NamespaceEntry(msgspec.Struct, frozen=True):
    """``[[namespaces]]``: a namespace and the MOF files compiled into it, relative to the pack's folder, in order."""

    name: str
    mof: list[str] = msgspec.field(default_factory=list)


class SettingEntry(msgspec.Struct, frozen=True):
    """``[settings.NAME]``: a setting, its type, its default and, where only some values are meant, these or their range.

    ``minimum`` and ``maximum`` are of numbers and integers, and belong to the range.
    """

    type: SettingType
    default: Any
    choices: list[Any] | None = None
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""


class Manifest(msgspec.Struct, frozen=True):
    """The whole of ``pack.toml``. ``providers`` maps namespaces to CIM classes to Python classes in ``providers.py``.

    ``enforce_write``: clients cannot change properties without the Write qualifier in instances of the classes that the MOF of
    the pack declares (rule OP-MI-5). ``lenient``: what its MOF has incomplete or twice is warned of, not refused.
    ``mof_dialect`` is what the MOF files are written in; None: what the user says. ``cache_populated``: what ``populate`` makes
    depends on nothing but the settings, the files of the packs, the world it finds and the GUIDs of the transaction, so that it
    may be kept for the next start.
    """

    name: str
    title: str = ""
    version: str = ""
    requires: list[str] = msgspec.field(default_factory=list)
    enforce_write: bool = False
    lenient: bool = False
    cache_populated: bool = False
    namespaces: list[NamespaceEntry] = msgspec.field(default_factory=list)
    providers: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    settings: dict[str, SettingEntry] = msgspec.field(default_factory=dict)
    page: list[PageEntry] = msgspec.field(default_factory=list)
    mof_dialect: Literal["dmtf", "windows"] | None = None


class Pack(msgspec.Struct, frozen=True):
    """A pack as it lies on disk: its folder, its manifest, and the manifest's text (empty for a plain MOF file)."""

    folder: Path
    manifest: Manifest
    text: str = ""

    @property
    def name(self) -> str:
        """The name of the pack."""
        return self.manifest.name

    @property
    def file(self) -> Path:
        """The manifest's path."""
        return self.folder / MANIFEST

    def error(self, text: str, word: str | None = None) -> PackError:
        """Return an error in the manifest, at the one line that has ``word`` as a key or as a quoted value, if there is one."""
        return PackError(text, self.file, _line_of(self.text, word) if word else None)


def read_pack(folder: Path) -> Pack:
    """Return the pack in a folder.

    Raises:
        PackError: ``pack.toml`` is missing, is not TOML, has unknown keys, values of wrong types or a wrong name,
            of the pack or of a namespace.
    """
    return parse_pack(folder, text_of(folder))


def text_of(folder: Path) -> str:
    """Return the text of the manifest in a folder; raises PackError if there is none that can be read."""
    file = folder / MANIFEST
    return decode(read_bytes(file, folder), file)


def parse_pack(folder: Path, text: str) -> Pack:
    """Return the pack in a folder by the text of its manifest; raises PackError as ``read_pack`` does."""
    file = folder / MANIFEST
    table = parse_toml(text, file)
    _check_keys(table, text, file)
    try:
        manifest = msgspec.convert(table, Manifest)
    except msgspec.ValidationError as error:
        raise PackError(_readable(error), file) from None
    pack = Pack(folder, manifest, text)
    if not re.fullmatch(_NAME, manifest.name):
        raise pack.error(f"{manifest.name!r} is not the name of a pack: a letter, then letters, digits, - and _", "name")
    for required in manifest.requires:
        if not re.fullmatch(_NAME, required):
            raise pack.error(f"{required!r} is not a name of a pack", required)
    for entry in manifest.namespaces:
        if not fold_namespace(entry.name):
            raise pack.error(f"{entry.name!r} is not the name of a namespace", entry.name)
    names: set[str] = set()
    for page in manifest.page:
        if not re.fullmatch(_NAME, page.name):
            raise pack.error(f"{page.name!r} is not the name of a page: a letter, then letters, digits, - and _", page.name)
        if page.name in names:
            raise pack.error(f"two pages are named {page.name}", page.name)
        names.add(page.name)
    return pack


def plain_pack(mof: Path, namespace: str) -> Pack:
    """Return the pack that a plain MOF file stands for: filling one namespace, requiring ``interop``, taken leniently.

    Its name is the path of the file as it was given, which no pack of a folder can have: files with equal names are others, and
    one that is named like a pack is not that pack.

    Raises:
        PackError: the name of the namespace is empty.
    """
    if not fold_namespace(namespace):
        raise PackError(f"{namespace!r} is not the name of a namespace")
    entry = NamespaceEntry(namespace, [mof.name])
    return Pack(mof.parent, Manifest(str(mof), requires=["interop"], lenient=True, namespaces=[entry]))


def parse_toml(text: str, file: Path) -> dict[str, Any]:
    """Return the tables of a TOML text; raises PackError with the place of what is not TOML."""
    # A start that finds the manifests in the cache parses none.
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = str(error).splitlines()[0]
        place = re.search(_TOML_PLACE, reason)
        if place is None:
            raise PackError(reason.replace(" (at end of document)", " at the end"), file, text.count("\n") + 1) from None
        raise PackError(re.sub(_TOML_PLACE, "", reason), file, int(place[1]), int(place[2])) from None


def _check_keys(table: dict[str, Any], text: str, file: Path) -> None:
    """Refuse keys that the manifest does not know, and those of former versions."""
    for former, new in FORMER_KEYS.items():
        if former in table:
            raise PackError(f"{former} are called {new} now: write [{new}.NAMESPACE]", file, _first_line_of(text, former))
    _check_table(table, Manifest, "", text, file)
    namespaces, settings = table.get("namespaces"), table.get("settings")
    for entry in namespaces if isinstance(namespaces, list) else ():
        _check_table(entry, NamespaceEntry, " in [[namespaces]]", text, file)
    for name, entry in settings.items() if isinstance(settings, dict) else ():
        _check_table(entry, SettingEntry, f" in [settings.{name}]", text, file)
    pages = table.get("page")
    for page in pages if isinstance(pages, list) else ():
        for entry, struct, header in tables_of(page):
            _check_table(entry, struct, f" in {header}", text, file)


def _check_table(table: Any, struct: type[msgspec.Struct], where: str, text: str, file: Path) -> None:
    known = struct.__struct_encode_fields__
    for key in table if isinstance(table, dict) else ():
        if key not in known:
            raise PackError(f"unknown key {key}{where}{did_you_mean(key, known)}", file, _line_of(text, key))


def _line_of(text: str, word: str) -> int | None:
    """Return the only line that has the word as a key, in a table's header or as a quoted value; None if that is not sure."""
    quoted = re.escape(word)
    pattern = re.compile(
        rf"""(?:^|[{{,])\s*["']?{quoted}["']?\s*=|^\s*\[.*\b{quoted}\b.*\]\s*$|["']{quoted}["']""", re.MULTILINE
    )
    lines = {text.count("\n", 0, match.end()) + 1 for match in pattern.finditer(text)}
    return lines.pop() if len(lines) == 1 else None


def _first_line_of(text: str, table: str) -> int | None:
    """Return the first line with a header of a table, or of one in it; None if there is none."""
    match = re.search(rf"""^\s*\[?\s*["']?{table}\b""", text, re.MULTILINE)
    return text.count("\n", 0, match.end()) + 1 if match else None


def _readable(error: msgspec.ValidationError) -> str:
    """Return msgspec's ``Expected `str`, got `int` - at `$.name``` as ``name: expected str, got int``."""
    reason, _, place = str(error).replace("`", "").partition(" - at ")
    reason = reason[0].lower() + reason[1:].replace("missing required field", "missing required key")
    reason = reason.removeprefix("object ")
    where = place.removeprefix("$").removeprefix(".")
    return f"{where}: {reason}" if where else reason
