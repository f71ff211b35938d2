"""What acts below a pack: the providers of the packs that were loaded before it."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from cimsim.operations.methods import Invocation
from cimsim.providers.registry import ProviderBinding, ProviderRegistry
from cimsim.world.errors import method_not_available
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction


class Below:
    """What acts below a pack: the providers of the packs loaded before it, and where these have none, the plain steps.

    So an overlay pack, which binds a provider to a class that has one already, can do more than that one instead of doing all
    itself. The nearest provider acts, as for clients; it sees what the caller has changed so far.
    """

    def __init__(self, bindings: Iterable[ProviderBinding] = ()) -> None:
        self._bindings = tuple(bindings)

    @cached_property
    def _providers(self) -> ProviderRegistry:
        return ProviderRegistry(self._bindings)

    def invoke(self, call: Invocation) -> Any:
        """Carry out an extrinsic method; return what the provider below returns: a return value, or a pair of it and outputs.

        Raises:
            CIMError: CIM_ERR_METHOD_NOT_AVAILABLE if nothing below carries it out; and what it raises.
        """
        transaction = call.transaction
        found = self._providers.find(transaction.namespace, call.cls, fold(call.method.name))
        if found is None:
            raise method_not_available(
                f"method {call.cls.name}.{call.method.name} is declared, but nothing below carries it out"
            )
        return found(call if call.target is None else replace(call, target=transaction.get(call.target)))

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Create an instance for a client."""
        hook = self._providers.creator(fold_namespace(transaction.namespace), cls)
        return transaction.create(cls.name, properties) if hook is None else hook(transaction, cls, properties)

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change an instance for a client."""
        hook = self._providers.modifier(fold_namespace(instance.namespace), instance.cls)
        if hook is None:
            transaction.modify(instance, **properties)
        else:
            hook(transaction, transaction.get(instance), properties)

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        """Delete an instance for a client."""
        hook = self._providers.deleter(fold_namespace(instance.namespace), instance.cls)
        if hook is None:
            transaction.delete(instance)
        else:
            hook(transaction, transaction.get(instance))

    def read_instance(self, transaction: Transaction, instance: Instance) -> Mapping[str, Any]:
        """Return the values that a client is shown in place of the stored ones; none of them: no values."""
        hook = self._providers.reader(instance.namespace, instance.cls)
        return (hook(transaction, instance) if hook else None) or {}

    def refresh(self, transaction: Transaction, classname: str) -> None:
        """Bring the stored instances of a class up to date."""
        hook = self._providers.refreshers(transaction.namespace).get(fold(classname))
        if hook is not None:
            hook(transaction)
