"""Reading what every element has, attributes, children, text, and refusing what the DTD does not allow (HE12, M17, M18)."""

import re
from functools import cache
from typing import Final

from cimsim.cimxml.decode.xml_parser import Element
from cimsim.cimxml.message import REQUEST_NOT_VALID, MessageError
from cimsim.world.values import SCALAR_TYPES

NOTHING: Final[frozenset[str]] = frozenset()
ONLY_NAME: Final = frozenset({"NAME"})
EMBEDDED: Final = frozenset({"EmbeddedObject", "EMBEDDEDOBJECT"})
"""The spellings of EmbeddedObject (rule X10)."""

_MAX_ATTRIBUTES: Final = 100
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_BLANKS: Final = " \t\r\n"


@cache
def _identifier() -> re.Pattern[str]:
    """Return the pattern of an identifier (DSP0004, annex A); making it takes some milliseconds, and few names need it."""
    return re.compile("[A-Za-z_\u0080-\uffef][0-9A-Za-z_\u0080-\uffef]*")


def not_valid(detail: str) -> MessageError:
    """Return the refusal of a message that is well-formed but breaks the DTD (rule HE5)."""
    return MessageError(REQUEST_NOT_VALID, detail)


def attributes(element: Element, required: frozenset[str], optional: frozenset[str] = NOTHING) -> dict[str, str]:
    """Return the attributes of an element; ``xml:lang`` is tolerated everywhere (rules M17, D33).

    Raises:
        MessageError: request-not-valid for a missing or an unknown one (rules HE12, M18), or for too many (rule SEC3).
    """
    # The time that lxml takes to collect them grows with the square of their number.
    if len(element.attrib) > _MAX_ATTRIBUTES:
        raise not_valid(f"{element.tag} with {len(element.attrib)} attributes")
    items = element.items()
    if not items and not required:
        return {}
    found: dict[str, str] = dict(items)
    names = found.keys()
    if names == required or (required <= names and names - required <= optional):
        return found
    if not names >= required:
        raise not_valid(f"{element.tag} without attribute {min(required - names)}")
    unknown = names - required - optional - {_LANG}
    if unknown:
        raise not_valid(f"{element.tag} with unknown attribute {min(unknown)}")
    return found


def children(element: Element) -> list[Element]:
    """Return the child elements.

    Raises:
        MessageError: request-not-valid for text between them.
    """
    found: list[Element] = element[:]
    text = element.text
    if text and text.strip(_BLANKS):
        raise not_valid(f"{element.tag} with text in it")
    for child in found:
        text = child.tail
        if text and text.strip(_BLANKS):
            raise not_valid(f"{element.tag} with text in it")
    return found


def only_child(element: Element) -> Element:
    """Return the one child element.

    Raises:
        MessageError: request-not-valid when there is none or more than one.
    """
    found = children(element)
    if len(found) != 1:
        raise not_valid(f"{element.tag} with {len(found)} children instead of one")
    return found[0]


def optional_child(element: Element) -> Element | None:
    """Return the one child element or None; raises as ``only_child``."""
    if len(element):
        return only_child(element)
    no_children(element)
    return None


def no_children(element: Element) -> None:
    """Check that the element is empty; raises as ``children``."""
    if children(element):
        raise not_valid(f"{element.tag} with unexpected {_tag(element[0])}")


def check_empty(element: Element) -> None:
    """Check that an element has neither attributes nor content, as VALUE.NULL (rule D13); raises as ``children``."""
    attributes(element, NOTHING)
    no_children(element)


def text_of(element: Element) -> str:
    """Return the text of an element, verbatim.

    Raises:
        MessageError: request-not-valid when there are elements in it.
    """
    if len(element):
        raise not_valid(f"{element.tag} with an element in it")
    text: str | None = element.text
    return text or ""


def unexpected(parent: Element, child: Element) -> MessageError:
    """Return the refusal of a child element that does not belong there (rules HE12, M18)."""
    return not_valid(f"{parent.tag} with unexpected {_tag(child)}")


def _tag(element: Element) -> str:
    # What is not an element (an entity reference that slipped through) has a function in place of its name.
    return element.tag if isinstance(element.tag, str) else "entity reference"


def expect(element: Element, tag: str, parent: Element) -> Element:
    """Return the element if it has that name; raises MessageError as ``unexpected`` says."""
    if element.tag != tag:
        raise unexpected(parent, element)
    return element


def identifier(text: str, longest: int) -> str:
    """Return a text that must be a CIM name (rule D30).

    Raises:
        MessageError: request-not-valid when it is empty, illegal, or longer than ``longest`` (rule SEC3).
    """
    if len(text) > longest:
        raise not_valid(f"a name of {len(text)} characters")
    if not (text.isascii() and text.isidentifier()) and _identifier().fullmatch(text) is None:
        raise not_valid(f"{text!r} is not a CIM name")
    return text


def read_type(text: str) -> str:
    """Return the type that an attribute TYPE names; raises MessageError, request-not-valid, for another text."""
    if text not in SCALAR_TYPES:
        raise not_valid(f"{text!r} is not a CIM type")
    return text


def read_embedding(element: Element, found: dict[str, str]) -> str | None:
    """Return ``instance``, ``object`` or None, as an element's EmbeddedObject says in either spelling (rule X10).

    Raises:
        MessageError: request-not-valid for another value.
    """
    embedded = found.get("EmbeddedObject") or found.get("EMBEDDEDOBJECT")
    if embedded is not None and embedded not in {"instance", "object"}:
        raise not_valid(f"{element.tag} with EmbeddedObject {embedded!r}")
    return embedded


def flag(found: dict[str, str], name: str) -> bool | None:
    """Return a boolean attribute, None when it is not there (rule D5).

    Raises:
        MessageError: request-not-valid for another value.
    """
    text = found.get(name)
    if text is None:
        return None
    value = {"true": True, "false": False}.get(text.lower())
    if value is None:
        raise not_valid(f"attribute {name} is {text!r}, neither true nor false")
    return value
