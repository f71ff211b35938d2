"""Following associations between instances, at a cost that depends on what is found, not on what is stored.

The associations of a namespace are those stored in it; what they refer to may lie in another namespace (rule OP-AS-8).
"""

from collections.abc import Iterator

from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import Identity
from cimsim.world.world import Namespace, World


def referring(
    namespace: Namespace, source: Identity, *, association: str | None = None, role: str | None = None
) -> Iterator[Instance]:
    """Yield the association instances that refer to ``source``, in creation order (rules OP-AS-4, OP-AS-5).

    ``association`` is the name of a class that they are of or derive from, ``role`` the name of the reference property through
    which they do; None admits all.
    """
    for link, _ in _links(namespace, source, association, role):
        yield link


def _links(
    namespace: Namespace, source: Identity, association: str | None, role: str | None
) -> Iterator[tuple[Instance, list[int]]]:
    """Yield the association instances with the places of the reference properties through which they refer to ``source``."""
    classes = namespace.schema.family(association) if association else None
    folded_role = fold(role) if role else None
    for link in namespace.referring_to(source, classes):
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
    result_folded = fold(result_class) if result_class else None
    result_role_folded = fold(result_role) if result_role else None
    found: list[Instance] = []
    seen: set[Identity] = set()
    for link, entered in _links(namespace, source, association, role):
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
    return found
