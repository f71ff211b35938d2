"""Writing instances without the checks that hold for clients: for environments whose own rules are laxer than ours.

Classes without instances of their own may have some, required properties may be NULL, no property gets the class default,
references may lead nowhere, and the associations that refer to a deleted instance stay. Values must fit their types all the
same, and keys have values.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from cimsim.world.convert import InstanceData
from cimsim.world.errors import already_exists, invalid_parameter
from cimsim.world.events import Change, ChangeKind
from cimsim.world.instance_storage import key_without_value, with_instance, without_instance
from cimsim.world.instances import Instance
from cimsim.world.transaction import Transaction, same, same_key


def create(transaction: Transaction, data: InstanceData, namespace: str) -> Instance:
    """Create an instance; properties that are not given are NULL.

    Raises:
        CIMError: the first that applies of CIM_ERR_INVALID_NAMESPACE; CIM_ERR_INVALID_CLASS; CIM_ERR_INVALID_PARAMETER for
            unknown or unfit properties and for missing keys; CIM_ERR_ALREADY_EXISTS.
    """
    target = transaction.world.namespace(namespace)
    cls = target.cls(data.classname)
    given = transaction.world.values(cls, data, target)
    for place in cls.keys:
        if given.get(place) is None:
            raise key_without_value(cls, place)
    instance = Instance(cls, target.name, tuple(given.get(place) for place in range(len(cls.properties))))
    if target.find(cls.folded, instance.key) is not None:
        raise already_exists(f"instance {instance.path} exists already")
    transaction.record(with_instance(transaction.world, instance), Change(ChangeKind.CREATED, None, instance))
    return instance


def modify(transaction: Transaction, before: Instance, values: Mapping[int, Any]) -> Instance:
    """Give the properties at these places typed values, and return the new record; the old one when nothing differs.

    Raises:
        CIMError: CIM_ERR_INVALID_PARAMETER for a key whose value would change.
    """
    properties = before.cls.properties
    for place, value in values.items():
        if properties[place].key and not same_key(before.values[place], value):
            raise invalid_parameter(f"key {properties[place].name} of {before.path} cannot change")
    changed = {
        place: deepcopy(value) if place in before.cls.embedded else value
        for place, value in values.items()
        if not properties[place].key and not same(before.values[place], value)
    }
    if not changed:
        return before
    after = before.with_values(changed)
    transaction.record(with_instance(transaction.world, after, before), Change(ChangeKind.MODIFIED, before, after))
    return after


def delete(transaction: Transaction, instance: Instance) -> None:
    """Delete an instance that is there, and nothing else."""
    transaction.record(without_instance(transaction.world, instance), Change(ChangeKind.DELETED, instance, None))
