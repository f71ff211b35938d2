"""Instances as lean frozen records."""

from copy import deepcopy
from typing import Any

from pywbem import CIMInstance

from cimsim.world.convert import to_cim_path, to_cim_property
from cimsim.world.names import fold, fold_namespace
from cimsim.world.paths import Identity, InstancePath, canonical
from cimsim.world.schema import ResolvedClass


class Instance:
    """One stored instance: its class, its namespace's name, its canonical key, its values in class property order.

    Frozen by convention: a change makes a new record. ``memo``, ``path_memo`` and ``wsman_memo`` belong to codecs, which keep
    there what they rendered. Read a property with ``instance["Started"]``, in any spelling; what it embeds is then a copy, so
    that nobody can change the world behind its back. ``values`` are the stored objects themselves: only look at them. ``key``:
    the canonical key, where it is known already.
    """

    __slots__ = ("_identity", "cls", "key", "memo", "namespace", "path_memo", "values", "wsman_memo")

    def __init__(self, cls: ResolvedClass, namespace: str, values: tuple[Any, ...], key: tuple[Any, ...] | None = None) -> None:
        self.cls = cls
        self.namespace = namespace
        self.values = values
        self.key = tuple([canonical(values[place]) for place in cls.key_order]) if key is None else key
        self.memo: Any = None
        self.path_memo: Any = None
        self.wsman_memo: Any = None
        self._identity: Identity | None = None

    def __getitem__(self, name: str) -> Any:
        place = self.cls.index.get(fold(name))
        if place is None:
            raise KeyError(self.cls.no_property(name))
        return deepcopy(self.values[place]) if place in self.cls.embedded else self.values[place]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and fold(name) in self.cls.index

    def __repr__(self) -> str:
        return f"<Instance {self.path}>"

    @property
    def path(self) -> InstancePath:
        """The absolute path, with declared spellings and the keys in class order."""
        return self._path(self._identity)

    @property
    def located(self) -> InstancePath:
        """The same, with which to look the instance up again costs little."""
        return self._path(self.identity)

    def _path(self, identity: Identity | None) -> InstancePath:
        properties, values = self.cls.properties, self.values
        keys = tuple([(properties[place].name, values[place]) for place in self.cls.keys])
        return InstancePath.settled(self.cls.name, keys, self.namespace, self.cls.key_types, identity=identity)

    @property
    def identity(self) -> Identity:
        """The identity of ``path``, without computing the path."""
        identity = self._identity
        if identity is None:
            identity = self._identity = Identity("", fold_namespace(self.namespace), self.cls.folded, self.key)
        return identity

    def with_values(self, changes: dict[int, Any]) -> "Instance":
        """Return the record with other values at the given places."""
        values = list(self.values)
        for place, value in changes.items():
            values[place] = value
        return Instance(self.cls, self.namespace, tuple(values))

    def to_cim(self, *, path: bool = True) -> CIMInstance:
        """Return the instance as pywbem has it, with its path unless ``path`` is False: what is embedded has none."""
        instance = CIMInstance(self.cls.name, path=to_cim_path(self.path) if path else None)
        for prop, value in zip(self.cls.properties, self.values, strict=True):
            instance.properties[prop.name] = to_cim_property(prop, value)
        return instance
