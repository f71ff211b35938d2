"""What the server was started with: its options, and the settings of packs; never a secret."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import fields

from cimsim.control.documents import page_text
from cimsim.control.json_values import json_value
from cimsim.control.service_messages import OptionState, PackSetting, PackState, SettingsState
from cimsim.packs.load import LoadedPack
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.simulation.options import SimulationOptions

MASK: Final = "***"
_SECRET: Final = re.compile(r"password|passphrase|secret|token|credential|private", re.IGNORECASE)
_NOT_SECRET: Final = frozenset({"allow_plain_passwords"})
_USERS: Final = "user"
_SET: Final = "set"
_ROW: Final = re.compile(r"\| `--[\w-]+` \| `\w+` \| `(\w+)` \|[^|]*\| (.*) \|")


def settings(controlled: ControlledCimom) -> SettingsState:
    """Return the options and the settings of packs."""
    options = [] if controlled.options is None else _options(controlled.options)
    packs = [] if controlled.loaded is None else [_pack(each) for each in controlled.loaded.packs]
    return SettingsState(options, packs)


def _options(options: SimulationOptions) -> list[OptionState]:
    about = {match[1]: match[2] for match in _ROW.finditer(page_text("settings"))}
    found = []
    for each in fields(options):
        default = each.default if each.default is not msgspec.NODEFAULT else {}
        value = _shown(each.name, getattr(options, each.name))
        found.append(OptionState(each.name, value, _plain(default), about.get(each.name, "")))
    return found


def _shown(name: str, value: Any) -> Any:
    if name == _USERS:
        # Each is NAME:PASSWORD.
        return [f"{str(each).partition(':')[0]}:{MASK}" for each in value]
    if name == _SET:
        return {key: _shown(key, item) for key, item in value.items()}
    if _SECRET.search(name) and name not in _NOT_SECRET and value not in (None, "", ()):
        return MASK
    return _plain(value)


def _pack(pack: LoadedPack) -> PackState:
    found = []
    for name, value in pack.settings.items():
        declared = pack.declared.get(name)
        default, kind, about = (None, "", "") if declared is None else (declared.default, declared.type, declared.description)
        found.append(PackSetting(name, _shown(name, value), _shown(name, default), str(kind), about))
    return PackState(pack.name, pack.title, pack.version, found)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return json_value(value)
