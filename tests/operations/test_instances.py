"""Operations on instances: what they return, what they refuse and with which code, and that a refusal changes nothing."""

from typing import Any

import pytest
from pywbem import CIMInstance, CIMInstanceName, Uint8

from cimsim.operations.call import Policy
from cimsim.operations.request import ClassName, NamedInstance
from cimsim.operations.results import CreatedInstance, InstanceNames, NamedInstances, OneInstance, Value, Void
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.events import ChangeKind
from cimsim.world.paths import InstancePath
from cimsim.world.values import Untyped


def data(classname: str, **properties: Any) -> InstanceData:
    """An instance as CIM-XML gives it: untyped text."""

    def value(given: Any) -> Any:
        if isinstance(given, list):
            return [value(item) for item in given]
        return Untyped(given) if isinstance(given, str) else given

    return InstanceData(
        classname, tuple(PropertyData(name, None, isinstance(given, list), value(given)) for name, given in properties.items())
    )


def path(classname: str = "T_Device", **keys: Any) -> InstancePath:
    keys = keys or {"Id": "a"}
    return InstancePath(classname, tuple((name, Untyped(value)) for name, value in keys.items()))


def shown(result: OneInstance) -> list[str]:
    places = range(len(result.instance.cls.properties)) if result.projection is None else result.projection.places
    return [result.instance.cls.properties[place].name for place in places]


def named(result: NamedInstances | InstanceNames) -> list[tuple[str, str]]:
    return [(each.cls.name, each["Id"]) for each in result.instances]


BAD_PATHS = [
    (path("T_Devise"), 5, "no class T_Devise in root/test; did you mean T_Device?"),
    (path(Idd="a"), 4, "class T_Device has no key Idd; did you mean Id?"),
    (path(Id="a", More="b"), 4, "class T_Device has no key More"),
    (path("T_Moment", At="now", Number="5", On="true"), 4, None),
    (
        path("T_Moment", At="20240101120000.000000+000", Number="five", On="true"),
        4,
        "key Number of class T_Moment: 'five' is not a sint32",
    ),
    (path(Id="z"), 6, 'no instance root/test:T_Device.Id="z"'),
    (path(Id="b"), 6, 'no instance root/test:T_Device.Id="b"'),  # G11: it is a T_Disk
    (path("T_Element"), 6, 'no instance root/test:T_Element.Id="a"'),  # G11
]


@pytest.mark.parametrize("operation", ["GetInstance", "DeleteInstance", "GetProperty", "SetProperty", "ModifyInstance"])
@pytest.mark.parametrize(("bad", "code", "text"), BAD_PATHS)
def test_path_is_refused(
    run: Any, operation: str, bad: InstancePath, code: int, text: str | None
) -> None:  # OP-GI-3, G10, OP-DI-2
    arguments: dict[str, Any] = {"InstanceName": bad}
    if operation == "ModifyInstance":
        arguments = {"ModifiedInstance": NamedInstance(bad, data(bad.classname))}
    elif operation.endswith("Property"):
        arguments["PropertyName"] = Untyped("Nothing")
    found = run.refused(code, run, operation, **arguments)
    assert text is None or found == text


@pytest.mark.parametrize(
    "operation",
    ["GetInstance", "EnumerateInstances", "EnumerateInstanceNames", "CreateInstance", "ModifyInstance", "DeleteInstance"],
)
def test_unknown_namespace(run: Any, operation: str) -> None:
    run.refused(3, run, operation, "root/tes1")


# GetInstance


def test_get_instance(run: Any) -> None:  # OP-GI-1, OP-GI-2, FL2, FL4
    result = run("GetInstance", InstanceName=path(iD="a"), LocalOnly=Untyped("true"), IncludeQualifiers=Untyped("true"))
    assert isinstance(result, OneInstance)
    assert result.instance.cls.name == "T_Device"
    assert result.projection is None
    assert run.outcome.changes == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], []),  # OP-GI-4
        (["STATE", "id", "Nothing", "State"], ["Id", "State"]),
        (["Caption"], ["Caption"]),
    ],
)
def test_property_list(run: Any, names: list[str], expected: list[str]) -> None:  # FL6
    listed = [Untyped(name) for name in names]
    result = run("GetInstance", InstanceName=path(), PropertyList=listed)
    assert shown(result) == expected
    assert not result.projection.class_origin
    again = run("GetInstance", InstanceName=path(), PropertyList=[*listed, Untyped("Unknown")])
    assert again.projection is result.projection


def test_class_origin(run: Any) -> None:  # FL5
    result = run("GetInstance", InstanceName=path(), IncludeClassOrigin=Untyped("true"))
    assert result.projection.class_origin
    assert shown(result) == [prop.name for prop in result.instance.cls.properties]


def test_kept_projections_are_bounded(run: Any) -> None:
    names = [prop.name for prop in run("GetInstance", InstanceName=path()).instance.cls.properties]
    for number in range(200):
        chosen = [Untyped(name) for place, name in enumerate(names) if number >> place & 1]
        result = run("GetInstance", InstanceName=path(), PropertyList=[*chosen, Untyped(f"X{number}")])
        assert shown(result) == [str(name) for name in chosen]
    assert len(result.instance.cls.memo["projections"]) <= 64


@pytest.mark.parametrize(
    "keys",
    [
        {"At": "20240101120000.000000+000", "Number": "5", "On": "TRUE"},
        {"on": "true", "NUMBER": " +5 ", "at": "20240101130000.000000+060"},
        {"On": "True", "At": "20240101120000.000000-000", "Number": "0x5"},
    ],
)
def test_keys_are_compared_as_the_class_types_them(run: Any, keys: dict[str, str]) -> None:  # G12, D18, D23
    assert run("GetInstance", InstanceName=path("T_Moment", **keys)).instance["Number"] == 5


def test_key_strings_are_case_sensitive(run: Any) -> None:  # D23
    run.refused(6, run, "GetInstance", InstanceName=path(Id="A"))


@pytest.mark.parametrize(
    ("namespace", "host", "text"),
    [
        ("root/other", None, "lies in namespace root/other, but the request is for root/test"),
        ("root/nowhere", None, "lies in namespace root/nowhere, but the request is for root/test"),
        ("root/test", "any-host", "must not name a host, such as any-host"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(run: Any, namespace: str, host: str | None, text: str) -> None:  # G5
    far = InstancePath("T_Device", (("Id", "a"),), namespace, host)
    changed = NamedInstance(far, data("T_Device", Caption="x"))
    found = run.refused(4, run, "ModifyInstance", ModifiedInstance=changed)
    assert found == f"parameter ModifiedInstance of ModifyInstance {text}"
    for operation in ("GetInstance", "DeleteInstance", "GetProperty", "SetProperty", "OpenReferenceInstances"):
        more = {"PropertyName": Untyped("Caption")} if operation.endswith("Property") else {}
        found = run.refused(4, run, operation, InstanceName=far, **more)
        assert found == f"parameter InstanceName of {operation} {text}"


def test_a_path_in_the_namespace_of_the_request(run: Any) -> None:  # G12
    near = InstancePath("T_Device", (("Id", "a"),), "/ROOT/test/")
    assert run("GetInstance", InstanceName=near).instance["Id"] == "a"
    run("ModifyInstance", ModifiedInstance=NamedInstance(near, data("T_Device", Caption="x")))
    assert run("GetInstance", InstanceName=path(Id="a")).instance["Caption"] == "x"


# Enumerations


def test_enumerate_instances(run: Any) -> None:  # OP-EI-1, OP-EI-2, G13
    result = run("EnumerateInstances", ClassName=ClassName("t_element"))
    assert isinstance(result, NamedInstances)
    assert named(result) == [("T_Device", "a"), ("T_Disk", "b")]
    assert result.projections is None
    names = run("EnumerateInstanceNames", ClassName=ClassName("T_ELEMENT"))
    assert isinstance(names, InstanceNames)
    assert named(names) == named(result)
    assert named(run("EnumerateInstances", ClassName=ClassName("T_Disk"))) == [("T_Disk", "b")]
    assert named(run("EnumerateInstances", ClassName=ClassName("T_Lonely"))) == []


def test_enumeration_is_in_creation_order(run: Any) -> None:
    for name in "zyx":
        run("CreateInstance", NewInstance=data("T_Device", Id=name))
    run("DeleteInstance", InstanceName=path(Id="y"))
    run("ModifyInstance", ModifiedInstance=NamedInstance(path(Id="z"), data("T_Device", Caption="new")))
    run("CreateInstance", NewInstance=data("T_Device", Id="y"))
    result = run("EnumerateInstanceNames", ClassName=ClassName("T_Device"))
    assert [each["Id"] for each in result.instances] == ["a", "z", "x", "y", "b"]


def by_class(result: NamedInstances) -> dict[str, list[str]]:
    projections = result.projections or {}
    return {
        each.cls.name: [each.cls.properties[place].name for place in projections[each.cls].places]
        for each in result.instances
        if each.cls in projections
    }


def test_shallow_inheritance(run: Any) -> None:  # FL10
    result = run("EnumerateInstances", ClassName=ClassName("T_Element"), DeepInheritance=Untyped("false"))
    assert by_class(result) == {"T_Device": ["Id", "Caption"], "T_Disk": ["Id", "Caption"]}
    result = run("EnumerateInstances", ClassName=ClassName("T_Device"), DeepInheritance=Untyped("false"))
    device = ["Id", "Caption", "State", "Codes", "Serial", "Maker", "Since", "Part"]
    assert by_class(result) == {"T_Disk": device}  # of T_Device itself, everything is shown
    result = run("EnumerateInstances", ClassName=ClassName("T_Device"), DeepInheritance=Untyped("true"))
    assert result.projections is None


def test_shallow_inheritance_and_property_list_intersect(run: Any) -> None:  # FL7
    listed = [Untyped("Size"), Untyped("caption")]
    result = run("EnumerateInstances", ClassName=ClassName("T_Element"), DeepInheritance=Untyped("false"), PropertyList=listed)
    assert by_class(result) == {"T_Device": ["Caption"], "T_Disk": ["Caption"]}
    result = run("EnumerateInstances", ClassName=ClassName("T_Element"), PropertyList=listed)
    assert by_class(result) == {"T_Device": ["Caption"], "T_Disk": ["Caption", "Size"]}


@pytest.mark.parametrize("operation", ["EnumerateInstances", "EnumerateInstanceNames"])
def test_enumerate_an_unknown_class(run: Any, operation: str) -> None:  # OP-EI-3
    assert run.refused(5, run, operation, ClassName=ClassName("T_Dsk")) == "no class T_Dsk in root/test; did you mean T_Disk?"


# CreateInstance


def test_create_instance(run: Any) -> None:  # OP-CI-1 to OP-CI-3
    result = run("CreateInstance", NewInstance=data("t_disk", ID="new", state="0x10", Codes=["1", None], Size=" 7 "))
    assert isinstance(result, CreatedInstance)
    assert str(result.instance.path) == 'root/test:T_Disk.Id="new"'
    assert [change.kind for change in run.outcome.changes] == [ChangeKind.CREATED]
    instance = run("GetInstance", InstanceName=path("T_Disk", Id="new")).instance
    assert instance.values == ("new", None, 16, (1, None), "none", "nobody", None, None, 7)


@pytest.mark.parametrize(
    ("instance", "code", "text"),
    [
        (data("T_Disc", Id="n"), 5, "no class T_Disc in root/test; did you mean T_Disk?"),
        (data("T_Element", Id="n"), 7, "class T_Element is abstract, it has no instances of its own"),
        (data("T_Event", Id="n", Nonsense="1"), 7, "class T_Event is an indication class, it has no instances of its own"),
        (data("T_Device", Id="n", Stat="5"), 4, "class T_Device has no property Stat; did you mean State?"),
        (data("T_Device", Id="n", State="70000"), 4, None),
        (data("T_Device", Id="n", State="5.0"), 4, "property T_Device.State: '5.0' is not a uint16"),
        (data("T_Device", Id="n", State=["5"]), 4, "property T_Device.State: uint16 expected, not an array"),
        (data("T_Device", Id="n", Codes="5"), 4, "property T_Device.Codes: uint8[] expected, not a single value"),
        (data("T_Device", Id="n", Codes=[""]), 4, "property T_Device.Codes: '' is not a uint8"),  # OP-CI-8
        (data("T_Device", Id="n", Codes=["1"] * 4), 4, "property T_Device.Codes: 4 items in an array of 3"),  # D14
        (data("T_Device", Id="n", Since="yesterday"), 4, None),
        (data("T_Device", Id="n", Part="text"), 4, "property T_Device.Part: an embedded instance expected, not text"),
        (
            data("T_Device", Id="n", Part=data("T_Lonely")),
            4,
            "property T_Device.Part: an embedded T_Part expected, not T_Lonely",
        ),
        (data("T_Device", State="5"), 4, "key Id of class T_Device has no value"),
        (data("T_Device", Id="n", Maker=None), 4, "property Maker of class T_Device is required and has no value"),
        (data("T_Device", Id="a", State="x"), 4, None),
        (data("T_Device", Id="a"), 11, 'instance root/test:T_Device.Id="a" exists already'),
        (
            data("T_Link", Left=path(), Right=path(Id="zz")),
            4,
            'reference T_Link.Right leads nowhere: no instance root/test:T_Device.Id="zz"',
        ),
        (data("T_Link", Left=path(), Right="a"), 4, "property T_Link.Right: 'a' is not a reference to an instance"),
    ],
)
def test_create_is_refused(run: Any, instance: InstanceData, code: int, text: str | None) -> None:  # OP-CI-2 to OP-CI-7
    found = run.refused(code, run, "CreateInstance", NewInstance=instance)
    assert text is None or found == text


def test_create_with_an_embedded_instance(run: Any) -> None:  # D24
    instance = run("CreateInstance", NewInstance=data("T_Device", Id="n", Part=data("t_part", SIZE="7"))).instance
    assert instance["Part"] == CIMInstance("T_Part", {"Size": Uint8(7)})


# ModifyInstance


def modify(run: Any, instance: InstanceData, target: InstancePath | None = None, listed: list[str] | None = None) -> Any:
    names = None if listed is None else [Untyped(name) for name in listed]
    return run("ModifyInstance", ModifiedInstance=NamedInstance(target or path(), instance), PropertyList=names)


def current(run: Any) -> Any:
    return run("GetInstance", InstanceName=path()).instance


def test_modify_exactly_what_is_given(run: Any) -> None:  # OP-MI-3
    before = current(run)
    assert isinstance(modify(run, data("t_device", caption="new", STATE=None)), Void)
    (change,) = run.outcome.changes
    assert (change.kind, change.before, change.after) == (ChangeKind.MODIFIED, before, current(run))
    assert current(run).values == ("a", "new", None, *before.values[3:])


def test_modify_with_a_list(run: Any) -> None:  # OP-MI-3: listed and given, listed only, given only
    modify(run, data("T_Device", Caption="c", State="9", Codes=["7"], Maker="m"))
    modify(
        run, data("T_Device", Caption="new", Maker="unlisted", Serial="read-only"), listed=["CAPTION", "State", "Since", "Id"]
    )
    assert current(run).values == ("a", "new", 5, (7,), "none", "m", None, None)


def test_modify_with_an_empty_list(run: Any) -> None:  # OP-MI-3
    before = run.world
    modify(run, data("T_Device", Caption="new", Serial="x"), listed=[])
    assert run.world is before
    assert run.outcome.changes == []


def test_modify_with_all_properties_sent_back(run: Any) -> None:  # OP-MI-4: wbemcli sends keys and read-only ones too
    before = run.world
    modify(run, data("T_Device", Id="a", Caption="first", Serial="none", Codes=["1", "2"]))
    assert run.world is before


@pytest.mark.parametrize(
    ("instance", "target", "listed", "code", "text"),
    [
        (data("T_Disk"), None, None, 4, "the path names class T_Device, the instance is of class T_Disk"),  # OP-MI-2
        (data("T_Nix"), path("T_Nix"), None, 5, "no class T_Nix in root/test"),
        (data("T_Device", Id="b"), None, None, 4, 'key Id of root/test:T_Device.Id="a" cannot change'),  # OP-MI-4
        (data("T_Device", Id=None), None, None, 4, 'key Id of root/test:T_Device.Id="a" cannot change'),
        (data("T_Device", Captoin="x"), None, None, 4, "class T_Device has no property Captoin; did you mean Caption?"),
        (data("T_Device"), None, ["Captoin"], 4, "class T_Device has no property Captoin; did you mean Caption?"),
        (data("T_Device", State="x"), None, None, 4, "property T_Device.State: 'x' is not a uint16"),
        (data("T_Device", State=[]), None, None, 4, "property T_Device.State: uint16 expected, not an array"),
        (
            data("T_Device", Serial="x"),
            None,
            None,
            4,
            "property T_Device.Serial is read-only: it has no Write qualifier",
        ),  # OP-MI-5
        (data("T_Device", Serial="x"), None, ["Serial"], 4, "property T_Device.Serial is read-only: it has no Write qualifier"),
        (data("T_Device", Maker=None), None, None, 4, "property Maker of class T_Device is required and cannot be NULL"),
        (data("T_Device", State="x"), path(Id="zz"), None, 4, None),  # G7: parameters before the instance
        (data("T_Device", Serial="x"), path(Id="zz"), None, 6, None),
    ],
)
def test_modify_is_refused(  # OP-MI-1 to OP-MI-5
    run: Any, instance: InstanceData, target: InstancePath | None, listed: list[str] | None, code: int, text: str | None
) -> None:
    found = run.refused(code, modify, run, instance, target, listed)
    assert text is None or found == text


def test_policy_without_write_protection(run: Any) -> None:  # OP-MI-5
    run.policy = Policy(enforce_write=False)
    modify(run, data("T_Device", Serial="x"))
    assert current(run)["Serial"] == "x"
    run("SetProperty", InstanceName=path(), PropertyName=Untyped("Serial"), NewValue=Untyped("y"))
    assert current(run)["Serial"] == "y"
    run.refused(4, modify, run, data("T_Device", Id="b"))


def test_modify_an_association(run: Any) -> None:
    keys = {"Left": path(), "Right": path()}
    target = InstancePath("T_Link", tuple(keys.items()))
    modify(run, data("T_Link", Note="changed", **keys), target)
    assert run("GetInstance", InstanceName=target).instance["Note"] == "changed"
    run.refused(4, modify, run, data("T_Link", Left=path("T_Disk", Id="b")), target)


# DeleteInstance


def test_delete_instance(run: Any) -> None:  # OP-DI-1, OP-DI-2
    assert isinstance(run("DeleteInstance", InstanceName=path()), Void)
    deleted = [change.before.cls.name for change in run.outcome.changes]
    assert sorted(deleted) == ["T_Device", "T_DiskLink", "T_Link"]
    assert deleted[-1] == "T_Device"
    run.refused(6, run, "DeleteInstance", InstanceName=path())
    assert len(run("EnumerateInstanceNames", ClassName=ClassName("T_Link")).instances) == 1


# GetProperty and SetProperty


def test_get_property(run: Any) -> None:  # OP-GP-1, OP-GP-2
    def get(name: str) -> Any:
        return run("GetProperty", InstanceName=path(), PropertyName=Untyped(name))

    assert get("STATE") == Value("uint16", 5)
    assert get("codes") == Value("uint8", (1, 2))
    assert get("Since") == Value("datetime", None)
    assert get("Part") == Value("string", None, "instance")
    assert run.refused(12, get, "Stat") == "class T_Device has no property Stat; did you mean State?"


def test_set_property(run: Any) -> None:  # OP-SP-1
    def put(name: str, **value: Any) -> Any:
        return run("SetProperty", InstanceName=path(), PropertyName=Untyped(name), **value)

    assert isinstance(put("caption", NewValue=Untyped("x")), Void)
    assert [change.kind for change in run.outcome.changes] == [ChangeKind.MODIFIED]
    put("Codes", NewValue=[Untyped("9")])
    put("State")
    assert current(run).values[1:4] == ("x", None, (9,))
    put("Serial", NewValue=Untyped("none"))
    put("Id", NewValue=Untyped("a"))
    assert run.outcome.changes == []


@pytest.mark.parametrize(
    ("name", "value", "code", "text"),
    [
        ("Capton", Untyped("x"), 12, "class T_Device has no property Capton; did you mean Caption?"),
        ("State", Untyped("x"), 13, "property T_Device.State: 'x' is not a uint16"),
        ("State", [Untyped("1")], 13, "property T_Device.State: uint16 expected, not an array"),
        ("Serial", Untyped("x"), 7, "property T_Device.Serial is read-only"),
        ("Id", Untyped("b"), 7, "property T_Device.Id is read-only"),
        ("Maker", None, 4, "property Maker of class T_Device is required and cannot be NULL"),
    ],
)
def test_set_property_is_refused(run: Any, name: str, value: Any, code: int, text: str) -> None:  # OP-SP-2
    assert run.refused(code, run, "SetProperty", InstanceName=path(), PropertyName=Untyped(name), NewValue=value) == text


def test_same_key_in_another_form_can_be_set(run: Any) -> None:  # D23
    target = path("T_Moment", At="20240101120000.000000+000", Number="5", On="true")
    run("SetProperty", InstanceName=target, PropertyName=Untyped("At"), NewValue=Untyped("20240101130000.000000+060"))
    assert run.outcome.changes == []


def test_pywbem_instance_round_trip(run: Any) -> None:
    """What a client got it can send back as it is."""
    instance = current(run).to_cim()
    assert instance.path == CIMInstanceName("T_Device", {"Id": "a"}, namespace="root/test")
    run("ModifyInstance", ModifiedInstance=instance)
    assert run.outcome.changes == []
