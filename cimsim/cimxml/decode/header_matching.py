"""Whether the CIM headers name what the body asks for (rules HC1 to HC3, HC7 to HC12).

The texts of header and body are rarely equal: clients sort, quote, escape and case the object path as they like. So the header
is read as a model path and compared by parts. The types of the keys are unknown here, so the comparison is lenient: a quoted
value must have the same text, a bare one may also be the same number or boolean.
"""

import re
from functools import cache
from typing import Any, Final

from cimsim.cimxml.cim_headers import CimHeaders, readings
from cimsim.cimxml.message import HEADER_MISMATCH, MessageError
from cimsim.operations.request import ClassName
from cimsim.world.names import fold, fold_namespace
from cimsim.world.paths import InstancePath
from cimsim.world.values import Untyped

# Possessive throughout: what a client sends must not make the search go back and forth.
_PATH: Final = r'(?s)(?://[^/]*+/)?(?:([^:"=]*+):)?([^:."=]++)(?:\.(.*+))?'


@cache
def _key() -> re.Pattern[str]:
    return re.compile(r'\s*+([^=,"\s]*+)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"\s*+|([^",]*+))(,|\Z)', re.DOTALL)


_ESCAPED: Final = r'\\(["\\])'
_INTEGER: Final = r"[+-]?(?:[0-9]{1,100}|0[xX][0-9a-fA-F]{1,100})"
_REAL: Final = r"[+-]?[0-9]{0,100}\.?[0-9]{1,100}(?:[eE][+-]?[0-9]{1,5})?"
_MAX_DEPTH: Final = 10
"""How deep reference keys may be nested; every level doubles the escapes, so no real path is deeper."""

_Keys = dict[str, tuple[str, bool]]
"""Folded key names with the text of the value and whether it was quoted."""


def check_method(headers: CimHeaders, name: str) -> None:
    """Check that CIMMethod is the name of the method in any spelling (rule HC7); raises MessageError, header-mismatch."""
    method = headers.method or ""
    if method != name and headers.matched and all(fold(text) != fold(name) for text in readings(method)):
        raise MessageError(HEADER_MISMATCH, f"CIMMethod is {method!r}, but the body calls {name}")


def check_object(headers: CimHeaders, namespace: str, target: InstancePath | ClassName | None) -> None:
    """Check that CIMObject is the namespace, or with a ``target`` that of a method (rules HC8 to HC10).

    Raises:
        MessageError: header-mismatch.
    """
    text = headers.object or ""
    if target is None:
        wanted = fold_namespace(namespace)
        fits = text == namespace or any(fold_namespace(reading) == wanted for reading in readings(text))
    elif isinstance(target, InstancePath):
        fits = _is_written_so(text, target, namespace) or any(names(reading, target, namespace) for reading in readings(text))
    else:
        fits = any(_names_class(reading, target, namespace) for reading in readings(text))
    if not fits and headers.matched:
        wanted = namespace if target is None else f"{namespace}:{target}"
        raise MessageError(HEADER_MISMATCH, f"CIMObject is {text!r}, but the body names {wanted}")


def _is_written_so(text: str, path: InstancePath, namespace: str) -> bool:
    """Return whether a header is the text that most clients make of a path, which ``names`` takes longer to find out.

    It is only looked for where no part of the path has a character that means something in that text.
    """
    plain = text.replace("%22", '"')
    keys = path.keys
    if "%" in plain or "\\" in plain or not plain.isascii() or not namespace or namespace[0] == "/":
        return False
    written = ",".join([f'{name}="{value}"' for name, value in keys if type(value) is Untyped])
    return (
        plain == f"{namespace}:{path.classname}.{written}"
        and plain.count('"') == 2 * len(keys)
        and plain.count("=") == len(keys)
        and plain.count(":", 0, len(namespace) + 1) == 1
        and len({fold(name) for name, _ in keys}) == len(keys)
    )


def _names_class(text: str, classname: str, namespace: str) -> bool:
    match = re.fullmatch(_PATH, text)
    return match is not None and match[3] is None and _in_class(match, classname, namespace)


def _in_class(match: re.Match[str], classname: str, namespace: str) -> bool:
    return (
        match[1] is not None
        and fold(match[2].strip()) == fold(classname)
        and (match[1] == namespace or fold_namespace(match[1]) == fold_namespace(namespace))
    )


def names(text: str, path: InstancePath, namespace: str, depth: int = 0) -> bool:
    """Return whether a model path in text names the instance of ``path`` in ``namespace``."""
    match = re.fullmatch(_PATH, text)
    if match is None or not _in_class(match, path.classname, namespace):
        return False
    return _same_keys(match[3] or "", path, depth)


def _names_reference(text: str, path: InstancePath, depth: int) -> bool:
    """Return whether the text of a reference key names ``path``; a part that only one of them has (namespace, host) fits."""
    match = re.fullmatch(_PATH, text)
    if match is None or fold(match[2].strip()) != fold(path.classname):
        return False
    if match[1] and path.namespace and fold_namespace(match[1]) != fold_namespace(path.namespace):
        return False
    return _same_keys(match[3] or "", path, depth)


def _same_keys(text: str, path: InstancePath, depth: int) -> bool:
    keys = _keys(text)
    if keys is None or len(keys) != len(path.keys):
        return False
    if len(keys) == 1 and path.keys[0][0] == "":
        return _same(*next(iter(keys.values())), path.keys[0][1], depth)
    for name, value in path.keys:
        given = keys.get(fold(name))
        if given is None or not _same(*given, value, depth):
            return False
    return True


def _keys(text: str) -> _Keys | None:
    """Return the key bindings that a text lists, or None when it lists none."""
    keys: _Keys = {}
    place = 0
    while place < len(text):
        match = _key().match(text, place)
        if match is None:
            return None
        name, quoted, bare, end = match.groups()
        name = fold(name)
        place = match.end()
        if name in keys or (end and place == len(text)):
            return None
        if quoted is None:
            keys[name] = (bare.strip(), False)
        else:
            keys[name] = (re.sub(_ESCAPED, r"\1", quoted) if "\\" in quoted else quoted, True)
    return keys


def _same(text: str, quoted: bool, value: Any, depth: int) -> bool:
    if isinstance(value, InstancePath):
        return quoted and depth < _MAX_DEPTH and _names_reference(text, value, depth + 1)
    body = str(value)
    if text == body:
        return True
    if quoted:
        return False
    body = body.strip()
    if text.lower() in {"true", "false"}:
        return text.lower() == body.lower()
    number = _number(text)
    return number is not None and number == _number(body)


def _number(text: str) -> int | float | None:
    if re.fullmatch(_INTEGER, text):
        return int(text, 16 if "x" in text.lower() else 10)
    if re.fullmatch(_REAL, text):
        return float(text)
    return None
