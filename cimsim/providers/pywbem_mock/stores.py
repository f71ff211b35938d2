"""The object stores of pywbem_mock, as views of a namespace in the transaction that is going on."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Generic, TypeVar

from pywbem import CIMClass, CIMError, CIMInstance, CIMInstanceName, CIMQualifierDeclaration
from pywbem_mock import BaseObjectStore

from cimsim.providers.pywbem_mock.objects import own_part, shown, stored, with_characters, with_keys
from cimsim.providers.pywbem_mock.stage import Stage
from cimsim.world import unvalidated
from cimsim.world.convert import from_cim_path
from cimsim.world.errors import invalid_parameter
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.world import Namespace

Found = TypeVar("Found")


class _Store(BaseObjectStore, Generic[Found]):  # type: ignore[misc] # pywbem has no type information
    """What the stores have in common.

    As the base class demands, ``KeyError`` and ``ValueError`` report names that do not exist or exist already.

    What is returned without a copy must not be changed; a change of it would change nothing, or nothing reliably.
    """

    kind: Any

    def __init__(self, stage: Stage, namespace: str) -> None:
        super().__init__(self.kind)
        self._cim_object_type = self.kind
        self._stage = stage
        self._name = namespace

    @property
    def _transaction(self) -> Transaction:
        return self._stage.transaction

    @property
    def _namespace(self) -> Namespace:
        return self._transaction.world.namespace(self._name)

    def _find(self, name: Any) -> Found | None:
        raise NotImplementedError

    def _known(self, name: Any) -> Found:
        found = self._find(name)
        if found is None:
            raise KeyError(f"there is no {self.kind.__name__} {name} in {self._name}")
        return found

    def _check_new(self, name: Any, cim_object: Any) -> None:
        if not isinstance(cim_object, self.kind):
            raise TypeError(f"{cim_object!r} is not a {self.kind.__name__}")
        if self._find(name) is not None:
            raise ValueError(f"there is a {self.kind.__name__} {name} in {self._name} already")

    def object_exists(self, name: Any) -> bool:
        """Return whether there is an object of that name."""
        return self._find(name) is not None


class QualifierStore(_Store[CIMQualifierDeclaration]):
    """The qualifier declarations of a namespace, by name."""

    kind = CIMQualifierDeclaration

    def _find(self, name: Any) -> CIMQualifierDeclaration | None:
        return self._namespace.qualifiers.get(fold(name))

    def get(self, name: str, copy: bool = True) -> CIMQualifierDeclaration:
        """Return a qualifier declaration."""
        return _copied(self._known(name), copy)

    def create(self, name: str, cim_object: CIMQualifierDeclaration) -> None:
        """Add a qualifier declaration."""
        self._check_new(name, cim_object)
        self._transaction.set_qualifier(with_characters(deepcopy(cim_object)), self._name)

    def update(self, name: str, cim_object: CIMQualifierDeclaration) -> None:
        """Replace a qualifier declaration."""
        self._known(name)
        self._transaction.set_qualifier(with_characters(deepcopy(cim_object)), self._name)

    def delete(self, name: str) -> None:
        """Remove a qualifier declaration."""
        self._known(name)
        self._transaction.delete_qualifier(name, self._name)

    def iter_names(self) -> Iterator[str]:
        """Return the names of all."""
        return iter([each.name for each in self._namespace.qualifiers.all()])

    def iter_values(self, copy: bool = True) -> Iterator[CIMQualifierDeclaration]:
        """Return all."""
        return (_copied(each, copy) for each in self._namespace.qualifiers.all())

    def len(self) -> int:
        """Return how many there are."""
        return len(self._namespace.qualifiers)


class ClassStore(_Store[ResolvedClass]):
    """The classes of a namespace, by name, each with all that it inherits."""

    kind = CIMClass

    def _find(self, name: Any) -> ResolvedClass | None:
        return self._namespace.schema.get(name)

    def get(self, name: str, copy: bool = True) -> CIMClass:
        """Return a class."""
        return _copied(self._known(name).full, copy)

    def create(self, name: str, cim_object: CIMClass) -> None:
        """Add a class, whose superclass must be there."""
        self._check_new(name, cim_object)
        self._transaction.create_class(self._own_part(cim_object), self._name)

    def update(self, name: str, cim_object: CIMClass) -> None:
        """Replace a class that has neither subclasses nor instances."""
        self._known(name)
        self._transaction.modify_class(self._own_part(cim_object), self._name)

    def delete(self, name: str) -> None:
        """Remove a class that has neither subclasses nor instances."""
        self._known(name)
        self._transaction.delete_class(name, self._name)

    def iter_names(self) -> Iterator[str]:
        """Return the names of all."""
        return iter(self._namespace.schema.names())

    def iter_values(self, copy: bool = True) -> Iterator[CIMClass]:
        """Return all."""
        return (_copied(each.full, copy) for each in self._namespace.schema)

    def len(self) -> int:
        """Return how many there are."""
        return len(self._namespace.schema)

    def _own_part(self, cim_object: CIMClass) -> CIMClass:
        return own_part(cim_object, self._namespace.schema.superclass_of(cim_object))


class InstanceStore(_Store[Instance]):
    """The instances of a namespace, by path."""

    kind = CIMInstance

    def _find(self, name: Any) -> Instance | None:
        namespace = self._namespace
        if not isinstance(name, CIMInstanceName):
            return None
        if name.namespace is not None and fold_namespace(name.namespace) != fold_namespace(self._name):
            return None
        cls = namespace.schema.get(name.classname)
        if cls is None:
            return None
        try:
            key = self._transaction.world.key(from_cim_path(name), cls, namespace)
        except CIMError:
            # No instance can have keys that do not fit its class.
            return None
        return namespace.find(cls.folded, key)

    def get(self, name: CIMInstanceName, copy: bool = True) -> CIMInstance:
        """Return an instance; it is a copy in any case."""
        return shown(self._known(name))

    def create(self, name: CIMInstanceName, cim_object: CIMInstance) -> None:
        """Add an instance, whose class must be there and have the keys of the path.

        pywbem_mock does not ask whether a class has keys at all. One without any gets those of its first instance.
        """
        self._check_new(name, cim_object)
        cls = self._namespace.cls(name.classname)
        if fold(cim_object.classname) != cls.folded:
            raise invalid_parameter(f"the path names class {cls.name}, the instance is of class {cim_object.classname}")
        keys = list(name.keybindings)
        if keys and not cls.keys and all(key in cls.declared.properties for key in keys):
            cls = self._transaction.modify_class(with_keys(cls, keys), self._name)
        self._transaction.world.key(from_cim_path(name), cls, self._namespace)
        unvalidated.create(self._transaction, stored(cim_object, name, cls), self._name)

    def update(self, name: CIMInstanceName, cim_object: CIMInstance) -> None:
        """Replace an instance: properties that are missing become NULL."""
        before = self._known(name)
        cls = before.cls
        given = self._transaction.world.values(cls, stored(cim_object, name, cls), self._namespace)
        values = {place: given.get(place) for place in range(len(cls.properties)) if place not in cls.keys}
        unvalidated.modify(self._transaction, before, values)

    def delete(self, name: CIMInstanceName) -> None:
        """Remove an instance; associations that refer to it stay."""
        unvalidated.delete(self._transaction, self._known(name))

    def iter_names(self) -> Iterator[CIMInstanceName]:
        """Return the paths of all."""
        return (each.path for each in self.iter_values())

    def iter_values(self, copy: bool = True) -> Iterator[CIMInstance]:
        """Return all."""
        return map(shown, [instance for of_class in self._namespace.instances.all() for instance in of_class.all()])

    def len(self) -> int:
        """Return how many there are."""
        return self._namespace.instance_count


def _copied(cim_object: Any, copy: bool) -> Any:
    copied: Callable[[Any], Any] = deepcopy
    return copied(cim_object) if copy else cim_object
