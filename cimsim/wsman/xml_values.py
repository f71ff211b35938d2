"""Values of properties and parameters, as they are read and written (rules WM-V)."""

import math
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any, Final

from pywbem import CIMClass, CIMInstance

from cimsim.world.convert import InstanceData, PropertyData, Repeated, from_cim_path
from cimsim.world.names import fold
from cimsim.world.values import DateTime, SchemaText
from cimsim.wsman.datetimes import to_cim, to_xml
from cimsim.wsman.references import is_reference, read_reference, write_reference
from cimsim.wsman.resource_uris import Resource
from cimsim.wsman.soap_faults import SCHEMA_VALIDATION, WsmanError
from cimsim.wsman.soap_xml import SoapElement
from cimsim.wsman.uris import COMMON, SOAP, XSI

_DATETIMES: Final = frozenset({"Datetime", "Interval", "CIM_DateTime", "Date", "Time"})
_TRUE: Final = frozenset({"true", "1"})
_TYPE_SUFFIX: Final = "_Type"
_ITEMS: Final = 200
_EMBEDDED_ITEMS: Final = 10
_CHARACTERS: Final = 200_000
_UNREPRESENTABLE: Final = dict.fromkeys(
    (*(each for each in range(32) if each not in (9, 10, 13)), 65534, 65535, *range(55296, 57344)), 65533
)


def text_of(text: str) -> str:
    """Return a text as XML takes it; characters that XML cannot hold become U+FFFD, CR a reference (rules D1, D2)."""
    if not text.isprintable():
        text = text.translate(_UNREPRESENTABLE)
        return escape(text, quote=False).replace("\r", "&#13;")
    return escape(text, quote=False)


# Reading


def read_properties(parent: SoapElement) -> tuple[PropertyData, ...]:
    """Return the properties of an instance, or the arguments of a method, that the children of an element give.

    A name that stands several times is an array; whether one that stands once is one, only the class knows.

    Raises:
        WsmanError: a value is of no form that a property may have.
    """
    found: dict[str, tuple[str, list[Any]]] = {}
    for child in parent.children:
        if child.namespace == SOAP:
            continue
        found.setdefault(fold(child.name), (child.name, []))[1].append(read_value(child))
    return tuple(
        PropertyData(name, None, False, None if values == [None] else Repeated(values)) for name, values in found.values()
    )


def read_value(element: SoapElement) -> Any:
    """Return the value that a property element holds: None, text of unknown type, a reference or an embedded instance.

    ``xsi:nil`` beside a text does not count (rule WM-T-5).
    """
    if not element.children:
        text = element.text
        nil = element.attribute("nil", XSI)
        if nil is not None and nil.strip() in _TRUE and not text.strip():
            return None
        if _type_of(element) is not None and not text.strip():
            return InstanceData(_type_of(element) or "", ())
        return SchemaText(text)
    first = element.children[0]
    if first.name in _DATETIMES and first.namespace == COMMON and len(element.children) == 1:
        return SchemaText(to_cim(first.text))
    if is_reference(element):
        return read_reference(element)
    named = _type_of(element)
    if named is not None:
        return InstanceData(named, read_properties(element))
    if len(element.children) == 1:
        # An instance of its own, in an element that has the name of its class (rule WM-V-8).
        return InstanceData(first.name, read_properties(first))
    raise WsmanError(
        SCHEMA_VALIDATION, f"element {element.name} holds {len(element.children)} elements: neither a reference nor an instance"
    )


def _type_of(element: SoapElement) -> str | None:
    """Return the class that ``xsi:type`` names, as in ``q:CLASS_Type``."""
    named = element.attribute("type", XSI)
    if named is None:
        return None
    local = named.strip().rpartition(":")[2]
    return local.removesuffix(_TYPE_SUFFIX) if local.endswith(_TYPE_SUFFIX) else None


# Writing

_Writer = Callable[[Any], str]


def _real(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    if math.isnan(value):
        return "NaN"
    return "INF" if value > 0 else "-INF"


def _datetime(value: Any) -> str:
    name, text = to_xml(value if isinstance(value, DateTime) else DateTime(str(value)))
    return f'<cim:{name} xmlns:cim="{COMMON}">{text}</cim:{name}>'


def _boolean(value: bool) -> str:
    return "true" if value else "false"


_SCALARS: Final[dict[str, _Writer]] = {
    "string": lambda value: text_of(str(value)),
    "char16": lambda value: text_of(str(value)),
    "boolean": _boolean,
    "datetime": _datetime,
    "real32": _real,
    "real64": _real,
}
_INTEGER: Final[_Writer] = lambda value: str(int(value))  # noqa: E731 - a table of such stands above


def scalar_writer(cim_type: str) -> Callable[[Any], str]:
    """Return what writes a scalar value of a type other than reference that embeds nothing."""
    return _SCALARS.get(cim_type, _INTEGER)


def nil(name: str) -> str:
    """Return the element that stands for a NULL scalar (rule WM-V-3)."""
    return f'<{name} xsi:nil="true"/>'


def _element(name: str, value: str) -> str:
    return f"<{name}>{value}</{name}>"


def write(
    name: str,
    cim_type: str,
    is_array: bool,
    value: Any,
    resource: Resource,
    *,
    octets: bool = False,
    namespace: str = "",
    prefix: str = "p",
) -> str:
    """Return the elements of a property or an output parameter (rules WM-V-2 to WM-V-8).

    Args:
        name: as the class declares it.
        cim_type: its CIM type, ``reference`` included.
        is_array: whether it is an array.
        value: as the world stores it, None for NULL: a scalar is then nil, and an array left out, as is an empty one.
        resource: that of the request, whose form URIs take.
        octets: the array has the qualifier OctetString and is written in base64.
        namespace: of the classes of embedded instances.
        prefix: of the elements.
    """
    name = f"{prefix}:{name}"
    if is_array:
        if not value:
            return ""
        if octets and cim_type == "uint8" and None not in value:
            return _element(name, b64encode(bytes(int(item) for item in value)).decode("ascii"))
        return "".join([_one(name, cim_type, item, resource, namespace) for item in value])
    return _one(name, cim_type, value, resource, namespace)


def is_long(value: Any) -> bool:
    """Whether it takes more than some milliseconds to write a value of this length, ``pieces`` of which are shorter."""
    if isinstance(value, str):
        return _is_long_text(value)
    return isinstance(value, list | tuple) and (len(value) > _items(value) or any(map(_is_long_text, value)))


def _items(values: Sequence[Any]) -> int:
    """Return how many items of an array are written at a stretch."""
    return _EMBEDDED_ITEMS if values and isinstance(values[0], CIMInstance) else _ITEMS


def _is_long_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) > _CHARACTERS


def pieces(
    name: str, cim_type: str, is_array: bool, value: Any, resource: Resource, *, octets: bool = False, namespace: str = ""
) -> Iterator[str]:
    """Yield in pieces what ``write`` returns, each of which takes some milliseconds at most."""
    if is_array and cim_type == "string" and any(map(_is_long_text, value or ())):
        for item in value:
            yield from pieces(name, cim_type, False, item, resource, namespace=namespace)
    elif is_array and not octets and is_long(value):
        size = _items(value)
        for start in range(0, len(value), size):
            yield write(name, cim_type, True, value[start : start + size], resource, namespace=namespace)
    elif cim_type == "string" and type(value) is str and is_long(value):
        yield f"<p:{name}>"
        for start in range(0, len(value), _CHARACTERS):
            yield text_of(value[start : start + _CHARACTERS])
        yield f"</p:{name}>"
    else:
        yield write(name, cim_type, is_array, value, resource, octets=octets, namespace=namespace)


def _one(name: str, cim_type: str, value: Any, resource: Resource, namespace: str) -> str:
    if value is None:
        return nil(name)
    if cim_type == "reference":
        return _element(name, write_reference(value, resource))
    if isinstance(value, CIMInstance):
        return _embedded(name, value, resource, namespace)
    if isinstance(value, CIMClass):
        return _element(name, text_of(value.tomof()))
    return _element(name, _SCALARS.get(cim_type, _INTEGER)(value))


def _embedded(name: str, value: CIMInstance, resource: Resource, namespace: str) -> str:
    """Return an embedded instance: its properties, in the namespace of its own class (rule WM-V-8)."""
    # A prefix of its own for each level: the element itself must keep that of the level above.
    prefix = f"q{name.partition(':')[0]}" if name.startswith("q") else "q"
    uri = escape(resource.of_class(value.classname, namespace))
    inner = "".join(
        [
            write(each.name, each.type, bool(each.is_array), _stored(each.value), resource, namespace=namespace, prefix=prefix)
            for each in sorted(value.properties.values(), key=lambda prop: fold(prop.name))
        ]
    )
    return f'<{name} xmlns:{prefix}="{uri}" xsi:type="{prefix}:{value.classname}{_TYPE_SUFFIX}">{inner}</{name}>'


def _stored(value: Any) -> Any:
    """Return a value of pywbem as the world stores it, as far as writing it needs that."""
    if isinstance(value, list):
        return tuple(_stored(item) for item in value)
    if hasattr(value, "keybindings"):
        return from_cim_path(value)
    return value
