"""What DSP0004 demands of a class as a whole, with all that it inherits (rule OP-CC-3)."""

from typing import Any

import pytest
from pywbem import CIMClass, CIMError

from cimsim.world.checks import check_whole
from cimsim.world.schema import Schema


@pytest.fixture(scope="module")
def schema(cim: Any) -> Schema:
    """A keyed and a keyless class, associations and an indication; T_Odd is against the rules, as a mock pack may have it."""
    made: Schema = cim.schema(
        cim.cls("T_Thing", cim.prop("Id", "string", "Key"), cim.prop("Text"), cim.prop("Codes", "uint8[]")),
        cim.cls(
            "T_Bare", cim.prop("Text"), cim.prop("Codes", "uint8[]"), cim.prop("Part", "string", EmbeddedInstance="T_Thing")
        ),
        cim.cls("T_SubBare", of="T_Bare"),
        cim.cls("T_End", flags=["Terminal"]),
        cim.cls("T_Link", cim.ref("Left", "T_Thing", "Key"), cim.ref("Right", "T_Thing", "Key"), flags=["Association"]),
        cim.cls("T_NoEnds", flags=["Association", "Abstract"]),
        cim.cls("T_OneEnd", cim.ref("Left", "T_Thing"), flags=["Abstract"], of="T_NoEnds"),
        cim.cls("T_Event", flags=["Indication"]),
        cim.cls("T_Odd", cim.prop("Id", "string[]", "Key"), cim.ref("Target", "T_Thing")),
    )
    return made


def check(schema: Schema, declared: CIMClass) -> None:
    resolved = schema.with_class(declared).get(declared.classname)
    assert resolved is not None
    check_whole(resolved)


def refusal(schema: Schema, declared: CIMClass) -> str:
    with pytest.raises(CIMError) as error:
        check(schema, declared)
    assert error.value.status_code == 4
    return str(error.value.status_description)


# References and associations


def test_a_reference_takes_an_association(cim: Any, schema: Schema) -> None:  # OP-CC-3
    text = "property T_New.Target is a reference, but the class is not an association"
    assert refusal(schema, cim.cls("T_New", cim.ref("Target", "T_Thing"))) == text
    assert refusal(schema, cim.cls("T_New", cim.ref("Target", "T_Thing"), of="T_Thing")) == text
    assert refusal(schema, cim.cls("T_New", cim.ref("Target", "T_Thing"), Association=False)) == text
    check(schema, cim.cls("T_New", cim.ref("Third", "T_Thing"), of="T_Link"))


def test_an_association_takes_two_references(cim: Any, schema: Schema) -> None:  # OP-CC-3
    one = cim.cls("T_New", cim.ref("Target", "T_Thing"), flags=["Association"])
    assert refusal(schema, one) == "association T_New needs two references at least, it has 1"
    none = cim.cls("T_New", flags=["Association"])
    assert refusal(schema, none) == "association T_New needs two references at least, it has none"
    assert "it has none" in refusal(schema, cim.cls("T_New", of="T_NoEnds"))
    assert "it has 1" in refusal(schema, cim.cls("T_New", cim.ref("Left", "T_Thing", "Override"), of="T_OneEnd"))
    check(schema, cim.cls("T_New", flags=["Association", "Abstract"]))
    check(schema, cim.cls("T_New", of="T_Link"))
    check(schema, cim.cls("T_New", cim.ref("Right", "T_Thing"), of="T_OneEnd"))


def test_associations_derive_from_associations_only(cim: Any, schema: Schema) -> None:  # OP-CC-3
    ends = cim.ref("Left", "T_Thing"), cim.ref("Right", "T_Thing")
    below = cim.cls("T_New", *ends, flags=["Association"], of="T_Thing")
    assert refusal(schema, below) == "class T_New is an association, but its superclass T_Thing is none"
    text = "class T_New cannot turn off the qualifier {} of its superclass {}"
    assert refusal(schema, cim.cls("T_New", of="T_Link", Association=False)) == text.format("Association", "T_Link")
    assert refusal(schema, cim.cls("T_New", of="T_Event", Indication=False)) == text.format("Indication", "T_Event")
    check(schema, cim.cls("T_New", of="T_Link", flags=["Association"]))


# Keys


def test_no_keys_beside_inherited_ones(cim: Any, schema: Schema) -> None:  # OP-CC-3
    text = "cannot be a key: the superclass has keys already"
    assert refusal(schema, cim.cls("T_New", cim.prop("More", "uint8", "Key"), of="T_Thing")) == f"property T_New.More {text}"
    assert text in refusal(schema, cim.cls("T_New", cim.prop("Text", "string", "Key", "Override"), of="T_Thing"))
    assert text in refusal(schema, cim.cls("T_New", cim.ref("Third", "T_Thing", "Key"), of="T_Link"))
    check(schema, cim.cls("T_New", cim.prop("ID", "string", "Key", "Override"), of="T_Thing"))
    check(schema, cim.cls("T_New", cim.prop("More", "uint8", "Key"), cim.prop("Id", "uint8", "Key"), of="T_SubBare"))
    check(schema, cim.cls("T_New", cim.prop("Text", "string", "Key", "Override"), of="T_SubBare"))


def test_a_key_is_one_plain_value(cim: Any, schema: Schema) -> None:  # OP-CC-3
    array, embedded = "cannot be a key: it is an array", "cannot be a key: it is an embedded object"
    assert refusal(schema, cim.cls("T_New", cim.prop("Id", "uint8[]", "Key"))) == f"property T_New.Id {array}"
    assert refusal(schema, cim.cls("T_New", cim.prop("Id", "string", "Key", "EmbeddedObject"))).endswith(embedded)
    assert refusal(schema, cim.cls("T_New", cim.prop("Codes", "uint8[]", "Key"), of="T_Bare")).endswith(array)
    assert refusal(schema, cim.cls("T_New", cim.prop("Part", "string", "Key"), of="T_Bare")).endswith(embedded)
    assert refusal(schema, cim.cls("T_New", cim.prop("Id", "string", EmbeddedInstance="T_Thing"), of="T_Thing")).endswith(
        embedded
    )


# Other qualifiers


def test_a_terminal_class_has_no_subclasses(cim: Any, schema: Schema) -> None:  # OP-CC-3
    text = "class T_New cannot derive from T_End, which has the qualifier Terminal"
    assert refusal(schema, cim.cls("T_New", of="T_End")) == text
    both = cim.cls("T_New", flags=["Abstract", "Terminal"])
    assert refusal(schema, both) == "class T_New cannot have both of the qualifiers Abstract and Terminal"
    check(schema, cim.cls("T_New", flags=["Terminal"], of="T_Thing"))


def test_an_abstract_class_may_stand_below_a_concrete_one(cim: Any, schema: Schema) -> None:  # OP-CC-3
    check(schema, cim.cls("T_New", flags=["Abstract"], of="T_Thing"))


def test_what_is_inherited_is_not_held_against_a_class(cim: Any, schema: Schema) -> None:  # OP-CC-3
    check(schema, cim.cls("T_New", cim.prop("More"), of="T_Odd"))
    check(schema, cim.cls("T_New", cim.ref("Target", "T_Thing", "Override"), of="T_Odd"))
    assert "is a reference" in refusal(schema, cim.cls("T_New", cim.ref("Other", "T_Thing"), of="T_Odd"))
