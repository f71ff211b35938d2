from collections.abc import Callable
from typing import Any

import pytest
from pywbem import CIMClass, CIMInstance, CIMInstanceName, CIMProperty, CIMQualifier, Uint32

from cimsim.operations.results import (
    CreatedInstance,
    InstanceNames,
    NamedInstances,
    ObjectPaths,
    ObjectsWithPath,
    OneInstance,
    Projection,
    QueryObjects,
)
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass, Schema
from cimsim.world.values import DateTime

NAMESPACE = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="x"/></LOCALNAMESPACEPATH>'
PATH = f"<NAMESPACEPATH><HOST>host:5988</HOST>{NAMESPACE}</NAMESPACEPATH>"
NAME = (
    '<INSTANCENAME CLASSNAME="C"><KEYBINDING NAME="K"><KEYVALUE VALUETYPE="string" TYPE="string">a&lt;</KEYVALUE></KEYBINDING>'
    "</INSTANCENAME>"
)
KEY = '<PROPERTY NAME="K" TYPE="string"><VALUE>a&lt;</VALUE></PROPERTY>'
NUMBER = '<PROPERTY NAME="N" TYPE="uint8"><VALUE>5</VALUE></PROPERTY>'
ARRAY = (
    '<PROPERTY.ARRAY NAME="A" TYPE="string"><VALUE.ARRAY><VALUE>&lt;PROPERTY&gt;</VALUE><VALUE.NULL/></VALUE.ARRAY>'
    "</PROPERTY.ARRAY>"
)
NULL = '<PROPERTY NAME="Z" TYPE="datetime"></PROPERTY>'
INSTANCE = f'<INSTANCE CLASSNAME="C">{KEY}{NUMBER}{ARRAY}{NULL}</INSTANCE>'


@pytest.fixture
def instance(resolved: Callable[..., ResolvedClass]) -> Instance:
    cls = resolved("C", ("*K", "string"), ("N", "uint8"), ("A", "string[]"), ("Z", "datetime"))
    return Instance(cls, "root/x", ("a<", 5, ("<PROPERTY>", None), None))


def test_op_gi_2_fl11_m13_one_instance(content: Callable[[Any], str], instance: Instance) -> None:
    assert content(OneInstance(instance)) == INSTANCE


def test_fl12_named_instances(content: Callable[[Any], str], instance: Instance) -> None:
    named = f"<VALUE.NAMEDINSTANCE>{NAME}{INSTANCE}</VALUE.NAMEDINSTANCE>"
    assert content(NamedInstances([instance, instance])) == named * 2


def test_names(content: Callable[[Any], str], instance: Instance) -> None:
    assert content(InstanceNames([instance, instance])) == NAME * 2
    assert content(CreatedInstance(instance)) == NAME


def test_op_as_8_op_as_11_absolute_paths(content: Callable[[Any], str], instance: Instance) -> None:
    path = f"<INSTANCEPATH>{PATH}{NAME}</INSTANCEPATH>"
    elsewhere = Instance(instance.cls, "root/y", instance.values)
    other = path.replace('NAME="x"', 'NAME="y"')
    assert content(ObjectPaths([instance, elsewhere])) == f"<OBJECTPATH>{path}</OBJECTPATH><OBJECTPATH>{other}</OBJECTPATH>"
    assert content(ObjectsWithPath([instance, elsewhere])) == (
        f"<VALUE.OBJECTWITHPATH>{path}{INSTANCE}</VALUE.OBJECTWITHPATH>"
        f"<VALUE.OBJECTWITHPATH>{other}{INSTANCE}</VALUE.OBJECTWITHPATH>"
    )


@pytest.mark.parametrize(
    ("places", "shown"),
    [((), ""), ((0,), KEY), ((1, 3), NUMBER + NULL), ((2,), ARRAY), ((0, 1, 2, 3), KEY + NUMBER + ARRAY + NULL)],
)
def test_fl6_op_gi_4_projections(
    content: Callable[[Any], str], instance: Instance, places: tuple[int, ...], shown: str
) -> None:
    projection = Projection(places, False)
    projected = f'<INSTANCE CLASSNAME="C">{shown}</INSTANCE>'
    assert content(OneInstance(instance, projection)) == projected
    named = f"<VALUE.NAMEDINSTANCE>{NAME}{projected}</VALUE.NAMEDINSTANCE>"
    assert content(NamedInstances([instance], {instance.cls: projection})) == named
    path = f"<INSTANCEPATH>{PATH}{NAME}</INSTANCEPATH>"
    with_path = f"<VALUE.OBJECTWITHPATH>{path}{projected}</VALUE.OBJECTWITHPATH>"
    assert content(ObjectsWithPath([instance], {instance.cls: projection})) == with_path


def test_a_class_without_projection_is_shown_whole(content: Callable[[Any], str], instance: Instance) -> None:
    named = f"<VALUE.NAMEDINSTANCE>{NAME}{INSTANCE}</VALUE.NAMEDINSTANCE>"
    assert content(NamedInstances([instance], {})) == named


def test_fl5_class_origin(content: Callable[[Any], str], instance: Instance) -> None:
    text = content(OneInstance(instance, Projection((0, 2), True)))
    origin = ' CLASSORIGIN="C">'
    assert text == (f'<INSTANCE CLASSNAME="C">{KEY.replace(">", origin, 1)}{ARRAY.replace(">", origin, 1)}</INSTANCE>')


def test_d29_no_propagated_and_fl5_origin_of_inherited_properties(content: Callable[[Any], str]) -> None:
    key = CIMProperty("K", None, type="string", qualifiers=[CIMQualifier("Key", True)])
    schema = Schema().with_class(CIMClass("Base", properties=[key])).with_class(CIMClass("Sub", superclass="Base"))
    cls = schema.get("Sub")
    assert cls is not None
    text = content(OneInstance(Instance(cls, "root/x", ("a",)), Projection((0,), True)))
    assert '<PROPERTY NAME="K" TYPE="string" CLASSORIGIN="Base">' in text


@pytest.mark.parametrize(
    ("cim_type", "value", "valuetype", "text"),
    [
        ("string", " <", "string", " &lt;"),
        ("char16", "&", "string", "&amp;"),
        ("boolean", True, "boolean", "TRUE"),
        ("uint64", 2**64 - 1, "numeric", "18446744073709551615"),
        ("sint8", -1, "numeric", "-1"),
        ("real32", 1.5, "numeric", "1.5"),
        ("datetime", DateTime("20240101000000.000000-000"), "string", "20240101000000.000000-000"),
    ],
)
def test_d17_keys(
    content: Callable[[Any], str], resolved: Callable[..., ResolvedClass], cim_type: str, value: Any, valuetype: str, text: str
) -> None:
    instance = Instance(resolved("C", ("*K", cim_type)), "root/x", (value,))
    expected = f'<KEYBINDING NAME="K"><KEYVALUE VALUETYPE="{valuetype}" TYPE="{cim_type}">{text}</KEYVALUE></KEYBINDING>'
    assert content(InstanceNames([instance])) == f'<INSTANCENAME CLASSNAME="C">{expected}</INSTANCENAME>'


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("a", 'VALUETYPE="string" TYPE="string">a'),
        (True, 'VALUETYPE="boolean" TYPE="boolean">TRUE'),
        (DateTime("00000001000000.000000:000"), 'VALUETYPE="string" TYPE="datetime">00000001000000.000000:000'),
        (5, 'VALUETYPE="numeric" TYPE="uint64">5'),
        (-5, 'VALUETYPE="numeric" TYPE="sint64">-5'),
        (1.5, 'VALUETYPE="numeric" TYPE="real64">1.5'),
        (Uint32(5), 'VALUETYPE="numeric" TYPE="uint32">5'),
    ],
)
def test_d15_d16_d17_references(
    content: Callable[[Any], str], resolved: Callable[..., ResolvedClass], value: object, key: str
) -> None:
    inner = f'<INSTANCENAME CLASSNAME="D"><KEYBINDING NAME="J"><KEYVALUE {key}</KEYVALUE></KEYBINDING></INSTANCENAME>'
    local = f"<VALUE.REFERENCE><LOCALINSTANCEPATH>{NAMESPACE}{inner}</LOCALINSTANCEPATH></VALUE.REFERENCE>"
    cls = resolved("C", ("*R", "reference"))
    instance = Instance(cls, "root/x", (InstancePath("D", (("J", value),), "root/x"),))
    name = f'<INSTANCENAME CLASSNAME="C"><KEYBINDING NAME="R">{local}</KEYBINDING></INSTANCENAME>'  # D22
    prop = f'<PROPERTY.REFERENCE NAME="R">{local}</PROPERTY.REFERENCE>'
    assert content(NamedInstances([instance])) == (
        f'<VALUE.NAMEDINSTANCE>{name}<INSTANCE CLASSNAME="C">{prop}</INSTANCE></VALUE.NAMEDINSTANCE>'
    )


def test_d16_i13_remote_references(content: Callable[[Any], str], resolved: Callable[..., ResolvedClass]) -> None:
    cls = resolved("C", ("R", "reference"))
    instance = Instance(cls, "root/x", (InstancePath("D", (), "root/x", "h<"),))
    text = content(OneInstance(instance))
    assert f"<INSTANCEPATH><NAMESPACEPATH><HOST>h&lt;</HOST>{NAMESPACE}</NAMESPACEPATH><INSTANCENAME" in text
    assert content(OneInstance(Instance(cls, "root/x", (None,)))) == (
        '<INSTANCE CLASSNAME="C"><PROPERTY.REFERENCE NAME="R"></PROPERTY.REFERENCE></INSTANCE>'
    )


def test_d24_embedded_objects_are_escaped_once_for_each_level(content: Callable[[Any], str]) -> None:
    declared = CIMClass(
        "C",
        properties=[
            CIMProperty("I", None, type="string", embedded_object="instance"),
            CIMProperty("O", None, type="string", is_array=True, embedded_object="object"),
        ],
    )
    cls = Schema().with_class(declared).get("C")
    assert cls is not None
    innermost = CIMInstance("E", properties=[CIMProperty("T", "<", type="string")], path=CIMInstanceName("E", {"T": "<"}))
    middle = CIMInstance("E", properties=[CIMProperty("E", innermost, type="string", embedded_object="instance")])
    text = content(OneInstance(Instance(cls, "root/x", (middle, (CIMClass("F"), None)))))
    assert text == (
        '<INSTANCE CLASSNAME="C"><PROPERTY NAME="I" TYPE="string" EmbeddedObject="instance"><VALUE>'
        '&lt;INSTANCE CLASSNAME="E"&gt;&lt;PROPERTY NAME="E" TYPE="string" EmbeddedObject="instance"&gt;&lt;VALUE&gt;'
        '&amp;lt;INSTANCE CLASSNAME="E"&amp;gt;&amp;lt;PROPERTY NAME="T" TYPE="string"&amp;gt;&amp;lt;VALUE&amp;gt;'
        "&amp;amp;lt;&amp;lt;/VALUE&amp;gt;&amp;lt;/PROPERTY&amp;gt;&amp;lt;/INSTANCE&amp;gt;"
        "&lt;/VALUE&gt;&lt;/PROPERTY&gt;&lt;/INSTANCE&gt;</VALUE></PROPERTY>"
        '<PROPERTY.ARRAY NAME="O" TYPE="string" EmbeddedObject="object"><VALUE.ARRAY>'
        '<VALUE>&lt;CLASS NAME="F"&gt;&lt;/CLASS&gt;</VALUE><VALUE.NULL/></VALUE.ARRAY></PROPERTY.ARRAY></INSTANCE>'
    )


def test_an_instance_is_rendered_once(content: Callable[[Any], str], instance: Instance) -> None:
    content(NamedInstances([instance]))
    rendered = instance.memo
    content(OneInstance(instance, Projection((0,), True)))
    content(ObjectPaths([instance]))
    assert instance.memo is rendered
    assert isinstance(rendered, bytes)


def test_what_is_kept_of_projections_is_bounded(content: Callable[[Any], str], resolved: Callable[..., ResolvedClass]) -> None:
    instance = Instance(resolved("C", *((f"P{place}", "uint16") for place in range(300))), "root/x", tuple(range(300)))
    for place in range(300):
        prop = f'<PROPERTY NAME="P{place}" TYPE="uint16"><VALUE>{place}</VALUE></PROPERTY>'
        assert content(OneInstance(instance, Projection((place,), False))) == f'<INSTANCE CLASSNAME="C">{prop}</INSTANCE>'
    assert max(len(each) for each in vars(instance.cls.memo["cimxml.instances"]).values() if isinstance(each, dict)) <= 64


def test_a_changed_instance_is_rendered_anew(content: Callable[[Any], str], instance: Instance) -> None:
    content(OneInstance(instance))
    assert content(OneInstance(instance.with_values({1: 6}))) == INSTANCE.replace(">5<", ">6<")


def test_names_beyond_ascii(content: Callable[[Any], str], resolved: Callable[..., ResolvedClass]) -> None:
    instance = Instance(resolved("Größe", ("*Länge", "uint8"), ("Höhe", "uint8")), "root/x", (1, 2))
    text = content(OneInstance(instance, Projection((1,), True)))
    assert (
        text == '<INSTANCE CLASSNAME="Größe"><PROPERTY NAME="Höhe" TYPE="uint8" CLASSORIGIN="Größe"><VALUE>2</VALUE></PROPERTY>'
        "</INSTANCE>"
    )


def test_op_eq_3_rows_of_a_query(content: Callable[[Any], str], instance: Instance) -> None:
    assert content(QueryObjects([instance])) == f"<VALUE.OBJECT>{INSTANCE}</VALUE.OBJECT>"
    row = f'<VALUE.OBJECT><INSTANCE CLASSNAME="C">{NUMBER}</INSTANCE></VALUE.OBJECT>'
    assert content(QueryObjects([instance, instance], {instance.cls: Projection((1,), False)})) == row + row
