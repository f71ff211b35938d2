"""Instances as elements of their class (rules WM-V-1 to WM-V-7), rendered once.

The memo of the record keeps the element as it was rendered last, for the form of URIs of one client. Another form costs little
where an instance holds neither references nor embedded instances: only the first tag differs.
"""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any, Final, NamedTuple

from cimsim.operations.results import Projection
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import Property, ResolvedClass
from cimsim.wsman.resource_uris import Resource
from cimsim.wsman.xml_values import is_long as value_is_long
from cimsim.wsman.xml_values import nil, pieces, scalar_writer, write

_MEMO: Final = "wsman.instances"
_MAX_FRAMES: Final = 16


class _Column(NamedTuple):
    """How one property is written.

    Attributes:
        place: of the property in its class.
        prop: the property.
        octets: it is an octet string.
        null: what stands for NULL.
        render: returns the text of a scalar value, which stands between ``start`` and ``end``; None: ``write`` does all.
    """

    place: int
    prop: Property
    octets: bool
    null: str
    start: str
    end: str
    render: Callable[[Any], str] | None


class _ClassWriter:
    """What writing the instances of one class needs to know: its properties, sorted by name.

    Attributes:
        bound: what stands in an instance depends on the form of the client's URIs.
        frames: start and end of the element by the form of the URI.
    """

    def __init__(self, cls: ResolvedClass) -> None:
        order = sorted(range(len(cls.properties)), key=lambda place: fold(cls.properties[place].name))
        self.columns = [_column(cls, place) for place in order]
        self.bound = bool(cls.references or cls.embedded)
        self.frames: dict[tuple[str, str | None, str, str], tuple[bytes, bytes]] = {}

    def properties(self, instance: Instance, resource: Resource, places: frozenset[int] | None) -> bytes:
        values, namespace = instance.values, instance.namespace
        parts: list[str] = []
        for place, prop, octets, null, start, end, render in self.columns:
            if places is not None and place not in places:
                continue
            value = values[place]
            if value is None:
                parts.append(null)
            elif render is not None:
                parts.append(f"{start}{render(value)}{end}")
            else:
                parts.append(write(prop.name, prop.type, prop.is_array, value, resource, octets=octets, namespace=namespace))
        return "".join(parts).encode()

    def frame(self, name: str, instance: Instance, resource: Resource) -> tuple[bytes, bytes]:
        """Return the start and the end of an element."""
        form = (resource.base, resource.namespace, name, instance.namespace)
        frame = self.frames.get(form)
        if frame is None:
            # Clients may spell URIs in many ways.
            if len(self.frames) >= _MAX_FRAMES:
                self.frames.clear()
            uri = escape(resource.of_class(name, instance.namespace))
            frame = f'<p:{name} xmlns:p="{uri}" xsi:type="p:{name}_Type">'.encode(), f"</p:{name}>".encode()
            self.frames[form] = frame
        return frame


def _column(cls: ResolvedClass, place: int) -> _Column:
    prop = cls.properties[place]
    octets = prop.type == "uint8" and prop.is_array and "OctetString" in cls.full.properties[prop.name].qualifiers
    plain = not (prop.is_array or prop.embedded or prop.type == "reference")
    render = scalar_writer(prop.type) if plain else None
    null = "" if prop.is_array else nil(f"p:{prop.name}")
    return _Column(place, prop, octets, null, f"<p:{prop.name}>", f"</p:{prop.name}>", render)


def _writer(cls: ResolvedClass) -> _ClassWriter:
    writer: _ClassWriter | None = cls.memo.get(_MEMO)
    if writer is None:
        writer = cls.memo[_MEMO] = _ClassWriter(cls)
    return writer


class _Rendered(NamedTuple):
    """What the memo of an instance keeps: its element for one form of URIs, and how many bytes stand before the properties."""

    base: str
    namespace: str | None
    element: bytes
    start: int


def _properties(writer: _ClassWriter, instance: Instance, resource: Resource, projection: Projection | None) -> bytes:
    """Return the property elements of an instance, sorted by name; NULL ones among them."""
    if projection is not None:
        return writer.properties(instance, resource, frozenset(projection.places))
    kept: _Rendered | None = instance.wsman_memo
    if kept is not None and not writer.bound:
        return kept.element[kept.start : -len(f"</p:{instance.cls.name}>")]
    return writer.properties(instance, resource, None)


def kept_elements(instances: Sequence[Instance], resource: Resource) -> list[bytes] | None:
    """Return what ``instance_element`` does for each instance, if all were rendered before; otherwise None."""
    base, namespace = resource.base, resource.namespace
    kept: list[_Rendered | None] = [instance.wsman_memo for instance in instances]
    elements = [each[2] for each in kept if each is not None and each[0] == base and each[1] == namespace]
    return elements if len(elements) == len(kept) else None


def instance_element(
    instance: Instance, resource: Resource, projection: Projection | None = None, classname: str | None = None
) -> bytes:
    """Return an instance as the element of its class, or of the superclass ``classname`` (rules WM-V-1, WM-E-9)."""
    plain = projection is None and classname is None
    if plain:
        kept: _Rendered | None = instance.wsman_memo
        if kept is not None and kept[0] == resource.base and kept[1] == resource.namespace:
            return kept[2]
    writer = _writer(instance.cls)
    start, end = writer.frame(classname or instance.cls.name, instance, resource)
    element = b"".join((start, _properties(writer, instance, resource, projection), end))
    if plain:
        instance.wsman_memo = _Rendered(resource.base, resource.namespace, element, len(start))
    return element


def is_long(instance: Instance) -> bool:
    """Whether an instance is not rendered yet, and has a value of such a length that ``instance_pieces`` is for it."""
    return instance.wsman_memo is None and any(map(value_is_long, instance.values))


def instance_pieces(instance: Instance, resource: Resource, projection: Projection | None = None) -> Iterator[bytes]:
    """Yield in pieces what ``instance_element`` returns, each of which takes some milliseconds at most."""
    writer = _writer(instance.cls)
    start, end = writer.frame(instance.cls.name, instance, resource)
    places = None if projection is None else frozenset(projection.places)
    yield start
    for place, prop, octets, null, *_ in writer.columns:
        if places is not None and place not in places:
            continue
        value = instance.values[place]
        if value is None:
            yield null.encode()
            continue
        for piece in pieces(prop.name, prop.type, prop.is_array, value, resource, octets=octets, namespace=instance.namespace):
            yield piece.encode()
    yield end


def fragment_element(instance: Instance, resource: Resource, projection: Projection) -> bytes:
    """Return a row of a query with a select list (rule WM-Q-6)."""
    uri = escape(resource.of_class(instance.cls.name, instance.namespace))
    start = f'<w:XmlFragment xmlns:p="{uri}">'
    shown = _properties(_writer(instance.cls), instance, resource, projection)
    return b"%b%b</w:XmlFragment>" % (start.encode(), shown)
