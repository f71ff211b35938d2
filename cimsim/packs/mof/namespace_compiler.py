"""Compiling the files of one namespace: classes and qualifiers at once, instances when all classes are there.

DSP0004 knows no order of declarations. What a file declares is known before the first of it enters the world, so that a class
that is needed earlier than it stands is declared earlier. Instances wait until the classes of the whole pack are there.
"""

import os
import posixpath
import re
from collections import deque
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final

from pywbem import CIMClass, CIMError, CIMQualifierDeclaration

from cimsim.packs.mof.class_builder import class_declaration, qualifier_declaration, qualifiers
from cimsim.packs.mof.compilation_context import CompilationContext
from cimsim.packs.mof.declarations import Directive, prepare
from cimsim.packs.mof.dialect import MofDialect, decode
from cimsim.packs.mof.mof_errors import MofError, needs_windows
from cimsim.packs.mof.mof_parser import parse
from cimsim.packs.mof.mof_source import MofSource
from cimsim.packs.mof.pending_instances import PendingInstance
from cimsim.packs.mof.syntax_tree import ClassNode, Declaration, InstanceNode, LiteralNode, Pragma, QualifierNode, QualifierUse
from cimsim.packs.mof.windows_qualifiers import IN_WINDOWS, adapted, inferred
from cimsim.packs.pack_errors import PackError
from cimsim.world.checks import referred_classes
from cimsim.world.names import did_you_mean, fold, fold_namespace
from cimsim.world.world import Namespace, World

_NAMESPACE: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)*")
_OF_PROPERTY: Final = re.compile(r"(?:reference|property|default of property) [^\s.]+\.([^\s.:]+)")
_TOO_DEEP: Final = "files include each other, or need each other's classes, too many levels deep"


class _Entry:
    """A declaration of a file that has been parsed, and the namespace it is for."""

    __slots__ = ("done", "namespace", "node", "source")

    def __init__(self, source: MofSource, node: Declaration, namespace: str) -> None:
        self.source = source
        self.node = node
        self.namespace = namespace
        self.done = False


class NamespaceCompiler:
    """Compiles files into a namespace and those that they name.

    ``aliases`` are the instances by folded alias, in the order in which they were read.
    """

    def __init__(self, context: CompilationContext) -> None:
        self._context = context
        self.aliases: dict[str, list[PendingInstance]] = {}
        self._including: list[MofSource] = []
        self._referred: deque[tuple[str, str]] = deque()
        self._seen: set[tuple[Path, str]] = set()
        self._waiting: dict[tuple[type, str, str], _Entry] = {}

    @property
    def world(self) -> World:
        """The world with what has been declared so far."""
        return self._context.transaction.world

    @property
    def dialect(self) -> MofDialect:
        """What the files of the pack are written in."""
        return self._context.dialect

    def compile_listed(self, name: str, namespace: str) -> None:
        """Compile a file that the pack lists, and what its classes refer to; raises PackError."""
        path = Path(os.path.normpath(self._context.folder / name))
        self._compile(path, self._context.read(path), namespace)
        self.find_referred()

    def find_referred(self) -> None:
        """Look for the classes that classes refer to, as far as they are not there."""
        while self._referred:
            self.find_class(*self._referred.popleft())

    def find_class(self, classname: str, namespace: str) -> bool:
        """Whether a class exists, be it after declaring it early or after compiling the file that is to be looked in."""
        if self._has_class(classname, namespace):
            return True
        entry = self._waiting.get((ClassNode, fold_namespace(namespace), fold(classname)))
        if entry is not None and not entry.done:
            self._declare(entry)
            return self._has_class(classname, namespace)
        path = self._context.find(classname)
        if path is None:
            return False
        self._compile(path, self._context.read(path), namespace)
        return self._has_class(classname, namespace)

    def prepare(self, namespace: str) -> Namespace:
        """Return a namespace, which is made if need be."""
        prepare(self._context.transaction, namespace, self._context.standard)
        return self.world.namespace(namespace)

    # Files

    def _compile(self, path: Path, content: bytes, namespace: str) -> None:
        """Compile a file into a namespace, unless that was done or begun before."""
        if (path, fold_namespace(namespace)) in self._seen:
            return
        self._seen.add((path, fold_namespace(namespace)))
        name = Path(os.path.relpath(path, self._context.folder)).as_posix()
        source = MofSource(path, self._context.folder, name, decode(content, path, self.dialect))
        try:
            repeated = partial(self._remark, source) if self._context.declaring.lenient else None
            entries = self._entries(source, parse(source.text, self.dialect, repeated), namespace)
        except MofError as error:
            raise source.error(error) from None
        self._including.append(source)
        for entry in entries:
            self._declare(entry)
        self._including.pop()

    def _remark(self, source: MofSource, error: MofError) -> None:
        self._context.refuse(source.position(error.offset), error.text)

    def _entries(self, source: MofSource, declarations: Iterable[Declaration], namespace: str) -> list[_Entry]:
        """Return the declarations of a file, each with its namespace; those that may be needed early are known from now on."""
        entries = []
        for node in declarations:
            if isinstance(node, Pragma) and node.name == "namespace":
                # It holds up to the end of its file.
                namespace = _namespace_named(node)
            entry = _Entry(source, node, namespace)
            entries.append(entry)
            if isinstance(node, ClassNode | QualifierNode):
                self._waiting.setdefault((type(node), fold_namespace(namespace), fold(node.name.text)), entry)
        return entries

    def _declare(self, entry: _Entry) -> None:
        if entry.done:
            return
        entry.done = True
        try:
            match entry.node:
                case ClassNode():
                    self._class(entry, entry.node)
                case QualifierNode():
                    self._qualifier_declaration(entry, entry.node)
                case InstanceNode():
                    self._instance(entry, entry.node)
                case Pragma():
                    self._pragma(entry, entry.node)
        except MofError as error:
            raise entry.source.error(error) from None
        except RecursionError:
            raise entry.source.error(MofError(entry.node.offset, _TOO_DEEP)) from None

    # Declarations

    def _qualifier_declaration(self, entry: _Entry, node: QualifierNode) -> None:
        self.prepare(entry.namespace)
        try:
            self._add(entry, qualifier_declaration(node))
        except CIMError as error:
            raise MofError(node.name.offset, error.status_description) from None

    def _class(self, entry: _Entry, node: ClassNode) -> None:
        namespace = self.prepare(entry.namespace)
        if node.superclass is not None and not self.find_class(node.superclass.text, entry.namespace):
            hint = did_you_mean(node.superclass.text, namespace.schema.names())
            text = f"no superclass {node.superclass.text} for class {node.name.text}{hint}"
            raise MofError(node.superclass.offset, text)
        declared = class_declaration(node, lambda use: self._qualifier(use, entry))
        try:
            self._add(entry, declared)
        except CIMError as error:
            text = error.status_description
            earlier = self._context.declared_class(declared.classname, entry.namespace)
            if earlier is not None:
                text += f", otherwise declared in {earlier.file}:{earlier.line}:{earlier.column}"
            match = _OF_PROPERTY.match(text)
            places = {fold(each.name.text): each.name.offset for each in node.properties} if match else {}
            raise MofError(places.get(fold(match[1]), node.offset) if match else node.offset, text) from None
        self._referred.extend((name, entry.namespace) for name in referred_classes(declared))

    def _instance(self, entry: _Entry, node: InstanceNode) -> None:
        self.prepare(entry.namespace)
        qualifiers(f"instance of {node.classname.text}", node.qualifiers, lambda use: self._qualifier(use, entry))
        if fold(node.classname.text) == "__namespace":
            self._namespace(entry, node)
            return
        system = self.dialect is MofDialect.WINDOWS and node.classname.text.startswith("__")
        if system and not self._has_class(node.classname.text, entry.namespace):
            # It registers a provider or the like with Windows, and has nothing to say here.
            return
        pending = PendingInstance(self, entry.source, node, entry.namespace, len(self._context.pending))
        self._context.pending.append(pending)
        if node.alias is not None:
            self.aliases.setdefault(fold(node.alias.text), []).append(pending)

    def _namespace(self, entry: _Entry, node: InstanceNode) -> None:
        """Make the namespace that an instance of ``__Namespace`` stands for in Windows."""
        if self.dialect is not MofDialect.WINDOWS:
            raise MofError(node.classname.offset, needs_windows(f"{node.classname.text} is not a class of DMTF's"))
        match node.values:
            case ((name, LiteralNode(str() as text)),) if fold(name.text) == "name" and _NAMESPACE.fullmatch(text):
                self._add(entry, Directive("namespace", f"{entry.namespace}/{text}"))
            case _:
                raise MofError(node.offset, 'an instance of __Namespace has its name and nothing else: Name = "NAME";')

    def _qualifier(self, use: QualifierUse, entry: _Entry) -> CIMQualifierDeclaration:
        """Return the declaration of a qualifier; in the MOF of Windows one that is not declared is so by its first use."""
        namespace = self.world.namespace(entry.namespace)
        name = fold(use.name.text)
        known = namespace.qualifiers.get(name)
        if known is None:
            waiting = self._waiting.get((QualifierNode, fold_namespace(entry.namespace), name))
            if waiting is not None and not waiting.done:
                self._declare(waiting)
                known = self.world.namespace(entry.namespace).qualifiers.get(name)
        windows = self.dialect is MofDialect.WINDOWS
        if known is not None:
            return adapted(known, use) if windows else known
        if windows:
            declaration = inferred(use)
            self._add(entry, declaration)
            return declaration
        hint = did_you_mean(use.name.text, (each.name for each in namespace.qualifiers.all()))
        text = f"no qualifier {use.name.text} is declared in {namespace.name}{hint}"
        raise MofError(use.name.offset, needs_windows(text) if name in IN_WINDOWS or not hint else text)

    # Pragmas

    def _pragma(self, entry: _Entry, node: Pragma) -> None:
        match node.name:
            case "namespace":
                self.prepare(entry.namespace)
            case "include":
                self._include(entry, node)
            case "deleteclass":
                self._delete_class(entry, node)
            case "deleteinstance":
                raise MofError(node.offset, "#pragma deleteinstance is not supported: leave out the instance instead")

    def _include(self, entry: _Entry, node: Pragma) -> None:
        windows = self.dialect is MofDialect.WINDOWS
        given = node.arguments[0].text
        named = given.replace("\\", "/") if windows else given
        path = Path(os.path.normpath(entry.source.path.parent / named))
        if windows:
            path = self._context.spelling(path)
        if any(source.path == path for source in self._including):
            raise MofError(node.offset, f"{path.name} includes itself")
        try:
            content = self._context.read(path)
        except PackError as error:
            text = f"included file {os.path.normpath(entry.source.path.parent / named)}: {error.text}"
            windows_path = Path(os.path.normpath(entry.source.path.parent / given.replace("\\", "/")))
            if not windows and self._is_there(self._context.spelling(windows_path)):
                text = needs_windows(f"{text}; there is {posixpath.basename(given.replace(chr(92), '/'))} in another spelling")
            raise MofError(node.offset, text) from None
        self._compile(path, content, entry.namespace)

    def _is_there(self, path: Path) -> bool:
        try:
            self._context.read(path)
        except PackError:
            return False
        return True

    def _delete_class(self, entry: _Entry, node: Pragma) -> None:
        """Delete a class with its subclasses and all their instances, as ``mofcomp.exe`` does."""
        names = [fold(each.text) for each in node.arguments]
        if not names or len(names) > 2 or (names[1:] and names[1] not in ("fail", "nofail")):
            raise MofError(node.offset, '#pragma deleteclass takes a name and FAIL or NOFAIL: ("NAME", NOFAIL)')
        namespace = self.prepare(entry.namespace)
        classname = node.arguments[0].text
        if namespace.schema.get(classname) is not None:
            self._add(entry, Directive("delete class", classname))
        elif names[1:] != ["nofail"]:
            raise MofError(node.arguments[0].offset, f"#pragma deleteclass: {namespace.no_class(classname)}")

    # Steps

    def _has_class(self, classname: str, namespace: str) -> bool:
        return self.prepare(namespace).schema.get(classname) is not None

    def _add(self, entry: _Entry, item: CIMClass | CIMQualifierDeclaration | Directive) -> None:
        self._context.add(entry.source.position(entry.node.offset), entry.namespace, item)


def _namespace_named(node: Pragma) -> str:
    r"""Return the namespace that a pragma names; ``\\.\root\cimv2``, as Windows writes it, is ``root/cimv2``."""
    word = node.arguments[0]
    name = word.text.replace("\\", "/").removeprefix("//./").removeprefix("/").removesuffix("/")
    if not _NAMESPACE.fullmatch(name):
        raise MofError(word.offset, f"{word.text!r} is not the name of a namespace of this server")
    return name
