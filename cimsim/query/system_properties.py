"""The system properties of WMI: what every instance tells of its class and its path, without the class declaring it.

To read one costs little, except ``__PATH`` and ``__RELPATH``, which are made from the keys. A comparison of these two with a
text that is a path compares paths, not texts: names and values in any case, keys in any order.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from cimsim.query.comparison import ValueKind
from cimsim.query.wmi_paths import Location, PathError, is_key, lies_in, parse_object_path, values_of, write_object_path
from cimsim.query.work import Meter
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass

_Read = Callable[[tuple[Any, ...]], Any]
_UNITS_OF_PATH: Final = 50
_UNITS_OF_KEY: Final = 5
_UNITS_OF_OTHER_KEY: Final = 20
"""For a key that is not a string, whose text is read anew for each instance."""
_INSTANCE: Final = 2
"""The value of ``__GENUS`` of an instance; that of a class is 1."""


class SystemProperty(msgspec.Struct, frozen=True):
    """A system property: its name, its type, and what makes the function that reads it from the values of an instance."""

    name: str
    type: str
    reader: Callable[[ResolvedClass, Location, Meter], _Read]
    of_class: bool = False
    """Whether the class alone tells it, so that no location is needed."""

    @property
    def is_array(self) -> bool:
        """Whether it is an array."""
        return self.type.endswith("[]")

    @property
    def kind(self) -> ValueKind:
        """The kind of its value, or of its elements."""
        return ValueKind.STRING if self.type.startswith("string") else ValueKind.NUMBER


def _superclass(cls: ResolvedClass) -> str | None:
    return cls.superclass.name if cls.superclass else None


def _derivation(cls: ResolvedClass) -> tuple[str, ...]:
    """Return the superclasses, the nearest first."""
    found = []
    while cls.superclass:
        cls = cls.superclass
        found.append(cls.name)
    return tuple(found)


def _dynasty(cls: ResolvedClass) -> str:
    return (cls.name, *_derivation(cls))[-1]


def _constant(compute: Callable[[ResolvedClass, Location], Any]) -> Callable[[ResolvedClass, Location, Meter], _Read]:
    def made(cls: ResolvedClass, location: Location, _: Meter) -> _Read:
        value = compute(cls, location)
        return lambda _: value

    return made


def _path(cls: ResolvedClass, location: Location | None, meter: Meter) -> _Read:
    names = [(cls.properties[place].name, place) for place in cls.keys]

    def read(values: tuple[Any, ...]) -> str:
        text = write_object_path(cls.name, [(name, values[place]) for name, place in names], location)
        meter.spend(_UNITS_OF_PATH + len(text))
        return text

    return read


_ALL: Final = (
    SystemProperty("__CLASS", "string", _constant(lambda cls, _: cls.name), of_class=True),
    SystemProperty("__SUPERCLASS", "string", _constant(lambda cls, _: _superclass(cls)), of_class=True),
    SystemProperty("__DYNASTY", "string", _constant(lambda cls, _: _dynasty(cls)), of_class=True),
    SystemProperty("__DERIVATION", "string[]", _constant(lambda cls, _: _derivation(cls))),
    SystemProperty("__GENUS", "sint32", _constant(lambda _, __: _INSTANCE)),
    SystemProperty("__PROPERTY_COUNT", "sint32", _constant(lambda cls, _: len(cls.properties))),
    SystemProperty("__SERVER", "string", _constant(lambda _, location: location.server)),
    SystemProperty("__NAMESPACE", "string", _constant(lambda _, location: location.namespace.strip("/").replace("/", "\\"))),
    SystemProperty("__RELPATH", "string", lambda cls, _, meter: _path(cls, None, meter)),
    SystemProperty("__PATH", "string", _path),
)
SYSTEM_PROPERTIES: Final = {fold(each.name): each for each in _ALL}
"""All of them by folded name."""
_PATHS: Final = frozenset({"__path", "__relpath"})


def named_by(name: str, text: str, cls: ResolvedClass, location: Location, meter: Meter) -> _Read | None:
    """Return the function that returns whether a text names an instance.

    Args:
        name: that of the system property, of which only ``__PATH`` and ``__RELPATH`` name instances.
        text: the literal that it is compared with.
        cls: the class of the instances.
        location: where they lie.
        meter: counts what long keys take.

    Returns:
        None where the system property is another, or the text is not a path: then texts compare.
    """
    folded = fold(name)
    if folded not in _PATHS:
        return None
    try:
        path = parse_object_path(text)
    except PathError:
        return None
    whole = path.namespace is not None and path.server is not None and location.is_server(path.server)
    fitting = whole and lies_in(path, location.namespace) if folded == "__path" else path.namespace is None
    if not fitting or fold(path.classname) != cls.folded:
        return lambda _: False
    wanted = values_of(path, [cls.properties[place].name for place in cls.keys])
    if wanted is None:
        return lambda _: False
    # The last key mostly tells instances apart: Name, behind CreationClassName.
    tests = [_key_test(place, text, meter) for place, text in zip(cls.keys, wanted, strict=True)][::-1]
    units = len(tests) * _UNITS_OF_KEY

    def named(values: tuple[Any, ...]) -> bool:
        meter.spend(units)
        return _each(tests, values)

    return named


def _each(tests: list[_Read], values: tuple[Any, ...]) -> bool:
    for test in tests:  # noqa: SIM110 - a generator would cost more than most tests
        if not test(values):
            return False
    return True


def _key_test(place: int, text: str, meter: Meter) -> _Read:
    """Return the function that returns whether the key at a place has the value that a path gives it."""
    folded, most = text.lower(), len(text.lower())

    def test(values: tuple[Any, ...]) -> bool:
        stored = values[place]
        if type(stored) is str:
            # Folding makes no string shorter.
            return len(stored) <= most and stored.lower() == folded
        meter.spend(_UNITS_OF_OTHER_KEY)
        return is_key(text, stored, meter)

    return test
