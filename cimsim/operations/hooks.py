"""What acts when instances are written: hooks take the place of plainly storing, changing and removing an instance.

A hook gets the transaction of the operation and does what it wants to be done there, the plain step included.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from cimsim.world.instances import Instance
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction

CreateHook = Callable[[Transaction, ResolvedClass, dict[str, Any]], Instance]
"""Creates an instance of the class from the given properties, by declared name and typed, and returns it."""
ModifyHook = Callable[[Transaction, Instance, Mapping[str, Any]], None]
"""Gives properties of the current record their new values, by declared name and typed; equal ones may be among them."""
DeleteHook = Callable[[Transaction, Instance], None]
"""Deletes the instance."""


class Hooks(Protocol):
    """Knows which hooks there are; ``namespace`` is a folded name."""

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


NO_HOOKS: Final = NoHooks()
