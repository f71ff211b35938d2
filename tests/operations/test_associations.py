"""Association operations on instances and on classes (rules OP-AS-2 to OP-AS-12)."""

from typing import Any

import pytest

from cimsim.operations.call import Policy
from cimsim.operations.request import ClassName
from cimsim.operations.results import ClassesWithPath, ClassPaths, ClassView, ObjectPaths, ObjectsWithPath
from cimsim.world.convert import InstanceData, PropertyData
from cimsim.world.paths import InstancePath
from cimsim.world.values import Untyped

A = InstancePath("t_device", (("ID", Untyped("a")),))
B = InstancePath("T_Disk", (("", Untyped("b")),))
OPERATIONS = ("Associators", "AssociatorNames", "References", "ReferenceNames")


def typed(arguments: dict[str, str]) -> dict[str, Any]:
    return {name: Untyped(value) if name.endswith("Role") else ClassName(value) for name, value in arguments.items()}


def ids(result: Any) -> list[str]:
    return [each["Id"] for each in result.instances]


def classes(result: Any) -> list[str]:
    return [cls.name for cls in result.classes]


@pytest.mark.parametrize(
    ("source", "filters", "expected"),
    [
        (A, {}, "a b"),
        (B, {}, "a far"),
        (A, {"AssocClass": "t_disklink"}, "b"),
        (A, {"AssocClass": "T_Link"}, "a b"),  # subclasses too
        (A, {"AssocClass": "T_Device"}, ""),
        (A, {"ResultClass": "T_Element"}, "a b"),
        (A, {"ResultClass": "T_disk"}, "b"),
        (A, {"Role": "LEFT"}, "a b"),
        (A, {"Role": "Right"}, "a"),
        (A, {"ResultRole": "right"}, "a b"),
        (A, {"ResultRole": "Left"}, "a"),
        (A, {"Role": "Nowhere"}, ""),
        (A, {"ResultRole": "Nowhere"}, ""),
        (B, {"Role": "Left"}, "far"),
        (B, {"AssocClass": "T_DiskLink", "Role": "Right", "ResultRole": "Left", "ResultClass": "T_Device"}, "a"),
    ],
)
def test_associators(run: Any, source: InstancePath, filters: dict[str, str], expected: str) -> None:  # OP-AS-4 to OP-AS-8
    names = run("AssociatorNames", ObjectName=source, **typed(filters))
    assert isinstance(names, ObjectPaths)
    assert ids(names) == expected.split()
    full = run("Associators", ObjectName=source, **typed(filters))
    assert isinstance(full, ObjectsWithPath)
    assert ids(full) == expected.split()
    assert full.projections is None


def test_result_in_another_namespace(run: Any) -> None:  # OP-AS-8
    assert [str(each.path) for each in run("AssociatorNames", ObjectName=B).instances] == [
        'root/test:T_Device.Id="a"',
        'root/other:T_Device.Id="far"',
    ]


def test_source_named_by_an_absolute_path(run: Any) -> None:  # G5
    far = InstancePath("T_Device", (("Id", "far"),), "root/other")
    text = run.refused(4, run, "AssociatorNames", ObjectName=far)
    assert text == "parameter ObjectName of AssociatorNames lies in namespace root/other, but the request is for root/test"
    assert ids(run("AssociatorNames", "root/other", ObjectName=far)) == []


@pytest.mark.parametrize(
    ("source", "filters", "expected"),
    [
        (A, {}, "T_Link T_DiskLink"),
        (B, {}, "T_Link T_DiskLink"),
        (A, {"ResultClass": "T_DiskLink"}, "T_DiskLink"),
        (A, {"ResultClass": "T_Link"}, "T_Link T_DiskLink"),
        (A, {"Role": "right"}, "T_Link"),
        (B, {"Role": "Right"}, "T_DiskLink"),
        (A, {"Role": "Nowhere"}, ""),
    ],
)
def test_references(run: Any, source: InstancePath, filters: dict[str, str], expected: str) -> None:  # OP-AS-4, OP-AS-5
    names = run("ReferenceNames", ObjectName=source, **typed(filters))
    assert isinstance(names, ObjectPaths)
    assert sorted(each.cls.name for each in names.instances) == sorted(expected.split())
    full = run("References", ObjectName=source, **typed(filters))
    assert isinstance(full, ObjectsWithPath)
    assert full.instances == names.instances


def test_shown_properties_are_those_of_the_results(run: Any) -> None:  # OP-AS-10
    result = run(
        "Associators", ObjectName=A, PropertyList=[Untyped("Size"), Untyped("Note")], IncludeClassOrigin=Untyped("true")
    )
    shown = {cls.name: [cls.properties[place].name for place in each.places] for cls, each in result.projections.items()}
    assert shown == {"T_Device": [], "T_Disk": ["Size"]}
    assert all(each.class_origin for each in result.projections.values())
    result = run("References", ObjectName=A, PropertyList=[Untyped("Size"), Untyped("Note")])
    shown = {cls.name: [cls.properties[place].name for place in each.places] for cls, each in result.projections.items()}
    assert shown == {"T_Link": ["Note"], "T_DiskLink": ["Note"]}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_q7_an_instance_name_without_keys_is_the_class_where_that_is_wanted(run: Any, operation: str) -> None:
    keyless = InstancePath("t_DISK", ())
    text = run.refused(4, run, operation, ObjectName=keyless)
    assert text.startswith("key Id of class T_Disk is missing")
    run.policy = Policy(keyless_class=True)
    assert classes(run(operation, ObjectName=keyless)) == classes(run(operation, ObjectName=ClassName("T_Disk"))) != []
    assert run.refused(4, run, operation, ObjectName=InstancePath("T_Dusk", ())).startswith("no class T_Dusk")
    # A class without keys has one instance, whose name has no keys.
    assert run.refused(6, run, operation, ObjectName=InstancePath("T_Part", ())) == "no instance root/test:T_Part"
    assert len(run("ReferenceNames", ObjectName=A).instances) == 2


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_end_on_another_host_is_not_the_instance_here(run: Any, operation: str) -> None:  # D23
    """An association of ``far`` with ``a`` and ``b``, which are on another host: as if those here had nothing to do with it."""
    before = {each: run(operation, ObjectName=each).instances for each in (A, B)}
    ends = {"Left": InstancePath("T_Device", (("Id", "a"),), "root/test", "far"), "Right": B}
    data = [PropertyData(name, "reference", False, value) for name, value in ends.items()]
    created = run("CreateInstance", NewInstance=InstanceData("T_DiskLink", tuple(data))).instance
    assert (created["Left"].host, created["Right"].host) == ("far", None)
    assert run("GetInstance", InstanceName=created.path).instance is created
    assert run(operation, ObjectName=A).instances == before[A]
    added = [created] if operation.startswith("Reference") else []
    assert run(operation, ObjectName=B).instances == [*before[B], *added]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("source", "code", "text"),
    [
        (InstancePath("T_Devise", (("Id", "a"),)), 4, "no class T_Devise in root/test; did you mean T_Device?"),  # OP-AS-3
        (InstancePath("T_Device", (("Id", "z"),)), 6, 'no instance root/test:T_Device.Id="z"'),  # OP-AS-3, Z12, K16
        (InstancePath("T_Device", (("Key", "a"),)), 4, "class T_Device has no key Key"),  # G10
        (ClassName("T_Devise"), 4, "no class T_Devise in root/test; did you mean T_Device?"),  # OP-AS-3
    ],
)
def test_source_is_refused(run: Any, operation: str, source: Any, code: int, text: str) -> None:
    assert run.refused(code, run, operation, ObjectName=source) == text


@pytest.mark.parametrize("source", [A, ClassName("T_Device"), InstancePath("T_Device", (("Id", "z"),))])
@pytest.mark.parametrize(
    ("operation", "filter_name"),
    [(each, name) for each in OPERATIONS for name in ("AssocClass", "ResultClass") if "Assoc" in each or name != "AssocClass"],
)
def test_unknown_filter_class(
    run: Any, operation: str, filter_name: str, source: Any
) -> None:  # OP-AS-4, G7: before the instance
    text = run.refused(4, run, operation, ObjectName=source, **{filter_name: ClassName("T_Lnk")})
    assert text == "no class T_Lnk in root/test; did you mean T_Link?"


def test_result_class_of_another_namespace(run: Any, cim: Any) -> None:
    from cimsim.world.transaction import Transaction

    transaction = Transaction(run.world, "root/other")
    transaction.create_class(cim.cls("T_Special", of="T_Device"))
    special = transaction.create("T_Special", {"Id": "s"})
    transaction.create("T_Link", {"Left": InstancePath("T_Device", (("Id", "a"),), "root/test"), "Right": special}, "root/test")
    run.world = transaction.world
    assert ids(run("AssociatorNames", ObjectName=A, ResultClass=ClassName("T_Special"))) == ["s"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_unknown_namespace(run: Any, operation: str) -> None:
    run.refused(3, run, operation, "root/none", ObjectName=ClassName("T_Nothing"))


# Classes


@pytest.mark.parametrize(
    ("source", "filters", "expected"),
    [
        ("T_Disk", {}, "T_Element T_Disk"),
        ("T_Device", {}, "T_Element T_Disk"),  # T_Link both ways, T_DiskLink from left to right
        ("T_Device", {"AssocClass": "T_DiskLink"}, "T_Disk"),
        ("T_Device", {"ResultClass": "T_Device"}, "T_Disk"),
        ("T_Device", {"AssocClass": "T_DiskLink", "ResultRole": "Left"}, ""),
        ("T_Disk", {"AssocClass": "T_DiskLink", "Role": "Right"}, "T_Element"),
        ("T_Disk", {"Role": "Left", "ResultRole": "Right"}, "T_Element T_Disk"),
        ("T_Device", {"Role": "Nowhere"}, ""),
        ("T_Lonely", {}, ""),
    ],
)
def test_associated_classes(run: Any, source: str, filters: dict[str, str], expected: str) -> None:  # OP-AS-2, OP-AS-9
    names = run("AssociatorNames", ObjectName=ClassName(source), **typed(filters))
    assert isinstance(names, ClassPaths)
    assert (names.namespace, classes(names)) == ("root/test", expected.split())
    full = run("Associators", ObjectName=ClassName(source), **typed(filters))
    assert isinstance(full, ClassesWithPath)
    assert (full.namespace, classes(full)) == ("root/test", expected.split())
    assert full.view == ClassView(local_only=False, qualifiers=False)  # FL4


@pytest.mark.parametrize(
    ("source", "filters", "expected"),
    [
        ("T_Disk", {}, "T_Link T_DiskLink"),
        ("t_device", {}, "T_Link T_DiskLink"),
        ("T_Device", {"Role": "Right"}, "T_Link"),
        ("T_Disk", {"Role": "Right"}, "T_Link T_DiskLink"),
        ("T_Device", {"ResultClass": "T_DiskLink"}, "T_DiskLink"),
        ("T_Lonely", {}, ""),
    ],
)
def test_referring_classes(run: Any, source: str, filters: dict[str, str], expected: str) -> None:  # OP-AS-9
    names = run("ReferenceNames", ObjectName=ClassName(source), **typed(filters))
    assert isinstance(names, ClassPaths)
    assert classes(names) == expected.split()
    view = {"IncludeQualifiers": Untyped("true"), "IncludeClassOrigin": Untyped("true"), "PropertyList": [Untyped("Note")]}
    full = run("References", ObjectName=ClassName(source), **typed(filters), **view)
    assert isinstance(full, ClassesWithPath)
    assert classes(full) == expected.split()
    assert full.view == ClassView(False, True, True, frozenset({"note"}))


def test_deleted_association_is_not_followed(run: Any) -> None:
    keys = (("Left", A), ("Right", B))
    run("DeleteInstance", InstanceName=InstancePath("T_DiskLink", keys))
    assert ids(run("AssociatorNames", ObjectName=A)) == ["a"]
    assert ids(run("AssociatorNames", ObjectName=B)) == ["far"]
