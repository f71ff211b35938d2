"""Settings of packs: what a pack declares, and what a user overrides.

Every pack has, besides its own, two settings. ``faults``: items ``CLASS.METHOD=RETURN_VALUE`` make a method return that number
and change nothing. ``timings``: items ``CLASS[PROPERTY=VALUE].METHOD#CALL=TIMING`` say how long transitions take.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from cimsim.packs.locate import no_pack
from cimsim.packs.manifest import Pack, SettingEntry
from cimsim.packs.pack_errors import PackError
from cimsim.providers.timing import parse_rule
from cimsim.world.names import did_you_mean
from cimsim.world.timing import parse_timing

FAULTS: Final = "faults"
_FAULTS_ENTRY: Final = SettingEntry(
    "string[]", [], description="Methods that only return a number: items CLASS.METHOD=RETURN_VALUE."
)

TIMINGS: Final = "timings"
_TIMINGS_ENTRY: Final = SettingEntry(
    "string[]", [], description="How long transitions take: items CLASS[PROPERTY=VALUE].METHOD#CALL=TIMING."
)
_OF_EVERY_PACK: Final = {FAULTS: _FAULTS_ENTRY, TIMINGS: _TIMINGS_ENTRY}

Settings = Mapping[str, Any]


def declared_settings(pack: Pack) -> dict[str, SettingEntry]:
    """Return all settings of a pack, with those that every pack has."""
    return {**pack.manifest.settings, **_OF_EVERY_PACK}


def settle(
    packs: Sequence[Pack], overrides: Mapping[str, Any], defaults: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Settings]:
    """Return the settings of each pack, by its name: defaults, replaced by what the user says.

    Args:
        packs: the packs that are loaded.
        overrides: ``{"PACK.NAME": value}``, nested tables ``{"PACK": {"NAME": value}}`` or both. A value is typed, or is text
            as a command line gives it; the text of a ``string[]`` has its items separated by commas.
        defaults: ``{"PACK": {"NAME": value}}`` in place of the defaults that packs declare; what no pack declares is ignored.

    Raises:
        PackError: unknown pack or setting, a value of the wrong type or not among the choices; a default likewise.
    """
    by_name = {pack.name: pack for pack in packs}
    values = {pack.name: _defaults(pack) for pack in packs}
    for pack_name, given in (defaults or {}).items():
        declared = declared_settings(by_name[pack_name]) if pack_name in by_name else {}
        for name in given.keys() & declared.keys():
            values[pack_name][name] = _checked(f"{pack_name}.{name}", declared[name], given[name])
    for pack_name, name, value in _flat(overrides):
        place = f"{pack_name}.{name}"
        pack = by_name.get(pack_name)
        if pack is None:
            raise PackError(f"setting {place}: {no_pack(pack_name, by_name)}")
        declared = declared_settings(pack)
        if name not in declared:
            hint = did_you_mean(name, declared)
            raise PackError(f"pack {pack_name} has no setting {name}{hint} (there are: {', '.join(declared)})")
        values[pack_name][name] = _checked(place, declared[name], value)
    return {name: MappingProxyType(settings) for name, settings in values.items()}


def pass_on(packs: Sequence[Pack], settings: Mapping[str, Settings]) -> dict[str, Settings]:
    """Return the settings that the providers of each pack get: its own, and those of the packs that it requires.

    Of settings with the same name the pack's own counts, then that of the pack which it requires last; ``timings`` are those of
    all, its own last.

    Args:
        packs: each after those it requires.
        settings: as ``settle`` returns them.
    """
    passed: dict[str, Settings] = {}
    for pack in packs:
        required = [passed[name] for name in pack.manifest.requires]
        own = settings[pack.name]
        merged = {name: value for each in [*required, own] for name, value in each.items()}
        timings = dict.fromkeys(item for each in [*required, own] for item in each[TIMINGS])
        passed[pack.name] = MappingProxyType({**merged, TIMINGS: tuple(timings)})
    return passed


def flattened(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as ``settle`` takes them, by ``PACK.NAME``; raises PackError for a name without a dot."""
    return {f"{pack}.{name}": value for pack, name, value in _flat(overrides)}


def _flat(overrides: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for key, value in overrides.items():
        if isinstance(value, Mapping):
            for name, item in value.items():
                yield key, name, item
        else:
            pack, dot, name = key.rpartition(".")
            if not dot:
                raise PackError(f"setting {key}: write PACK.NAME=VALUE")
            yield pack, name, value


def _defaults(pack: Pack) -> dict[str, Any]:
    for name in _OF_EVERY_PACK:
        if name in pack.manifest.settings:
            raise pack.error(f"every pack has the setting {name}, none can declare it", name)
    values = {}
    for name, entry in declared_settings(pack).items():
        try:
            values[name] = _typed(entry, entry.default)
            _check_choice(entry, values[name])
        except ValueError as error:
            raise pack.error(f"default of setting {name}: {error}", name) from None
    return values


def _checked(place: str, entry: SettingEntry, value: Any) -> Any:
    try:
        typed = _parsed(entry, value) if isinstance(value, str) else _typed(entry, value)
        _check_choice(entry, typed)
        if entry is _TIMINGS_ENTRY:
            for item in typed:
                parse_rule(item)
    except ValueError as error:
        raise PackError(f"setting {place}: {error}") from None
    return typed


def _parsed(entry: SettingEntry, text: str) -> Any:
    """Return the value that a text from a command line writes."""
    stripped = text.strip()
    match entry.type:
        case "string":
            return text
        case "timing":
            return parse_timing(text)
        case "string[]":
            return tuple(item.strip() for item in text.split(",") if item.strip())
        case "boolean":
            if stripped.lower() in ("true", "false"):
                return stripped.lower() == "true"
        case "integer" | "number":
            try:
                return int(stripped) if entry.type == "integer" else float(stripped)
            except ValueError:
                pass
    raise ValueError(f"{text!r} is not {_article(entry.type)}{' (true or false)' if entry.type == 'boolean' else ''}")


def _article(kind: str) -> str:
    return f"an {kind}" if kind.startswith(("a", "e", "i", "o", "u")) else f"a {kind}"


def _typed(entry: SettingEntry, value: Any) -> Any:
    """Return a typed value, checked; arrays become tuples."""
    match entry.type:
        case "string" if isinstance(value, str):
            return value
        case "timing" if isinstance(value, str):
            return parse_timing(value)
        case "boolean" if isinstance(value, bool):
            return value
        case "integer" if isinstance(value, int) and not isinstance(value, bool):
            return value
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        case "string[]" if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
    raise ValueError(f"{value!r} is not {_article(entry.type)}")


def _check_choice(entry: SettingEntry, value: Any) -> None:
    if isinstance(value, int | float):
        _check_range(entry, value)
    if entry.choices is None:
        return
    for item in value if entry.type == "string[]" else (value,):
        if item not in entry.choices:
            names = [str(choice) for choice in entry.choices]
            raise ValueError(f"{item!r} is not among {', '.join(names)}{did_you_mean(str(item), names)}")


def _check_range(entry: SettingEntry, value: float) -> None:
    low, high = entry.minimum, entry.maximum
    if (low is None or value >= low) and (high is None or value <= high):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{value} is not a finite number")
        return
    ends = (("at least", low), ("at most", high))
    raise ValueError(f"{value} is not {' and '.join(f'{word} {end:.15g}' for word, end in ends if end is not None)}")
