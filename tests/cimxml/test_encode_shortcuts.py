"""What is rendered by a shorter way is what the longer one renders."""

from functools import partial
from itertools import product
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMClass, CIMMethod, CIMParameter, CIMProperty, CIMQualifier

from cimsim.cimxml.encode.class_writer import render_class
from cimsim.cimxml.encode.instance_writer import instance_name, instance_names, named_instance
from cimsim.cimxml.encode.resolved_class_writer import resolved_class
from cimsim.operations.results import ClassView
from cimsim.world.class_records import ClassRecord, record_of
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ClassHead, DeferredClass, ResolvedClass, Schema
from cimsim.world.values import DateTime

VIEWS = [
    ClassView(local_only, qualifiers, class_origin, listed)
    for local_only, qualifiers, class_origin in product((False, True), repeat=3)
    for listed in (None, frozenset[str](), frozenset({"a", "other"}))
]
NAMES = st.sampled_from(["A", "a", "B", "Other"])


def unique(elements: list[Any]) -> list[Any]:
    return list({fold(element.name): element for element in elements}.values())


VALUES: dict[str, list[Any]] = {
    "string": ["<text>", "", None, "\r\n\uffff", "longer than what is likely to be there again", ["a", None, "&"], []],
    "boolean": [True, False, None, [True, None]],
    "uint32": [0, 1, 4294967295, [1, 2]],
    "sint64": [-1, [0]],
    "real32": [0.0, -0.0, 1.0, 1e30, [0.5, None]],
    "real64": [1e-300, 1.0],
    "datetime": ["20260102030405.000000+000", "00000001000000.000000:000", ["20260102030405.000000+000"]],
    "char16": ["<", None],
}
TYPED = st.sampled_from([(cim_type, value) for cim_type, values in VALUES.items() for value in values])
FLAVOR = st.sampled_from([None, True, False])


@st.composite
def qualifier(draw: Any) -> CIMQualifier:
    cim_type, value = draw(TYPED)
    name = draw(st.sampled_from(["Key", "Description", "description", "Values"]))
    flavors = {each: draw(FLAVOR) for each in ("propagated", "tosubclass", "overridable", "toinstance", "translatable")}
    return CIMQualifier(name, value, type=cim_type, **flavors)


QUALIFIERS = st.lists(qualifier(), max_size=3).map(unique)


@st.composite
def default(draw: Any) -> CIMProperty:
    name, qualifiers = draw(NAMES), draw(QUALIFIERS)
    kind = draw(st.sampled_from(["string", "number", "array", "reference", "embedded"]))
    match kind:
        case "string":
            return CIMProperty(name, draw(st.sampled_from([None, "x", "<"])), type="string", qualifiers=qualifiers)
        case "number":
            return CIMProperty(f"{name}N", draw(st.sampled_from([None, 7])), type="uint8", qualifiers=qualifiers)
        case "array":
            size, value = draw(st.sampled_from([None, 2])), draw(st.sampled_from([None, [], ["x", None]]))
            array = CIMProperty(f"{name}A", value, type="string", is_array=True, qualifiers=qualifiers)
            array.array_size = size
            return array
        case "reference":
            target = draw(st.sampled_from(["C0", "Else"]))
            return CIMProperty(f"{name}R", None, type="reference", reference_class=target, qualifiers=qualifiers)
    kinds = st.sampled_from(["instance", "object"])
    return CIMProperty(f"{name}E", None, type="string", embedded_object=draw(kinds), qualifiers=qualifiers)


PROPERTIES = st.lists(default(), max_size=3).map(unique)
PARAMETERS = st.lists(
    st.one_of(
        st.builds(CIMParameter, NAMES, st.just("uint8"), qualifiers=QUALIFIERS),
        st.builds(CIMParameter, NAMES, st.just("string"), is_array=st.just(True), array_size=st.sampled_from([None, 3])),
        st.builds(CIMParameter, NAMES, st.just("reference"), reference_class=st.just("C0"), is_array=st.booleans()),
    ),
    max_size=2,
).map(unique)
METHODS = st.lists(
    st.builds(CIMMethod, NAMES, st.just("uint32"), parameters=PARAMETERS, qualifiers=QUALIFIERS), max_size=2
).map(unique)
DECLARED = st.tuples(PROPERTIES, METHODS, QUALIFIERS)


@given(st.lists(DECLARED, min_size=1, max_size=4), st.booleans())
def test_classes_are_rendered_as_their_full_classes_are(declared: list[Any], siblings: bool) -> None:
    """So are those of which only the record is known, and rendering makes nothing more of them."""
    schema, heads = Schema(), []
    for level, (properties, methods, qualifiers) in enumerate(declared):
        above = None if not level else f"C{0 if siblings else level - 1}"
        cls = CIMClass(f"C{level}", superclass=above, properties=properties, methods=methods, qualifiers=qualifiers)
        schema = schema.with_class(cls)
        stored = msgspec.msgpack.encode(record_of(cls))
        record = partial(msgspec.msgpack.decode, stored, type=ClassRecord)
        heads.append((ClassHead(cls.classname, above, None, None, None, record), False))
    deferred = list(Schema.of_heads(heads))
    for number, cls in reversed(list(enumerate(schema))):
        for view in VIEWS:
            expected = render_class(cls.full, view)
            assert resolved_class(cls, view).decode() == expected
            assert resolved_class(deferred[number], view).decode() == expected
    assert all(type(cls) is DeferredClass for cls in deferred)


def named_as_rendered(instances: list[Instance]) -> None:
    names = b"".join([instance_name(each) for each in instances])
    assert names == instance_names(instances)
    assert all(each.memo is None for each in instances)
    whole = [named_instance(each) for each in instances]
    start = len(b"<VALUE.NAMEDINSTANCE>")
    assert names == b"".join([each[start : each.index(b"<INSTANCE ")] for each in whole])


TEXTS = st.text(st.sampled_from('ab<&"\r\0\u00e9\ud800\uffff'), max_size=4)


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_names_with_one_text_as_key_are_those_of_the_rendered_instances(texts: list[str]) -> None:
    cls = _class(("*K", "string"), ("Other", "uint32"))
    named_as_rendered([Instance(cls, "root/x", (text, 1)) for text in texts])


@given(st.lists(st.tuples(TEXTS, st.integers(0, 255), st.booleans()), min_size=1, max_size=3))
def test_names_with_several_keys_are_those_of_the_rendered_instances(keys: list[tuple[str, int, bool]]) -> None:
    one, other = _class(("*K", "string"), ("*N", "uint8"), ("*F", "boolean")), _class(("*K", "string"))
    mixed = [Instance(one, "root/x", key) for key in keys] + [Instance(other, "root/x", (keys[0][0],))]
    named_as_rendered(mixed + [Instance(one, "root/x", key) for key in keys])


def test_names_with_values_that_do_not_fit_are_those_of_the_rendered_instances() -> None:
    text, number = _class(("*K", "string")), _class(("*K", "uint8"), ("*R", "reference"))
    path = InstancePath("C", (("K", "a"),), "root/x")
    named_as_rendered([Instance(text, "root/x", (value,)) for value in ("a", 7, None, True)])
    named_as_rendered([Instance(number, "root/x", value) for value in ((1, path), ("x", path), (None, None), (1, 5))])
    named_as_rendered([Instance(_class(("*K", "datetime")), "root/x", (DateTime("20260102030405.000000+000"),))])


def _class(*properties: tuple[str, str]) -> ResolvedClass:
    declared = [
        CIMProperty(
            name.lstrip("*"), None, type=cim_type, qualifiers=[CIMQualifier("Key", True)] if name.startswith("*") else []
        )
        for name, cim_type in properties
    ]
    cls = Schema().with_class(CIMClass("C", properties=declared)).get("C")
    assert cls is not None
    return cls
