"""From given arguments to parameters: names, kinds, NULL, and the order of the first errors (rules G2 to G8, FL8)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMError, CIMInstance, CIMInstanceName, CIMQualifierDeclaration

from cimsim.operations.parameters import REQUIRED
from cimsim.operations.request import Argument, ClassName, NamedInstance
from cimsim.operations.results import ClassNames, InstanceNames, OneInstance
from cimsim.operations.table import OPERATIONS
from cimsim.world.convert import InstanceData
from cimsim.world.paths import InstancePath
from cimsim.world.values import Malformed, Untyped

A = InstancePath("T_Device", (("Id", Untyped("a")),))


def test_table() -> None:
    assert set(OPERATIONS) == {
        name.lower()
        for name in [
            "GetClass",
            "EnumerateClasses",
            "EnumerateClassNames",
            "GetInstance",
            "EnumerateInstances",
            "EnumerateInstanceNames",
            "CreateInstance",
            "ModifyInstance",
            "DeleteInstance",
            "Associators",
            "AssociatorNames",
            "References",
            "ReferenceNames",
            "GetProperty",
            "SetProperty",
            "GetQualifier",
            "EnumerateQualifiers",
            "CreateClass",
            "ModifyClass",
            "DeleteClass",
            "SetQualifier",
            "DeleteQualifier",
            "ExecQuery",
            "OpenEnumerateInstances",
            "OpenEnumerateInstancePaths",
            "OpenReferenceInstances",
            "OpenReferenceInstancePaths",
            "OpenAssociatorInstances",
            "OpenAssociatorInstancePaths",
            "OpenQueryInstances",
            "PullInstancesWithPath",
            "PullInstancePaths",
            "PullInstances",
            "CloseEnumeration",
            "EnumerationCount",
        ]
    }


# The defaults that the page about conformance gives; N is NULL.
@pytest.mark.parametrize(
    ("operation", "defaults"),
    [
        ("GetClass", "LocalOnly=T IncludeQualifiers=T IncludeClassOrigin=F PropertyList=N"),
        ("EnumerateClasses", "ClassName=N DeepInheritance=F LocalOnly=T IncludeQualifiers=T IncludeClassOrigin=F"),
        ("EnumerateClassNames", "ClassName=N DeepInheritance=F"),
        ("GetInstance", "LocalOnly=T IncludeQualifiers=F IncludeClassOrigin=F PropertyList=N"),
        ("EnumerateInstances", "LocalOnly=T DeepInheritance=T IncludeQualifiers=F IncludeClassOrigin=F PropertyList=N"),
        ("EnumerateInstanceNames", ""),
        ("CreateInstance", ""),
        ("ModifyInstance", "IncludeQualifiers=T PropertyList=N"),
        ("DeleteInstance", ""),
        (
            "Associators",
            "AssocClass=N ResultClass=N Role=N ResultRole=N IncludeQualifiers=F IncludeClassOrigin=F PropertyList=N",
        ),
        ("AssociatorNames", "AssocClass=N ResultClass=N Role=N ResultRole=N"),
        ("References", "ResultClass=N Role=N IncludeQualifiers=F IncludeClassOrigin=F PropertyList=N"),
        ("ReferenceNames", "ResultClass=N Role=N"),
        ("GetProperty", ""),
        ("SetProperty", "NewValue=N"),
        ("GetQualifier", ""),
        ("EnumerateQualifiers", ""),
    ],
)
def test_defaults(operation: str, defaults: str) -> None:
    shown = {True: "T", False: "F", None: "N"}
    parameters = OPERATIONS[operation.lower()].parameters
    found = [f"{each.name}={shown[each.default]}" for each in parameters if each.default is not REQUIRED]
    assert found == defaults.split()


def test_unknown_operation_comes_before_unknown_namespace(run: Any) -> None:  # G2, G8
    assert run.refused(7, run, "OpenNothing", "root/nowhere") == "operation OpenNothing is not supported"
    run.refused(7, run, "DoSomething")


def test_unknown_namespace_comes_before_bad_parameters(run: Any) -> None:  # G7, G8
    text = run.refused(3, run, "GetInstance", "root/tset", Nonsense=1)
    assert text == "no namespace root/tset; did you mean root/test? (there are: root/other, root/test)"


def test_bad_parameters_come_before_unknown_classes(run: Any) -> None:  # G7
    run.refused(4, run, "EnumerateInstances", ClassName=ClassName("T_Nothing"), LocalOnly=Untyped("maybe"))


def test_namespace_and_operation_in_any_spelling(run: Any) -> None:  # G9
    assert isinstance(run("enumerateINSTANCEnames", "ROOT\\Test", ClassName=ClassName("t_device")), InstanceNames)


def test_parameters_in_any_order_and_case(run: Any) -> None:  # G3
    result = run("GetInstance", propertylist=[Untyped("Caption")], INSTANCENAME=A)
    assert isinstance(result, OneInstance)
    assert result.projection is not None
    assert result.projection.places == (1,)


def test_unknown_parameter(run: Any) -> None:  # G3, Z1
    text = run.refused(4, run, "GetInstance", InstanceName=A, PropertieList=[])
    assert text == "GetInstance has no parameter PropertieList; did you mean PropertyList?"
    assert run.refused(4, run, "EnumerateQualifiers", ClassName=None) == "EnumerateQualifiers has no parameter ClassName"


def test_duplicate_parameter(run: Any) -> None:  # G3
    text = run.refused(4, run.with_arguments, "GetInstance", Argument("InstanceName", A), Argument("instancename", A))
    assert text == "parameter instancename of GetInstance is given twice"


def test_missing_parameter(run: Any) -> None:  # G3
    assert run.refused(4, run, "GetInstance") == "parameter InstanceName of GetInstance is missing"


def test_a_misspelt_parameter_is_named_before_the_missing_one(run: Any) -> None:  # G3
    text = run.refused(4, run, "GetInstance", InstanceNam=A)
    assert text == "GetInstance has no parameter InstanceNam; did you mean InstanceName?"


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("GetInstance", {"InstanceName": None}),
        ("GetInstance", {"InstanceName": A, "LocalOnly": None}),
        ("EnumerateInstances", {"ClassName": None}),
        ("EnumerateInstances", {"ClassName": ClassName("T_Device"), "DeepInheritance": None}),
        ("CreateInstance", {"NewInstance": None}),
        ("Associators", {"ObjectName": None}),
        ("GetProperty", {"InstanceName": A, "PropertyName": None}),
    ],
)
def test_null_where_it_must_not_be(run: Any, operation: str, arguments: dict[str, Any]) -> None:  # G4
    assert run.refused(4, run, operation, **arguments).endswith("must not be NULL")


def test_null_where_it_may_be(run: Any) -> None:  # G4, OP-AS-12
    assert isinstance(run("EnumerateClassNames", ClassName=None), ClassNames)
    run("GetInstance", InstanceName=A, PropertyList=None)
    result = run("AssociatorNames", ObjectName=A, AssocClass=None, ResultClass=None, Role=None, ResultRole=None)
    assert len(result.instances) == 2


@pytest.mark.parametrize("text", ["TRUE", "true", " True\n"])
def test_booleans(run: Any, text: str) -> None:  # G6
    result = run("EnumerateClassNames", DeepInheritance=Untyped(text))
    assert len(result.classes) == 9


@pytest.mark.parametrize(
    ("operation", "name", "value", "kind"),
    [
        ("EnumerateClassNames", "DeepInheritance", Untyped("1"), "a boolean"),
        ("EnumerateClassNames", "DeepInheritance", Untyped(""), "a boolean"),
        ("EnumerateClassNames", "DeepInheritance", [Untyped("TRUE")], "a boolean"),
        ("EnumerateClassNames", "DeepInheritance", ClassName("TRUE"), "a boolean"),
        ("EnumerateClassNames", "ClassName", Untyped("T_Device"), "the name of a class"),
        ("EnumerateInstances", "ClassName", A, "the name of a class"),
        ("EnumerateInstances", "ClassName", [ClassName("T_Device")], "the name of a class"),
        ("GetClass", "ClassName", Untyped("T_Device"), "the name of a class"),  # OP-GC-5
        ("GetInstance", "InstanceName", ClassName("T_Device"), "the path of an instance"),
        ("GetInstance", "InstanceName", Untyped("T_Device"), "the path of an instance"),
        ("Associators", "ObjectName", Untyped("T_Device"), "the name of a class or the path of an instance"),
        ("CreateInstance", "NewInstance", A, "an instance"),
        ("CreateInstance", "NewInstance", NamedInstance(A, InstanceData("T_Device", ())), "an instance"),
        ("ModifyInstance", "ModifiedInstance", InstanceData("T_Device", ()), "an instance with its path"),
        ("ModifyInstance", "ModifiedInstance", CIMInstance("T_Device"), "an instance with its path"),
        ("GetQualifier", "QualifierName", ClassName("Key"), "a string"),
        ("GetQualifier", "QualifierName", [Untyped("Key")], "a string"),
    ],
)
def test_wrong_kind(run: Any, operation: str, name: str, value: Any, kind: str) -> None:  # G5, G6
    assert run.refused(4, run, operation, **{name: value}) == f"parameter {name} of {operation} must be {kind}"


@pytest.mark.parametrize("value", [NamedInstance(A, InstanceData("T", ())), CIMQualifierDeclaration("Key", "boolean")])
def test_what_is_no_value(run: Any, value: Any) -> None:  # G5
    text = run.refused(4, run, "SetProperty", InstanceName=A, PropertyName="Caption", NewValue=value)
    assert text == "parameter NewValue of SetProperty must be a value"


@pytest.mark.parametrize(
    "value",
    [Untyped("Caption"), [Untyped("Caption"), None], [1], [[]], NamedInstance(A, InstanceData("T", ())), InstanceData("T", ())],
)
def test_property_list_of_something_else(run: Any, value: Any) -> None:  # FL8, G5
    text = run.refused(4, run, "GetInstance", InstanceName=A, PropertyList=value)
    assert text == "parameter PropertyList of GetInstance must be an array of strings"


def test_malformed_argument(run: Any) -> None:  # HE15
    text = run.refused(4, run, "GetInstance", InstanceName=Malformed("two values"))
    assert text == "parameter InstanceName of GetInstance: two values"


def test_pywbem_objects_are_taken_too(run: Any) -> None:
    path = CIMInstanceName("T_Device", {"Id": "a"}, namespace="root/test")
    assert run("GetInstance", InstanceName=path, LocalOnly=False).instance["Caption"] == "first"
    created = run("CreateInstance", NewInstance=CIMInstance("T_Device", {"Id": "new"}))
    assert created.instance["State"] == 5
    run("ModifyInstance", ModifiedInstance=CIMInstance("T_Device", {"Caption": "changed"}, path=path))
    assert run("GetInstance", InstanceName=path).instance["Caption"] == "changed"


VALUES = st.sampled_from(
    [
        None,
        Untyped(""),
        Untyped("TRUE"),
        Untyped("true"),
        Untyped(" False "),
        Untyped("maybe"),
        Untyped("7"),
        "TRUE",
        True,
        7,
        [],
        [Untyped("A"), Untyped("b")],
        [Untyped("A"), None],
        (Untyped("A"),),
        ClassName("T_Device"),
        A,
        InstancePath("T_Device", (), "root/x"),
        InstancePath("T_Device", (), None, "host"),
        InstanceData("T_Device", ()),
        NamedInstance(A, InstanceData("T_Device", ())),
        NamedInstance(InstancePath("T_Device", (), "root/y"), InstanceData("T_Device", ())),
        Malformed("broken"),
    ]
)


def bound(bind: Any, arguments: tuple[Argument, ...]) -> Any:
    try:
        found = bind(arguments, "root/x")
    except CIMError as error:
        return error.status_code, error.status_description
    return {name: (type(value), value) for name, value in found.items()}


@given(st.sampled_from(sorted(OPERATIONS)), st.data())
def test_the_quick_way_binds_as_the_strict_one_does(name: str, data: st.DataObject) -> None:
    operation = OPERATIONS[name]
    names = [each.name for each in operation.parameters]
    spelt = st.sampled_from([*names, *map(str.lower, names), "Other"])
    given_names = data.draw(st.one_of(st.just(names), st.lists(spelt, max_size=4)))
    arguments = tuple(Argument(each, data.draw(VALUES)) for each in given_names)
    assert bound(operation.bind, arguments) == bound(operation._bind_strictly, arguments)
