"""Declared classes as lean records: what a class says of itself, without pywbem's objects.

To make the objects of a class takes ten times as long as to read its record, and most classes of a large schema are shown but
never asked for more. The records are also the form in which classes are stored, as ``packs/cache_encoding`` describes it.
"""

from functools import cache
from typing import Any, Final

import msgspec
from pywbem import CIMClass, CIMDateTime, CIMFloat, CIMInt, CIMMethod, CIMParameter, CIMProperty, CIMQualifier

_FLAVORS: Final = ("overridable", "tosubclass", "toinstance", "translatable")
_DIGIT: Final[dict[bool | None, int]] = {None: 0, False: 1, True: 2}
_FLAG: Final = (None, False, True)


class QualifierRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A qualifier value.

    ``flavors`` is one number: the digits of overridable, tosubclass, toinstance and translatable to base 3, each 0 for not
    said, 1 for false, 2 for true.
    """

    name: str
    type: str
    value: Any
    flavors: int


class ElementRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A property or a parameter; the value, which is a default, of a parameter is None."""

    name: str
    type: str
    value: Any
    is_array: bool
    array_size: int | None
    reference_class: str | None
    qualifiers: list[QualifierRecord]
    embedded_object: str | None = None


class MethodRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A method."""

    name: str
    return_type: str
    parameters: list[ElementRecord]
    qualifiers: list[QualifierRecord]


class ClassRecord(msgspec.Struct, array_like=True, frozen=True, gc=False, tag_field="form", tag="class"):
    """A class with its own elements."""

    name: str
    superclass: str | None
    qualifiers: list[QualifierRecord]
    properties: list[ElementRecord]
    methods: list[MethodRecord]


def record_of(cls: CIMClass) -> ClassRecord:
    """Return the record of a class with its own elements. Values that are not of a CIM type stay what they are."""
    return ClassRecord(
        cls.classname,
        cls.superclass,
        _qualifier_records(cls),
        [_element_record(prop, prop.value) for prop in cls.properties.values()],
        [_method_record(method) for method in cls.methods.values()],
    )


def declared_class(record: ClassRecord) -> CIMClass:
    """Return the class that a record describes."""
    return CIMClass(
        record.name,
        superclass=record.superclass,
        qualifiers=_qualifiers(record.qualifiers),
        properties=[_property(prop, record.name) for prop in record.properties],
        methods=[_method(method, record.name) for method in record.methods],
    )


def plain_value(value: Any) -> Any:
    """Return the value of a qualifier or a default as numbers, strings, booleans, None or lists of these."""
    if isinstance(value, list):
        return [plain_value(item) for item in value]
    if isinstance(value, CIMInt):
        return int(value)
    if isinstance(value, CIMFloat):
        return float(value)
    return str(value) if isinstance(value, CIMDateTime) else value


def flavors_number(element: Any) -> int:
    """Return the flavors of a qualifier or its declaration as the number that ``QualifierRecord`` describes."""
    number = 0
    for flavor in reversed(_FLAVORS):
        number = number * 3 + _DIGIT[getattr(element, flavor)]
    return number


@cache
def flavors(number: int) -> dict[str, bool | None]:
    """Return by name the flavors that a number stands for; nobody may change it."""
    flags = {}
    for flavor in _FLAVORS:
        number, digit = divmod(number, 3)
        flags[flavor] = _FLAG[digit]
    return flags


def _qualifier_records(element: Any) -> list[QualifierRecord]:
    return [
        QualifierRecord(qualifier.name, qualifier.type, plain_value(qualifier.value), flavors_number(qualifier))
        for qualifier in element.qualifiers.values()
    ]


def _element_record(element: Any, value: Any) -> ElementRecord:
    return ElementRecord(
        element.name,
        element.type,
        plain_value(value),
        bool(element.is_array),
        element.array_size,
        element.reference_class,
        _qualifier_records(element),
        element.embedded_object,
    )


def _method_record(method: CIMMethod) -> MethodRecord:
    parameters = [_element_record(parameter, None) for parameter in method.parameters.values()]
    return MethodRecord(method.name, method.return_type, parameters, _qualifier_records(method))


def _qualifiers(records: list[QualifierRecord]) -> list[CIMQualifier]:
    return [CIMQualifier(each.name, each.value, type=each.type, **flavors(each.flavors)) for each in records]


def _property(record: ElementRecord, classname: str) -> CIMProperty:
    return CIMProperty(
        record.name,
        record.value,
        type=record.type,
        class_origin=classname,
        is_array=record.is_array,
        array_size=record.array_size,
        reference_class=record.reference_class,
        qualifiers=_qualifiers(record.qualifiers),
        embedded_object=record.embedded_object,
    )


def _method(record: MethodRecord, classname: str) -> CIMMethod:
    return CIMMethod(
        record.name,
        return_type=record.return_type,
        class_origin=classname,
        parameters=[_parameter(parameter) for parameter in record.parameters],
        qualifiers=_qualifiers(record.qualifiers),
    )


def _parameter(record: ElementRecord) -> CIMParameter:
    return CIMParameter(
        record.name,
        record.type,
        is_array=record.is_array,
        array_size=record.array_size,
        reference_class=record.reference_class,
        qualifiers=_qualifiers(record.qualifiers),
        embedded_object=record.embedded_object,
    )
