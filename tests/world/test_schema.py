"""Resolving classes: inheritance, overriding, qualifiers, embedded objects, parameters, and the schema's bookkeeping."""

import inspect
import sys
from typing import Any

import pytest
from pywbem import CIMError, CIMInstanceName, CIMQualifier

from cimsim.world.schema import MAX_DEPTH, MAX_PARTS, Schema


def status(error: pytest.ExceptionInfo[CIMError]) -> tuple[int, str]:
    return error.value.status_code, error.value.status_description


@pytest.fixture
def tree(cim: Any) -> Schema:
    schema: Schema = cim.schema(
        cim.cls("T_Top", cim.prop("Id", "string", "Key"), cim.prop("Text"), flags=["Abstract"]),
        cim.cls("T_Middle", cim.prop("State", "uint16", "Write", value=5), of="t_top"),
        cim.cls("T_Leaf", cim.prop("Codes", "uint8[3]", value=[1, 2]), of="T_Middle"),
        cim.cls("T_Other", of="T_Top"),
        cim.cls("T_Alone"),
    )
    return schema


def test_properties_stand_in_declared_order_inherited_first(tree: Schema) -> None:
    leaf = tree.get("t_LEAF")
    assert leaf is not None
    assert [prop.name for prop in leaf.properties] == ["Id", "Text", "State", "Codes"]
    assert [prop.origin for prop in leaf.properties] == ["T_Top", "T_Top", "T_Middle", "T_Leaf"]
    assert leaf.index == {"id": 0, "text": 1, "state": 2, "codes": 3}
    assert leaf.keys == (0,)
    assert leaf.defaults == (None, None, 5, (1, 2))
    assert leaf.lineage == ("t_leaf", "t_middle", "t_top")
    assert leaf.is_a("t_top")
    assert not leaf.is_a("t_other")


def test_abstract_is_not_inherited(tree: Schema) -> None:  # G13
    flags = {cls.name: cls.abstract for cls in tree}
    assert flags == {"T_Top": True, "T_Middle": False, "T_Leaf": False, "T_Other": False, "T_Alone": False}


def test_association_and_indication_are_inherited(cim: Any) -> None:
    schema = cim.schema(
        cim.cls("T_Link", cim.ref("Left", "T_Link", "Key"), flags=["Association"]),
        cim.cls("T_SubLink", of="T_Link"),
        cim.cls("T_Event", flags=["Indication"]),
        cim.cls("T_SubEvent", of="T_Event"),
        cim.cls("T_NoLink", Association=False),
    )
    assert schema.get("T_SubLink").association
    assert schema.get("T_SubLink").references == (0,)
    assert schema.get("T_SubEvent").indication
    assert not schema.get("T_NoLink").association  # K18


def test_find_and_the_nearest_property(tree: Schema) -> None:
    leaf = tree.get("T_Leaf")
    assert leaf is not None
    found = leaf.find("STATE")
    assert found is not None
    assert (found.name, found.type, found.writable, found.key) == ("State", "uint16", True, False)
    assert leaf.find("Nothing") is None
    assert leaf.no_property("Stat") == "class T_Leaf has no property Stat; did you mean State?"


def test_key_order_is_by_folded_name(cim: Any) -> None:
    schema = cim.schema(
        cim.cls("T_A", cim.prop("b", "string", "Key"), cim.prop("C", "string", "Key"), cim.prop("A", "string", "Key"))
    )
    cls = schema.get("T_A")
    assert cls.keys == (0, 1, 2)
    assert cls.key_order == (2, 0, 1)


def test_overriding_keeps_place_and_origin_and_what_is_not_said_again(cim: Any) -> None:
    schema = cim.schema(
        cim.cls(
            "T_A",
            cim.prop("Id", "string", "Key"),
            cim.prop("State", "uint16", "Required", value=7),
            cim.ref("Target", "T_A"),
            cim.prop("Blob", "string", EmbeddedInstance="T_A"),
        ),
        cim.cls(
            "T_B",
            cim.prop("New"),
            cim.prop("STATE", "uint16", "Write", Override="State"),
            cim.ref("Target", "T_B", "Override"),
            cim.prop("Blob", "string", Override="Blob"),
            of="T_A",
        ),
        cim.cls("T_C", cim.prop("State", "uint16", value=9, Override="State", Required=False), of="T_B"),
    )
    b, c = schema.get("T_B"), schema.get("T_C")
    assert [prop.name for prop in b.properties] == ["Id", "STATE", "Target", "Blob", "New"]
    state = b.find("State")
    # A default is not inherited by what takes the place of a declaration; it can be taken away so.
    assert (state.default, state.required, state.writable, state.origin) == (None, True, True, "T_A")
    assert b.find("Target").reference_class == "T_B"
    assert (b.find("Blob").embedded, b.find("Blob").embedded_class) == ("instance", "T_A")
    state = c.find("State")
    assert (state.default, state.required, state.writable) == (9, False, True)


def test_embedding(cim: Any) -> None:  # D24, D25
    schema = cim.schema(
        cim.cls(
            "T_A",
            cim.prop("One", EmbeddedInstance="T_B"),
            cim.prop("Any", "string", "EmbeddedObject"),
            cim.prop("Many", "string[]", EmbeddedInstance="T_B"),
            cim.prop("Text", EmbeddedObject=False),
        )
    )
    cls = schema.get("T_A")
    found = {prop.name: (prop.embedded, prop.embedded_class, prop.is_array) for prop in cls.properties}
    assert found == {
        "One": ("instance", "T_B", False),
        "Any": ("object", None, False),
        "Many": ("instance", "T_B", True),
        "Text": (None, None, False),
    }


def test_parameters_read_their_own_direction(cim: Any) -> None:  # X16, K19
    schema = cim.schema(
        cim.cls(
            "T_A",
            cim.method(
                "Do",
                "uint32",
                cim.parameter("Plain"),
                cim.parameter("Result", "uint16[4]", In=False, Out=True),
                cim.parameter("Both", "reference", target="T_A", Out=True, Required=True),
                cim.parameter("Object", "string", EmbeddedInstance="T_A"),
                In=False,
            ),
            cim.method("Make", "boolean", Static=True),
        ),
        cim.cls("T_B", cim.method("DO", "uint32", cim.parameter("Result", "uint16[4]")), of="T_A"),
    )
    do = schema.get("T_A").methods["do"]
    directions = {each.name: (each.is_in, each.is_out, each.required) for each in do.parameters.values()}
    assert directions == {
        "Plain": (True, False, False),
        "Result": (False, True, False),
        "Both": (True, True, True),
        "Object": (True, False, False),
    }
    assert (do.parameters["result"].is_array, do.parameters["result"].array_size) == (True, 4)
    assert do.parameters["both"].reference_class == "T_A"
    assert (do.parameters["object"].embedded, do.parameters["object"].embedded_class) == ("instance", "T_A")
    assert not do.static
    assert schema.get("T_B").methods["make"].static  # X5: inherited
    overridden = schema.get("T_B").methods["do"]
    assert (overridden.name, overridden.origin) == ("DO", "T_A")
    assert list(overridden.parameters) == ["result"]
    assert (overridden.parameters["result"].is_in, overridden.parameters["result"].is_out) == (False, True)


# OP-CC-3
@pytest.mark.parametrize(
    ("name", "cim_type", "text"),
    [
        ("State", "uint32", "property T_B.State is declared as uint32, but the superclass has it as uint16"),
        ("State", "uint16[]", "property T_B.State is declared as uint16[], but the superclass has it as uint16"),
    ],
)
def test_contradicting_property(cim: Any, name: str, cim_type: str, text: str) -> None:
    schema = cim.schema(cim.cls("T_A", cim.prop("State", "uint16")))
    with pytest.raises(CIMError) as error:
        schema.with_class(cim.cls("T_B", cim.prop(name, cim_type), of="T_A"))
    assert status(error) == (4, text)


def test_contradicting_method(cim: Any) -> None:  # OP-CC-3
    schema = cim.schema(cim.cls("T_A", cim.method("Do", "uint32")))
    with pytest.raises(CIMError) as error:
        schema.with_class(cim.cls("T_B", cim.method("do", "string"), of="T_A"))
    assert status(error) == (4, "method T_B.do returns string, but the superclass has it return uint32")


def test_unfit_default(cim: Any) -> None:  # OP-CC-3
    with pytest.raises(CIMError) as error:
        cim.schema(cim.cls("T_A", cim.prop("Codes", "uint8[2]", value=[1, 2, 3])))
    assert status(error) == (4, "default of property T_A.Codes: 3 items in an array of 2")


def test_order_of_errors_when_a_class_is_added(tree: Schema, cim: Any) -> None:  # OP-CC-2: 11 before 10
    with pytest.raises(CIMError) as error:
        tree.with_class(cim.cls("T_LEAF", of="T_Nothing"))
    assert status(error) == (11, "class T_LEAF exists already")
    with pytest.raises(CIMError) as error:
        tree.with_class(cim.cls("T_New", of="T_Midle"))
    assert status(error) == (10, "no superclass T_Midle for class T_New; did you mean T_Middle?")


def names(classes: Any) -> list[str]:
    return [cls.name for cls in classes]


def test_who_derives_from_whom(tree: Schema) -> None:
    assert names(tree.direct_subclasses(None)) == ["T_Top", "T_Alone"]
    assert names(tree.direct_subclasses("T_TOP")) == ["T_Middle", "T_Other"]
    assert names(tree.descendants(None)) == ["T_Top", "T_Middle", "T_Leaf", "T_Other", "T_Alone"]
    assert names(tree.descendants("T_Leaf")) == []
    top = tree.get("T_Top")
    assert top is not None
    assert names(tree.closure(top)) == ["T_Top", "T_Middle", "T_Leaf", "T_Other"]
    assert tree.closure(top) is tree.closure(top)


def test_versions_of_a_schema_are_independent(tree: Schema, cim: Any) -> None:
    top = tree.get("T_Top")
    assert top is not None
    assert len(tree.closure(top)) == 4
    more = tree.with_class(cim.cls("T_Late", of="T_Other"))
    assert names(more.closure(top))[-1] == "T_Late"
    assert len(tree) == 5
    less = more.without_class("t_late").without_class("T_Alone")
    assert names(less) == ["T_Top", "T_Middle", "T_Leaf", "T_Other"]
    assert names(less.direct_subclasses(None)) == ["T_Top"]
    assert names(less.direct_subclasses("T_Other")) == []
    assert len(more) == 6
    assert more.get("T_Leaf") is tree.get("T_Leaf")


def test_full_class_marks_what_is_inherited(cim: Any) -> None:  # OP-CC-4, D29
    schema = cim.schema(
        cim.cls(
            "T_A",
            cim.prop("Id", "string", "Key"),
            cim.prop("State", "uint16", "Write", value=3, Description="above"),
            cim.method("Do", "uint32", cim.parameter("P", In=True, Description="above"), Description="above"),
            flags=["Abstract", "Association"],
            Version="1",
        ),
        cim.cls(
            "T_B",
            cim.prop("State", "uint16", Override="State", Description="below"),
            cim.method("Do", "uint32", cim.parameter("P", Description="below")),
            cim.prop("New"),
            of="T_A",
        ),
    )
    full = schema.get("T_B").full
    assert full.superclass == "T_A"
    marks = {prop.name: (prop.propagated, prop.class_origin, prop.value) for prop in full.properties.values()}
    assert marks == {"Id": (True, "T_A", None), "State": (False, "T_A", None), "New": (False, "T_B", None)}

    def qualifiers(element: Any) -> dict[str, tuple[Any, bool | None]]:
        return {each.name: (each.value, each.propagated) for each in element.qualifiers.values()}

    # Abstract, Write and Override are restricted to the element that carries them.
    assert qualifiers(full) == {"Association": (True, True), "Version": ("1", True)}
    assert qualifiers(full.properties["Id"]) == {"Key": (True, True)}
    assert qualifiers(full.properties["State"]) == {"Override": ("State", False), "Description": ("below", False)}
    assert qualifiers(full.methods["Do"]) == {"Description": ("above", True)}
    assert qualifiers(full.methods["Do"].parameters["P"]) == {"In": (True, True), "Description": ("below", False)}
    assert full is schema.get("T_B").full
    # What was declared, and the full class above, are as they were.
    declared = schema.get("T_B").declared
    assert declared.properties["State"].propagated is None
    assert qualifiers(declared.methods["Do"].parameters["P"]) == {"Description": ("below", None)}
    assert qualifiers(schema.get("T_A").full.methods["Do"].parameters["P"]) == {
        "In": (True, False),
        "Description": ("above", False),
    }


def test_parameters_of_an_inherited_method(cim: Any) -> None:  # D29
    schema = cim.schema(
        cim.cls("T_A", cim.method("Do", "uint32", cim.parameter("P", Out=True, Write=True))), cim.cls("T_B", of="T_A")
    )
    inherited = schema.get("T_B").full.methods["Do"].parameters["P"]
    assert [(each.name, each.propagated) for each in inherited.qualifiers.values()] == [("Out", True)]
    own = schema.get("T_A").full.methods["Do"].parameters["P"]
    assert [(each.name, each.propagated) for each in own.qualifiers.values()] == [("Out", False), ("Write", False)]


def test_a_qualifier_without_flavours_is_inherited(cim: Any) -> None:
    cls = cim.cls("T_A", cim.prop("Id"))
    cls.properties["Id"].qualifiers["Note"] = CIMQualifier("Note", "x", type="string")
    schema = cim.schema(cls, cim.cls("T_B", of="T_A"))
    assert schema.get("T_B").full.properties["Id"].qualifiers["Note"].propagated is True


def test_reference_default_is_refused(cim: Any) -> None:
    prop = cim.ref("Target", "T_A")
    prop.value = CIMInstanceName("T_A", {"K": "x"})
    with pytest.raises(CIMError) as error:
        cim.schema(cim.cls("T_A", prop))
    assert error.value.status_code == 4


def test_a_chain_of_classes_has_a_limit_and_is_read_without_recursion(cim: Any) -> None:
    classes = [
        cim.cls(f"T_{level}", cim.prop(f"P{level}"), of=f"T_{level - 1}" if level else None) for level in range(MAX_DEPTH)
    ]
    schema = cim.schema(*classes)
    with pytest.raises(CIMError, match=f"T_More would be {MAX_DEPTH + 1} levels deep") as caught:
        schema.with_class(cim.cls("T_More", of=f"T_{MAX_DEPTH - 1}"))
    assert caught.value.status_code == 27
    before = sys.getrecursionlimit()
    depth = len(inspect.stack(0))
    sys.setrecursionlimit(depth + 60)
    try:
        names = [cls.name for cls in schema.descendants("T_0")]
        low = schema.get(f"T_{MAX_DEPTH - 1}")
        assert low is not None
        full = low.full
    finally:
        sys.setrecursionlimit(before)
    assert names == [f"T_{level}" for level in range(1, MAX_DEPTH)]
    assert len(full.properties) == MAX_DEPTH
    assert [full.properties[f"P{level}"].class_origin for level in (0, 50)] == ["T_0", "T_50"]


def test_what_is_inherited_unchanged_is_shared(cim: Any) -> None:
    schema = cim.schema(cim.cls("T_A", cim.prop("P")), cim.cls("T_B", cim.prop("Q"), of="T_A"), cim.cls("T_C", of="T_B"))
    b, c = schema.get("T_B"), schema.get("T_C")
    assert b is not None
    assert c is not None
    assert c.properties is b.properties
    assert c.index is b.index
    assert c.methods is b.methods
    assert c.full.properties["P"] is b.full.properties["P"]
    assert (b.full.properties["Q"].propagated, c.full.properties["Q"].propagated) == (False, True)


def test_a_class_with_all_that_it_inherits_has_a_limit(cim: Any) -> None:
    half = [cim.prop(f"P{number}") for number in range(MAX_PARTS // 2)]
    other = [cim.prop(f"Q{number}") for number in range(MAX_PARTS // 2)]
    schema = cim.schema(cim.cls("T_A", *half))
    schema.with_class(cim.cls("T_B", *other, of="T_A"))
    with pytest.raises(CIMError, match=f"T_B has {MAX_PARTS + 1} properties") as caught:
        schema.with_class(cim.cls("T_B", *other, cim.prop("More"), of="T_A"))
    assert caught.value.status_code == 27


def test_the_names_of_methods_are_found_in_steps_and_once(cim: Any) -> None:
    classes = [cim.cls(f"T_Of{number}", cim.method(f"Do{number}", "uint32")) for number in range(35)]
    schema = cim.schema(*classes, cim.cls("T_Sub", cim.method("DO3", "uint32"), of="T_Of3"))
    steps = sum(1 for _ in schema.indexing_methods())
    assert steps == 3
    assert list(schema.indexing_methods()) == []
    assert schema.method_names() == {f"do{number}": f"Do{number}" for number in range(35)}
    wider = schema.with_class(cim.cls("T_New", cim.method("More", "uint32")))
    assert set(wider.method_names().values()) - set(schema.method_names().values()) == {"More"}
    assert cim.schema().method_names() == {}
