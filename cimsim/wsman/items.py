"""The items of an enumeration, and how many of them fit an envelope (rules WM-E-8, WM-E-9, WM-S-7, WM-Q-6)."""

from collections.abc import Callable, Sequence
from typing import Final

from cimsim.operations.results import Projections, PullForm
from cimsim.world.instances import Instance
from cimsim.wsman.definitions import WriteClass, definition
from cimsim.wsman.element_writer import fragment_element, instance_element, instance_elements
from cimsim.wsman.references import write_reference
from cimsim.wsman.soap_faults import EnvelopeTooSmallError, NoReferenceError
from cimsim.wsman.wsman_message import Enumeration, Mode

_AT_ONCE: Final = 100
OVERHEAD: Final = 2_048
"""Bytes of an envelope that hold no items: header, context, and the elements around the items."""


def items(
    enumeration: Enumeration, instances: Sequence[Instance], projections: Projections, write_class: WriteClass | None = None
) -> list[bytes]:
    """Return the items that instances are; ``write_class`` writes those that stand for their class.

    Raises:
        NoReferenceError: a row of a query with a select list has no reference (rule WM-E-8).
    """
    if enumeration.definition is not None:
        if enumeration.mode is not Mode.OBJECT:
            raise NoReferenceError
        return [definition(instance.cls, enumeration.definition, write_class) for instance in instances]
    if enumeration.mode is Mode.OBJECT and not projections and not enumeration.classname:
        return instance_elements(instances, enumeration.resource)
    return [_item(enumeration, instance, projections) for instance in instances]


def _item(enumeration: Enumeration, instance: Instance, projections: Projections) -> bytes:
    projection = projections.get(instance.cls) if projections else None
    resource = enumeration.resource
    row = projection is not None and enumeration.form is PullForm.INSTANCES
    if enumeration.mode is not Mode.OBJECT:
        if row or not _has_keys(instance):
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


def _has_keys(instance: Instance) -> bool:
    """Whether a reference can name it; to WMI a class is a row, too, whose keys have no values."""
    return bool(instance.cls.keys) and all(instance.values[place] is not None for place in instance.cls.keys)


def room(
    enumeration: Enumeration, envelope: int, write_class: WriteClass | None = None
) -> Callable[[Sequence[Instance], Projections], int]:
    """Return a function that says how many instances, from the first on, fit an envelope of so many bytes."""

    def fitting(instances: Sequence[Instance], projections: Projections) -> int:
        left = envelope - OVERHEAD
        step = _AT_ONCE if enumeration.definition is None else 1
        for start in range(0, len(instances), step):
            rendered = items(enumeration, instances[start : start + step], projections, write_class)
            for count, each in enumerate(rendered, start):
                left -= len(each)
                if left < 0:
                    if not count:
                        raise EnvelopeTooSmallError(envelope)
                    return count
        return len(instances)

    return fitting
