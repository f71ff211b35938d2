"""Operations on classes and qualifier declarations."""

from typing import Any

import pytest

from cimsim.operations.request import ClassName
from cimsim.operations.results import Classes, ClassNames, ClassView, Qualifiers
from cimsim.world.values import Untyped


def names(result: Any) -> list[str]:
    return [cls.name for cls in result.classes]


def test_get_class(run: Any) -> None:  # OP-GC-1
    result = run("GetClass", ClassName=ClassName("t_DISK"))
    assert isinstance(result, Classes)
    assert names(result) == ["T_Disk"]
    assert result.view == ClassView(local_only=True, qualifiers=True, class_origin=False, properties=None)


def test_get_class_view(run: Any) -> None:  # FL1, FL3, FL5, FL6
    result = run(
        "GetClass",
        ClassName=ClassName("T_Disk"),
        LocalOnly=Untyped("false"),
        IncludeQualifiers=Untyped("false"),
        IncludeClassOrigin=Untyped("true"),
        PropertyList=[Untyped("Size"), Untyped("SIZE"), Untyped("Nothing")],
    )
    assert result.view == ClassView(False, False, True, frozenset({"size", "nothing"}))
    assert run("GetClass", ClassName=ClassName("T_Disk"), PropertyList=[]).view.properties == frozenset()


def test_get_class_that_is_missing(run: Any) -> None:  # OP-GC-2
    text = run.refused(6, run, "GetClass", ClassName=ClassName("T_Disc"))
    assert text == "no class T_Disc in root/test; did you mean T_Disk?"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "T_Element T_Part T_Moment T_Link T_Lonely T_Event"),
        (
            {"DeepInheritance": Untyped("TRUE")},
            "T_Element T_Device T_Disk T_Part T_Moment T_Link T_DiskLink T_Lonely T_Event",
        ),
        ({"ClassName": ClassName("t_element")}, "T_Device"),
        ({"ClassName": ClassName("t_element"), "DeepInheritance": Untyped("TRUE")}, "T_Device T_Disk"),
        ({"ClassName": ClassName("T_Disk"), "DeepInheritance": Untyped("TRUE")}, ""),
    ],
)
def test_enumerate_classes(run: Any, arguments: dict[str, Any], expected: str) -> None:  # OP-EC-1, OP-EC-2, OP-ECN-1, FL9
    result = run("EnumerateClassNames", **arguments)
    assert isinstance(result, ClassNames)
    assert names(result) == expected.split()
    result = run("EnumerateClasses", IncludeClassOrigin=Untyped("true"), **arguments)
    assert isinstance(result, Classes)
    assert names(result) == expected.split()
    assert result.view == ClassView(True, True, True)


@pytest.mark.parametrize("operation", ["EnumerateClasses", "EnumerateClassNames"])
def test_enumerate_below_an_unknown_class(run: Any, operation: str) -> None:  # OP-GC-2
    text = run.refused(5, run, operation, ClassName=ClassName("T_Elephant"))
    assert text == "no class T_Elephant in root/test; did you mean T_Element?"


def test_qualifiers(run: Any) -> None:  # OP-GQ-1, OP-EQL-1
    result = run("GetQualifier", QualifierName=Untyped("KEY"))
    assert isinstance(result, Qualifiers)
    assert [each.name for each in result.declarations] == ["Key"]
    assert [each.name for each in run("EnumerateQualifiers").declarations] == ["Key", "Description"]
    assert run("EnumerateQualifiers", "root/other").declarations == []
    text = run.refused(6, run, "GetQualifier", QualifierName=Untyped("Descripton"))
    assert text == "no qualifier Descripton in root/test; did you mean Description?"


@pytest.mark.parametrize(
    "operation", ["GetClass", "EnumerateClasses", "EnumerateClassNames", "GetQualifier", "EnumerateQualifiers"]
)
def test_unknown_namespace(run: Any, operation: str) -> None:
    run.refused(3, run, operation, "elsewhere")
