"""What acts when instances are read and written.

Hooks on writing take the place of plainly storing, changing and removing an instance: such a hook gets the transaction of the
operation and does what it wants to be done there, the plain step included. Hooks on reading compute values for an answer, and
refresh what is stored before an operation looks at it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from pywbem import CIMError

from cimsim.world.errors import described
from cimsim.world.instances import Instance
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction

CreateHook = Callable[[Transaction, ResolvedClass, dict[str, Any]], Instance]
"""Creates an instance of the class from the given properties, by declared name and typed, and returns it."""
ModifyHook = Callable[[Transaction, Instance, Mapping[str, Any]], None]
"""Gives properties of the current record their new values, by declared name and typed; equal ones may be among them."""
DeleteHook = Callable[[Transaction, Instance], None]
"""Deletes the instance."""
ReadHook = Callable[[Transaction, Instance], Mapping[str, Any] | None]
"""Returns the values of properties to show in place of the stored ones. What it does in the transaction is dropped."""
RefreshHook = Callable[[Transaction], None]
"""Creates, changes and deletes instances so that what is stored of a class is what a client shall find."""

T = TypeVar("T")


class HookError(Exception):
    """A hook raised what is not a CIMError. The text is for the client (rule E7), the cause for the log."""


def run_hook(hook: Callable[..., T], *arguments: Any) -> T:
    """Return what a hook returns.

    Raises:
        CIMError: the hook raised it.
        HookError: the hook raised anything else; a hook that calls ``sys.exit`` has failed as well.
    """
    try:
        return hook(*arguments)
    except CIMError:
        raise
    except (Exception, SystemExit) as error:
        name = getattr(hook, "__qualname__", "of a provider")
        raise HookError(f"the provider {name} failed: {described(error)}") from error


class Hooks(Protocol):
    """Knows which hooks there are; ``namespace`` is a folded name, or the declared one where it says so."""

    def creator(self, namespace: str, cls: ResolvedClass) -> CreateHook | None:
        """Return what creates instances of the class, None for the plain way."""
        ...

    def modifier(self, namespace: str, cls: ResolvedClass) -> ModifyHook | None:
        """Return what changes instances of the class, None for the plain way."""
        ...

    def deleter(self, namespace: str, cls: ResolvedClass) -> DeleteHook | None:
        """Return what deletes instances of the class, None for the plain way."""
        ...

    def namespaces_changed(self, transaction: Transaction) -> None:
        """Act on namespaces that came or went (rule W5)."""
        ...

    def reads(self, namespace: str) -> bool:
        """Return whether any hook computes values in the namespace."""
        ...

    def reader(self, namespace: str, cls: ResolvedClass) -> ReadHook | None:
        """Return what computes values of instances of the class, None for the stored ones; the namespace is as declared."""
        ...

    def refreshers(self, namespace: str) -> Mapping[str, RefreshHook]:
        """Return what refreshes the instances of classes of the namespace, as declared, by folded class name."""
        ...


class NoHooks:
    """There are none (a ``Hooks``)."""

    def creator(self, namespace: str, cls: ResolvedClass) -> CreateHook | None:
        """Return None."""
        return None

    def modifier(self, namespace: str, cls: ResolvedClass) -> ModifyHook | None:
        """Return None."""
        return None

    def deleter(self, namespace: str, cls: ResolvedClass) -> DeleteHook | None:
        """Return None."""
        return None

    def namespaces_changed(self, transaction: Transaction) -> None:
        """Do nothing."""

    def reads(self, namespace: str) -> bool:
        """Return False."""
        return False

    def reader(self, namespace: str, cls: ResolvedClass) -> ReadHook | None:
        """Return None."""
        return None

    def refreshers(self, namespace: str) -> Mapping[str, RefreshHook]:
        """Return nothing."""
        return {}


NO_HOOKS: Final = NoHooks()
