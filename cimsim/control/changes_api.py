"""Instances are created, changed and deleted, and methods called: as by a client, or without what clients are refused."""

from collections.abc import Callable, Generator
from typing import TypeVar

from pywbem import CIMError

from cimsim.control.api_errors import ControlError, refusal_of
from cimsim.control.instances_api import described
from cimsim.control.json_values import argument_of, instance_data, json_value
from cimsim.control.lookups import class_named, namespace_named, parsed_path, viewed_instance
from cimsim.control.model_messages import (
    DeleteQuery,
    InstanceDetails,
    InstanceQuery,
    InstanceRemoved,
    InvokeBody,
    Invoked,
    NewInstance,
)
from cimsim.control.performing import Performed, performed
from cimsim.control.value_maps import ValueMap
from cimsim.operations.pending import Pending
from cimsim.operations.request import Argument, ClassName, ExtrinsicRequest, IntrinsicRequest, NamedInstance
from cimsim.operations.results import CreatedInstance, MethodResult
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.instances import Instance
from cimsim.world.names import fold
from cimsim.world.paths import InstancePath
from cimsim.world.schema import ResolvedClass
from cimsim.world.transaction import Transaction
from cimsim.world.world import Namespace

T = TypeVar("T")


def create(controlled: ControlledCimom, name: str, classname: str, body: NewInstance) -> Generator[None, None, InstanceDetails]:
    """Create an instance and return it.

    Raises:
        ControlError: 404, there is no such namespace or class; 400 or 409, the CIMOM refuses it.
    """
    world = controlled.cimom.world
    namespace = namespace_named(world, name)
    cls = class_named(namespace, classname)
    data = instance_data(cls.name, body.properties, world, namespace)
    if not body.as_client:
        made = _changed(controlled, lambda it: it.create(cls.name, data), namespace, "properties", silent=body.silent)
        return (yield from described(made))
    request = IntrinsicRequest("CreateInstance", namespace.name, (Argument("NewInstance", data),))
    result, fault = yield from performed(controlled, request, "properties", silent=body.silent)
    if not isinstance(result, CreatedInstance):
        raise TypeError(f"CreateInstance returned {type(result).__name__}")
    return (yield from described(viewed_instance(controlled, str(result.instance.path)).instance, fault))


def modify(controlled: ControlledCimom, query: InstanceQuery, body: NewInstance) -> Generator[None, None, InstanceDetails]:
    """Give properties of an instance other values, and return it.

    Raises:
        ControlError: 404, there is no such instance; 400 or 409, the CIMOM refuses it.
    """
    found = viewed_instance(controlled, query.path)
    instance, namespace = found.instance, found.namespace
    data = instance_data(instance.cls.name, body.properties, found.world, namespace)
    if not body.as_client:

        def change(it: Transaction) -> Instance:
            return it.replace(it.get(instance.path), it.world.values(instance.cls, data, namespace))

        return (yield from described(_changed(controlled, change, namespace, "properties", silent=body.silent)))
    argument = Argument("ModifiedInstance", NamedInstance(instance.path, data))
    request = IntrinsicRequest("ModifyInstance", namespace.name, (argument,))
    _, fault = yield from performed(controlled, request, "properties", silent=body.silent)
    return (yield from described(viewed_instance(controlled, query.path).instance, fault))


def delete(controlled: ControlledCimom, query: DeleteQuery) -> Generator[None, None, InstanceRemoved]:
    """Delete an instance; raises ControlError, 404, if there is no such instance, 409, if the CIMOM refuses it."""
    found = viewed_instance(controlled, query.path)
    path, namespace = found.instance.path, found.namespace
    if not query.as_client:
        _changed(controlled, lambda it: it.delete(path), namespace, "path", silent=query.silent)
        return InstanceRemoved(str(path))
    request = IntrinsicRequest("DeleteInstance", namespace.name, (Argument("InstanceName", path),))
    _, fault = yield from performed(controlled, request, "path", silent=query.silent)
    return InstanceRemoved(str(found.instance.path), fault)


def invoke(controlled: ControlledCimom, body: InvokeBody) -> Generator[None, None, Invoked]:
    """Call a method and return what it returned.

    Raises:
        ControlError: 400, it is not said on what; 404, there is no such instance, class or method; 400 or 409, the CIMOM
            refuses it.
    """
    target, namespace, cls = _target(controlled, body)
    method = cls.methods.get(fold(body.method))
    world = controlled.cimom.world
    given = tuple(
        Argument(name, argument_of(None if method is None else method.parameters.get(fold(name)), value, world, namespace))
        for name, value in body.parameters.items()
    )
    request = ExtrinsicRequest(body.method, namespace.name, target, given)
    field = "method" if method is None else "parameters"
    carry_out = performed if body.as_client else _inside
    steps = carry_out(controlled, request, field, silent=body.silent)
    result, fault = yield from steps
    if not isinstance(result, MethodResult):
        raise TypeError(f"{body.method} returned {type(result).__name__}")
    value = result.return_value.value
    qualifiers = cls.full.methods[body.method].qualifiers
    outputs = {each.name: json_value(each.value) for each in result.outputs}
    return Invoked(json_value(value), ValueMap.of(qualifiers).text(value), outputs, fault)


def _target(controlled: ControlledCimom, body: InvokeBody) -> tuple[InstancePath | ClassName, Namespace, ResolvedClass]:
    world = controlled.cimom.world
    if body.path is not None:
        if body.namespace is not None or body.classname is not None:
            raise ControlError(400, "give either path, or namespace and classname", "path")
        path = parsed_path(world, body.path)
        namespace = namespace_named(world, str(path.namespace), "path")
        return path, namespace, class_named(namespace, path.classname, "path")
    for field in ("namespace", "classname"):
        if getattr(body, field) is None:
            raise ControlError(400, f"{field} is missing: give either path, or namespace and classname", field)
    namespace = namespace_named(world, str(body.namespace))
    cls = class_named(namespace, str(body.classname))
    return ClassName(cls.name), namespace, cls


def _changed(
    controlled: ControlledCimom, step: Callable[[Transaction], T], namespace: Namespace, field: str, *, silent: bool
) -> T:
    """Change the world without what clients are refused; no fault rule acts on it, and nobody sees it in the journal."""
    try:
        return controlled.cimom.change(step, namespace.name, silent=silent)
    except CIMError as error:
        raise refusal_of(error, field) from None


def _inside(
    controlled: ControlledCimom, request: ExtrinsicRequest, field: str, *, silent: bool
) -> Generator[None, None, Performed]:
    """Carry out a request that no fault rule acts on and that nobody sees in the journal."""
    yield
    try:
        result = controlled.cimom.start(request, None, "", trusted=True, faults=False, silent=silent)
        return Performed(result.completed() if isinstance(result, Pending) else result, None)
    except CIMError as error:
        raise refusal_of(error, field) from None
