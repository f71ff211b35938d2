"""Responses with the quirks of other servers: what the encoder writes, changed before it is sent (rules Q1 to Q7).

The encoder knows nothing of quirks and costs nothing more for them: they are substitutions in its bytes. That is safe because
text and attributes are escaped, so that ``<`` and ``>`` only stand where tags begin and end. Objects embedded in text stay
as they are.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from pywbem import CIM_ERR_METHOD_NOT_FOUND, CIMError

from cimsim.cimxml.encode.path_writer import local_namespace_path
from cimsim.cimxml.message import Message
from cimsim.operations.results import Result
from cimsim.quirks.profiles import KeyType, Quirks
from cimsim.world.names import INTEROP

_Change = Callable[[bytes], bytes]

_NAMESPACE_KEY: Final = (
    rb'(<INSTANCENAME CLASSNAME="(?:CIM|PG)_Namespace">(?:(?!</INSTANCENAME>).)*?<KEYBINDING NAME="Name"><KEYVALUE[^>]*>)'
)
_NAMESPACE_PROPERTY: Final = (
    rb'(<INSTANCE CLASSNAME="(?:CIM|PG)_Namespace">(?:(?!</INSTANCE>).)*?<PROPERTY NAME="Name" TYPE="string"[^>]*><VALUE>)'
)
_REFERENCE_KEY: Final = (
    rb"(<KEYBINDING NAME=\"[^\"]*\"><VALUE\.REFERENCE>)<LOCALINSTANCEPATH>(<LOCALNAMESPACEPATH>.*?</LOCALNAMESPACEPATH>)"
    rb"<INSTANCENAME CLASSNAME=\"([^\"]*)\">(?:(?!</?INSTANCENAME).)*</INSTANCENAME></LOCALINSTANCEPATH>(</VALUE\.REFERENCE>)"
)


class WrappedEncoder(Protocol):
    """What this needs of the encoder whose responses it changes."""

    def encode(self, message: Message, result: Result | CIMError) -> Iterator[list[bytes]]:
        """Yield the response to a message."""
        ...

    def encode_batch(self, message: Message, results: Iterable[Result | CIMError | None]) -> Iterator[list[bytes]]:
        """Yield the response to a batch."""
        ...


class QuirkyEncoder:
    """Encodes as another encoder does, and gives the responses the quirks of a profile.

    Args:
        encoder: writes the responses.
        quirks: the profile.
    """

    def __init__(self, encoder: WrappedEncoder, quirks: Quirks) -> None:
        self._encoder = encoder
        self._quirks = quirks
        self._changes = tuple(_changes(quirks))

    def encode(self, message: Message, result: Result | CIMError) -> Iterator[list[bytes]]:
        """Yield the response to a message; see ``Encoder.encode``."""
        return self._changed(self._encoder.encode(message, result))

    def encode_batch(self, message: Message, results: Iterable[Result | CIMError | None]) -> Iterator[list[bytes]]:
        """Yield the response to a batch; see ``Encoder.encode_batch``."""
        return self._changed(self._encoder.encode_batch(message, results))

    def _changed(self, batches: Iterator[list[bytes]]) -> Iterator[list[bytes]]:
        for batch in batches:
            text = b"".join(batch)
            for change in self._changes:
                text = change(text)
            yield [text]


def _changes(quirks: Quirks) -> Iterator[_Change]:
    if quirks.versions is not None:
        cim, dtd, protocol = (version.encode("ascii") for version in quirks.versions)
        yield _substitute(
            rb'<CIM CIMVERSION="[^"]*" DTDVERSION="[^"]*">', b'<CIM CIMVERSION="%b" DTDVERSION="%b">' % (cim, dtd)
        )
        yield _substitute(rb'(<MESSAGE ID="[^"]*" PROTOCOLVERSION=")[^"]*', rb"\g<1>" + protocol)
    if quirks.key_type is not KeyType.DECLARED:
        shown = b' TYPE=""' if quirks.key_type is KeyType.EMPTY else b""
        yield _substitute(rb'(<KEYVALUE VALUETYPE="\w+") TYPE="\w*"', rb"\g<1>" + shown)
    if quirks.both_embedded:
        yield _substitute(rb'(<[A-Z.]+ [^>]*?EmbeddedObject="(\w+)")', rb'\g<1> EMBEDDEDOBJECT="\g<2>"')
    if quirks.untyped_pull:
        names = rb"EnumerationContext|EndOfSequence|QueryResultClass"
        yield _substitute(rb'(<PARAMVALUE NAME="(?:' + names + rb')") PARAMTYPE="\w+"', rb"\g<1>")
    if quirks.output_type:
        yield _substitute(rb'(<PARAMVALUE NAME="[^"]*") PARAMTYPE=', rb"\g<1> TYPE=")
    if quirks.empty_hosts:
        start = rb"<(?:OBJECTPATH|VALUE\.OBJECTWITHPATH)><INSTANCEPATH><NAMESPACEPATH>"
        yield _substitute(rb"(%b<HOST>)[^<]*" % start, rb"\g<1>")
    if quirks.interop is not None:
        yield from _renamed(INTEROP, quirks.interop)
    if quirks.leading_slash:
        yield _substitute(_NAMESPACE_KEY, rb"\g<1>/")
        yield _substitute(_NAMESPACE_PROPERTY, rb"\g<1>/")
    if quirks.class_paths_as_keys:
        path = rb'\g<1><LOCALCLASSPATH>\g<2><CLASSNAME NAME="\g<3>"/></LOCALCLASSPATH>\g<4>'
        yield _substitute(_REFERENCE_KEY, path)
    if quirks.untyped_methods:
        yield _substitute(rb'(<METHOD NAME="[^"]*") TYPE="\w+"', rb"\g<1>")
    if quirks.bare_pull:
        yield _substitute(rb"<IRETURNVALUE></IRETURNVALUE>(<PARAMVALUE)", rb"\g<1>")
    if quirks.empty_booleans:
        yield _substitute(rb'(<PROPERTY NAME="[^"]*" TYPE="boolean"[^>]*><VALUE>)FALSE', rb"\g<1>")
    if quirks.undeclared_property is not None:
        name = quirks.undeclared_property.encode("ascii")
        element = b'<PROPERTY NAME="%b" TYPE="string"><VALUE>not in the class</VALUE></PROPERTY>' % name
        yield _substitute(rb"</INSTANCE>", element + b"</INSTANCE>")
    if quirks.illegal_description:
        yield _substitute(rb'(<ERROR CODE="%d" DESCRIPTION=")' % CIM_ERR_METHOD_NOT_FOUND, b"\\g<1>\x0c")
    if quirks.error_instance:
        shown = b'<PROPERTY NAME="CIMStatusCode" TYPE="uint32"><VALUE>\\g<2></VALUE></PROPERTY>'
        yield _substitute(rb'(<ERROR CODE="(\d+)"[^>]*?)/>', rb"\g<1>><INSTANCE>" + shown + b"</INSTANCE></ERROR>")


def _renamed(name: str, shown: str) -> Iterator[_Change]:
    """Yield what gives a namespace another name: in paths, and in the instances of CIM_Namespace."""
    yield _substitute(b"(?i:%b)" % re.escape(local_namespace_path(name).encode()), local_namespace_path(shown).encode())
    for place in (_NAMESPACE_KEY, _NAMESPACE_PROPERTY):
        yield _substitute(b"(?i:%b%b(?=<))" % (place, re.escape(name.encode())), rb"\g<1>" + shown.encode())


def _substitute(pattern: bytes, replacement: bytes) -> _Change:
    compiled = re.compile(pattern, re.DOTALL)
    return lambda text: compiled.sub(replacement, text)
