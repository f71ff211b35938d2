"""Scenarios: TOML files with fault rules, and settings of packs, that belong together.

A pack has them in its folder ``scenarios``; the name of a file without ``.toml`` is that of the scenario. What the words of a
rule mean is not known here: ``simulation.start_rules`` reads them.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from cimsim.packs.manifest import parse_toml
from cimsim.packs.pack_errors import PackError, decode, read_bytes
from cimsim.world.names import did_you_mean, fold

FOLDER: Final = "scenarios"
SUFFIX: Final = ".toml"
_KEYS: Final[Mapping[str, tuple[type, str]]] = {
    "description": (str, "a text"),
    "fault": (list, "an array of tables: write [[fault]]"),
    "settings": (dict, "a table: write [settings]"),
}
_FAULT: Final = r"(?m)^\s*\[\[\s*fault\s*\]\]"


class Scenario(msgspec.Struct, frozen=True):
    """A scenario as its file has it.

    Attributes:
        name: of the scenario; that of a file that belongs to no pack is its path.
        pack: whose it is, empty for a file that belongs to none.
        file: where it stands.
        text: of the file.
        description: in a sentence or two.
        faults: the words of each rule.
        settings: of packs, as ``settings.settle`` takes them.
    """

    name: str
    pack: str
    file: Path
    text: str
    description: str
    faults: tuple[Mapping[str, Any], ...]
    settings: Mapping[str, Any]

    @property
    def full_name(self) -> str:
        """The name that no other scenario has: ``PACK.NAME``, or the path."""
        return f"{self.pack}.{self.name}" if self.pack else self.name

    def error(self, text: str, number: int = 0, field: str = "") -> PackError:
        """Return an error in the file.

        Args:
            text: what is wrong.
            number: of the rule that is wrong, counted from 1; 0: it is not in a rule.
            field: of the rule, or of the whole file.
        """
        where = f"[[fault]] {number}: " if number and len(self.faults) > 1 else ""
        return PackError(f"{where}{text}", self.file, self._line_of(number, field))

    def _line_of(self, number: int, field: str) -> int | None:
        """Return the line with a field of a rule, or else with the beginning of the rule; None if that is not sure."""
        start, end = 0, len(self.text)
        if number:
            starts = [match.end() for match in re.finditer(_FAULT, self.text)]
            if len(starts) != len(self.faults):
                return None
            start, end = starts[number - 1], [*starts, end][number]
        match = None
        if field:
            name = re.escape(field)
            pattern = re.compile(rf"""^\s*(?:\[{{1,2}}(?:[\s"'\w]*\.)?)?\s*["']?{name}["']?\s*[].=]""", re.MULTILINE)
            match = pattern.search(self.text, start, end)
        if match is None and not number:
            return None
        return self.text.count("\n", 0, start if match is None else match.end()) + 1


def read_scenario(file: Path, name: str, pack: str = "", folder: Path | None = None) -> Scenario:
    """Return the scenario in a file.

    Args:
        file: with TOML.
        name: of the scenario.
        pack: whose it is.
        folder: in which the file must lie.

    Raises:
        PackError: the file cannot be read, is not TOML, or has other keys or values than those of a scenario.
    """
    text = decode(read_bytes(file, folder), file)
    table = parse_toml(text, file)
    scenario = Scenario(name, pack, file, text, "", (), {})
    for key, value in table.items():
        if key not in _KEYS:
            raise scenario.error(f"there is no key {key} in a scenario{did_you_mean(key, _KEYS)}", field=key)
        kind, wanted = _KEYS[key]
        if not isinstance(value, kind):
            raise scenario.error(f"{key} must be {wanted}", field=key)
    faults = table.get("fault", [])
    if not all(isinstance(each, dict) for each in faults):
        raise scenario.error("fault must be an array of tables: write [[fault]]", field="fault")
    settings = table.get("settings", {})
    if not faults and not settings:
        raise scenario.error("a scenario has rules, as [[fault]], or [settings]")
    return Scenario(name, pack, file, text, " ".join(table.get("description", "").split()), tuple(faults), settings)


def scenarios_of(packs: Mapping[str, Path]) -> list[Scenario]:
    """Return all scenarios of packs.

    Args:
        packs: their folders by name.

    Raises:
        PackError: as ``read_scenario`` does.
    """
    return [read_scenario(file, file.stem, pack, packs[pack]) for pack, file in _files(packs)]


def find_scenario(name: str, packs: Mapping[str, Path], *, files: bool = True) -> Scenario:
    """Return a scenario by its name.

    Args:
        name: ``NAME``, ``PACK.NAME`` where several packs have one of that name, or the path of a TOML file.
        packs: the folders of packs by name.
        files: whether a path will do.

    Raises:
        PackError: there is none, or there are several; or as ``read_scenario`` does.
    """
    path = Path(name)
    if files and (path.suffix.lower() == SUFFIX or len(path.parts) > 1):
        return read_scenario(path, name)
    known = _files(packs)
    found = [each for each in known if fold(name) in (fold(each[1].stem), fold(f"{each[0]}.{each[1].stem}"))]
    if len(found) > 1:
        choices = " or ".join(f"{pack}.{file.stem}" for pack, file in found)
        raise PackError(f"several packs have a scenario {name}: write {choices}")
    if not found:
        names = [file.stem for _, file in known]
        text = f"there is no scenario {name}"
        raise UnknownScenarioError(f"{text}{did_you_mean(name, names)} (there are: {', '.join(names) or 'none'})", names)
    pack, file = found[0]
    return read_scenario(file, file.stem, pack, packs[pack])


class UnknownScenarioError(PackError):
    """There is no scenario of a name.

    Args:
        text: what is wrong.
        known: the names that there are.
    """

    def __init__(self, text: str, known: Sequence[str]) -> None:
        super().__init__(text)
        self.known = known


def _files(packs: Mapping[str, Path]) -> list[tuple[str, Path]]:
    """Return the files of scenarios with the names of their packs, in the order of packs and then of names."""
    return [(pack, file) for pack, folder in packs.items() for file in sorted((folder / FOLDER).glob(f"*{SUFFIX}"))]
