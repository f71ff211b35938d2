"""Steps on classes and qualifier declarations."""

from typing import Any, Final

from pywbem import CIMClass, CIMProperty, CIMQualifier, CIMQualifierDeclaration

from tests.differential.model import declared, make_class, random_properties
from tests.differential.twins import Twins

EXTRA: Final = ("T_Extra0", "T_Extra1", "T_Extra2")
OWN_QUALIFIERS: Final = ("Colour", "Weight", "Rank")
SCOPES: Final = ("CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION")


def get_class(twins: Twins) -> None:
    """GetClass, with all parameters."""
    choose, namespace = twins.choose, twins.namespace()
    cls = choose.pick([*twins.classes(namespace), "T_Nothing"])
    known = twins.resolved(namespace, cls)
    names = choose.some([*(known.properties if known else []), "Unknown"])
    twins.both(
        "GetClass",
        namespace,
        ClassName=choose.spelt(cls),
        PropertyList=choose.pick([None, [choose.spelt(name) for name in names]]),
        LocalOnly=choose.pick([None, True, False]),
        IncludeQualifiers=choose.pick([None, True, False]),
        IncludeClassOrigin=choose.pick([None, True, False]),
    )


def enumerate_classes(twins: Twins) -> None:
    """EnumerateClasses and EnumerateClassNames, with all parameters."""
    choose, namespace = twins.choose, twins.namespace()
    above = choose.pick([None, None, "T_Nothing", *twins.classes(namespace)])
    deep = choose.pick([None, True, False])
    twins.both(
        "EnumerateClasses",
        namespace,
        ClassName=above and choose.spelt(above),
        DeepInheritance=deep,
        LocalOnly=choose.pick([None, True, False]),
        IncludeQualifiers=choose.pick([None, True, False]),
        IncludeClassOrigin=None,  # K6: always ignored by the mock
    )
    twins.both("EnumerateClassNames", namespace, ClassName=above and choose.spelt(above), DeepInheritance=deep)


def create_class(twins: Twins) -> None:
    """CreateClass below a class or on its own, now and then of a class that is there."""
    choose, namespace = twins.choose, twins.namespace()
    cls = _some_class(twins, choose.pick(EXTRA))
    # Of several faults we tell the first in the order of OP-CC-1, the mock another: no doubtful qualifier beside another.
    if not twins.resolved(namespace, cls.classname) and (not cls.superclass or twins.resolved(namespace, cls.superclass)):
        for element in (cls, *cls.properties.values()):
            if choose.chance(6):
                qualifier = CIMQualifier(choose.pick(OWN_QUALIFIERS), "much", type="string")
                element.qualifiers[qualifier.name] = qualifier
    twins.both("CreateClass", namespace, NewClass=cls)


def _some_class(twins: Twins, name: str) -> CIMClass:
    choose = twins.choose
    number = 7 + EXTRA.index(name)
    above = choose.pick([None, None, "T_Nothing", *twins.nodes, *(each for each in EXTRA if each < name)])
    keys = [] if above else [declared("Id", choose.pick(["string", "uint16"]), "Key")]
    return make_class(name, above and choose.spelt(above), [*keys, *random_properties(choose, number)])


def refuse_class(twins: Twins) -> None:
    """OP-CC-3: what a declaration must not say, where the mock looks at it too."""
    choose, namespace = twins.choose, twins.namespace()
    wrong: list[CIMProperty] = [
        CIMProperty("End", None, type="reference", reference_class="T_Nowhere"),
        CIMProperty("Part", None, type="string", qualifiers=[CIMQualifier("EmbeddedInstance", "T_Nowhere")]),
        CIMProperty("Text", None, type="string", qualifiers=[CIMQualifier("NeverDeclared", True)]),
        CIMProperty("Text", None, type="string", qualifiers=[CIMQualifier("Key", "yes")]),
    ]
    cls = make_class("T_Refused", None, [declared("Id", "string", "Key"), choose.pick(wrong)])
    twins.both("CreateClass", namespace, NewClass=cls)


def modify_class(twins: Twins) -> None:
    """ModifyClass; of a class with children or instances only to refuse a change (K3), and with no other fault beside that."""
    choose, namespace = twins.choose, twins.namespace()
    name = choose.pick(EXTRA)
    known = twins.resolved(namespace, name)
    cls = _some_class(twins, name)
    if known is not None:
        in_use = _has_children(twins, namespace, name) or _has_instances(twins, namespace, name)
        if in_use or not choose.chance(5):
            cls.superclass = known.superclass
        if cls.superclass is None:
            cls.properties["Id"] = declared("Id", "string", "Key")  # pywbem warns of paths without keys
        elif "Id" in cls.properties:
            del cls.properties["Id"]  # OP-CC-3: the mock takes keys beside inherited ones, where we refuse
        if in_use:
            cls.properties["Another"] = declared("Another", "uint8")
    twins.both("ModifyClass", namespace, ModifiedClass=cls)


def delete_class(twins: Twins) -> None:
    """DeleteClass. K2: the mock deletes subclasses and instances with it, where we refuse."""
    choose, namespace = twins.choose, twins.namespace()
    name = choose.pick([*EXTRA, *EXTRA, "T_Nothing", *twins.nodes])
    if _has_children(twins, namespace, name):
        twins.refused(8, "DeleteClass", namespace, ClassName=name)
    elif _has_instances(twins, namespace, name):
        twins.refused(9, "DeleteClass", namespace, ClassName=name)
    elif name not in twins.nodes:
        twins.both("DeleteClass", namespace, ClassName=choose.spelt(name))


def _has_children(twins: Twins, namespace: str, name: str) -> bool:
    parents = (twins.resolved(namespace, each).superclass or "" for each in twins.classes(namespace))
    return any(parent.lower() == name.lower() for parent in parents)


def _has_instances(twins: Twins, namespace: str, name: str) -> bool:
    return any(each.classname == name for each in twins.stored(namespace))


def set_qualifier(twins: Twins) -> None:
    """SetQualifier of a qualifier that no class has: a changed type or scope would break classes (OP-SQ-2)."""
    choose, namespace = twins.choose, twins.namespace()
    name = choose.pick(OWN_QUALIFIERS)
    if not any(_uses(twins.resolved(namespace, cls), name) for cls in twins.classes(namespace)):
        kind = choose.pick(["string", "string", "string", "uint16", "boolean"])
        holds = choose.some(SCOPES, 7) or SCOPES
        twins.both(
            "SetQualifier",
            namespace,
            QualifierDeclaration=CIMQualifierDeclaration(
                name,
                kind,
                value=choose.value(kind),
                scopes={scope: scope in holds for scope in (*SCOPES, "ANY")},  # the mock needs each of them
                overridable=choose.pick([True, False]),
                tosubclass=choose.pick([True, False]),
            ),
        )


def _uses(element: Any, name: str) -> bool:
    elements = [element, *element.properties.values()] if element else []
    return any(name in each.qualifiers for each in elements)


def qualifiers(twins: Twins) -> None:
    """GetQualifier, EnumerateQualifiers."""
    choose, namespace = twins.choose, twins.namespace()
    name = choose.spelt(choose.pick([*OWN_QUALIFIERS, "Key", "EmbeddedInstance", "Nothing"]))
    twins.both("GetQualifier", namespace, QualifierName=name)
    twins.both("EnumerateQualifiers", namespace)


def delete_qualifier(twins: Twins) -> None:
    """DeleteQualifier, of one in use too (OP-DQ-2)."""
    choose, namespace = twins.choose, twins.namespace()
    name = choose.pick([*OWN_QUALIFIERS, *OWN_QUALIFIERS, "Key", "Nothing"])
    twins.both("DeleteQualifier", namespace, QualifierName=name)


STEPS: Final = [
    get_class,
    get_class,
    enumerate_classes,
    create_class,
    create_class,
    refuse_class,
    modify_class,
    delete_class,
    set_qualifier,
    qualifiers,
    delete_qualifier,
]
