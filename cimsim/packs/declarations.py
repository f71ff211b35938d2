"""What MOF declares, in the order and at the places it does, and how a declaration enters a world.

Compiling and loading from the cache give the same list of :class:`Declared`; both put it into the world through ``apply``, so
that they cannot differ in what they make or refuse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from pywbem import CIMClass, CIMError, CIMQualifierDeclaration

from cimsim.packs.errors import PackError
from cimsim.world.convert import InstanceData
from cimsim.world.instances import Instance
from cimsim.world.names import fold_namespace
from cimsim.world.schema import ClassHead
from cimsim.world.transaction import Transaction


class Position(NamedTuple):
    """A place in a MOF file: the file relative to its pack's folder, line and column counted from 1."""

    file: str
    line: int
    column: int

    def error(self, folder: Path, text: str) -> PackError:
        """Return the error at this place."""
        return PackError(text, folder / self.file, self.line, self.column)


class Directive(NamedTuple):
    """What MOF does that is no declaration: it makes the namespace, or deletes the class, of that name."""

    action: Literal["namespace", "delete class"]
    name: str


Item: TypeAlias = CIMQualifierDeclaration | CIMClass | ClassHead | InstanceData | Directive


class Declared(NamedTuple):
    """One declaration: where it stands, which namespace it is for, and what it declares.

    A class is whole when it was compiled, a head when it comes from the cache. The references in an instance are absolute and
    typed; its other values are as MOF writes them.
    """

    position: Position
    namespace: str
    item: Item


@dataclass(frozen=True, slots=True)
class Compiled:
    """Everything that the MOF of one pack declares.

    ``reads`` are the files that were read beyond those that ``pack.toml`` lists (included, or found for a missing class):
    path relative to the pack's folder, and SHA-256 of the content in hexadecimal.
    """

    declared: tuple[Declared, ...]
    reads: tuple[tuple[str, str], ...] = ()


class Standard(NamedTuple):
    """The qualifier declarations that every namespace starts with."""

    qualifiers: tuple[CIMQualifierDeclaration, ...] = ()


def prepare(transaction: Transaction, namespace: str, standard: Standard) -> None:
    """Make sure that a namespace exists; a new one gets the standard qualifier declarations."""
    if fold_namespace(namespace) not in transaction.world.namespaces:
        transaction.create_namespace(namespace)
        for declaration in standard.qualifiers:
            transaction.set_qualifier(declaration, namespace)


def apply(transaction: Transaction, namespace: str, item: Item) -> Instance | None:
    """Put a declaration into the world, and return the instance if it makes one.

    A class that is declared again in the very same words is passed over, so that packs can share a namespace. References of
    an instance may lead nowhere: MOF has no order, so whoever compiles it looks at them when everything is there.

    Raises:
        CIMError: as ``Transaction.create_class``, ``set_qualifier`` and ``create`` do.
    """
    if isinstance(item, CIMQualifierDeclaration):
        transaction.set_qualifier(item, namespace)
    elif isinstance(item, CIMClass | ClassHead):
        known = transaction.world.namespace(namespace).schema.get(item.classname)
        if known is None or known.declared != (item.declaration() if isinstance(item, ClassHead) else item):
            transaction.create_class(item, namespace)
    elif isinstance(item, Directive):
        _follow(transaction, namespace, item)
    else:
        return transaction.create(item.classname, item, namespace, dangling=True)
    return None


def _follow(transaction: Transaction, namespace: str, directive: Directive) -> None:
    if directive.action == "namespace":
        transaction.create_namespace(directive.name)
        return
    target = transaction.world.namespace(namespace)
    for cls in reversed(target.schema.closure(target.cls(directive.name))):
        for instance in transaction.world.namespace(namespace).of_class(cls):
            # An association is gone with the first of its ends.
            if transaction.world.find(instance.identity) is not None:
                transaction.delete(instance)
        transaction.delete_class(cls.name, namespace)


def apply_all(
    transaction: Transaction, compiled: Compiled, folder: Path, standard: Standard, namespaces: Sequence[str] = ()
) -> None:
    """Put all declarations of a pack into the world, and make its ``namespaces`` even if they stay empty.

    Raises:
        PackError: a declaration does not fit the world, naming its place.
    """
    for namespace in namespaces:
        prepare(transaction, namespace, standard)
    for position, namespace, item in compiled.declared:
        prepare(transaction, namespace, standard)
        try:
            apply(transaction, namespace, item)
        except CIMError as error:
            raise position.error(folder, error.status_description) from None
