"""The providers that mock scripts register at their connection, as part of the registry of providers.

Such a provider acts for exactly the classes that it is registered for, and not for their subclasses, as in pywbem_mock. It
comes before providers of packs. A provider that another one registers while the simulator runs acts from the next operation on.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from pywbem import CIMClassName, CIMError, CIMInstanceName, CIMParameter, NocaseDict

from cimsim.operations.hooks import CreateHook, DeleteHook, ModifyHook
from cimsim.operations.methods import Implementation, Invocation
from cimsim.providers.pywbem_mock.mock_connection import ScriptConnection
from cimsim.providers.pywbem_mock.objects import argument, modified_instance, new_instance
from cimsim.providers.pywbem_mock.stage import Stage
from cimsim.providers.registry import ProviderBinding, ProviderRegistry
from cimsim.world.convert import to_cim_path
from cimsim.world.errors import failed, invalid_parameter
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction, same_key


class RegisteredProviders(ProviderRegistry):
    """The providers of packs, and before them those that scripts have registered at a connection.

    ``stage`` is that of the connection.
    """

    def __init__(self, connection: ScriptConnection, stage: Stage, bindings: Iterable[ProviderBinding] = ()) -> None:
        super().__init__(bindings)
        self._connection = connection
        self._registry = connection.registry
        self._stage = stage

    def with_bindings(self, bindings: Iterable[ProviderBinding]) -> ProviderRegistry:
        """Return a registry with these bindings of packs in place of its own."""
        return RegisteredProviders(self._connection, self._stage, bindings)

    def find(self, namespace: str, cls: ResolvedClass, method: str) -> Implementation | None:
        """Return what carries out a method: the provider that is registered for the class, else that of the packs."""
        provider = self._registry.get_registered_provider(namespace, "method", cls.name)
        return super().find(namespace, cls, method) if provider is None else partial(self._invoke, provider)

    def creator(self, namespace: str, cls: ResolvedClass) -> CreateHook | None:
        """Return what creates instances, likewise."""
        provider = self._writer(namespace, cls)
        return super().creator(namespace, cls) if provider is None else partial(self._create, provider)

    def modifier(self, namespace: str, cls: ResolvedClass) -> ModifyHook | None:
        """Return what changes instances, likewise."""
        provider = self._writer(namespace, cls)
        return super().modifier(namespace, cls) if provider is None else partial(self._modify, provider)

    def deleter(self, namespace: str, cls: ResolvedClass) -> DeleteHook | None:
        """Return what deletes instances, likewise."""
        provider = self._writer(namespace, cls)
        return super().deleter(namespace, cls) if provider is None else partial(self._delete, provider)

    def _writer(self, namespace: str, cls: ResolvedClass) -> Any:
        return self._registry.get_registered_provider(namespace, "instance-write", cls.name)

    # What the providers do

    def _invoke(self, provider: Any, call: Invocation) -> tuple[Any, dict[str, Any]]:
        """Have a provider carry a method out. Arguments that are NULL are left out, as if the client had omitted them."""
        target = CIMClassName(call.cls.name, namespace=call.transaction.namespace)
        if call.target is not None:
            target = to_cim_path(call.target.path)
        parameters = NocaseDict()
        for parameter in call.method.parameters.values():
            value = call.arguments.get(parameter.name)
            if value is not None:
                parameters[parameter.name] = argument(parameter, value)
        with self._stage.using(call.transaction):
            return _returned(provider.InvokeMethod(call.method.name, target, parameters))

    def _create(self, provider: Any, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        with self._stage.using(transaction):
            path = provider.CreateInstance(transaction.namespace, new_instance(cls, properties))
        if not isinstance(path, CIMInstanceName):
            raise failed(f"the provider of {cls.name} returned {path!r} for the path of the new instance")
        try:
            return transaction.get(path)
        except CIMError:
            raise failed(f"the provider of {cls.name} returned {path}, but created no such instance") from None

    def _modify(self, provider: Any, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        for name, value in properties.items():
            place = instance.cls.index[fold(name)]
            if place in instance.cls.keys and not same_key(instance.values[place], value):
                raise invalid_parameter(f"key {name} of {instance.path} cannot change")
        with self._stage.using(transaction):
            provider.ModifyInstance(modified_instance(instance, properties), IncludeQualifiers=None)

    def _delete(self, provider: Any, transaction: Transaction, instance: Instance) -> None:
        """Have a provider delete an instance, and then see to the associations that it left behind (rule OP-DI-2)."""
        with self._stage.using(transaction):
            provider.DeleteInstance(to_cim_path(instance.path))
        if transaction.world.find(instance.identity) is not None:
            return
        for namespace in list(transaction.world.namespaces.values()):
            for association in namespace.referring_to(instance.identity):
                if transaction.world.find(association.identity) is not None:
                    transaction.delete(association)


def _returned(result: Any) -> tuple[Any, dict[str, Any]]:
    """Return what a method provider returned as a provider does; TypeError if it returned anything else."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise TypeError(f"a pair of return value and output parameters expected, not {result!r}")
    value, outputs = _plain(result[0]), result[1]
    if isinstance(outputs, Mapping):
        return value, {name: _plain(output) for name, output in outputs.items()}
    if not isinstance(outputs, Sequence) or not all(isinstance(output, CIMParameter) for output in outputs):
        raise TypeError(f"output parameters are a sequence of CIMParameter or a mapping of names to values, not {outputs!r}")
    return value, {output.name: output.value for output in outputs}


def _plain(output: Any) -> Any:
    return output.value if isinstance(output, CIMParameter) else output
