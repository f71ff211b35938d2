"""Instance paths as MOF and queries write them in strings: ``NAMESPACE:CLASS.KEY="VALUE",KEY=5``."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from cimsim.world.names import fold_namespace
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.values import Hinted, Untyped
from cimsim.world.world import World

_PATH: Final = r"""(?sx)(?:[\\/]{2}(?P<host>[^\\/]*)[\\/])?   # the host; '.' is this one
        (?:[\\/]?(?P<namespace>[^:."=]+):)?
        (?P<classname>\w+)
        \.(?P<keys>.+)"""
_ESCAPED: Final = r"(?s)\\(.)"


@cache
def _key() -> re.Pattern[str]:
    return re.compile(
        r"""\s*(?P<name>\w+)\s*=\s*
        (?:"(?P<quoted>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<plain>[^\s"',]+))
        \s*(?P<end>,|$)""",
        re.VERBOSE | re.DOTALL,
    )


def parse_path(text: str, world: World, namespace: str) -> InstancePath:
    r"""Return the instance path that a text writes; its values are ``Untyped``.

    Args:
        text: the path as DSP0004 writes untyped paths; the separators of the namespace may be ``\`` as well.
        world: knows which keys are references, so that their values are read as paths in turn.
        namespace: what the path is relative to if it names no namespace.

    Raises:
        ValueError: it is not an instance path.
    """
    match = re.fullmatch(_PATH, text)
    if match is None:
        raise ValueError(f"{text!r} is not an instance path: [NAMESPACE:]CLASS.KEY=VALUE[,KEY=VALUE...]")
    target = world.namespaces.get(fold_namespace(match["namespace"] or namespace))
    cls = target.schema.get(match["classname"]) if target else None
    keys = tuple((name, _value(name, value, cls, world, namespace)) for name, value in _keys(text, match["keys"]))
    host = match["host"]
    return InstancePath(match["classname"], keys, match["namespace"] or namespace, None if host in (None, "", ".") else host)


def _keys(text: str, keys: str) -> Iterator[tuple[str, Untyped]]:
    place = 0
    while True:
        match = _key().match(keys, place)
        if match is None:
            raise ValueError(f"{text!r} is not an instance path: KEY=VALUE expected at {keys[place:]!r}")
        quoted = match["quoted"] if match["single"] is None else match["single"]
        yield match["name"], _plain(match["plain"]) if quoted is None else Untyped(re.sub(_ESCAPED, r"\1", quoted))
        place = match.end()
        if not match["end"]:
            return


def _plain(text: str) -> Hinted:
    """Return a value without quotes: a boolean or a number."""
    return Hinted(text, "boolean" if text.lower() in {"true", "false"} else "numeric")


def _value(name: str, value: Untyped, cls: ResolvedClass | None, world: World, namespace: str) -> Untyped | InstancePath:
    prop = cls.find(name) if cls else None
    if prop is not None and prop.type == "reference":
        return parse_path(value, world, namespace)
    return value
