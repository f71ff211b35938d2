r"""A fast path for the messages that clients usually send: recognized by regular expressions, without a tree of elements.

A message that uses no more than the shapes below is a regular language, so a few matches read it in a tenth of the time that
parsing and walking a tree takes. The strategy:

* A pattern describes what is certainly well-formed and valid, letter by letter: attributes in the order in which clients write
  them, in double quotes, one blank before each; blanks between elements; texts without references, comments and carriage
  returns; names in ASCII. What it matches, the strict reader takes, and reads the same in it.
* Whatever else comes, wrong or only unusual, is left to the strict reader (``decoder``): here is no error and no limit. That no
  limit can be passed follows from the length of the body (``max_length``).
* Repetitions are possessive, and no two alternatives begin alike: a match takes time in proportion to the length.

``tests/cimxml/test_common_shapes.py`` has both read the same messages, valid, respelt and broken.
"""

import re
from functools import cache
from typing import Any, Final, NamedTuple

from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.operations.request import Argument, ClassName, NamedInstance
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.paths import InstancePath
from cimsim.world.values import SCALAR_TYPES, Hinted, Untyped

_MAX_LENGTH: Final = 16 * 1024
_MAX_NAME: Final = 200
# The fewest characters that an item of each kind takes.
_KEY_LENGTH: Final = 50
_PARAMETER_LENGTH: Final = 22
_ITEM_LENGTH: Final = 13

_ODD: Final = bytes({*range(0x20)} - {0x09, 0x0A}) + b"&\xef"
"""Bytes that no such message holds: controls, references, and what U+FFFE and U+FFFF begin with."""
_EVEN: Final = bytes(byte for byte in range(256) if byte not in _ODD)

_W: Final = r"[ \t\n]*+"
_NAME: Final = rf"[A-Za-z_][0-9A-Za-z_]{{0,{_MAX_NAME - 1}}}+"
_TEXT: Final = "[^<]*+"
_ATTRIBUTE: Final = r'[^"<>\t\n]'
_TYPE: Final = f"(?:{'|'.join(sorted(SCALAR_TYPES, key=len, reverse=True))})"

_EMPTY_VALUE: Final = "<VALUE ?/>"
_VALUE: Final = f"(?:<VALUE>{_TEXT}</VALUE>|{_EMPTY_VALUE})"
_ARRAY: Final = rf"<VALUE\.ARRAY(?: ?/>|>{_W}(?:(?:{_VALUE}|<VALUE\.NULL ?/>){_W})*+</VALUE\.ARRAY>)"
_KEY: Final = (
    rf'<KEYBINDING NAME="{_NAME}">{_W}<KEYVALUE(?: VALUETYPE="(?:string|boolean|numeric)")?+(?: TYPE="{_TYPE}")?+>'
    rf"{_TEXT}</KEYVALUE>{_W}</KEYBINDING>{_W}"
)
_PROPERTY_ATTRIBUTES: Final = (
    rf' NAME="{_NAME}" TYPE="{_TYPE}"(?: CLASSORIGIN="{_ATTRIBUTE}*+")?+(?: PROPAGATED="{_ATTRIBUTE}*+")?+'
)
_PROPERTY: Final = (
    rf"(?:<PROPERTY{_PROPERTY_ATTRIBUTES}(?: ?/>|>{_W}(?:{_VALUE}{_W})?+</PROPERTY>)"
    rf"|<PROPERTY\.ARRAY{_PROPERTY_ATTRIBUTES}(?: ?/>|>{_W}(?:{_ARRAY}{_W})?+</PROPERTY\.ARRAY>)){_W}"
)
_NAMESPACES: Final = (
    rf'<LOCALNAMESPACEPATH>({_W}(?:<NAMESPACE NAME="{_ATTRIBUTE}{{1,{_MAX_NAME}}}+" ?/>{_W})++)</LOCALNAMESPACEPATH>'
)
_CLASS_NAME: Final = rf'<CLASSNAME NAME="({_NAME})" ?/>'
_INSTANCE_NAME: Final = rf'<INSTANCENAME CLASSNAME="({_NAME})"(?: ?/>|>{_W}((?:{_KEY})*+)</INSTANCENAME>){_W}'
_INSTANCE: Final = rf'<INSTANCE CLASSNAME="({_NAME})"(?: ?/>|>{_W}((?:{_PROPERTY})*+)</INSTANCE>){_W}'

_END: Final = rf"{_W}</SIMPLEREQ>{_W}</MESSAGE>{_W}</CIM>{_W}"
_PARAMETER_START: Final = rf'<IPARAMVALUE NAME="({_NAME})"'


# Compiling one takes up to 10 ms, and few clients need all of them: each is compiled when a message first needs it.
@cache
def _envelope() -> re.Pattern[str]:
    return re.compile(
        rf'(?:<\?xml version="1\.0"(?: encoding="(?:utf-8|UTF-8)")?+ ?\?>)?+{_W}'
        rf'<CIM CIMVERSION="2\.[0-9]++(?:\.[0-9]++)?+" DTDVERSION="2\.[0-9]++(?:\.[0-9]++)?+">{_W}'
        rf'<MESSAGE ID="({_ATTRIBUTE}*+)" PROTOCOLVERSION="(1\.[0-9]++)">{_W}<SIMPLEREQ>{_W}'
        rf'<(?:IMETHODCALL NAME="({_NAME})">{_W}{_NAMESPACES}{_W}'
        rf'|METHODCALL NAME="({_NAME})">{_W}<LOCAL(INSTANCE|CLASS)PATH>{_W}{_NAMESPACES}{_W})'
    )


@cache
def _intrinsic_end() -> re.Pattern[str]:
    return re.compile(f"</IMETHODCALL>{_END}")


@cache
def _extrinsic_end() -> re.Pattern[str]:
    return re.compile(f"</METHODCALL>{_END}")


@cache
def _target() -> re.Pattern[str]:
    return re.compile(rf"(?:{_INSTANCE_NAME}</LOCALINSTANCEPATH>|{_CLASS_NAME}{_W}</LOCALCLASSPATH>){_W}")


@cache
def _simple_parameter() -> re.Pattern[str]:
    return re.compile(
        rf"{_PARAMETER_START}(?: ?/>|>{_W}(?:"
        rf"<VALUE>({_TEXT})</VALUE>{_W}"
        rf"|{_CLASS_NAME}{_W}"
        rf"|({_ARRAY}|{_EMPTY_VALUE}){_W}"
        rf"|{_INSTANCE_NAME}"
        rf")?+</IPARAMVALUE>){_W}"
    )


@cache
def _instance_parameter() -> re.Pattern[str]:
    return re.compile(
        rf"{_PARAMETER_START}>{_W}(?:"
        rf"{_INSTANCE}"
        rf"|<VALUE\.NAMEDINSTANCE>{_W}{_INSTANCE_NAME}{_INSTANCE}</VALUE\.NAMEDINSTANCE>{_W}"
        rf")</IPARAMVALUE>{_W}"
    )


@cache
def _method_parameter() -> re.Pattern[str]:
    return re.compile(
        rf'<PARAMVALUE NAME="({_NAME})"(?: PARAMTYPE="({_TYPE})")?+'
        rf"(?: ?/>|>{_W}(?:<VALUE>({_TEXT})</VALUE>{_W}|({_ARRAY}|{_EMPTY_VALUE}){_W})?+</PARAMVALUE>){_W}"
    )


# What takes matched text apart need not check it again.
_NAMES_IN: Final = re.compile('"([^"]+)"')


@cache
def _keys_in() -> re.Pattern[str]:
    return re.compile(r'G NAME="([^"]+)">\s*<KEYVALUE(?: VALUETYPE="([^"]+)")?(?: TYPE="([^"]+)")?>([^<]*)')


@cache
def _properties_in() -> re.Pattern[str]:
    return re.compile(rf'<PROPERTY(\.ARRAY)? NAME="([^"]+)" TYPE="([^"]+)"[^>]*>\s*(<VALUE>[^<]*|{_ARRAY}|{_EMPTY_VALUE})?')


@cache
def _items_in() -> re.Pattern[str]:
    return re.compile(r"<VALUE(\.NULL| ?/|>[^<]*)")


_VALUE_START: Final = len("<VALUE>")


class CommonMessage(NamedTuple):
    """A message as it was read: its ID and PROTOCOLVERSION, and what its call says; ``target`` is None for an operation."""

    id: str
    protocol: str
    name: str
    namespace: str
    target: InstancePath | ClassName | None
    arguments: tuple[Argument, ...]


def max_length(limits: MessageLimits) -> int:
    """Return how long the body of a message may be that cannot pass any limit; 0: none is short enough."""
    if limits.name_length < _MAX_NAME:
        return 0
    return min(
        _MAX_LENGTH,
        limits.elements,
        limits.attributes,
        limits.references,
        limits.tag_length,
        limits.key_bindings * _KEY_LENGTH,
        limits.parameters * _PARAMETER_LENGTH,
        limits.array_items * _ITEM_LENGTH,
    )


def read(body: bytes) -> CommonMessage | None:
    """Return the message of a body of at most ``max_length`` bytes; None: the strict reader has to look at it."""
    if body.translate(None, _EVEN) or b"]]>" in body:
        return None
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    envelope = _envelope().match(text)
    if envelope is None:
        return None
    identifier, protocol, operation, namespaces, method, kind, target_namespaces = envelope.groups()
    if operation is not None:
        arguments = _parameters(text, envelope.end())
        if arguments is None:
            return None
        return CommonMessage(identifier, protocol, operation, "/".join(_NAMES_IN.findall(namespaces)), None, arguments)
    found = _target().match(text, envelope.end())
    if found is None or (found[3] is None) is (kind == "CLASS"):
        return None
    arguments = _method_arguments(text, found.end())
    if arguments is None:
        return None
    target = _path(found[1], found[2]) if found[3] is None else ClassName(found[3])
    return CommonMessage(identifier, protocol, method, "/".join(_NAMES_IN.findall(target_namespaces)), target, arguments)


def _parameters(text: str, place: int) -> tuple[Argument, ...] | None:
    """Return the arguments of an operation from some place on to the end of the message; None if it holds anything else."""
    arguments = []
    match = _simple_parameter().match
    while True:
        if (found := match(text, place)) is not None:
            arguments.append(_argument(found))
        elif text.startswith("<IPARAMVALUE", place) and (found := _instance_parameter().match(text, place)) is not None:
            arguments.append(_instance_argument(found))
        else:
            return tuple(arguments) if _intrinsic_end().fullmatch(text, place) is not None else None
        place = found.end()


def _method_arguments(text: str, place: int) -> tuple[Argument, ...] | None:
    """Return the arguments of a method, likewise."""
    arguments = []
    match = _method_parameter().match
    while (found := match(text, place)) is not None:
        arguments.append(_method_argument(found))
        place = found.end()
    return tuple(arguments) if _extrinsic_end().fullmatch(text, place) is not None else None


def _argument(found: re.Match[str]) -> Argument:
    name, value, classname, array, of_path, keys = found.groups()
    result: Any = None
    if value is not None:
        result = Untyped(value)
    elif classname is not None:
        result = ClassName(classname)
    elif of_path is not None:
        result = _path(of_path, keys)
    elif array is not None:
        result = _content(array)
    return Argument(name, result)


def _instance_argument(found: re.Match[str]) -> Argument:
    name, classname, properties, *named = found.groups()
    if classname is not None:
        return Argument(name, _instance(classname, properties))
    return Argument(name, NamedInstance(_path(named[0], named[1]), _instance(named[2], named[3])))


def _method_argument(found: re.Match[str]) -> Argument:
    name, cim_type, value, array = found.groups()
    result: Any = None
    if value is not None:
        result = Untyped(value)
    elif array is not None:
        result = _content(array)
    return Argument(name, result, cim_type)


def _path(classname: str, keys: str | None) -> InstancePath:
    if not keys:
        return InstancePath(classname, ())
    return InstancePath(
        classname,
        tuple(
            [
                (name, Untyped(text) if (hint := cim_type or kind or "string") == "string" else Hinted(text, hint))
                for name, kind, cim_type, text in _keys_in().findall(keys)
            ]
        ),
    )


def _instance(classname: str, properties: str | None) -> InstanceData:
    return InstanceData(
        classname,
        tuple(
            [
                PropertyData(name, cim_type, array != "", _content(value))
                for array, name, cim_type, value in _properties_in().findall(properties or "")
            ]
        ),
    )


def _content(value: str) -> Any:
    """Return what a value element says, an empty text being none."""
    if value.startswith("<VALUE>"):
        return Untyped(value[_VALUE_START:])
    if value.startswith("<VALUE."):
        return [None if item == ".NULL" else Untyped(item[1:] if item[0] == ">" else "") for item in _items_in().findall(value)]
    return Untyped("") if value else None
