from collections.abc import Callable
from typing import Any

import pytest
from pywbem import (
    CIMClass,
    CIMDateTime,
    CIMMethod,
    CIMParameter,
    CIMProperty,
    CIMQualifier,
    CIMQualifierDeclaration,
    Uint8,
)

from cimsim.cimxml.message import MessageError
from cimsim.world.values import Malformed


def test_a_class(argument: Callable[[str], Any]) -> None:
    declared = CIMClass(
        "CIM_X",
        superclass="CIM_Y",
        qualifiers=[CIMQualifier("Description", "text <&>", overridable=True), CIMQualifier("Version", None, type="string")],
        properties=[
            CIMProperty("S", "default", qualifiers=[CIMQualifier("Key", True, tosubclass=True, overridable=False)]),
            CIMProperty("N", Uint8(5), class_origin="CIM_Y", propagated=True),
            CIMProperty("A", [Uint8(1), None], type="uint8", array_size=3),
            CIMProperty("D", CIMDateTime("20240101000000.000000+000")),
            CIMProperty("R", None, type="reference", reference_class="CIM_Z"),
            CIMProperty("E", None, type="string", embedded_object="instance"),
        ],
        methods=[
            CIMMethod(
                "M",
                "uint32",
                class_origin="CIM_X",
                qualifiers=[CIMQualifier("ValueMap", ["0", "1"])],
                parameters=[
                    CIMParameter("I", "string", qualifiers=[CIMQualifier("In", True)]),
                    CIMParameter("A", "uint8", is_array=True, array_size=2),
                    CIMParameter("R", "reference", reference_class="CIM_Z"),
                    CIMParameter("Q", "reference", is_array=True),
                ],
            )
        ],
    )
    assert argument(declared.tocimxmlstr()) == declared


def test_flavors_that_are_absent_stay_unknown(argument: Callable[[str], Any]) -> None:
    cls = argument(
        '<CLASS NAME="C"><QUALIFIER NAME="Q" TYPE="boolean" TOSUBCLASS="FALSE"><VALUE>true</VALUE></QUALIFIER></CLASS>'
    )
    qualifier = cls.qualifiers["Q"]
    assert qualifier.value is True
    assert (qualifier.overridable, qualifier.tosubclass, qualifier.toinstance, qualifier.propagated) == (
        None,
        False,
        None,
        None,
    )


@pytest.mark.parametrize("scopes", [{}, {"CLASS": True, "METHOD": True}, {"INDICATION": False, "PROPERTY": True}])
@pytest.mark.parametrize(("cim_type", "value"), [("string", "a"), ("string", ["a", None]), ("uint8", 5), ("boolean", None)])
def test_qualifier_declarations(argument: Callable[[str], Any], scopes: dict[str, bool], cim_type: str, value: object) -> None:
    declared = CIMQualifierDeclaration(
        "Q",
        cim_type,
        value=value,
        is_array=isinstance(value, list),
        array_size=3 if isinstance(value, list) else None,
        scopes=scopes,
        overridable=False,
        translatable=True,
    )
    assert argument(declared.tocimxmlstr()) == declared


def test_isarray_may_be_absent(argument: Callable[[str], Any]) -> None:
    declared = argument('<QUALIFIER.DECLARATION NAME="Q" TYPE="uint8"><VALUE.ARRAY/></QUALIFIER.DECLARATION>')
    assert (declared.is_array, declared.value) == (True, [])


@pytest.mark.parametrize(
    "content",
    [
        '<CLASS NAME="C"><PROPERTY NAME="A" TYPE="uint8"><VALUE>256</VALUE></PROPERTY></CLASS>',
        '<CLASS NAME="C"><PROPERTY NAME="A" TYPE="boolean"><VALUE>maybe</VALUE></PROPERTY></CLASS>',
        '<CLASS NAME="C"><QUALIFIER NAME="Q" TYPE="datetime"><VALUE>now</VALUE></QUALIFIER></CLASS>',
        '<CLASS NAME="C"><PROPERTY NAME="A" TYPE="uint8"/><PROPERTY NAME="a" TYPE="uint8"/></CLASS>',  # D31
        '<CLASS NAME="C"><QUALIFIER NAME="Q" TYPE="string"/><QUALIFIER NAME="q" TYPE="string"/></CLASS>',  # HE16
        '<CLASS NAME="C"><METHOD NAME="M"/></CLASS>',
        '<CLASS NAME="C"><METHOD NAME="M" TYPE="uint8"><PARAMETER NAME="A" TYPE="uint8"/><PARAMETER NAME="A" TYPE="uint8"/>'
        "</METHOD></CLASS>",
        '<CLASS NAME="C"><PROPERTY NAME="A" TYPE="string" EmbeddedObject="object"><VALUE>x</VALUE></PROPERTY></CLASS>',
        '<QUALIFIER.DECLARATION NAME="Q" TYPE="uint8"><VALUE>x</VALUE></QUALIFIER.DECLARATION>',
        '<QUALIFIER.DECLARATION NAME="Q" TYPE="uint8" ISARRAY="true"><VALUE>1</VALUE></QUALIFIER.DECLARATION>',
    ],
)
def test_he15_he16_what_only_the_operation_refuses(argument: Callable[[str], Any], content: str) -> None:
    value = argument(content)
    assert isinstance(value, Malformed)
    assert value.reason


@pytest.mark.parametrize(
    "content",
    [
        "<CLASS/>",
        '<CLASS NAME="1"/>',
        '<CLASS NAME="C" SUPERCLASS=""/>',
        '<CLASS NAME="C" FOO=""/>',
        '<CLASS NAME="C"><FOO/></CLASS>',
        '<CLASS NAME="C"><QUALIFIER NAME="Q"/></CLASS>',
        '<CLASS NAME="C"><QUALIFIER NAME="Q" TYPE="reference"/></CLASS>',  # D28
        '<CLASS NAME="C"><QUALIFIER NAME="Q" TYPE="string" OVERRIDABLE="yes"/></CLASS>',
        '<CLASS NAME="C"><QUALIFIER NAME="Q" TYPE="string"><VALUE/><VALUE/></QUALIFIER></CLASS>',
        '<CLASS NAME="C"><QUALIFIER NAME="Q" TYPE="string"><VALUE.ARRAY><FOO/></VALUE.ARRAY></QUALIFIER></CLASS>',
        '<CLASS NAME="C"><PROPERTY.ARRAY NAME="A" TYPE="uint8" ARRAYSIZE="x"/></CLASS>',
        '<CLASS NAME="C"><PROPERTY NAME="A" TYPE="uint8"><FOO/></PROPERTY></CLASS>',
        '<CLASS NAME="C"><METHOD NAME="M" TYPE="uint8"><VALUE/></METHOD></CLASS>',
        '<CLASS NAME="C"><METHOD NAME="M" TYPE="uint8"><PARAMETER NAME="A" TYPE="uint8"><VALUE/></PARAMETER></METHOD></CLASS>',
        '<QUALIFIER.DECLARATION NAME="Q"/>',
        '<QUALIFIER.DECLARATION NAME="Q" TYPE="string"><SCOPE ALL="true"/></QUALIFIER.DECLARATION>',
        '<QUALIFIER.DECLARATION NAME="Q" TYPE="string"><SCOPE CLASS="1"/></QUALIFIER.DECLARATION>',
        '<QUALIFIER.DECLARATION NAME="Q" TYPE="string"><VALUE/><VALUE/></QUALIFIER.DECLARATION>',
    ],
)
def test_he12_m18_not_valid(argument: Callable[[str], Any], content: str) -> None:
    with pytest.raises(MessageError) as caught:
        argument(content)
    assert caught.value.cim_error == "request-not-valid"


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        ('<PROPERTY NAME="P" TYPE="string"/>' * 401, "400 properties"),
        ('<METHOD NAME="M" TYPE="string"/>' * 401, "400 properties"),
        ('<METHOD NAME="M" TYPE="string">' + '<PARAMETER NAME="P" TYPE="string"/>' * 400 + "</METHOD>", "400 properties"),
        ('<QUALIFIER NAME="Q" TYPE="string"/>' * 1201, "1200 qualifiers"),
        ('<PROPERTY NAME="P" TYPE="string">' + '<QUALIFIER NAME="Q" TYPE="string"/>' * 1201 + "</PROPERTY>", "1200 qualifiers"),
    ],
)
def test_sec3_a_class_has_limits(argument: Callable[[str], Any], inside: str, what: str) -> None:
    with pytest.raises(MessageError, match=f"class CIM_X with more than {what}"):
        argument(f'<CLASS NAME="CIM_X">{inside}</CLASS>')
