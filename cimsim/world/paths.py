"""Instance paths and their identity, and the names of classes where they stand for these."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from cimsim.world.names import fold, fold_namespace
from cimsim.world.values import DateTime


class Identity(NamedTuple):
    """What makes two instance paths name the same instance (rules G12 and D23); hashable.

    ``host`` is empty for this server. ``key`` holds the canonical key values in the order of the folded key names.
    """

    host: str
    namespace: str
    classname: str
    key: tuple[Any, ...]


class ClassName(str):
    """The name of a class, where a string would be another thing."""

    __slots__ = ()


class ClassPath(NamedTuple):
    """A class in a namespace (None: that of the request)."""

    classname: str
    namespace: str | None = None
    host: str | None = None


@dataclass(slots=True, unsafe_hash=True)
class InstancePath:
    """An instance path as the world keeps it, and as requests bring it. Nobody may change one.

    ``keys`` are pairs of key name and value, in any order. ``namespace`` is None in a path relative to the namespace of the
    request, ``host`` None on this server. In a path that came from a client the values may still be ``Untyped`` and the names
    in any spelling; ``Binding.reference`` gives both their declared form. A key without a name (rule D20) has the name "".

    ``types`` are the CIM types of the keys, in the order of ``keys``: the values do not say the width of a number. None, for
    all or for one, where it is not known or the value says it.
    """

    classname: str
    keys: tuple[tuple[str, Any], ...]
    namespace: str | None = None
    host: str | None = None
    types: tuple[str | None, ...] | None = field(default=None, compare=False, repr=False)
    # To have Python forbid that would make a path five times as expensive to make, which every request pays for.
    #
    # An association is asked for the identities of its ends again and again, so each is worked out once.
    _identity: Identity | None = field(default=None, init=False, repr=False, compare=False)
    _settled: bool = field(default=False, init=False, repr=False, compare=False)

    @classmethod
    def settled(
        cls,
        classname: str,
        keys: tuple[tuple[str, Any], ...],
        namespace: str,
        types: tuple[str | None, ...] | None,
        host: str | None = None,
        identity: Identity | None = None,
    ) -> "InstancePath":
        """Return a path that is absolute, with declared spellings and typed keys, and known to be so.

        ``identity``: its own, where that is known already.
        """
        path = cls(classname, keys, namespace, host, types)
        path._settled = True
        path._identity = identity
        return path

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing left to find out about it."""
        return self._settled

    @property
    def identity(self) -> Identity:
        """The canonical form; the path must be absolute (``namespace`` set) and its values typed."""
        identity = self._identity
        if identity is None:
            identity = self._identity = self._identify()
        return identity

    def _identify(self) -> Identity:
        keys = self.keys
        host = self.host.lower() if self.host else ""
        if not self._settled:
            # The names may be any text of any length, which is nothing to remember.
            namespace, classname = fold_namespace(self.namespace or ""), fold(self.classname)
            ordered = sorted(keys, key=lambda item: fold(item[0]))
            return Identity(host, namespace, classname, tuple([canonical(value) for _, value in ordered]))
        namespace, classname = _folded(self.namespace or "", self.classname)
        if len(keys) == 1:
            value = keys[0][1]
            return Identity(host, namespace, classname, (value if type(value) is str else canonical(value),))
        order = _key_order(tuple([name for name, _ in keys]))
        return Identity(host, namespace, classname, tuple([canonical(keys[place][1]) for place in order]))

    def __str__(self) -> str:
        """The untyped model path, as DSP0004 writes it and error texts show it."""
        host = f"//{self.host}/" if self.host else ""
        namespace = f"{self.namespace}:" if self.namespace else ""
        keys = ",".join(f"{name}={_quoted(value)}" for name, value in self.keys)
        return f"{host}{namespace}{self.classname}.{keys}" if keys else f"{host}{namespace}{self.classname}"


@lru_cache(maxsize=1024)
def _folded(namespace: str, classname: str) -> tuple[str, str]:
    """Return both names as identities have them; there are far fewer of them than paths."""
    return fold_namespace(namespace), fold(classname)


@lru_cache(maxsize=1024)
def _key_order(names: tuple[str, ...]) -> tuple[int, ...]:
    """Return the places of key names in the order of the folded names."""
    return tuple(sorted(range(len(names)), key=lambda place: fold(names[place])))


def canonical(value: Any) -> Any:
    """Return the hashable form of a key value: equal for values that CIM calls equal."""
    if isinstance(value, DateTime):
        return value.instant
    if isinstance(value, InstancePath):
        return value.identity
    return value


def _quoted(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (str, InstancePath)):
        text = str(value).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    return str(value)
