"""Instances as elements of their class (rules WM-V-1 to WM-V-7), rendered once where the form of the request allows.

What stands in an instance depends on the form of the client's URIs only where it holds references; all else is the same for
every client and kept in the memo of the record.
"""

from html import escape
from typing import Any, Final

from cimsim.operations.results import Projection
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass
from cimsim.wsman.resource_uris import Resource
from cimsim.wsman.xml_values import write

_MEMO: Final = "wsman.instances"


class _ClassWriter:
    """What writing the instances of one class needs to know: its properties by name, and which of them are octet strings."""

    def __init__(self, cls: ResolvedClass) -> None:
        self.order = sorted(range(len(cls.properties)), key=lambda place: fold(cls.properties[place].name))
        full = cls.full.properties
        self.octets = frozenset(
            place
            for place, prop in enumerate(cls.properties)
            if prop.type == "uint8" and prop.is_array and "OctetString" in full[prop.name].qualifiers
        )
        self.bound = bool(cls.references or cls.embedded)

    def properties(self, instance: Instance, resource: Resource, places: frozenset[int] | None) -> str:
        cls = instance.cls
        return "".join(
            [
                write(
                    prop.name,
                    prop.type,
                    prop.is_array,
                    instance.values[place],
                    resource,
                    octets=place in self.octets,
                    namespace=instance.namespace,
                )
                for place in self.order
                if places is None or place in places
                for prop in (cls.properties[place],)
            ]
        )


def _writer(cls: ResolvedClass) -> _ClassWriter:
    writer: _ClassWriter | None = cls.memo.get(_MEMO)
    if writer is None:
        writer = cls.memo[_MEMO] = _ClassWriter(cls)
    return writer


def properties(instance: Instance, resource: Resource, projection: Projection | None = None) -> bytes:
    """Return the property elements of an instance, sorted by name; NULL ones among them."""
    writer = _writer(instance.cls)
    if projection is not None:
        return writer.properties(instance, resource, frozenset(projection.places)).encode()
    if writer.bound:
        return writer.properties(instance, resource, None).encode()
    memo: Any = instance.wsman_memo
    if memo is None:
        memo = instance.wsman_memo = writer.properties(instance, resource, None).encode()
    rendered: bytes = memo
    return rendered


def instance_element(
    instance: Instance, resource: Resource, projection: Projection | None = None, classname: str | None = None
) -> bytes:
    """Return an instance as the element of its class, or of the superclass ``classname`` (rules WM-V-1, WM-E-9)."""
    name = classname or instance.cls.name
    uri = escape(resource.of_class(name, instance.namespace))
    start = f'<p:{name} xmlns:p="{uri}" xsi:type="p:{name}_Type">'
    return b"%b%b</p:%b>" % (start.encode(), properties(instance, resource, projection), name.encode())


def fragment_element(instance: Instance, resource: Resource, projection: Projection) -> bytes:
    """Return a row of a query with a select list (rule WM-Q-6)."""
    uri = escape(resource.of_class(instance.cls.name, instance.namespace))
    start = f'<w:XmlFragment xmlns:p="{uri}">'
    return b"%b%b</w:XmlFragment>" % (start.encode(), properties(instance, resource, projection))
