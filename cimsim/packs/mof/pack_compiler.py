"""Compiling the MOF of a pack: the front door of this package.

Strategy. A file is parsed as a whole (``mof_parser``), so that syntax errors come before all others. Then its declarations
enter a transaction one after the other (``namespace_compiler``), and a list with their places, which the cache stores.
Whatever is wrong becomes a ``PackError`` on the spot. DSP0004 does not ask that things are declared before they are used, so:

* A class or qualifier that is needed is declared early if it stands further down in a file that is being compiled.
* Classes that are missing are looked for in other files, ``CLASS.mof`` below the pack's folder for one. Those that a class only
  refers to wait until the listed file is done, so that classes may refer to each other, and long chains of them do not nest.
  What is still missing at the end is an error.
* Instances wait until all classes of the pack are there (``pending_instances``). Then the values of all of them are bound,
  aliases become the paths that the keys of their instances make, and the instances are created in the order of the text.
  Whether the references lead somewhere is looked at last.

A file is compiled once into a namespace, however often it is included or looked for. Only a cache miss imports this module.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from cimsim.packs.mof.compilation_context import CompilationContext
from cimsim.packs.mof.declarations import (
    CompiledPack,
    DeclarationLoader,
    StandardQualifiers,
    prepare,
)
from cimsim.packs.mof.dialect import MofDialect
from cimsim.packs.mof.namespace_compiler import NamespaceCompiler
from cimsim.world.names import fold_namespace


def compile_pack(
    declaring: DeclarationLoader,
    folder: Path,
    namespaces: Iterable[tuple[str, Sequence[str]]],
    standard: StandardQualifiers,
    read: Callable[[Path], bytes],
    find: Callable[[str], Path | None],
    dialect: MofDialect = MofDialect.DMTF,
    spelling: Callable[[Path], Path] = lambda path: path,
) -> CompiledPack:
    """Compile the MOF of a pack into a transaction.

    Args:
        declaring: gets everything that the MOF declares; its world holds the packs that this one requires.
        folder: the pack's folder, from which the MOF files are named.
        namespaces: names of namespaces, each with its MOF files in order. An alias is known in all files of its namespace.
        standard: what a new namespace starts with.
        read: returns the content of a file, or raises PackError.
        find: returns the file in which a missing class is to be looked for, or None.
        dialect: what the files are written in.
        spelling: returns the path of a file that differs from the one given in letter case only, if there is such a one.

    Returns:
        What was declared; ``reads`` is left empty, since the caller did the reading.

    Raises:
        PackError: at the first thing that is wrong.
    """
    context = CompilationContext(declaring, folder, standard, read, find, dialect, spelling)
    compilers: dict[str, NamespaceCompiler] = {}
    for namespace, files in namespaces:
        prepare(declaring.transaction, namespace, standard)
        compiler = compilers.setdefault(fold_namespace(namespace), NamespaceCompiler(context))
        for name in files:
            compiler.compile_listed(name, namespace)
    context.create_instances()
    context.check_classes()
    return CompiledPack(tuple(context.declared), remarks=tuple(context.remarks))
