"""Selectors and endpoint references, as they are read and written (rules WM-P)."""

from html import escape
from typing import Final

from cimsim.operations.request import Selection
from cimsim.world.paths import InstancePath
from cimsim.world.values import DateTime
from cimsim.wsman.datetimes import to_xml
from cimsim.wsman.resource_uris import ANY_CLASS, DEFAULT_NAMESPACE, NAMESPACE_SELECTOR, Resource, parse_resource
from cimsim.wsman.soap_faults import DESTINATION_UNREACHABLE, UNEXPECTED_SELECTORS, WsmanError
from cimsim.wsman.soap_xml import SoapElement
from cimsim.wsman.uris import ADDRESSING, ANONYMOUS, WSMAN

_DECLARED: Final = f'xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}"'
"""Declared once more where clients copy from (rule WM-P-8)."""


def read_selectors(selectors: SoapElement | None) -> tuple[str | None, tuple[tuple[str, "str | Selection"], ...]]:
    """Return what a SelectorSet says: the namespace, where it names one, and the keys (rules WM-P-1, WM-R-9).

    Raises:
        WsmanError: a selector has no name, or a value that is not one.
    """
    namespace = None
    keys: list[tuple[str, str | Selection]] = []
    if selectors is None:
        return None, ()
    for selector in selectors.all(WSMAN, "Selector"):
        name = selector.attribute("Name") or selector.attribute("Name", WSMAN)
        if not name:
            raise WsmanError(UNEXPECTED_SELECTORS, "a Selector has no Name", "UnexpectedSelectors")
        value = read_reference(selector)
        if name.lower() == NAMESPACE_SELECTOR and value is None:
            namespace = selector.stripped
        else:
            keys.append((name, selector.stripped if value is None else value))
    return namespace, tuple(keys)


def is_reference(element: SoapElement) -> bool:
    """Whether an element holds an endpoint reference, with or without an element of that name around it (rule WM-P-6)."""
    return (
        element.find(ADDRESSING, "ReferenceParameters") is not None or element.find(ADDRESSING, "EndpointReference") is not None
    )


def read_reference(element: SoapElement) -> Selection | None:
    """Return the instance that the endpoint reference in an element names; None where it names none.

    Raises:
        WsmanError: it has no resource URI, or that of all classes.
    """
    inner = element.find(ADDRESSING, "EndpointReference") or element
    parameters = inner.find(ADDRESSING, "ReferenceParameters")
    if parameters is None:
        return None
    uri = parameters.find(WSMAN, "ResourceURI")
    if uri is None:
        raise WsmanError(DESTINATION_UNREACHABLE, f"the endpoint reference in {element.name} has no ResourceURI")
    resource = parse_resource(uri.stripped)
    if resource.classname == ANY_CLASS:
        raise WsmanError(DESTINATION_UNREACHABLE, f"the endpoint reference in {element.name} names no class")
    named, keys = read_selectors(parameters.find(WSMAN, "SelectorSet"))
    return Selection(resource.classname, keys, namespace_of(resource, named))


def namespace_of(resource: Resource, selected: str | None) -> str:
    """Return the namespace of a resource: that in the URI, else that of the selector, else root/cimv2 (rule WM-R-3)."""
    return resource.namespace or selected or DEFAULT_NAMESPACE


def write_reference(path: InstancePath, resource: Resource) -> str:
    """Return the two children of an EndpointReference (rules WM-P-5 to WM-P-8).

    Args:
        path: absolute, with typed keys.
        resource: that of the request, whose form the URI takes.
    """
    namespace = path.namespace or DEFAULT_NAMESPACE
    uri = escape(resource.of_class(path.classname, namespace))
    selectors = [f'<w:Selector Name="{NAMESPACE_SELECTOR}">{escape(namespace)}</w:Selector>']
    for name, value in sorted(path.keys, key=lambda key: key[0].lower()):
        selectors.append(f'<w:Selector Name="{escape(name)}">{_selector(value, resource)}</w:Selector>')
    return (
        f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters {_DECLARED}><w:ResourceURI>{uri}</w:ResourceURI>"
        f"<w:SelectorSet {_DECLARED}>{''.join(selectors)}</w:SelectorSet></a:ReferenceParameters>"
    )


def _selector(value: object, resource: Resource) -> str:
    if isinstance(value, InstancePath):
        return f"<a:EndpointReference>{write_reference(value, resource)}</a:EndpointReference>"
    if isinstance(value, DateTime):
        return to_xml(value)[1]
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value), quote=False)
