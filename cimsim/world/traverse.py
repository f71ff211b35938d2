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
    folded = fold(association) if association else None
    for instance in namespace.referring_to(source):
        if (folded is None or instance.cls.is_a(folded)) and source_places(instance, source, role):
            yield instance


def source_places(instance: Instance, source: Identity, role: str | None) -> list[int]:
    """Return the places of the reference properties through which an association instance refers to ``source``."""
    folded = fold(role) if role else None
    return [
        place
        for place in instance.cls.references
        if (folded is None or fold(instance.cls.properties[place].name) == folded)
        and instance.values[place] is not None
        and instance.values[place].identity == source
    ]


def associated(
    world: World,
    namespace: Namespace,
    source: Identity,
    *,
    association: str | None = None,
    result_class: str | None = None,
    role: str | None = None,
    result_role: str | None = None,
) -> list[Instance]:
    """Return the instances at the other ends of associations of ``source``, each once (rules OP-AS-4 to OP-AS-8).

    The other ends are all reference properties but the one through which the association is entered, so that an instance tied
    to itself is found, and a ternary association yields every other end. NULL ends and ends that lead to no stored
    instance are passed over.
    """
    result_folded = fold(result_class) if result_class else None
    result_role_folded = fold(result_role) if result_role else None
    found: dict[Identity, Instance] = {}
    for link in referring(namespace, source, association=association, role=role):
        entered = source_places(link, source, role)
        for place in link.cls.references:
            if place in entered and len(entered) == 1:
                continue
            if result_role_folded is not None and fold(link.cls.properties[place].name) != result_role_folded:
                continue
            path = link.values[place]
            if path is None or path.identity in found:
                continue
            target = world.find(path.identity)
            if target is not None and (result_folded is None or target.cls.is_a(result_folded)):
                found[target.identity] = target
    return list(found.values())
