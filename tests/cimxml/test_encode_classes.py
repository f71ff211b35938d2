from collections.abc import Callable
from typing import Any

import pytest
from pywbem import CIMClass, CIMMethod, CIMParameter, CIMProperty, CIMQualifier, CIMQualifierDeclaration, Uint8

from cimsim.operations.results import Classes, ClassesWithPath, ClassNames, ClassPaths, ClassView, Qualifiers
from cimsim.world.schema import ResolvedClass, Schema

PATH = (
    "<NAMESPACEPATH><HOST>host:5988</HOST>"
    '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="x"/></LOCALNAMESPACEPATH></NAMESPACEPATH>'
)


@pytest.fixture
def sub() -> ResolvedClass:
    base = CIMClass(
        "Base",
        qualifiers=[CIMQualifier("Version", "1", translatable=True), CIMQualifier("Abstract", True, tosubclass=False)],
        properties=[
            CIMProperty("K", None, type="string", qualifiers=[CIMQualifier("Key", True, overridable=False)]),
            CIMProperty("A", [Uint8(1), Uint8(2)], type="uint8", array_size=2),
        ],
        methods=[CIMMethod("M", "uint32", parameters=[CIMParameter("P", "string", qualifiers=[CIMQualifier("Out", True)])])],
    )
    sub = CIMClass(
        "Sub",
        superclass="Base",
        properties=[
            CIMProperty("A", None, type="uint8", is_array=True, qualifiers=[CIMQualifier("Description", "<&>")]),
            CIMProperty("R", None, type="reference", reference_class="Base"),
            CIMProperty("E", None, type="string", embedded_object="instance"),
        ],
        methods=[
            CIMMethod(
                "N",
                "string",
                parameters=[
                    CIMParameter("A", "uint8", is_array=True, array_size=3),
                    CIMParameter("R", "reference", reference_class="Base"),
                    CIMParameter("Q", "reference", is_array=True),
                ],
            )
        ],
    )
    cls = Schema().with_class(base).with_class(sub).get("Sub")
    assert cls is not None
    return cls


def test_op_gc_3_fl1_whole_class(content: Callable[[Any], str], sub: ResolvedClass) -> None:
    assert content(Classes([sub], ClassView())) == (
        '<CLASS NAME="Sub" SUPERCLASS="Base">'
        '<QUALIFIER NAME="Version" TYPE="string" PROPAGATED="true" TRANSLATABLE="true"><VALUE>1</VALUE></QUALIFIER>'
        '<PROPERTY NAME="K" TYPE="string" PROPAGATED="true">'
        '<QUALIFIER NAME="Key" TYPE="boolean" PROPAGATED="true" OVERRIDABLE="false"><VALUE>TRUE</VALUE></QUALIFIER></PROPERTY>'
        '<PROPERTY.ARRAY NAME="A" TYPE="uint8">'
        '<QUALIFIER NAME="Description" TYPE="string"><VALUE>&lt;&amp;&gt;</VALUE></QUALIFIER></PROPERTY.ARRAY>'
        '<PROPERTY.REFERENCE NAME="R" REFERENCECLASS="Base"></PROPERTY.REFERENCE>'
        '<PROPERTY NAME="E" TYPE="string" EmbeddedObject="instance"></PROPERTY>'
        '<METHOD NAME="M" TYPE="uint32" PROPAGATED="true"><PARAMETER NAME="P" TYPE="string">'
        '<QUALIFIER NAME="Out" TYPE="boolean" PROPAGATED="true"><VALUE>TRUE</VALUE></QUALIFIER></PARAMETER></METHOD>'
        '<METHOD NAME="N" TYPE="string"><PARAMETER.ARRAY NAME="A" TYPE="uint8" ARRAYSIZE="3"></PARAMETER.ARRAY>'
        '<PARAMETER.REFERENCE NAME="R" REFERENCECLASS="Base"></PARAMETER.REFERENCE>'
        '<PARAMETER.REFARRAY NAME="Q"></PARAMETER.REFARRAY></METHOD></CLASS>'
    )


def test_fl1_fl3_local_without_qualifiers(content: Callable[[Any], str], sub: ResolvedClass) -> None:
    assert content(Classes([sub], ClassView(local_only=True, qualifiers=False, properties=frozenset({"a", "k"})))) == (
        '<CLASS NAME="Sub" SUPERCLASS="Base">'
        '<PROPERTY.ARRAY NAME="A" TYPE="uint8"></PROPERTY.ARRAY>'
        '<METHOD NAME="N" TYPE="string"><PARAMETER.ARRAY NAME="A" TYPE="uint8" ARRAYSIZE="3"></PARAMETER.ARRAY>'
        '<PARAMETER.REFERENCE NAME="R" REFERENCECLASS="Base"></PARAMETER.REFERENCE>'
        '<PARAMETER.REFARRAY NAME="Q"></PARAMETER.REFARRAY></METHOD></CLASS>'
    )


def test_fl1_local_only_drops_inherited_qualifiers(content: Callable[[Any], str], sub: ResolvedClass) -> None:
    text = content(Classes([sub], ClassView(local_only=True)))
    assert "PROPAGATED" not in text
    assert "Version" not in text
    assert 'NAME="Description"' in text


def test_fl5_class_origin(content: Callable[[Any], str], sub: ResolvedClass) -> None:
    text = content(Classes([sub], ClassView(qualifiers=False, class_origin=True)))
    for origin in (
        '<PROPERTY NAME="K" TYPE="string" CLASSORIGIN="Base" PROPAGATED="true">',
        '<PROPERTY.ARRAY NAME="A" TYPE="uint8" CLASSORIGIN="Base">',
        '<PROPERTY.REFERENCE NAME="R" REFERENCECLASS="Base" CLASSORIGIN="Sub">',
        '<METHOD NAME="M" TYPE="uint32" CLASSORIGIN="Base" PROPAGATED="true">',
        '<METHOD NAME="N" TYPE="string" CLASSORIGIN="Sub">',
    ):
        assert origin in text


def test_fl6_property_lists_filter_properties_only(content: Callable[[Any], str], sub: ResolvedClass) -> None:
    text = content(Classes([sub], ClassView(properties=frozenset())))
    assert "<PROPERTY" not in text
    assert text.count("<METHOD ") == 2
    assert "Version" in text


def test_views_do_not_mix(content: Callable[[Any], str], sub: ResolvedClass) -> None:
    views = [ClassView(), ClassView(True), ClassView(qualifiers=False), ClassView(properties=frozenset({"k"}))]
    first = [content(Classes([sub], view)) for view in views]
    assert len(set(first)) == len(views)
    assert [content(Classes([sub], view)) for view in views] == first


def test_names_and_paths(content: Callable[[Any], str], sub: ResolvedClass) -> None:
    assert content(ClassNames([sub, sub])) == '<CLASSNAME NAME="Sub"/>' * 2
    path = f'<CLASSPATH>{PATH}<CLASSNAME NAME="Sub"/></CLASSPATH>'
    assert content(ClassPaths("root/x", [sub])) == f"<OBJECTPATH>{path}</OBJECTPATH>"
    cls = content(Classes([sub], ClassView()))
    text = content(ClassesWithPath("root/x", [sub], ClassView()))
    assert text == f"<VALUE.OBJECTWITHPATH>{path}{cls}</VALUE.OBJECTWITHPATH>"  # OP-AS-2


def test_op_gq_2_qualifier_declarations(content: Callable[[Any], str]) -> None:
    plain = CIMQualifierDeclaration("Q", "boolean", value=False, scopes={"ANY": True}, overridable=True, tosubclass=True)
    array = CIMQualifierDeclaration(
        "A", "string", is_array=True, array_size=2, scopes={"CLASS": True, "METHOD": False}, overridable=False, toinstance=True
    )
    assert content(Qualifiers([plain, array])) == (
        '<QUALIFIER.DECLARATION NAME="Q" TYPE="boolean" ISARRAY="false"><SCOPE CLASS="true" ASSOCIATION="true"'
        ' REFERENCE="true" PROPERTY="true" METHOD="true" PARAMETER="true" INDICATION="true"></SCOPE>'
        "<VALUE>FALSE</VALUE></QUALIFIER.DECLARATION>"
        '<QUALIFIER.DECLARATION NAME="A" TYPE="string" ISARRAY="true" ARRAYSIZE="2" OVERRIDABLE="false" TOINSTANCE="true">'
        '<SCOPE CLASS="true"></SCOPE></QUALIFIER.DECLARATION>'
    )


def test_pywbem_reads_classes_and_declarations(
    respond: Callable[..., str], pywbem_reads: Callable[[str], Any], sub: ResolvedClass
) -> None:
    [[_, _, [read]]] = pywbem_reads(respond(Classes([sub], ClassView(class_origin=True))))
    full = sub.full.copy()
    for element in (*full.properties.values(), *full.methods.values(), full):
        holders = [element, *element.parameters.values()] if isinstance(element, CIMMethod) else [element]
        for qualifier in [each for holder in holders for each in holder.qualifiers.values()]:
            # pywbem fills in the defaults of the DTD.
            qualifier.overridable = qualifier.overridable is not False
            qualifier.tosubclass = qualifier.tosubclass is not False
            qualifier.toinstance = bool(qualifier.toinstance)
            qualifier.translatable = bool(qualifier.translatable)
    assert read == full
    declared = CIMQualifierDeclaration(
        "Q", "string", ["a", None], is_array=True, scopes={"CLASS": True},
        overridable=False, tosubclass=True, toinstance=False, translatable=True,
    )  # fmt: skip
    [[_, _, [read]]] = pywbem_reads(respond(Qualifiers([declared])))
    assert read == declared
