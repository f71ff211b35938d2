"""The provider API: a Python class whose methods are the extrinsic methods of a CIM class.

A provider is bound to a CIM class, and thereby to its subclasses, in a namespace. Each of its methods that has the name of a
CIM method takes an :class:`~cimsim.operations.methods.Invocation` and returns the return value, or a pair of it and the output
parameters::

    class Lamp(Provider):
        def Switch(self, call: Invocation) -> int:
            call.transaction.modify(call.instance, Lit=call.arguments["On"])
            return 0

A method returns ``(None, {})`` for a NULL return value: None alone is taken for a forgotten ``return``, and fails.
Instances are found by their paths, by following associations, or by their properties::

    lit = list(call.transaction.select("X_Lamp", Lit=True))

What they embed is read as a copy: only ``modify`` changes an instance.

Nothing a method changed is visible when it raises. A ``pywbem.CIMError`` reaches the client as it is, any other exception as
CIM_ERR_FAILED.

A provider may also act when a client writes instances of its class: it overrides ``create_instance``, ``modify_instance`` or
``delete_instance``, and calls the inherited method for the plain operation. ``read_instance`` and ``refresh`` act when a client
reads. For hooks that a provider does not override, those of a provider of a superclass count.
"""

from collections.abc import Callable, Mapping
from inspect import isfunction
from types import FunctionType
from typing import Any, Final

from cimsim.operations.methods import Implementation
from cimsim.providers.below import Below
from cimsim.providers.timing import chosen, parse_rule
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass
from cimsim.world.timing import IMMEDIATE, Timing
from cimsim.world.transaction import Transaction


class Provider:
    """Base class of providers. One object serves all requests and worlds, so it must not keep anything between calls.

    Args:
        settings: those of the pack, by name, typed as the pack declares them, and those of the packs that it requires.

    Attributes:
        settings: the same.
        below: what acts without this pack: the providers of the packs that were loaded before it.
    """

    below: Below = Below()

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self._rules = tuple(parse_rule(each) for each in settings.get("timings", ()))

    def methods(self) -> dict[str, Implementation]:
        """Return the methods that this provider carries out, by folded name: those whose names begin with a capital."""
        kind = type(self)
        return {fold(name): getattr(self, name) for name in dir(kind) if _is_method(name, getattr(kind, name))}

    def own_methods(self) -> dict[str, FunctionType]:
        """Return those of them that its own class defines and does not inherit, by name."""
        return {name: value for name, value in vars(type(self)).items() if _is_method(name, value)}

    # Hooks

    def create_instance(self, transaction: Transaction, cls: ResolvedClass, properties: dict[str, Any]) -> Instance:
        """Create an instance for a client, and return it.

        Args:
            transaction: what to create it in; its namespace is that of the request.
            cls: the class that the client names.
            properties: the values that it gave, by declared name, typed as the class declares them.

        Raises:
            CIMError: the client gets it, and nothing is changed.
        """
        return transaction.create(cls.name, properties)

    def modify_instance(self, transaction: Transaction, instance: Instance, properties: Mapping[str, Any]) -> None:
        """Change an instance for a client; ``properties`` are as for ``create_instance``, also some with an unchanged value."""
        transaction.modify(instance, **properties)

    def delete_instance(self, transaction: Transaction, instance: Instance) -> None:
        """Delete an instance for a client."""
        transaction.delete(instance)

    def read_instance(self, transaction: Transaction, instance: Instance) -> Mapping[str, Any] | None:
        """Return values to show a client in place of the stored ones, by property name.

        It is called for each instance that an answer or a condition of a query shows; nothing that it does is kept.
        Providers themselves see the stored values.
        """
        return None

    def refresh(self, transaction: Transaction) -> None:
        """Bring the stored instances of the class up to date before an operation looks at them.

        It may create, change and delete instances (``transaction.synchronize`` does all three); no indications are sent for
        these changes. Associations computed on reading are instances like others.
        """

    def namespaces_changed(self, transaction: Transaction) -> None:
        """Act after namespaces were created or deleted, by whomever."""

    # Time

    def timing(self, transaction: Transaction, instance: Instance, method: str, default: Timing = IMMEDIATE) -> Timing:
        """Return how long a transition takes that a method begins.

        A fault rule that acts on the call says so, else the pack's setting ``timings``, else ``default``.

        Call it once for each call of a method, since rules for one call count them.

        Args:
            transaction: of the call.
            instance: what the method was called on.
            method: the name of the method, in any case of letters.
            default: what counts where no rule fits.
        """
        by_setting = chosen(self._rules, transaction, instance, method)
        return transaction.timing or by_setting or default

    def hooks(self) -> dict[str, Callable[..., Any]]:
        """Return the hooks that this provider overrides, by name."""
        return {name: getattr(self, name) for name in _HOOKS if getattr(type(self), name) is not getattr(Provider, name)}


def _is_method(name: str, value: object) -> bool:
    return name[0].isupper() and isfunction(value)


_HOOKS: Final = ("create_instance", "modify_instance", "delete_instance", "read_instance", "refresh", "namespaces_changed")
