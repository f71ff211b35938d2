"""What MOF declares, in the order and at the places it does, and how a declaration enters a world.

Compiling and loading from the cache give the same list of :class:`Declared`; both put it into the world through ``apply``, so
that they cannot differ in what they make or refuse.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec
from pywbem import CIMClass, CIMError, CIMQualifierDeclaration

from cimsim.packs.pack_errors import PackError
from cimsim.world import lenient
from cimsim.world.class_records import declared_class
from cimsim.world.convert import InstanceData
from cimsim.world.instances import Instance
from cimsim.world.names import fold_namespace
from cimsim.world.schema import ClassHead
from cimsim.world.transaction import Transaction


class MofPosition(NamedTuple):
    """A place in a MOF file: the file relative to its pack's folder, line and column counted from 1."""

    file: str
    line: int
    column: int

    def error(self, folder: Path, text: str) -> PackError:
        """Return the error at this place."""
        return PackError(text, folder / self.file, self.line, self.column)


class Directive(msgspec.Struct, frozen=True):
    """What MOF does beside declaring: it makes the namespace, or deletes the class, of that name."""

    action: Literal["namespace", "delete class"]
    name: str


Item: TypeAlias = CIMQualifierDeclaration | CIMClass | ClassHead | InstanceData | Directive


class Declared(NamedTuple):
    """One declaration: where it stands, which namespace it is for, and what it declares.

    A class is whole when it was compiled, a head when it comes from the cache. The references in an instance are absolute and
    typed; its other values are as MOF writes them.
    """

    position: MofPosition
    namespace: str
    item: Item


class DeclarationRules(msgspec.Struct, frozen=True):
    """How the declarations of a pack are taken, beside what they say.

    ``lenient``: what is incomplete or declared twice is remarked on, not refused. ``enforces_write``: its classes are such
    that clients cannot change properties without the Write qualifier (rule OP-MI-5). ``defaults``: properties that an instance
    does not give get the class default, as DSP0004 wants it; leniently they may be NULL instead, as pywbem_mock has them.
    """

    lenient: bool = False
    enforces_write: bool = False
    defaults: bool = True


STRICT: Final = DeclarationRules()


class Remark(NamedTuple):
    """Something that was taken leniently, and where it stands."""

    position: MofPosition
    text: str


class CompiledPack(msgspec.Struct, frozen=True):
    """Everything that the MOF of one pack declares.

    ``reads`` are the files that were read beyond those that ``pack.toml`` lists (included, or found for a missing class):
    path relative to the pack's folder, and SHA-256 of the content in hexadecimal. ``remarks`` are those that only compiling
    makes; what putting a declaration into a world remarks on comes up whenever that is done.
    """

    declared: tuple[Declared, ...]
    reads: tuple[tuple[str, str], ...] = ()
    remarks: tuple[Remark, ...] = ()


class StandardQualifiers(msgspec.Struct, frozen=True):
    """The qualifier declarations that every namespace starts with."""

    qualifiers: tuple[CIMQualifierDeclaration, ...] = ()


def prepare(transaction: Transaction, namespace: str, standard: StandardQualifiers) -> None:
    """Make sure that a namespace exists; a new one gets the standard qualifier declarations."""
    if fold_namespace(namespace) not in transaction.world.namespaces:
        transaction.create_namespace(namespace)
        for declaration in standard.qualifiers:
            transaction.set_qualifier(declaration, namespace)


class DeclarationLoader:
    """Puts the declarations of one pack into a world one by one.

    ``remarks`` grows with what is taken leniently, ``referring`` with the instances that may refer to what is not there.
    """

    def __init__(self, transaction: Transaction, rules: DeclarationRules = STRICT) -> None:
        self.remarks: list[Remark] = []
        self.referring: list[tuple[MofPosition, Instance]] = []
        self.transaction = transaction
        self.lenient = rules.lenient
        self._rules = rules

    def apply(self, position: MofPosition, namespace: str, item: Item) -> Instance | None:
        """Put a declaration into the world, and return the instance if it makes one.

        A class that is declared again in the very same words is passed over, so that packs can share a namespace. References
        of an instance may lead nowhere: MOF has no order, so whoever compiles it looks at them when everything is there.

        Raises:
            CIMError: as ``Transaction.create_class`` and ``Transaction.create`` do; leniently as ``world.lenient`` does.
        """
        if isinstance(item, CIMQualifierDeclaration):
            self.transaction.set_qualifier(item, namespace)
            return None
        if isinstance(item, CIMClass | ClassHead):
            self._apply_class(position, namespace, item)
            return None
        if isinstance(item, Directive):
            _follow(self.transaction, namespace, item)
            return None
        if not self.lenient:
            return self.transaction.create(item.classname, item, namespace, dangling=True)
        remark, defaults = self._remark_at(position), self._rules.defaults
        instance = lenient.create(self.transaction, item, namespace, remark, defaults=defaults)
        if instance.cls.references:
            self.referring.append((position, instance))
        return instance

    def _apply_class(self, position: MofPosition, namespace: str, item: CIMClass | ClassHead) -> None:
        known = self.transaction.world.namespace(namespace).schema.get(item.classname)
        enforces = self._rules.enforces_write
        if known is not None:
            whole = declared_class(item.record()) if isinstance(item, ClassHead) else item
            if known.declared == whole:
                return
            if self.lenient:
                lenient.redeclare(self.transaction, known, whole, namespace, enforces, self._remark_at(position))
                return
        self.transaction.create_class(item, namespace, enforces_write=enforces)

    def _remark_at(self, position: MofPosition) -> Callable[[str], None]:
        return lambda text: self.remarks.append(Remark(position, text))


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
    declaring: DeclarationLoader,
    compiled: CompiledPack,
    folder: Path,
    standard: StandardQualifiers,
    namespaces: Sequence[str] = (),
) -> None:
    """Put all declarations of a pack into the world, and make its ``namespaces`` even if they stay empty.

    Raises:
        PackError: a declaration does not fit the world, naming its place.
    """
    for namespace in namespaces:
        prepare(declaring.transaction, namespace, standard)
    for position, namespace, item in compiled.declared:
        prepare(declaring.transaction, namespace, standard)
        try:
            declaring.apply(position, namespace, item)
        except CIMError as error:
            raise position.error(folder, error.status_description) from None
