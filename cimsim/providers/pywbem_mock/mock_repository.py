"""The CIM repository of pywbem_mock, as a view of the transaction that is going on."""

from typing import Any

from pywbem_mock import BaseRepository, InMemoryRepository

from cimsim.providers.pywbem_mock.stage import Stage
from cimsim.providers.pywbem_mock.stores import ClassStore, InstanceStore, QualifierStore
from cimsim.world.names import fold_namespace
from cimsim.world.world import World


class Repository(BaseRepository):  # type: ignore[misc] # pywbem has no type information
    """The namespaces of a world, each with its object stores.

    As the base class demands, ``KeyError`` and ``ValueError`` report names that do not exist or exist already.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        # pywbem_mock insists on a list of its own, whose items may be spelt in any case.
        self._list: Any = type(InMemoryRepository().namespaces)

    @property
    def _world(self) -> World:
        return self._stage.transaction.world

    @property
    def namespaces(self) -> Any:
        """The names of all namespaces, in order of creation."""
        return self._list([namespace.name for namespace in self._world.namespaces.values()])

    def validate_namespace(self, namespace: str) -> None:
        """Raise KeyError if there is no such namespace."""
        if namespace is None:
            raise ValueError("a namespace has a name, not None")
        if fold_namespace(namespace) not in self._world.namespaces:
            raise KeyError(f"there is no namespace {namespace}")

    def add_namespace(self, namespace: str) -> None:
        """Add an empty namespace."""
        if namespace is None or fold_namespace(namespace) in self._world.namespaces:
            raise ValueError(f"a namespace {namespace} cannot be added, or is there already")
        self._stage.transaction.create_namespace(namespace)

    def remove_namespace(self, namespace: str) -> None:
        """Remove an empty namespace."""
        self.validate_namespace(namespace)
        stores = self.get_class_store(namespace), self.get_qualifier_store(namespace), self.get_instance_store(namespace)
        if any(store.len() for store in stores):
            raise ValueError(f"namespace {namespace} is not empty")
        self._stage.transaction.delete_namespace(namespace)

    def get_class_store(self, namespace: str) -> ClassStore:
        """Return the classes of a namespace."""
        self.validate_namespace(namespace)
        return ClassStore(self._stage, namespace)

    def get_instance_store(self, namespace: str) -> InstanceStore:
        """Return the instances of a namespace."""
        self.validate_namespace(namespace)
        return InstanceStore(self._stage, namespace)

    def get_qualifier_store(self, namespace: str) -> QualifierStore:
        """Return the qualifier declarations of a namespace."""
        self.validate_namespace(namespace)
        return QualifierStore(self._stage, namespace)
