"""The items of an enumeration, and how many of them fit an envelope (rules WM-E-8, WM-E-9, WM-S-7, WM-Q-6)."""

from collections.abc import Callable, Sequence
from typing import Final

from cimsim.operations.results import Projections, PullForm
from cimsim.world.instances import Instance
from cimsim.wsman.element_writer import fragment_element, instance_element, length_of
from cimsim.wsman.references import write_reference
from cimsim.wsman.soap_faults import EnvelopeTooSmallError, NoReferenceError
from cimsim.wsman.wsman_message import Enumeration, Mode

OVERHEAD: Final = 2_048
"""Bytes of an envelope that hold no items: header, context, and the elements around the items."""


def item(enumeration: Enumeration, instance: Instance, projections: Projections) -> bytes:
    """Return one item.

    Raises:
        NoReferenceError: a row of a query with a select list has no reference (rule WM-E-8).
    """
    projection = projections.get(instance.cls) if projections else None
    resource = enumeration.resource
    row = projection is not None and enumeration.form is PullForm.INSTANCES
    if enumeration.mode is not Mode.OBJECT:
        if row:
            raise NoReferenceError
        reference = f"<a:EndpointReference>{write_reference(instance.path, resource)}</a:EndpointReference>".encode()
        if enumeration.mode is Mode.REFERENCE:
            return reference
        return b"<w:Item>%b%b</w:Item>" % (
            instance_element(instance, resource, projection, enumeration.classname or None),
            reference,
        )
    if row and projection is not None:
        return fragment_element(instance, resource, projection)
    return instance_element(instance, resource, projection, enumeration.classname or None)


def room(enumeration: Enumeration, envelope: int) -> Callable[[Sequence[Instance], Projections], int]:
    """Return a function that says how many instances, from the first on, fit an envelope of so many bytes."""

    def fitting(instances: Sequence[Instance], projections: Projections) -> int:
        left = envelope - OVERHEAD
        plain = enumeration.mode is Mode.OBJECT and not (projections and enumeration.form is PullForm.INSTANCES)
        resource, classname = enumeration.resource, enumeration.classname or None
        for count, instance in enumerate(instances):
            if plain:
                projection = projections.get(instance.cls) if projections else None
                left -= length_of(instance, resource, projection, classname)
            else:
                left -= len(item(enumeration, instance, projections))
            if left < 0:
                if not count:
                    raise EnvelopeTooSmallError(envelope)
                return count
        return len(instances)

    return fitting
