"""Bodies and queries of the control API, read into their types; what is wrong is named."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from cimsim.control.api_errors import ControlError
from cimsim.world.names import nearest

T = TypeVar("T")

_PLACE: Final = re.compile(r"at `\$\.(\w+)")
_MAX_QUERY_FIELDS: Final = 20


def read_body(content: bytes, kind: type[T]) -> T:
    """Return a body of JSON as its type; an empty one is an empty object.

    Raises:
        ControlError: 400, it is not JSON, has a field that does not exist or one of the wrong type.
    """
    what = "the body is not what this takes"
    try:
        given = msgspec.json.decode(content or b"{}")
        _check_names(given, kind, what)
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise _wrong(what, error) from None
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise ControlError(400, f"{what}: {error}") from None
    except SystemError:
        # What older versions of msgspec make of a whole number that no float can hold.
        raise ControlError(400, f"{what}: a number is too large") from None


def read_query(text: str, kind: type[T] | None) -> T | None:
    """Return a query string as its type; ``kind`` None: there must be none.

    Raises:
        ControlError: 400, it has a field that does not exist, one of the wrong type, or one twice.
    """
    what = "the query is not what this takes"
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_QUERY_FIELDS)
    except ValueError as error:
        raise ControlError(400, f"{what}: {error}") from None
    given = dict(pairs)
    _check_names(given, kind, what)
    if len(given) != len(pairs):
        twice = next(name for name in given if sum(each == name for each, _ in pairs) > 1)
        raise ControlError(400, f"{what}: {twice} is given twice", twice)
    if kind is None:
        return None
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _wrong(what, error) from None


def _check_names(given: object, kind: Any, what: str) -> None:
    """Refuse fields that a type does not have; one that is not a struct takes any."""
    known: tuple[str, ...] | None = () if kind is None else getattr(kind, "__struct_fields__", None)
    if known is None or not isinstance(given, Mapping):
        return
    for name in given:
        if name not in known:
            match = nearest(name, known)
            listed = f"there are {', '.join(known)}" if known else "it takes none"
            hint = f"did you mean {match}?" if match else listed
            raise ControlError(400, f"{what}: there is no field {name}; {hint}", name, match or "")


def _wrong(what: str, error: msgspec.ValidationError) -> ControlError:
    place = _PLACE.search(str(error))
    return ControlError(400, f"{what}: {error}", place[1] if place else "")
