"""From the text of a MOF file to what it declares (DSP0004, annex A), by recursive descent.

Every function begins at the first token of what it is named after and ends behind its last. Keywords (``class``, ``any``) are
distinguished from names of elements by where they stand, so that a property may be called ``Schema``. What only the MOF of
Windows has is parsed in either dialect; in DMTF's it ends in an error that names the option.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from cimsim.packs.mof.dialect import MofDialect
from cimsim.packs.mof.lexer import END, ERROR, INTEGER, NAME, SIGN, STRING, Token, tokens_of
from cimsim.packs.mof.mof_errors import MofError, needs_windows
from cimsim.packs.mof.syntax_tree import (
    Alias,
    Array,
    Character,
    ClassNode,
    Declaration,
    ElementNode,
    InstanceNode,
    LiteralNode,
    MethodNode,
    Pragma,
    QualifierNode,
    QualifierUse,
    Value,
    Word,
)
from cimsim.world.names import did_you_mean, fold, nearest
from cimsim.world.values import SCALAR_TYPES

T = TypeVar("T")

SCOPES: Final = ("CLASS", "ASSOCIATION", "INDICATION", "PROPERTY", "REFERENCE", "METHOD", "PARAMETER", "ANY")
FLAVORS: Final = ("EnableOverride", "DisableOverride", "Restricted", "ToSubclass", "ToInstance", "Translatable")
WINDOWS_FLAVORS: Final = ("Amended", "NotToInstance", "NotToSubclass")
_DECLARATIONS: Final = ("class", "instance", "qualifier")
_STANDARD_PRAGMAS: Final = frozenset(
    {"include", "instancelocale", "locale", "namespace", "nonlocal", "nonlocaltype", "source", "sourcetype"}
)
_WINDOWS_PRAGMAS: Final = frozenset(
    {"amendment", "autorecover", "classflags", "deleteclass", "deleteinstance", "instanceflags"}
)
_MAX_DEPTH: Final = 32


def parse(text: str, dialect: MofDialect, repeated: Callable[[MofError], object] | None = None) -> list[Declaration]:
    """Return what a text declares, in its order.

    Args:
        text: of a MOF file.
        dialect: that it is written in.
        repeated: gets the error for an element that appears twice in its class, of which the last one counts; None: it is
            raised.

    Raises:
        MofError: at the first thing that is not MOF of the dialect.
    """
    return _Parser(text, dialect, repeated or _refuse).specification()


def _refuse(error: MofError) -> None:
    raise error


class _Parser:
    def __init__(self, text: str, dialect: MofDialect, repeated: Callable[[MofError], object]) -> None:
        self._repeated = repeated
        self._text = text
        self._windows = dialect is MofDialect.WINDOWS
        self._tokens = tokens_of(text)
        self._place = 0
        self._depth = 0

    # Tokens

    @property
    def _token(self) -> Token:
        token = self._tokens[self._place]
        if token.kind == ERROR:
            raise MofError(token.offset, token.value)
        return token

    def _ahead(self, count: int = 1) -> Token:
        return self._tokens[min(self._place + count, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._token
        self._place += 1
        return token

    def _at(self, sign: str) -> bool:
        token = self._token
        return token.kind == SIGN and token.value == sign

    def _at_word(self, *words: str) -> bool:
        token = self._token
        return token.kind == NAME and fold(token.value) in words

    def _passed(self, sign: str) -> bool:
        """Whether a sign stands here; it is passed over."""
        found = self._at(sign)
        if found:
            self._place += 1
        return found

    def _expect(self, sign: str) -> None:
        if not self._passed(sign):
            raise self._unexpected(sign)

    def _semicolon(self) -> None:
        """Pass over the end of a declaration; where it is missing, say behind what."""
        if self._passed(";"):
            return
        token = self._token
        if token.kind in (NAME, END) or (token.kind == SIGN and token.value in "[}#"):
            before = self._tokens[self._place - 1]
            if token.kind != END or before.value == "}":
                raise MofError(before.end, f"; is missing after {self._shown(before)}")
        raise self._unexpected(";")

    def _shown(self, token: Token) -> str:
        text = self._text[token.offset : token.end]
        return text if len(text) <= 40 else f"{text[:40]}..."

    def _unexpected(self, wanted: str, hint: str = "") -> MofError:
        """Return the error that something else stands here than what is wanted."""
        token = self._token
        if token.kind == END:
            return MofError(token.offset, "the file ends within a declaration")
        return MofError(token.offset, f"{wanted} expected, not {self._shown(token)}{hint}")

    def _name(self, of: str) -> Word:
        token = self._token
        if token.kind != NAME:
            raise self._unexpected(f"the name of {of}")
        self._place += 1
        return Word(token.value, token.offset)

    def _needs_windows(self, offset: int, text: str) -> None:
        """Refuse what only the MOF of Windows has, unless this is such."""
        if not self._windows:
            raise MofError(offset, needs_windows(text))

    def _list(self, item: Callable[[], T], end: str) -> list[T]:
        """Return what is separated by commas up to a sign, which is passed over."""
        items = [item()]
        while self._passed(","):
            items.append(item())
        if not self._passed(end):
            raise self._unexpected(f", or {end}")
        return items

    # Declarations

    def specification(self) -> list[Declaration]:
        """Return all declarations up to the end of the text."""
        declarations: list[Declaration] = []
        while self._token.kind != END:
            declarations.append(self._declaration())
        return declarations

    def _declaration(self) -> Declaration:
        if self._at("#"):
            return self._pragma()
        qualifiers = self._qualifiers()
        if self._at_word("class"):
            return self._class(qualifiers)
        if self._at_word("instance"):
            instance = self._instance(qualifiers)
            self._semicolon()
            return instance
        if self._at_word("qualifier") and not qualifiers:
            return self._qualifier_declaration()
        word = self._token
        hint = did_you_mean(word.value, _DECLARATIONS) if word.kind == NAME else ""
        wanted = "class or instance" if qualifiers else "class, instance, Qualifier or #pragma"
        raise self._unexpected(wanted, hint)

    def _pragma(self) -> Pragma:
        mark = self._take()
        word = self._name("a directive (pragma)")
        if fold(word.text) == "include":
            self._needs_windows(mark.offset, "#include is not #pragma include")
            return Pragma("include", (self._included(),), mark.offset)
        if fold(word.text) != "pragma":
            raise MofError(word.offset, f"pragma expected, not {word.text}")
        word = self._name("a pragma")
        name = fold(word.text)
        if name in _WINDOWS_PRAGMAS:
            self._needs_windows(word.offset, f"#pragma {word.text} is not DMTF's")
        arguments: list[Word] = []
        if self._passed("("):
            arguments = self._list(self._pragma_argument, ")")
        elif name not in _WINDOWS_PRAGMAS:
            raise self._unexpected("(")
        if name in _STANDARD_PRAGMAS and len(arguments) != 1:
            raise MofError(word.offset, f"#pragma {word.text} takes one string")
        return Pragma(name, tuple(arguments), mark.offset)

    def _included(self) -> Word:
        r"""Return what ``#include "FILE"`` names; a backslash is one character there, as in C."""
        # What the lexer made of it does not count: it takes a backslash for an escape.
        behind = self._tokens[self._place - 1].end
        line = self._text[behind:].partition("\n")[0]
        named = line.strip()
        offset = behind + len(line) - len(line.lstrip())
        closing = {'"': '"', "<": ">"}.get(named[:1], "")
        close = named.find(closing, 1) if closing else -1
        if close < 0:
            raise MofError(offset, '"FILE" expected after #include')
        end = offset + close + 1
        rest = tokens_of(self._text[end:])
        self._tokens[self._place :] = [each._replace(offset=each.offset + end, end=each.end + end) for each in rest]
        return Word(named[1:close], offset)

    def _pragma_argument(self) -> Word:
        token = self._token
        if token.kind == STRING or (self._windows and token.kind in (NAME, INTEGER)):
            self._place += 1
            return Word(str(token.value), token.offset)
        raise self._unexpected("a string")

    def _qualifier_declaration(self) -> QualifierNode:
        head = self._take()
        name = self._name("a qualifier")
        self._expect(":")
        word = self._name("a type")
        cim_type = fold(word.text)
        if cim_type not in SCALAR_TYPES:
            raise MofError(word.offset, f"no type {word.text}{did_you_mean(word.text, SCALAR_TYPES)}")
        is_array, size = self._array()
        default = self._value() if self._passed("=") else None
        scopes: list[str] = []
        flavors: list[Word] = []
        while self._passed(","):
            part = self._name("Scope or Flavor")
            if fold(part.text) not in ("scope", "flavor"):
                raise MofError(part.offset, f"Scope or Flavor expected, not {part.text}")
            self._expect("(")
            if fold(part.text) == "scope":
                scopes += self._list(self._scope, ")")
            else:
                flavors += self._list(self._flavor, ")")
        if not scopes:
            self._needs_windows(name.offset, f"qualifier {name.text} has no Scope")
        self._semicolon()
        return QualifierNode(name, cim_type, is_array, size, default, tuple(scopes), tuple(flavors), head.offset)

    def _scope(self) -> str:
        word = self._name("a scope")
        scope = word.text.upper()
        if scope not in SCOPES:
            raise MofError(word.offset, f"no scope {word.text}{did_you_mean(word.text, map(str.lower, SCOPES))}")
        return scope

    def _flavor(self) -> Word:
        word = self._name("a flavor")
        folded = fold(word.text)
        if folded in map(fold, WINDOWS_FLAVORS):
            self._needs_windows(word.offset, f"flavor {word.text} is not DMTF's")
        elif folded not in map(fold, FLAVORS):
            raise MofError(word.offset, f"no flavor {word.text}{did_you_mean(word.text, FLAVORS)}")
        return word

    # Qualifiers

    def _qualifiers(self) -> tuple[QualifierUse, ...]:
        if not self._passed("["):
            return ()
        return tuple(self._list(self._qualifier, "]"))

    def _qualifier(self) -> QualifierUse:
        name = self._name("a qualifier")
        value: Value | None = None
        if self._passed("("):
            value = self._value()
            if not self._passed(")"):
                raise self._unexpected(")")
        elif self._at("{"):
            value = self._value()
        flavors: list[Word] = []
        if self._passed(":"):
            flavors.append(self._flavor())
            while self._token.kind == NAME:
                flavors.append(self._flavor())
        return QualifierUse(name, value, tuple(flavors))

    # Classes

    def _class(self, qualifiers: tuple[QualifierUse, ...]) -> ClassNode:
        head = self._take()
        name = self._name("a class")
        if self._at_word("as"):
            # An alias of a class: nothing can refer to it.
            self._place += 1
            self._alias()
        superclass = self._name("a class") if self._passed(":") else None
        self._expect("{")
        properties: list[ElementNode] = []
        methods: list[MethodNode] = []
        seen: set[tuple[bool, str]] = set()
        while not self._passed("}"):
            feature = self._feature()
            # A method may have the name of a property.
            is_method = isinstance(feature, MethodNode)
            if (is_method, fold(feature.name.text)) in seen:
                self._repeated(MofError(feature.name.offset, f"{feature.name.text} appears twice in class {name.text}"))
                properties = [each for each in properties if is_method or fold(each.name.text) != fold(feature.name.text)]
                methods = [each for each in methods if not is_method or fold(each.name.text) != fold(feature.name.text)]
            seen.add((is_method, fold(feature.name.text)))
            if isinstance(feature, MethodNode):
                self._check_parameters(feature, name)
                methods.append(feature)
            else:
                properties.append(feature)
        self._semicolon()
        return ClassNode(qualifiers, name, superclass, tuple(properties), tuple(methods), head.offset)

    @staticmethod
    def _check_parameters(method: MethodNode, cls: Word) -> None:
        names: set[str] = set()
        for parameter in method.parameters:
            if fold(parameter.name.text) in names:
                raise MofError(parameter.name.offset, f"{parameter.name.text} appears twice in class {cls.text}")
            names.add(fold(parameter.name.text))

    def _feature(self) -> ElementNode | MethodNode:
        qualifiers = self._qualifiers()
        if self._token.kind != NAME:
            raise self._unexpected("a property, a method or }")
        is_void = self._at_word("void") and self._ahead().kind == NAME
        cim_type, target, embedded = self._void() if is_void else self._type()
        name = self._name("a property or method")
        if self._passed("("):
            if cim_type == "reference":
                raise MofError(name.offset, f"method {name.text} cannot return a reference")
            parameters = [] if self._passed(")") else self._list(self._parameter, ")")
            self._semicolon()
            return MethodNode(qualifiers, cim_type, target, embedded, name, tuple(parameters))
        if is_void:
            raise self._unexpected("(")
        is_array, size = self._array()
        if is_array and cim_type == "reference":
            raise MofError(name.offset, f"property {name.text} cannot be an array: it is a reference")
        default = self._value() if self._passed("=") else None
        self._semicolon()
        return ElementNode(qualifiers, cim_type, target, embedded, name, is_array, size, default)

    def _parameter(self) -> ElementNode:
        qualifiers = self._qualifiers()
        cim_type, target, embedded = self._type()
        name = self._name("a parameter")
        is_array, size = self._array()
        return ElementNode(qualifiers, cim_type, target, embedded, name, is_array, size, None)

    def _void(self) -> tuple[str, None, bool]:
        word = self._take()
        self._needs_windows(word.offset, "void is not a type of DMTF's MOF")
        return "uint32", None, False

    def _type(self) -> tuple[str, Word | None, bool]:
        """Return the CIM type, the class of a reference or an embedded instance, and whether the strings embed objects."""
        word = self._name("a type")
        folded = fold(word.text)
        if self._at_word("ref") and self._ahead().kind == NAME:
            self._place += 1
            if folded == "object":
                self._needs_windows(word.offset, "a reference to any object is not DMTF's")
                return "reference", None, False
            return "reference", word, False
        if folded in SCALAR_TYPES:
            return folded, None, False
        if self._token.kind != NAME:
            if self._at(";") or self._at("=") or self._at("("):
                raise MofError(word.offset, f"{word.text} has no type")
            raise self._unexpected(f"the name of what is of type {word.text}")
        if folded == "object":
            self._needs_windows(word.offset, "object is not a type of DMTF's MOF")
            return "string", None, True
        meant = nearest(word.text, SCALAR_TYPES)
        if not self._windows:
            if meant:
                raise MofError(word.offset, f"no type {word.text}; did you mean {meant}?")
            raise MofError(word.offset, needs_windows(f"no type {word.text}; a class is not a type of DMTF's MOF"))
        return "string", word, True

    def _array(self) -> tuple[bool, int | None]:
        if not self._passed("["):
            return False, None
        size: int | None = None
        if self._token.kind == INTEGER:
            token = self._take()
            size = token.value
            if token.value < 1:
                raise MofError(token.offset, f"an array cannot have {token.value} items")
        self._expect("]")
        return True, size

    # Instances and values

    def _instance(self, qualifiers: tuple[QualifierUse, ...] = ()) -> InstanceNode:
        head = self._take()
        if not self._at_word("of"):
            raise self._unexpected("of")
        self._place += 1
        classname = self._name("a class")
        alias: Word | None = None
        if self._at_word("as"):
            self._place += 1
            alias = self._alias()
        self._expect("{")
        values: list[tuple[Word, Value]] = []
        names: set[str] = set()
        while not self._passed("}"):
            self._qualifiers()
            name = self._name("a property, or }")
            if fold(name.text) in names:
                raise MofError(name.offset, f"property {name.text} appears twice")
            names.add(fold(name.text))
            if self._windows and self._passed(";"):
                # Its qualifiers say where Windows gets the value.
                continue
            self._expect("=")
            values.append((name, self._value()))
            self._semicolon()
        return InstanceNode(classname, alias, qualifiers, tuple(values), head.offset)

    def _alias(self) -> Word:
        mark = self._token
        self._expect("$")
        return Word(self._name("an alias").text, mark.offset)

    def _value(self) -> Value:
        if not self._at("{"):
            return self._single()
        brace = self._take()
        if self._passed("}"):
            return Array((), brace.offset)
        return Array(tuple(self._list(self._single, "}")), brace.offset)

    def _single(self) -> Value:
        token = self._token
        value: Any = token.value
        match token.kind:
            case "string":
                return self._strings()
            case "character":
                self._place += 1
                return LiteralNode(Character(value), token.offset)
            case "integer" | "real":
                self._place += 1
                return LiteralNode(value, token.offset)
            case "sign" if value == "$":
                word = self._alias()
                return Alias(word.text, word.offset)
            case "name" if fold(value) in _CONSTANTS:
                self._place += 1
                return LiteralNode(_CONSTANTS[fold(value)], token.offset)
            case "name" if fold(value) == "instance" and fold(str(self._ahead().value)) == "of":
                self._needs_windows(token.offset, "an instance is not a value of DMTF's MOF, its text in a string is")
                return self._embedded()
        raise self._unexpected("a value", did_you_mean(value, _CONSTANTS) if token.kind == NAME else "")

    def _embedded(self) -> InstanceNode:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise MofError(self._token.offset, f"instances within instances, more than {_MAX_DEPTH} levels deep")
        instance = self._instance()
        self._depth -= 1
        return instance

    def _strings(self) -> LiteralNode:
        first = self._take()
        parts = [first.value]
        while self._token.kind == STRING:
            parts.append(self._take().value)
        return LiteralNode("".join(parts), first.offset)


_CONSTANTS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
