"""Classes and qualifier declarations, as pywbem objects.

Their literals have types beside them, so they are converted here; an illegal one makes the whole object Malformed, which
becomes a CIM error when it is bound to its parameter (rule HE15).
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final, TypeVar

from pywbem import CIMClass, CIMDateTime, CIMMethod, CIMParameter, CIMProperty, CIMQualifier, CIMQualifierDeclaration

from cimsim.cimxml.decode.element_checks import (
    EMBEDDED,
    NOTHING,
    ONLY_NAME,
    attributes,
    check_empty,
    children,
    flag,
    no_children,
    not_valid,
    read_embedding,
    read_type,
    text_of,
    unexpected,
)
from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.cimxml.decode.path_reader import PathReader
from cimsim.cimxml.decode.xml_parser import Element
from cimsim.world.names import fold
from cimsim.world.values import Malformed, parse_text

T = TypeVar("T", CIMProperty, CIMMethod, CIMParameter, CIMQualifier)

_TYPED: Final = frozenset({"NAME", "TYPE"})
_FLAVORS: Final = frozenset({"OVERRIDABLE", "TOSUBCLASS", "TOINSTANCE", "TRANSLATABLE"})
_MEMBER: Final = frozenset({"CLASSORIGIN", "PROPAGATED"})
_PROPERTIES: Final = {
    "PROPERTY": (_TYPED, _MEMBER | EMBEDDED),
    "PROPERTY.ARRAY": (_TYPED, _MEMBER | EMBEDDED | {"ARRAYSIZE"}),
    "PROPERTY.REFERENCE": (ONLY_NAME, _MEMBER | {"REFERENCECLASS"}),
}
_PARAMETERS: Final = {
    "PARAMETER": (_TYPED, NOTHING),
    "PARAMETER.ARRAY": (_TYPED, frozenset({"ARRAYSIZE"})),
    "PARAMETER.REFERENCE": (ONLY_NAME, frozenset({"REFERENCECLASS"})),
    "PARAMETER.REFARRAY": (ONLY_NAME, frozenset({"REFERENCECLASS", "ARRAYSIZE"})),
}
_CLASS_ELEMENTS: Final = (*_PROPERTIES, "METHOD", *_PARAMETERS)
# The DTD has no ANY, but pywbem sends it.
_SCOPES: Final = frozenset({"CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION", "ANY"})


class ClassReader:
    """Reads classes and qualifier declarations.

    Every method raises MessageError, request-not-valid, for what breaks the DTD or the limits.
    """

    def __init__(self, limits: MessageLimits, paths: PathReader) -> None:
        self._paths = paths
        self._longest = limits.array_items
        self._max_elements = limits.class_elements
        self._max_qualifiers = limits.class_qualifiers

    def cim_class(self, element: Element) -> CIMClass | Malformed:
        """Return the class of a CLASS element."""
        found = attributes(element, ONLY_NAME, frozenset({"SUPERCLASS"}))
        name = self._paths.name(found["NAME"])
        self._check_parts(element, name)
        superclass = self._paths.name(found["SUPERCLASS"]) if "SUPERCLASS" in found else None
        qualifiers: list[CIMQualifier] = []
        properties: list[CIMProperty] = []
        methods: list[CIMMethod] = []
        try:
            for child in children(element):
                if child.tag == "QUALIFIER":
                    qualifiers.append(self._qualifier(child))
                elif child.tag in _PROPERTIES:
                    properties.append(self._property(child))
                elif child.tag == "METHOD":
                    methods.append(self._method(child))
                else:
                    raise unexpected(element, child)
            return CIMClass(
                name,
                superclass=superclass,
                properties=_unique(properties),
                methods=_unique(methods),
                qualifiers=_unique(qualifiers),
            )
        except (ValueError, TypeError) as error:
            return Malformed(f"class {name}: {error}")

    def _check_parts(self, element: Element, name: str) -> None:
        for most, what, tags in (
            (self._max_elements, "properties, methods and parameters", _CLASS_ELEMENTS),
            (self._max_qualifiers, "qualifiers", ("QUALIFIER",)),
        ):
            if sum(1 for _ in islice(element.iter(*tags), most + 1)) > most:
                raise not_valid(f"class {name} with more than {most} {what}")

    def qualifier_declaration(self, element: Element) -> CIMQualifierDeclaration | Malformed:
        """Return the declaration of a QUALIFIER.DECLARATION element; absent flavors stay None."""
        found = attributes(element, _TYPED, _FLAVORS | {"ISARRAY", "ARRAYSIZE"})
        name, cim_type = self._paths.name(found["NAME"]), read_type(found["TYPE"])
        scopes: dict[str, bool] = {}
        values = []
        for child in children(element):
            if child.tag == "SCOPE":
                no_children(child)
                given = attributes(child, NOTHING, _SCOPES)
                scopes = {scope: bool(flag(given, scope)) for scope in given if scope in _SCOPES}
            else:
                values.append(child)
        is_array = flag(found, "ISARRAY")
        try:
            value = self._value(element, values, cim_type)
            return CIMQualifierDeclaration(
                name,
                cim_type,
                value=value,
                is_array=isinstance(value, list) if is_array is None else is_array,
                array_size=_size(found),
                scopes=scopes,
                **_flavors(found),
            )
        except (ValueError, TypeError) as error:
            return Malformed(f"qualifier {name}: {error}")

    def _qualifier(self, element: Element) -> CIMQualifier:
        found = attributes(element, _TYPED, _FLAVORS | {"PROPAGATED"})
        name, cim_type = self._paths.name(found["NAME"]), read_type(found["TYPE"])
        value = self._value(element, children(element), cim_type)
        return CIMQualifier(name, value, type=cim_type, propagated=flag(found, "PROPAGATED"), **_flavors(found))

    def _property(self, element: Element) -> CIMProperty:
        found = attributes(element, *_PROPERTIES[element.tag])
        name = self._paths.name(found["NAME"])
        qualifiers, values = self._split(element)
        embedded = read_embedding(element, found)
        cim_type = read_type(found["TYPE"]) if "TYPE" in found else "reference"
        if values and (embedded or cim_type == "reference"):
            raise ValueError(f"property {name} cannot have a default")
        return CIMProperty(
            name,
            self._value(element, values, cim_type),
            type=cim_type,
            is_array=element.tag == "PROPERTY.ARRAY",
            array_size=_size(found),
            embedded_object=embedded,
            reference_class=self._class(found),
            class_origin=found.get("CLASSORIGIN"),
            propagated=flag(found, "PROPAGATED"),
            qualifiers=qualifiers,
        )

    def _method(self, element: Element) -> CIMMethod:
        found = attributes(element, ONLY_NAME, _MEMBER | {"TYPE"})
        name = self._paths.name(found["NAME"])
        if "TYPE" not in found:
            raise ValueError(f"method {name} has no return type")
        qualifiers, others = self._split(element)
        return CIMMethod(
            name,
            return_type=read_type(found["TYPE"]),
            parameters=_unique([self._parameter(element, child) for child in others]),
            class_origin=found.get("CLASSORIGIN"),
            propagated=flag(found, "PROPAGATED"),
            qualifiers=qualifiers,
        )

    def _parameter(self, method: Element, element: Element) -> CIMParameter:
        allowed = _PARAMETERS.get(element.tag)
        if allowed is None:
            raise unexpected(method, element)
        found = attributes(element, *allowed)
        qualifiers, others = self._split(element)
        if others:
            raise unexpected(element, others[0])
        return CIMParameter(
            self._paths.name(found["NAME"]),
            type=read_type(found["TYPE"]) if "TYPE" in found else "reference",
            is_array=element.tag.endswith("ARRAY"),
            array_size=_size(found),
            reference_class=self._class(found),
            qualifiers=qualifiers,
        )

    def _split(self, element: Element) -> tuple[list[CIMQualifier], list[Element]]:
        """Return the qualifiers of an element, and its other children."""
        found = children(element)
        qualifiers = [self._qualifier(child) for child in found if child.tag == "QUALIFIER"]
        return _unique(qualifiers), [child for child in found if child.tag != "QUALIFIER"]

    def _class(self, found: dict[str, str]) -> str | None:
        name = found.get("REFERENCECLASS")
        return None if name is None else self._paths.name(name)

    def _value(self, parent: Element, elements: list[Element], cim_type: str) -> Any:
        """Return the typed value of VALUE or VALUE.ARRAY, None without (rule D28); ValueError for an illegal literal."""
        if not elements:
            return None
        element = elements[0]
        if len(elements) > 1 or element.tag not in {"VALUE", "VALUE.ARRAY"}:
            raise unexpected(parent, elements[-1])
        attributes(element, NOTHING)
        if element.tag == "VALUE":
            return _literal(text_of(element), cim_type)
        found = children(element)
        if len(found) > self._longest:
            raise not_valid(f"VALUE.ARRAY with {len(found)} items")
        items: list[Any] = []
        for child in found:
            if child.tag not in {"VALUE", "VALUE.NULL"}:
                raise unexpected(element, child)
            if child.tag == "VALUE.NULL":
                check_empty(child)
                items.append(None)
            else:
                attributes(child, NOTHING)
                items.append(_literal(text_of(child), cim_type))
        return items


def _literal(text: str, cim_type: str) -> Any:
    value = parse_text(text, cim_type)
    return CIMDateTime(str(value)) if cim_type == "datetime" else value


def _unique(items: Iterable[T]) -> list[T]:
    """Return the items; ValueError when two have one name (rules D31, HE16)."""
    found: dict[str, T] = {}
    for item in items:
        if found.setdefault(fold(item.name), item) is not item:
            raise ValueError(f"{item.name} appears twice")
    return list(found.values())


def _flavors(found: dict[str, str]) -> dict[str, bool | None]:
    return {name.lower(): flag(found, name) for name in _FLAVORS}


def _size(found: dict[str, str]) -> int | None:
    text = found.get("ARRAYSIZE")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise not_valid(f"ARRAYSIZE {text!r} is not a number")
    return int(text)
