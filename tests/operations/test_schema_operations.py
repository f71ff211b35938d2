"""CreateClass, ModifyClass, DeleteClass, SetQualifier, DeleteQualifier."""

from pathlib import Path
from typing import Any

import pytest
from pywbem import (
    CIMClass,
    CIMInstance,
    CIMMethod,
    CIMParameter,
    CIMProperty,
    CIMQualifier,
    CIMQualifierDeclaration,
    Uint8,
    Uint32,
)

from cimsim.operations.request import ClassName
from cimsim.operations.results import Void
from cimsim.packs.load import load
from cimsim.world.convert import InstanceData
from cimsim.world.world import World

MOF = """
Qualifier Fixed : string = null, Scope(class, property, method), Flavor(DisableOverride, ToSubclass);
Qualifier Own : string = null, Scope(class, property), Flavor(EnableOverride, Restricted);
Qualifier Unused : uint8 = 3, Scope(property);
Qualifier Texts : string[], Scope(any);
[Abstract, Version("1.0"), Fixed("top"), Description("An element.")] class T_Element {
    [Key, Fixed("id"), Own("here")] string Id;
    [Write, Description("A caption.")] string Caption = "none";
    uint8 Codes[];
    [EmbeddedInstance("T_Part")] string Part;
    [Description("Starts.")] uint32 Start([In, Description("How.")] uint16 Mode, [In(false), Out] string Job,
        [In] T_Device REF Device);
};
class T_Part { uint8 Size; };
class T_BigPart : T_Part { uint8 Weight; };
class T_Device : T_Element { uint32 Speed; };
class T_Disk : T_Device { };
class T_Leaf : T_Element { [Write] uint32 Size; };
class T_Used : T_Element { };
[Association] class T_Link { [Key] T_Element REF Left; [Key] T_Device REF Right; };
[Terminal] class T_Last { };
[Description("Fixed.") : DisableOverride] class T_Fixed { };
class T_Odd { [Key] string Id; T_Device REF Device; };
[Association] class T_ElementLink { [Key] T_ElementLink REF Left; [Key] T_Element REF Right; };
instance of T_Used { Id = "one"; };
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    file: Path = tmp_path_factory.mktemp("mof") / "schema.mof"
    file.write_text(MOF, encoding="utf-8")
    return load([file], cache_dir=None, now=0.0, namespace="root/test").world


@pytest.fixture
def run(world: World, runner: Any) -> Any:
    made = runner()
    made.world = world
    return made


def qualifier(name: str, value: Any = True, cim_type: str | None = None, **flavors: Any) -> CIMQualifier:
    return CIMQualifier(name, value, type=cim_type or ("boolean" if isinstance(value, bool) else "string"), **flavors)


def prop(name: str, cim_type: str = "string", *qualifiers: CIMQualifier, **more: Any) -> CIMProperty:
    return CIMProperty(name, more.pop("value", None), type=cim_type, qualifiers=qualifiers, **more)


def cls(name: str, *elements: Any, of: str | None = None, qualifiers: Any = ()) -> CIMClass:
    return CIMClass(
        name,
        superclass=of,
        properties=[each for each in elements if isinstance(each, CIMProperty)],
        methods=[each for each in elements if isinstance(each, CIMMethod)],
        qualifiers=qualifiers,
    )


def created(run: Any, declared: CIMClass) -> Any:
    assert isinstance(run("CreateClass", NewClass=declared), Void)
    return run.world.namespace("root/test").schema.get(declared.classname)


OVERRIDE = qualifier("Override", "Caption")


# CreateClass


def test_create_class(run: Any) -> None:  # OP-CC-1, OP-CC-4
    method = CIMMethod("Stop", "uint32", parameters=[CIMParameter("Hard", "boolean", qualifiers=[qualifier("In")])])
    made = created(run, cls("T_New", prop("Count", "uint8", value=Uint8(7)), method, of="t_device"))
    assert (made.name, made.superclass.name, made.declared.superclass) == ("T_New", "T_Device", "T_Device")
    assert [each.name for each in made.properties] == ["Id", "Caption", "Codes", "Part", "Speed", "Count"]
    assert made.find("count").default == 7
    assert [each.name for each in run("EnumerateClassNames", ClassName=ClassName("T_Device")).classes] == ["T_Disk", "T_New"]
    stored = run("CreateInstance", NewInstance=InstanceData.of(CIMInstance("T_New", {"Id": "x"}))).instance
    assert (stored["Count"], stored["Caption"]) == (7, "none")


def test_a_new_class_is_among_the_subclasses_at_once(run: Any) -> None:  # OP-CC-1, OP-EI-2
    run("EnumerateInstances", ClassName=ClassName("T_Element"))
    created(run, cls("T_New", of="T_Element"))
    run("CreateInstance", NewInstance=InstanceData.of(CIMInstance("T_New", {"Id": "new"})))
    found = run("EnumerateInstances", ClassName=ClassName("T_Element")).instances
    assert [each["Id"] for each in found] == ["one", "new"]


def test_existing_class_before_missing_superclass(run: Any) -> None:  # OP-CC-2
    assert "exists already" in run.refused(11, run, "CreateClass", NewClass=cls("t_DISK", of="T_Nothing"))
    text = run.refused(10, run, "CreateClass", NewClass=cls("T_New", of="T_Devise"))
    assert text == "no superclass T_Devise for class T_New; did you mean T_Device?"


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        (cls("T_New", qualifiers=[qualifier("Descriptor", "x")]), "class T_New: no qualifier Descriptor in root/test"),
        (
            cls("T_New", prop("A", "string", qualifier("Keyy"))),
            "property T_New.A: no qualifier Keyy in root/test; did you mean Key?",
        ),
        (cls("T_New", prop("A", "string", qualifier("Key", "yes"))), "qualifier Key is declared as boolean, not string"),
        (cls("T_New", qualifiers=[qualifier("Texts", "one")]), "qualifier Texts is declared as string[], not string"),
        (cls("T_New", qualifiers=[qualifier("Key")]), "qualifier Key has only the scopes PROPERTY, REFERENCE"),
        (cls("T_New", prop("A", "string", qualifier("Abstract"))), "has only the scopes ASSOCIATION, CLASS, INDICATION"),
        (cls("T_New", qualifiers=[qualifier("Composition")]), "has only the scopes ASSOCIATION"),
        (
            cls("T_New", CIMMethod("Go", "uint32", qualifiers=[qualifier("Write")])),
            "method T_New.Go: qualifier Write has only the scopes PROPERTY",
        ),
        (
            cls("T_New", CIMMethod("Go", "uint32", parameters=[CIMParameter("P", "string", qualifiers=[qualifier("Key")])])),
            "parameter T_New.Go(P): qualifier Key has only",
        ),
        (cls("T_New", prop("A", "string", qualifier("Key", overridable=True))), "declared with DisableOverride"),
        (cls("T_New", prop("Id", "string", of := qualifier("Override", "Id"), qualifier("Fixed", "x")), of="T_Element"), "id"),
        (cls("T_New", of="T_Element", qualifiers=[qualifier("Fixed", "else")]), "qualifier Fixed cannot change"),
        (cls("T_New", prop("Id", "string", of, qualifier("Key", False)), of="T_Element"), "qualifier Key cannot change"),
        (cls("T_New", prop("Caption"), of="T_Element"), "property T_New.Caption is inherited already"),
        (cls("T_New", CIMMethod("Start", "uint32"), of="T_Element"), "method T_New.Start is inherited already"),
        (cls("T_New", prop("Id", "string", OVERRIDE), of="T_Element"), "overrides Caption, which has another name"),
        (cls("T_New", prop("Captoin", "string", OVERRIDE)), "overrides Caption, which no superclass has"),
        (cls("T_New", prop("Caption", "uint8", OVERRIDE), of="T_Element"), "declared as uint8, but"),
        (cls("T_New", prop("Caption", "string", OVERRIDE, is_array=True), of="T_Element"), "declared as string[], but"),
        (
            cls("T_New", CIMMethod("Start", "string", qualifiers=[qualifier("Override", "Start")]), of="T_Element"),
            "returns string, but the superclass has it return uint32",
        ),
        (
            cls(
                "T_New",
                CIMMethod(
                    "Start", "uint32", parameters=[CIMParameter("Mode", "string")], qualifiers=[qualifier("Override", "Start")]
                ),
                of="T_Element",
            ),
            "method T_New.Start(Mode) is uint16 in the superclass, not string",
        ),
        (
            cls(
                "T_New",
                CIMMethod(
                    "Start",
                    "uint32",
                    parameters=[CIMParameter("Device", "reference", reference_class="T_Part")],
                    qualifiers=[qualifier("Override", "Start")],
                ),
                of="T_Element",
            ),
            "method T_New.Start(Device) is for T_Device in the superclass, which has nothing in common with T_Part",
        ),
        (cls("T_New", of="T_Fixed", qualifiers=[qualifier("Description", "Else.")]), "qualifier Description cannot change"),
        (
            cls("T_New", of="T_Fixed", qualifiers=[qualifier("Description", "Fixed.", overridable=True)]),
            "class T_New: qualifier Description has the flavor DisableOverride above",
        ),
        (cls("T_New", prop("A", "reference", reference_class="T_Nothing")), "class T_New refers to no class T_Nothing"),
        (cls("T_New", prop("A", "reference")), "is a reference to no class"),
        (cls("T_New", prop("A", "string", qualifier("EmbeddedInstance", "T_No"))), "class T_New refers to no class T_No"),
        (
            cls("T_New", CIMMethod("Go", "string", qualifiers=[qualifier("EmbeddedInstance", "T_No")])),
            "class T_New refers to no class T_No",
        ),
        (
            cls("T_New", prop("Right", "reference", qualifier("Override", "Right"), reference_class="T_Part"), of="T_Link"),
            "is for T_Device in the superclass; T_Part does not derive from that",
        ),
        (
            cls(
                "T_New",
                prop("Part", "string", qualifier("Override", "Part"), qualifier("EmbeddedInstance", "T_Leaf")),
                of="T_Leaf",
            ),
            "is for T_Part in the superclass; T_Leaf does not derive from that",
        ),
        (
            cls("T_New", prop("Part", "string", qualifier("Override", "Part"), qualifier("EmbeddedObject")), of="T_Leaf"),
            "property T_New.Part is for T_Part in the superclass, not for any object",
        ),
        (
            cls("T_New", prop("A", "uint8", qualifier("EmbeddedInstance", "T_Part"))),
            "property T_New.A is of type uint8: only strings embed objects",
        ),
        (
            cls("T_New", CIMMethod("Go", "uint32", qualifiers=[qualifier("EmbeddedObject")])),
            "method T_New.Go is of type uint32",
        ),
        (
            cls(
                "T_New",
                CIMMethod("Go", "uint32", parameters=[CIMParameter("P", "sint8", qualifiers=[qualifier("EmbeddedObject")])]),
            ),
            "parameter T_New.Go(P) is of type sint8",
        ),
        (
            cls("T_New", prop("A", "reference", reference_class="T_Part")),
            "T_New.A is a reference, but the class is not an association",
        ),
        (
            cls("T_New", prop("A", "string", qualifier("Key")), of="T_Element"),
            "T_New.A cannot be a key: the superclass has keys",
        ),
        (cls("T_New", of="T_Last"), "class T_New cannot derive from T_Last"),
        (cls("T_New", of="T_Link", qualifiers=[qualifier("Association", False)]), "qualifier Association cannot change"),
    ],
)
def test_create_class_is_refused(run: Any, declared: CIMClass, text: str) -> None:  # OP-CC-3
    assert text in run.refused(4, run, "CreateClass", NewClass=declared)


@pytest.mark.parametrize(
    "declared",
    [
        cls("T_New", prop("Caption", "string", OVERRIDE, value="new"), of="T_Element"),
        cls("T_New", prop("Caption", "string", qualifier("Override", "T_Element.Caption")), of="T_Disk"),
        cls("T_New", prop("Right", "reference", qualifier("Override", "Right"), reference_class="T_Disk"), of="T_Link"),
        cls(
            "T_New",
            prop("Part", "string", qualifier("Override", "Part"), qualifier("EmbeddedInstance", "T_BigPart")),
            of="T_Leaf",
        ),
        cls(
            "T_New",
            prop("Next", "reference", reference_class="T_New"),
            prop("Last", "reference", reference_class="T_New"),
            qualifiers=[qualifier("Association")],
        ),
        cls("T_New", prop("Left", "reference", qualifier("Override", "Left"), reference_class="T_New"), of="T_ElementLink"),
        cls("T_New", prop("More"), of="T_Odd"),
        cls("T_New", prop("A", "string", qualifier("EmbeddedInstance", None, "string"), value="text")),
        cls(
            "T_New",
            CIMMethod(
                "Start",
                "uint32",
                parameters=[CIMParameter("Device", "reference", reference_class="T_Element")],
                qualifiers=[qualifier("Override", "Start")],
            ),
            of="T_Element",
        ),
        cls("T_New", of="T_Link", qualifiers=[qualifier("Composition")]),
        cls("T_New", of="T_Element", qualifiers=[qualifier("Fixed", "top"), qualifier("Texts", ["a", "b"])]),
        cls("T_New", qualifiers=[qualifier("Texts", None, "string")]),
    ],
)
def test_create_class_is_allowed(run: Any, declared: CIMClass) -> None:  # OP-CC-3
    assert created(run, declared) is not None


def test_marks_of_the_client_count_for_nothing(run: Any) -> None:  # OP-CC-4
    marked = prop("Extra", "string", qualifier("Description", "x", propagated=True), propagated=True, class_origin="T_Element")
    made = created(run, cls("T_New", marked, of="T_Device", qualifiers=[qualifier("Version", "2", propagated=True)]))
    extra = made.full.properties["Extra"]
    assert (extra.propagated, extra.class_origin, extra.qualifiers["Description"].propagated) == (False, "T_New", False)
    assert made.full.qualifiers["Version"].propagated is False
    assert made.full.properties["Id"].class_origin == "T_Element"


def test_qualifiers_are_inherited_by_flavor(run: Any) -> None:  # OP-CC-4
    made = created(run, cls("T_New", prop("Caption", "string", OVERRIDE), of="T_Element"))
    assert "Version" not in made.full.qualifiers
    assert made.full.qualifiers["Fixed"].propagated is True
    assert "Own" not in made.full.properties["Id"].qualifiers
    assert made.full.properties["Caption"].qualifiers["Description"].value == "A caption."


@pytest.mark.parametrize("name", ["T_Disk", "T_Leaf", "T_Link", "T_Device"])
def test_a_class_that_was_read_whole_can_be_created_again(run: Any, name: str) -> None:  # OP-CC-4
    known = run.world.namespace("root/test").schema.get(name)
    copy = known.full.copy()
    copy.classname = "T_Copy"
    made = created(run, copy)
    assert list(made.declared.properties) == list(known.declared.properties)
    assert list(made.declared.methods) == list(known.declared.methods)
    assert list(made.declared.qualifiers) == list(known.declared.qualifiers)


def test_propagated_elements_must_be_those_of_the_superclass(run: Any) -> None:  # OP-CC-3, OP-CC-4
    other = prop("Caption", "string", propagated=True, value="else")
    assert "is inherited already" in run.refused(4, run, "CreateClass", NewClass=cls("T_New", other, of="T_Element"))


def test_flavors_come_from_the_declaration(run: Any) -> None:  # D28
    made = created(run, cls("T_New", prop("Id", "string", qualifier("Key")), qualifiers=[qualifier("Version", "1")]))
    key, version = made.declared.properties["Id"].qualifiers["Key"], made.declared.qualifiers["Version"]
    assert (key.overridable, key.tosubclass, key.toinstance, key.translatable) == (False, True, False, False)
    assert (version.overridable, version.tosubclass, version.translatable) == (True, False, True)


def test_a_qualifier_that_is_fixed_stays_fixed_below(run: Any) -> None:  # OP-CC-3, D28
    made = created(run, cls("T_New", of="T_Fixed", qualifiers=[qualifier("Description", "Fixed.")]))
    assert made.declared.qualifiers["Description"].overridable is False
    below = cls("T_Below", of="T_New", qualifiers=[qualifier("Description", "Else.")])
    assert "qualifier Description cannot change" in run.refused(4, run, "CreateClass", NewClass=below)


# ModifyClass


def test_modify_class(run: Any) -> None:  # OP-MC-1
    changed = cls("T_Leaf", prop("Size", "uint64"), prop("Color"), of="T_Element")
    run("ModifyClass", ModifiedClass=changed)
    leaf = run.world.namespace("root/test").schema.get("T_Leaf")
    assert [(each.name, each.type) for each in leaf.properties[-2:]] == [("Size", "uint64"), ("Color", "string")]
    names = [each.name for each in run("EnumerateClassNames", ClassName=ClassName("T_Element")).classes]
    assert names == ["T_Device", "T_Leaf", "T_Used"]
    run("CreateInstance", NewInstance=InstanceData.of(CIMInstance("T_Leaf", {"Id": "a", "Color": "red"})))


@pytest.mark.parametrize(
    ("code", "declared"),
    [
        (4, cls("T_Nothing", qualifiers=[qualifier("Nothing")])),  # before 6
        (6, cls("T_Nothing", of="T_Nothing")),
        (10, cls("T_Device", of="T_Nothing")),  # before 8
        (10, cls("T_Device", of="T_Part")),
        (10, cls("T_Device")),
        (4, cls("T_Device", prop("Caption", "uint8", OVERRIDE), prop("Caption"), of="T_Element")),
        (8, cls("T_Device", prop("Speed", "uint64"), of="T_Element")),
        (9, cls("T_Used", prop("More"), of="T_Element")),
        (4, cls("T_Used", prop("More", "string", qualifier("Key")), of="T_Element")),  # before 9
        (4, cls("T_Part", prop("Other", "reference", reference_class="T_Part"))),  # before 8
        (4, cls("T_Link", prop("Left", "reference", qualifier("Key"), reference_class="T_Element"))),
        (4, cls("T_Leaf", prop("Size", "uint64", qualifier("Key")), of="T_Element")),
    ],
)
def test_modify_class_is_refused(run: Any, code: int, declared: CIMClass) -> None:  # OP-MC-1, OP-MC-2
    run.refused(code, run, "ModifyClass", ModifiedClass=declared)


def test_modify_class_keeps_the_declared_spelling(run: Any) -> None:  # OP-MC-1, G9
    run("ModifyClass", ModifiedClass=cls("t_LEAF", prop("Size", "uint64"), of="t_element"))
    leaf = run.world.namespace("root/test").schema.get("T_Leaf")
    assert (leaf.name, leaf.full.classname, leaf.full.superclass) == ("T_Leaf", "T_Leaf", "T_Element")
    assert leaf.full.properties["Size"].class_origin == "T_Leaf"


@pytest.mark.parametrize("name", ["T_Element", "T_Device", "T_Used", "T_Link", "T_Odd"])
def test_a_class_can_be_modified_to_what_it_is(run: Any, name: str) -> None:  # OP-MC-2
    before = run.world
    run("ModifyClass", ModifiedClass=run.world.namespace("root/test").schema.get(name).full.copy())
    assert run.world is before


# DeleteClass


def test_delete_class(run: Any) -> None:  # OP-DC-1
    run("DeleteClass", ClassName=ClassName("t_disk"))
    assert run("EnumerateClassNames", ClassName=ClassName("T_Device")).classes == []
    run("DeleteClass", ClassName=ClassName("T_Device"))
    run.refused(6, run, "GetClass", ClassName=ClassName("T_Device"))
    run("CreateClass", NewClass=cls("T_Disk", of="T_Element"))


def test_delete_class_never_cascades(run: Any) -> None:  # OP-DC-1, OP-DC-2
    assert "T_Dis" in run.refused(6, run, "DeleteClass", ClassName=ClassName("T_Dis"))
    assert (
        run.refused(8, run, "DeleteClass", ClassName=ClassName("T_Device")) == "class T_Device has subclasses, T_Disk for one"
    )
    assert run.refused(9, run, "DeleteClass", ClassName=ClassName("T_Used")) == "class T_Used has 1 instance"
    (used,) = run("EnumerateInstanceNames", ClassName=ClassName("T_Used")).instances
    run("DeleteInstance", InstanceName=used.path)
    run("DeleteClass", ClassName=ClassName("T_Used"))


# Qualifier declarations


def declaration(name: str, cim_type: str = "string", **more: Any) -> CIMQualifierDeclaration:
    return CIMQualifierDeclaration(name, cim_type, **more)


def test_set_qualifier(run: Any) -> None:  # OP-SQ-1, D28
    run("SetQualifier", QualifierDeclaration=declaration("New", "uint32", value=Uint32(4), scopes={"CLASS": True}))
    (known,) = run("GetQualifier", QualifierName="NEW").declarations
    assert (known.overridable, known.tosubclass, known.toinstance, known.translatable) == (True, True, False, False)
    created(run, cls("T_New", qualifiers=[qualifier("New", Uint32(1), "uint32")]))


def test_set_qualifier_overwrites(run: Any) -> None:  # OP-SQ-2
    run("SetQualifier", QualifierDeclaration=declaration("unused", "string", scopes={"CLASS": True}))
    (known,) = run("GetQualifier", QualifierName="Unused").declarations
    assert (known.name, known.type) == ("unused", "string")
    # Another default touches no class.
    scopes = {"CLASS": True, "PROPERTY": True, "METHOD": True}
    run("SetQualifier", QualifierDeclaration=declaration("Fixed", value="x", scopes=scopes, overridable=False))


@pytest.mark.parametrize(
    "changed",
    [
        declaration("Fixed", "uint8", scopes={"CLASS": True, "PROPERTY": True, "METHOD": True}, overridable=False),
        declaration("Fixed", scopes={"CLASS": True}, overridable=False),
        declaration("Fixed", scopes={"CLASS": True, "PROPERTY": True, "METHOD": True}),
        declaration("FIXED", is_array=True, scopes={"CLASS": True, "PROPERTY": True, "METHOD": True}, overridable=False),
    ],
)
def test_a_qualifier_in_use_keeps_type_scope_and_flavors(run: Any, changed: CIMQualifierDeclaration) -> None:  # OP-SQ-2
    text = run.refused(1, run, "SetQualifier", QualifierDeclaration=changed)
    assert "class T_Element uses it" in text


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (declaration("override", "uint8"), "qualifier override must be string, not uint8"),
        (declaration("Static"), "qualifier Static must be boolean, not string"),
        (declaration("Terminal", "boolean", is_array=True), "qualifier Terminal must be boolean, not boolean[]"),
        (declaration("EmbeddedInstance", "boolean"), "qualifier EmbeddedInstance must be string, not boolean"),
    ],
)
def test_a_qualifier_that_rules_classes_keeps_its_type(run: Any, changed: CIMQualifierDeclaration, text: str) -> None:
    """OP-SQ-1: whether or not a class uses it."""
    assert run.refused(4, run, "SetQualifier", QualifierDeclaration=changed) == text


def test_scope_any_is_all_seven(run: Any) -> None:  # OP-SQ-2, OP-GQ-2
    seven = dict.fromkeys(["CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION"], True)
    created(run, cls("T_New", qualifiers=[qualifier("Texts", ["a"])]))
    run("SetQualifier", QualifierDeclaration=declaration("Texts", is_array=True, scopes=seven))


def test_delete_qualifier(run: Any) -> None:  # OP-DQ-1, OP-DQ-2
    run("DeleteQualifier", QualifierName="unused")
    assert run.refused(6, run, "DeleteQualifier", QualifierName="Unused").startswith("no qualifier Unused in root/test")
    assert "class T_Element uses it" in run.refused(1, run, "DeleteQualifier", QualifierName="fixed")
    run("GetQualifier", QualifierName="Fixed")
