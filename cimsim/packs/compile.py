"""Compiling the MOF of a pack with pywbem's compiler: its grammar, our checks, our error texts.

Strategy. pywbem's compiler calls a repository for every declaration. Ours (``repository``) puts the declaration into a
transaction at once, so that later ones see it, and keeps it in a list with its place in the source. Whatever is wrong becomes a
``PackError`` on the spot, before pywbem tries a remedy of its own. Five things differ from what pywbem would do alone:

* The class that it gets when it meets an instance is a stand-in that has every property, all of type ``string`` and of any
  shape. So values arrive as MOF writes them, and the world converts them; pywbem would rewrite datetimes (``-000``) and refuse
  values with texts that name no place.
* Qualifier declarations and aliases are looked up in our own tables, which know the nearest name.
* Classes that are missing (superclasses, classes of references, classes of instances) are looked for in other files,
  ``CLASS.mof`` below the pack's folder for one. Those that a class only refers to wait until the listed file is done, so that
  classes may refer to each other, and long chains of them do not nest. What is still missing at the end is an error.
* A file is compiled once into a namespace, however often it is included or looked for.
* Embedded instances are compiled by us, from the text that the property has.

Only a cache miss imports this module.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from pywbem import CIMClass

from cimsim.packs.compiler import Compiler
from cimsim.packs.declarations import Compiled, Declared, Declaring, Item, Position, Remark, Standard, prepare
from cimsim.packs.manifest import NamespaceEntry
from cimsim.world.checks import referred_classes
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace


def compile_pack(
    declaring: Declaring,
    folder: Path,
    namespaces: Iterable[NamespaceEntry],
    standard: Standard,
    read: Callable[[Path], bytes],
    find: Callable[[str], Path | None],
) -> Compiled:
    """Compile the MOF of a pack into a transaction.

    Args:
        declaring: gets everything that the MOF declares; its world holds the packs that this one requires.
        folder: the pack's folder, from which the MOF files are named.
        namespaces: the MOF files of each namespace, in order. An alias is known in all later files of
            its namespace.
        standard: what a new namespace starts with.
        read: returns the content of a file, or raises PackError.
        find: returns the file in which a missing class is to be looked for, or None.

    Returns:
        What was declared; ``reads`` is left empty, since the caller did the reading.

    Raises:
        PackError: at the first thing that is wrong.
    """
    build = Build(declaring, folder, standard, read, find)
    compilers: dict[str, Compiler] = {}
    for entry in namespaces:
        prepare(declaring.transaction, entry.name, standard)
        compiler = compilers.setdefault(fold_namespace(entry.name), Compiler(build))
        for name in entry.mof:
            compiler.compile_listed(name, entry.name)
    build.check_classes()
    return Compiled(tuple(build.declared), remarks=tuple(build.remarks))


class Build:
    """What the compilers of one pack share."""

    def __init__(
        self,
        declaring: Declaring,
        folder: Path,
        standard: Standard,
        read: Callable[[Path], bytes],
        find: Callable[[str], Path | None],
    ) -> None:
        self.declaring = declaring
        self.transaction = declaring.transaction
        self.remarks: list[Remark] = []
        self.folder = folder
        self.standard = standard
        self.read = read
        self.find = find
        self.declared: list[Declared] = []

    def add(self, position: Position, namespace: str, item: Item) -> Instance | None:
        """Put a declaration into the world and on the list; raises CIMError."""
        instance = self.declaring.apply(position, namespace, item)
        if instance is not None and isinstance(item, InstanceData):
            item = InstanceData(item.classname, tuple(_typed_reference(instance, data) for data in item.properties))
        self.declared.append(Declared(position, namespace, item))
        return instance

    def refuse(self, position: Position, text: str) -> None:
        """Raise the error at a position; leniently only remark on it."""
        if not self.declaring.lenient:
            raise position.error(self.folder, text)
        self.remarks.append(Remark(position, text))

    def declared_class(self, classname: str, namespace: str) -> Position | None:
        """Return where the MOF of this pack declares a class, or None."""
        folded, target = fold(classname), fold_namespace(namespace)
        for position, where, item in self.declared:
            if isinstance(item, CIMClass) and fold(item.classname) == folded and fold_namespace(where) == target:
                return position
        return None

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
    return data._replace(value=instance.values[place]) if is_reference else data
