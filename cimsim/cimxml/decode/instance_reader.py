"""Values and instances: VALUE, VALUE.ARRAY, PROPERTY, INSTANCE and objects embedded as text.

What the body says is kept, not judged: a value stays text until its class is known.
"""

from collections.abc import Callable
from typing import Any, Final

from cimsim.cimxml.decode.class_reader import ClassReader
from cimsim.cimxml.decode.element_checks import (
    EMBEDDED,
    NOTHING,
    attributes,
    check_empty,
    children,
    expect,
    not_valid,
    read_embedding,
    read_type,
    text_of,
    unexpected,
)
from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.cimxml.decode.path_reader import PathReader
from cimsim.cimxml.decode.xml_parser import Element, XmlParser
from cimsim.cimxml.message import MessageError
from cimsim.operations.request import NamedInstance
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.values import Malformed, Untyped

_INSTANCE: Final = frozenset({"CLASSNAME"})
_PROPERTY: Final = frozenset({"NAME", "TYPE"})
_PROPERTY_OPTIONS: Final = frozenset({"CLASSORIGIN", "PROPAGATED"}) | EMBEDDED
_ARRAY_OPTIONS: Final = _PROPERTY_OPTIONS | {"ARRAYSIZE"}
_REFERENCE: Final = frozenset({"NAME"})
_REFERENCE_OPTIONS: Final = frozenset({"REFERENCECLASS", "CLASSORIGIN", "PROPAGATED"})


def read_scalar(element: Element) -> Untyped:
    """Return the text of a VALUE (rule D1)."""
    attributes(element, NOTHING)
    return Untyped(text_of(element))


def read_array(element: Element, longest: int, item: str = "VALUE", read: Callable[[Element], Any] = read_scalar) -> list[Any]:
    """Return the items of a VALUE.ARRAY, or of another array of ``item`` elements; VALUE.NULL is None (rule D13).

    Raises:
        MessageError: request-not-valid for other children, or more than ``longest`` of them (rule SEC3).
    """
    attributes(element, NOTHING)
    found = children(element)
    if len(found) > longest:
        raise not_valid(f"{element.tag} with {len(found)} items")
    items: list[Any] = []
    for child in found:
        if child.tag == item:
            items.append(read(child))
        elif child.tag == "VALUE.NULL":
            check_empty(child)
            items.append(None)
        else:
            raise unexpected(element, child)
    return items


class InstanceReader:
    """Reads instances. Every method raises MessageError, request-not-valid, for what breaks the DTD or the limits.

    ``level`` counts how many embedded objects lie around what is read (rule SEC2).
    """

    def __init__(
        self, limits: MessageLimits, parser: XmlParser, paths: PathReader, classes: ClassReader, level: int = 0
    ) -> None:
        self._limits = limits
        self._parser = parser
        self._paths = paths
        self._classes = classes
        self._level = level

    def named_instance(self, element: Element) -> NamedInstance:
        """Return the path and the instance of a VALUE.NAMEDINSTANCE."""
        attributes(element, NOTHING)
        found = children(element)
        if len(found) != 2:
            raise not_valid(f"VALUE.NAMEDINSTANCE with {len(found)} children instead of two")
        path = self._paths.instance_name(expect(found[0], "INSTANCENAME", element))
        return NamedInstance(path, self.instance(expect(found[1], "INSTANCE", element)))

    def instance(self, element: Element) -> InstanceData:
        """Return an INSTANCE; its qualifiers are ignored (rules OP-CI-6, OP-MI-6)."""
        classname = self._paths.name(attributes(element, _INSTANCE)["CLASSNAME"])
        properties = []
        for child in children(element):
            match child.tag:
                case "PROPERTY":
                    properties.append(self._property(child))
                case "PROPERTY.ARRAY":
                    properties.append(self._property_array(child))
                case "PROPERTY.REFERENCE":
                    properties.append(self._property_reference(child))
                case "QUALIFIER":
                    pass
                case _:
                    raise unexpected(element, child)
        return InstanceData(classname, tuple(properties))

    def _property(self, element: Element) -> PropertyData:
        found = attributes(element, _PROPERTY, _PROPERTY_OPTIONS)
        embedded = read_embedding(element, found)
        value: Any = None
        child = _value_child(element, "VALUE")
        if child is not None:
            value = read_scalar(child)
            if embedded:
                value = self.embedded(value)
        return PropertyData(self._paths.name(found["NAME"]), read_type(found["TYPE"]), False, value, embedded)

    def _property_array(self, element: Element) -> PropertyData:
        found = attributes(element, _PROPERTY, _ARRAY_OPTIONS)
        embedded = read_embedding(element, found)
        value: Any = None
        child = _value_child(element, "VALUE.ARRAY")
        if child is not None:
            value = read_array(child, self._limits.array_items)
            if embedded:
                value = [None if item is None else self.embedded(item) for item in value]
        return PropertyData(self._paths.name(found["NAME"]), read_type(found["TYPE"]), True, value, embedded)

    def _property_reference(self, element: Element) -> PropertyData:
        found = attributes(element, _REFERENCE, _REFERENCE_OPTIONS)
        child = _value_child(element, "VALUE.REFERENCE")
        value = None if child is None else self._paths.reference(child)
        return PropertyData(self._paths.name(found["NAME"]), "reference", False, value)

    def embedded(self, text: str) -> Any:
        """Return the object that a text embeds: InstanceData, ``pywbem.CIMClass``, or Malformed for neither (rule D24)."""
        if self._level >= self._limits.embedding_depth:
            return Malformed(f"embedded objects nest deeper than {self._limits.embedding_depth}")
        if len(text) > self._limits.embedded_length:
            return Malformed(
                f"an embedded object of {len(text)} characters; at most {self._limits.embedded_length} are allowed"
            )
        try:
            root = self._parser.parse(text.encode("utf-8"))
            if root.tag == "INSTANCE":
                return self._deeper().instance(root)
            if root.tag == "CLASS":
                return self._classes.cim_class(root)
        except MessageError as error:
            self._parser.spoil(len(text))
            return Malformed(f"no embedded object: {error.detail}")
        self._parser.spoil(len(text))
        return Malformed(f"no embedded object: INSTANCE or CLASS expected, not {root.tag}")

    def _deeper(self) -> "InstanceReader":
        return InstanceReader(self._limits, self._parser, self._paths, self._classes, self._level + 1)


def _value_child(element: Element, tag: str) -> Element | None:
    """Return the value element of a property, None for NULL (rule D12); qualifiers before it are ignored."""
    value = None
    for child in children(element):
        if value is None and child.tag == tag:
            value = child
        elif value is not None or child.tag != "QUALIFIER":
            raise unexpected(element, child)
    return value
