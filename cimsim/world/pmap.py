"""A small persistent map: every version is immutable, and versions share what is equal between them.

A map is a frozen ``base`` dictionary, shared by all versions made from it, and two small dictionaries of changes over it:
``over`` replaces or removes keys of the base in their place, ``more`` holds the keys that came later, in order. A write copies
only the changes; once they outgrow the square root of the base they are folded into a new base. So a read costs at most three
look-ups, a write O(sqrt n) with a tiny constant, a snapshot nothing, and iteration runs in creation order.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from math import isqrt
from typing import Any, Final, Generic, TypeVar, cast

K = TypeVar("K")
V = TypeVar("V")

_REMOVED: Final = object()
_ABSENT: Final = object()
_SMALLEST_FOLD: Final = 16


class PersistentMap(Mapping[K, V], Generic[K, V]):
    """An immutable mapping; ``set`` and ``delete`` return the next version and leave this one as it was.

    Construct it from a dictionary, which must not be changed afterwards.
    """

    __slots__ = ("_base", "_len", "_make", "_more", "_over")

    def __init__(self, items: dict[K, V] | None = None) -> None:
        self._base: dict[K, Any] = {} if items is None else items
        self._over: dict[K, Any] = {}
        self._more: dict[K, Any] = {}
        self._len = len(self._base)

    @classmethod
    def _version(cls, base: dict[K, Any], over: dict[K, Any], more: dict[K, Any], length: int) -> "PersistentMap[K, V]":
        new = cls.__new__(cls)
        if len(over) + len(more) > max(_SMALLEST_FOLD, isqrt(len(base))):
            base, over, more = _folded(base, over, more), {}, {}
        new._base, new._over, new._more, new._len = base, over, more, length
        return new

    def set(self, key: K, value: V) -> "PersistentMap[K, V]":
        """Return a version in which ``key`` has ``value``; a new key comes last, a known one keeps its place."""
        over, more, length = self._over, self._more, self._len
        if key in more:
            more = {**more, key: value}
        elif key in self._base and over.get(key) is not _REMOVED:
            over = {**over, key: value}
        else:
            more = {**more, key: value}
            length += 1
        return self._version(self._base, over, more, length)

    def delete(self, key: K) -> "PersistentMap[K, V]":
        """Return a version without ``key``.

        Raises:
            KeyError: the map has no such key.
        """
        if key in self._more:
            more = {name: value for name, value in self._more.items() if name != key}
            return self._version(self._base, self._over, more, self._len - 1)
        if key not in self._base or self._over.get(key) is _REMOVED:
            raise KeyError(key)
        return self._version(self._base, {**self._over, key: _REMOVED}, self._more, self._len - 1)

    def __getitem__(self, key: K) -> V:
        if not self._more and not self._over:
            return cast(V, self._base[key])
        value = self.get(key, _ABSENT)
        if value is _ABSENT:
            raise KeyError(key)
        return cast(V, value)

    def get(self, key: K, default: Any = None) -> Any:
        """Return the value of ``key``, or ``default``."""
        if self._more:
            value = self._more.get(key, _ABSENT)
            if value is not _ABSENT:
                return value
        if self._over:
            value = self._over.get(key, _ABSENT)
            if value is not _ABSENT:
                return default if value is _REMOVED else value
        return self._base.get(key, default)

    def __contains__(self, key: object) -> bool:
        return self.get(cast(K, key), _ABSENT) is not _ABSENT

    def __len__(self) -> int:
        return self._len

    def __iter__(self) -> Iterator[K]:
        over = self._over
        base = self._base if not over else (key for key in self._base if over.get(key) is not _REMOVED)
        return chain(base, self._more) if self._more else iter(base)

    def __repr__(self) -> str:
        return f"PersistentMap({dict(self.items())!r})"

    def changed_since(self, before: "PersistentMap[K, V]") -> Iterator[K]:
        """Yield each key once whose value is not the same object as in ``before``, or that only one of the two has.

        Those that only this one has come last, in creation order. Between versions with the same base it costs what is over it.
        """
        if self is before:
            return
        keys = [before, self] if self._base is not before._base else [before._over, self._over, before._more, self._more]
        for key in dict.fromkeys(chain.from_iterable(keys)):
            if self.get(key, _ABSENT) is not before.get(key, _ABSENT):
                yield key

    def iterate(self) -> Iterator[V]:
        """Yield all values in creation order, each when it is asked for."""
        values: Iterator[V] = iter(self._base.values())
        if self._over:
            changed = (self._over.get(key, value) for key, value in self._base.items())
            values = (value for value in changed if value is not _REMOVED)
        return chain(values, self._more.values()) if self._more else values

    def all(self) -> list[V]:
        """Return all values in creation order; much faster than going through ``values()``."""
        if not self._over:
            return [*self._base.values(), *self._more.values()]
        # Copying and updating a dictionary is several times faster than looking for a change of each key.
        values = [*{**self._base, **self._over}.values()]
        if self._len != len(self._base) + len(self._more):
            values = [value for value in values if value is not _REMOVED]
        return [*values, *self._more.values()]


class DeferredMap(PersistentMap[K, V]):
    """A map whose items are made when something asks for the first of them; then it is a :class:`PersistentMap`.

    Args:
        length: how many items there are.
        make: returns them; it may be called twice where two threads share the map, and returns equal items then.
    """

    __slots__ = ()
    _make: Callable[[], dict[K, V]] | None

    def __init__(self, length: int, make: Callable[[], dict[K, V]]) -> None:
        self._len = length
        self._make = make

    def __getattr__(self, name: str) -> Any:
        # Asked for whatever is not there yet.
        if name not in ("_base", "_more", "_over"):
            raise AttributeError(name)
        make = self._make
        if make is not None:
            items = make()
            self._more, self._over, self._base = {}, {}, items
            # A class with __getattr__ is slower to read from, for good.
            object.__setattr__(self, "__class__", PersistentMap)
            self._make = None
        return object.__getattribute__(self, name)


def _folded(base: dict[Any, Any], over: dict[Any, Any], more: dict[Any, Any]) -> dict[Any, Any]:
    """Return one dictionary with the changes applied."""
    if not over:
        return {**base, **more}
    merged = {**base, **over}
    # By identity: the values may be objects of pywbem, which refuse to be compared with others.
    for key in [key for key, value in over.items() if value is _REMOVED]:
        del merged[key]
    # What came again after it was removed comes last.
    merged.update(more)
    return merged
