"""The items of an enumeration, and how many of them one reply holds (rules WM-E-4, WM-E-8, WM-E-9, WM-S-7, WM-Q-6).

They are rendered at a stretch, since a reply says at its beginning whether the enumeration goes on: at most as many
as take some 20 ms, however many a client asks for; it pulls the rest.
"""

from collections.abc import Iterator, Sequence
from operator import is_
from typing import Final

from cimsim.operations.results import Projections, PullForm
from cimsim.world.instances import Instance
from cimsim.wsman.definitions import WriteClass, definition
from cimsim.wsman.element_writer import fragment_element, instance_element, kept_elements
from cimsim.wsman.references import write_reference
from cimsim.wsman.soap_faults import EnvelopeTooSmallError, NoReferenceError
from cimsim.wsman.wsman_message import Enumeration, Mode

_AT_ONCE: Final = 700_000
"""Bytes of one reply, where each item counts for ``_ITEM`` more than it has; a byte takes some 20 ns."""
_ITEM: Final = 200
_PART: Final = 100
OVERHEAD: Final = 2_048
"""Bytes of an envelope that hold no items: header, context, and the elements around the items."""


def items(
    enumeration: Enumeration, instances: Sequence[Instance], projections: Projections, write_class: WriteClass | None = None
) -> Iterator[bytes]:
    """Yield the items that instances are; ``write_class`` writes those that stand for their class.

    Raises:
        NoReferenceError: a row of a query with a select list has no reference (rule WM-E-8).
    """
    if enumeration.definition is not None:
        if enumeration.mode is not Mode.OBJECT:
            raise NoReferenceError
        view = enumeration.definition
        return (definition(instance.cls, view, write_class) for instance in instances)
    if _are_plain(enumeration, projections):
        resource = enumeration.resource
        return (instance_element(instance, resource) for instance in instances)
    return (_item(enumeration, instance, projections) for instance in instances)


def _are_plain(enumeration: Enumeration, projections: Projections) -> bool:
    """Whether items are whole instances, each as the element of its own class."""
    return enumeration.definition is None and enumeration.mode is Mode.OBJECT and not projections and not enumeration.classname


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


class Room:
    """Says how many instances, from the first on, fit a reply, at least one (see ``IntrinsicRequest.room``).

    Args:
        enumeration: how they look.
        envelope: the most bytes of the reply.
        characters: the most characters of all items, which one alone may exceed; None: any number.
        write_class: see ``items``.
    """

    def __init__(
        self,
        enumeration: Enumeration,
        envelope: int,
        characters: int | None = None,
        write_class: WriteClass | None = None,
    ) -> None:
        self._enumeration = enumeration
        self._write_class = write_class
        self._envelope = envelope
        self._characters = characters
        self._rendered: tuple[Sequence[Instance], Projections, list[bytes]] | None = None

    def __call__(self, instances: Sequence[Instance], projections: Projections) -> int:
        """Return the number.

        Raises:
            EnvelopeTooSmallError: the first one does not fit.
            NoReferenceError: see ``items``.
        """
        left = self._envelope - OVERHEAD
        most = min(left, _AT_ONCE if self._characters is None else min(self._characters, _AT_ONCE))
        rendered: list[bytes] = []
        size = 0
        plain = _are_plain(self._enumeration, projections)
        for start in range(0, len(instances), _PART):
            part = instances[start : start + _PART]
            # What was rendered before is mostly all there, and fits.
            known = kept_elements(part, self._enumeration.resource) if plain else None
            if known is not None:
                total = size + sum(map(len, known))
                if total <= most and total + _ITEM * (len(rendered) + len(known)) <= _AT_ONCE:
                    rendered += known
                    size = total
                    continue
            for each in items(self._enumeration, part, projections, self._write_class):
                size += len(each)
                if size > most or size + _ITEM * len(rendered) > _AT_ONCE:
                    if rendered:
                        return self._keep(instances, projections, rendered)
                    if size > left:
                        raise EnvelopeTooSmallError(self._envelope)
                rendered.append(each)
        return self._keep(instances, projections, rendered)

    def _keep(self, instances: Sequence[Instance], projections: Projections, rendered: list[bytes]) -> int:
        self._rendered = (instances, projections, rendered)
        return len(rendered)

    def rendered(self, instances: Sequence[Instance], projections: Projections) -> list[bytes]:
        """Return the items that instances are, which were rendered already if they are those that there was room for last."""
        last, self._rendered = self._rendered, None
        if last is not None:
            known, shown, found = last
            if shown is projections and len(found) == len(instances) and all(map(is_, known, instances)):
                return found
        return list(items(self._enumeration, instances, projections, self._write_class))
