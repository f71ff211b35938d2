"""Following associations between instances, at a cost that depends on what is found, not on what is stored.

The associations of a namespace are those stored in it; what they refer to may lie in another namespace (rule OP-AS-8).
An instance may have any number of them, so that both can be followed in steps of a few milliseconds, too.
"""

from collections.abc import Iterator
from typing import Final

from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import Identity
from cimsim.world.world import Namespace, World

_STEP: Final = 500
"""How many associations are looked at in a step; each takes up to 10 us."""


def referring(
    namespace: Namespace, source: Identity, *, association: str | None = None, role: str | None = None
) -> Iterator[Instance]:
    """Yield the association instances that refer to ``source``, in creation order (rules OP-AS-4, OP-AS-5).

    ``association`` is the name of a class that they are of or derive from, ``role`` the name of the reference property through
    which they do; None admits all.
    """
    for entered in _links(namespace, source, association, role):
        if entered is not None:
            yield entered[0]


def finding_referring(
    namespace: Namespace,
    source: Identity,
    found: list[Instance],
    *,
    association: str | None = None,
    role: str | None = None,
) -> Iterator[None]:
    """Add to ``found`` in steps what ``referring`` yields."""
    for entered in _links(namespace, source, association, role):
        if entered is None:
            yield
        else:
            found.append(entered[0])


def _links(
    namespace: Namespace, source: Identity, association: str | None, role: str | None
) -> Iterator[tuple[Instance, list[int]] | None]:
    """Yield the association instances with the places of the reference properties through which they refer to ``source``.

    None comes after every few that were looked at.
    """
    classes = namespace.schema.family(association) if association else None
    folded_role = fold(role) if role else None
    for number, link in enumerate(namespace.referring_to(source, classes), 1):
        if number % _STEP == 0:
            yield None
        entered = [
            place
            for place in link.cls.references
            if (folded_role is None or fold(link.cls.properties[place].name) == folded_role)
            and link.values[place] is not None
            and link.values[place].identity == source
        ]
        if entered:
            yield link, entered


def associated(
    world: World,
    namespace: Namespace,
    source: Identity,
    *,
    association: str | None = None,
    result_class: str | None = None,
    role: str | None = None,
    result_role: str | None = None,
    repeated: bool = False,
) -> list[Instance]:
    """Return the instances at the other ends of associations of ``source``, each once (rules OP-AS-4 to OP-AS-8).

    With ``repeated`` each comes once for every association that leads to it, as WMI has it.

    The other ends are all reference properties but the one through which the association is entered, so that an instance tied
    to itself is found, and a ternary association yields every other end. NULL ends and ends that lead to no stored
    instance are passed over.
    """
    found: list[Instance] = []
    for _ in finding_associated(
        world,
        namespace,
        source,
        found,
        association=association,
        result_class=result_class,
        role=role,
        result_role=result_role,
        repeated=repeated,
    ):
        pass
    return found


def finding_associated(
    world: World,
    namespace: Namespace,
    source: Identity,
    found: list[Instance],
    *,
    association: str | None = None,
    result_class: str | None = None,
    role: str | None = None,
    result_role: str | None = None,
    repeated: bool = False,
) -> Iterator[None]:
    """Add to ``found`` in steps what ``associated`` returns."""
    result_folded = fold(result_class) if result_class else None
    result_role_folded = fold(result_role) if result_role else None
    seen: set[Identity] = set()
    for linked in _links(namespace, source, association, role):
        if linked is None:
            yield
            continue
        link, entered = linked
        for place in link.cls.references:
            if place in entered and len(entered) == 1:
                continue
            if result_role_folded is not None and fold(link.cls.properties[place].name) != result_role_folded:
                continue
            path = link.values[place]
            if path is None or path.identity in seen:
                continue
            target = world.find(path.identity)
            if target is not None and (result_folded is None or target.cls.is_a(result_folded)):
                found.append(target)
                if not repeated:
                    seen.add(target.identity)
