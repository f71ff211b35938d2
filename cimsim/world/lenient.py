"""Declaring classes and instances that are not all there, or are there twice, as in dumps of other servers.

What a transaction would refuse is remarked on, as one line of text, and taken all the same: instances of abstract classes,
required properties without a value, classes and instances declared again, of which the last one counts. References may lead
nowhere; ``Transaction.dangling`` finds these once everything is declared. Values must fit their types all the same, and keys
have values.
"""

from collections.abc import Callable

from pywbem import CIMClass

from cimsim.world.convert import InstanceData
from cimsim.world.events import Change, ChangeKind
from cimsim.world.instance_storage import new_instance, with_instance
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction, missing_values, no_instances

Remark = Callable[[str], object]
"""Is given each thing that a transaction would refuse."""


def create(transaction: Transaction, data: InstanceData, namespace: str, remark: Remark, *, defaults: bool = True) -> Instance:
    """Declare an instance; properties that are not given get the class default, or NULL without ``defaults``.

    Raises:
        CIMError: CIM_ERR_INVALID_NAMESPACE; CIM_ERR_INVALID_CLASS; CIM_ERR_INVALID_PARAMETER for unknown or unfit properties
            and for missing keys.
    """
    target = transaction.world.namespace(namespace)
    cls = target.cls(data.classname)
    if cls.abstract or cls.indication:
        remark(no_instances(cls))
    instance = new_instance(transaction.world, target, cls, data)
    for text in missing_values(instance):
        remark(text)
    if not defaults:
        given = {*cls.keys, *(cls.index[fold(each.name)] for each in data.properties)}
        values = (value if place in given else None for place, value in enumerate(instance.values))
        instance = Instance(cls, target.name, tuple(values))
    before = target.find(cls.folded, instance.key)
    if before is not None:
        remark(f"instance {instance.path} is declared again: this declaration replaces the one before")
    kind = ChangeKind.CREATED if before is None else ChangeKind.MODIFIED
    transaction.record(with_instance(transaction.world, instance, before), Change(kind, before, instance))
    return instance


def redeclare(
    transaction: Transaction, known: ResolvedClass, declared: CIMClass, namespace: str, enforces_write: bool, remark: Remark
) -> None:
    """Declare a class anew in other words; where it has subclasses or instances, the declaration before stays.

    Raises:
        CIMError: as ``Transaction.create_class`` does.
    """
    target = transaction.world.namespace(namespace)
    if target.schema.direct_subclasses(known.name) or target.of_class(known):
        remark(f"class {known.name} is declared again, and has subclasses or instances: the declaration before stays")
        return
    remark(f"class {known.name} is declared again: this declaration replaces the one before")
    transaction.delete_class(known.name, namespace)
    transaction.create_class(declared, namespace, enforces_write=enforces_write)
