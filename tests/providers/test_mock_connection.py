"""What mock scripts do with their connection: each test runs on pywbem_mock itself, and on our world."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pywbem
from pywbem import CIMClass, CIMError, CIMInstance, CIMInstanceName, CIMProperty, CIMQualifier, CIMQualifierDeclaration
from pywbem_mock import FakedWBEMConnection, InstanceWriteProvider

from cimsim.providers.pywbem_mock.mock_connection import ScriptConnection
from cimsim.providers.pywbem_mock.stage import Stage
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

MOF = """
Qualifier Abstract : boolean = false, Scope(class, association, indication), Flavor(EnableOverride, Restricted);
Qualifier Association : boolean = false, Scope(association), Flavor(DisableOverride, ToSubclass);
Qualifier Description : string = null, Scope(any), Flavor(EnableOverride, ToSubclass, Translatable);
Qualifier EmbeddedInstance : string = null, Scope(property, method, parameter);
Qualifier In : boolean = true, Scope(parameter), Flavor(DisableOverride, ToSubclass);
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
Qualifier Out : boolean = false, Scope(parameter), Flavor(DisableOverride, ToSubclass);
Qualifier Override : string = null, Scope(property, reference, method), Flavor(EnableOverride, Restricted);
Qualifier Required : boolean = false, Scope(property, reference, method, parameter), Flavor(DisableOverride, ToSubclass);

class T_Part { uint8 Size; };
[Abstract, Description("top")] class T_Top {
   [Description("a caption")] string Caption = "none";
   [Description("acts")] uint32 Act([In, Description("how")] string How, [In(false), Out] string What);
};
class T_Thing : T_Top {
   [Key] string Id;
   [Required] string Maker;
   uint8 Codes[];
   datetime When;
   [EmbeddedInstance("T_Part")] string Part;
};
[Description("below")] class T_Special : T_Thing {
   [Override("Caption"), Description("another caption")] string Caption = "special";
   [Override("Act"), Description("acts otherwise")]
   uint32 Act([In, Description("how")] string How, [In(false), Out] string What);
   real64 Weight;
};
class T_MoreSpecial : T_Special {
   [Override("Caption")] string Caption = "more";
};
[Association] class T_Link { [Key] T_Thing REF Left; [Key] T_Thing REF Right; };

instance of T_Thing as $A { Id = "a"; Maker = "x"; Codes = {1, 2}; When = "20240101120000.000000+000"; };
instance of T_Special as $B { Id = "b"; Caption = "own"; Maker = "y"; Weight = 1.5; };
instance of T_Link { Left = $A; Right = $B; };
"""


@pytest.fixture(params=["pywbem_mock", "cimsim"])
def conn(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "pywbem_mock":
        yield FakedWBEMConnection(default_namespace="root/test")
        return
    stage, transaction = Stage(), Transaction(World(), "root/test")
    transaction.create_namespace("root/test")
    with stage.using(transaction):
        yield ScriptConnection(stage, "root/test")


@pytest.fixture
def model(conn: Any) -> Any:
    conn.compile_mof_string(MOF)
    return conn


def path(ident: str, classname: str = "T_Thing", namespace: str = "root/test") -> CIMInstanceName:
    return CIMInstanceName(classname, {"Id": ident}, namespace=namespace)


def ids(instances: Any) -> list[str]:
    return sorted(each["Id"] for each in instances)


def key(name: str) -> CIMProperty:
    return CIMProperty(name, None, type="string", qualifiers={"Key": CIMQualifier("Key", True)})


# Reading


def test_instances(model: Any) -> None:
    assert ids(model.EnumerateInstances("T_Thing")) == ["a", "b"]
    assert ids(model.EnumerateInstanceNames("T_Special")) == ["b"]
    thing = model.GetInstance(path("a"))
    assert (thing["Codes"], thing["When"]) == ([1, 2], pywbem.CIMDateTime("20240101120000.000000+000"))
    assert list(thing) == ["Id", "Maker", "Codes", "When"], "what nobody gave is not there, whatever the default of the class"
    assert thing.path == path("a")
    assert thing.properties["Codes"].type == "uint8"
    with pytest.raises(CIMError) as refused:
        model.GetInstance(path("c"))
    assert refused.value.status_code == pywbem.CIM_ERR_NOT_FOUND


def test_associations(model: Any) -> None:
    assert ids(model.Associators(path("a"))) == ["b"]
    assert ids(model.AssociatorNames(path("b", "T_Special"), AssocClass="T_Link", Role="Right")) == ["a"]
    assert [each.classname for each in model.References(path("a"), ResultClass="T_Link")] == ["T_Link"]
    assert len(model.ReferenceNames(path("a"), Role="Right")) == 0


def test_pulling(model: Any) -> None:
    opened = model.OpenEnumerateInstances("T_Thing", MaxObjectCount=1)
    assert (len(opened.instances), opened.eos) == (1, False)
    pulled = model.PullInstancesWithPath(opened.context, MaxObjectCount=5)
    assert (len(pulled.instances), pulled.eos) == (1, True)
    assert len(list(model.IterAssociatorInstances(path("a")))) == 1


def test_classes_with_what_they_inherit(model: Any) -> None:
    assert sorted(model.EnumerateClassNames(DeepInheritance=True)) == [
        "T_Link",
        "T_MoreSpecial",
        "T_Part",
        "T_Special",
        "T_Thing",
        "T_Top",
    ]
    special = model.GetClass("T_Special", LocalOnly=False, IncludeClassOrigin=True)
    assert set(special.properties) == {"Caption", "Id", "Maker", "Codes", "When", "Part", "Weight"}
    assert special.properties["Caption"].class_origin == "T_Top"
    assert special.properties["Caption"].value == "special"
    assert special.properties["Caption"].qualifiers["Description"].value == "another caption"
    assert special.properties["Id"].propagated
    assert special.properties["Id"].qualifiers["Key"].value is True
    assert special.methods["Act"].qualifiers["Description"].value == "acts otherwise"
    assert list(special.methods["Act"].parameters) == ["How", "What"]
    assert model.GetClass("T_MoreSpecial", LocalOnly=False).properties["Caption"].value == "more"
    assert list(model.GetClass("T_Thing").properties) == ["Id", "Maker", "Codes", "When", "Part"]


def test_qualifiers(model: Any) -> None:
    assert len(model.EnumerateQualifiers()) == 9
    assert model.GetQualifier("key").value is False
    model.SetQualifier(CIMQualifierDeclaration("T_New", "uint8"))
    model.DeleteQualifier("T_New")
    with pytest.raises(CIMError):
        model.GetQualifier("T_New")


# Writing


def test_operations_that_write(model: Any) -> None:
    made = model.CreateInstance(CIMInstance("T_Thing", {"Id": "c", "Codes": [pywbem.Uint8(7)]}))
    assert made == path("c")
    model.ModifyInstance(CIMInstance("T_Thing", {"Caption": "changed"}, path=made))
    assert (model.GetInstance(made)["Caption"], model.GetInstance(made)["Codes"]) == ("changed", [7])
    with pytest.raises(CIMError) as refused:
        model.CreateInstance(CIMInstance("T_Thing", {"Id": "c"}))
    assert refused.value.status_code == pywbem.CIM_ERR_ALREADY_EXISTS
    model.DeleteInstance(made)
    assert ids(model.EnumerateInstances("T_Thing")) == ["a", "b"]


def test_deleting_an_end_leaves_the_association(model: Any) -> None:
    model.DeleteInstance(path("a"))
    assert len(model.EnumerateInstanceNames("T_Link")) == 1
    assert model.AssociatorNames(path("b", "T_Special"))[0]["Id"] == "a"


def test_classes_are_made_changed_and_deleted(model: Any) -> None:
    model.CreateClass(CIMClass("T_New", superclass="T_Top", properties={"Name": key("Name")}))
    model.ModifyClass(CIMClass("T_New", superclass="T_Top", properties={"Name": key("Name"), "Other": key("Other")}))
    assert set(model.GetClass("T_New", LocalOnly=False).properties) == {"Caption", "Name", "Other"}
    model.DeleteClass("T_New")
    with pytest.raises(CIMError):
        model.GetClass("T_New")


def test_namespaces(conn: Any) -> None:
    conn.add_namespace("/root/second/")
    assert "ROOT/second" in conn.namespaces
    conn.compile_mof_string(MOF, namespace="root/second")
    assert ids(conn.EnumerateInstances("T_Thing", namespace="root/second")) == ["a", "b"]
    assert ids(conn.EnumerateInstances("T_Thing", namespace="Root/Second")) == ["a", "b"]
    with pytest.raises(CIMError) as refused:
        conn.remove_namespace("root/second")
    assert refused.value.status_code == pywbem.CIM_ERR_NAMESPACE_NOT_EMPTY
    with pytest.raises(CIMError) as refused:
        conn.add_namespace("root/second")
    assert refused.value.status_code == pywbem.CIM_ERR_ALREADY_EXISTS
    conn.add_namespace("root/empty")
    conn.remove_namespace("root/empty")
    assert "root/empty" not in conn.namespaces
    assert conn.find_interop_namespace() is None


def test_a_link_between_namespaces_is_stored_in_both(model: Any) -> None:
    model.add_namespace("root/second")
    model.compile_mof_string(MOF, namespace="root/second")
    link = CIMInstance("T_Link", {"Left": path("a"), "Right": path("a", namespace="root/second")})
    made = model.CreateInstance(link)
    assert [len(model.EnumerateInstanceNames("T_Link", namespace=name)) for name in ("root/test", "root/second")] == [2, 2]
    model.DeleteInstance(made)
    assert [len(model.EnumerateInstanceNames("T_Link", namespace=name)) for name in ("root/test", "root/second")] == [1, 1]


# What only pywbem_mock accepts


def test_objects_are_added_with_few_checks(model: Any) -> None:
    """Instances of abstract classes, required properties that are NULL, references that lead nowhere, keys in the path only."""
    link = CIMInstance("T_Link", {"Left": path("a"), "Right": path("nowhere")})
    link.path = CIMInstanceName("T_Link", {"Left": path("a"), "Right": path("nowhere")})
    lonely = CIMInstance("T_Special", {"Weight": pywbem.Real64(2)}, path=CIMInstanceName("T_Special", {"Id": "z"}))
    model.add_cimobjects([link, lonely])
    assert model.GetInstance(path("z", "T_Special"))["Weight"] == 2
    assert len(model.ReferenceNames(path("a"))) == 2
    with pytest.warns(pywbem.ToleratedSchemaIssueWarning):
        model.CreateInstance(CIMInstance("T_Top", {"Caption": "abstract"}))


def test_classes_need_no_qualifiers(conn: Any) -> None:
    single = CIMClass("T_Single", properties={"Text": CIMProperty("Text", None, type="string")})
    conn.add_cimobjects([single, CIMInstance("T_Single", {"Text": "x"}, path=CIMInstanceName("T_Single"))])
    assert [each["Text"] for each in conn.EnumerateInstances("T_Single")] == ["x"]


def test_a_class_without_keys_has_those_of_its_instances(conn: Any) -> None:
    keyless = CIMClass("T_Keyless", properties={name: CIMProperty(name, None, type="string") for name in ("Id", "Text")})
    conn.add_cimobjects(keyless)
    for ident in ("1", "2"):
        named = CIMInstanceName("T_Keyless", {"Id": ident})
        conn.add_cimobjects(CIMInstance("T_Keyless", {"Id": ident, "Text": "x"}, path=named))
    assert ids(conn.EnumerateInstances("T_Keyless")) == ["1", "2"]
    assert conn.GetInstance(CIMInstanceName("T_Keyless", {"Id": "2"}))["Text"] == "x"


def test_what_is_there_cannot_be_added_again(model: Any) -> None:
    for again in (model.GetInstance(path("a")), CIMClass("T_Part"), CIMQualifierDeclaration("Key", "boolean")):
        with pytest.raises(ValueError, match=r".+"):
            model.add_cimobjects(again)


def test_a_class_without_its_superclass_is_refused(conn: Any) -> None:
    with pytest.raises(ValueError, match="superclass"):
        conn.add_cimobjects(CIMClass("T_Orphan", superclass="T_Gone"))


# The stores, as providers use them


def test_an_instance_store(model: Any) -> None:
    store = model.cimrepository.get_instance_store("root/test")
    assert (store.len(), store.object_exists(path("a")), store.object_exists(path("c"))) == (3, True, False)
    assert store.object_exists(path("a", namespace="root/elsewhere")) is False
    assert store.object_exists(CIMInstanceName("T_Gone", {"Id": "a"}, namespace="root/test")) is False
    instance = store.get(path("a"))
    instance["Caption"] = "changed"
    del instance.properties["Codes"]
    store.update(path("a"), instance)
    assert {name: store.get(path("a")).get(name) for name in ("Caption", "Codes")} == {"Caption": "changed", "Codes": None}
    assert {each.classname for each in store.iter_names()} == {"T_Thing", "T_Special", "T_Link"}
    assert {each.path.classname for each in store.iter_values()} == {"T_Thing", "T_Special", "T_Link"}
    for each in list(store.iter_values()):
        if each.classname != "T_Link":
            store.delete(each.path)
    assert store.len() == 1
    for method, arguments in (("get", ()), ("delete", ()), ("update", (instance,))):
        with pytest.raises(KeyError):
            getattr(store, method)(path("c"), *arguments)


def test_a_class_store_and_a_qualifier_store(model: Any) -> None:
    repository = model.cimrepository
    classes, qualifiers = repository.get_class_store("root/test"), repository.get_qualifier_store("root/test")
    assert (classes.len(), qualifiers.len()) == (6, 9)
    assert set(classes.iter_names()) >= {"T_Thing"}
    assert {each.classname for each in classes.iter_values()} == set(classes.iter_names())
    assert {each.name for each in qualifiers.iter_values()} == set(qualifiers.iter_names())
    for store, name in ((classes, "T_Gone"), (qualifiers, "Gone")):
        for unknown in (store.get, store.delete):
            with pytest.raises(KeyError):
                unknown(name)
    for call in (repository.get_class_store, repository.remove_namespace):
        with pytest.raises(KeyError):
            call("root/gone")


def test_an_embedded_instance(model: Any) -> None:
    part = CIMInstance("T_Part", {"Size": pywbem.Uint8(3)})
    model.ModifyInstance(
        CIMInstance("T_Thing", {"Part": CIMProperty("Part", part, embedded_object="instance")}, path=path("a"))
    )
    assert model.GetInstance(path("a"))["Part"]["Size"] == 3


def test_mof_names_its_namespace(conn: Any) -> None:
    conn.add_namespace("root/pragma")
    conn.compile_mof_string('#pragma namespace ("root/pragma")\n' + MOF)
    assert ids(conn.EnumerateInstances("T_Thing", namespace="root/pragma")) == ["a", "b"]
    assert conn.EnumerateClassNames() == []


# The rest of what a script can call


class Writer(InstanceWriteProvider):  # type: ignore[misc] # pywbem has no type information
    provider_classnames = "T_Thing"

    def CreateInstance(self, namespace: str, new_instance: CIMInstance) -> Any:
        new_instance["Maker"] = "the provider"
        return super().CreateInstance(namespace, new_instance)


def test_providers_act_for_operations_of_the_connection(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model.register_provider(Writer(model.cimrepository), namespaces=["root/test"], verbose=True)
    made = model.CreateInstance(CIMInstance("T_Thing", {"Id": "c"}))
    assert model.GetInstance(made)["Maker"] == "the provider"
    model.display_registered_providers()
    assert "T_Thing  instance-write  Writer" in capsys.readouterr().out
    with pytest.raises(ValueError, match="T_Gone"):
        model.register_provider(type("Other", (Writer,), {"provider_classnames": "T_Gone"})(model.cimrepository))


def test_the_repository_is_displayed(model: Any, tmp_path: Path) -> None:
    for output_format in ("mof", "xml", "repr"):
        model.display_repository(dest=str(tmp_path / output_format), output_format=output_format)
        assert "T_MoreSpecial" in (tmp_path / output_format).read_text()
    model.display_repository(dest=str(tmp_path / "summary"), summary=True)
    assert "contains 3 Instances" in (tmp_path / "summary").read_text()


def test_files_and_classes_of_a_schema_are_compiled(conn: Any, tmp_path: Path) -> None:
    qualifiers, _, classes = MOF.partition("class T_Part { uint8 Size; };")
    classes, _, _ = classes.partition('[Description("below")]')
    top, _, thing = classes.partition("class T_Thing")
    (tmp_path / "Core").mkdir()
    (tmp_path / "Core/T_Top.mof").write_text(top)
    (tmp_path / "Core/T_Thing.mof").write_text("class T_Thing" + thing)
    (tmp_path / "Core/T_Part.mof").write_text("class T_Part { uint8 Size; };")
    (tmp_path / "qualifiers.mof").write_text(qualifiers)
    names = ("T_Top", "T_Thing", "T_Part")
    pragmas = "".join(f'#pragma include ("Core/{name}.mof")\n' for name in names)
    (tmp_path / "schema.mof").write_text('#pragma include ("qualifiers.mof")\n' + pragmas)
    conn.compile_mof_file(str(tmp_path / "qualifiers.mof"))
    conn.compile_schema_classes(["T_Thing"], str(tmp_path / "schema.mof"))
    assert sorted(conn.EnumerateClassNames(DeepInheritance=True)) == ["T_Part", "T_Thing", "T_Top"]
    with pytest.raises(pywbem.MOFParseError):
        conn.compile_mof_string("class {")


def test_a_copy_of_the_connection_has_the_same_repository(model: Any) -> None:
    copy = model.copy()
    copy.CreateInstance(CIMInstance("T_Thing", {"Id": "c"}))
    assert ids(model.EnumerateInstances("T_Thing")) == ["a", "b", "c"]
