r"""Object paths as WMI writes them: ``\\SERVER\root\cimv2:CLASS.KEY="VALUE",KEY2=5``.

Beside the form of DSP0004 there are ``CLASS="VALUE"``, where a class has a single key, and ``CLASS=@``, the only instance of
a class. Values stand between quotes of either kind, numbers and booleans without. A backslash before a quote or a backslash
stands for what follows it, and before anything else for itself, since many clients of Windows do not double it.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import msgspec

from cimsim.query.comparison import same_key
from cimsim.query.syntax import WMI
from cimsim.query.work import SHORT, Meter
from cimsim.world.names import fold, fold_namespace
from cimsim.world.paths import InstancePath
from cimsim.world.values import DateTime, Hinted, Untyped

_HEAD: Final = r"""(?x)(?:[\\/]{2}(?P<server>[^\\/:]+)[\\/])?
        (?:[\\/]?(?P<namespace>[^:."'=\\/][^:."'=]*):)?
        (?P<classname>[^\W\d]\w*)"""
_PLAIN: Final = r"(?i)[+-]?\d+|0x[0-9a-f]+|true|false"
_ESCAPED: Final = r"""\\([\\"'])"""
_MAX_NESTING: Final = 10
_LOCAL: Final = frozenset({"", ".", "localhost"})


@cache
def _key_pattern() -> re.Pattern[str]:
    return re.compile(r"\s*(?P<name>[^\W\d]\w*)\s*=")


@cache
def _value_pattern() -> re.Pattern[str]:
    return re.compile(
        r"""\s*(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<plain>[^\s"',]+))\s*""",
        re.VERBOSE | re.DOTALL,
    )


class PathError(ValueError):
    """A text is not an object path; ``place`` is the character, counted from 0, where it ceases to be one."""

    def __init__(self, reason: str, place: int) -> None:
        super().__init__(reason)
        self.place = place


class Location(msgspec.Struct, frozen=True):
    """Where the instances of a query lie: the name of the simulated host, and the namespace, with slashes.

    ``of_classes``: the query is for classes, which lie there as well.
    """

    server: str
    namespace: str
    of_classes: bool = False

    def is_server(self, name: str) -> bool:
        """Whether a name is that of the host, or one that every host has for itself."""
        folded = name.lower()
        return folded in _LOCAL or folded == self.server.lower()


class ObjectPath(msgspec.Struct, frozen=True):
    """An object path. ``server`` and ``namespace`` are None where the text has none.

    ``keys`` are pairs of name and value, ``Hinted`` where it stands without quotes; the name is empty in ``CLASS="VALUE"``.
    They are None in the path of a class, and empty in that of a ``CLASS=@``.
    """

    server: str | None
    namespace: str | None
    classname: str
    keys: tuple[tuple[str, Untyped], ...] | None


def parse_object_path(text: str, *, strict: bool = True) -> ObjectPath:
    """Return the path that a text writes.

    Args:
        text: what stands between braces, or in the string that ``__PATH`` is compared with.
        strict: only numbers and booleans stand without quotes.

    Raises:
        PathError: it is not an object path.
    """
    head = re.match(_HEAD, text)
    if head is None:
        raise PathError(r"an object path is [[\\SERVER\]NAMESPACE:]CLASS.KEY=VALUE[,KEY=VALUE...]", 0)
    keys = _keys(text, head.end(), strict=strict)
    return ObjectPath(head["server"], head["namespace"], head["classname"], keys)


def _keys(text: str, place: int, *, strict: bool) -> tuple[tuple[str, Untyped], ...] | None:
    rest = text[place:].rstrip()
    if not rest:
        return None
    if rest == "=@":
        return ()
    if rest[0] == "=":
        value, end = _value(text, place + 1, strict=strict)
        if end < len(text):
            raise PathError("a single value stands behind a class without the name of a key", end)
        return (("", value),)
    if rest[0] != ".":
        raise PathError(f"'.' or '=' is expected, not {rest[0]!r}", place)
    found: list[tuple[str, Untyped]] = []
    place += 1
    while True:
        key = _key_pattern().match(text, place)
        if key is None:
            raise PathError("KEY=VALUE is expected", place)
        value, place = _value(text, key.end(), strict=strict)
        found.append((key["name"], value))
        if place == len(text):
            return tuple(found)
        if text[place] != ",":
            raise PathError(f"',' or the end of the path is expected, not {text[place]!r}", place)
        place += 1


def _value(text: str, place: int, *, strict: bool) -> tuple[Untyped, int]:
    match = _value_pattern().match(text, place)
    if match is None:
        closed = "the value of a key" if text[place:].strip()[:1] not in {'"', "'"} else "the end of a quoted value"
        raise PathError(f"{closed} is expected", place)
    plain = match["plain"]
    if plain is None:
        quoted = match["double"] if match["single"] is None else match["single"]
        return Untyped(re.sub(_ESCAPED, r"\1", quoted)), match.end()
    if strict and re.fullmatch(_PLAIN, plain) is None:
        raise PathError(f"{plain[:100]} stands without quotes, but is neither a number nor a boolean", match.start("plain"))
    return Hinted(plain, "boolean" if plain.lower() in {"true", "false"} else "numeric"), match.end()


def write_object_path(classname: str, keys: Sequence[tuple[str, Any]], location: Location | None = None) -> str:
    """Return a path, keys in the order given; relative to the namespace where ``location`` is None."""
    written = f"{classname}.{','.join([f'{name}={_written(value, location)}' for name, value in keys])}" if keys else ""
    return f"{_prefix(location)}{written or f'{classname}=@'}"


def write_class_path(classname: str, location: Location | None = None) -> str:
    """Return the path of a class; relative to the namespace where ``location`` is None."""
    return f"{_prefix(location)}{classname}"


def _prefix(location: Location | None) -> str:
    if location is None:
        return ""
    return "\\\\{}\\{}:".format(location.server, location.namespace.strip("/").replace("/", "\\"))


def _written(value: Any, location: Location | None) -> str:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case InstancePath():
            target = None if location is None or not value.namespace else Location(location.server, value.namespace)
            value = write_object_path(value.classname, value.keys, target)
        case str() | DateTime():
            pass
        case _:
            return str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def values_of(path: ObjectPath, names: Sequence[str]) -> list[Untyped] | None:
    """Return the values that a path gives keys of these names, in any case; None where it does not give just these."""
    if path.keys is None or len(path.keys) != len(names):
        return None
    if len(names) == 1 and path.keys[0][0] == "":
        return [path.keys[0][1]]
    given = {fold(name): value for name, value in path.keys}
    found = [given[fold(name)] for name in names if fold(name) in given]
    return found if len(found) == len(names) else None


def is_named(path: ObjectPath, classname: str, keys: Sequence[tuple[str, Any]], meter: Meter, nesting: int = 0) -> bool:
    """Return whether a path names the instance of a class with these keys, wherever it lies: names and values in any case."""
    wanted = values_of(path, [name for name, _ in keys]) if fold(path.classname) == fold(classname) else None
    return wanted is not None and all(
        is_key(text, value, meter, nesting) for text, (_, value) in zip(wanted, keys, strict=True)
    )


def is_key(wanted: str, stored: Any, meter: Meter, nesting: int = 0) -> bool:
    """Return whether a text in a path is the value of a key, without regard to case; a reference is written as a path."""
    if isinstance(stored, InstancePath):
        try:
            path = parse_object_path(wanted)
        except PathError:
            return False
        meter.spend(len(wanted))
        if nesting >= _MAX_NESTING or not lies_in(path, stored.namespace):
            return False
        return is_named(path, stored.classname, stored.keys, meter, nesting + 1)
    if isinstance(stored, str) and len(stored) > SHORT:
        meter.spend(len(stored))
    return same_key(stored, str(wanted), WMI)


def lies_in(path: ObjectPath, namespace: str | None) -> bool:
    """Return whether a path may name an instance of a namespace: one that names no namespace may."""
    return not path.namespace or not namespace or fold_namespace(path.namespace) == fold_namespace(namespace)
