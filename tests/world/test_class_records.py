"""A record holds all that a class declares."""

from typing import Any

import msgspec
import pytest
from pywbem import CIMClass, CIMInstanceName, CIMMethod, CIMParameter, CIMProperty, CIMQualifier

from cimsim.world.class_records import ClassRecord, declared_class, flavors, flavors_number, record_of

QUALIFIERS = [
    CIMQualifier("Description", "text", overridable=True, translatable=True),
    CIMQualifier("MaxLen", 5, type="uint32", tosubclass=False, toinstance=True),
    CIMQualifier("Values", ["a", None], type="string"),
    CIMQualifier("Nothing", None, type="real64"),
]
PROPERTIES = [
    CIMProperty("Size", 3, type="uint8", class_origin="T_Any", qualifiers=QUALIFIERS),
    CIMProperty("Rate", 0.5, type="real32", class_origin="T_Any"),
    CIMProperty("Since", "20260102030405.000000+000", type="datetime", class_origin="T_Any"),
    CIMProperty("Tags", ["a"], type="string", is_array=True, array_size=2, class_origin="T_Any"),
    CIMProperty("To", None, type="reference", reference_class="T_To", class_origin="T_Any"),
    CIMProperty("Within", None, type="string", embedded_object="instance", class_origin="T_Any"),
]
PARAMETERS = [
    CIMParameter("In", "string", embedded_object="object", qualifiers=QUALIFIERS),
    CIMParameter("Many", "reference", reference_class="T_To", is_array=True, array_size=4),
]
METHODS = [CIMMethod("Run", "uint32", class_origin="T_Any", parameters=PARAMETERS, qualifiers=QUALIFIERS)]
CLASS = CIMClass("T_Any", superclass="T_Top", properties=PROPERTIES, methods=METHODS, qualifiers=QUALIFIERS)


def test_the_class_of_a_record_is_the_class_that_the_record_was_made_of() -> None:
    made = declared_class(record_of(CLASS))
    assert made == CLASS
    assert made.tomof() == CLASS.tomof()


def test_a_record_survives_being_stored() -> None:
    record = record_of(CLASS)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=ClassRecord) == record


def test_what_was_stored_before_embedded_objects_were_recorded_is_read() -> None:
    name, superclass, qualifiers, properties, methods = msgspec.msgpack.decode(msgspec.msgpack.encode(record_of(CLASS)))[1:]
    older = ["class", name, superclass, qualifiers, [prop[:-1] for prop in properties], methods]
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(older), type=ClassRecord)
    assert [prop.embedded_object for prop in read.properties] == [None] * len(PROPERTIES)


@pytest.mark.parametrize("number", range(81))
def test_flavors_are_one_number(number: int) -> None:
    named = flavors(number)
    assert flavors_number(CIMQualifier("Q", "x", **named)) == number


def test_a_value_of_no_cim_type_stays_what_it_is() -> None:
    prop = CIMProperty("P", None, type="string")
    value: Any = CIMInstanceName("T_To")
    prop._value = value
    [record] = record_of(CIMClass("T_Odd", properties=[prop])).properties
    assert record.value == value
