"""Operations on instances: read, enumerate, create, modify, delete, and the legacy property operations."""

from typing import Any

from cimsim.operations.call import OperationCall, Outcome, changed
from cimsim.operations.hooks import run_hook
from cimsim.operations.interop import check_place
from cimsim.operations.pending import settled, working
from cimsim.operations.projection import project, project_all
from cimsim.operations.request import NamedInstance
from cimsim.operations.results import CreatedInstance, InstanceNames, NamedInstances, OneInstance, Value
from cimsim.world.convert import InstanceData, convert_value
from cimsim.world.errors import invalid_parameter, no_such_property, not_supported, type_mismatch
from cimsim.world.instances import Instance
from cimsim.world.names import fold, fold_namespace
from cimsim.world.paths import InstancePath
from cimsim.world.schema import Property, ResolvedClass
from cimsim.world.transaction import same, same_key
from cimsim.world.world import NamespaceResolver


def get_instance(
    call: OperationCall,
    InstanceName: InstancePath,
    LocalOnly: bool,
    IncludeQualifiers: bool,
    IncludeClassOrigin: bool,
    PropertyList: list[str] | None,
) -> Outcome:
    """Return one instance (rules OP-GI-1 to OP-GI-4)."""
    instance = call.live_one(call.world.instance(InstanceName, call.namespace))
    projection = project(instance.cls, PropertyList, class_origin=IncludeClassOrigin)
    return Outcome(call.world, OneInstance(instance, projection))


def enumerate_instances(
    call: OperationCall,
    ClassName: str,
    LocalOnly: bool,
    DeepInheritance: bool,
    IncludeQualifiers: bool,
    IncludeClassOrigin: bool,
    PropertyList: list[str] | None,
) -> Outcome:
    """Return the instances of a class and its subclasses with their paths (rules OP-EI-1 to OP-EI-3, FL10)."""
    cls = call.namespace.cls(ClassName)
    classes = call.namespace.schema.closure(cls)
    projections = project_all(
        classes,
        PropertyList,
        class_origin=IncludeClassOrigin,
        exposed_by=None if DeepInheritance else cls,
    )
    live = working(call.living(call.namespace.listing_of(cls), classes))
    return Outcome(call.world, settled(lambda shown: NamedInstances(shown, projections), live))


def enumerate_instance_names(call: OperationCall, ClassName: str) -> Outcome:
    """Return the paths of the instances of a class and its subclasses (rule OP-EIN-1)."""
    return Outcome(call.world, InstanceNames(call.namespace.listing_of(call.namespace.cls(ClassName))))


def create_instance(call: OperationCall, NewInstance: InstanceData) -> Outcome:
    """Create an instance and return its path (rules OP-CI-1 to OP-CI-7)."""
    transaction = call.transaction()
    cls = call.namespace.cls(NewInstance.classname)
    check_place(call.namespace, cls)
    hook = call.hooks.creator(fold_namespace(call.namespace.name), cls)
    if hook is None or cls.abstract or cls.indication:
        instance = transaction.create(cls.name, NewInstance)
    else:
        instance = run_hook(hook, transaction, cls, _by_name(cls, call.world.values(cls, NewInstance, call.namespace)))
    return changed(transaction, CreatedInstance(instance))


def modify_instance(
    call: OperationCall,
    ModifiedInstance: NamedInstance,
    IncludeQualifiers: bool,
    PropertyList: list[str] | None,
) -> Outcome:
    """Change properties of an instance (rules OP-MI-1 to OP-MI-6)."""
    path, data = ModifiedInstance.path, ModifiedInstance.instance
    if fold(path.classname) != fold(data.classname):
        raise invalid_parameter(f"the path names class {path.classname}, the instance is of class {data.classname}")
    cls = call.namespace.cls(path.classname)
    values = call.world.values(cls, data, call.namespace)
    if PropertyList is not None:
        values = _listed(cls, values, PropertyList)
    current = call.world.instance(path, call.namespace)
    values = _stored(call, current, values)
    if call.enforces_write(current.cls):
        _check_writable(current, values)
    return _change(call, current, values)


def _change(call: OperationCall, current: Instance, values: dict[int, Any]) -> Outcome:
    transaction = call.transaction()
    hook = call.hooks.modifier(fold_namespace(current.namespace), current.cls)
    if hook is None:
        transaction.replace(current, values)
    else:
        run_hook(hook, transaction, current, _by_name(current.cls, values))
    return changed(transaction)


def _by_name(cls: ResolvedClass, values: dict[int, Any]) -> dict[str, Any]:
    """Return values as a hook gets them."""
    return {cls.properties[place].name: value for place, value in values.items()}


def _listed(cls: ResolvedClass, values: dict[int, Any], property_list: list[str]) -> dict[int, Any]:
    """Return the values of the listed properties; those that are not given get the class default (rule OP-MI-3)."""
    listed = {}
    for name in property_list:
        place = cls.index.get(fold(name))
        if place is None:
            raise invalid_parameter(cls.no_property(name))
        # A key that is listed but not given stays: it cannot be reset.
        if place in values or not cls.properties[place].key:
            listed[place] = values.get(place, cls.defaults[place])
    return listed


def _stored(call: OperationCall, current: Instance, values: dict[int, Any]) -> dict[int, Any]:
    """Return the values without those that are computed on reading and cannot be written: a client sends back what it read."""
    live = call.live_one(current)
    if live is current:
        return values
    properties = current.cls.properties
    return {
        place: value
        for place, value in values.items()
        if properties[place].writable or live.values[place] is current.values[place]
    }


def _check_writable(current: Instance, values: dict[int, Any]) -> None:
    for place, value in values.items():
        prop = current.cls.properties[place]
        if not (prop.writable or prop.key or same(current.values[place], value)):
            raise invalid_parameter(f"property {current.cls.name}.{prop.name} is read-only: it has no Write qualifier")


def delete_instance(call: OperationCall, InstanceName: InstancePath) -> Outcome:
    """Delete an instance and the associations that refer to it (rules OP-DI-1, OP-DI-2)."""
    transaction = call.transaction()
    instance = transaction.get(InstanceName)
    hook = call.hooks.deleter(fold_namespace(instance.namespace), instance.cls)
    if hook is None:
        transaction.delete(instance)
    else:
        run_hook(hook, transaction, instance)
    return changed(transaction)


def get_property(call: OperationCall, InstanceName: InstancePath, PropertyName: str) -> Outcome:
    """Return the value of one property (rules OP-GP-1, OP-GP-2)."""
    instance = call.live_one(call.world.instance(InstanceName, call.namespace))
    place, prop = _property(instance.cls, PropertyName)
    return Outcome(call.world, Value(prop.type, instance.values[place], prop.embedded))


def set_property(call: OperationCall, InstanceName: InstancePath, PropertyName: str, NewValue: Any) -> Outcome:
    """Change one property (rules OP-SP-1, OP-SP-2)."""
    instance = call.world.instance(InstanceName, call.namespace)
    place, prop = _property(instance.cls, PropertyName)
    try:
        value = convert_value(prop, NewValue, NamespaceResolver(call.world, call.namespace))
    except ValueError as error:
        raise type_mismatch(f"property {instance.cls.name}.{prop.name}: {error}") from None
    read_only = prop.key or (not prop.writable and call.enforces_write(instance.cls))
    unchanged = (same_key if prop.key else same)(instance.values[place], value)
    if read_only and not unchanged:
        raise not_supported(f"property {instance.cls.name}.{prop.name} is read-only")
    return _change(call, instance, {place: value})


def _property(cls: ResolvedClass, name: str) -> tuple[int, Property]:
    place = cls.index.get(fold(name))
    if place is None:
        raise no_such_property(cls.no_property(name))
    return place, cls.properties[place]
