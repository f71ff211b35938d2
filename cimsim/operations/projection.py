"""Which properties an instance operation shows: PropertyList, DeepInheritance and IncludeClassOrigin as one projection."""

from collections.abc import Iterable
from typing import Final

from cimsim.operations.results import Projection, Projections
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass

MAX_PROJECTIONS: Final = 64
"""How many projections are kept for a class, here and by codecs: property lists are the client's choice."""


def project(
    cls: ResolvedClass, property_list: list[str] | None, *, class_origin: bool, exposed_by: ResolvedClass | None = None
) -> Projection | None:
    """Return the projection for instances of ``cls``; None when it shows everything and no class of origin.

    ``property_list`` None means no filter, an empty one no properties, unknown names are passed over (rule FL6).
    ``exposed_by`` limits to the properties that this superclass has too (rule FL10). Both together intersect (FL7).
    """
    if property_list is None and not class_origin and exposed_by in (None, cls):
        return None
    # Names that the class does not have are left out here, so that a kept key is no longer than the class.
    wanted = None if property_list is None else frozenset(map(fold, property_list)).intersection(cls.index)
    key = (wanted, exposed_by, class_origin)
    known: dict[object, Projection] = cls.memo.setdefault("projections", {})
    projection = known.get(key)
    if projection is None:
        if len(known) >= MAX_PROJECTIONS:
            known.clear()
        projection = known[key] = _project(cls, wanted, exposed_by, class_origin)
    return projection


def _project(
    cls: ResolvedClass, wanted: frozenset[str] | None, exposed_by: ResolvedClass | None, class_origin: bool
) -> Projection:
    places = tuple(
        place
        for folded, place in cls.index.items()
        if (wanted is None or folded in wanted) and (exposed_by is None or folded in exposed_by.index)
    )
    return Projection(places, class_origin)


def project_all(
    classes: Iterable[ResolvedClass],
    property_list: list[str] | None,
    *,
    class_origin: bool,
    exposed_by: ResolvedClass | None = None,
) -> Projections:
    """Return the projection for each class that needs one; None when none does."""
    projections = {
        cls: projection
        for cls in classes
        if (projection := project(cls, property_list, class_origin=class_origin, exposed_by=exposed_by)) is not None
    }
    return projections or None
