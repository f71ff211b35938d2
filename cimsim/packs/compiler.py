"""pywbem's MOF compiler, reading files and asking for names our way (see ``compile`` for the strategy)."""

import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pywbem import CIMInstance, MOFCompileError, MOFCompiler

from cimsim.packs.declarations import Position
from cimsim.packs.errors import PackError, decode
from cimsim.packs.repository import Repository
from cimsim.packs.source import Source
from cimsim.packs.tables import Aliases, Qualifiers
from cimsim.world.names import fold_namespace

if TYPE_CHECKING:
    from cimsim.packs.compile import Build


class Compiler(MOFCompiler):  # type: ignore[misc] # pywbem has no type information
    """pywbem's compiler, reading files and asking for names our way."""

    def __init__(self, build: "Build") -> None:
        self.build = build
        self.sources: list[Source] = []
        self.referred: deque[tuple[str, str]] = deque()
        self._seen: set[tuple[Path, str]] = set()
        super().__init__(Repository(self), log_func=None)
        self.parser.aliases = Aliases(self)
        self.parser.qualcache = Qualifiers(self)

    # Where we are

    @property
    def source(self) -> Source:
        """The text that is being compiled."""
        return self.sources[-1]

    def error(self, position: Position, text: str) -> PackError:
        """Return the error at a position."""
        return position.error(self.build.folder, text)

    # What pywbem's grammar calls

    def compile_listed(self, name: str, namespace: str) -> None:
        """Compile a file that the pack lists, and what its classes refer to."""
        path = Path(os.path.normpath(self.build.folder / name))
        self._compile(path, self.build.read(path), namespace)
        while self.referred:
            self.find_class(*self.referred.popleft())

    def compile_file(self, filename: str, ns: str) -> None:
        """Compile a file that another one includes."""
        path = Path(os.path.normpath(filename))
        if any(source.path == path for source in self.sources):
            raise self.error(self.source.declaration, f"{path.name} includes itself")
        try:
            content = self.build.read(path)
        except PackError as error:
            raise self.error(self.source.declaration, f"included file {os.path.normpath(filename)}: {error.text}") from None
        self._compile(path, content, ns)

    def find_class(self, classname: str, namespace: str) -> bool:
        """Whether a class exists, be it after compiling the file that is named after it."""
        if self._has_class(classname, namespace):
            return True
        path = self.build.find(classname)
        if path is None:
            return False
        self._compile(path, self.build.read(path), namespace)
        return self._has_class(classname, namespace)

    def compile_embedded(self, text: str, namespace: str) -> list[CIMInstance]:
        """Return the instances that the text of an embedded instance declares; the error is the outer declaration's."""
        outer, self.parser.embedded_objects = self.parser.embedded_objects, []
        try:
            self._parse(Source(self.source.path, self.source.name, text), namespace)
            return list(self.parser.embedded_objects)
        except PackError as error:
            raise ValueError(f"in the embedded instance: {error.text}") from None
        finally:
            self.parser.embedded_objects = outer

    # Steps

    def _has_class(self, classname: str, namespace: str) -> bool:
        return self.build.transaction.world.namespace(namespace).schema.get(classname) is not None

    def _compile(self, path: Path, content: bytes, namespace: str) -> None:
        """Compile a file into a namespace, unless that was done or begun before."""
        if (path, fold_namespace(namespace)) in self._seen:
            return
        self._seen.add((path, fold_namespace(namespace)))
        name = Path(os.path.relpath(path, self.build.folder)).as_posix()
        self._parse(Source(path, name, decode(content, path)), namespace)

    def _parse(self, source: Source, namespace: str) -> None:
        parser, lexer = self.parser, self.lexer.clone()
        lexer.parser, lexer.lineno = parser, 1

        def next_token() -> Any:
            token = lexer.token()
            if token is not None and token.type == "stringValue" and source.in_namespace_pragma:
                token.value = _plain_namespace(token.value)
            source.note(token)
            return token

        outer = getattr(parser, "file", None), getattr(parser, "mof", None), parser.target_namespace
        parser.file, parser.mof, parser.target_namespace = str(source.path), source.text, namespace
        self.sources.append(source)
        try:
            parser.parse(source.text, lexer=lexer, tokenfunc=next_token)
        except PackError:
            raise
        except MOFCompileError as error:
            raise self.error(*_located(error, source)) from None
        except Exception as error:  # noqa: BLE001 - pywbem's grammar lets any exception through on a value that does not fit
            raise self.error(source.before_last, _unfit(error, source)) from None
        finally:
            self.sources.pop()
            # A namespace pragma holds up to the end of its file.
            parser.file, parser.mof, parser.target_namespace = outer


def _plain_namespace(quoted: str) -> str:
    r"""Return the token for ``"\\\\.\\root\\cimv2"``, as Windows writes namespaces, in the form pywbem takes."""
    name = quoted[1:-1].replace("\\\\", "/")
    return f'"{name.removeprefix("//./")}"'


def _located(error: MOFCompileError, source: Source) -> tuple[Position, str]:
    """Return the place and our text of an error that pywbem's grammar found."""
    text = str(error.msg)
    if text == "MOF grammar error":
        return source.last, f"unexpected {source.last_text}"
    if text == "Unexpected end of MOF":
        return source.last, "the file ends within a declaration"
    at_token = text.startswith(("Illegal character", "Invalid binary", "Invalid octal"))
    return source.last if at_token else source.before_last, text[0].lower() + text[1:]


def _unfit(error: Exception, source: Source) -> str:
    if source.in_pragma:
        return "this #pragma is not understood"
    if isinstance(error, RecursionError):
        return "files include each other, or need each other's classes, too many levels deep"
    return "a value does not fit: " + str(error).replace("invalid literal for int() with base 10:", "no number:")
