"""Safe XML parsing for SOAP: bytes to a small tree, without document types, entities or network (rules SEC1 to SEC3).

SOAP messages are full of names that only classes know. libxml2 never forgets a name, so a client could fill its table for ever;
expat, which comes with Python, keeps names no longer than its parser lives. A document type declaration is refused when it
begins, whatever stands in it, so no entity is ever declared.
"""

from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

_SEPARATOR: Final = "\x1f"
"""Between namespace and local name: a character that no document can hold."""
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


class XmlError(Exception):
    """A body is not a well-formed XML document, or asks for more than the limits allow; the text says what and where."""


class SoapElement:
    """An element: its namespace URI ("" for none) and local name, attributes by ``(namespace, name)``, children and text."""

    __slots__ = ("attributes", "children", "name", "namespace", "parts")

    def __init__(self, namespace: str, name: str, attributes: dict[tuple[str, str], str]) -> None:
        self.namespace = namespace
        self.name = name
        self.attributes = attributes
        self.children: list[SoapElement] = []
        self.parts: list[str] = []

    def __repr__(self) -> str:
        return f"<{{{self.namespace}}}{self.name}>"

    @property
    def text(self) -> str:
        """The text directly in the element, as it stands."""
        return "".join(self.parts)

    @property
    def stripped(self) -> str:
        """The text without the white space around it (rule WM-R-9)."""
        return self.text.strip()

    def find(self, namespace: str, name: str) -> "SoapElement | None":
        """Return the first child of that name, or None."""
        for child in self.children:
            if child.name == name and child.namespace == namespace:
                return child
        return None

    def all(self, namespace: str, name: str) -> Iterator["SoapElement"]:
        """Yield the children of that name."""
        return (child for child in self.children if child.name == name and child.namespace == namespace)

    def attribute(self, name: str, namespace: str = "") -> str | None:
        """Return an attribute, or None."""
        return self.attributes.get((namespace, name))


class _TreeBuilder:
    """Builds the tree of one document. Expat calls its methods; what they raise ends the parsing."""

    def __init__(self, max_elements: int, max_depth: int) -> None:
        self.root: SoapElement | None = None
        self._open: list[SoapElement] = []
        self._left = max_elements
        self._max_depth = max_depth

    def start(self, tag: str, attributes: list[str]) -> None:
        self._left -= 1 + len(attributes) // 2
        if self._left < 0:
            raise XmlError("the message has too many elements or attributes")
        if len(self._open) >= self._max_depth:
            raise XmlError(f"elements are nested more than {self._max_depth} deep")
        namespace, _, name = tag.rpartition(_SEPARATOR)
        if attributes:
            pairs = iter(attributes)
            named = {_split(each): value for each, value in zip(pairs, pairs, strict=True)}
        else:
            named = _NO_ATTRIBUTES
        element = SoapElement(namespace, name, named)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, tag: str) -> None:
        self._open.pop()

    def text(self, data: str) -> None:
        self._open[-1].parts.append(data)

    def doctype(self, *_: object) -> None:
        raise XmlError("a SOAP message must not have a document type declaration")

    def instruction(self, *_: object) -> None:
        raise XmlError("a SOAP message must not have processing instructions")


def parse(body: bytes, *, max_elements: int = 100_000, max_depth: int = 100) -> SoapElement:
    """Return the root element of a document in UTF-8, or in UTF-16 with a byte order mark (rule WM-H-2).

    Raises:
        XmlError: it is not well-formed, has a document type declaration (rule SEC1) or processing instructions, or more
        elements
            and attributes, or a deeper nesting, than allowed (rules SEC2, SEC3).
    """
    builder = _TreeBuilder(max_elements, max_depth)
    # An encoding that the document declares does not count: HTTP has said what it is.
    parser = expat.ParserCreate("utf-16" if body.startswith(_UTF_16) else "utf-8", _SEPARATOR)
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.ProcessingInstructionHandler = builder.instruction
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        where = f"line {error.lineno}, column {error.offset + 1}"
        raise XmlError(f"the body is not well-formed XML: {expat.ErrorString(error.code)} at {where}") from None
    if builder.root is None:
        raise XmlError("the body is empty")
    return builder.root


_NO_ATTRIBUTES: Final[dict[tuple[str, str], str]] = {}


def _split(name: str) -> tuple[str, str]:
    namespace, _, local = name.rpartition(_SEPARATOR)
    return namespace, local
