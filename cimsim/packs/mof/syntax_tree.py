"""What a MOF text declares, as it stands there: nothing is looked up, and every part knows its offset in the text."""

from typing import Any, NamedTuple, TypeAlias

import msgspec


class Word(NamedTuple):
    """A name and where it stands."""

    text: str
    offset: int


class Character(str):
    """The character of a literal ``'c'``, which only a char16 takes."""

    __slots__ = ()


class LiteralNode(NamedTuple):
    """A string, a :class:`Character`, a number, a boolean, or None for NULL."""

    value: Any
    offset: int


class Alias(NamedTuple):
    """``$NAME``; ``name`` is without the mark."""

    name: str
    offset: int


class Array(msgspec.Struct, frozen=True):
    """``{ VALUE, ... }``."""

    items: "tuple[Value, ...]"
    offset: int


class InstanceNode(msgspec.Struct, frozen=True):
    """``instance of CLASS as $ALIAS { ... };``, or one that is a value of another. ``offset`` is that of its first word."""

    classname: Word
    alias: Word | None
    qualifiers: "tuple[QualifierUse, ...]"
    values: "tuple[tuple[Word, Value], ...]"
    offset: int


Value: TypeAlias = LiteralNode | Alias | Array | InstanceNode


class QualifierUse(msgspec.Struct, frozen=True):
    """``NAME(VALUE) : FLAVOR ...`` at an element; ``value`` is None if none is given."""

    name: Word
    value: Value | None
    flavors: tuple[Word, ...]


class ElementNode(msgspec.Struct, frozen=True):
    """A property or a parameter. ``type`` is a CIM type in lower case.

    ``target`` is the class of a reference or of an embedded instance; a ``string`` with ``embedded`` embeds such an instance,
    or any object if there is no target.
    """

    qualifiers: tuple[QualifierUse, ...]
    type: str
    target: Word | None
    embedded: bool
    name: Word
    is_array: bool
    array_size: int | None
    default: Value | None


class MethodNode(msgspec.Struct, frozen=True):
    """A method; type, target and embedded as in :class:`ElementNode`."""

    qualifiers: tuple[QualifierUse, ...]
    type: str
    target: Word | None
    embedded: bool
    name: Word
    parameters: tuple[ElementNode, ...]


class ClassNode(msgspec.Struct, frozen=True):
    """``class NAME : SUPERCLASS { ... };``. ``offset`` is that of the word ``class``."""

    qualifiers: tuple[QualifierUse, ...]
    name: Word
    superclass: Word | None
    properties: tuple[ElementNode, ...]
    methods: tuple[MethodNode, ...]
    offset: int


class QualifierNode(msgspec.Struct, frozen=True):
    """``Qualifier NAME : TYPE = VALUE, Scope(...), Flavor(...);``. ``offset`` is that of its first word."""

    name: Word
    type: str
    is_array: bool
    array_size: int | None
    default: Value | None
    scopes: tuple[str, ...]
    flavors: tuple[Word, ...]
    offset: int


class Pragma(msgspec.Struct, frozen=True):
    """``#pragma NAME(ARGUMENT, ...)``; ``name`` is in lower case, ``arguments`` are their texts."""

    name: str
    arguments: tuple[Word, ...]
    offset: int


Declaration: TypeAlias = ClassNode | InstanceNode | QualifierNode | Pragma
