"""What WS-Management says of an instance is what CIM-XML says: random classes and values through both codecs."""

import math
import re
from base64 import b64decode
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from pywbem import CIMDateTime, CIMInstance, CIMInstanceName, CIMProperty, Uint8, WBEMConnection

from cimsim.packs.load import Loaded
from cimsim.world.instances import Instance
from cimsim.world.transaction import Transaction
from cimsim.world.values import INTEGER_RANGES, DateTime
from tests.differential.wire import connect_to
from tests.wsman.conftest import NS, TEST, V2, Client

ALL = "<w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements>"
NIL = f"{{{NS['xsi']}}}nil"
DURATION = re.compile(r"P(\d+)DT(\d+)H(\d+)M(\d+)(?:\.(\d{6}))?S")
Read = Callable[[Any], Any]

# What is written


def moments() -> st.SearchStrategy[DateTime]:
    stamps = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1))
    zones = st.sampled_from(["+000", "-000", "+060", "-300"])
    points = st.builds(lambda stamp, zone: DateTime(f"{stamp:%Y%m%d%H%M%S}.{stamp.microsecond:06}{zone}"), stamps, zones)
    lengths = st.floats(0, 1e9, allow_nan=False).map(DateTime.interval)
    return points | lengths | st.just(DateTime("20240101******.******+000"))


texts = st.text(max_size=6) | st.sampled_from(["", " x ", "a\r\nb\t", "<&>\"'", "]]>", "\x00\x1f", "\ufffe", "\U0001f600"])
scalars: dict[str, st.SearchStrategy[Any]] = {
    "string": texts,
    "char16": st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]),
    "boolean": st.booleans(),
    "datetime": moments(),
    "real32": st.floats(width=32),
    "real64": st.floats(),
    **{name: st.integers(*limits) for name, limits in INTEGER_RANGES.items()},
}
parts = st.builds(
    lambda size, label, marks: CIMInstance(
        "T_Part",
        properties=[
            CIMProperty("Size", size, "uint8"),
            CIMProperty("Label", label),
            CIMProperty("Marks", marks, "uint8", is_array=True),
        ],
    ),
    st.none() | st.integers(0, 255).map(Uint8),
    texts,
    st.none() | st.lists(st.integers(0, 255).map(Uint8), min_size=1, max_size=2),
)


@st.composite
def things(draw: Any) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """The properties of a class, by name and type, and values for them."""
    shapes, values = [], {}
    strategies = {**scalars, "part": parts, "peer": st.just("peer"), "octets": st.lists(scalars["uint8"], min_size=1)}
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from([*scalars, "part", "peer", "octets"]))
        is_array = kind != "peer" and kind != "octets" and draw(st.booleans())
        single = strategies[kind]
        # pywbem reads NULL among strings only.
        items = st.lists(st.none() | single if kind == "string" else single, max_size=3)
        name = f"{draw(st.sampled_from('aBcD'))}{number}"
        shapes.append((name, f"{kind}[]" if is_array else kind))
        values[name] = draw(st.none() | (items if is_array else single))
    return shapes, values


# What is read


def of_wsman(element: Any, kind: str) -> Any:
    """Return the value of an element: that of its text in the type of the property."""
    if element.get(NIL) == "true":
        return None
    if kind == "part":
        return {
            name: [of_wsman(each, "uint8") for each in found]
            if name == "Marks"
            else of_wsman(found[0], "uint8" if name == "Size" else "string")
            for name, found in grouped(element).items()
        }
    if kind == "peer":
        parameters = element.find("a:ReferenceParameters", NS)
        keys = {each.get("Name"): each.text for each in parameters.iterfind("w:SelectorSet/w:Selector", NS)}
        return parameters.findtext("w:ResourceURI", "", NS).rpartition("/")[2], keys.pop("__cimnamespace"), keys
    if kind == "datetime":
        (child,) = element
        return moment_of_wsman(etree.QName(child).localname, child.text)
    return read_text(element.text or "", kind)


def moment_of_wsman(form: str, text: str) -> Any:
    if form == "Datetime":
        return datetime.fromisoformat(text)
    if form == "Interval":
        match = DURATION.fullmatch(text)
        assert match is not None
        days, hours, minutes, seconds, fraction = (int(group or 0) for group in match.groups())
        return timedelta(days, seconds, fraction, 0, minutes, hours)
    assert form == "CIM_DateTime"
    return text


def read_text(text: str, kind: str) -> Any:
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    if kind.startswith("real"):
        return float(text)
    return text if kind in {"string", "char16"} else int(text)


def grouped(parent: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for child in parent:
        found.setdefault(etree.QName(child).localname, []).append(child)
    return found


def of_cimxml(value: Any, kind: str) -> Any:
    """Return a value of pywbem in the same form."""
    if value is None:
        return None
    if kind == "part":
        return {
            each.name: each.value if each.value is None or not each.is_array else list(each.value)
            for each in value.properties.values()
            if not (each.is_array and each.value is None)
        }
    if kind == "peer":
        assert isinstance(value, CIMInstanceName)
        return value.classname, value.namespace, {name: str(key) for name, key in value.keybindings.items()}
    if kind == "datetime":
        assert isinstance(value, CIMDateTime)
        return str(value) if "*" in str(value) else value.timedelta if value.is_interval else value.datetime
    return bool(value) if kind == "boolean" else value


def same(left: Any, right: Any, kind: str) -> bool:
    if kind == "real32" and left is not None and right is not None:
        return math.isclose(left, right, rel_tol=1e-6) or (math.isnan(left) and math.isnan(right))
    if kind == "real64" and left is not None and right is not None:
        return bool(left == right) or (math.isnan(left) and math.isnan(right))
    return bool(left == right)


@pytest.fixture(scope="module")
def client(loaded_things: Loaded) -> Client:
    return Client(loaded_things)


@pytest.fixture(scope="module")
def connection(client: Client) -> WBEMConnection:
    """A connection of pywbem to the CIMOM of the client."""
    return connect_to(client.cimom, "root/test")


def made_world(cim: Any, shapes: list[tuple[str, str]], values: dict[str, Any]) -> Transaction:
    declared = {
        "part": lambda name, kind: cim.prop(name, kind, EmbeddedInstance="T_Part"),
        "peer": lambda name, _: cim.ref(name, "T_Peer"),
        "octets": lambda name, _: cim.prop(name, "uint8[]", "OctetString"),
    }
    properties = [
        declared.get(kind.removesuffix("[]"), cim.prop)(name, kind.replace("part", "string")) for name, kind in shapes
    ]
    world = cim.world(
        cim.cls("T_Part", cim.prop("Size", "uint8"), cim.prop("Label"), cim.prop("Marks", "uint8[]")),
        cim.cls("T_Peer", cim.prop("Name", "string", "Key"), cim.prop("No", "uint8", "Key")),
        cim.cls("T_Thing", cim.prop("Id", "string", "Key"), *properties),
    )
    transaction = Transaction(world, "root/test")
    peer: Instance = transaction.create("T_Peer", {"Name": "<peer>", "No": 7})
    given_values = {
        name: peer if value is not None and dict(shapes)[name] == "peer" else value for name, value in values.items()
    }
    transaction.create("T_Thing", {"Id": "x", **given_values})
    return transaction


def check(element: Any, instance: CIMInstance, shapes: list[tuple[str, str]], others: Collection[str] = ("Id",)) -> None:
    """Demand that an element says of each property what an instance says."""
    found = grouped(element)
    assert set(found) <= {*others, *(name for name, _ in shapes)}
    for name, shape in shapes:
        kind, value, elements = shape.removesuffix("[]"), instance[name], found.get(name, [])
        if kind == "octets":
            assert b64decode(elements[0].text if elements else "") == bytes(value or ()), name
        elif shape == kind:
            (single,) = elements
            assert same(of_wsman(single, kind), of_cimxml(value, kind), kind), (name, etree.tostring(single), value)
        else:
            # An empty array and NULL look alike (rule WM-V-3).
            assert len(elements) == len(value or ()), name
            for each, item in zip(elements, value or (), strict=True):
                assert same(of_wsman(each, kind), of_cimxml(item, kind), kind), (name, etree.tostring(each), item)


@settings(deadline=None, max_examples=40)
@given(thing=things())
def test_both_codecs_say_the_same_of_random_instances(
    cim: Any, client: Client, connection: WBEMConnection, thing: tuple[list[tuple[str, str]], dict[str, Any]]
) -> None:
    shapes, values = thing
    client.cimom.world = made_world(cim, shapes, values).world
    instance = connection.GetInstance(CIMInstanceName("T_Thing", {"Id": "x"}))
    (element,) = client.get(f"{TEST}T_Thing", Id="X").root.find("s:Body", NS)
    check(element, instance, shapes)
    for answer in (client.enumerate(f"{TEST}T_Thing", ALL), client.query(f"{TEST}*", "SELECT * FROM T_Thing")):
        (item,) = answer.find("n:EnumerateResponse/w:Items")
        check(item, instance, shapes)


def shape_of(prop: CIMProperty, octets: bool) -> str:
    """Return the shape of a property of an instance of pywbem."""
    kind = "octets" if octets else "peer" if prop.type == "reference" else prop.type
    return f"{kind}[]" if prop.is_array and not octets else kind


@pytest.mark.longer
def test_both_codecs_say_the_same_of_each_class_of_the_pack(loaded_hyperv: Loaded) -> None:
    client = Client(loaded_hyperv)
    namespace = client.cimom.world.namespace("root/virtualization/v2")
    connection = connect_to(client.cimom, namespace.name)
    stored = [found[-1] for cls in namespace.schema if (found := namespace.of_class(cls))]
    assert len(stored) > 30
    for each in stored:
        name, octets = each.cls.name, each.cls.full.properties
        instance = connection.GetInstance(each.to_cim().path)
        mode = f"<b:PolymorphismMode>None</b:PolymorphismMode>{ALL.replace('100', '10000')}"
        *_, item = client.enumerate(f"{V2}{name}", mode).find("n:EnumerateResponse/w:Items")
        shapes = [
            (name, shape_of(prop, "OctetString" in octets[name].qualifiers))
            for name, prop in instance.properties.items()
            if prop.embedded_object is None
        ]
        check(item, instance, shapes, {name for name, prop in instance.properties.items() if prop.embedded_object})
