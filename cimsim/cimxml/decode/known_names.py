"""The names of CIM-XML, and how to recognize documents that may hold others.

libxml2 keeps every name that a thread ever parsed in one table, as long as the thread lives; a document with a new name cannot
be parsed once that is full. So documents that may hold other names are parsed in threads of their own (rule SEC3).
"""

import re
from typing import Final

_ELEMENTS: Final = """
CIM DECLARATION MESSAGE MULTIREQ MULTIRSP MULTIEXPREQ MULTIEXPRSP SIMPLEREQ SIMPLERSP SIMPLEEXPREQ SIMPLEEXPRSP CORRELATOR
METHODCALL METHODRESPONSE IMETHODCALL IMETHODRESPONSE EXPMETHODCALL EXPMETHODRESPONSE
PARAMVALUE IPARAMVALUE EXPPARAMVALUE RETURNVALUE IRETURNVALUE ENUMERATIONCONTEXT ERROR
NAMESPACEPATH LOCALNAMESPACEPATH HOST NAMESPACE CLASSPATH LOCALCLASSPATH CLASSNAME
INSTANCEPATH LOCALINSTANCEPATH INSTANCENAME OBJECTPATH KEYBINDING KEYVALUE
VALUE VALUE.ARRAY VALUE.REFERENCE VALUE.REFARRAY VALUE.NULL VALUE.OBJECT VALUE.NAMEDINSTANCE VALUE.NAMEDOBJECT
VALUE.OBJECTWITHPATH VALUE.OBJECTWITHLOCALPATH VALUE.INSTANCEWITHPATH
CLASS INSTANCE QUALIFIER QUALIFIER.DECLARATION SCOPE PROPERTY PROPERTY.ARRAY PROPERTY.REFERENCE
METHOD PARAMETER PARAMETER.ARRAY PARAMETER.REFERENCE PARAMETER.REFARRAY
"""
_ATTRIBUTES: Final = """
CIMVERSION DTDVERSION ID PROTOCOLVERSION NAME TYPE PARAMTYPE VALUETYPE CODE DESCRIPTION EmbeddedObject EMBEDDEDOBJECT
CLASSNAME SUPERCLASS REFERENCECLASS CLASSORIGIN PROPAGATED ISARRAY ARRAYSIZE OVERRIDABLE TOSUBCLASS TOINSTANCE TRANSLATABLE
CLASS ASSOCIATION REFERENCE PROPERTY METHOD PARAMETER INDICATION xml:lang
"""

_KNOWN_ELEMENTS: Final = frozenset(name.encode() for name in _ELEMENTS.split())
_KNOWN_ATTRIBUTES: Final = frozenset(name.encode() for name in (*_ATTRIBUTES.split(), "version", "encoding", "standalone"))
_KNOWN_ENTITIES: Final = frozenset({b"lt", b"gt", b"amp", b"quot", b"apos"})
_ELEMENT: Final = rb"</?([^\s<>/?!]+)"
_ATTRIBUTE: Final = rb"[\s\"']([^\s<>=\"'/]+)\s*="
_ENTITY: Final = rb"&([^#;\s&<][^;\s&<]*)"
_INSTRUCTION: Final = rb"<\?(?!xml\s)"


def may_have_strange_names(body: bytes) -> bool:
    """Return whether a document may hold a name that is not of CIM-XML; text that looks like one counts, too."""
    if not _KNOWN_ELEMENTS.issuperset(re.findall(_ELEMENT, body)) or not _KNOWN_ATTRIBUTES.issuperset(
        re.findall(_ATTRIBUTE, body)
    ):
        return True
    if b"&" in body and not _KNOWN_ENTITIES.issuperset(re.findall(_ENTITY, body)):
        return True
    return b"<?" in body and re.search(_INSTRUCTION, body) is not None
