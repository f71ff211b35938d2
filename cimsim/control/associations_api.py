"""What an instance is associated with."""

from collections.abc import Generator, Iterator
from typing import Final

from cimsim.control.lookups import FoundInstance, viewed_instance
from cimsim.control.model_messages import AssociationEnd, AssociationList, InstanceQuery
from cimsim.control.steps import STEP
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.instances import Instance
from cimsim.world.paths import InstancePath
from cimsim.world.world import World

MAX_ENDS: Final = 1_000
"""How many other ends an answer has at most."""
_LABELS: Final = ("ElementName", "Name")


def associations(controlled: ControlledCimom, query: InstanceQuery) -> Generator[None, None, AssociationList]:
    """Return the other ends of all associations that refer to an instance, from whichever namespace.

    Raises:
        ControlError: 400, it is not a path; 404, there is no such instance.
    """
    found = viewed_instance(controlled, query.path, associated=True)
    answer: list[AssociationEnd] = []
    for number, end in enumerate(_ends(found), 1):
        if number > MAX_ENDS:
            return AssociationList(answer, True)
        answer.append(end)
        if number % STEP == 0:
            yield
    return AssociationList(answer, False)


def _ends(found: FoundInstance) -> Iterator[AssociationEnd]:
    identity = found.instance.identity
    for namespace in found.world.namespaces.values():
        for link in namespace.referring_to(identity):
            references = [
                (link.cls.properties[place].name, value)
                for place in link.cls.references
                if isinstance(value := link.values[place], InstancePath)
            ]
            entered = [name for name, value in references if value.identity == identity]
            for name, value in references:
                role = next((each for each in entered if each != name), None)
                if role is not None:
                    yield _end(found.world, link, role, name, value)


def _end(world: World, link: Instance, role: str, result_role: str, path: InstancePath) -> AssociationEnd:
    return AssociationEnd(
        str(link.path), link.cls.name, role, result_role, str(path), path.classname, _label(world.find(path.identity))
    )


def _label(instance: Instance | None) -> str:
    for name in _LABELS:
        if instance is not None and name in instance and instance[name] is not None:
            return str(instance[name])
    return ""
