"""Random class trees, resolved by us and by pywbem_mock's GetClass(LocalOnly=False): the full classes must agree."""

from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pywbem import CIMClass, CIMMethod, CIMParameter, CIMProperty, CIMQualifierDeclaration
from pywbem_mock import FakedWBEMConnection

from tests.examples import examples

NAMESPACE = "root/cimv2"
# One type for each name, so that a subclass that declares a name again overrides it rightly.
PROPERTIES = {"Id": "string", "Count": "uint32", "Codes": "uint8[]", "Load": "real64", "On": "boolean", "Since": "datetime"}
METHODS = {"Start": ["Mode", "Job"], "Stop": []}
DEFAULTS = {"Id": "x", "Count": 7, "Codes": [1, 2], "Load": 0.5, "On": True, "Since": "20240101000000.000000+000"}
DECLARED = {
    "Key": "boolean",
    "Write": "boolean",
    "Override": "string",
    "Description": "string",
    "Abstract": "boolean",
    "Association": "boolean",
    "Units": "string",
    "In": "boolean",
    "Out": "boolean",
}


def some(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Some qualifiers of these names."""
    texts = st.sampled_from(["one", "two"])
    return st.fixed_dictionaries({}, optional={name: texts if DECLARED[name] == "string" else st.booleans() for name in names})


@st.composite
def class_trees(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Classes, each after its superclass; spelt in another case now and then."""
    classes: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 6))):
        above = draw(st.sampled_from([None, *range(number)])) if number else None
        properties = draw(st.lists(st.sampled_from(sorted(PROPERTIES)), unique=True, max_size=4))
        methods = draw(st.lists(st.sampled_from(sorted(METHODS)), unique=True, max_size=2))
        classes.append(
            {
                "name": f"T_{number}",
                "of": None if above is None else draw(st.sampled_from([f"T_{above}", f"t_{above}"])),
                "above": above,
                "qualifiers": draw(some("Abstract", "Description")),
                "properties": [(name, draw(st.booleans()), draw(some("Description", "Write", "Units"))) for name in properties],
                "methods": [
                    (name, draw(some("Description")), [draw(some("In", "Out", "Description")) for _ in METHODS[name]])
                    for name in methods
                ],
            }
        )
    return classes


def lineage(trees: list[dict[str, Any]], number: int | None) -> list[int]:
    found = []
    while number is not None:
        found.append(number)
        number = trees[number]["above"]
    return found


def declarations(cim: Any, tree: list[dict[str, Any]]) -> list[CIMClass]:
    """The declared classes; what a superclass has already carries the Override qualifier."""
    declared = []
    for one in tree:
        above = [tree[number] for number in lineage(tree, one["above"])]
        properties: list[CIMProperty] = []
        for name, with_default, qualifiers in one["properties"]:
            overrides = any(name == other for each in above for other, _, _ in each["properties"])
            given = {**qualifiers, "Override": name} if overrides else qualifiers
            properties.append(cim.prop(name, PROPERTIES[name], value=DEFAULTS[name] if with_default else None, **given))
        methods: list[CIMMethod] = []
        for name, qualifiers, parameters in one["methods"]:
            overrides = any(name == other for each in above for other, _, _ in each["methods"])
            given = {**qualifiers, "Override": name} if overrides else qualifiers
            of_method = [
                cim.parameter(parameter, "uint16", **values)
                for parameter, values in zip(METHODS[name], parameters, strict=True)
            ]
            methods.append(cim.method(name, "uint32", *of_method, **given))
        declared.append(cim.cls(one["name"], *properties, *methods, of=one["of"], **one["qualifiers"]))
    return declared


def mock_of(classes: list[CIMClass]) -> FakedWBEMConnection:
    connection = FakedWBEMConnection(default_namespace=NAMESPACE)
    scopes = dict.fromkeys(("ANY", "CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION"), True)
    connection.add_cimobjects([CIMQualifierDeclaration(name, kind, scopes=scopes) for name, kind in DECLARED.items()])
    for cls in classes:
        connection.CreateClass(deepcopy(cls))
    return connection


def qualifiers_of(element: Any, propagated: bool) -> dict[str, Any]:
    """The qualifiers that must agree: the mock also hands down those that are restricted to the superclass."""
    return {
        name.lower(): (qualifier.value, qualifier.type)
        for name, qualifier in element.qualifiers.items()
        if not (propagated and qualifier.tosubclass is False)
    }


def shape_of(element: CIMProperty | CIMParameter) -> tuple[Any, ...]:
    return element.type, bool(element.is_array), element.array_size, element.reference_class


@settings(max_examples=examples(10))
@given(tree=class_trees())
def test_full_classes_agree(cim: Any, tree: list[dict[str, Any]]) -> None:
    classes = declarations(cim, tree)
    texts = [cls.tocimxmlstr() for cls in classes]
    schema = cim.schema(*classes)
    mock = mock_of(classes)
    for declared in classes:
        ours = schema.get(declared.classname).full
        theirs = mock.GetClass(declared.classname, LocalOnly=False, IncludeQualifiers=True, IncludeClassOrigin=True)
        assert ours.classname == theirs.classname
        assert (ours.superclass or "").lower() == (theirs.superclass or "").lower()
        # The mock lists own elements before inherited ones; their order is ours to choose.
        assert set(ours.properties) == set(theirs.properties)
        assert set(ours.methods) == set(theirs.methods)
        for name, prop in ours.properties.items():
            other = theirs.properties[name]
            own = name in declared.properties
            assert shape_of(prop) == shape_of(other)
            assert prop.class_origin == other.class_origin
            # The mock marks overriding elements as propagated; FL1 counts them as the class's own.
            assert prop.propagated is not own
            assert own or other.propagated is True
            assert qualifiers_of(prop, not own) == qualifiers_of(other, not own)
            # The mock forgets the default of a property that is overridden without one.
            if not own or declared.properties[name].value is not None:
                assert prop.value == other.value or prop.value is not None
        for name, method in ours.methods.items():
            other = theirs.methods[name]
            own = name in declared.methods
            assert method.return_type == other.return_type
            assert method.class_origin == other.class_origin
            assert qualifiers_of(method, not own) == qualifiers_of(other, not own)
            assert [shape_of(each) for each in method.parameters.values()] == [
                shape_of(each) for each in other.parameters.values()
            ]
            for parameter in method.parameters.values():
                same = other.parameters[parameter.name]
                # The mock hands no qualifiers down to the parameters of an overriding method.
                assert qualifiers_of(same, not own).items() <= qualifiers_of(parameter, not own).items()
                own_qualifiers = {name for name, each in parameter.qualifiers.items() if not each.propagated}
                assert own_qualifiers == (set(same.qualifiers) if own else set())
        # K: the mock lets no class qualifier inherit; ours of the class itself are the same.
        own_qualifiers = {name for name, qualifier in ours.qualifiers.items() if not qualifier.propagated}
        assert own_qualifiers == set(theirs.qualifiers)
        for deep in (False, True):
            found = schema.descendants(declared.classname) if deep else schema.direct_subclasses(declared.classname)
            theirs = mock.EnumerateClassNames(ClassName=declared.classname, DeepInheritance=deep)
            assert sorted(each.name for each in found) == sorted(theirs)
    assert [cls.tocimxmlstr() for cls in classes] == texts
