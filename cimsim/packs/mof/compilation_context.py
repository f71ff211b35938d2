"""What the compilers of one pack share: the transaction, where files come from, and what has been declared so far."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec.structs import replace
from pywbem import CIMClass, CIMError

from cimsim.packs.mof.declarations import DeclarationLoader, Declared, Item, MofPosition, Remark, StandardQualifiers
from cimsim.packs.mof.dialect import MofDialect
from cimsim.packs.mof.pending_instances import PendingInstance
from cimsim.packs.pack_errors import PackError
from cimsim.world.checks import referred_classes
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace

_OF_REFERENCE: Final = re.compile(r"reference [^\s.]+\.([^\s.:]+) ")


class CompilationContext:
    """What the compilers of the namespaces of one pack share.

    The arguments are those of ``pack_compiler.compile_pack``.

    Attributes:
        declared: what has entered the world, in order.
        pending: the instances that were read and are not in the world yet.
        remarks: what was taken leniently.
    """

    def __init__(
        self,
        declaring: DeclarationLoader,
        folder: Path,
        standard: StandardQualifiers,
        read: Callable[[Path], bytes],
        find: Callable[[str], Path | None],
        dialect: MofDialect,
        spelling: Callable[[Path], Path],
    ) -> None:
        self.declaring = declaring
        self.transaction = declaring.transaction
        self.remarks: list[Remark] = []
        self.folder = folder
        self.standard = standard
        self.read = read
        self.find = find
        self.dialect = dialect
        self.spelling = spelling
        self.declared: list[Declared] = []
        self.pending: list[PendingInstance] = []

    def add(self, position: MofPosition, namespace: str, item: Item) -> Instance | None:
        """Put a declaration into the world and on the list; raises CIMError."""
        instance = self.declaring.apply(position, namespace, item)
        if instance is not None and isinstance(item, InstanceData):
            item = InstanceData(item.classname, tuple(_typed_reference(instance, data) for data in item.properties))
        self.declared.append(Declared(position, namespace, item))
        return instance

    def refuse(self, position: MofPosition, text: str) -> None:
        """Raise the error at a position; leniently only remark on it."""
        if not self.declaring.lenient:
            raise position.error(self.folder, text)
        self.remarks.append(Remark(position, text))

    def declared_class(self, classname: str, namespace: str) -> MofPosition | None:
        """Return where the MOF of this pack declares a class, or None."""
        folded, target = fold(classname), fold_namespace(namespace)
        for position, where, item in self.declared:
            if isinstance(item, CIMClass) and fold(item.classname) == folded and fold_namespace(where) == target:
                return position
        return None

    def create_instances(self) -> None:
        """Create the instances that were read, once all classes are there.

        Raises:
            PackError: a value does not fit, an instance is not taken, a reference leads nowhere.
        """
        try:
            # Looking for the class of one may bring in files with others.
            for pending in self.pending:
                pending.data()
        except RecursionError:
            raise PackError("aliases lead to aliases too many levels deep", self.folder) from None
        created = []
        for pending in self.pending:
            if pending.stands_alone:
                try:
                    instance = self.add(pending.position, pending.namespace, pending.data())
                except CIMError as error:
                    raise pending.position.error(self.folder, error.status_description) from None
                if instance is not None and instance.cls.references and not self.declaring.lenient:
                    created.append((pending, instance))
        for pending, instance in created:
            self._check_references(pending, instance)

    def _check_references(self, pending: PendingInstance, instance: Instance) -> None:
        """Refuse references to instances that are not there."""
        try:
            self.transaction.check_references(instance)
        except CIMError as error:
            text = error.status_description
            match = _OF_REFERENCE.match(text)
            place = pending.place_of(match[1]) if match else pending.position
            raise place.error(self.folder, text) from None

    def check_classes(self) -> None:
        """Refuse classes that refer to classes which nothing declared, in references and in methods."""
        for position, namespace, item in self.declared:
            if isinstance(item, CIMClass):
                target = self.transaction.world.namespace(namespace)
                for name in referred_classes(item):
                    if target.schema.get(name) is None:
                        text = f"class {item.classname} refers to a class that is not there: {target.no_class(name)}"
                        self.refuse(position, text)


def _typed_reference(instance: Instance, data: PropertyData) -> PropertyData:
    place = instance.cls.index[fold(data.name)]
    is_reference = instance.cls.properties[place].type == "reference"
    return replace(data, value=instance.values[place]) if is_reference else data
