"""For ``populate`` of packs: changing keys of instances, and the declarations of classes that have instances.

A transaction changes neither. So the instances are taken out with all links to them, and put back changed.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pywbem import CIMMethod, CIMQualifier

from cimsim.world.instances import Instance
from cimsim.world.paths import Identity, InstancePath
from cimsim.world.transaction import Transaction


class Taken(NamedTuple):
    """An instance that was taken out: its identity, the names of its class and namespace, and its properties by name."""

    identity: Identity
    classname: str
    namespace: str
    properties: dict[str, Any]


def take(transaction: Transaction, instances: Iterable[Instance]) -> list[Taken]:
    """Delete instances and the associations that refer to them, in any namespace.

    Returns:
        All of them, the instances first, for ``put_back``.
    """
    instances = list(instances)
    links = {
        link.identity: link
        for namespace in transaction.world.namespaces.values()
        for instance in instances
        for link in namespace.referring_to(instance.identity)
    }
    everything = {each.identity: each for each in instances} | links
    for each in everything.values():
        # A link goes with the first of its ends.
        if transaction.world.find(each.identity) is not None:
            transaction.delete(each)
    return [Taken(each.identity, each.cls.name, each.namespace, _properties(each)) for each in everything.values()]


def put_back(transaction: Transaction, taken: Iterable[Taken]) -> None:
    """Create again what was taken out, in this order; what is referred to must come before what refers to it.

    Raises:
        CIMError: an instance does not fit its class or exists already.
    """
    for each in taken:
        transaction.create(each.classname, each.properties, each.namespace)


def replace_texts(transaction: Transaction, texts: Mapping[str, str]) -> None:
    """Replace texts such as GUIDs, in any case of letters, in all strings and references of all instances, keys included.

    Embedded instances keep theirs.
    """
    if not texts:
        return
    wanted = {old.casefold(): new for old, new in texts.items()}
    pattern = re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE)

    def replaced(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(lambda match: wanted[match[0].casefold()], value)
        if isinstance(value, tuple):
            return tuple(replaced(each) for each in value)
        if isinstance(value, InstancePath):
            return InstancePath(value.classname, replaced(value.keys), value.namespace, value.host)
        return value

    everything = [
        instance
        for namespace in transaction.world.namespaces.values()
        for stored in namespace.instances.all()
        for instance in stored.all()
    ]
    changing = [each for each in everything if any(replaced(value) != value for value in each.values)]
    # What is referred to goes before what refers to it.
    changing.sort(key=lambda each: bool(each.cls.references))
    taken = take(transaction, changing)
    put_back(
        transaction,
        (each._replace(properties={name: replaced(value) for name, value in each.properties.items()}) for each in taken),
    )


def describe_answers(transaction: Transaction, classname: str, namespace: str, answers: Mapping[str, str]) -> None:
    """Give StartService and StopService of a class, and so of its subclasses, a value map.

    Args:
        transaction: where.
        classname: the class, which then overrides both methods.
        namespace: where it is.
        answers: the words (Values) for each value (ValueMap).
    """
    family = [transaction.cls(classname, namespace), *transaction.world.namespace(namespace).schema.descendants(classname)]
    target = transaction.world.namespace(namespace)
    taken = take(transaction, [instance for cls in family for instance in target.of_class(cls)])
    declarations = [cls.declared.copy() for cls in family[1:]]
    for declaration in reversed(declarations):
        transaction.delete_class(declaration.classname, namespace)
    declared = family[0].declared.copy()
    for method in ("StartService", "StopService"):
        declared.methods[method] = CIMMethod(
            method,
            "uint32",
            qualifiers=[
                CIMQualifier("Override", method, type="string", tosubclass=False),
                CIMQualifier("ValueMap", list(answers), type="string"),
                CIMQualifier("Values", list(answers.values()), type="string"),
            ],
        )
    transaction.modify_class(declared, namespace)
    for declaration in declarations:
        transaction.create_class(declaration, namespace)
    put_back(transaction, taken)


def _properties(instance: Instance) -> dict[str, Any]:
    return {prop.name: value for prop, value in zip(instance.cls.properties, instance.values, strict=True)}
