"""What is rendered by a shorter way is what the longer one renders."""

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pywbem import CIMClass, CIMMethod, CIMParameter, CIMProperty, CIMQualifier

from cimsim.cimxml.encode.class_writer import render_class
from cimsim.cimxml.encode.encoder import Encoder
from cimsim.cimxml.encode.instance_writer import instance_name, instance_names, named_instance
from cimsim.cimxml.encode.resolved_class_writer import resolved_class
from cimsim.cimxml.message import Message
from cimsim.operations.request import IntrinsicRequest
from cimsim.operations.results import Classes, ClassView
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass, Schema
from cimsim.world.values import DateTime

VIEWS = [
    ClassView(local_only, qualifiers, class_origin, listed)
    for local_only, qualifiers, class_origin in product((False, True), repeat=3)
    for listed in (None, frozenset[str](), frozenset({"a", "other"}))
]
NAMES = st.sampled_from(["A", "a", "B", "Other"])


def unique(elements: list[Any]) -> list[Any]:
    return list({fold(element.name): element for element in elements}.values())


QUALIFIERS = st.lists(
    st.builds(
        CIMQualifier,
        st.sampled_from(["Key", "Description", "description", "Values"]),
        st.sampled_from(["<text>", "", None]),
        type=st.just("string"),
        propagated=st.sampled_from([None, True, False]),
        tosubclass=st.sampled_from([None, True, False]),
        overridable=st.sampled_from([None, True, False]),
    ),
    max_size=3,
).map(unique)
PROPERTIES = st.lists(
    st.builds(CIMProperty, NAMES, st.sampled_from([None, "x"]), type=st.just("string"), qualifiers=QUALIFIERS), max_size=3
).map(unique)
PARAMETERS = st.lists(st.builds(CIMParameter, NAMES, st.just("uint8"), qualifiers=QUALIFIERS), max_size=2).map(unique)
METHODS = st.lists(
    st.builds(CIMMethod, NAMES, st.just("uint32"), parameters=PARAMETERS, qualifiers=QUALIFIERS), max_size=2
).map(unique)
DECLARED = st.tuples(PROPERTIES, METHODS, QUALIFIERS)


def test_a_class_that_is_asked_for_again_is_written_as_at_first() -> None:
    encoder: Any = Encoder("host")
    request = Message("1", IntrinsicRequest("GetClass", "root/x"))
    schema = Schema()
    for number in range(100):
        schema = schema.with_class(CIMClass(f"C{number}", properties=[CIMProperty("A", None, type="string")]))
    classes = [*schema, *(each for each in schema if each.name.endswith("7")), *Schema().with_class(CIMClass("C1"))]
    for cls, view in product(classes, VIEWS[:2]):
        for _ in range(2):
            (batch,) = encoder.encode(request, Classes([cls], view))
            assert batch[1] == resolved_class(cls, view)
        assert 0 < len(encoder._classes) <= 64


@given(st.lists(DECLARED, min_size=1, max_size=4), st.booleans())
def test_classes_are_rendered_as_their_full_classes_are(declared: list[Any], siblings: bool) -> None:
    schema = Schema()
    for level, (properties, methods, qualifiers) in enumerate(declared):
        above = None if not level else f"C{0 if siblings else level - 1}"
        schema = schema.with_class(
            CIMClass(f"C{level}", superclass=above, properties=properties, methods=methods, qualifiers=qualifiers)
        )
    for cls in reversed(list(schema)):
        for view in VIEWS:
            assert resolved_class(cls, view).decode() == render_class(cls.full, view)


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
