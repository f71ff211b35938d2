"""The connection that mock scripts get."""

from typing import Any

from pywbem_mock import FakedWBEMConnection, ProviderRegistry

from cimsim.providers.pywbem_mock.mock_repository import Repository
from cimsim.providers.pywbem_mock.stage import Stage


class ScriptConnection(FakedWBEMConnection):  # type: ignore[misc] # pywbem has no type information
    """A ``FakedWBEMConnection`` whose CIM repository is the world of the transaction that is going on.

    Its default namespace must be there.
    """

    def __init__(self, stage: Stage, default_namespace: str) -> None:
        self._repository = Repository(stage)
        super().__init__(default_namespace=default_namespace)
        # Its copies take the repository from here.
        self._cimrepository: Any = self._repository

    @property
    def cimrepository(self) -> Repository:
        """The CIM repository."""
        return self._repository

    def add_namespace(self, namespace: str, verbose: bool = False) -> None:
        """Add an empty namespace.

        pywbem_mock creates an instance of CIM_Namespace where there is an Interop namespace, and leaves the rest to the
        provider of that class. Without such a provider, as beside the pack ``interop``, the namespace itself is created.
        """
        interop = self.find_interop_namespace()
        if interop and not self.registry.get_registered_provider(interop, "instance-write", "CIM_Namespace"):
            self._mainprovider.add_namespace(namespace, verbose=verbose)
        else:
            super().add_namespace(namespace, verbose=verbose)

    @property
    def registry(self) -> ProviderRegistry:
        """The providers that scripts registered."""
        return self._provider_registry
