"""Declarations in their stored form: plain arrays of names, types and values, nothing that could be executed.

Each form below is a MessagePack array of its fields in this order; ``cimsim/docs/packs.md`` describes the whole file. Classes
are stored as the records of ``world/class_records``. Qualifier flavors are one number, as there. Values are numbers, strings,
booleans, nil or arrays of these; a datetime is its 25 characters.

Of a class only the head is decoded at once, the rest when it is needed: a schema of 1,631 classes has 140,000 values.
"""

from typing import Any, Final, Literal

import msgspec
from pywbem import CIMClass, CIMQualifierDeclaration

from cimsim.packs.mof.declarations import CompiledPack, Declared, Directive, Item, MofPosition, Remark
from cimsim.world.class_records import ClassRecord, QualifierRecord, flavors, flavors_number, plain_value, record_of
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ClassHead


class StoredHead(msgspec.Struct, array_like=True, frozen=True, gc=False, tag_field="form", tag="class"):
    """The beginning of a class; what follows is passed over."""

    name: str
    superclass: str | None
    qualifiers: list[QualifierRecord]


class StoredDeclaration(msgspec.Struct, array_like=True, frozen=True, gc=False, tag_field="form", tag="qualifier"):
    """A qualifier declaration."""

    name: str
    type: str
    value: Any
    is_array: bool
    array_size: int | None
    scopes: dict[str, bool]
    flavors: int


class StoredInstance(msgspec.Struct, array_like=True, frozen=True, gc=False, tag_field="form", tag="instance"):
    """An instance: pairs of property and value. A reference and an embedded instance are values of the next two forms."""

    classname: str
    properties: list[tuple[str, Any]]


class StoredDirective(msgspec.Struct, array_like=True, frozen=True, gc=False, tag_field="form", tag="directive"):
    """Something that MOF does: ``namespace`` or ``delete class``, and the name it does that to."""

    action: Literal["namespace", "delete class"]
    name: str


class StoredItem(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A declaration with the number of its file, line and column, and the number of its namespace."""

    file: int
    line: int
    column: int
    namespace: int
    item: msgspec.Raw
    """A ClassRecord, StoredDeclaration, StoredInstance or StoredDirective."""


class StoredPack(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """All declarations of a pack. ``reads`` are pairs of file and SHA-256, ``remarks`` are file, line, column and text."""

    files: list[str]
    namespaces: list[str]
    reads: list[tuple[str, str]]
    items: list[StoredItem]
    remarks: list[tuple[str, int, int, str]]


_PACK: Final = msgspec.msgpack.Decoder(StoredPack)
_ITEM: Final = msgspec.msgpack.Decoder(StoredHead | StoredDeclaration | StoredInstance | StoredDirective)
_CLASS: Final = msgspec.msgpack.Decoder(ClassRecord)
_PATH: Final = "path"
_EMBEDDED: Final = "embedded"


def encode(compiled: CompiledPack) -> bytes:
    """Return the stored form of a pack's declarations.

    Raises:
        ValueError, OverflowError, TypeError: a value has no stored form.
    """
    files = list(dict.fromkeys(each.position.file for each in compiled.declared))
    namespaces = list(dict.fromkeys(each.namespace for each in compiled.declared))
    file_numbers = {name: number for number, name in enumerate(files)}
    namespace_numbers = {name: number for number, name in enumerate(namespaces)}
    items = []
    for position, namespace, item in compiled.declared:
        stored = msgspec.Raw(msgspec.msgpack.encode(_stored(item)))
        place = file_numbers[position.file], position.line, position.column, namespace_numbers[namespace]
        items.append(StoredItem(*place, stored))
    remarks = [(*position, text) for position, text in compiled.remarks]
    return msgspec.msgpack.encode(StoredPack(files, namespaces, list(compiled.reads), items, remarks))


def decode(content: bytes) -> CompiledPack:
    """Return the declarations that a stored form holds, classes as heads.

    Raises:
        ValueError, LookupError, TypeError: it is not the stored form of declarations.
    """
    stored = _PACK.decode(content)
    files, namespaces = stored.files, stored.namespaces
    declared = tuple(
        [
            Declared(MofPosition(files[each.file], each.line, each.column), namespaces[each.namespace], _item(each.item))
            for each in stored.items
        ]
    )
    remarks = tuple(Remark(MofPosition(file, line, column), text) for file, line, column, text in stored.remarks)
    return CompiledPack(declared, tuple(stored.reads), remarks)


def _stored(item: Item) -> ClassRecord | StoredDeclaration | StoredInstance | StoredDirective:
    if isinstance(item, Directive):
        return StoredDirective(item.action, item.name)
    if isinstance(item, ClassHead):
        return item.record()
    if isinstance(item, CIMClass):
        return record_of(item)
    if isinstance(item, CIMQualifierDeclaration):
        return stored_declaration(item)
    return StoredInstance(item.classname, [(prop.name, _stored_value(prop.value)) for prop in item.properties])


def stored_declaration(item: CIMQualifierDeclaration) -> StoredDeclaration:
    """Return the stored form of a qualifier declaration."""
    scopes = dict(item.scopes.items())
    value = plain_value(item.value)
    number = flavors_number(item)
    return StoredDeclaration(item.name, item.type, value, bool(item.is_array), item.array_size, scopes, number)


def _item(raw: msgspec.Raw) -> Item:
    stored = _ITEM.decode(raw)
    if isinstance(stored, StoredHead):
        flags = {fold(each.name): bool(each.value) for each in stored.qualifiers}
        kinds = flags.get("abstract"), flags.get("association"), flags.get("indication")
        return ClassHead(stored.name, stored.superclass, *kinds, EncodedClass(raw))
    if isinstance(stored, StoredDeclaration):
        return qualifier_declaration(stored)
    if isinstance(stored, StoredDirective):
        return Directive(stored.action, stored.name)
    properties = tuple([PropertyData(name, None, False, _value(value)) for name, value in stored.properties])
    return InstanceData(stored.classname, properties)


def qualifier_declaration(stored: StoredDeclaration) -> CIMQualifierDeclaration:
    """Return the qualifier declaration of a stored form."""
    return CIMQualifierDeclaration(
        stored.name,
        stored.type,
        value=stored.value,
        is_array=stored.is_array,
        array_size=stored.array_size,
        scopes=stored.scopes,
        **flavors(stored.flavors),
    )


class EncodedClass(msgspec.Struct, frozen=True):
    """A class that is not decoded yet; calling it does so. ``raw`` is a ClassRecord."""

    raw: msgspec.Raw

    def __call__(self) -> ClassRecord:
        """Return the record of the class."""
        return _CLASS.decode(self.raw)


def _stored_value(value: Any) -> Any:
    """Return a value of an instance in stored form; references and embedded instances become one-entry maps."""
    if isinstance(value, InstancePath):
        keys = [(name, _stored_value(item)) for name, item in value.keys]
        return {_PATH: [value.classname, value.namespace, value.host, keys, value.types]}
    if isinstance(value, InstanceData):
        return {_EMBEDDED: [value.classname, [(prop.name, _stored_value(prop.value)) for prop in value.properties]]}
    if isinstance(value, list | tuple):
        return [_stored_value(item) for item in value]
    # A datetime in a key is text of a class of its own.
    return str(value) if isinstance(value, str) else value


def _value(stored: Any) -> Any:
    if isinstance(stored, list):
        return [_value(item) for item in stored]
    if not isinstance(stored, dict):
        return stored
    if _PATH in stored:
        classname, namespace, host, keys, types = stored[_PATH]
        typed = tuple([(name, _value(value)) for name, value in keys])
        return InstancePath(classname, typed, namespace, host, types and tuple(types))
    classname, properties = stored[_EMBEDDED]
    return InstanceData(classname, tuple([PropertyData(name, None, False, _value(value)) for name, value in properties]))
